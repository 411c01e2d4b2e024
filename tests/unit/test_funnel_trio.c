// SPDX-License-Identifier: GPL-2.0-or-later
/* test_funnel_trio.c - each way that a change of a cluster can take, ordered by hand. */
#include "trio.h"

#include <errno.h>
#include <unistd.h>

#include "fw_int.h"
#include "replica.h"

static void to_others(void)
{
	trio_deliver(1);
	trio_deliver(2);
	trio_notes();
}

/* Stored here: only the others are missing. */
static void order_and_store(void)
{
	uint64_t before = replica_position(trio[0].c.fw);

	trio_order(0);
	WAIT_FOR(replica_position(trio[0].c.fw) > before);
}

static void answer_waits_for_all_live(void **state)
{
	struct msg *m = trio_aes("all");

	(void)state;
	trio_begin(0, m);
	order_and_store();
	trio_deliver(1);
	trio_notes();
	usleep(20000);
	assert_false(m->done);
	trio_deliver(2);
	trio_notes();
	WAIT_FOR(m->done);
	wait_done(m);
	assert_int_equal(reply_count(m, HSM_TAG_NODE), 3);
	trio_end(m, FW_OK, 0);
	assert_int_equal(trio_seeing("all"), 3);
}

static void dead_node_does_not_count(void **state)
{
	struct msg *m = trio_aes("dead");
	struct tlv_reader r;
	struct tlv t;

	(void)state;
	trio_begin(0, m);
	order_and_store();
	trio_deliver(1);
	fake_note(&trio[0], CLUSTER_ALIVE, &trio[1]);
	assert_false(m->done);
	trio_lose(0, 2);
	WAIT_FOR(m->done);
	wait_done(m);
	assert_int_equal(reply_count(m, HSM_TAG_NODE), 3);
	tlv_read_init(&r, m->out + HEAD, m->req.out_len - HEAD);
	while (tlv_next_tag(&r, HSM_TAG_NODE, &t))
		assert_int_equal(get_le32(t.p + 4),
				 get_le32(t.p) == 2 ? HSM_RV_CLUSTER_UNAVAILABLE : 0);
	trio_end(m, FW_OK, 0);
	trio_deliver(2);
}

static void second_of_a_race_gets_the_next_handle(void **state)
{
	struct msg *a = trio_aes("first"), *b = trio_aes("second");
	uint64_t ha, hb;

	(void)state;
	trio_begin(0, a);
	trio_begin(1, b);
	WAIT_FOR(trio[0].txn && trio[1].txn);
	trio_order(0);
	trio_deliver(2);
	/* Its own base is old now: the entry comes, then the refusal. */
	assert_int_equal(fake_deliver(&trio[1], trio_entry()), 0);
	fake_fail(&trio[1], -EAGAIN);
	trio_settle();
	WAIT_FOR(a->done && b->done);
	wait_done(a);
	wait_done(b);
	ha = reply_u64(a, HSM_TAG_HANDLE);
	hb = reply_u64(b, HSM_TAG_HANDLE);
	assert_int_equal(hb, ha + 1);
	trio_end(a, FW_OK, 0);
	trio_end(b, FW_OK, 0);
	assert_int_equal(trio_seeing("first"), 3);
	assert_int_equal(trio_seeing("second"), 3);
}

static void same_id_on_two_cards_is_refused_once(void **state)
{
	struct msg *a = trio_aes("one"), *b = trio_aes("two");

	(void)state;
	add(a, HSM_ATTR_ID, "same", 4);
	add(b, HSM_ATTR_ID, "same", 4);
	trio_begin(0, a);
	trio_begin(1, b);
	WAIT_FOR(trio[0].txn && trio[1].txn);
	trio_order(0);
	trio_deliver(2);
	assert_int_equal(fake_deliver(&trio[1], trio_entry()), 0);
	fake_fail(&trio[1], -EAGAIN);
	trio_settle();
	trio_end(a, FW_OK, 0);
	trio_end(b, FW_OK, HSM_RV_ID_EXISTS);
	assert_int_equal(trio_keys(1), 1);
}

