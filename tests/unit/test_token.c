// SPDX-License-Identifier: GPL-2.0-or-later
/* test_token.c - quorum tokens: who gets one, what approves it, when it is gone. */
#include "approving.h"
#include "fw_int.h"

static struct blob file, other;

static uint64_t valid_ms(void)
{
	return HSM_TOKEN_VALID_S * 1000ull;
}

/* An activated card with keys registered, and a key that needs two. */
static uint64_t begin_key(struct card *c)
{
	register_all(c);
	return quorum_key(c, 2);
}

static uint32_t alice_approves(struct card *c, const struct blob *f)
{
	return approve(c, ALICE, f, HSM_USER_CU, "alice", 2);
}

static void what_is_signed(void **state)
{
	struct card *c = *state;
	uint64_t h = begin_key(c);

	get_token(c, BOB, HSM_SERVICE_KEY_USE, h, &other);
	get_token(c, ALICE, HSM_SERVICE_KEY_MGMT, h, &file);
	assert_memory_equal(file.p, "HSMT", 4);
	assert_int_equal(get_le16(file.p + TOKEN_AT(version)), 1);
	assert_int_equal(get_le16(file.p + TOKEN_AT(service)), HSM_SERVICE_KEY_MGMT);
	assert_int_equal(get_le32(other.p + TOKEN_AT(id)), 1);
	assert_int_equal(get_le32(file.p + TOKEN_AT(id)), 2);
	assert_int_equal(get_le32(file.p + TOKEN_AT(node)), 7);
	assert_int_equal(get_le64(file.p + TOKEN_AT(handle)), h);
	assert_int_equal(get_le32(file.p + TOKEN_AT(user)), ID_ALICE);
	assert_int_equal(get_le32(file.p + TOKEN_AT(m_value)), 2);
	assert_string_equal((char *)file.p + TOKEN_AT(user_name), "alice");
	assert_string_equal((char *)file.p + TOKEN_AT(serial), "TEST-0001");
	assert_int_not_equal(get_le64(file.p + TOKEN_AT(nonce)), 0);
	assert_memory_not_equal(file.p + TOKEN_AT(nonce), other.p + TOKEN_AT(nonce), HSM_NONCE_LEN);
}

static void who_gets_one(void **state)
{
	struct card *c = *state;
	uint64_t plain = made(c, ALICE, begin_aes("plain")), h = quorum_key(c, 2), one;
	struct msg *m = begin_aes("another");

	add_u32(m, HSM_TAG_M_VALUE, 1);
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	one = made(c, ALICE, m);
	check_refused(token_new(c, ADMIN, HSM_SERVICE_USER_MGMT, 0), HSM_RV_NO_QUORUM,
		      HSM_TAG_SERVICE);
	check_refused(token_new(c, ADMIN, HSM_SERVICE_MISC_CO, 0), HSM_RV_NO_QUORUM,
		      HSM_TAG_SERVICE);
	check_refused(token_new(c, ADMIN, HSM_SERVICE_USER_MGMT, h), HSM_RV_INVALID_INPUT,
		      HSM_TAG_HANDLE);
	check_refused(token_new(c, ALICE, HSM_SERVICE_USER_MGMT, 0), HSM_RV_NOT_AUTHORIZED,
		      HSM_TAG_SERVICE);
	check_refused(token_new(c, ALICE, HSM_SERVICE_KEY_USE, 0), HSM_RV_BAD_MESSAGE,
		      HSM_TAG_HANDLE);
	check_refused(token_new(c, ALICE, HSM_SERVICE_KEY_USE, plain), HSM_RV_NO_QUORUM,
		      HSM_TAG_HANDLE);
	check_refused(token_new(c, BOB, HSM_SERVICE_KEY_USE, plain), HSM_RV_BAD_HANDLE,
		      HSM_TAG_HANDLE);
	check_refused(token_new(c, BOB, HSM_SERVICE_KEY_MGMT, h), HSM_RV_ACCESS_DENIED,
		      HSM_TAG_HANDLE);
	check_refused(token_new(c, ADMIN, HSM_SERVICE_KEY_USE, h), HSM_RV_BAD_HANDLE,
		      HSM_TAG_HANDLE);
	check_refused(token_new(c, ALICE, 5, h), HSM_RV_INVALID_INPUT, HSM_TAG_SERVICE);
	assert_int_equal(token_new(c, AUDITOR, HSM_SERVICE_KEY_USE, h), HSM_RV_NOT_AUTHORIZED);
	assert_int_equal(token_new(c, NOBODY, HSM_SERVICE_KEY_USE, h), HSM_RV_NOT_LOGGED_IN);
	assert_int_equal(token_new(c, BOB, HSM_SERVICE_KEY_USE, h), 0);
	assert_int_equal(token_new(c, ALICE, HSM_SERVICE_KEY_MGMT, h), 0);
	assert_int_equal(token_new(c, OFFICER, HSM_SERVICE_KEY_MGMT, h), 0);
	assert_int_equal(token_new(c, ALICE, HSM_SERVICE_KEY_USE, one), 0);
}

