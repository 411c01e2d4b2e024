// SPDX-License-Identifier: GPL-2.0-or-later
/* test_tamper.c - a card that is tampered with, at rest and while it is at work. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <time.h>

#include "fw_int.h"
#include "wiped.h"

#define THREADS 4

static struct before before;

static void tampered_for_good(struct card *c)
{
	uint32_t ctx;

	for (ctx = ADMIN; ctx <= NOBODY; ctx++) {
		assert_int_equal(send(c, ctx, begin_find()), HSM_RV_CARD_TAMPERED);
		assert_int_equal(reply_count(last(), HSM_TAG_NODE), 1);
	}
	assert_int_equal(send(c, NOBODY, begin(HSM_CMD_CARD_INFO, 0)), HSM_RV_CARD_TAMPERED);
	assert_int_equal(zeroize(c, OFFICER), HSM_RV_CARD_TAMPERED);
	assert_false(fw_random(c->fw, &ctx, sizeof(ctx)));
}

/* The store has its own thread. */
static void wait_wiped(struct card *c)
{
	while (atomic_load(&c->fw->gate) & FW_WIPING)
		sched_yield();
}

/* A restart finds a fresh card, of the same hardware. */
static void at_rest(void **state)
{
	struct card *c = *state;

	fill_card(c, &before);
	fw_tamper(c->fw);
	tampered_for_good(c);
	wait_wiped(c);
	check_forgotten(c);
	fw_tamper(c->fw);
	fw_reset(c->fw);
	assert_true(fw_ctx_open(c->fw, NOBODY));
	assert_int_equal(send(c, NOBODY, begin(HSM_CMD_NOP, 0)), HSM_RV_CARD_TAMPERED);
	card_restart(c);
	check_fresh(c, &before);
}

/* The keys go at once, and what the store says does not bring them back. */
static void store_fails(void **state)
{
	struct card *c = *state;
	unsigned int submitted;

	fill_card(c, &before);
	c->gate->fail = -EIO;
	fw_tamper(c->fw);
	tampered_for_good(c);
	check_forgotten(c);
	assert_non_null(strstr(c->log, "could not be wiped"));
	assert_null(strstr(c->log, "are destroyed"));
	c->gate->fail = 0;
	submitted = c->gate->submitted;
	fw_free(c->fw);
	c->fw = NULL;
	assert_true(c->gate->submitted > submitted);
	assert_non_null(strstr(c->log, "are destroyed"));
}

static struct msg *begun(struct card *c, uint32_t ctx, struct msg *m)
{
	struct msg *own = malloc(sizeof(*own));

	assert_non_null(own);
	memcpy(own, m, sizeof(*own));
	exec_begin(c, ctx, own);
	return own;
}

/* A key on its way to the disk gets there, and goes with the others. */
static void with_a_change_on_its_way(void **state)
{
	struct card *c = *state;
	struct msg *key;

	fill_card(c, &before);
	c->gate->hold = true;
	key = begun(c, ALICE, begin_aes("on its way"));
	fw_tamper(c->fw);
	tampered_for_good(c);
	assert_false(key->done);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(key), 0);
	tampered_for_good(c);
	check_forgotten(c);
}

/* ZEROIZE waits for a change, or for the store, when the tamper comes. */
static void during_a_zeroize(struct card *c, bool waits, uint32_t want)
{
	struct msg *key = NULL, *wipe;

	fill_card(c, &before);
	c->gate->hold = true;
	if (waits)
		key = begun(c, ALICE, begin_aes("on its way"));
	wipe = begun(c, OFFICER, begin(HSM_CMD_ZEROIZE, FIRST_SESSION));
	fw_tamper(c->fw);
	tampered_for_good(c);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(wipe), want);
	if (waits)
		assert_int_equal(wait_status(key), 0);
	tampered_for_good(c);
	check_forgotten(c);
	assert_non_null(strstr(c->log, "are destroyed"));
}

static void overtakes_a_zeroize(void **state)
{
	during_a_zeroize(*state, true, HSM_RV_CARD_TAMPERED);
}

static void follows_a_zeroize(void **state)
{
	during_a_zeroize(*state, false, HSM_RV_SUCCESS);
}

static struct card *the_card;
static struct msg slow;

static void *run_slow(void *arg)
{
	exec_begin(the_card, ALICE, &slow);
	return arg;
}

