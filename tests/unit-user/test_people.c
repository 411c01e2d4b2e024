// SPDX-License-Identifier: GPL-2.0-or-later
/* test_people.c - libhsm's calls about users, shares and quorum: requests and replies. */
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

#define S	0x01020304u

static void check_bytes(uint32_t tag, const void *want, size_t want_len)
{
	const uint8_t *p;
	size_t len;

	p = req_tlv(tag, &len);
	assert_non_null(p);
	assert_int_equal(len, want_len);
	assert_memory_equal(p, want, len);
}

static void check_none(uint32_t tag)
{
	size_t len;

	assert_null(req_tlv(tag, &len));
}

static void answer_ok(uint16_t opcode)
{
	rep_begin(opcode, 0);
	rep_end();
}

static void test_second_factor(void **state)
{
	const struct hsm_factor factor = { "key", 3, "sig", 3 }, login = { NULL, 0, "s", 1 };
	uint32_t id;

	(void)state;
	rep_begin(HSM_CMD_USER_CREATE, 0);
	rep_u32(HSM_TAG_USER_ID, 9);
	rep_end();
	assert_int_equal(hsm_user_create_2fa(h, S, HSM_USER_CO, "eve", "pw", 2, &factor, &id, &res),
			 0);
	assert_int_equal(id, 9);
	check_bytes(HSM_TAG_PUBLIC_KEY, "key", 3);
	check_bytes(HSM_TAG_SIGNATURE, "sig", 3);
	assert_int_equal(hsm_user_create(h, S, HSM_USER_CO, "eve", "pw", 2, &id, &res), 0);
	check_none(HSM_TAG_PUBLIC_KEY);
	check_none(HSM_TAG_SIGNATURE);
	answer_ok(HSM_CMD_LOGIN);
	assert_int_equal(hsm_login_2fa(h, S, HSM_USER_CO, "eve", "pw", 2, &login, &res), 0);
	check_none(HSM_TAG_PUBLIC_KEY);
	check_bytes(HSM_TAG_SIGNATURE, "s", 1);
	answer_ok(HSM_CMD_USER_PASSWORD);
	assert_int_equal(hsm_user_password_2fa(h, S, HSM_USER_CO, "eve", "pw", 2, &factor, &res),
			 0);
	check_bytes(HSM_TAG_PASSWORD, "pw", 2);
	check_bytes(HSM_TAG_PUBLIC_KEY, "key", 3);
}

static void test_challenge(void **state)
{
	uint8_t want[HSM_NONCE_LEN + 1] = "01234567890123456789012345678901", got[HSM_NONCE_LEN];

	(void)state;
	rep_begin(HSM_CMD_CHALLENGE, 0);
	rep_tlv(HSM_TAG_DATA, want, HSM_NONCE_LEN);
	rep_end();
	assert_int_equal(hsm_challenge(h, S, got, &res), 0);
	assert_memory_equal(got, want, HSM_NONCE_LEN);
	rep_begin(HSM_CMD_CHALLENGE, 0);
	rep_tlv(HSM_TAG_DATA, want, HSM_NONCE_LEN - 1);
	rep_end();
	assert_int_equal(hsm_challenge(h, S, got, &res), -EPROTO);
}

static void test_users(void **state)
{
	const struct hsm_registration reg = { "token", 5, "signed", 6, "spki", 4 };
	struct hsm_bytes masked;

	(void)state;
	answer_ok(HSM_CMD_USER_DELETE);
	assert_int_equal(hsm_user_delete(h, S, HSM_USER_CU, "eve", &res), 0);
	assert_int_equal(req_u32(HSM_TAG_USER_TYPE), HSM_USER_CU);
	check_bytes(HSM_TAG_USER_NAME, "eve", 3);
	answer_ok(HSM_CMD_USER_REGISTER);
	assert_int_equal(hsm_user_register(h, S, HSM_USER_CO, "eve", &reg, &res), 0);
	check_bytes(HSM_TAG_DATA, "token", 5);
	check_bytes(HSM_TAG_SIGNATURE, "signed", 6);
	check_bytes(HSM_TAG_PUBLIC_KEY, "spki", 4);
	rep_begin(HSM_CMD_USER_MASK, 0);
	rep_tlv(HSM_TAG_DATA, "masked", 6);
	rep_end();
	assert_int_equal(hsm_user_mask(h, S, 7, &masked, &res), 0);
	assert_int_equal(req_u32(HSM_TAG_USER_ID), 7);
	assert_int_equal(masked.len, 6);
	answer_ok(HSM_CMD_USER_UNMASK);
	assert_int_equal(hsm_user_unmask(h, S, masked.p, masked.len, &res), 0);
	check_bytes(HSM_TAG_DATA, "masked", 6);
	hsm_bytes_clear(&masked);
	answer_ok(HSM_CMD_ZEROIZE);
	assert_int_equal(hsm_zeroize(h, S, &res), 0);
	assert_int_equal(req_opcode(), HSM_CMD_ZEROIZE);
}

