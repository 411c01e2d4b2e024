// SPDX-License-Identifier: GPL-2.0-or-later
/* test_key_quorum.c - keys with an m value: every use and every change needs a token. */
#include <errno.h>

#include "approving.h"
#include "dump.h"

#define USE	HSM_SERVICE_KEY_USE
#define MGMT	HSM_SERVICE_KEY_MGMT

static struct blob file, data, wrapped, bare, point, mac;

/* What the requests of the table are about. */
struct keys {
	uint64_t quorum;	/* AES of ALICE, shared with BOB, 2 of 2 */
	uint64_t plain;		/* AES without quorum */
	uint64_t generic;	/* quorum, for MACs */
};

static struct msg *crypt(uint16_t opcode, uint32_t use, uint32_t mech, uint64_t key)
{
	struct msg *m = begin_crypt(opcode, use, mech, key);

	if (opcode == HSM_CMD_CRYPT)
		add_blob(m, HSM_TAG_DATA, &data);
	return m;
}

static struct msg *encrypt(const struct keys *k)
{
	return crypt(HSM_CMD_CRYPT, HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, k->quorum);
}

static struct msg *decrypt(const struct keys *k)
{
	return crypt(HSM_CMD_CRYPT, HSM_USE_DECRYPT, HSM_CKM_AES_ECB, k->quorum);
}

static struct msg *sign(const struct keys *k)
{
	return crypt(HSM_CMD_CRYPT, HSM_USE_SIGN, HSM_CKM_SHA256_HMAC, k->generic);
}

static struct msg *verify(const struct keys *k)
{
	struct msg *m = crypt(HSM_CMD_CRYPT, HSM_USE_VERIFY, HSM_CKM_SHA256_HMAC, k->generic);

	add_blob(m, HSM_TAG_SIGNATURE, &mac);
	return m;
}

static struct msg *init(const struct keys *k)
{
	return crypt(HSM_CMD_CRYPT_INIT, HSM_USE_SIGN, HSM_CKM_SHA256_HMAC, k->generic);
}

static struct msg *wrap_it(const struct keys *k)
{
	return begin_wrap(k->quorum, k->plain, HSM_WRAP_AES_PKCS5);
}

static struct msg *wrap_with_it(const struct keys *k)
{
	return begin_wrap(k->plain, k->quorum, HSM_WRAP_AES_PKCS5);
}

static struct msg *unwrap_with_it(const struct keys *k)
{
	return begin_unwrap(k->quorum, HSM_WRAP_AES_PKCS5, &wrapped);
}

/* For the host, whose point may as well be the card's. */
static struct msg *unwrap_for_the_host(const struct keys *k)
{
	struct msg *m = begin(HSM_CMD_HOST_UNWRAP, FIRST_SESSION);

	add_u64(m, HSM_TAG_WRAP_HANDLE, k->quorum);
	add_u32(m, HSM_TAG_WRAP_MECHANISM, HSM_WRAP_AES_PKCS5);
	add_blob(m, HSM_TAG_POINT, &point);
	add_blob(m, HSM_TAG_DATA, &bare);
	return m;
}

/* Not a good envelope: that is looked at after the key. */
static struct msg *wrap_for_the_host(const struct keys *k)
{
	struct msg *m = unwrap_for_the_host(k);

	put_le16(m->in, HSM_CMD_HOST_WRAP);
	return m;
}

static struct msg *unwrap_session_key(const struct keys *k)
{
	struct msg *m = unwrap_with_it(k);

	add_u8(m, HSM_ATTR_TOKEN, 0);
	return m;
}

static struct msg *rename_it(const struct keys *k)
{
	struct msg *m = begin(HSM_CMD_KEY_SET_ATTRS, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, k->quorum);
	add_text(m, HSM_ATTR_LABEL, "renamed");
	return m;
}

/* Nothing changes, but it is a change. */
static struct msg *rename_as_it_is(const struct keys *k)
{
	struct msg *m = begin(HSM_CMD_KEY_SET_ATTRS, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, k->quorum);
	add_u8(m, HSM_ATTR_TOKEN, 1);
	return m;
}

static struct msg *share_it(const struct keys *k)
{
	struct msg *m = begin(HSM_CMD_KEY_SHARE, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, k->quorum);
	add_u32(m, HSM_TAG_SHARE_USER, ID_OFFICER + 1);
	add_u8(m, HSM_TAG_SHARE, 1);
	return m;
}

static struct msg *delete_it(const struct keys *k)
{
	struct msg *m = begin(HSM_CMD_KEY_DELETE, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, k->quorum);
	return m;
}

