// SPDX-License-Identifier: GPL-2.0-or-later
/* test_session.c - contexts cannot see each other; what ends with what. */
#include "fixture.h"

#define SECOND	(FIRST_SESSION + 1)

static uint32_t in_session(struct card *c, uint32_t ctx, uint16_t opcode, uint32_t session)
{
	return send(c, ctx, begin(opcode, session));
}

static uint64_t session_key(struct card *c, uint32_t ctx, uint32_t session, const char *label)
{
	struct msg *m = begin_aes(label);

	put_le32(m->in + 8, session);
	add_u8(m, HSM_ATTR_TOKEN, 0);
	return made(c, ctx, m);
}

static uint32_t keys_held(struct card *c)
{
	struct tlv t;

	assert_int_equal(send(c, NOBODY, begin(HSM_CMD_CARD_INFO, 0)), 0);
	assert_true(reply_find(last(), HSM_TAG_CARD, &t));
	return get_le32(t.p + offsetof(struct hsm_card_info, keys));
}

static void open_twice(void **state)
{
	struct card *c = *state;

	assert_false(fw_ctx_open(c->fw, ALICE));
	assert_true(fw_ctx_close(c->fw, ALICE));
	assert_false(fw_ctx_close(c->fw, ALICE));
	assert_int_equal(exec(c, ALICE, begin(HSM_CMD_NOP, 0)), FW_NO_CTX);
}

static void handles_count_up(void **state)
{
	struct card *c = *state;

	assert_int_equal(open_session(c, ALICE), SECOND);
	assert_int_equal(in_session(c, ALICE, HSM_CMD_SESSION_CLOSE, SECOND), 0);
	assert_int_equal(open_session(c, ALICE), SECOND + 1);	/* not used again */
}

static void limit_of_sessions(void **state)
{
	struct card *c = *state;
	unsigned int i;

	for (i = 1; i < HSM_SESSIONS_MAX; i++)
		open_session(c, ALICE);
	assert_int_equal(send(c, ALICE, begin(HSM_CMD_SESSION_OPEN, 0)), HSM_RV_LIMIT_REACHED);
	open_session(c, BOB);
	assert_int_equal(in_session(c, ALICE, HSM_CMD_SESSION_CLOSE, FIRST_SESSION + 7), 0);
	open_session(c, ALICE);
}

/* Another context's session answers just as one that never was. */
static void session_of_another_context(void **state)
{
	struct card *c = *state;
	uint8_t never[64];
	size_t len;

	open_session(c, BOB);
	assert_int_equal(in_session(c, ALICE, HSM_CMD_KEY_FIND, 0x7f000000), HSM_RV_BAD_SESSION);
	len = last()->req.out_len;
	memcpy(never, last()->out, len);
	assert_int_equal(in_session(c, ALICE, HSM_CMD_KEY_FIND, SECOND), HSM_RV_BAD_SESSION);
	assert_int_equal(last()->req.out_len, len);
	assert_memory_equal(last()->out, never, len);
	assert_int_equal(in_session(c, BOB, HSM_CMD_KEY_FIND, SECOND), HSM_RV_SUCCESS);
}

static void closed_session(void **state)
{
	struct card *c = *state;

	open_session(c, ALICE);
	assert_int_equal(in_session(c, ALICE, HSM_CMD_SESSION_CLOSE, SECOND), 0);
	assert_int_equal(in_session(c, ALICE, HSM_CMD_SESSION_CLOSE, SECOND), HSM_RV_BAD_SESSION);
	assert_int_equal(in_session(c, ALICE, HSM_CMD_KEY_FIND, SECOND), HSM_RV_BAD_SESSION);
	assert_int_equal(in_session(c, ALICE, HSM_CMD_NOP, SECOND), HSM_RV_BAD_SESSION);
	assert_int_equal(in_session(c, ALICE, HSM_CMD_NOP, FIRST_SESSION), 0);
}