static void test_share(void **state)
{
	const uint32_t users[] = { 4 };

	(void)state;
	answer_ok(HSM_CMD_KEY_SHARE);
	assert_int_equal(hsm_key_share(h, S, 6, users, 1, true, &res), 0);
	assert_int_equal(req_u32(HSM_TAG_SHARE_USER), 4);
	check_bytes(HSM_TAG_SHARE, "\1", 1);
	assert_int_equal(hsm_key_share(h, S, 6, users, 1, false, &res), 0);
	check_bytes(HSM_TAG_SHARE, "\0", 1);
	assert_int_equal(hsm_key_share(h, S, 6, users, 0, true, &res), -EINVAL);
	assert_int_equal(card.calls, 2);
}

#define TOTAL	5u	/* keys or tokens that the card says it has */

/* Pages of two, until there are none: the answer to KEY_LIST and TOKEN_LIST. */
static void answer_page(void)
{
	const bool keys = req_opcode() == HSM_CMD_KEY_LIST;
	struct hsm_token_info info = { .token = { .user_name = "eve" }, .approvals = htole32(1) };
	struct hsm_key_ref ref = { .flags = htole32(HSM_KEY_REF_OWNED), .owner = htole32(3) };
	size_t len;
	uint32_t at = req_tlv(HSM_TAG_START, &len) ? req_u32(HSM_TAG_START) : 0;

	rep_begin(req_opcode(), 0);
	rep_u32(HSM_TAG_TOTAL, TOTAL);
	for (uint32_t i = at; i < at + 2 && i < TOTAL; i++) {
		ref.handle = htole64(100 + i);
		info.token.id = htole32(100 + i);
		memset(info.approver, 'x', sizeof(info.approver));
		if (keys)
			rep_tlv(HSM_TAG_KEY_REF, &ref, sizeof(ref));
		else
			rep_tlv(HSM_TAG_TOKEN_INFO, &info, sizeof(info));
	}
	if (req_tlv(HSM_TAG_KEY_HASH, &len)) {
		assert_int_equal(at, 0);
		rep_tlv(HSM_TAG_KEY_HASH, "hash of the keys, of 32 bytes...", HSM_DIGEST_LEN);
	}
	rep_end();
}

static void test_key_list(void **state)
{
	uint8_t hash[HSM_DIGEST_LEN];
	struct hsm_key_ref_info *keys;
	bool hashed;
	size_t n;

	(void)state;
	card.answer = answer_page;
	assert_int_equal(hsm_key_list(h, S, 3, &keys, &n, hash, &hashed, &res), 0);
	assert_int_equal(card.calls, 3);
	assert_int_equal(n, TOTAL);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(keys[i].handle, 100 + i);
	assert_int_equal(keys[0].flags, HSM_KEY_REF_OWNED);
	assert_int_equal(keys[0].owner, 3);
	assert_true(hashed);
	assert_memory_equal(hash, "hash of the keys, of 32 bytes...", HSM_DIGEST_LEN);
	hsm_free(keys);
	assert_int_equal(hsm_key_list(h, S, 3, &keys, &n, NULL, &hashed, &res), 0);
	assert_false(hashed);
	hsm_free(keys);
}

