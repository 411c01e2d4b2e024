// SPDX-License-Identifier: GPL-2.0-or-later
/* test_funnel_nodes.c - keys asked for on several nodes, and those of which nobody knows. */
#include "trio.h"

#include <errno.h>
#include <unistd.h>

#include "fw_int.h"
#include "replica.h"

static struct msg *aes_on(const char *label, uint32_t min_srv, int timeout_s)
{
	struct msg *m = trio_aes(label);

	add_u32(m, HSM_TAG_MIN_SRV, min_srv);
	if (timeout_s >= 0)
		add_u32(m, HSM_TAG_TIMEOUT_S, (uint32_t)timeout_s);
	return m;
}

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

static void min_srv_one_waits_for_nobody(void **state)
{
	struct msg *m = aes_on("one", 1, -1);

	(void)state;
	trio_begin(0, m);
	trio_order(0);
	trio_end(m, FW_OK, 0);
	to_others();
	assert_int_equal(trio_seeing("one"), 3);
}

static void pending_key_is_nobodys(void **state)
{
	struct msg *m = aes_on("pending", 3, -1), *again;
	uint64_t handle = HSM_FIRST_HANDLE;

	(void)state;
	add(m, HSM_ATTR_ID, "mine", 4);
	trio_begin(0, m);
	order_and_store();
	trio_deliver(1);
	trio_notes();
	assert_int_equal(trio_keys(0), 1);
	assert_int_equal(trio_keys(1), 1);
	assert_int_equal(trio_seeing("pending"), 0);
	assert_int_equal(info(&trio[0].c, ALICE, handle), HSM_RV_BAD_HANDLE);
	assert_int_equal(info(&trio[1].c, ALICE, handle), HSM_RV_BAD_HANDLE);
	assert_int_equal(delete_key(&trio[1].c, ALICE, handle), HSM_RV_BAD_HANDLE);
	again = trio_aes("other");
	add(again, HSM_ATTR_ID, "mine", 4);
	trio_begin(1, again);
	trio_end(again, FW_OK, HSM_RV_ID_EXISTS);
	assert_null(trio[0].txn);
	trio_deliver(2);
	trio_notes();
	order_and_store();
	assert_int_equal(trio_seeing("pending"), 1);
	assert_false(m->done);
	to_others();
	trio_end(m, FW_OK, 0);
	assert_int_equal(trio_seeing("pending"), 3);
}

static void two_of_three_are_enough(void **state)
{
	struct msg *m = aes_on("two", 2, 10);

	(void)state;
	trio_begin(0, m);
	order_and_store();
	trio_deliver(1);
	fake_note(&trio[0], CLUSTER_ALIVE, &trio[1]);
	assert_int_equal(fake_deliver(&trio[2], trio_entry()), 0);
	order_and_store();
	trio_deliver(1);
	fake_note(&trio[0], CLUSTER_ALIVE, &trio[1]);
	trio_end(m, FW_OK, 0);
}

static void more_than_there_are(void **state)
{
	struct msg *m = aes_on("four", 4, -1);

	(void)state;
	trio_begin(0, m);
	WAIT_FOR(m->done);
	wait_done(m);
	assert_int_equal(bad_tag(m), HSM_TAG_MIN_SRV);
	trio_end(m, FW_OK, HSM_RV_INVALID_INPUT);
}

static void check_lines(struct msg *m, uint32_t late)
{
	struct tlv_reader r;
	struct tlv t;

	wait_done(m);
	assert_int_equal(reply_count(m, HSM_TAG_NODE), 3);
	tlv_read_init(&r, m->out + HEAD, m->req.out_len - HEAD);
	while (tlv_next_tag(&r, HSM_TAG_NODE, &t))
		assert_int_equal(get_le32(t.p + 4),
				 get_le32(t.p) == late ? HSM_RV_CLUSTER_UNAVAILABLE : 0);
}

static void missed_in_time_is_withdrawn(void **state)
{
	struct msg *m = aes_on("missed", 3, 5);
	struct image first = { .n = 0 };

	(void)state;
	trio_begin(0, m);
	order_and_store();
	image_copy(&first, trio_entry());
	trio_deliver(1);
	fake_note(&trio[0], CLUSTER_ALIVE, &trio[1]);
	trio_tick(0, 4900);
	assert_null(trio[0].txn);
	trio_tick(0, 200);
	order_and_store();
	WAIT_FOR(m->done);
	check_lines(m, 2);
	trio_end(m, FW_OK, HSM_RV_CLUSTER_INCOMPLETE);
	trio_deliver(1);
	assert_int_equal(fake_deliver(&trio[2], &first), 0);
	trio_deliver(2);
	image_clear(&first);
	assert_int_equal(trio_keys(0) + trio_keys(1) + trio_keys(2), 0);
	assert_int_equal(trio[0].c.fw->objects.next_handle, HSM_FIRST_HANDLE + 1);
}

