// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * faults.c - every write, change of a size and sync fails in turn. The card says so and is as
 * it was, or did not need it; goes on when the disk is back; and what it acknowledged then
 * outlives the power, though a sync that failed is not made good by the next one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cuts.h"
#include "faults.h"

#define CUTS	4	/* of each life */

static const char *const fault_name[SHIM_FAULTS] = {
	[SHIM_EIO] = "EIO", [SHIM_ENOSPC] = "ENOSPC", [SHIM_SHORT] = "short write",
};

static void live(struct faults *f, struct life *l, struct disk_log *log)
{
	static const struct disk_image empty;

	disk_image_write(&empty, f->dir);
	l->dir = f->dir;
	l->log = log;
	l->brief = true;
	shim_begin(log, f->dir);
	life_run(l);
	shim_end();
}

/* At the end, with the disk back. */
static bool nothing_left(const struct faults *f, const struct life *l)
{
	struct disk_image image;
	bool ok;

	disk_image_read(&image, f->dir);
	ok = cuts_wiped(l, l->log->n, &image);
	disk_image_free(&image);
	return ok;
}

/* The power goes somewhere behind the failure. */
static bool cut_behind(struct faults *f, const struct life *l, size_t at)
{
	static const enum disk_version versions[CUTS] = {
		DISK_LOST, DISK_SOME, DISK_GARBAGE, DISK_LOST,
	};
	struct cuts c = {
		.life = l, .dir = f->dir_cut, .seed = f->seed, .unsure_from = shim_failed_at(),
		.unsure_to = l->failed ? l->mark[l->failed].calls : 0,
		.remains = l->forever,
	};
	size_t from = shim_failures() ? shim_failed_at() : 0;
	unsigned int draw = (unsigned int)(f->seed + at * 31);
	bool ok = true;

	for (size_t i = 0; ok && i < CUTS; i++) {
		size_t n = from + (size_t)rand_r(&draw) % (l->log->n + 1 - from);

		/* The first one soon after. */
		if (!i && from + 3 < l->log->n)
			n = from + (size_t)rand_r(&draw) % 3;
		ok = cuts_run_one(&c, n, versions[i]);
		if (!ok)
			printf("  cut in call %zu of %zu, %s\n", n, l->log->n,
			       disk_version_name[versions[i]]);
		f->images++;
	}
	return ok;
}

static bool one_life(struct faults *f, enum shim_fault fault, size_t at, bool forever)
{
	struct life *l = calloc(1, sizeof(*l));
	struct disk_log log = { 0 };
	bool ok;

	l->forever = forever;
	shim_fail(fault, at, forever);
	live(f, l, &log);
	shim_mend();
	ok = !check_wrong() && nothing_left(f, l) && cut_behind(f, l, at);
	if (!ok)
		printf("  %s%s in write or sync %zu, SEED=%" PRIu64 " FAULT=%zu\n",
		       fault_name[fault], forever ? ", and from there on," : "", at, f->seed, at);
	f->lives++;
	f->failed += l->failed > 0;
	life_free(l);
	disk_log_free(&log);
	free(l);
	return ok;
}

static size_t count_chances(struct faults *f)
{
	struct life *l = calloc(1, sizeof(*l));
	struct disk_log log = { 0 };
	size_t n;

	shim_fail(SHIM_NONE, 0, false);
	live(f, l, &log);
	n = shim_chances();
	life_free(l);
	disk_log_free(&log);
	free(l);
	return n;
}

bool faults_run(struct faults *f)
{
	size_t n = count_chances(f);
	bool ok = !check_wrong();

	f->chances = n;
	for (size_t i = f->part; ok && i < n; i += f->parts) {
		size_t drawn = 1 + (i + f->seed) % (2 * (SHIM_FAULTS - 1) - 1);

		if (f->only >= 0 && (size_t)f->only != i)
			continue;
		for (size_t k = 0; ok && k < 2 * (SHIM_FAULTS - 1); k++)
			if (f->every || !k || k == drawn)
				ok = one_life(f, SHIM_EIO + k % (SHIM_FAULTS - 1), i,
					      k >= SHIM_FAULTS - 1);
	}
	return ok;
}