/* Names that the card does not terminate end where the field does. */
static void test_token_list(void **state)
{
	struct hsm_quorum *tokens;
	size_t n;

	(void)state;
	card.answer = answer_page;
	assert_int_equal(hsm_token_list(h, S, &tokens, &n, &res), 0);
	assert_int_equal(n, TOTAL);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(tokens[i].id, 100 + i);
	assert_string_equal(tokens[4].user_name, "eve");
	assert_int_equal(tokens[4].approvals, 1);
	assert_int_equal(strlen(tokens[4].approver[0]), HSM_NAME_MAX);
	hsm_free(tokens);
}

/* A card that never fills its total must not hold the caller for ever. */
static void test_list_ends(void **state)
{
	struct hsm_key_ref_info *keys;
	struct hsm_quorum *tokens;
	size_t n;

	(void)state;
	rep_begin(HSM_CMD_KEY_LIST, 0);
	rep_u32(HSM_TAG_TOTAL, 7);
	rep_end();
	assert_int_equal(hsm_key_list(h, S, 0, &keys, &n, NULL, NULL, &res), 0);
	assert_int_equal(n, 0);
	assert_null(keys);
	rep_begin(HSM_CMD_TOKEN_LIST, 0);
	rep_u32(HSM_TAG_TOTAL, 7);
	rep_end();
	assert_int_equal(hsm_token_list(h, S, &tokens, &n, &res), 0);
	assert_int_equal(n, 0);
	assert_null(tokens);
	assert_int_equal(card.calls, 2);
}

/* Nor one that always has another token. */
static void answer_for_ever(void)
{
	struct hsm_token_info info = { .approvals = 0 };

	rep_begin(HSM_CMD_TOKEN_LIST, 0);
	rep_u32(HSM_TAG_TOTAL, UINT32_MAX);
	for (int i = 0; i < 64; i++)
		rep_tlv(HSM_TAG_TOKEN_INFO, &info, sizeof(info));
	rep_end();
}

static void test_list_is_endless(void **state)
{
	struct hsm_quorum *tokens;
	size_t n;

	(void)state;
	card.answer = answer_for_ever;
	assert_int_equal(hsm_token_list(h, S, &tokens, &n, &res), -EPROTO);
	assert_null(tokens);
	assert_true(card.calls <= HSM_TOKENS_MAX / 64 + 2);	/* one more, for more room */
}

/* No records, but a head that vouches for five. */
static void answer_log(void)
{
	const struct hsm_audit_head head = { .next = htole64(5) };

	rep_begin(req_opcode(), 0);
	if (req_opcode() == HSM_CMD_AUDIT_HEAD) {
		rep_tlv(HSM_TAG_AUDIT_HEAD, &head, sizeof(head));
		rep_tlv(HSM_TAG_SIGNATURE, "signed", 6);
	}
	rep_end();
}

static void test_log_is_short(void **state)
{
	const uint8_t nonce[HSM_NONCE_LEN] = { 1 };
	struct hsm_bytes file;

	(void)state;
	card.answer = answer_log;
	assert_int_equal(hsm_audit_export(h, S, nonce, &file, &res), -EPROTO);
	assert_int_equal(res.rc, -EPROTO);	/* what the tools print */
	assert_null(file.p);
}

static void test_token(void **state)
{
	const struct hsm_token wire = {
		.service = htole16(2), .id = htole32(7), .node = htole32(1), .handle = htole64(9),
		.user = htole32(3), .m_value = htole32(2), .user_name = "eve", .serial = "S1",
	};
	struct hsm_token token;
	struct hsm_quorum q;

	(void)state;
	rep_begin(HSM_CMD_TOKEN_NEW, 0);
	rep_tlv(HSM_TAG_TOKEN, &wire, sizeof(wire));
	rep_end();
	assert_int_equal(hsm_token_new(h, S, 2, 9, &token, &res), 0);
	assert_memory_equal(&token, &wire, sizeof(wire));
	assert_int_equal(req_u32(HSM_TAG_SERVICE), 2);
	hsm_token_read(&token, &q);
	assert_int_equal(q.service, 2);
	assert_int_equal(q.id, 7);
	assert_int_equal(q.node, 1);
	assert_int_equal(q.handle, 9);
	assert_int_equal(q.user, 3);
	assert_int_equal(q.m_value, 2);
	assert_string_equal(q.user_name, "eve");
	assert_string_equal(q.serial, "S1");
	assert_int_equal(hsm_token_new(h, S, 3, 0, &token, &res), 0);
	check_none(HSM_TAG_HANDLE);
	rep_begin(HSM_CMD_TOKEN_NEW, 0);
	rep_tlv(HSM_TAG_TOKEN, &wire, sizeof(wire) - 1);
	rep_end();
	assert_int_equal(hsm_token_new(h, S, 3, 0, &token, &res), -EPROTO);
}

