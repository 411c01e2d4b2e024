// SPDX-License-Identifier: GPL-2.0-or-later
/* test_audit.c - what the audit log holds, who may read it, and when a command is answered. */
#include <errno.h>

#include "auditing.h"
#include "call.h"
#include "identity.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

#define WRONG "not_the_one"

static void fresh_card(void **state)
{
	static const uint32_t ops[] = {
		HSM_CN_INIT_TOKEN, HSM_CN_GEN_PSWD_ENC_KEY, HSM_CN_CREATE_APPLIANCE_USER,
		HSM_CN_INIT_DONE,
	};
	const struct log *log = read_log(*state);

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(log->r[i].opcode, ops[i]);
		assert_int_equal(log->r[i].status, 0);
		assert_int_equal(log->r[i].reboot, 1);
		assert_int_equal(log->r[i].log_type, i == 2 ? HSM_AUDIT_USER : HSM_AUDIT_MINIMAL);
	}
	assert_string_equal((const char *)log->r[2].user_name, "app_user");
	assert_int_equal(log->r[2].user_type, HSM_USER_AU);
	/* What the fixture did next. */
	assert_int_equal(log->r[4].opcode, HSM_CN_LOGIN);
	assert_int_equal(log->r[4].user_type, HSM_USER_PRECO);
	assert_int_equal(log->r[5].opcode, HSM_CN_CHANGE_PSWD);
	assert_int_equal(log->r[5].caller, 1);
	assert_int_equal(log->r[5].session, FIRST_SESSION);
}

static void creations(void **state)
{
	struct card *c = *state;
	const struct hsm_audit_rec *rec;

	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "carol", PASSWORD), 0);
	rec = last_rec(c, 0);
	assert_int_equal(rec->opcode, HSM_CN_CREATE_USER);
	assert_int_equal(rec->user_id, 6);
	assert_string_equal((const char *)rec->user_name, "carol");
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CO, "dora", PASSWORD), 0);
	check_last(c, HSM_CN_CREATE_CO, 0, ID_ADMIN);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_AU, "app2", PASSWORD), 0);
	check_last(c, HSM_CN_CREATE_APPLIANCE_USER, 0, ID_ADMIN);
}

static void keys(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("k"));
	const struct hsm_audit_rec *rec = last_rec(c, 0);
	struct msg *m = begin_aes("session key");

	assert_int_equal(rec->opcode, HSM_CN_GENERATE_KEY);
	assert_int_equal(rec->handle, h);
	assert_int_equal(rec->handle_public, 0);
	add_u8(m, HSM_ATTR_TOKEN, 0);
	assert_int_equal(made(c, ALICE, m), h + 1);
	assert_int_equal(last_rec(c, 0)->handle, h + 1);
	assert_int_equal(made(c, ALICE, begin_rsa("pair")), h + 2);
	rec = last_rec(c, 0);
	assert_int_equal(rec->opcode, HSM_CN_GENERATE_KEY_PAIR);
	assert_int_equal(rec->handle, h + 3);
	assert_int_equal(rec->handle_public, h + 2);
	assert_int_equal(delete_key(c, ALICE, h), 0);
	assert_int_equal(last_rec(c, 0)->handle, h);
	check_last(c, HSM_CN_DESTROY_OBJECT, 0, ID_ALICE);
	assert_int_equal(delete_key(c, ALICE, h), HSM_RV_BAD_HANDLE);
	check_last(c, HSM_CN_DESTROY_OBJECT, HSM_RV_BAD_HANDLE, ID_ALICE);
}

