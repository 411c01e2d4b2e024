// SPDX-License-Identifier: GPL-2.0-or-later
/* test_policy.c - owner, sharer and others; who a key may be shared with. */
#include "fixture.h"
#include "fw_int.h"

#define CAROL	6	/* a third CU, and the context it uses */

static uint64_t shared_key(struct card *c, uint32_t with)
{
	struct msg *m = begin_aes("shared");

	add_u32(m, HSM_TAG_SHARE_USER, with);
	return made(c, ALICE, m);
}

static uint64_t shared_pair(struct card *c, uint32_t with)
{
	struct msg *m = begin_rsa("shared");

	add_u32(m, HSM_TAG_SHARE_USER, with);
	return made(c, ALICE, m);
}

static void login_carol(struct card *c)
{
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "carol", PASSWORD), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_ID), CAROL);
	assert_int_equal(login(c, NOBODY, HSM_USER_CU, "carol", PASSWORD), 0);
}

static void owner(void **state)
{
	uint64_t h = made(*state, ALICE, begin_aes("mine"));

	assert_int_equal(attrs(*state, ALICE, h, HSM_ATTR_ALL), 0);
	assert_int_equal(info(*state, ALICE, h), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_OWNER), ID_ALICE);
	assert_int_equal(found(*state, ALICE, begin_find()), 1);
	assert_int_equal(delete_key(*state, ALICE, h), 0);
	assert_int_equal(info(*state, ALICE, h), HSM_RV_BAD_HANDLE);
	assert_int_equal(delete_key(*state, ALICE, h), HSM_RV_BAD_HANDLE);
	assert_int_equal(bad_tag(last()), HSM_TAG_HANDLE);
}

static void other_user(void **state)
{
	uint64_t h = made(*state, ALICE, begin_aes("mine"));

	assert_int_equal(attrs(*state, BOB, h, HSM_ATTR_ALL), HSM_RV_BAD_HANDLE);
	assert_int_equal(info(*state, BOB, h), HSM_RV_BAD_HANDLE);
	assert_int_equal(delete_key(*state, BOB, h), HSM_RV_BAD_HANDLE);
	assert_int_equal(found(*state, BOB, begin_find()), 0);
	assert_int_equal(info(*state, ALICE, h), 0);
}

/* A handle that is not to be seen answers as one that never was, byte for byte. */
static void unseen_is_as_unknown(void **state)
{
	uint64_t h = made(*state, ALICE, begin_aes("mine"));
	uint8_t unknown[64];
	size_t len;

	delete_key(*state, BOB, 999);
	len = last()->req.out_len;
	memcpy(unknown, last()->out, len);
	delete_key(*state, BOB, h);
	assert_int_equal(last()->req.out_len, len);
	assert_memory_equal(last()->out, unknown, len);
}

static void sharer(void **state)
{
	uint64_t h = shared_key(*state, ID_BOB);

	assert_int_equal(attrs(*state, BOB, h, HSM_ATTR_ALL), 0);
	assert_int_equal(info(*state, BOB, h), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_OWNER), ID_ALICE);
	assert_int_equal(reply_u32(last(), HSM_TAG_SHARE_USER), ID_BOB);
	assert_int_equal(found(*state, BOB, begin_find()), 1);
	assert_int_equal(delete_key(*state, BOB, h), HSM_RV_ACCESS_DENIED);
	assert_int_equal(info(*state, ALICE, h), 0);
}

static void not_shared_with_third(void **state)
{
	uint64_t h = shared_key(*state, ID_BOB);

	login_carol(*state);
	assert_int_equal(info(*state, NOBODY, h), HSM_RV_BAD_HANDLE);
}

static void owner_in_two_contexts(void **state)
{
	uint64_t h = made(*state, ALICE, begin_aes("mine"));

	assert_int_equal(login(*state, NOBODY, HSM_USER_CU, "alice", PASSWORD), 0);
	assert_int_equal(info(*state, NOBODY, h), 0);
	assert_int_equal(delete_key(*state, NOBODY, h), 0);
	assert_int_equal(info(*state, ALICE, h), HSM_RV_BAD_HANDLE);
}