static void timeout_zero_looks_once(void **state)
{
	struct msg *m = aes_on("zero", 2, 0);

	(void)state;
	trio_begin(0, m);
	trio_order(0);
	WAIT_FOR(trio[0].txn);
	trio_order(0);
	WAIT_FOR(m->done);
	trio_end(m, FW_OK, HSM_RV_CLUSTER_INCOMPLETE);
	assert_int_equal(trio_keys(0), 0);
}

static void canceled_is_withdrawn(void **state)
{
	struct msg *m = aes_on("cancel", 3, -1);

	(void)state;
	trio_begin(0, m);
	order_and_store();
	atomic_store(&m->req.cancel, true);
	trio_tick(0, 0);
	assert_false(m->done);
	trio_order(0);
	trio_end(m, FW_CANCELED, 0);
	assert_int_equal(trio_keys(0), 0);
}

static void logged_out_is_withdrawn(void **state)
{
	struct msg *m = aes_on("gone", 3, -1);

	(void)state;
	trio_begin(0, m);
	order_and_store();
	assert_int_equal(logout(&trio[0].c, ALICE), 0);
	trio_tick(0, 0);
	trio_order(0);
	trio_end(m, FW_OK, HSM_RV_CLUSTER_INCOMPLETE);
	assert_int_equal(trio_keys(0), 0);
}

/* Withdrawn later, when it can be; until then nobody sees it. */
static void withdrawal_that_cannot_be_ordered_now(void **state)
{
	const struct cluster_hooks *h = trio[0].hooks;
	struct msg *m = aes_on("later", 3, 5);

	(void)state;
	trio_begin(0, m);
	order_and_store();
	to_others();
	WAIT_FOR(trio[0].txn);
	fake_fail(&trio[0], -EHOSTUNREACH);
	trio_end(m, FW_OK, HSM_RV_CLUSTER_INCOMPLETE);
	assert_int_equal(trio_keys(0), 1);
	assert_int_equal(trio_seeing("later"), 0);
	trio_tick(0, 1000);
	h->state(h->opaque, CLUSTER_ONLINE, NULL);
	trio_settle();
	assert_int_equal(trio_keys(0) + trio_keys(1) + trio_keys(2), 0);
}

/* k nodes have it, and the confirmation is ordered: it stays. */
static void late_confirmation_is_success(void **state)
{
	struct msg *m = aes_on("late", 3, 5);

	(void)state;
	trio_begin(0, m);
	order_and_store();
	to_others();
	order_and_store();
	assert_false(m->done);
	trio_tick(0, 6000);
	WAIT_FOR(m->done);
	check_lines(m, UINT32_MAX);
	trio_end(m, FW_OK, 0);
	to_others();
	assert_int_equal(trio_seeing("late"), 3);
}

static void dead_makers_key_is_withdrawn_by_the_lowest(void **state)
{
	struct msg *m = aes_on("orphan", 3, -1);

	(void)state;
	trio_begin(0, m);
	order_and_store();
	trio_deliver(1);
	trio_deliver(2);
	trio_lose(1, 0);
	trio_lose(2, 0);
	trio_tick(1, 0);
	trio_tick(2, 0);
	trio_tick(1, 700);
	trio_tick(2, 700);
	assert_null(trio[2].txn);
	WAIT_FOR(trio[1].txn);
	trio_order(1);
	trio_deliver(0);
	trio_deliver(2);
	assert_int_equal(trio_keys(0) + trio_keys(1) + trio_keys(2), 0);
	/* Its maker learns of it when it looks again. */
	atomic_store(&m->req.cancel, true);
	trio_tick(0, 0);
	trio_end(m, FW_CANCELED, 0);
}

static void dead_makers_key_is_withdrawn_by_the_next(void **state)
{
	struct msg *m = aes_on("orphan", 3, -1);

	(void)state;
	trio_begin(0, m);
	order_and_store();
	trio_deliver(1);
	trio_deliver(2);
	trio_lose(2, 0);
	trio_tick(2, 0);
	trio_tick(2, 700);
	assert_null(trio[2].txn);
	trio_tick(2, 1000);
	WAIT_FOR(trio[2].txn);
	trio_order(2);
	trio_deliver(0);
	trio_deliver(1);
	assert_int_equal(trio_keys(0) + trio_keys(1) + trio_keys(2), 0);
	atomic_store(&m->req.cancel, true);
	trio_tick(0, 0);
	trio_end(m, FW_CANCELED, 0);
}