/* By role, arguments, rights, size, session: whatever it was refused for. */
static void refusals(void **state)
{
	struct card *c = *state;
	struct msg *m;

	assert_int_equal(user_create(c, ALICE, HSM_USER_CU, "carol", PASSWORD),
			 HSM_RV_NOT_AUTHORIZED);
	check_last(c, HSM_CN_CREATE_USER, HSM_RV_NOT_AUTHORIZED, ID_ALICE);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "alice", PASSWORD),
			 HSM_RV_USER_EXISTS);
	check_last(c, HSM_CN_CREATE_USER, HSM_RV_USER_EXISTS, ID_ADMIN);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "carol", "short"),
			 HSM_RV_BAD_PASSWORD);
	check_last(c, HSM_CN_CREATE_USER, HSM_RV_BAD_PASSWORD, ID_ADMIN);
	assert_int_equal(send(c, ALICE, begin_sym(HSM_KEY_AES, 5, "k")), HSM_RV_BAD_KEY_SIZE);
	check_last(c, HSM_CN_GENERATE_KEY, HSM_RV_BAD_KEY_SIZE, ID_ALICE);
	assert_int_equal(send(c, ALICE, begin(HSM_CMD_KEY_DELETE, FIRST_SESSION)),
			 HSM_RV_BAD_MESSAGE);
	check_last(c, HSM_CN_DESTROY_OBJECT, HSM_RV_BAD_MESSAGE, ID_ALICE);
	m = begin_aes("k");
	m->req.rights = HSM_CLASS_CRYPTO;
	assert_int_equal(send(c, ALICE, m), HSM_RV_NO_RIGHT);
	check_last(c, HSM_CN_GENERATE_KEY, HSM_RV_NO_RIGHT, ID_ALICE);
	assert_int_equal(send(c, ALICE, begin(HSM_CMD_LOGOUT, 77)), HSM_RV_BAD_SESSION);
	check_last(c, HSM_CN_LOGOUT, HSM_RV_BAD_SESSION, ID_ALICE);
}

/* One who is not logged in leaves no trace but by trying to. */
static void nobody(void **state)
{
	struct card *c = *state;
	size_t n = read_log(c)->n;

	assert_int_equal(send(c, NOBODY, begin_aes("k")), HSM_RV_NOT_LOGGED_IN);
	assert_int_equal(delete_key(c, NOBODY, 6), HSM_RV_NOT_LOGGED_IN);
	assert_int_equal(logout(c, NOBODY), HSM_RV_NOT_LOGGED_IN);
	assert_int_equal(send(c, NOBODY, begin(HSM_CMD_LOGIN, FIRST_SESSION)), HSM_RV_BAD_MESSAGE);
	assert_int_equal(login(c, NOBODY, HSM_USER_CU, "bob", "short"), HSM_RV_BAD_PASSWORD);
	assert_int_equal(read_log(c)->n, n);
	assert_int_equal(login(c, NOBODY, HSM_USER_CU, "bob", "long_enough"), HSM_RV_LOGIN_FAILURE);
	check_last(c, HSM_CN_LOGIN, HSM_RV_LOGIN_FAILURE, 0);
}

static void logins(void **state)
{
	struct card *c = *state;
	const struct hsm_audit_rec *rec;
	int i;

	assert_int_equal(login(c, NOBODY, HSM_USER_CU, "nobody_here", WRONG),
			 HSM_RV_LOGIN_FAILURE);
	rec = last_rec(c, 0);
	assert_int_equal(rec->status, 157);
	assert_string_equal((const char *)rec->user_name, "nobody_here");
	assert_int_equal(rec->user_type, HSM_USER_CU);
	assert_int_equal(rec->user_id, 0);
	for (i = 0; i < HSM_LOGIN_TRIES; i++)
		assert_int_equal(login(c, NOBODY, HSM_USER_CU, "bob", WRONG), HSM_RV_LOGIN_FAILURE);
	rec = last_rec(c, 0);
	assert_int_equal(rec->status, 163);
	assert_int_equal(rec->user_id, ID_BOB);
	assert_int_equal(login(c, NOBODY, HSM_USER_CU, "bob", PASSWORD), HSM_RV_USER_LOCKED);
	check_last(c, HSM_CN_LOGIN, HSM_RV_USER_LOCKED, 0);
	assert_int_equal(login(c, NOBODY, HSM_USER_PCO, "admin", PASSWORD), 0);
	rec = last_rec(c, 0);
	assert_int_equal(rec->status, 0);
	assert_int_equal(rec->user_type, HSM_USER_CO);
	assert_int_equal(logout(c, NOBODY), 0);
	rec = last_rec(c, 0);
	assert_int_equal(rec->opcode, HSM_CN_LOGOUT);
	assert_int_equal(rec->caller, ID_ADMIN);
	assert_string_equal((const char *)rec->user_name, "admin");
	assert_int_equal(rec->user_type, HSM_USER_CO);
}