static void pair(void **state)
{
	uint64_t pub = shared_pair(*state, ID_BOB), priv = pub + 1;

	login_carol(*state);
	assert_int_equal(attrs(*state, NOBODY, pub, HSM_ATTR_ALL), 0);
	assert_int_equal(info(*state, NOBODY, pub), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_OWNER), ID_ALICE);
	assert_int_equal(reply_count(last(), HSM_TAG_SHARE_USER), 0);
	assert_int_equal(reply_count(last(), HSM_TAG_M_VALUE), 0);
	assert_int_equal(delete_key(*state, NOBODY, pub), HSM_RV_ACCESS_DENIED);
	assert_int_equal(info(*state, NOBODY, priv), HSM_RV_BAD_HANDLE);
	assert_int_equal(info(*state, BOB, priv), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_SHARE_USER), ID_BOB);
	assert_int_equal(delete_key(*state, BOB, priv), HSM_RV_ACCESS_DENIED);
	assert_int_equal(delete_key(*state, ALICE, pub), 0);
	assert_int_equal(info(*state, ALICE, priv), 0);
}

static void share_list(void **state)
{
	struct msg *m;
	struct tlv_reader r;
	struct tlv t;

	login_carol(*state);
	m = begin_aes("shared");
	add_u32(m, HSM_TAG_SHARE_USER, CAROL);
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	assert_int_equal(info(*state, ALICE, made(*state, ALICE, m)), 0);
	tlv_read_init(&r, last()->out + HEAD, last()->req.out_len - HEAD);
	assert_true(tlv_next_tag(&r, HSM_TAG_SHARE_USER, &t) && get_le32(t.p) == ID_BOB);
	assert_true(tlv_next_tag(&r, HSM_TAG_SHARE_USER, &t) && get_le32(t.p) == CAROL);
	assert_false(tlv_next_tag(&r, HSM_TAG_SHARE_USER, &t));
	assert_int_equal(reply_u32(last(), HSM_TAG_M_VALUE), 0);
	assert_int_equal(info(*state, NOBODY, 6), 0);
}

static void check_share(struct card *c, uint32_t id, uint32_t status)
{
	struct msg *m = begin_aes("shared");

	add_u32(m, HSM_TAG_SHARE_USER, id);
	assert_int_equal(send(c, ALICE, m), status);
	assert_int_equal(bad_tag(m), HSM_TAG_SHARE_USER);
	m = begin_rsa("shared");
	add_u32(m, HSM_TAG_SHARE_USER, id);
	assert_int_equal(send(c, ALICE, m), status);
	assert_int_equal(found(c, ALICE, begin_find()), 0);
}

static void share_with_wrong_user(void **state)
{
	check_share(*state, 0, HSM_RV_USER_UNKNOWN);
	check_share(*state, 77, HSM_RV_USER_UNKNOWN);
	check_share(*state, ID_ALICE, HSM_RV_SHARE_OWNER);
	check_share(*state, ID_ADMIN, HSM_RV_BAD_USER_TYPE);
	check_share(*state, ID_OFFICER, HSM_RV_BAD_USER_TYPE);
	check_share(*state, ID_AUDITOR, HSM_RV_BAD_USER_TYPE);
}

static void share_twice(void **state)
{
	struct msg *m = begin_aes("shared");

	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	assert_int_equal(send(*state, ALICE, m), HSM_RV_INVALID_INPUT);
	assert_int_equal(bad_tag(m), HSM_TAG_SHARE_USER);
}

static uint32_t with_quorum(struct card *c, uint32_t m_value, bool shared)
{
	struct msg *m = begin_aes("quorum");

	if (shared)
		add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u32(m, HSM_TAG_M_VALUE, m_value);
	return send(c, ALICE, m);
}

static void m_value(void **state)
{
	assert_int_equal(with_quorum(*state, 0, false), 0);
	assert_int_equal(with_quorum(*state, 1, false), HSM_RV_BAD_M_VALUE);
	assert_int_equal(with_quorum(*state, 3, true), HSM_RV_BAD_M_VALUE);
	assert_int_equal(bad_tag(last()), HSM_TAG_M_VALUE);
	assert_int_equal(with_quorum(*state, 9, true), HSM_RV_BAD_M_VALUE);
	assert_int_equal(found(*state, ALICE, begin_find()), 1);
	assert_int_equal(with_quorum(*state, 2, true), 0);
	assert_int_equal(info(*state, ALICE, reply_u64(last(), HSM_TAG_HANDLE)), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_M_VALUE), 2);
}