static const struct need {
	const char *name;
	struct msg *(*request)(const struct keys *k);
	uint32_t service;
	bool generic;		/* the other key */
	uint32_t bad_tag;
	bool once;		/* cannot be done again anyway */
} needs[] = {
	{ "encrypt", encrypt, USE, false, HSM_TAG_HANDLE, false },
	{ "decrypt", decrypt, USE, false, HSM_TAG_HANDLE, false },
	{ "sign", sign, USE, true, HSM_TAG_HANDLE, false },
	{ "verify", verify, USE, true, HSM_TAG_HANDLE, false },
	{ "init", init, USE, true, HSM_TAG_HANDLE, false },
	{ "wrap it", wrap_it, MGMT, false, HSM_TAG_HANDLE, false },
	{ "wrap with it", wrap_with_it, USE, false, HSM_TAG_WRAP_HANDLE, false },
	{ "unwrap with it", unwrap_with_it, USE, false, HSM_TAG_WRAP_HANDLE, false },
	{ "unwrap a session key", unwrap_session_key, USE, false, HSM_TAG_WRAP_HANDLE, false },
	{ "unwrap for the host", unwrap_for_the_host, USE, false, HSM_TAG_WRAP_HANDLE, false },
	{ "rename", rename_it, MGMT, false, HSM_TAG_HANDLE, false },
	{ "rename as it is", rename_as_it_is, MGMT, false, HSM_TAG_HANDLE, false },
	{ "share", share_it, MGMT, false, HSM_TAG_HANDLE, true },
	{ "delete", delete_it, MGMT, false, HSM_TAG_HANDLE, true },
};

#define N_NEEDS	(sizeof(needs) / sizeof(needs[0]))

static uint64_t generic_key(struct card *c)
{
	struct msg *m = begin_sym(HSM_KEY_GENERIC, 32, "mac");

	add_u8(m, HSM_ATTR_SIGN, 1);
	add_u8(m, HSM_ATTR_VERIFY, 1);
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u32(m, HSM_TAG_M_VALUE, 2);
	return made(c, ALICE, m);
}

/* Everybody, the keys, a MAC and a wrapped key made with them. */
static void prepare(struct card *c, struct keys *k)
{
	register_all(c);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "carol", PASSWORD), 0);
	*k = (struct keys){ quorum_key(c, 2), made(c, ALICE, begin_aes("plain")), generic_key(c) };
	fill(&data, 32);
	approved_key(c, USE, k->generic, &file);
	assert_int_equal(send(c, ALICE, sign(k)), 0);
	take(HSM_TAG_SIGNATURE, &mac);
	approved_key(c, USE, k->quorum, &file);
	assert_int_equal(send(c, ALICE, wrap_with_it(k)), 0);
	take(HSM_TAG_DATA, &wrapped);
	approved_key(c, USE, k->quorum, &file);
	add_no_header(wrap_with_it(k));
	assert_int_equal(send(c, ALICE, last()), 0);
	take(HSM_TAG_DATA, &bare);
	assert_int_equal(send(c, ALICE, begin(HSM_CMD_TRANSPORT_KEY, FIRST_SESSION)), 0);
	take(HSM_TAG_POINT, &point);
}

static void refused(struct card *c, const struct need *n, const struct keys *k)
{
	uint32_t rc = send(c, ALICE, n->request(k));

	if (rc != HSM_RV_MXN_AUTH_FAILED)
		fail_msg("%s: 0x%x", n->name, rc);
	assert_int_equal(bad_tag(last()), n->bad_tag);
}

/*
 * Without a token; with that of the other service, of another key; with the right one
 * before it is approved; and once it is, once.
 */
static void need_one(struct card *c, const struct need *n, const struct keys *k)
{
	uint64_t key = n->generic ? k->generic : k->quorum;
	uint64_t another = n->generic ? k->quorum : k->generic;
	uint32_t rc;

	refused(c, n, k);
	approved_key(c, n->service == USE ? MGMT : USE, key, &file);
	approved_key(c, n->service, another, &file);
	refused(c, n, k);
	get_token(c, ALICE, n->service, key, &file);
	refused(c, n, k);
	assert_int_equal(approve(c, ALICE, &file, HSM_USER_CU, "bob", 3), 0);
	refused(c, n, k);
	assert_int_equal(approve(c, ALICE, &file, HSM_USER_CU, "alice", 2), 0);
	rc = send(c, ALICE, n->request(k));
	if (rc)
		fail_msg("%s: 0x%x", n->name, rc);
	if (!n->once)
		refused(c, n, k);
	assert_int_equal(send(c, ALICE, begin(HSM_CMD_TOKEN_DELETE, FIRST_SESSION)), 0);
}