/* What waits while a batch is on its way goes together; one that is refused leaves the others. */
static void refused_one_leaves_the_others(void **state)
{
	struct msg *m[5];
	size_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		m[i] = trio_aes("batch");
		if (i)
			add(m[i], HSM_ATTR_ID, i < 3 ? "twice" : i < 4 ? "third" : "fourth", 5);
		trio_begin(0, m[i]);
	}
	order_and_store();
	to_others();
	WAIT_FOR(trio[0].txn);
	/* Three keys, the counters, position and root. */
	assert_int_equal(trio[0].txn->n_ops, 6);
	trio_settle();
	trio_end(m[0], FW_OK, 0);
	trio_end(m[1], FW_OK, 0);
	trio_end(m[2], FW_OK, HSM_RV_ID_EXISTS);
	trio_end(m[3], FW_OK, 0);
	trio_end(m[4], FW_OK, 0);
	assert_int_equal(trio_seeing("batch"), 12);
}

static void check_failure(int err)
{
	struct msg *m = trio_aes("not");
	uint64_t next = trio[0].c.fw->objects.next_handle;
	size_t bytes = trio[0].c.fw->objects.bytes;

	trio_begin(0, m);
	WAIT_FOR(trio[0].txn);
	fake_fail(&trio[0], err);
	trio_end(m, FW_OK, HSM_RV_CLUSTER_UNAVAILABLE);
	assert_int_equal(trio_keys(0), 0);
	assert_int_equal(trio[0].c.fw->objects.next_handle, next);
	assert_int_equal(trio[0].c.fw->objects.bytes, bytes);
}

static void not_ordered_is_put_back(void **state)
{
	(void)state;
	check_failure(-EHOSTUNREACH);
	check_failure(-EACCES);
	check_failure(-ENOSPC);
	assert_non_null(strstr(trio[0].c.log, "cluster: it is full"));
}

static void away_is_answered_at_once(void **state)
{
	const struct cluster_hooks *h = trio[0].hooks;
	struct msg *m = trio_aes("away");

	(void)state;
	h->state(h->opaque, CLUSTER_AWAY, "tests");
	trio_begin(0, m);
	trio_end(m, FW_OK, HSM_RV_CLUSTER_UNAVAILABLE);
	assert_null(trio[0].txn);
	h->state(h->opaque, CLUSTER_ONLINE, NULL);
	m = trio_aes("back");
	trio_begin(0, m);
	trio_settle();
	trio_end(m, FW_OK, 0);
}

static void canceled_before_it_is_cut(void **state)
{
	struct msg *a = trio_aes("goes"), *b = trio_aes("waits");

	(void)state;
	trio_begin(0, a);
	trio_begin(0, b);
	assert_true(trio[0].ticking);
	atomic_store(&b->req.cancel, true);
	trio_tick(0, 0);
	trio_end(b, FW_CANCELED, 0);
	trio_settle();
	trio_end(a, FW_OK, 0);
	assert_int_equal(trio_seeing("waits"), 0);
	trio_tick(0, 200);	/* the others are told by then */
	assert_false(trio[0].ticking);
}

static void late_before_it_is_cut(void **state)
{
	struct msg *a = trio_aes("goes"), *b = trio_aes("late");

	(void)state;
	b->req.deadline_ms = trio[0].c.clock_ms + 100;
	trio_begin(0, a);
	trio_begin(0, b);
	trio_tick(0, 200);
	trio_end(b, FW_TIMEOUT, 0);
	trio_settle();
	trio_end(a, FW_OK, 0);
	assert_int_equal(trio_seeing("late"), 0);
}

static void canceled_when_ordered_is_success_so_far(void **state)
{
	struct msg *m = trio_aes("far");

	(void)state;
	trio_begin(0, m);
	order_and_store();
	trio_deliver(1);
	fake_note(&trio[0], CLUSTER_ALIVE, &trio[1]);
	atomic_store(&m->req.cancel, true);
	trio_tick(0, 0);
	WAIT_FOR(m->done);
	wait_done(m);
	assert_int_equal(reply_count(m, HSM_TAG_NODE), 2);
	trio_end(m, FW_OK, 0);
	trio_deliver(2);
	assert_int_equal(trio_seeing("far"), 3);
}

