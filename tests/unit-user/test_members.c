// SPDX-License-Identifier: GPL-2.0-or-later
/* test_members.c - clusters as libhsm reads them: members, node lists, waits, lost cards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>

#include "fake_card.h"

static struct hsm_membership m;

static void rep_cluster(uint32_t members)
{
	struct hsm_cluster_info info = {
		.id = { 1, 2, 3 },
		.mode = htole32(HSM_CLUSTER_GROUP),
		.state = htole32(HSM_MEMBERSHIP_ONLINE),
		.position = htole64(0x100000001),
		.members = htole32(members),
		.live = htole32(members),
	};

	memset(info.reason, 'r', sizeof(info.reason));
	rep_begin(HSM_CMD_CLUSTER_INFO, 0);
	rep_tlv(HSM_TAG_CLUSTER, &info, sizeof(info));
}

static void rep_member(uint32_t node, const char *address)
{
	struct hsm_member one = {
		.node = htole32(node), .status = htole32(HSM_RV_STORE_FAILED),
		.position = htole64(7), .flags = htole32(HSM_MEMBER_F_LIVE),
	};

	memset(one.serial, 's', sizeof(one.serial));
	memcpy(one.address, address, strlen(address));
	rep_tlv(HSM_TAG_MEMBER, &one, sizeof(one));
}

static void test_info(void **state)
{
	(void)state;
	rep_cluster(2);
	rep_member(5, "10.0.0.1\n\x1b[2J");
	rep_member(1, "");
	rep_end();
	assert_int_equal(hsm_cluster_info(h, &m, &res), 0);
	assert_int_equal(req_opcode(), HSM_CMD_CLUSTER_INFO);
	assert_int_equal(m.id[2], 3);
	assert_int_equal(m.mode, HSM_CLUSTER_GROUP);
	assert_int_equal(m.state, HSM_MEMBERSHIP_ONLINE);
	assert_true(m.position == 0x100000001);
	assert_int_equal(m.known, 2);
	assert_int_equal(strlen(m.reason), 127);
	assert_int_equal(m.n, 2);
	assert_int_equal(m.members[0].node, 5);
	assert_int_equal(m.members[0].status, HSM_RV_STORE_FAILED);
	assert_true(m.members[0].position == 7);
	assert_int_equal(strlen(m.members[0].serial), 31);
	/* what another operator wrote draws nothing on this one's terminal */
	assert_string_equal(m.members[0].address, "10.0.0.1??[2J");
	assert_string_equal(m.members[1].address, "");
}

static void reply_of(uint32_t members, bool twice)
{
	rep_cluster(members);
	for (uint32_t i = 0; i < members; i++)
		rep_member(twice ? 0 : i, "");
	rep_end();
}

/* As many as the ABI allows, and no more, and none twice; errors leave nothing behind. */
static void test_bounds(void **state)
{
	static const struct hsm_membership none;

	(void)state;
	reply_of(HSM_MEMBERS_MAX, false);
	assert_int_equal(hsm_cluster_info(h, &m, &res), 0);
	assert_int_equal(m.n, HSM_MEMBERS_MAX);
	reply_of(HSM_MEMBERS_MAX + 1, false);
	assert_int_equal(hsm_cluster_info(h, &m, &res), -EPROTO);
	assert_memory_equal(&m, &none, sizeof(m));
	reply_of(2, true);
	assert_int_equal(hsm_cluster_info(h, &m, &res), -EPROTO);
	rep_begin(HSM_CMD_CLUSTER_INFO, 0);
	rep_member(1, "");
	rep_end();
	assert_int_equal(hsm_cluster_info(h, &m, NULL), -EPROTO);
	assert_memory_equal(&m, &none, sizeof(m));
}

static void test_same_cluster(void **state)
{
	struct hsm_membership a = { 0 }, b = { 0 };

	(void)state;
	assert_false(hsm_same_cluster(&a, &b));
	a.id[15] = b.id[15] = 1;
	assert_true(hsm_same_cluster(&a, &b));
	b.id[0] = 1;
	assert_false(hsm_same_cluster(&a, &b));
}

/* A refusal brings its nodes, too: each with its own status, all 64 of them. */
static void test_nodes(void **state)
{
	uint64_t handle;

	(void)state;
	rep_begin(HSM_CMD_KEY_GEN_SYM, HSM_RV_CLUSTER_INCOMPLETE);
	for (uint32_t i = 0; i < HSM_MEMBERS_MAX; i++)
		rep_node(i, i % 2 ? HSM_RV_CLUSTER_UNAVAILABLE : 0);
	rep_end();
	assert_int_equal(gen_sym(&handle), HSM_RV_CLUSTER_INCOMPLETE);
	assert_int_equal(res.n_nodes, HSM_MEMBERS_MAX);
	assert_int_equal(res.nodes[62].status, 0);
	assert_int_equal(res.nodes[63].id, 63);
	assert_int_equal(res.nodes[63].status, HSM_RV_CLUSTER_UNAVAILABLE);
}

static uint32_t patience(uint32_t min_srv, uint32_t timeout_s, uint32_t own_ms)
{
	const struct hsm_key_spec spec = { .min_srv = min_srv, .timeout_s = timeout_s };
	uint64_t handle;

	hsm_set_timeout(h, own_ms);
	hsm_key_gen_sym(h, 1, &spec, &handle, &res);
	return card.timeout_ms;
}

/* The driver must not give up before the card has: without -timeout never, as good as. */
static void test_patience(void **state)
{
	(void)state;
	assert_int_equal(patience(0, 0, 0), 0);
	assert_int_equal(patience(1, 5, 0), 0);
	assert_int_equal(patience(1, 0, 1234), 1234);
	assert_int_equal(patience(2, 0, 1234), INT_MAX);
	assert_int_equal(patience(2, 10, 0), 130000);
	assert_int_equal(patience(2, 10, 200000), 200000);
	assert_int_equal(patience(2, UINT32_MAX, 0), INT_MAX);
}

static void test_restore(void **state)
{
	size_t len = 0;

	(void)state;
	rep_begin(HSM_CMD_KEY_UNMASK, 0);
	rep_u64(HSM_TAG_HANDLE, 6);
	rep_end();
	assert_int_equal(hsm_key_restore(h, 1, "masked", 6, 6, &res), 0);
	assert_int_equal(req_opcode(), HSM_CMD_KEY_UNMASK);
	assert_memory_equal(req_tlv(HSM_TAG_DATA, &len), "masked", 6);
	assert_memory_equal(req_tlv(HSM_TAG_HANDLE, &len), "\6\0\0\0\0\0\0\0", 8);
	assert_int_equal(hsm_key_restore(h, 1, "masked", 6, 7, &res), -EPROTO);
	assert_int_equal(res.rc, -EPROTO);
	assert_int_equal(hsm_key_restore(h, 1, "masked", 6, 7, NULL), -EPROTO);
}

static void test_lost(void **state)
{
	static const int others[] = { -ETIMEDOUT, -ECANCELED, -EIO, -EINTR };

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		card.rc = others[i];
		hsm_nop(h, &res);
		assert_false(hsm_lost(h));
	}
	card.rc = -ENODEV;
	hsm_nop(h, &res);
	assert_true(hsm_lost(h));
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, fake_setup, fake_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_info),
		TEST(test_bounds),
		TEST(test_same_cluster),
		TEST(test_nodes),
		TEST(test_patience),
		TEST(test_restore),
		TEST(test_lost),
	};

	return cmocka_run_group_tests_name("members", tests, NULL, NULL);
}