static void every_use(void **state)
{
	struct card *c = *state;
	struct keys k;
	size_t i;

	prepare(c, &k);
	assert_int_equal(send(c, ALICE, wrap_for_the_host(&k)), HSM_RV_MXN_AUTH_FAILED);
	approved_key(c, USE, k.quorum, &file);
	assert_int_equal(send(c, ALICE, wrap_for_the_host(&k)), HSM_RV_BAD_PKCS_DATA);
	for (i = 0; i < N_NEEDS; i++)
		need_one(c, &needs[i], &k);
	assert_int_equal(info(c, ALICE, k.quorum), HSM_RV_BAD_HANDLE);
}

/* What tells nothing of the key and changes nothing, and a digest. */
static void free_of_it(void **state)
{
	struct card *c = *state;
	struct msg *m;
	struct keys k;

	prepare(c, &k);
	assert_int_equal(info(c, ALICE, k.quorum), 0);
	assert_int_equal(attrs(c, BOB, k.quorum, HSM_ATTR_LABEL), 0);
	m = begin(HSM_CMD_KEY_MASK, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, k.quorum);
	assert_int_equal(send(c, ALICE, m), 0);
	m = begin_crypt(HSM_CMD_CRYPT, HSM_USE_DIGEST, HSM_CKM_SHA256, 0);
	add_blob(m, HSM_TAG_DATA, &data);
	assert_int_equal(send(c, ALICE, m), 0);
	assert_int_equal(use_key(c, ALICE, k.plain), 0);
}

static void parts_go_on(void **state)
{
	struct card *c = *state;
	struct msg *m;
	struct keys k;
	uint32_t op;

	prepare(c, &k);
	approved_key(c, USE, k.generic, &file);
	assert_int_equal(send(c, ALICE, init(&k)), 0);
	op = reply_u32(last(), HSM_TAG_OPERATION);
	assert_int_equal(tokens_seen(c, ALICE), 0);
	m = begin(HSM_CMD_CRYPT_UPDATE, FIRST_SESSION);
	add_u32(m, HSM_TAG_OPERATION, op);
	add_blob(m, HSM_TAG_DATA, &data);
	assert_int_equal(send(c, ALICE, m), 0);
	m = begin(HSM_CMD_CRYPT_FINAL, FIRST_SESSION);
	add_u32(m, HSM_TAG_OPERATION, op);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_SIGNATURE, &wrapped);
	assert_true(same(&wrapped, &mac));
}

