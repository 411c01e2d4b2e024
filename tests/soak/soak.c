// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * soak.c - in the guest: clients at work, and everything that happens to a card, mixed by a
 * seed, again and again. Then nothing may be left over, and everything reported be there.
 *
 *	soak SEED SECONDS AUDIT-FILE
 *
 * The file gets the audit log in the end. Lines "measure NAME" tell the host when to look at
 * QEMU, too: nothing happens for the next REST_S seconds. The card is one of hsm_utils.h's,
 * with the host beside it.
 */
#include <glob.h>
#include <signal.h>
#include <sys/wait.h>

#include "../kselftest/hsm_ways.h"
#include "soak.h"

#define CLIENTS	4
#define REST_S	14	/* QEMU's idle threads end after ten seconds */
#define PARAMS	"default_timeout_ms=8000 abort_timeout_ms=500"

static struct soak *s;
static pid_t client[CLIENTS];
static uint64_t seed;
static unsigned int failures;

static void result(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void result(bool good, const char *format, ...)
{
	va_list ap;

	printf(good ? "ok      " : "not ok  ");
	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
	failures += !good;
}

static void start_client(int i)
{
	uint64_t its = seed + soak_dice(&seed, 1000000);

	client[i] = fork();
	if (client[i])
		return;
	client_main(s, its);
	_exit(1);
}

static void kill_client(int i)
{
	kill(client[i], SIGKILL);
	waitpid(client[i], NULL, 0);
}

static void start_all(void)
{
	for (int i = 0; i < CLIENTS; i++)
		start_client(i);
}

static void kill_all(void)
{
	for (int i = 0; i < CLIENTS; i++)
		kill_client(i);
}

static int kill_one(void)
{
	int i = (int)soak_dice(&seed, CLIENTS);

	kill_client(i);
	start_client(i);
	return 0;
}

static int fault(void)
{
	static const char *const kinds[] = {
		"drop-irq:1", "stuck:1", "drop-cqe:1", "bad-cid:1", "stale-cid:1", "long-out:1",
	};
	int err = host_fault(kinds[soak_dice(&seed, 6)]);

	sleep_ms(700);
	return err ? err : host_fault("none");
}

static int rebind(void)
{
	int err = go_unbind();

	sleep_ms(soak_dice(&seed, 200));
	return err ? err : back_bind();
}

static int replug(void)
{
	int err = go_unplug();

	return err ? err : back_plug();
}

static int rescan(void)
{
	int err = go_remove();

	return err ? err : back_rescan();
}

/* Nobody can take the module out while the card is open. */
static int reload(void)
{
	int err;

	kill_all();
	err = module_reload(PARAMS);
	start_all();
	return err;
}

static struct {
	const char *name;
	int (*run)(void);
	unsigned int weight;
	unsigned long times;
} ways[] = {
	{ "kill", kill_one, 40, 0 }, { "reset", go_reset, 14, 0 }, { "flr", go_flr, 10, 0 },
	{ "fault", fault, 12, 0 }, { "rebind", rebind, 6, 0 }, { "replug", replug, 8, 0 },
	{ "rescan", rescan, 3, 0 }, { "reload", reload, 4, 0 }, { "error", go_error, 3, 0 },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static size_t any_way(void)
{
	unsigned int n = soak_dice(&seed, 100);
	size_t i;

	for (i = 0; i < WAYS - 1 && n >= ways[i].weight; i++)
		n -= ways[i].weight;
	return i;
}

/* The card answers within half a minute. */
static bool is_back(void)
{
	uint64_t end = now_ms() + 30000;
	bool back;

	while (!(back = works(hsm_open_wait())) && now_ms() < end)
		sleep_ms(50);
	return back && !hsm_pci(pci, sizeof(pci));
}

static bool disturb(void)
{
	size_t i = any_way();
	int err;

	sleep_ms(100 + soak_dice(&seed, 900));
	err = ways[i].run();
	ways[i].times++;
	if (err)
		result(false, "%s: error %d", ways[i].name, err);
	if (is_back())
		return !err;
	result(false, "the card did not come back after: %s", ways[i].name);
	return false;
}

/* A number of a file of lines "name: number". */
static long number_of(const char *path, const char *name)
{
	FILE *f = fopen(path, "re");
	char line[256];
	long n = -1;

	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, name, strlen(name)))
			n = strtol(line + strlen(name), NULL, 10);
	}
	if (f)
		fclose(f);
	return n;
}

