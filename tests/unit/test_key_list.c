// SPDX-License-Identifier: GPL-2.0-or-later
/* test_key_list.c - KEY_LIST: whose keys there are, and the hash that equal cards have. */
#include <openssl/sha.h>

#include "factor.h"
#include "fw_int.h"

static uint32_t list(struct card *c, uint32_t ctx, uint32_t id)
{
	struct msg *m = begin(HSM_CMD_KEY_LIST, FIRST_SESSION);

	add_u32(m, HSM_TAG_USER_ID, id);
	return send(c, ctx, m);
}

static struct msg *begin_hashed(uint32_t id)
{
	struct msg *m = begin(HSM_CMD_KEY_LIST, FIRST_SESSION);

	add_u32(m, HSM_TAG_USER_ID, id);
	add_u8(m, HSM_TAG_KEY_HASH, 1);
	return m;
}

/* The Nth reference of the last reply. */
static const uint8_t *ref(size_t n)
{
	const struct msg *m = last();
	struct tlv_reader r;
	struct tlv t;

	tlv_read_init(&r, m->out + HEAD, m->req.out_len - HEAD);
	do
		assert_true(tlv_next_tag(&r, HSM_TAG_KEY_REF, &t));
	while (n--);
	assert_int_equal(t.len, sizeof(struct hsm_key_ref));
	return t.p;
}

static void check_ref(size_t n, uint64_t handle, uint32_t flags, uint32_t owner)
{
	const uint8_t *p = ref(n);

	assert_int_equal(get_le64(p), handle);
	assert_int_equal(get_le32(p + 8), flags);
	assert_int_equal(get_le32(p + 12), owner);
}

static uint64_t shared_key(struct card *c)
{
	struct msg *m = begin_aes("shared");

	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	return made(c, ALICE, m);
}

static void whose(void **state)
{
	struct card *c = *state;
	uint64_t own = made(c, ALICE, begin_aes("own")), shared = shared_key(c);
	uint64_t pair = made(c, BOB, begin_rsa("pair"));
	struct msg *m = begin_aes("session");

	add_u8(m, HSM_ATTR_TOKEN, 0);
	made(c, ALICE, m);
	assert_int_equal(list(c, OFFICER, ID_ALICE), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_TOTAL), 2);
	assert_int_equal(reply_count(last(), HSM_TAG_KEY_REF), 2);
	check_ref(0, own, HSM_KEY_REF_OWNED, ID_ALICE);
	check_ref(1, shared, HSM_KEY_REF_OWNED | HSM_KEY_REF_SHARED, ID_ALICE);
	assert_int_equal(list(c, ADMIN, ID_BOB), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_TOTAL), 3);
	check_ref(0, shared, HSM_KEY_REF_SHARED, ID_ALICE);
	check_ref(1, pair, HSM_KEY_REF_OWNED, ID_BOB);
	check_ref(2, pair + 1, HSM_KEY_REF_OWNED, ID_BOB);
	assert_int_equal(list(c, AUDITOR, 0), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_TOTAL), 4);
	check_ref(1, shared, HSM_KEY_REF_SHARED, ID_ALICE);
	assert_int_equal(list(c, AUDITOR, ID_OFFICER), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_TOTAL), 0);
	assert_int_equal(list(c, AUDITOR, 77), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_TOTAL), 0);
	assert_int_equal(reply_count(last(), HSM_TAG_KEY_HASH), 0);
	assert_int_equal(list(c, ALICE, ID_ALICE), HSM_RV_NOT_AUTHORIZED);
}

/* Keys shared with one who is gone are nobody's but their owner's. */
static void one_who_is_gone(void **state)
{
	struct card *c = *state;

	shared_key(c);
	assert_int_equal(logout(c, BOB), 0);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CU, "bob"), 0);
	assert_int_equal(list(c, OFFICER, ID_BOB), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_TOTAL), 0);
}

/* In a small reply there is one at a time. */
static void pages(void **state)
{
	struct card *c = *state;
	struct msg *m;
	int i;

	for (i = 0; i < 3; i++)
		made(c, ALICE, begin_aes("key"));
	for (i = 0; i < 4; i++) {
		m = begin_hashed(ID_ALICE);
		add_u32(m, HSM_TAG_START, (uint32_t)i);
		m->room = 108;
		assert_int_equal(send(c, OFFICER, m), 0);
		assert_int_equal(reply_u32(m, HSM_TAG_TOTAL), 3);
		assert_int_equal(reply_count(m, HSM_TAG_KEY_REF), i < 3);
		assert_int_equal(reply_count(m, HSM_TAG_KEY_HASH), 1);
		if (i < 3)
			check_ref(0, 6 + (uint64_t)i, HSM_KEY_REF_OWNED, ID_ALICE);
	}
}