static void closing(void **state)
{
	struct card *c = *state;

	assert_int_equal(open_session(c, ALICE), FIRST_SESSION + 1);
	assert_int_equal(send(c, ALICE, begin(HSM_CMD_SESSION_CLOSE, FIRST_SESSION + 1)), 0);
	check_last(c, HSM_CN_CLOSE_SESSION, 0, ID_ALICE);
	assert_int_equal(last_rec(c, 0)->session, FIRST_SESSION + 1);
	fw_ctx_close(c->fw, ALICE);
	check_last(c, HSM_CN_APP_FINALIZE, 0, ID_ALICE);
	assert_string_equal((const char *)last_rec(c, 0)->user_name, "alice");
	/* Who logged out before has nothing to finalize. */
	assert_int_equal(logout(c, BOB), 0);
	fw_ctx_close(c->fw, BOB);
	check_last(c, HSM_CN_LOGOUT, 0, ID_BOB);
}

static void readers(void **state)
{
	static const struct { uint32_t ctx, status; } who[] = {
		{ ADMIN, 0 }, { OFFICER, 0 }, { AUDITOR, 0 }, { ALICE, HSM_RV_NOT_AUTHORIZED },
		{ NOBODY, HSM_RV_NOT_LOGGED_IN },
	};
	static const uint8_t nonce[HSM_NONCE_LEN];
	struct msg *m;

	for (size_t i = 0; i < sizeof(who) / sizeof(who[0]); i++) {
		m = begin(HSM_CMD_AUDIT_READ, FIRST_SESSION);
		add_u64(m, HSM_TAG_SEQUENCE, 0);
		assert_int_equal(send(*state, who[i].ctx, m), who[i].status);
		m = begin(HSM_CMD_AUDIT_HEAD, FIRST_SESSION);
		add(m, HSM_TAG_NONCE, nonce, sizeof(nonce));
		assert_int_equal(send(*state, who[i].ctx, m), who[i].status);
	}
	m = begin(HSM_CMD_AUDIT_READ, FIRST_SESSION);
	add_u64(m, HSM_TAG_SEQUENCE, 1000000);
	assert_int_equal(send(*state, OFFICER, m), 0);
	assert_int_equal(reply_count(m, HSM_TAG_AUDIT_REC), 0);
	m = begin(HSM_CMD_AUDIT_READ, FIRST_SESSION);
	add_u64(m, HSM_TAG_SEQUENCE, 0);
	m->req.rights = 0x1f & ~HSM_CLASS_AUDIT;
	assert_int_equal(send(*state, OFFICER, m), HSM_RV_NO_RIGHT);
}

static void head_is_signed(void **state)
{
	struct card *c = *state;
	struct bytes der = identity_cert(c->fw->identity, HSM_CERT_HARDWARE);
	static const uint8_t nonce[HSM_NONCE_LEN] = { 9 };
	struct msg *m = begin(HSM_CMD_AUDIT_HEAD, FIRST_SESSION);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct tlv head, sig;
	X509 *x = d2i_X509(NULL, &der.p, (long)der.len);

	add(m, HSM_TAG_NONCE, nonce, sizeof(nonce));
	assert_int_equal(send(c, OFFICER, m), 0);
	assert_true(reply_find(m, HSM_TAG_AUDIT_HEAD, &head));
	assert_true(reply_find(m, HSM_TAG_SIGNATURE, &sig));
	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, X509_get0_pubkey(x)), 1);
	assert_int_equal(EVP_DigestVerify(ctx, sig.p, sig.len, head.p, head.len), 1);
	EVP_MD_CTX_free(ctx);
	X509_free(x);
}

static struct msg *begin_mask(struct card *c)
{
	uint64_t h = made(c, ALICE, begin_aes("k"));
	struct msg *m = begin(HSM_CMD_KEY_MASK, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, h);
	return m;
}

