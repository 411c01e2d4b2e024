// SPDX-License-Identifier: GPL-2.0-or-later
/* works_user.c - requests that do something: those of sessions, users and quorums. */
#include "factor.h"
#include "works.h"

static struct {
	uint32_t session;
	uint64_t quorum;	/* a key that needs two */
	struct blob user, token;
} w;

static uint32_t open_another(struct card *c)
{
	return send(c, BOB, begin(HSM_CMD_SESSION_OPEN, 0));
}

static void close_another(struct card *c)
{
	uint32_t session = reply_u32(last(), HSM_TAG_SESSION);

	assert_int_equal(send(c, BOB, begin(HSM_CMD_SESSION_CLOSE, session)), 0);
}

static void another_session(struct card *c)
{
	w.session = open_session(c, BOB);
}

static uint32_t close_session(struct card *c)
{
	return send(c, BOB, begin(HSM_CMD_SESSION_CLOSE, w.session));
}

static uint32_t login_again(struct card *c)
{
	return login(c, NOBODY, HSM_USER_CU, "bob", PASSWORD);
}

static void logout_again(struct card *c)
{
	assert_int_equal(logout(c, NOBODY), 0);
}

static void bob_is_in(struct card *c)
{
	assert_int_equal(login_again(c), 0);
}

static uint32_t logout_bob(struct card *c)
{
	return logout(c, NOBODY);
}

static uint32_t login_wrong(struct card *c)
{
	return login(c, NOBODY, HSM_USER_CU, "bob", "not_the_one");
}

static void login_right(struct card *c)
{
	bob_is_in(c);
	logout_again(c);
}

static uint32_t create_user(struct card *c)
{
	return user_create(c, ADMIN, HSM_USER_CU, "carol", PASSWORD);
}

static void delete_user(struct card *c)
{
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CU, "carol"), 0);
}

static void carol_is_there(struct card *c)
{
	assert_int_equal(create_user(c), 0);
}

static uint32_t delete_carol(struct card *c)
{
	return user_delete(c, ADMIN, HSM_USER_CU, "carol");
}

static uint32_t set_password(struct card *c)
{
	return user_password(c, ALICE, HSM_USER_CU, "alice", PASSWORD);
}

static uint32_t mask_user(struct card *c)
{
	struct msg *m = begin(HSM_CMD_USER_MASK, FIRST_SESSION);

	add_u32(m, HSM_TAG_USER_ID, ID_BOB);
	return send(c, ADMIN, m);
}

static void carol_masked(struct card *c)
{
	struct hsm_user_rec rec;
	struct msg *m;

	carol_is_there(c);
	get_user(c, "carol", &rec);
	m = begin(HSM_CMD_USER_MASK, FIRST_SESSION);
	add_u32(m, HSM_TAG_USER_ID, rec.id);
	assert_int_equal(send(c, ADMIN, m), 0);
	take(HSM_TAG_DATA, &w.user);
	delete_user(c);
}

static uint32_t unmask_user(struct card *c)
{
	struct msg *m = begin(HSM_CMD_USER_UNMASK, FIRST_SESSION);

	add_blob(m, HSM_TAG_DATA, &w.user);
	return send(c, ADMIN, m);
}

static uint32_t reregister(struct card *c)
{
	return register_key(c, ALICE, HSM_USER_CU, "alice", 2);
}

/* Once it is set, to set it takes a token. */
static void m_approved(struct card *c)
{
	if (m_value(c, HSM_SERVICE_MISC_CO) > 1)
		approved_officers(c, HSM_SERVICE_MISC_CO, &w.token);
}

static uint32_t m_set(struct card *c)
{
	return m_value_set(c, ADMIN, HSM_SERVICE_MISC_CO, 2);
}

static uint32_t new_token(struct card *c)
{
	return token_new(c, ALICE, HSM_SERVICE_KEY_USE, w.quorum);
}

static void no_tokens(struct card *c)
{
	assert_int_equal(send(c, ALICE, begin(HSM_CMD_TOKEN_DELETE, FIRST_SESSION)), 0);
}

static void a_token(struct card *c)
{
	get_token(c, ALICE, HSM_SERVICE_KEY_USE, w.quorum, &w.token);
}

static uint32_t approve_it(struct card *c)
{
	return approve(c, ALICE, &w.token, HSM_USER_CU, "alice", 2);
}

static uint32_t delete_token(struct card *c)
{
	return send(c, ALICE, begin(HSM_CMD_TOKEN_DELETE, FIRST_SESSION));
}

const struct work user_works[] = {
	{ .opcode = HSM_CMD_SESSION_OPEN, .run = open_another, .undo = close_another },
	{ .opcode = HSM_CMD_SESSION_CLOSE, .run = close_session, .before = another_session },
	{ .opcode = HSM_CMD_LOGIN, .run = login_again, .undo = logout_again },
	{ .opcode = HSM_CMD_LOGIN, .run = login_wrong, .undo = login_right,
	  .status = HSM_RV_LOGIN_FAILURE },
	{ .opcode = HSM_CMD_LOGOUT, .run = logout_bob, .before = bob_is_in, .stays = true },
	{ .opcode = HSM_CMD_USER_CREATE, .run = create_user, .undo = delete_user },
	{ .opcode = HSM_CMD_USER_PASSWORD, .run = set_password },
	{ .opcode = HSM_CMD_USER_DELETE, .run = delete_carol, .before = carol_is_there },
	{ .opcode = HSM_CMD_USER_REGISTER, .run = reregister, .blind = HSM_RV_BAD_PKCS_DATA },
	{ .opcode = HSM_CMD_USER_MASK, .run = mask_user },
	{ .opcode = HSM_CMD_USER_UNMASK, .run = unmask_user, .before = carol_masked, .undo = delete_user,
	  .blind = HSM_RV_BAD_MASKED_OBJECT },
	{ .opcode = HSM_CMD_TOKEN_NEW, .run = new_token, .undo = no_tokens, .stays = true },
	{ .opcode = HSM_CMD_TOKEN_APPROVE, .run = approve_it, .before = a_token, .undo = no_tokens,
	  .stays = true },
	{ .opcode = HSM_CMD_TOKEN_DELETE, .run = delete_token, .before = a_token, .stays = true },
	{ .opcode = HSM_CMD_M_VALUE_SET, .run = m_set, .before = m_approved },
};

const size_t user_work_count = sizeof(user_works) / sizeof(user_works[0]);

void user_works_setup(struct card *c)
{
	register_all(c);
	w.quorum = quorum_key(c, 2);
}