static void two_keys_two_tokens(void **state)
{
	struct card *c = *state;
	struct keys k;
	uint64_t kek;

	prepare(c, &k);
	kek = quorum_key(c, 2);
	approved_key(c, MGMT, k.quorum, &file);
	assert_int_equal(send(c, ALICE, begin_wrap(k.quorum, kek, HSM_WRAP_AES_PKCS5)),
			 HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(bad_tag(last()), HSM_TAG_WRAP_HANDLE);
	assert_int_equal(tokens_seen(c, ALICE), 1);
	approved_key(c, USE, kek, &file);
	assert_int_equal(send(c, ALICE, begin_wrap(k.quorum, kek, HSM_WRAP_AES_PKCS5)), 0);
	assert_int_equal(tokens_seen(c, ALICE), 0);
	assert_int_equal(send(c, ALICE, begin_wrap(k.quorum, kek, HSM_WRAP_AES_PKCS5)),
			 HSM_RV_MXN_AUTH_FAILED);
}

/* TRUSTED is the officer's to set, the approval that of those who use the key. */
static void trusted(void **state)
{
	struct card *c = *state;
	struct keys k;
	struct msg *m;

	prepare(c, &k);
	assert_int_equal(set_bool(c, OFFICER, k.quorum, HSM_ATTR_TRUSTED, 1),
			 HSM_RV_MXN_AUTH_FAILED);
	get_token(c, OFFICER, MGMT, k.quorum, &file);
	m = begin_approve(&file);
	add_signed(m, HSM_USER_CO, "officer", 1, &file);
	assert_int_equal(send(c, OFFICER, m), HSM_RV_BAD_APPROVAL);
	m = begin_approve(&file);
	add_signed(m, HSM_USER_CU, "alice", 2, &file);
	add_signed(m, HSM_USER_CU, "bob", 3, &file);
	assert_int_equal(send(c, OFFICER, m), 0);
	assert_int_equal(set_bool(c, OFFICER, k.quorum, HSM_ATTR_TRUSTED, 1), 0);
	card_restart(c);
	card_login_all(c);
	assert_int_equal(peek(c, k.quorum)->m_value, 2);
	assert_int_equal(info(c, BOB, k.quorum), 0);
	assert_int_equal(attr_u32(c, ALICE, k.quorum, HSM_ATTR_TRUSTED), 1);
}

/* What did not happen has not used the token up. */
static void failure_releases(void **state)
{
	struct card *c = *state;
	struct keys k;
	struct msg *m;

	prepare(c, &k);
	approved_key(c, USE, k.quorum, &file);
	m = crypt(HSM_CMD_CRYPT, HSM_USE_ENCRYPT, HSM_CKM_SHA256_HMAC, k.quorum);
	assert_int_not_equal(send(c, ALICE, m), 0);
	data.len = 17;
	assert_int_equal(send(c, ALICE, encrypt(&k)), HSM_RV_DATA_LENGTH);
	data.len = 32;
	m = encrypt(&k);
	m->room = HEAD + 40;
	assert_int_equal(exec(c, ALICE, m), FW_NO_ROOM);
	m = encrypt(&k);
	m->req.deadline_ms = 1;
	assert_int_equal(exec(c, ALICE, m), FW_TIMEOUT);
	assert_int_equal(set_bool(c, ALICE, k.quorum, HSM_ATTR_TRUSTED, 1),
			 HSM_RV_ATTRIBUTE_FIXED);
	assert_int_equal(send(c, ALICE, encrypt(&k)), 0);
	assert_int_equal(send(c, ALICE, encrypt(&k)), HSM_RV_MXN_AUTH_FAILED);
	approved_key(c, MGMT, k.quorum, &file);
	c->gate->fail = ENOSPC;
	assert_int_equal(send(c, ALICE, delete_it(&k)), HSM_RV_STORE_FAILED);
	c->gate->fail = 0;
	assert_int_equal(send(c, ALICE, delete_it(&k)), 0);
}

/* "No" is an answer too, and one that tells about the key: each costs a token. */
static void wrong_data_is_a_use(void **state)
{
	struct card *c = *state;
	struct keys k;

	prepare(c, &k);
	mac.p[5] ^= 1;
	approved_key(c, USE, k.generic, &file);
	assert_int_equal(send(c, ALICE, verify(&k)), HSM_RV_BAD_PKCS_DATA);
	mac.p[5] ^= 1;
	assert_int_equal(send(c, ALICE, verify(&k)), HSM_RV_MXN_AUTH_FAILED);
	wrapped.p[wrapped.len - 1] ^= 1;
	approved_key(c, USE, k.quorum, &file);
	assert_int_equal(send(c, ALICE, unwrap_with_it(&k)), HSM_RV_BAD_PKCS_DATA);
	assert_int_equal(send(c, ALICE, unwrap_with_it(&k)), HSM_RV_MXN_AUTH_FAILED);
}

static void one_is_enough(void **state)
{
	struct card *c = *state;
	uint64_t h;

	register_all(c);
	h = quorum_key(c, 1);
	assert_int_equal(use_key(c, ALICE, h), HSM_RV_MXN_AUTH_FAILED);
	get_token(c, ALICE, USE, h, &file);
	assert_int_equal(use_key(c, ALICE, h), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(approve(c, ALICE, &file, HSM_USER_CU, "bob", 3), 0);
	assert_int_equal(use_key(c, ALICE, h), 0);
	assert_int_equal(use_key(c, ALICE, h), HSM_RV_MXN_AUTH_FAILED);
}

/* An approval of one with whom the key is shared no more. */
static void unshared_meanwhile(void **state)
{
	struct card *c = *state;
	struct keys k;
	struct msg *m;
	uint64_t h;

	prepare(c, &k);
	m = begin_aes("three");
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u32(m, HSM_TAG_SHARE_USER, ID_OFFICER + 1);
	add_u32(m, HSM_TAG_M_VALUE, 2);
	h = made(c, ALICE, m);
	approved_key(c, MGMT, h, &file);
	approved_key(c, USE, h, &file);
	m = begin(HSM_CMD_KEY_SHARE, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, h);
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u8(m, HSM_TAG_SHARE, 0);
	assert_int_equal(send(c, ALICE, m), 0);
	assert_int_equal(use_key(c, ALICE, h), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(login(c, NOBODY, HSM_USER_CU, "carol", PASSWORD), 0);
	assert_int_equal(register_key(c, NOBODY, HSM_USER_CU, "carol", 4), 0);
	assert_int_equal(approve(c, ALICE, &file, HSM_USER_CU, "carol", 4), 0);
	assert_int_equal(use_key(c, ALICE, h), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_use, setup_users, teardown),
		cmocka_unit_test_setup_teardown(free_of_it, setup_users, teardown),
		cmocka_unit_test_setup_teardown(parts_go_on, setup_users, teardown),
		cmocka_unit_test_setup_teardown(two_keys_two_tokens, setup_users, teardown),
		cmocka_unit_test_setup_teardown(trusted, setup_users_sqlite, teardown),
		cmocka_unit_test_setup_teardown(failure_releases, setup_users, teardown),
		cmocka_unit_test_setup_teardown(wrong_data_is_a_use, setup_users, teardown),
		cmocka_unit_test_setup_teardown(one_is_enough, setup_users, teardown),
		cmocka_unit_test_setup_teardown(unshared_meanwhile, setup_users, teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free_signers();
	return failed;
}
