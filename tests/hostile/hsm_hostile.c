// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hsm_hostile.c - a card that lies: whatever it says, calls end in time with an errno of
 * the table or with a reply within its room, the kernel's log stays quiet, and with an
 * honest card all is as before.
 *
 *	hsm_hostile LIE:SEED...
 *
 * TAP on standard output, one line for each lie. Environment: as hsm_utils.h has it, and
 * HSM_LOAD_MS (of load under each lie; 500).
 */
#include <signal.h>
#include <sys/wait.h>

#include "hsm_ways.h"
#include "kmsg.h"
#include "load.h"

#define PARAMS		"default_timeout_ms=500 abort_timeout_ms=300"
#define MAX_LINES	150	/* of the driver in the log, for one lie */

static int passed, failed;

static int host_hostile(const char *lie)
{
	char json[256];

	snprintf(json, sizeof(json), "{\"execute\":\"qom-set\",\"arguments\":{\"path\":\"hsm0\","
		 "\"property\":\"x-hostile\",\"value\":\"%s\"}}", lie);
	return host_ask(json);
}

/* What is known of some lies. */
struct known {
	const char *lie;
	bool no_reply;		/* a reply under it is one that was not checked */
	bool no_random;		/* there is no random number under it */
	bool honest;		/* to a driver that reads what it must, once, it is none */
	unsigned int times;	/* as long a load as under others */
	unsigned int variants;	/* seeds that make a difference to probe */
	int max_lines;		/* of the driver in the log; 0: MAX_LINES */
};

static const struct known *known_of(const char *lie)
{
	static const struct known all[] = {
		{ "generation:", .no_reply = true },
		{ "stuck:", .no_reply = true },
		{ "long:", .no_reply = true },
		{ "no-room:", .no_reply = true },
		{ "busy:", .no_reply = true },
		{ "short:", .no_random = true },
		{ "read-twice:", .honest = true },
		{ "sq-head:", .honest = true },
		/* Each reset has its lines; without a bound there is no end of them. */
		{ "relapse:", .times = 6, .max_lines = 60 },
		{ "cap:", .variants = 17 },
		{ "ones-register:", .variants = 7 },
		{ "identity:", .variants = 2 },
		{ "", .no_reply = false },
	};
	const struct known *k = all;

	while (strncmp(lie, k->lie, strlen(k->lie)))
		k++;
	return k;
}

static bool live(void)
{
	char state[32];

	return !strcmp(hsm_attr("state", state, sizeof(state)), "live");
}

/* Takes what a user of a card can take against a driver, under the lie or after it. */
static void act(unsigned int what)
{
	switch (what % 5) {
	case 1:
		go_reset();
		break;
	case 2:
		go_unbind();
		back_bind();
		break;
	case 3:
		go_flr();
		break;
	case 4:
		module_reload(PARAMS);
		break;
	}
}

static void *actor_main(void *arg)
{
	unsigned int what = *(unsigned int *)arg % 5;

	sleep_ms(150);
	if (what != 4)
		act(what);
	return NULL;
}

/* An honest card: works as it is, after a reset, or with its driver anew. */
static const char *recover(void)
{
	static const char * const by[] = { "at once", "by reset", "by unbind", "by function reset",
					   "by reload" };

	for (unsigned int i = 0; i < 5; i++) {
		act(i);
		for (int t = 0; t < 50 && !live(); t++)
			sleep_ms(i ? 20 : 2);
		if (live() && works(hsm_open()))
			return by[i];
	}
	return NULL;
}

static void result(const char *lie, const struct load *l, const struct kmsg *k, const char *how)
{
	bool flood = k->lines > (known_of(lie)->max_lines ? known_of(lie)->max_lines : MAX_LINES);
	bool good = !*l->wrong && !*k->splat && !flood && how;

	good ? passed++ : failed++;
	printf("%s %d %s # %d calls, %d replies, %d lines, works %s\n", good ? "ok" : "not ok",
	       passed + failed, lie, atomic_load(&l->calls), atomic_load(&l->replies), k->lines,
	       how ? how : "no more");
	if (*l->wrong)
		printf("# %s\n", l->wrong);
	if (*k->splat)
		printf("# kernel: %s\n", k->splat);
	if (flood)
		printf("# the driver floods the log\n");
	fflush(stdout);
}

/* Contexts of files that are closed end on the card, or with it, whatever it says. */
static bool contexts_end(void)
{
	uint64_t end = now_ms() + 10000;

	while (live() && hsm_attr_number("contexts") && now_ms() < end)
		sleep_ms(20);
	return !live() || !hsm_attr_number("contexts");
}

