// SPDX-License-Identifier: GPL-2.0-or-later
/* test_approve.c - TOKEN_APPROVE: whose signature over what counts, and how often. */
#include "approving.h"
#include "fw_int.h"
#include "quorum_int.h"

static struct blob file, other, sig;

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

/* Each one alone, then behind a good one, which does not count either. */
static void bad_approval(struct card *c, uint32_t type, const char *name, int n, uint32_t status)
{
	struct msg *m;

	check_refused(approve(c, ALICE, &file, type, name, n), status, HSM_TAG_APPROVAL);
	m = begin_approve(&file);
	add_signed(m, HSM_USER_CU, "alice", 2, &file);
	add_signed(m, type, name, n, &file);
	check_refused(send(c, ALICE, m), status, HSM_TAG_APPROVAL);
	assert_int_equal(c->fw->quorum.first->n_approvals, 0);
}

static void who_approves(void **state)
{
	struct card *c = *state;
	uint64_t h = begin_key(c);

	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "carol", PASSWORD), 0);
	get_token(c, ALICE, HSM_SERVICE_KEY_USE, h, &file);
	bad_approval(c, HSM_USER_CU, "carol", 1, HSM_RV_BAD_APPROVAL);		/* no key */
	assert_int_equal(login(c, NOBODY, HSM_USER_CU, "carol", PASSWORD), 0);
	assert_int_equal(logout(c, OFFICER), 0);
	user_by_id(&c->fw->users, ID_OFFICER)->rec.public_key_len = 0;
	assert_int_equal(register_key(c, NOBODY, HSM_USER_CU, "carol", 1), 0);
	bad_approval(c, HSM_USER_CU, "carol", 1, HSM_RV_BAD_APPROVAL);		/* not her key */
	bad_approval(c, HSM_USER_CU, "nobody", 3, HSM_RV_BAD_APPROVAL);
	bad_approval(c, HSM_USER_CU, "", 3, HSM_RV_BAD_APPROVAL);
	bad_approval(c, HSM_USER_CO, "bob", 3, HSM_RV_BAD_APPROVAL);
	bad_approval(c, HSM_USER_CO, "admin", 0, HSM_RV_BAD_APPROVAL);		/* not his key */
	bad_approval(c, HSM_USER_CU, "bob", 2, HSM_RV_BAD_APPROVAL);		/* another's signature */
	bad_approval(c, HSM_USER_CU, "alice", 3, HSM_RV_BAD_APPROVAL);
	assert_int_equal(alice_approves(c, &file), 0);
	check_refused(alice_approves(c, &file), HSM_RV_BAD_APPROVAL, HSM_TAG_APPROVAL);
	assert_int_equal(approve(c, ALICE, &file, HSM_USER_CU, "bob", 3), 0);
	check_refused(approve(c, ALICE, &file, HSM_USER_CU, "bob", 3), HSM_RV_BAD_APPROVAL,
		      HSM_TAG_APPROVAL);
	assert_int_equal(use_key(c, ALICE, h), 0);
}

/* A signer who is shared the key with, but whose signature is over something else. */
static void what_the_signature_is_over(void **state)
{
	struct card *c = *state;
	uint64_t h = begin_key(c);
	struct msg *m;

	get_token(c, ALICE, HSM_SERVICE_KEY_USE, h, &file);
	get_token(c, ALICE, HSM_SERVICE_KEY_USE, h, &other);
	m = begin_approve(&file);
	add_signed(m, HSM_USER_CU, "bob", 3, &other);
	check_refused(send(c, ALICE, m), HSM_RV_BAD_APPROVAL, HSM_TAG_APPROVAL);
	evp_sign(signer(3), "SHA256", false, &file, &sig);
	sig.len = 255;
	m = begin_approve(&file);
	add_approval(m, HSM_USER_CU, "bob", &sig);
	check_refused(send(c, ALICE, m), HSM_RV_BAD_APPROVAL, HSM_TAG_APPROVAL);
	evp_sign(signer(3), "SHA1", false, &file, &sig);
	m = begin_approve(&file);
	add_approval(m, HSM_USER_CU, "bob", &sig);
	check_refused(send(c, ALICE, m), HSM_RV_BAD_APPROVAL, HSM_TAG_APPROVAL);
	evp_sign(signer(3), "SHA256", true, &file, &sig);
	m = begin_approve(&file);
	add_approval(m, HSM_USER_CU, "bob", &sig);
	check_refused(send(c, ALICE, m), HSM_RV_BAD_APPROVAL, HSM_TAG_APPROVAL);
}