static void test_approve(void **state)
{
	uint8_t signature[HSM_QUORUM_RSA_BITS / 8 + 1] = { 1, 2, 3 };
	struct hsm_approver a = { HSM_USER_CU, "eve", signature, sizeof(signature) - 1 };
	struct hsm_approval wire;
	const uint8_t *p;
	size_t len;

	(void)state;
	answer_ok(HSM_CMD_TOKEN_APPROVE);
	assert_int_equal(hsm_token_approve(h, S, "file", 4, &a, 1, &res), 0);
	check_bytes(HSM_TAG_DATA, "file", 4);
	p = req_tlv(HSM_TAG_APPROVAL, &len);
	assert_int_equal(len, sizeof(wire));
	memcpy(&wire, p, sizeof(wire));
	assert_int_equal(le32toh(wire.type), HSM_USER_CU);
	assert_int_equal(le32toh(wire.len), sizeof(wire.signature));
	assert_string_equal((char *)wire.name, "eve");
	assert_memory_equal(wire.signature, signature, sizeof(wire.signature));
	assert_int_equal(hsm_token_approve(h, S, "file", 0, &a, 1, &res), -EINVAL);
	assert_int_equal(hsm_token_approve(h, S, "file", 4, &a, 0, &res), -EINVAL);
	a.signature_len++;
	assert_int_equal(hsm_token_approve(h, S, "file", 4, &a, 1, &res), -EINVAL);
	a.signature_len--;
	a.name = "a_name_of_32_characters_is_long_";
	assert_int_equal(hsm_token_approve(h, S, "file", 4, &a, 1, &res), -EINVAL);
	assert_int_equal(card.calls, 1);
}

static void test_numbers(void **state)
{
	uint32_t m_value;

	(void)state;
	rep_begin(HSM_CMD_M_VALUE_GET, 0);
	rep_u32(HSM_TAG_M_VALUE, 2);
	rep_end();
	assert_int_equal(hsm_m_value_get(h, S, 3, &m_value, &res), 0);
	assert_int_equal(m_value, 2);
	answer_ok(HSM_CMD_M_VALUE_GET);
	assert_int_equal(hsm_m_value_get(h, S, 3, &m_value, &res), -EPROTO);
	answer_ok(HSM_CMD_M_VALUE_SET);
	assert_int_equal(hsm_m_value_set(h, S, 4, 3, &res), 0);
	assert_int_equal(req_u32(HSM_TAG_SERVICE), 4);
	assert_int_equal(req_u32(HSM_TAG_M_VALUE), 3);
	answer_ok(HSM_CMD_TOKEN_DELETE);
	assert_int_equal(hsm_token_delete(h, S, 7, &res), 0);
	assert_int_equal(req_u32(HSM_TAG_TOKEN_ID), 7);
	assert_int_equal(hsm_token_delete(h, S, HSM_TOKEN_ALL, &res), 0);
	check_none(HSM_TAG_TOKEN_ID);
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, fake_setup, fake_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_second_factor),
		TEST(test_challenge),
		TEST(test_users),
		TEST(test_share),
		TEST(test_key_list),
		TEST(test_token_list),
		TEST(test_list_ends),
		TEST(test_list_is_endless),
		TEST(test_log_is_short),
		TEST(test_token),
		TEST(test_approve),
		TEST(test_numbers),
	};

	return cmocka_run_group_tests_name("people", tests, NULL, NULL);
}