static void say_minute(unsigned long minute)
{
	printf("minute %lu: %lu done, %lu refused, %lu cut off, %lu found locked;", minute,
	       s->done, s->refused, s->gone, s->locked);
	for (size_t i = 0; i < WAYS; i++)
		printf(" %s %lu", ways[i].name, ways[i].times);
	printf("; available %ld kB, slab %ld kB\n", number_of("/proc/meminfo", "MemAvailable:"),
	       number_of("/proc/meminfo", "Slab:"));
	fflush(stdout);
}

static bool run_for(unsigned long seconds)
{
	uint64_t start = now_ms();
	unsigned long minute = 0;
	bool good = true;

	start_all();
	while (good && now_ms() < start + seconds * 1000) {
		good = disturb();
		if ((now_ms() - start) / 60000 != minute) {
			minute = (now_ms() - start) / 60000;
			say_minute(minute);
		}
	}
	kill_all();
	return good;
}

/* What the guest and the card have when nothing happens. */
struct state {
	long available, unreclaimable, files, contexts, sessions, keys, damaged;
};

/* Descriptors of all processes. */
static long files_open(void)
{
	glob_t g;
	long n;

	if (glob("/proc/[0-9]*/fd/*", GLOB_NOSORT, NULL, &g))
		return -1;
	n = (long)g.gl_pathc;
	globfree(&g);
	return n;
}

static bool measure(const char *name, struct state *st)
{
	struct hsm_card_info card = { 0 };
	int fd, err;

	err = host_fault("none");
	if (!is_back())
		return false;
	/* The driver closes contexts behind their files, and the card ends what ran in them. */
	sleep_ms(1000);
	st->contexts = hsm_attr_number("contexts");
	fd = hsm_open();
	err = err ? err : (int)cmd_card_info(fd, &card);
	close(fd);
	sync();
	spit("3", "/proc/sys/vm/drop_caches");
	printf("measure %s\n", name);
	fflush(stdout);
	sleep_ms(REST_S * 1000);
	st->available = number_of("/proc/meminfo", "MemAvailable:");
	st->unreclaimable = number_of("/proc/meminfo", "SUnreclaim:");
	st->files = files_open();
	st->sessions = le32toh(card.sessions);
	st->keys = le32toh(card.keys);
	st->damaged = le32toh(card.damaged);
	printf("guest %s: available %ld kB, unreclaimable slab %ld kB, %ld files; card: %ld contexts, "
	       "%ld sessions, %ld keys, %ld damaged\n", name, st->available, st->unreclaimable,
	       st->files, st->contexts, st->sessions, st->keys, st->damaged);
	fflush(stdout);
	return !err;
}

static void compare(const struct state *a, const struct state *b)
{
	result(b->available > a->available - 8192, "the guest's memory: %ld kB, then %ld kB",
	       a->available, b->available);
	result(b->unreclaimable < a->unreclaimable + 2048, "its slab: %ld kB, then %ld kB",
	       a->unreclaimable, b->unreclaimable);
	result(b->files <= a->files, "its open files: %ld, then %ld", a->files, b->files);
	result(!b->contexts && !b->sessions, "no context and no session is left: %ld, %ld",
	       b->contexts, b->sessions);
}

static void check_store(const char *audit)
{
	unsigned int n;
	int bad = client_check(s, &n);

	result(!bad && n, "%u reported keys are there, %d not", n, bad);
	result(!client_audit(audit), "the audit log is exported");
}

int main(int argc, char **argv)
{
	struct state before, after;
	unsigned long seconds;
	bool good;

	if (argc != 4) {
		fprintf(stderr, "usage: soak SEED SECONDS AUDIT-FILE\n");
		return 2;
	}
	seed = strtoull(argv[1], NULL, 10);
	seconds = strtoul(argv[2], NULL, 10);
	s = soak_map();
	if (!s || client_victim() || module_reload(PARAMS) || !is_back()) {
		result(false, "the soak cannot begin");
		return 1;
	}
	good = run_for(seconds / 4 < 60 ? seconds / 4 : 60) && measure("start", &before) &&
	       run_for(seconds) && measure("end", &after);
	result(good, "%lu seconds, SEED=%s", seconds, argv[1]);
	result(!s->wrong, "%u answers that nothing explains: %s", s->wrong, s->text);
	if (!good)
		return 1;
	compare(&before, &after);
	result(!after.damaged, "%ld damaged records", after.damaged);
	/* The card comes again and reads its store. */
	result(!replug() && is_back(), "the card comes back with its store");
	check_store(argv[3]);
	return failures != 0;
}