/* Half a pair was withdrawn by somebody: the other half must not stay behind. */
static void half_a_pair_takes_the_other_along(void **state)
{
	struct msg *m = malloc(sizeof(*m));

	(void)state;
	begin_in(m, HSM_CMD_KEY_GEN_PAIR, FIRST_SESSION);
	add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_EC);
	add_u32(m, HSM_TAG_CURVE, HSM_CURVE_PRIME256V1);
	add_text(m, HSM_ATTR_LABEL, "pair");
	add_u32(m, HSM_TAG_MIN_SRV, 3);
	trio_begin(0, m);
	order_and_store();
	trio_deliver(1);
	trio_deliver(2);
	assert_int_equal(trio_keys(1), 2);
	trio_lose(1, 0);
	trio_tick(1, 0);
	trio_tick(1, 700);
	trio_order(1);
	trio_deliver(0);
	trio_deliver(2);
	trio_notes();
	trio_settle();
	trio_end(m, FW_OK, HSM_RV_CLUSTER_INCOMPLETE);
	assert_int_equal(trio_keys(0) + trio_keys(1) + trio_keys(2), 0);
}

static struct image doubtful;

/* A creation of card 0 of which nobody knows. */
static void be_in_doubt(const char *label)
{
	struct msg *m = trio_aes(label);

	trio_begin(0, m);
	WAIT_FOR(trio[0].txn);
	trio_keep_proposal(0, &doubtful);
	fake_fail(&trio[0], -ETIMEDOUT);
	trio_end(m, FW_OK, HSM_RV_CLUSTER_UNAVAILABLE);
	assert_int_equal(trio_keys(0), 0);
}

static void doubt_that_turns_up_is_withdrawn(void **state)
{
	(void)state;
	be_in_doubt("doubt");
	trio_make_true(&doubtful);
	trio_deliver(0);
	trio_deliver(1);
	trio_deliver(2);
	trio_settle();
	assert_int_equal(trio_keys(0) + trio_keys(1) + trio_keys(2), 0);
	image_clear(&doubtful);
}

static void doubt_that_does_not_turn_up_is_forgotten(void **state)
{
	struct msg *m;

	(void)state;
	be_in_doubt("doubt");
	m = trio_aes("other");
	trio_begin(1, m);
	trio_settle();
	trio_end(m, FW_OK, 0);
	assert_int_equal(trio_seeing("other"), 3);
	assert_int_equal(trio_keys(0), 1);
	image_clear(&doubtful);
}

static void doubt_survives_a_restart(void **state)
{
	(void)state;
	be_in_doubt("doubt");
	trio_make_true(&doubtful);
	trio_deliver(1);
	trio_deliver(2);
	card_stop(&trio[0].c);
	fake_start(&trio[0], false);
	fake_join(&trio[0], &trio_image);
	trio_notes();
	card_login_all(&trio[0].c);
	trio_tick(0, 1000);
	trio_settle();
	assert_int_equal(trio_keys(0), 1);
	trio_tick(0, 1500);
	trio_settle();
	assert_int_equal(trio_keys(0) + trio_keys(1) + trio_keys(2), 0);
	image_clear(&doubtful);
}

static void confirmation_in_doubt_is_withdrawn(void **state)
{
	struct msg *m = aes_on("sure", 3, -1);
	int turns_up;

	for (turns_up = 0; turns_up < 2; turns_up++) {
		m = turns_up ? aes_on("sure", 3, -1) : m;
		trio_begin(0, m);
		order_and_store();
		to_others();
		WAIT_FOR(trio[0].txn);
		trio_keep_proposal(0, &doubtful);
		fake_fail(&trio[0], -ETIMEDOUT);
		trio_end(m, FW_OK, HSM_RV_CLUSTER_UNAVAILABLE);
		if (turns_up) {
			/* The withdrawal has the old base now. */
			trio_make_true(&doubtful);
			WAIT_FOR(trio[0].txn);
			assert_int_equal(fake_deliver(&trio[0], trio_entry()), 0);
			fake_fail(&trio[0], -EAGAIN);
			trio_deliver(1);
			trio_deliver(2);
		}
		trio_settle();
		assert_int_equal(trio_keys(0) + trio_keys(1) + trio_keys(2), 0);
	}
	(void)state;
	image_clear(&doubtful);
}

#define TRIO(test) cmocka_unit_test_setup_teardown(test, setup_trio, teardown_trio)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TRIO(min_srv_one_waits_for_nobody),
		TRIO(pending_key_is_nobodys),
		TRIO(two_of_three_are_enough),
		TRIO(more_than_there_are),
		TRIO(missed_in_time_is_withdrawn),
		TRIO(timeout_zero_looks_once),
		TRIO(canceled_is_withdrawn),
		TRIO(logged_out_is_withdrawn),
		TRIO(withdrawal_that_cannot_be_ordered_now),
		TRIO(late_confirmation_is_success),
		TRIO(dead_makers_key_is_withdrawn_by_the_lowest),
		TRIO(dead_makers_key_is_withdrawn_by_the_next),
		TRIO(half_a_pair_takes_the_other_along),
		TRIO(doubt_that_turns_up_is_withdrawn),
		TRIO(doubt_that_does_not_turn_up_is_forgotten),
		TRIO(doubt_survives_a_restart),
		TRIO(confirmation_in_doubt_is_withdrawn),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
