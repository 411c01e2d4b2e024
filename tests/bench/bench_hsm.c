// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_hsm.c - the card through /dev/hsm0 and libhsm.
 *
 *	bench_hsm MODE THREADS SECONDS
 *
 *	nop, random      round trips of a message that does nothing, of 32 random bytes
 *	genaes           AES-256 token keys, each on stable storage before it is reported
 *	genrsa           RSA-2048 session pairs
 *	isolation        nop, random and a 10 ms sleep loop, idle and beside RSA-4096 pairs
 *	                 made without pause
 *
 * Every thread is a client of its own: an open file, a session, a login.
 */
#include "bench_client.h"

static void op_nop(void *state)
{
	check(hsm_nop(((struct client *)state)->h, NULL), "nop");
}

static void op_random(void *state)
{
	uint8_t buf[32];

	check(hsm_random(((struct client *)state)->h, buf, sizeof(buf), NULL), "random");
}

static void op_genaes(void *state)
{
	static const uint32_t type = HSM_KEY_AES, len = 32;
	const struct hsm_attr attrs[] = {
		{ HSM_ATTR_KEY_TYPE, 4, &type }, { HSM_ATTR_VALUE_LEN, 4, &len },
		{ HSM_ATTR_LABEL, 5, "bench" },
	};
	const struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 3 };
	struct client *c = state;
	uint64_t handle;

	check(hsm_key_gen_sym(c->h, c->session, &spec, &handle, NULL), "genaes");
}

static int genrsa(struct client *c, uint32_t bits)
{
	static const uint32_t type = HSM_KEY_RSA;
	static const uint8_t e[] = { 1, 0, 1 }, token;
	const struct hsm_attr attrs[] = {
		{ HSM_ATTR_KEY_TYPE, 4, &type }, { HSM_ATTR_MODULUS_BITS, 4, &bits },
		{ HSM_ATTR_PUBLIC_EXPONENT, 3, e }, { HSM_ATTR_LABEL, 5, "bench" },
		{ HSM_ATTR_TOKEN, 1, &token },
	};
	const struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 5 };
	uint64_t priv;

	return hsm_key_gen_pair(c->h, c->session, &spec, &c->pub, &priv, NULL);
}

static void op_genrsa(void *state)
{
	check(genrsa(state, 2048), "genrsa");
}

static const struct mode {
	const char *name;
	struct work work;
} modes[] = {
	{ "nop", { client_open, op_nop, client_close } },
	{ "random", { client_open, op_random, client_close } },
	{ "genaes", { client_login, op_genaes, client_close } },
	{ "genrsa", { client_login, op_genrsa, client_close } },
};

static void op_sleep(void *state)
{
	(void)state;
	sleep_ns(10 * 1000000);
}

static atomic_bool gen_stop;

static void *gen_main(void *arg)
{
	while (!atomic_load(&gen_stop)) {
		uint64_t t = now_ns();
		int rc = genrsa(arg, 4096);

		if (rc == -ECANCELED)
			break;
		check(rc, "genrsa 4096");
		printf("R bench=hsm mode=rsa4096 threads=1 ms=%.1f\n", (double)(now_ns() - t) / 1e6);
	}
	return NULL;
}

static void quick_modes(const char *bench, double secs)
{
	static const struct work sleeper = { NULL, op_sleep, NULL };

	run_timed(bench, "nop", 1, secs, &modes[0].work);
	run_timed(bench, "random", 1, secs, &modes[1].work);
	run_timed(bench, "sleep10ms", 1, secs, &sleeper);
}

/* The sleeper beside one lone generation tells what that alone costs the VM. */
static void isolation(double secs)
{
	static const struct work sleeper = { NULL, op_sleep, NULL };
	struct client *c = client_login(0);
	pthread_t tid;

	quick_modes("idle", secs);
	for (int round = 0; round < 2; round++) {
		atomic_store(&gen_stop, false);
		pthread_create(&tid, NULL, gen_main, c);
		if (round)
			quick_modes("busy", secs);
		else
			run_timed("alone", "sleep10ms", 1, secs, &sleeper);
		atomic_store(&gen_stop, true);
		hsm_cancel(c->h);
		pthread_join(tid, NULL);
	}
	client_close(c);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		die("usage: bench_hsm MODE THREADS SECONDS");
	if (!strcmp(argv[1], "isolation")) {
		isolation(atof(argv[3]));
		return 0;
	}
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(argv[1], modes[i].name))
			continue;
		run_timed("hsm", argv[1], atoi(argv[2]), atof(argv[3]), &modes[i].work);
		return 0;
	}
	die("unknown mode '%s'", argv[1]);
}