static void twice_in_one_request(void **state)
{
	struct card *c = *state;
	uint64_t h = begin_key(c);
	struct msg *m;
	int i;

	get_token(c, ALICE, HSM_SERVICE_KEY_USE, h, &file);
	m = begin_approve(&file);
	add_signed(m, HSM_USER_CU, "alice", 2, &file);
	add_signed(m, HSM_USER_CU, "ALICE", 2, &file);
	check_refused(send(c, ALICE, m), HSM_RV_BAD_APPROVAL, HSM_TAG_APPROVAL);
	m = begin_approve(&file);
	for (i = 0; i <= HSM_M_VALUE_MAX; i++)
		add_signed(m, HSM_USER_CU, "alice", 2, &file);
	check_refused(send(c, ALICE, m), HSM_RV_BAD_APPROVAL, HSM_TAG_APPROVAL);
	assert_int_equal(send(c, ALICE, begin_approve(&file)), HSM_RV_BAD_MESSAGE);
}

/* One key counts once, whatever the card has been told about whose it is. */
static void one_key_on_two_users(void **state)
{
	struct card *c = *state;
	uint64_t h = begin_key(c);
	struct user *bob = user_by_id(&c->fw->users, ID_BOB);
	const struct user *alice = user_by_id(&c->fw->users, ID_ALICE);
	struct msg *m;

	assert_int_equal(register_key(c, BOB, HSM_USER_CU, "bob", 2), HSM_RV_KEY_REGISTERED);
	memcpy(bob->rec.public_key, alice->rec.public_key, sizeof(bob->rec.public_key));
	get_token(c, ALICE, HSM_SERVICE_KEY_USE, h, &file);
	m = begin_approve(&file);
	add_signed(m, HSM_USER_CU, "alice", 2, &file);
	add_signed(m, HSM_USER_CU, "bob", 2, &file);
	check_refused(send(c, ALICE, m), HSM_RV_BAD_APPROVAL, HSM_TAG_APPROVAL);
	assert_int_equal(alice_approves(c, &file), 0);
	check_refused(approve(c, ALICE, &file, HSM_USER_CU, "bob", 2), HSM_RV_BAD_APPROVAL,
		      HSM_TAG_APPROVAL);
	assert_int_equal(use_key(c, ALICE, h), HSM_RV_MXN_AUTH_FAILED);
}

/* Signed anew, so that nothing but the token itself is wrong. */
static void every_bit_of_the_token(void **state)
{
	struct card *c = *state;
	size_t bit;

	get_token(c, ALICE, HSM_SERVICE_KEY_USE, begin_key(c), &file);
	for (bit = 0; bit < TOKEN_LEN * 8; bit++) {
		file.p[bit / 8] ^= 1 << bit % 8;
		check_refused(alice_approves(c, &file), HSM_RV_NO_TOKEN, HSM_TAG_DATA);
		file.p[bit / 8] ^= 1 << bit % 8;
	}
	assert_int_equal(alice_approves(c, &file), 0);
}

static void every_bit_of_the_signature(void **state)
{
	struct card *c = *state;
	struct msg *m;
	size_t bit;

	get_token(c, ALICE, HSM_SERVICE_KEY_USE, begin_key(c), &file);
	evp_sign(signer(2), "SHA256", false, &file, &sig);
	for (bit = 0; bit < sig.len * 8; bit++) {
		sig.p[bit / 8] ^= 1 << bit % 8;
		m = begin_approve(&file);
		add_approval(m, HSM_USER_CU, "alice", &sig);
		check_refused(send(c, ALICE, m), HSM_RV_BAD_APPROVAL, HSM_TAG_APPROVAL);
		sig.p[bit / 8] ^= 1 << bit % 8;
	}
	assert_int_equal(alice_approves(c, &file), 0);
}

static void append(struct blob *to, const struct blob *from, size_t len)
{
	memcpy(to->p + to->len, from->p, len);
	to->len += len;
}

