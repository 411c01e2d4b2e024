// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * power_test.c - the power goes at every call by which a card writes; and every such call
 * fails.
 */
#include <stdlib.h>
#include <string.h>

#include "cuts.h"
#include "faults.h"
#include "parts.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct disk_file *)a)->name, ((const struct disk_file *)b)->name);
}

/* The log has everything that was done: played, it gives the very files. */
static void check_log(const struct life *l)
{
	static struct disk_image played, real;

	disk_cut(l->log, l->log->n, DISK_ALL, 0, &played);
	disk_image_read(&real, l->dir);
	qsort(played.file, played.n, sizeof(played.file[0]), by_name);
	qsort(real.file, real.n, sizeof(real.file[0]), by_name);
	check(played.n == real.n && disk_image_sum(&played) == disk_image_sum(&real),
	      "the log misses something: %zu files, not %zu, or others", played.n, real.n);
	disk_image_free(&played);
	disk_image_free(&real);
}

static bool cut_part(const struct setting *s, unsigned int i, struct counts *n)
{
	static struct disk_log log;
	struct life l = { .dir = part_folder(s, "life", i), .log = &log };
	struct cuts c = {
		.life = &l, .dir = part_folder(s, "cut", i), .seed = s->seed, .rounds = s->rounds,
		.only = s->call, .part = i, .parts = PARTS,
	};
	bool ok;

	shim_begin(&log, l.dir);
	life_run(&l);
	shim_end();
	check_log(&l);
	ok = !check_wrong() && cuts_run(&c);
	*n = (struct counts){ c.images, c.again, c.lived, log.n + 1 };
	return ok;
}

static bool fault_part(const struct setting *s, unsigned int i, struct counts *n)
{
	struct faults f = {
		.dir = part_folder(s, "fail", i), .dir_cut = part_folder(s, "failcut", i),
		.seed = s->seed, .every = s->rounds > 1, .only = s->fault, .part = i, .parts = PARTS,
	};
	bool ok = faults_run(&f);

	*n = (struct counts){ f.lives, f.failed, f.images, f.chances };
	return ok;
}

static void test_cuts(const struct setting *s)
{
	struct counts n = parts_run(s, cut_part);

	check_range("CALL", s->call, n.calls);
	check(n.a && n.b && n.c, "nothing was tried");
	check(s->call >= 0 || n.a > n.calls / 2, "%zu cards are too few", n.a);
	end_case("power cut in each of %zu calls: %zu cards found, %zu used on, %zu cut again",
		 n.calls, n.a, n.c, n.b);
}

static void test_faults(const struct setting *s)
{
	struct counts n = parts_run(s, fault_part);

	check_range("FAULT", s->fault, n.calls);
	check(n.a && n.c, "nothing was tried");
	/* Of one call alone: it need not be one that a step waits for. */
	check(s->fault >= 0 || (n.b && n.a > n.calls), "%zu failures in %zu lives are too few",
	      n.b, n.a);
	end_case("failing disk: %zu lives, in %zu of them a step failed, %zu cards found", n.a, n.b,
		 n.c);
}

int main(int argc, char **argv)
{
	struct setting s;

	if (!setting_read(&s, argc, argv))
		return 2;
	if (s.fault < 0)
		test_cuts(&s);
	if (s.call < 0)
		test_faults(&s);
	return check_end("power");
}