static void login_is_of_the_context(void **state)
{
	struct card *c = *state;

	open_session(c, ALICE);
	assert_int_equal(in_session(c, ALICE, HSM_CMD_KEY_FIND, SECOND), 0);
	assert_int_equal(in_session(c, ALICE, HSM_CMD_LOGOUT, SECOND), 0);
	assert_int_equal(in_session(c, ALICE, HSM_CMD_KEY_FIND, FIRST_SESSION),
			 HSM_RV_NOT_LOGGED_IN);
	assert_int_equal(in_session(c, ALICE, HSM_CMD_LOGOUT, FIRST_SESSION),
			 HSM_RV_NOT_LOGGED_IN);
}

static void login_status(void **state)
{
	struct card *c = *state;
	struct tlv t;

	assert_int_equal(in_session(c, ALICE, HSM_CMD_LOGIN_STATUS, 0), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_ID), ID_ALICE);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_TYPE), HSM_USER_CU);
	assert_true(reply_find(last(), HSM_TAG_USER_NAME, &t) && t.len == 5);
	assert_int_equal(in_session(c, NOBODY, HSM_CMD_LOGIN_STATUS, 0), 0);
	assert_int_equal(reply_count(last(), HSM_TAG_USER_ID), 0);
	assert_int_equal(reply_count(last(), HSM_TAG_USER_NAME), 0);
}

/* Every command that takes a handle, from every context but its own. */
static void session_key_of_another_context(void **state)
{
	struct card *c = *state;
	uint64_t h = session_key(c, ALICE, FIRST_SESSION, "mine");

	assert_int_equal(logout(c, BOB), 0);
	assert_int_equal(login(c, BOB, HSM_USER_CU, "alice", PASSWORD), 0);
	assert_int_equal(attrs(c, BOB, h, HSM_ATTR_ALL), HSM_RV_BAD_HANDLE);
	assert_int_equal(info(c, BOB, h), HSM_RV_BAD_HANDLE);
	assert_int_equal(delete_key(c, BOB, h), HSM_RV_BAD_HANDLE);
	assert_int_equal(found(c, BOB, begin_find()), 0);
	assert_int_equal(found(c, ALICE, begin_find()), 1);
}

static void public_session_key_of_another_context(void **state)
{
	struct card *c = *state;
	struct msg *m = begin_rsa("pair");
	uint64_t h;

	add_u8(m, HSM_ATTR_TOKEN, 0);
	h = made(c, ALICE, m);
	assert_int_equal(attrs(c, BOB, h, HSM_ATTR_ALL), HSM_RV_BAD_HANDLE);
	assert_int_equal(found(c, BOB, begin_find()), 0);
	assert_int_equal(found(c, ALICE, begin_find()), 2);
}

static void session_key_in_another_session(void **state)
{
	struct card *c = *state;
	uint64_t h = session_key(c, ALICE, FIRST_SESSION, "mine");
	struct msg *m;

	open_session(c, ALICE);
	m = begin(HSM_CMD_KEY_INFO, SECOND);
	add_u64(m, HSM_TAG_HANDLE, h);
	assert_int_equal(send(c, ALICE, m), HSM_RV_SUCCESS);
}

static void session_key_dies_with_its_session(void **state)
{
	struct card *c = *state;
	uint64_t first, second;

	open_session(c, ALICE);
	first = session_key(c, ALICE, FIRST_SESSION, "one");
	second = session_key(c, ALICE, SECOND, "two");
	assert_int_equal(in_session(c, ALICE, HSM_CMD_SESSION_CLOSE, SECOND), 0);
	assert_int_equal(info(c, ALICE, second), HSM_RV_BAD_HANDLE);
	assert_int_equal(info(c, ALICE, first), HSM_RV_SUCCESS);
	assert_int_equal(keys_held(c), 1);
}