/* What a client writes with several cards: one record of each. */
static void records_of_several_cards(void **state)
{
	static struct blob mine, foreign, both;
	struct card *c = *state;
	uint64_t h = begin_key(c);
	size_t i;

	get_token(c, ALICE, HSM_SERVICE_KEY_USE, h, &mine);
	foreign = mine;
	memcpy(foreign.p + TOKEN_AT(serial), "TEST-0002", 9);
	for (i = 0; i < 31; i++)
		append(&both, i == 17 ? &mine : &foreign, TOKEN_LEN);
	append(&both, &foreign, TOKEN_LEN - 1);
	check_refused(alice_approves(c, &both), HSM_RV_INVALID_INPUT, HSM_TAG_DATA);
	append(&both, &foreign, 1);
	assert_int_equal(both.len, QUORUM_FILE_MAX * TOKEN_LEN);
	evp_sign(signer(3), "SHA256", false, &both, &sig);
	both.p[3 * TOKEN_LEN] ^= 1;
	add_approval(begin_approve(&both), HSM_USER_CU, "bob", &sig);
	check_refused(send(c, ALICE, last()), HSM_RV_BAD_APPROVAL, HSM_TAG_APPROVAL);
	both.p[3 * TOKEN_LEN] ^= 1;
	assert_int_equal(alice_approves(c, &both), 0);
	assert_int_equal(approve(c, ALICE, &both, HSM_USER_CU, "bob", 3), 0);
	assert_int_equal(use_key(c, ALICE, h), 0);
	append(&both, &foreign, TOKEN_LEN);
	check_refused(alice_approves(c, &both), HSM_RV_INVALID_INPUT, HSM_TAG_DATA);
}

/* One signature for two uses: not even if the approver did not look. */
static void two_records_of_this_card(void **state)
{
	static struct blob both;
	struct card *c = *state;
	uint64_t h = begin_key(c);

	get_token(c, ALICE, HSM_SERVICE_KEY_USE, h, &both);
	get_token(c, ALICE, HSM_SERVICE_KEY_USE, h, &other);
	append(&both, &other, TOKEN_LEN);
	check_refused(alice_approves(c, &both), HSM_RV_INVALID_INPUT, HSM_TAG_DATA);
	assert_int_equal(c->fw->quorum.first->n_approvals, 0);
}

/* What was given with a key that the user has no more does not count. */
static void another_key_registered(void **state)
{
	struct card *c = *state;
	uint64_t h = begin_key(c);

	approved_key(c, HSM_SERVICE_KEY_USE, h, &file);
	assert_int_equal(register_key(c, OFFICER, HSM_USER_CO, "officer", 3),
			 HSM_RV_KEY_REGISTERED);
	user_by_id(&c->fw->users, ID_OFFICER)->rec.public_key_len = 0;
	assert_int_equal(register_key(c, BOB, HSM_USER_CU, "bob", 1), 0);
	assert_int_equal(use_key(c, ALICE, h), HSM_RV_MXN_AUTH_FAILED);
	check_refused(approve(c, ALICE, &file, HSM_USER_CU, "bob", 3), HSM_RV_BAD_APPROVAL,
		      HSM_TAG_APPROVAL);
	assert_int_equal(approve(c, ALICE, &file, HSM_USER_CU, "bob", 1), 0);
	assert_int_equal(use_key(c, ALICE, h), 0);
}

static void strict(void **state)
{
	struct card *c = *state;
	uint64_t h;

	c->cfg.policy = FW_POLICY_STRICT;
	card_restart(c);
	card_login_all(c);
	h = begin_key(c);
	get_token(c, ALICE, HSM_SERVICE_KEY_USE, h, &file);
	check_refused(alice_approves(c, &file), HSM_RV_STRICT_POLICY, HSM_TAG_APPROVAL);
	assert_int_equal(approve(c, ALICE, &file, HSM_USER_CU, "bob", 3), 0);
	assert_int_equal(use_key(c, ALICE, h), HSM_RV_MXN_AUTH_FAILED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(who_approves, setup_users, teardown),
		cmocka_unit_test_setup_teardown(what_the_signature_is_over, setup_users, teardown),
		cmocka_unit_test_setup_teardown(twice_in_one_request, setup_users, teardown),
		cmocka_unit_test_setup_teardown(one_key_on_two_users, setup_users, teardown),
		cmocka_unit_test_setup_teardown(every_bit_of_the_token, setup_users, teardown),
		cmocka_unit_test_setup_teardown(every_bit_of_the_signature, setup_users, teardown),
		cmocka_unit_test_setup_teardown(records_of_several_cards, setup_users, teardown),
		cmocka_unit_test_setup_teardown(two_records_of_this_card, setup_users, teardown),
		cmocka_unit_test_setup_teardown(another_key_registered, setup_users, teardown),
		cmocka_unit_test_setup_teardown(strict, setup_users_sqlite, teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free_signers();
	return failed;
}
