// SPDX-License-Identifier: GPL-2.0-or-later
/* test_cluster_info.c - CLUSTER_INFO: who is in the cluster, on a card alone and on three. */
#include "cluster_fixture.h"

static struct hsm_cluster_info cluster_of(struct card *c)
{
	struct hsm_cluster_info got;
	struct tlv t;

	assert_int_equal(send(c, ADMIN, begin(HSM_CMD_CLUSTER_INFO, 0)), 0);
	assert_true(reply_find(last(), HSM_TAG_CLUSTER, &t));
	assert_int_equal(t.len, sizeof(got));
	memcpy(&got, t.p, sizeof(got));
	return got;
}

/* The @n-th MEMBER of the last reply. */
static struct hsm_member member(size_t n)
{
	struct hsm_member got;
	struct tlv_reader r;
	struct tlv t;

	tlv_read_init(&r, last()->out + HEAD, last()->req.out_len - HEAD);
	do
		assert_true(tlv_next_tag(&r, HSM_TAG_MEMBER, &t));
	while (n--);
	assert_int_equal(t.len, sizeof(got));
	memcpy(&got, t.p, sizeof(got));
	return got;
}

static void card_alone(void **state)
{
	static const uint8_t none[16];
	struct hsm_cluster_info ci = cluster_of(*state);
	struct hsm_member m = member(0);

	assert_memory_equal(ci.id, none, sizeof(none));
	assert_int_equal(ci.mode, HSM_CLUSTER_SOLO);
	assert_int_equal(ci.state, HSM_MEMBERSHIP_NONE);
	assert_true(!ci.position && ci.members == 1 && ci.live == 1 && !ci.reason[0]);
	assert_int_equal(reply_count(last(), HSM_TAG_MEMBER), 1);
	assert_int_equal(m.node, 7);
	assert_int_equal(m.flags, HSM_MEMBER_F_LIVE | HSM_MEMBER_F_SELF);
	assert_string_equal((const char *)m.serial, ((struct card *)*state)->cfg.serial);
	assert_int_equal(reply_count(last(), HSM_TAG_NODE), 1);
}

static void needs_no_login(void **state)
{
	assert_int_equal(send(*state, NOBODY, begin(HSM_CMD_CLUSTER_INFO, 0)), 0);
}

static void room_for_all(void **state)
{
	struct cards *cs = *state;
	struct msg *m = begin(HSM_CMD_CLUSTER_INFO, 0);

	m->room = 16 + 16 + 176 + 3 * 128 - 1;
	assert_int_equal(exec(&cs->card[0], ADMIN, m), FW_NO_ROOM);
	assert_int_equal(m->req.out_len, m->room + 1);
}

static void three_cards(void **state)
{
	struct cards *cs = *state;
	struct hsm_cluster_info first = cluster_of(&cs->card[0]), ci;
	size_t i;

	for (i = 0; i < cs->n; i++) {
		ci = cluster_of(&cs->card[i]);
		assert_memory_equal(ci.id, first.id, sizeof(ci.id));
		assert_int_equal(ci.mode, HSM_CLUSTER_GROUP);
		assert_int_equal(ci.state, HSM_MEMBERSHIP_ONLINE);
		assert_true(ci.members == 3 && ci.live == 3);
		assert_int_equal(reply_count(last(), HSM_TAG_MEMBER), 3);
		assert_int_equal(member(0).node, i);
		assert_true(member(0).flags & HSM_MEMBER_F_SELF);
		assert_true(member(1).node < member(2).node);
		assert_false(member(1).flags & HSM_MEMBER_F_SELF);
	}
}

/* It is known for good, but not alive: its line and its member say so. */
static void one_that_left(void **state)
{
	struct cards *cs = *state;
	struct hsm_cluster_info ci;
	uint64_t before = cards_position(cs, 0);

	cards_leave(cs, 2);
	cards_see_each_other(cs);
	ci = cluster_of(&cs->card[0]);
	assert_true(ci.members == 3 && ci.live == 2);
	assert_int_equal(member(2).node, 2);
	assert_int_equal(member(2).flags, 0);
	assert_int_equal(member(2).status, HSM_RV_CLUSTER_UNAVAILABLE);
	assert_int_equal(user_create(&cs->card[0], ADMIN, HSM_USER_CU, "carol", PASSWORD), 0);
	assert_int_equal(node_status(last(), 0), 0);
	assert_int_equal(node_status(last(), 1), 0);
	assert_int_equal(node_status(last(), 2), HSM_RV_CLUSTER_UNAVAILABLE);
	assert_int_equal(cluster_of(&cs->card[1]).position, before + 1);
}

/* What a card signs of its cluster is true. */
static void attested_nodes(void **state)
{
	static const uint8_t nonce[HSM_NONCE_LEN];
	struct cards *cs = *state;
	struct hsm_attestation st;
	struct msg *m = begin(HSM_CMD_ATTEST, 0);
	struct tlv t;

	add(m, HSM_TAG_NONCE, nonce, sizeof(nonce));
	assert_int_equal(send(&cs->card[0], ADMIN, m), 0);
	assert_true(reply_find(m, HSM_TAG_ATTESTATION, &t));
	assert_true(t.len >= sizeof(st));
	memcpy(&st, t.p, sizeof(st));
	assert_int_equal(st.nodes, cs->n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(card_alone, setup_users, teardown),
		cmocka_unit_test_setup_teardown(needs_no_login, setup_users, teardown),
		cmocka_unit_test_setup_teardown(room_for_all, setup_three_users, teardown_cards),
		cmocka_unit_test_setup_teardown(three_cards, setup_three_users, teardown_cards),
		cmocka_unit_test_setup_teardown(attested_nodes, setup_three_users, teardown_cards),
		cmocka_unit_test_setup_teardown(one_that_left, setup_three_users, teardown_cards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