static void of_another_card(void **state)
{
	static struct blob theirs;
	struct card *c = *state, *d;
	void *second;
	uint64_t h = begin_key(c);

	setup_users(&second);
	d = second;
	d->fw->node_id = 8;
	register_all(d);
	assert_int_equal(quorum_key(d, 2), h);
	get_token(c, ALICE, HSM_SERVICE_KEY_USE, h, &file);
	approved_key(d, HSM_SERVICE_KEY_USE, h, &theirs);
	assert_int_equal(get_le32(theirs.p + TOKEN_AT(id)), get_le32(file.p + TOKEN_AT(id)));
	check_refused(alice_approves(c, &theirs), HSM_RV_NO_TOKEN, HSM_TAG_DATA);
	assert_int_equal(use_key(c, ALICE, h), HSM_RV_MXN_AUTH_FAILED);
	memcpy(d->fw->serial, "TEST-0002", 9);
	get_token(d, ALICE, HSM_SERVICE_KEY_USE, h, &theirs);
	check_refused(alice_approves(c, &theirs), HSM_RV_NO_TOKEN, HSM_TAG_DATA);
	assert_int_equal(use_key(d, ALICE, h), 0);
	teardown(&second);
}

static void of_another_login(void **state)
{
	struct card *c = *state;
	uint64_t h = begin_key(c);

	assert_int_equal(login(c, NOBODY, HSM_USER_CU, "alice", PASSWORD), 0);
	approved_key(c, HSM_SERVICE_KEY_USE, h, &file);
	assert_int_equal(use_key(c, NOBODY, h), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(use_key(c, BOB, h), HSM_RV_MXN_AUTH_FAILED);
	get_token(c, ALICE, HSM_SERVICE_KEY_USE, h, &other);
	check_refused(approve(c, NOBODY, &other, HSM_USER_CU, "alice", 2), HSM_RV_NO_TOKEN,
		      HSM_TAG_DATA);
	check_refused(approve(c, BOB, &other, HSM_USER_CU, "bob", 3), HSM_RV_NO_TOKEN,
		      HSM_TAG_DATA);
	assert_int_equal(use_key(c, ALICE, h), 0);
}

static uint64_t any_wall(void *opaque)
{
	static uint64_t t;

	(void)opaque;
	t = t ? 0 : UINT64_MAX;
	return t;
}

/* By the clock that never goes back; what time it is outside is nobody's business. */
static void expiry(void **state)
{
	struct card *c = *state;
	uint64_t h = begin_key(c);

	approved_key(c, HSM_SERVICE_KEY_USE, h, &file);
	get_token(c, ALICE, HSM_SERVICE_KEY_USE, h, &other);
	c->fw->platform.wall_us = any_wall;
	c->clock_ms += valid_ms() - 1;
	assert_int_equal(tokens_seen(c, ALICE), 2);
	assert_int_equal(alice_approves(c, &other), 0);
	assert_int_equal(use_key(c, ALICE, h), 0);
	assert_int_equal(approve(c, ALICE, &other, HSM_USER_CU, "bob", 3), 0);
	c->clock_ms += 1;
	assert_int_equal(tokens_seen(c, ALICE), 0);
	check_refused(alice_approves(c, &other), HSM_RV_NO_TOKEN, HSM_TAG_DATA);
	assert_int_equal(use_key(c, ALICE, h), HSM_RV_MXN_AUTH_FAILED);
}

static void limit(void **state)
{
	struct card *c = *state;
	uint64_t h = begin_key(c);
	int i;

	for (i = 0; i < HSM_TOKENS_MAX; i++) {
		c->clock_ms += i == 10;
		assert_int_equal(token_new(c, i % 2 ? ALICE : BOB, HSM_SERVICE_KEY_USE, h), 0);
	}
	assert_int_equal(token_new(c, BOB, HSM_SERVICE_KEY_USE, h), HSM_RV_LIMIT_REACHED);
	assert_int_equal(c->fw->quorum.n, HSM_TOKENS_MAX);
	c->clock_ms += valid_ms() - 1;
	for (i = 0; i < 10; i++)
		get_token(c, ALICE, HSM_SERVICE_KEY_USE, h, &file);
	assert_int_equal(get_le32(file.p + TOKEN_AT(id)), HSM_TOKENS_MAX + 10);
	assert_int_equal(token_new(c, BOB, HSM_SERVICE_KEY_USE, h), HSM_RV_LIMIT_REACHED);
	assert_int_equal(tokens_seen(c, ADMIN), HSM_TOKENS_MAX);
	assert_int_equal(alice_approves(c, &file), 0);
	c->clock_ms++;
	assert_int_equal(tokens_seen(c, ADMIN), 10);
	assert_int_equal(token_new(c, BOB, HSM_SERVICE_KEY_USE, h), 0);
	assert_int_equal(c->fw->quorum.n, 11);
}

static uint32_t token_delete(struct card *c, uint32_t ctx, uint32_t id)
{
	struct msg *m = begin(HSM_CMD_TOKEN_DELETE, FIRST_SESSION);

	if (id)
		add_u32(m, HSM_TAG_TOKEN_ID, id);
	return send(c, ctx, m);
}

static void deleting(void **state)
{
	struct card *c = *state;
	uint64_t h = begin_key(c);
	int i;

	approved_key(c, HSM_SERVICE_KEY_USE, h, &file);
	for (i = 0; i < 3; i++)
		assert_int_equal(token_new(c, i ? BOB : OFFICER, HSM_SERVICE_KEY_USE + !i, h), 0);
	assert_int_equal(tokens_seen(c, ALICE), 1);
	assert_int_equal(tokens_seen(c, BOB), 2);
	assert_int_equal(tokens_seen(c, ADMIN), 4);
	check_refused(token_delete(c, BOB, 1), HSM_RV_NO_TOKEN, HSM_TAG_TOKEN_ID);
	check_refused(token_delete(c, ADMIN, 5), HSM_RV_NO_TOKEN, HSM_TAG_TOKEN_ID);
	assert_int_equal(token_delete(c, BOB, 3), 0);
	check_refused(token_delete(c, BOB, 3), HSM_RV_NO_TOKEN, HSM_TAG_TOKEN_ID);
	assert_int_equal(token_delete(c, BOB, 0), 0);
	assert_int_equal(tokens_seen(c, ADMIN), 2);
	assert_int_equal(token_delete(c, ADMIN, 1), 0);
	assert_int_equal(use_key(c, ALICE, h), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(token_delete(c, ADMIN, 0), 0);
	assert_int_equal(c->fw->quorum.n, 0);
}

static void listing(void **state)
{
	struct card *c = *state;
	uint64_t h = begin_key(c);
	struct tlv t;
	struct msg *m;
	int i;

	approved_key(c, HSM_SERVICE_KEY_USE, h, &file);
	c->clock_ms += 94000;
	for (i = 0; i < 40; i++)
		assert_int_equal(token_new(c, BOB, HSM_SERVICE_KEY_USE, h), 0);
	m = begin(HSM_CMD_TOKEN_LIST, FIRST_SESSION);
	m->room = HEAD + 16 + 12 + 2 * (8 + sizeof(struct hsm_token_info)) + 1;
	assert_int_equal(send(c, ADMIN, m), 0);
	assert_int_equal(reply_u32(m, HSM_TAG_TOTAL), 41);
	assert_int_equal(reply_count(m, HSM_TAG_TOKEN_INFO), 2);
	assert_true(reply_find(m, HSM_TAG_TOKEN_INFO, &t));
	assert_int_equal(t.len, sizeof(struct hsm_token_info));
	assert_memory_equal(t.p, file.p, TOKEN_LEN);
	assert_int_equal(get_le32(t.p + offsetof(struct hsm_token_info, valid_s)), 506);
	assert_int_equal(get_le32(t.p + offsetof(struct hsm_token_info, approvals)), 2);
	t.p += offsetof(struct hsm_token_info, approver);
	assert_string_equal((char *)t.p, "alice");
	assert_string_equal((char *)t.p + 32, "bob");
	m = begin(HSM_CMD_TOKEN_LIST, FIRST_SESSION);
	add_u32(m, HSM_TAG_START, 40);
	assert_int_equal(send(c, ADMIN, m), 0);
	assert_int_equal(reply_count(m, HSM_TAG_TOKEN_INFO), 1);
	assert_true(reply_find(m, HSM_TAG_TOKEN_INFO, &t));
	assert_int_equal(get_le32(t.p + TOKEN_AT(id)), 41);
}

static void gone_with_the_login(void **state)
{
	struct card *c = *state;
	uint64_t h = begin_key(c);

	approved_key(c, HSM_SERVICE_KEY_USE, h, &file);
	assert_int_equal(token_new(c, BOB, HSM_SERVICE_KEY_USE, h), 0);
	assert_int_equal(logout(c, ALICE), 0);
	assert_int_equal(tokens_seen(c, ADMIN), 1);
	assert_int_equal(login(c, ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
	check_refused(alice_approves(c, &file), HSM_RV_NO_TOKEN, HSM_TAG_DATA);
	assert_int_equal(use_key(c, ALICE, h), HSM_RV_MXN_AUTH_FAILED);
	assert_true(fw_ctx_close(c->fw, BOB));
	assert_int_equal(c->fw->quorum.n, 0);
	approved_key(c, HSM_SERVICE_KEY_USE, h, &file);
	fw_reset(c->fw);
	assert_int_equal(c->fw->quorum.n, 0);
	card_login_all(c);
	check_refused(alice_approves(c, &file), HSM_RV_NO_TOKEN, HSM_TAG_DATA);
	assert_int_equal(use_key(c, ALICE, h), HSM_RV_MXN_AUTH_FAILED);
}

static void gone_with_the_key(void **state)
{
	struct card *c = *state;
	uint64_t h = begin_key(c);

	approved_key(c, HSM_SERVICE_KEY_MGMT, h, &file);
	get_token(c, ALICE, HSM_SERVICE_KEY_USE, h, &other);
	assert_int_equal(delete_key(c, ALICE, h), 0);
	assert_int_equal(tokens_seen(c, ADMIN), 0);
	check_refused(alice_approves(c, &other), HSM_RV_NO_TOKEN, HSM_TAG_DATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_signed, setup_users, teardown),
		cmocka_unit_test_setup_teardown(who_gets_one, setup_users, teardown),
		cmocka_unit_test_setup_teardown(of_another_card, setup_users, teardown),
		cmocka_unit_test_setup_teardown(of_another_login, setup_users, teardown),
		cmocka_unit_test_setup_teardown(expiry, setup_users, teardown),
		cmocka_unit_test_setup_teardown(limit, setup_users, teardown),
		cmocka_unit_test_setup_teardown(deleting, setup_users, teardown),
		cmocka_unit_test_setup_teardown(listing, setup_users, teardown),
		cmocka_unit_test_setup_teardown(gone_with_the_login, setup_users, teardown),
		cmocka_unit_test_setup_teardown(gone_with_the_key, setup_users, teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free_signers();
	return failed;
}
