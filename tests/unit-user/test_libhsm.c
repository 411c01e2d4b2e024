// SPDX-License-Identifier: GPL-2.0-or-later
/* test_libhsm.c - what the library sends, and what it reads from replies made by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <endian.h>
#include <errno.h>

#include "fake_card.h"

/* The bytes of a request, as hsm-firmware.rst lays them out. */
static void test_request_bytes(void **state)
{
	static const uint8_t want[] = {
		0x30, 0, 0, 0, 63, 0, 0, 0, 4, 3, 2, 1, 0, 0, 0, 0,
		3, 0, 0, 0, 3, 0, 0, 0, 'l', 'a', 'b',
		0x24, 0, 0, 0x80, 4, 0, 0, 0, 4, 0, 0, 0,
		0x24, 0, 0, 0x80, 4, 0, 0, 0, 5, 0, 0, 0,
		0x26, 0, 0, 0x80, 4, 0, 0, 0, 1, 0, 0, 0,
	};
	uint64_t handle;

	(void)state;
	rep_begin(HSM_CMD_KEY_GEN_SYM, 0);
	rep_u64(HSM_TAG_HANDLE, 0x1122334455667788);
	rep_node(0, 0);
	rep_end();
	assert_int_equal(gen_sym(&handle), 0);
	assert_true(handle == 0x1122334455667788);
	assert_int_equal(card.req_len, sizeof(want));
	assert_memory_equal(card.req, want, sizeof(want));
	assert_int_equal(res.n_nodes, 1);
	assert_int_equal(res.bad_tag, HSM_NO_TAG);
}

static void test_refusal(void **state)
{
	uint64_t handle = 1;

	(void)state;
	rep_begin(HSM_CMD_KEY_GEN_SYM, HSM_RV_NOT_AVAILABLE);
	rep_u32(HSM_TAG_BAD_TAG, HSM_TAG_M_VALUE);
	rep_node(3, HSM_RV_NOT_AVAILABLE);
	rep_node(1, 0);
	rep_end();
	assert_int_equal(gen_sym(&handle), HSM_RV_NOT_AVAILABLE);
	assert_int_equal(handle, 0);
	assert_int_equal(res.rc, HSM_RV_NOT_AVAILABLE);
	assert_int_equal(res.bad_tag, HSM_TAG_M_VALUE);
	assert_int_equal(res.n_nodes, 2);
	assert_int_equal(res.nodes[0].id, 3);
	assert_int_equal(res.nodes[0].status, HSM_RV_NOT_AVAILABLE);
	assert_int_equal(res.nodes[1].id, 1);
}

static void test_transport_error(void **state)
{
	(void)state;
	card.rc = -ENODEV;
	assert_int_equal(hsm_nop(h, &res), -ENODEV);
	assert_int_equal(res.rc, -ENODEV);
	assert_int_equal(res.n_nodes, 0);
	assert_int_equal(res.bad_tag, HSM_NO_TAG);
	assert_int_equal(hsm_nop(h, NULL), -ENODEV);
}

/* A tag that this library does not know is room for growth, not an error. */
static void test_unknown_tag(void **state)
{
	uint64_t handle;

	(void)state;
	rep_begin(HSM_CMD_KEY_GEN_SYM, 0);
	rep_u32(0x8fffffff, 1);
	rep_u64(HSM_TAG_HANDLE, 6);
	rep_end();
	assert_int_equal(gen_sym(&handle), 0);
	assert_int_equal(handle, 6);
}

static void test_arguments(void **state)
{
	static char big[HSM_MSG_MAX];
	const struct hsm_attr attr = { HSM_ATTR_LABEL, sizeof(big), big };
	const struct hsm_key_spec spec = { .attrs = &attr, .n_attrs = 1 };
	uint64_t handle;

	(void)state;
	assert_int_equal(hsm_random(h, big, 0, &res), -EINVAL);
	assert_int_equal(hsm_random(h, big, HSM_RANDOM_MAX + 1, &res), -EINVAL);
	assert_int_equal(hsm_key_gen_sym(h, 1, &spec, &handle, &res), -EMSGSIZE);
	assert_int_equal(card.calls, 0);
}

static void test_random_length(void **state)
{
	uint8_t buf[8];

	(void)state;
	rep_begin(HSM_CMD_RANDOM, 0);
	rep_tlv(HSM_TAG_DATA, "1234567", 7);
	rep_end();
	assert_int_equal(hsm_random(h, buf, 8, &res), -EPROTO);
	assert_int_equal(hsm_random(h, buf, 7, &res), 0);
	assert_memory_equal(buf, "1234567", 7);
}