/* Whether /dev/hwrng asks the card, and no other source or none. */
static bool random_is_card(void)
{
	char name[64];

	return !strcmp(slurp("/sys/class/misc/hw_random/rng_current", name, sizeof(name)),
		       strrchr(hsm_path(), '/') + 1);
}

/* One read of the file in a process of its own: 0 is an end by itself with an error. */
static int random_fails(int fd)
{
	uint64_t end = now_ms() + 6000;
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		char bytes[64];

		_exit(read(fd, bytes, sizeof(bytes)) > 0);
	}
	while (!waitpid(pid, &status, WNOHANG) && now_ms() < end)
		sleep_ms(10);
	if (status < 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return status;
}

static void try_random(struct load *l)
{
	int fd = open("/dev/hwrng", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		load_wrong(l, "/dev/hwrng cannot be opened: %s", strerror(errno));
	else if (!random_is_card())
		load_wrong(l, "/dev/hwrng is not the card's");
	else if (random_fails(fd))
		load_wrong(l, "/dev/hwrng has numbers, or waits for ever");
	if (fd >= 0)
		close(fd);
}

static void on_alarm(int sig)
{
	(void)sig;
}

/* A driver that is bound under each variant of a lie: bound or not, nothing hangs. */
static void try_variants(struct load *l, const struct known *k)
{
	struct sigaction sa = { .sa_handler = on_alarm };
	char lie[64];

	sigaction(SIGALRM, &sa, NULL);
	for (unsigned int i = 0; i < k->variants; i++) {
		uint64_t start = now_ms();

		snprintf(lie, sizeof(lie), "%s%u", k->lie, i);
		if (host_hostile(lie))
			load_wrong(l, "the host does not know %s", lie);
		act(2);
		alarm(8);
		if (live())
			works(hsm_open());
		alarm(0);
		if (now_ms() - start > 7000)
			load_wrong(l, "%s: bound to such a card, a call hangs", lie);
	}
}

/* What must hold when the load is over and the lie is not. */
static void after_load(struct load *l, const struct known *k)
{
	if (k->no_reply && atomic_load(&l->replies))
		load_wrong(l, "%d replies that cannot be", atomic_load(&l->replies));
	if (k->honest && !atomic_load(&l->replies))
		load_wrong(l, "no replies: the driver believes what it need not read");
	if (k->no_random)
		try_random(l);
	if (!contexts_end())
		load_wrong(l, "contexts do not end");
	try_variants(l, k);
}

/* Load under the lie, and one act of five in the middle of it or, if it is a reload, behind. */
static bool under(const char *lie, struct load *l, unsigned int seed)
{
	unsigned int ms = (unsigned int)atoi(hsm_env("HSM_LOAD_MS", "500"));
	const struct known *k = known_of(lie);
	pthread_t actor;
	bool back;
	int fd;

	/* A ring that was written over may be found broken only now. */
	if (!live() || !works(hsm_open()))
		recover();
	fd = hsm_open_wait();
	if (fd < 0 || cmd_nop(fd))
		load_wrong(l, "no honest card to begin with");
	if (host_hostile(lie))
		load_wrong(l, "the host does not know this lie");
	pthread_create(&actor, NULL, actor_main, &seed);
	back = load_run(l, ms * (k->times ? k->times : 1), fd, seed);
	back &= join_by(actor, now_ms() + 2 * l->max_call_ms);
	close(fd);
	if (back)
		after_load(l, k);
	else
		load_wrong(l, "something hangs");
	if (back && seed % 5 == 4)
		act(seed);
	return back;
}

static bool lie_test(const char *lie)
{
	struct load l = { .max_call_ms = 12000 };
	unsigned int seed = (unsigned int)atoi(strchr(lie, ':') + 1);
	const char *how;
	struct kmsg k;
	bool back;

	for (const char *p = lie; *p; p++)
		seed += (unsigned char)*p;
	kmsg_take();
	l.max = (uint32_t)hsm_attr_number("max_transfer");
	back = under(lie, &l, seed);
	if (host_hostile("none"))
		load_wrong(&l, "the host does not answer");
	how = back ? recover() : NULL;
	k = kmsg_take();
	result(lie, &l, &k, how);
	return how;
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("TAP version 13\n1..%d\n", argc - 1);
	if (hsm_pci(pci, sizeof(pci)) || !kmsg_open() || module_reload(PARAMS)) {
		printf("Bail out! no card, no log or no module\n");
		return 1;
	}
	for (int i = 1; i < argc; i++) {
		if (!strchr(argv[i], ':') || !lie_test(argv[i])) {
			printf("Bail out! after %s\n", argv[i]);
			return 1;
		}
	}
	return failed != 0;
}