static void in_flight(void **state)
{
	struct card *c = *state;
	struct msg *m = malloc(sizeof(*m));

	assert_non_null(m);
	memcpy(m, begin_aes("late"), sizeof(*m));
	c->gate->hold = true;
	exec_begin(c, ALICE, m);
	assert_int_equal(list(c, OFFICER, 0), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_TOTAL), 0);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(m), 0);
	assert_int_equal(list(c, OFFICER, 0), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_TOTAL), 1);
}

static void get_hash(struct card *c, uint32_t id, uint8_t hash[HSM_DIGEST_LEN])
{
	struct tlv t;

	assert_int_equal(send(c, AUDITOR, begin_hashed(id)), 0);
	assert_true(reply_find(last(), HSM_TAG_KEY_HASH, &t));
	assert_int_equal(t.len, HSM_DIGEST_LEN);
	memcpy(hash, t.p, t.len);
}

static uint8_t *put(uint8_t *p, uint32_t v)
{
	put_le32(p, v);
	return p + 4;
}

static uint8_t *put_user(uint8_t *p, uint32_t id, uint32_t type, const char *name)
{
	p = put(put(p, id), type);
	memset(p, 0, 32);
	memcpy(p, name, strlen(name));
	return p + 32;
}

/* As hsm-firmware.rst says it is made. */
static void hash_is_as_documented(void **state)
{
	struct card *c = *state;
	uint8_t text[1024], want[HSM_DIGEST_LEN], got[HSM_DIGEST_LEN], *p = text;
	uint64_t own = made(c, ALICE, begin_aes("own")), shared = shared_key(c);

	p = put(p, 5);
	p = put_user(p, 1, HSM_USER_PCO, "admin");
	p = put_user(p, 2, HSM_USER_AU, "app_user");
	p = put_user(p, 3, HSM_USER_CU, "alice");
	p = put_user(p, 4, HSM_USER_CU, "bob");
	p = put_user(p, 5, HSM_USER_CO, "officer");
	p = put(put(put(put(put(p, (uint32_t)own), 0), ID_ALICE), 0), 0);
	p = put(put(put(put(put(p, (uint32_t)shared), 0), ID_ALICE), 0), 1);
	p = put(p, ID_BOB);
	SHA256(text, (size_t)(p - text), want);
	get_hash(c, 0, got);
	assert_memory_equal(got, want, sizeof(want));
	get_hash(c, ID_BOB, got);
	assert_memory_equal(got, want, sizeof(want));
	assert_int_equal(send(c, AUDITOR, begin_hashed(ID_OFFICER)), 0);
	assert_int_equal(reply_count(last(), HSM_TAG_KEY_HASH), 0);
}

/* Users, keys, shares: whatever of them changes is seen; what is none of them is not. */
static void hash_moves(void **state)
{
	struct card *c = *state;
	uint8_t old[HSM_DIGEST_LEN], now[HSM_DIGEST_LEN];
	struct msg *m;
	uint64_t h;

	get_hash(c, 0, old);
	h = made(c, ALICE, begin_aes("key"));
	get_hash(c, 0, now);
	assert_memory_not_equal(now, old, sizeof(now));
	memcpy(old, now, sizeof(old));
	m = begin(HSM_CMD_KEY_SHARE, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, h);
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u8(m, HSM_TAG_SHARE, 1);
	assert_int_equal(send(c, ALICE, m), 0);
	get_hash(c, 0, now);
	assert_memory_not_equal(now, old, sizeof(now));
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "carol", PASSWORD), 0);
	get_hash(c, 0, old);
	assert_memory_not_equal(now, old, sizeof(now));
	assert_int_equal(login(c, NOBODY, HSM_USER_CU, "carol", "wrong_1"), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(user_password(c, ADMIN, HSM_USER_CU, "carol", "another_1"), 0);
	get_hash(c, 0, now);
	assert_memory_equal(now, old, sizeof(now));
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CU, "carol"), 0);
	get_hash(c, 0, now);
	assert_memory_not_equal(now, old, sizeof(now));
	memcpy(old, now, sizeof(old));
	assert_int_equal(delete_key(c, ALICE, h), 0);
	get_hash(c, 0, now);
	assert_memory_not_equal(now, old, sizeof(now));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		T(whose), T(one_who_is_gone), T(pages), T(in_flight), T(hash_is_as_documented), T(hash_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