static void context_that_closes_leaves_nothing_hanging(void **state)
{
	struct msg *a = trio_aes("a"), *b = trio_aes("b");

	(void)state;
	trio_begin(0, a);
	trio_begin(0, b);
	fw_ctx_close(trio[0].c.fw, ALICE);
	trio_tick(0, 0);
	trio_end(b, FW_CANCELED, 0);
	order_and_store();
	trio_tick(0, 0);
	trio_end(a, FW_OK, 0);
}

static void session_keys_need_nobody(void **state)
{
	const struct cluster_hooks *h = trio[0].hooks;
	struct msg *m = trio_aes("session");
	uint64_t handle;

	(void)state;
	h->state(h->opaque, CLUSTER_AWAY, "tests");
	add_u8(m, HSM_ATTR_TOKEN, 0);
	trio_begin(0, m);
	WAIT_FOR(m->done);
	wait_done(m);
	handle = reply_u64(m, HSM_TAG_HANDLE);
	assert_true(handle >= 1ull << 31);
	assert_int_equal(reply_count(m, HSM_TAG_NODE), 1);
	trio_end(m, FW_OK, 0);
	assert_int_equal(delete_key(&trio[0].c, ALICE, handle), 0);
	assert_int_equal(trio_keys(0), 0);
}

static void deleted_meanwhile_by_another_card(void **state)
{
	struct msg *m = trio_aes("victim"), *a = malloc(sizeof(*a)), *b = malloc(sizeof(*b));
	uint64_t handle = HSM_FIRST_HANDLE;

	(void)state;
	trio_begin(0, m);
	trio_settle();
	trio_end(m, FW_OK, 0);
	begin_in(a, HSM_CMD_KEY_DELETE, FIRST_SESSION);
	add_u64(a, HSM_TAG_HANDLE, handle);
	begin_in(b, HSM_CMD_KEY_SET_ATTRS, FIRST_SESSION);
	add_u64(b, HSM_TAG_HANDLE, handle);
	add_text(b, HSM_ATTR_LABEL, "changed");
	trio_begin(1, a);
	trio_begin(0, b);
	WAIT_FOR(trio[0].txn && trio[1].txn);
	trio_order(1);
	trio_deliver(2);
	assert_int_equal(fake_deliver(&trio[0], trio_entry()), 0);
	fake_fail(&trio[0], -EAGAIN);
	trio_settle();
	trio_end(a, FW_OK, 0);
	trio_end(b, FW_OK, HSM_RV_BAD_HANDLE);
	assert_int_equal(trio_keys(0), 0);
}

static void stopped_with_a_batch_in_flight(void **state)
{
	struct msg *m = trio_aes("stop");

	(void)state;
	trio_begin(0, m);
	WAIT_FOR(trio[0].txn);
	fw_ctx_close(trio[0].c.fw, ALICE);
	fake_fail(&trio[0], -EHOSTUNREACH);
	trio_end(m, FW_OK, HSM_RV_CLUSTER_UNAVAILABLE);
	card_stop(&trio[0].c);
}

#define TRIO(test) cmocka_unit_test_setup_teardown(test, setup_trio, teardown_trio)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TRIO(answer_waits_for_all_live),
		TRIO(dead_node_does_not_count),
		TRIO(second_of_a_race_gets_the_next_handle),
		TRIO(same_id_on_two_cards_is_refused_once),
		TRIO(refused_one_leaves_the_others),
		TRIO(not_ordered_is_put_back),
		TRIO(away_is_answered_at_once),
		TRIO(canceled_before_it_is_cut),
		TRIO(late_before_it_is_cut),
		TRIO(canceled_when_ordered_is_success_so_far),
		TRIO(context_that_closes_leaves_nothing_hanging),
		TRIO(session_keys_need_nobody),
		TRIO(deleted_meanwhile_by_another_card),
		TRIO(stopped_with_a_batch_in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
