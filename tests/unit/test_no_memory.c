// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_no_memory.c - every command, with every allocation that it makes failing in turn, alone
 * or with all that come after it: it is answered NO_MEMORY and nothing has changed, or it does
 * without and everything is as ever. Then the card goes on. LSan sees what is not freed.
 *
 * What fails is what the firmware and its SQLite engine ask for, not what OpenSSL and SQLite do
 * for themselves: OpenSSL's fails in generator_goes_on() alone. ZEROIZE is not among the commands:
 * it cannot be undone. A call that says less than NO_MEMORY passes as STORE_FAILED or
 * CRYPTO_FAILED, or as the work's .blind: that a thing is bad which could not be looked into.
 */
#include <pthread.h>

#include "approving.h"
#include "failing.h"
#include "fw_int.h"
#include "secmem.h"
#include "works.h"

static enum failing how;
static unsigned int tried, works, met;	/* allocations; works, and those that had some */

static bool clear_status(const struct work *k, uint32_t status)
{
	return status == HSM_RV_NO_MEMORY || status == HSM_RV_STORE_FAILED ||
	       status == HSM_RV_CRYPTO_FAILED || status == k->blind;
}

/* The @n-th allocation fails. False: there are not as many. */
static bool without(struct card *c, const struct work *k, unsigned int n)
{
	struct snapshot was, is;
	uint32_t status;
	bool failed;

	if (k->before)
		k->before(c);
	works_look(c, &was);
	failing_begin(k->opcode, n, how);
	status = work_send(c, k);
	failed = failing_end();
	works_look(c, &is);
	if (status == k->status || (k->stays && status == HSM_RV_STORE_FAILED)) {
		if (k->undo)
			k->undo(c);
		return failed;
	}
	if (!failed || !clear_status(k, status))
		fail_msg("opcode %#x, allocation %u: status %#x", k->opcode, n, status);
	if (memcmp(&was, &is, sizeof(was)))
		fail_msg("opcode %#x, allocation %u: something changed", k->opcode, n);
	/* The same request, now. */
	work_run(c, k);
	return failed;
}

static void sweep(struct card *c, const struct work *k)
{
	unsigned int n = 1;

	work_once(c, k);
	while (without(c, k, n))
		n++;
	tried += n - 1;
	works++;
	met += n > 1;
}

static void sweep_all(void **state)
{
	struct card *c = *state;
	struct snapshot was, is;

	works_setup(c);
	tried = works = met = 0;
	works_each(c, sweep);
	print_message("%u allocations in %u of %u works\n", tried, met, works);
	assert_true(tried > 200);
	assert_true(met > works / 2);
	/* What is stored is what the card has, but for session keys; and it starts. */
	works_look(c, &was);
	card_restart(c);
	card_login_all(c);
	works_look(c, &is);
	assert_int_equal(is.users, was.users);
	assert_memory_equal(is.state, was.state, sizeof(is.state));
}

static void one_fails(void **state)
{
	how = FAIL_ONE;
	sweep_all(state);
}

static void all_fail_from_there(void **state)
{
	how = FAIL_REST;
	sweep_all(state);
}

static void check_whole(struct card *c, const uint8_t want[HSM_DIGEST_LEN])
{
	uint8_t state[HSM_DIGEST_LEN];
	uint64_t position;

	assert_int_equal(c->fw->damaged, 0);
	assert_true(fw_state(c->fw, &position, state));
	assert_memory_equal(state, want, sizeof(state));
}

/* A card that starts is whole, or says why it does not; then it starts. */
static void starts(void **state)
{
	uint8_t want[HSM_DIGEST_LEN];
	struct card *c = *state;
	unsigned int n = 0;
	bool failed, started;
	uint64_t position;

	works_setup(c);
	card_restart(c);
	assert_true(fw_state(c->fw, &position, want));
	do {
		n++;
		card_stop(c);
		failing_new((n + 1) / 2, n % 2 ? FAIL_REST : FAIL_ONE);
		started = card_start(c);
		failed = failing_end();
		if (!started && !(failed && strstr(c->err, "memory")))
			fail_msg("allocation %u: %s", (n + 1) / 2, c->err);
		if (!started)
			assert_true(card_start(c));
		check_whole(c, want);
	} while (failed);
	assert_true(n > 40);
}

struct asking {
	struct card *card;
	unsigned int n;
	uint32_t status;
	bool failed;
};

static void *ask_for_random(void *arg)
{
	struct asking *a = arg;

	failing_library(true);
	failing_begin(HSM_CMD_RANDOM, a->n, FAIL_ONE);
	a->status = works_plain(a->card, HSM_CMD_RANDOM);
	a->failed = failing_end();
	failing_library(false);
	return NULL;
}

/*
 * A generator that two equal blocks came out of is not asked again; one that had no memory is.
 * Each time by a thread that has none of its own yet.
 */
static void generator_goes_on(void **state)
{
	struct asking a = { .card = *state };
	pthread_t thread;

	do {
		a.n++;
		assert_int_equal(pthread_create(&thread, NULL, ask_for_random, &a), 0);
		assert_int_equal(pthread_join(thread, NULL), 0);
		assert_true(!a.status || (a.failed && a.status == HSM_RV_CRYPTO_FAILED));
		assert_int_equal(works_plain(a.card, HSM_CMD_RANDOM), HSM_RV_SUCCESS);
	} while (a.failed);
	assert_true(a.n > 10);
}

static int nothing_left(void **state)
{
	(void)state;
	free_signers();
	return secmem_used() != 0;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users_sqlite, teardown)
	const struct CMUnitTest tests[] = {
		T(one_fails), T(all_fail_from_there), T(starts), T(generator_goes_on),
	};

	failing_init();
	return cmocka_run_group_tests(tests, NULL, nothing_left);
}
