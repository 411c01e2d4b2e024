// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_group_parallel.c - many threads on all cards of a group at once: each id and each
 * handle is given once, what was answered is there on all, and all are the same in the end.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster_fixture.h"

#define CARDS	3
#define EACH	3	/* threads on each card */
#define THREADS	(CARDS * EACH)
#define ROUNDS	25

struct worker {
	struct card *card;
	pthread_t thread;
	uint32_t ctx;
	struct msg m;
	uint64_t kept[2 * ROUNDS];
	size_t n_kept;
	unsigned int ids_won;
};

static uint32_t run_msg(struct worker *w)
{
	exec_begin(w->card, w->ctx, &w->m);
	wait_done(&w->m);
	assert_int_equal(w->m.result, FW_OK);
	return w->m.status;
}

static void begin_key(struct worker *w, const char *label)
{
	begin_in(&w->m, HSM_CMD_KEY_GEN_SYM, FIRST_SESSION);
	add_u32(&w->m, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
	add_u32(&w->m, HSM_ATTR_VALUE_LEN, 32);
	add_text(&w->m, HSM_ATTR_LABEL, label);
	add_u8(&w->m, HSM_ATTR_TOKEN, 1);
}

static void keep(struct worker *w)
{
	w->kept[w->n_kept++] = reply_u64(&w->m, HSM_TAG_HANDLE);
}

/* Everyone, on every card, wants the same id: one gets it. */
static void want_id(struct worker *w, unsigned int round)
{
	char id[32];
	uint32_t status;

	snprintf(id, sizeof(id), "id-%u", round);
	begin_key(w, "wanted");
	add_text(&w->m, HSM_ATTR_ID, id);
	status = run_msg(w);
	assert_true(status == HSM_RV_SUCCESS || status == HSM_RV_ID_EXISTS);
	if (status)
		return;
	w->ids_won++;
	keep(w);
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (unsigned int i = 0; i < ROUNDS; i++) {
		want_id(w, i);
		begin_key(w, "short");
		assert_int_equal(run_msg(w), 0);
		begin_in(&w->m, HSM_CMD_KEY_DELETE, FIRST_SESSION);
		add_u64(&w->m, HSM_TAG_HANDLE, reply_u64(&w->m, HSM_TAG_HANDLE));
		assert_int_equal(run_msg(w), 0);
		begin_key(w, "kept");
		assert_int_equal(run_msg(w), 0);
		keep(w);
	}
	return NULL;
}

/* On the first @cards of them. */
static void start(struct worker *w, struct cards *cs, unsigned int cards)
{
	for (unsigned int i = 0; i < THREADS; i++) {
		w[i].card = &cs->card[i % cards];
		w[i].ctx = 100 + i;
		assert_true(fw_ctx_open(w[i].card->fw, w[i].ctx));
		open_session(w[i].card, w[i].ctx);
		assert_int_equal(login(w[i].card, w[i].ctx, HSM_USER_CU, "alice", PASSWORD), 0);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void no_handle_twice(const struct worker *w)
{
	static uint64_t all[THREADS * 2 * ROUNDS];
	size_t n = 0;

	for (unsigned int i = 0; i < THREADS; i++)
		for (size_t j = 0; j < w[i].n_kept; j++)
			all[n++] = w[i].kept[j];
	assert_int_equal(n, ROUNDS + THREADS * ROUNDS);
	qsort(all, n, sizeof(all[0]), by_value);
	for (size_t i = 1; i < n; i++)
		assert_int_not_equal(all[i], all[i - 1]);
}

static void all_the_same(struct cards *cs)
{
	uint8_t first[32], hash[32];
	uint64_t position, there;

	assert_true(fw_state(cs->card[0].fw, &there, first));
	for (size_t i = 1; i < cs->n; i++) {
		assert_true(fw_state(cs->card[i].fw, &position, hash));
		assert_int_equal(position, there);
		assert_memory_equal(hash, first, sizeof(hash));
	}
}

static void finish(struct worker *w, struct cards *cs)
{
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(w[i].thread, NULL);
	for (size_t i = 0; i < cs->n; i++)
		cards_settle(cs, i);
	no_handle_twice(w);
	for (unsigned int i = 0; i < THREADS; i++) {
		fw_ctx_close(w[i].card->fw, w[i].ctx);
		for (size_t j = 0; j < w[i].n_kept; j += 7)
			assert_int_equal(cards_seeing(cs, w[i].kept[j]), CARDS);
	}
	all_the_same(cs);
}

static void all_cards_at_once(void **state)
{
	struct worker *w = calloc(THREADS, sizeof(*w));

	assert_non_null(w);
	start(w, *state, CARDS);
	finish(w, *state);
	free(w);
}

/* What it missed it has when it is back, whatever is on its way just then. */
static void one_comes_and_goes(void **state)
{
	struct cards *cs = *state;
	struct worker *w = calloc(THREADS, sizeof(*w));

	assert_non_null(w);
	start(w, cs, CARDS - 1);
	for (int i = 0; i < 10; i++) {
		cards_leave(cs, CARDS - 1);
		if (!cards_join(cs, CARDS - 1))
			fail_msg("%s", cs->card[CARDS - 1].err);
	}
	card_login_all(&cs->card[CARDS - 1]);
	finish(w, cs);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(all_cards_at_once, setup_three_users,
						teardown_cards),
		cmocka_unit_test_setup_teardown(all_cards_at_once, setup_three_users_sqlite,
						teardown_cards),
		cmocka_unit_test_setup_teardown(one_comes_and_goes, setup_three_users_sqlite,
						teardown_cards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