/* It searches primes: it is asked to end, and says why. */
static void ends_a_long_command(void **state)
{
	struct card *c = the_card = *state;
	struct msg *m = begin_rsa("slow");
	pthread_t thread;

	put_le32(m->in + 36, 4096);
	m->req.deadline_ms = c->clock_ms + 1000;
	memcpy(&slow, m, sizeof(slow));
	atomic_store(&c->clock_reads, 0);
	assert_int_equal(pthread_create(&thread, NULL, run_slow, NULL), 0);
	while (atomic_load(&c->clock_reads) < 3)
		sched_yield();
	fw_tamper(c->fw);
	pthread_join(thread, NULL);
	wait_done(&slow);
	assert_int_equal(slow.result, FW_OK);
	assert_int_equal(slow.status, HSM_RV_CARD_TAMPERED);
	check_forgotten(c);
}

struct worker {
	pthread_t thread;
	uint32_t ctx;
	uint64_t handle;
	struct msg m;
	unsigned int served, after;
	struct timespec last;
};

static atomic_bool tampered;

static void next_message(struct worker *w, unsigned int n)
{
	switch (n % 4) {
	case 0:
		begin_in(&w->m, HSM_CMD_KEY_GEN_SYM, FIRST_SESSION);
		add_u32(&w->m, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
		add_u32(&w->m, HSM_ATTR_VALUE_LEN, 32);
		add_text(&w->m, HSM_ATTR_LABEL, "label");
		add_u8(&w->m, HSM_ATTR_TOKEN, n % 8 == 0);
		return;
	case 1:
		begin_in(&w->m, HSM_CMD_CRYPT, FIRST_SESSION);
		add_u64(&w->m, HSM_TAG_HANDLE, w->handle);
		add_u32(&w->m, HSM_TAG_USE, HSM_USE_ENCRYPT);
		add_u32(&w->m, HSM_TAG_MECHANISM, HSM_CKM_AES_GCM);
		add(&w->m, HSM_TAG_DATA, "0123456789abcdef", 16);
		return;
	case 2:
		begin_in(&w->m, HSM_CMD_KEY_FIND, FIRST_SESSION);
		return;
	default:
		begin_in(&w->m, HSM_CMD_USER_LIST, 0);
	}
}

/* Until it has been told a hundred times; a command that began later is told at once. */
static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned int n;

	for (n = 0; w->after < 100; n++) {
		bool late = atomic_load(&tampered);

		next_message(w, n);
		exec_begin(the_card, w->ctx, &w->m);
		wait_done(&w->m);
		assert_int_equal(w->m.result, FW_OK);
		if (w->m.status != HSM_RV_CARD_TAMPERED) {
			assert_int_equal(w->m.status, 0);
			assert_false(late);
			w->served++;
			clock_gettime(CLOCK_MONOTONIC, &w->last);
		} else {
			w->after++;
		}
	}
	return NULL;
}

static double ms_between(const struct timespec *a, const struct timespec *b)
{
	return (double)(b->tv_sec - a->tv_sec) * 1e3 + (double)(b->tv_nsec - a->tv_nsec) / 1e6;
}

static void start_workers(struct card *c, struct worker *w)
{
	unsigned int i;

	for (i = 0; i < THREADS; i++) {
		w[i].ctx = 100 + i;
		assert_true(fw_ctx_open(c->fw, w[i].ctx));
		open_session(c, w[i].ctx);
		assert_int_equal(login(c, w[i].ctx, HSM_USER_CU, "alice", PASSWORD), 0);
		w[i].handle = made(c, w[i].ctx, begin_aes("to use"));
	}
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
}

static void under_load(void **state)
{
	const struct timespec moment = { 0, 200000000 };
	struct worker *w = calloc(THREADS, sizeof(*w));
	struct timespec start, end;
	unsigned int i, served = 0;
	double last = 0;

	the_card = *state;
	atomic_store(&tampered, false);
	fill_card(the_card, &before);
	start_workers(the_card, w);
	nanosleep(&moment, NULL);
	clock_gettime(CLOCK_MONOTONIC, &start);
	fw_tamper(the_card->fw);
	clock_gettime(CLOCK_MONOTONIC, &end);
	atomic_store(&tampered, true);
	for (i = 0; i < THREADS; i++) {
		pthread_join(w[i].thread, NULL);
		served += w[i].served;
		if (ms_between(&start, &w[i].last) > last)
			last = ms_between(&start, &w[i].last);
	}
	assert_true(served > THREADS * 4);
	tampered_for_good(the_card);
	wait_wiped(the_card);
	check_forgotten(the_card);
	printf("tamper: %u commands before; returned after %.1f ms, last success %.1f ms after\n",
	       served, ms_between(&start, &end), last);
	free(w);
	card_restart(the_card);
	check_fresh(the_card, &before);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
#define F(f) cmocka_unit_test_setup_teardown(f, setup_users_sqlite, teardown)
	const struct CMUnitTest tests[] = {
		F(at_rest), T(store_fails), T(with_a_change_on_its_way), T(overtakes_a_zeroize),
		T(follows_a_zeroize), T(ends_a_long_command), F(under_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
