// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_parallel.c - many threads, a real store: whatever they do at once, the card
 * ends up consistent, in memory and after it is started again.
 */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "fixture.h"
#include "fw_int.h"

#define THREADS	6
#define ROUNDS	60

struct worker {
	struct card *card;
	pthread_t thread;
	unsigned int n;
	uint32_t ctx;
	struct msg m;
	uint64_t kept[ROUNDS];		/* handles of keys that must be there at the end */
	unsigned int n_kept;
	unsigned int ids_won;
};

static uint32_t run_msg(struct worker *w)
{
	exec_begin(w->card, w->ctx, &w->m);
	wait_done(&w->m);
	assert_int_equal(w->m.result, FW_OK);
	return w->m.status;
}

static void log_in(struct worker *w, const char *pw)
{
	begin_in(&w->m, HSM_CMD_LOGIN, FIRST_SESSION);
	add_u32(&w->m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(&w->m, HSM_TAG_USER_NAME, "alice");
	add_text(&w->m, HSM_TAG_PASSWORD, pw);
	exec_begin(w->card, w->ctx, &w->m);
	wait_done(&w->m);
}

static void begin_key(struct worker *w, const char *label, uint8_t token)
{
	begin_in(&w->m, HSM_CMD_KEY_GEN_SYM, FIRST_SESSION);
	add_u32(&w->m, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
	add_u32(&w->m, HSM_ATTR_VALUE_LEN, 32);
	add_text(&w->m, HSM_ATTR_LABEL, label);
	add_u8(&w->m, HSM_ATTR_TOKEN, token);
}

static void use_handle(struct worker *w, uint16_t opcode, uint64_t handle, uint32_t want)
{
	begin_in(&w->m, opcode, FIRST_SESSION);
	add_u64(&w->m, HSM_TAG_HANDLE, handle);
	assert_int_equal(run_msg(w), want);
}

/* Everyone wants the same id: one gets it. */
static void want_id(struct worker *w, unsigned int round)
{
	char id[32];
	uint32_t status;

	snprintf(id, sizeof(id), "id-%u", round);
	begin_key(w, "wanted", 1);
	add_text(&w->m, HSM_ATTR_ID, id);
	status = run_msg(w);
	assert_true(status == HSM_RV_SUCCESS || status == HSM_RV_ID_EXISTS);
	if (status == HSM_RV_SUCCESS) {
		w->ids_won++;
		w->kept[w->n_kept++] = reply_u64(&w->m, HSM_TAG_HANDLE);
	}
}

static void one_round(struct worker *w, unsigned int round)
{
	uint64_t handle;

	want_id(w, round);
	begin_key(w, "short", 1);
	assert_int_equal(run_msg(w), 0);
	handle = reply_u64(&w->m, HSM_TAG_HANDLE);
	use_handle(w, HSM_CMD_KEY_INFO, handle, 0);
	use_handle(w, HSM_CMD_KEY_DELETE, handle, 0);
	use_handle(w, HSM_CMD_KEY_INFO, handle, HSM_RV_BAD_HANDLE);
	begin_key(w, "session", 0);
	assert_int_equal(run_msg(w), 0);
	begin_in(&w->m, HSM_CMD_KEY_FIND, FIRST_SESSION);
	assert_int_equal(run_msg(w), 0);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		one_round(w, i);
		if (i % 20 == w->n) {
			fw_ctx_close(w->card->fw, w->ctx);
			fw_ctx_open(w->card->fw, w->ctx);
			begin_in(&w->m, HSM_CMD_SESSION_OPEN, 0);
			run_msg(w);
			log_in(w, PASSWORD);
		}
	}
	return NULL;
}

static void check_kept(struct card *c, struct worker *w)
{
	unsigned int i, k, ids = 0;

	for (i = 0; i < THREADS; i++) {
		ids += w[i].ids_won;
		for (k = 0; k < w[i].n_kept; k++)
			assert_int_equal(info(c, ALICE, w[i].kept[k]), 0);
	}
	assert_int_equal(ids, ROUNDS);
	assert_int_equal(found(c, ALICE, begin_find()), ROUNDS);
}

static void keys_in_parallel(void **state)
{
	struct worker *w = calloc(THREADS, sizeof(*w));
	struct card *c = *state;
	unsigned int i;

	assert_non_null(w);
	for (i = 0; i < THREADS; i++) {
		w[i].card = c;
		w[i].n = i;
		w[i].ctx = 100 + i;
		assert_true(fw_ctx_open(c->fw, w[i].ctx));
		open_session(c, w[i].ctx);
		log_in(&w[i], PASSWORD);
	}
	for (i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&w[i].thread, NULL, work, &w[i]), 0);
	for (i = 0; i < THREADS; i++)
		pthread_join(w[i].thread, NULL);
	for (i = 0; i < THREADS; i++)
		fw_ctx_close(c->fw, w[i].ctx);
	check_kept(c, w);
	card_restart(c);
	card_login_all(c);
	check_kept(c, w);
	free(w);
}