/* The answer waits for the record, also of what changes nothing else. */
static void answer_waits(void **state)
{
	struct card *c = *state;
	struct msg *m = begin_mask(c);

	c->gate->hold = true;
	exec_begin(c, ALICE, m);
	assert_false(m->done);
	gate_let_go(c->gate, 0);
	wait_done(m);
	assert_int_equal(m->status, 0);
	check_last(c, HSM_CN_EXTRACT_MASKED_OBJECT_USER, 0, ID_ALICE);
}

/* What cannot be recorded is not given out: the fixture checks that no byte of it is left. */
static void no_record_no_data(void **state)
{
	struct card *c = *state;
	struct msg *m = begin_mask(c);
	uint64_t next = last_rec(c, 0)->sequence + 1;
	struct tlv t;

	m = begin_mask(c);
	c->gate->fail = -EIO;
	assert_int_equal(send(c, ALICE, m), HSM_RV_STORE_FAILED);
	assert_false(reply_find(m, HSM_TAG_DATA, &t));
	assert_int_equal(user_create(c, ALICE, HSM_USER_CU, "x", PASSWORD), HSM_RV_STORE_FAILED);
	c->gate->fail = 0;
	/* One key was made since; nothing is missing. */
	assert_int_equal(read_log(c)->n, next + 1);
}

/* A login that was recorded and then found somebody else there is taken back in the log. */
static void told_otherwise(void **state)
{
	static const char *const names[] = { "alice", "bob" };
	struct card *c = *state;
	struct msg *m[2];
	int i;

	c->gate->hold = true;
	for (i = 0; i < 2; i++) {
		m[i] = malloc(sizeof(*m[i]));
		assert_non_null(m[i]);
		begin_in(m[i], HSM_CMD_LOGIN, FIRST_SESSION);
		add_u32(m[i], HSM_TAG_USER_TYPE, HSM_USER_CU);
		add_text(m[i], HSM_TAG_USER_NAME, names[i]);
		add_text(m[i], HSM_TAG_PASSWORD, PASSWORD);
		exec_begin(c, NOBODY, m[i]);
	}
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(m[0]), 0);
	assert_int_equal(wait_status(m[1]), HSM_RV_ALREADY_LOGGED_IN);
	assert_int_equal(last_rec(c, 1)->user_id, ID_BOB);
	assert_int_equal(last_rec(c, 0)->user_id, ID_BOB);
	assert_int_equal(last_rec(c, 0)->status, HSM_RV_ALREADY_LOGGED_IN);
}

static void no_secrets(void **state)
{
	static const char *const secrets[] = { PASSWORD, WRONG, "New_pass_9", "secret label" };
	struct card *c = *state;
	const struct log *log;

	login(c, NOBODY, HSM_USER_CU, "bob", WRONG);
	user_create(c, ADMIN, HSM_USER_CU, "carol", "New_pass_9");
	user_password(c, ALICE, HSM_USER_CU, "alice", "New_pass_9");
	made(c, ALICE, begin_aes("secret label"));
	log = read_log(c);
	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		assert_null(memmem(log->r, log->n * sizeof(log->r[0]), secrets[i],
				   strlen(secrets[i])));
}

/* Every command that is marked has a line in the table of what is said of it. */
static void all_have_names(void **state)
{
	struct card *c = *state;
	size_t n = 0;

	for (size_t g = 0; g < cmd_group_count; g++) {
		for (size_t i = 0; i < *cmd_groups[g].n; i++) {
			const struct cmd *cmd = &cmd_groups[g].cmd[i];
			struct call call = { .fw = c->fw, .cmd = cmd };
			struct audit_journal j = { 0 };

			audit_call(&j, &call, NULL, HSM_RV_BAD_MESSAGE);
			if (j.n != !!(cmd->flags & (CMD_AUDIT | CMD_POST)))
				fail_msg("%s", cmd->name);
			n += j.n;
		}
	}
	assert_true(n >= 20);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		TEST(fresh_card), TEST(creations), TEST(keys), TEST(refusals), TEST(nobody),
		TEST(logins), TEST(closing), TEST(readers), TEST(head_is_signed),
		TEST(answer_waits), TEST(no_record_no_data), TEST(told_otherwise),
		TEST(no_secrets), TEST(all_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