static void session_key_dies_with_logout(void **state)
{
	struct card *c = *state;
	uint64_t h = session_key(c, ALICE, FIRST_SESSION, "mine");

	assert_int_equal(logout(c, ALICE), 0);
	assert_int_equal(keys_held(c), 0);
	assert_int_equal(login(c, ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
	assert_int_equal(info(c, ALICE, h), HSM_RV_BAD_HANDLE);
}

static void context_ends(void **state)
{
	struct card *c = *state;
	uint64_t token = made(c, ALICE, begin_aes("token"));

	session_key(c, ALICE, FIRST_SESSION, "mine");
	assert_int_equal(keys_held(c), 2);
	assert_true(fw_ctx_close(c->fw, ALICE));
	assert_int_equal(keys_held(c), 1);
	assert_true(fw_ctx_open(c->fw, ALICE));
	assert_int_equal(in_session(c, ALICE, HSM_CMD_KEY_FIND, FIRST_SESSION),
			 HSM_RV_BAD_SESSION);
	assert_int_equal(open_session(c, ALICE), FIRST_SESSION);
	assert_int_equal(info(c, ALICE, token), HSM_RV_NOT_LOGGED_IN);
	assert_int_equal(login(c, ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
	assert_int_equal(info(c, ALICE, token), HSM_RV_SUCCESS);
}

/* The id that a session key had is free again when the key is gone. */
static void session_key_leaves_no_trace(void **state)
{
	struct card *c = *state;
	struct msg *m = begin_aes("mine");

	add_u8(m, HSM_ATTR_TOKEN, 0);
	add_text(m, HSM_ATTR_ID, "unique");
	made(c, ALICE, m);
	fw_ctx_close(c->fw, ALICE);
	m = begin_aes("other");
	add_text(m, HSM_ATTR_ID, "unique");
	made(c, BOB, m);
}

static int is_there(void *opaque, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	(void)opaque;
	(void)kind;
	(void)id;
	(void)data;
	(void)len;
	return 1;
}

/* Of a session key the audit log tells; else nothing of it gets into the store. */
static void session_key_not_stored(void **state)
{
	struct card *c = *state;

	session_key(c, ALICE, FIRST_SESSION, "mine");
	assert_int_equal(c->store->ops->scan(c->store, STORE_OBJECT, 0, is_there, NULL), 0);
}

static void reset(void **state)
{
	struct card *c = *state;

	session_key(c, ALICE, FIRST_SESSION, "mine");
	fw_reset(c->fw);
	assert_int_equal(exec(c, ALICE, begin(HSM_CMD_NOP, 0)), FW_NO_CTX);
	card_login_all(c);
	assert_int_equal(keys_held(c), 0);
}

/* The context goes while its key is on the way to the disk: the key stays. */
static void context_ends_with_commit_in_flight(void **state)
{
	struct card *c = *state;
	struct msg *m = begin_aes("late");

	c->gate->hold = true;
	exec_begin(c, ALICE, m);
	assert_false(m->done);
	assert_true(fw_ctx_close(c->fw, ALICE));
	gate_let_go(c->gate, 0);
	assert_true(m->done);
	fw_ctx_open(c->fw, ALICE);
	open_session(c, ALICE);
	assert_int_equal(login(c, ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
	assert_int_equal(found(c, ALICE, begin_find()), 1);
}

/* A login that waits for the disk must not log in a context that went and came back. */
static void login_in_flight_when_context_ends(void **state)
{
	struct card *c = *state;
	struct msg *m;

	assert_int_equal(login(c, NOBODY, HSM_USER_CU, "alice", "wrong password"),
			 HSM_RV_LOGIN_FAILURE);
	m = begin(HSM_CMD_LOGIN, FIRST_SESSION);
	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(m, HSM_TAG_USER_NAME, "alice");
	add_text(m, HSM_TAG_PASSWORD, PASSWORD);
	c->gate->hold = true;
	exec_begin(c, NOBODY, m);
	assert_false(m->done);
	fw_ctx_close(c->fw, NOBODY);
	fw_ctx_open(c->fw, NOBODY);
	gate_let_go(c->gate, 0);
	assert_true(m->done);
	open_session(c, NOBODY);
	assert_int_equal(in_session(c, NOBODY, HSM_CMD_KEY_FIND, FIRST_SESSION),
			 HSM_RV_NOT_LOGGED_IN);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		T(open_twice), T(handles_count_up), T(limit_of_sessions),
		T(session_of_another_context), T(closed_session), T(login_is_of_the_context),
		T(login_status), T(session_key_of_another_context),
		T(public_session_key_of_another_context), T(session_key_in_another_session),
		T(session_key_dies_with_its_session), T(session_key_dies_with_logout),
		T(context_ends), T(session_key_leaves_no_trace), T(session_key_not_stored),
		T(reset), T(context_ends_with_commit_in_flight),
		T(login_in_flight_when_context_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