/* A reply that does not fit the first room gets the room it needs, once. */
static void test_room_grows(void **state)
{
	struct hsm_key_info *info;

	(void)state;
	rep_begin(HSM_CMD_KEY_INFO, 0);
	rep_u32(HSM_TAG_OWNER, 3);
	for (uint32_t i = 0; i < 1000; i++)
		rep_u32(HSM_TAG_SHARE_USER, 4 + i);
	rep_end();
	assert_int_equal(hsm_key_info(h, 1, 6, &info, &res), 0);
	assert_int_equal(card.calls, 2);
	assert_int_equal(info->owner, 3);
	assert_int_equal(info->n_users, 1000);
	assert_int_equal(info->users[999], 1003);
	hsm_free(info);
}

/* A card that gives a total it never fills must not hold the caller for ever. */
static void test_find_ends(void **state)
{
	uint64_t wire[2] = { htole64(6), htole64(7) }, *handles;
	size_t n;

	(void)state;
	rep_begin(HSM_CMD_KEY_FIND, 0);
	rep_u32(HSM_TAG_TOTAL, 5);
	rep_tlv(HSM_TAG_HANDLES, wire, sizeof(wire));
	rep_end();
	assert_int_equal(hsm_key_find(h, 1, NULL, 0, NULL, 0, &handles, &n, &res), 0);
	assert_int_equal(card.calls, 3);
	assert_int_equal(n, 6);
	hsm_free(handles);

	card.calls = 0;
	rep_begin(HSM_CMD_KEY_FIND, 0);
	rep_u32(HSM_TAG_TOTAL, 5);
	rep_end();
	assert_int_equal(hsm_key_find(h, 1, NULL, 0, NULL, 0, &handles, &n, &res), 0);
	assert_int_equal(card.calls, 1);
	assert_int_equal(n, 0);
	assert_null(handles);
}

static void test_card_text_ends(void **state)
{
	uint8_t wire[sizeof(struct hsm_card_info)];
	struct hsm_card about;

	(void)state;
	memset(wire, 'A', sizeof(wire));
	rep_begin(HSM_CMD_CARD_INFO, 0);
	rep_tlv(HSM_TAG_CARD, wire, sizeof(wire));
	rep_end();
	assert_int_equal(hsm_card_info(h, &about, &res), 0);
	assert_int_equal(strlen(about.label), 31);
	assert_int_equal(strlen(about.build), 31);
	assert_int_equal(about.node_id, 0x41414141);
	assert_true(about.private_free == 0x4141414141414141);
}

static void test_login_name_bound(void **state)
{
	struct hsm_user user;

	(void)state;
	rep_begin(HSM_CMD_LOGIN_STATUS, 0);
	rep_tlv(HSM_TAG_USER_NAME, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 32);
	rep_end();
	assert_int_equal(hsm_login_status(h, 1, &user, &res), -EPROTO);
}

static void test_timeout_and_cancel(void **state)
{
	(void)state;
	rep_begin(HSM_CMD_NOP, 0);
	rep_end();
	assert_int_equal(hsm_nop(h, &res), 0);
	assert_int_equal(card.timeout_ms, 0);
	hsm_set_timeout(h, 1500);
	assert_int_equal(hsm_nop(h, &res), 0);
	assert_int_equal(card.timeout_ms, 1500);
	assert_int_equal(hsm_cancel(h), 0);
	assert_int_equal(card.cancels, 1);
}

static void test_texts(void **state)
{
	(void)state;
	assert_string_equal(hsm_status_text(0), "HSM Return: SUCCESS");
	assert_string_equal(hsm_status_text(0xc6), "HSM Error: Key Access is denied");
	assert_string_equal(hsm_strerror(0xdb), "HSM Error: Invalid User Type.");
	assert_string_equal(hsm_status_text(0x12345), "Unknown status");
	assert_true(hsm_status_known(0x30000085));
	assert_false(hsm_status_known(0x12345));
	assert_string_equal(hsm_strerror(-ENODEV), "No such device");
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, fake_setup, fake_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_request_bytes),
		TEST(test_refusal),
		TEST(test_transport_error),
		TEST(test_unknown_tag),
		TEST(test_arguments),
		TEST(test_random_length),
		TEST(test_room_grows),
		TEST(test_find_ends),
		TEST(test_card_text_ends),
		TEST(test_login_name_bound),
		TEST(test_timeout_and_cancel),
		TEST(test_texts),
	};

	return cmocka_run_group_tests_name("libhsm", tests, NULL, NULL);
}