/* Role comes before values, values before what the card has not got. */
static void order_of_checks(void **state)
{
	struct msg *m = begin_sym(99, 32, "label");

	assert_int_equal(send(*state, ADMIN, m), HSM_RV_NOT_AUTHORIZED);
	m = begin_sym(99, 32, "label");
	assert_int_equal(send(*state, NOBODY, m), HSM_RV_NOT_LOGGED_IN);
	m = begin_sym(99, 32, "label");
	add_u32(m, HSM_TAG_MIN_SRV, 2);
	assert_int_equal(send(*state, ALICE, m), HSM_RV_BAD_ATTRIBUTE);
	m = begin_sym(99, 32, "");
	assert_int_equal(send(*state, NOBODY, m), HSM_RV_INVALID_INPUT);
}

static uint32_t with_number(struct card *c, uint32_t tag, uint32_t v)
{
	struct msg *m = begin_aes("label");

	add_u32(m, tag, v);
	return send(c, ALICE, m);
}

static void cluster_options(void **state)
{
	struct card *c = *state;
	struct msg *m;

	assert_int_equal(with_number(c, HSM_TAG_MIN_SRV, 0), HSM_RV_INVALID_INPUT);
	assert_int_equal(with_number(c, HSM_TAG_MIN_SRV, 2), HSM_RV_INVALID_INPUT);
	assert_int_equal(bad_tag(last()), HSM_TAG_MIN_SRV);
	assert_int_equal(with_number(c, HSM_TAG_TIMEOUT_S, 1), HSM_RV_INVALID_INPUT);
	assert_int_equal(bad_tag(last()), HSM_TAG_TIMEOUT_S);
	assert_int_equal(found(c, ALICE, begin_find()), 0);
	assert_int_equal(with_number(c, HSM_TAG_MIN_SRV, 1), 0);
	m = begin_aes("label");
	add_u32(m, HSM_TAG_MIN_SRV, 1);
	add_u32(m, HSM_TAG_TIMEOUT_S, 1);
	assert_int_equal(send(c, ALICE, m), 0);
}

static void booleans(void **state)
{
	struct msg *m = begin_aes("label");

	add_u8(m, HSM_ATTR_TOKEN, 2);
	assert_int_equal(send(*state, ALICE, m), HSM_RV_INVALID_INPUT);
	assert_int_equal(bad_tag(m), HSM_ATTR_TOKEN);
	m = begin_aes("label");
	add_u8(m, HSM_ATTR_EXTRACTABLE, 0xff);
	assert_int_equal(send(*state, ALICE, m), HSM_RV_INVALID_INPUT);
}

static int setup_fips(void **state)
{
	setup_users(state);
	((struct card *)*state)->fw->fips = true;
	return 0;
}

static void fips(void **state)
{
	struct card *c = *state;
	struct msg *m;

	assert_int_equal(send(c, ALICE, begin_sym(HSM_KEY_DES3, 24, "l")), HSM_RV_FIPS_VIOLATION);
	assert_int_equal(bad_tag(last()), HSM_ATTR_KEY_TYPE);
	assert_int_equal(send(c, ALICE, begin_sym(HSM_KEY_RC4, 16, "l")), HSM_RV_FIPS_VIOLATION);
	m = begin_rsa("l");
	put_le32(m->in + 36, 1024);
	assert_int_equal(send(c, ALICE, m), HSM_RV_FIPS_VIOLATION);
	assert_int_equal(bad_tag(m), HSM_ATTR_MODULUS_BITS);
	assert_int_equal(found(c, ALICE, begin_find()), 0);
	assert_int_equal(send(c, ALICE, begin_sym(HSM_KEY_AES, 16, "l")), 0);
	assert_int_equal(send(c, ALICE, begin_sym(HSM_KEY_GENERIC, 16, "l")), 0);
	assert_int_equal(send(c, ALICE, begin_rsa("l")), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		T(owner), T(other_user), T(unseen_is_as_unknown), T(sharer),
		T(not_shared_with_third), T(owner_in_two_contexts), T(pair), T(share_list),
		T(share_with_wrong_user), T(share_twice), T(m_value), T(order_of_checks),
		T(cluster_options), T(booleans),
		cmocka_unit_test_setup_teardown(fips, setup_fips, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