static void *guess(void *arg)
{
	struct worker *w = arg;

	log_in(w, "wrong password");
	return NULL;
}

/* More guesses at once than are allowed: five count, the others find it locked. */
static void guesses_in_parallel(void **state)
{
	struct worker *w = calloc(8, sizeof(*w));
	struct card *c = *state;
	unsigned int i, wrong = 0;

	assert_non_null(w);
	for (i = 0; i < 8; i++) {
		w[i].card = c;
		w[i].ctx = 100 + i;
		assert_true(fw_ctx_open(c->fw, w[i].ctx));
		open_session(c, w[i].ctx);
		assert_int_equal(pthread_create(&w[i].thread, NULL, guess, &w[i]), 0);
	}
	for (i = 0; i < 8; i++) {
		pthread_join(w[i].thread, NULL);
		wrong += w[i].m.status == HSM_RV_LOGIN_FAILURE;
	}
	assert_int_equal(wrong, HSM_LOGIN_TRIES);
	card_restart(c);
	card_open_contexts(c);
	assert_int_equal(login(c, ALICE, HSM_USER_CU, "alice", PASSWORD), HSM_RV_USER_LOCKED);
	free(w);
}

static void *log_in_once(void *arg)
{
	log_in(arg, PASSWORD);
	return NULL;
}

/* Of many logins of one context at once one succeeds, and one logout undoes it. */
static void logins_of_one_context(void **state)
{
	struct worker *w = calloc(4, sizeof(*w));
	struct card *c = *state;
	unsigned int i, good = 0;

	assert_non_null(w);
	for (i = 0; i < 4; i++) {
		w[i].card = c;
		w[i].ctx = NOBODY;
		assert_int_equal(pthread_create(&w[i].thread, NULL, log_in_once, &w[i]), 0);
	}
	for (i = 0; i < 4; i++) {
		pthread_join(w[i].thread, NULL);
		good += w[i].m.status == HSM_RV_SUCCESS;
		assert_true(!w[i].m.status || w[i].m.status == HSM_RV_ALREADY_LOGGED_IN);
	}
	assert_int_equal(good, 1);
	assert_int_equal(logout(c, NOBODY), 0);
	assert_int_equal(logout(c, ALICE), 0);
	assert_int_equal(user_by_id(&c->fw->users, ID_ALICE)->logins, 0);
	free(w);
}

static void *be_busy(void *arg)
{
	struct worker *w = arg;
	unsigned int i;

	for (i = 0; i < 400; i++) {
		begin_key(w, "busy", i % 8 == 0);
		if (i % 4 == 1)
			begin_in(&w->m, HSM_CMD_KEY_FIND, FIRST_SESSION);
		if (i % 40 == 2) {
			begin_in(&w->m, HSM_CMD_SESSION_OPEN, 0);
			exec_begin(w->card, w->ctx, &w->m);
			wait_done(&w->m);
			log_in(w, PASSWORD);
			continue;
		}
		exec_begin(w->card, w->ctx, &w->m);
		wait_done(&w->m);
		assert_true(w->m.result == FW_OK || w->m.result == FW_NO_CTX ||
			    w->m.result == FW_CANCELED);
	}
	__atomic_store_n(&w->n, 1, __ATOMIC_RELEASE);
	return NULL;
}

/* Its context goes under it, again and again; no session key may be left over. */
static void context_closed_under_it(void **state)
{
	struct worker *w = calloc(1, sizeof(*w));
	struct card *c = *state;
	struct object *o;

	assert_non_null(w);
	w->card = c;
	w->ctx = 100;
	fw_ctx_open(c->fw, 100);
	open_session(c, 100);
	log_in(w, PASSWORD);
	assert_int_equal(pthread_create(&w->thread, NULL, be_busy, w), 0);
	while (!__atomic_load_n(&w->n, __ATOMIC_ACQUIRE)) {
		usleep(3000);
		fw_ctx_close(c->fw, 100);
		fw_ctx_open(c->fw, 100);
	}
	pthread_join(w->thread, NULL);
	fw_ctx_close(c->fw, 100);
	for (o = c->fw->objects.first; o; o = o->next)
		assert_null(o->ctx);
	assert_int_equal(c->fw->sessions, 6);
	free(w);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users_sqlite, teardown)
	const struct CMUnitTest tests[] = {
		T(keys_in_parallel), T(guesses_in_parallel), T(context_closed_under_it),
		T(logins_of_one_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
