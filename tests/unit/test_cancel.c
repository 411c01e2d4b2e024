// SPDX-License-Identifier: GPL-2.0-or-later
/* test_cancel.c - requests that end early: canceled, late, without their context. */
#include <pthread.h>
#include <sched.h>

#include "fixture.h"

static void canceled(void **state)
{
	struct msg *m = begin_aes("label");

	atomic_store(&m->req.cancel, true);
	assert_int_equal(exec(*state, ALICE, m), FW_CANCELED);
	assert_int_equal(m->req.out_len, 0);
	assert_int_equal(found(*state, ALICE, begin_find()), 0);
}

static void too_late(void **state)
{
	struct card *c = *state;
	struct msg *m = begin_aes("label");

	m->req.deadline_ms = c->clock_ms;
	assert_int_equal(exec(c, ALICE, m), FW_TIMEOUT);
	assert_int_equal(found(c, ALICE, begin_find()), 0);
	m = begin_aes("label");
	m->req.deadline_ms = c->clock_ms + 1;
	assert_int_equal(send(c, ALICE, m), HSM_RV_SUCCESS);
}

struct background {
	struct card *card;
	struct msg msg;
	pthread_t thread;
};

static void *run_background(void *arg)
{
	struct background *b = arg;

	exec_begin(b->card, ALICE, &b->msg);
	return NULL;
}

/*
 * Begins an RSA-4096 generation on a thread of its own and waits until it searches
 * primes: it has a deadline, so that it looks at the clock each time that it asks
 * whether it should end, and it has done so more often than before the search.
 */
static struct background *begin_background(struct card *c)
{
	struct background *b = malloc(sizeof(*b));
	struct msg *m = begin_rsa("slow");

	assert_non_null(b);
	put_le32(m->in + 36, 4096);
	b->card = c;
	m->req.deadline_ms = c->clock_ms + 1000;
	memcpy(&b->msg, m, sizeof(*m));
	atomic_store(&c->clock_reads, 0);
	assert_int_equal(pthread_create(&b->thread, NULL, run_background, b), 0);
	while (atomic_load(&c->clock_reads) < 3)
		sched_yield();
	return b;
}

static enum fw_result end_background(struct background *b)
{
	enum fw_result result;

	pthread_join(b->thread, NULL);
	wait_done(&b->msg);
	result = b->msg.result;
	free(b);
	return result;
}

static void rsa_canceled_while_it_runs(void **state)
{
	struct background *b = begin_background(*state);

	atomic_store(&b->msg.req.cancel, true);
	assert_int_equal(end_background(b), FW_CANCELED);
	assert_int_equal(found(*state, ALICE, begin_find()), 0);
}

static void rsa_too_late_while_it_runs(void **state)
{
	struct background *b = begin_background(*state);

	((struct card *)*state)->clock_ms += 1000;
	assert_int_equal(end_background(b), FW_TIMEOUT);
	assert_int_equal(found(*state, ALICE, begin_find()), 0);
}

/* The context goes: the request ends, nobody gets a key, a new context is not disturbed. */
static void rsa_ends_with_its_context(void **state)
{
	struct background *b = begin_background(*state);

	assert_true(fw_ctx_close(((struct card *)*state)->fw, ALICE));
	assert_int_equal(end_background(b), FW_CANCELED);
	assert_true(fw_ctx_open(((struct card *)*state)->fw, ALICE));
	open_session(*state, ALICE);
	assert_int_equal(login(*state, ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
	assert_int_equal(found(*state, ALICE, begin_find()), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		T(canceled), T(too_late), T(rsa_canceled_while_it_runs),
		T(rsa_too_late_while_it_runs), T(rsa_ends_with_its_context),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
