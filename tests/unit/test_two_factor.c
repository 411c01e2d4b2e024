// SPDX-License-Identifier: GPL-2.0-or-later
/* test_two_factor.c - challenges, logins that need a signature, and how a second factor goes. */
#include <openssl/ec.h>
#include <openssl/rsa.h>

#include "factor.h"
#include "fw_int.h"

#define WRONG	"not the password"
#define BOTH	(HSM_USER_F_2FA | HSM_USER_F_MOFN)
#define VALID_MS 600000

static uint32_t plain_login(struct card *c, const char *name)
{
	return login(c, NOBODY, HSM_USER_CO, name, PASSWORD);
}

static void create_and_login(void **state)
{
	struct card *c = *state;
	struct nonce nonce;

	create_2fa(c, "carol", 0);
	assert_int_equal(user_flags(c, "carol"), BOTH);
	nonce = challenge(c, NOBODY);
	assert_int_equal(login_2fa(c, "carol", PASSWORD, 0, &nonce), 0);
	assert_int_equal(logout(c, NOBODY), 0);
	card_restart(c);
	card_open_contexts(c);
	assert_int_equal(user_flags(c, "carol"), BOTH);
	nonce = challenge(c, NOBODY);
	assert_int_equal(login_2fa(c, "carol", PASSWORD, 0, &nonce), 0);
}

/* Whatever is wrong answers alike and counts alike. */
static void wrong_factors_are_alike(void **state)
{
	struct card *c = *state;
	struct nonce zeros = { { 0 } }, nonce;
	uint8_t first[64];
	size_t len;

	create_2fa(c, "carol", 0);
	assert_int_equal(plain_login(c, "carol"), HSM_RV_LOGIN_FAILURE);
	len = last()->req.out_len;
	memcpy(first, last()->out, len);
	nonce = challenge(c, NOBODY);
	assert_int_equal(login_2fa(c, "carol", PASSWORD, 1, &nonce), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(last()->req.out_len, len);
	assert_memory_equal(last()->out, first, len);
	nonce = challenge(c, NOBODY);
	assert_int_equal(login_2fa(c, "carol", WRONG, 0, &nonce), HSM_RV_LOGIN_FAILURE);
	assert_memory_equal(last()->out, first, len);
	/* No challenge: a signature of what stands in its place is none. */
	assert_int_equal(login_2fa(c, "carol", PASSWORD, 0, &zeros), HSM_RV_LOGIN_FAILURE);
	assert_memory_equal(last()->out, first, len);
	assert_int_equal(user_failures(c, "carol"), 4);
	nonce = challenge(c, NOBODY);
	assert_int_equal(login_2fa(c, "carol", PASSWORD, 0, &nonce), 0);
	assert_int_equal(user_failures(c, "carol"), 0);
}

static void wrong_factors_lock(void **state)
{
	struct card *c = *state;
	struct nonce nonce;
	int i;

	create_2fa(c, "carol", 0);
	for (i = 0; i < HSM_LOGIN_TRIES; i++)
		assert_int_equal(plain_login(c, "carol"), HSM_RV_LOGIN_FAILURE);
	nonce = challenge(c, NOBODY);
	assert_int_equal(login_2fa(c, "carol", PASSWORD, 0, &nonce), HSM_RV_USER_LOCKED);
}

static void replayed_challenge(void **state)
{
	struct card *c = *state;
	struct nonce nonce;

	create_2fa(c, "carol", 0);
	nonce = challenge(c, NOBODY);
	assert_int_equal(login_2fa(c, "carol", PASSWORD, 0, &nonce), 0);
	assert_int_equal(logout(c, NOBODY), 0);
	assert_int_equal(login_2fa(c, "carol", PASSWORD, 0, &nonce), HSM_RV_LOGIN_FAILURE);
	/* Used up by a login that failed, too. */
	nonce = challenge(c, NOBODY);
	assert_int_equal(login_2fa(c, "carol", WRONG, 0, &nonce), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(login_2fa(c, "carol", PASSWORD, 0, &nonce), HSM_RV_LOGIN_FAILURE);
}

/* Of another session, of another context, and the one before the last. */
static void challenge_of_another(void **state)
{
	struct card *c = *state;
	uint32_t other = open_session(c, NOBODY);
	struct nonce nonce;

	create_2fa(c, "carol", 0);
	nonce = challenge_in(c, NOBODY, other);
	assert_int_equal(login_2fa(c, "carol", PASSWORD, 0, &nonce), HSM_RV_LOGIN_FAILURE);
	nonce = challenge(c, BOB);
	assert_int_equal(login_2fa(c, "carol", PASSWORD, 0, &nonce), HSM_RV_LOGIN_FAILURE);
	nonce = challenge(c, NOBODY);
	challenge(c, NOBODY);
	assert_int_equal(login_2fa(c, "carol", PASSWORD, 0, &nonce), HSM_RV_LOGIN_FAILURE);
}

static void challenge_ends(void **state)
{
	struct card *c = *state;
	struct nonce nonce;

	create_2fa(c, "carol", 0);
	nonce = challenge(c, NOBODY);
	atomic_fetch_add(&c->clock_ms, VALID_MS);
	assert_int_equal(login_2fa(c, "carol", PASSWORD, 0, &nonce), HSM_RV_LOGIN_FAILURE);
	nonce = challenge(c, NOBODY);
	atomic_fetch_add(&c->clock_ms, VALID_MS - 1);
	assert_int_equal(login_2fa(c, "carol", PASSWORD, 0, &nonce), 0);
	nonce = challenge(c, NOBODY);
	assert_int_equal(logout(c, NOBODY), 0);
	assert_int_equal(login_2fa(c, "carol", PASSWORD, 0, &nonce), HSM_RV_LOGIN_FAILURE);
}

/* Two users with second factors: each has his own key only. */
static void key_of_another_user(void **state)
{
	struct card *c = *state;
	struct nonce nonce;

	create_2fa(c, "carol", 0);
	create_2fa(c, "dave", 1);
	nonce = challenge(c, NOBODY);
	assert_int_equal(login_2fa(c, "carol", PASSWORD, 1, &nonce), HSM_RV_LOGIN_FAILURE);
	nonce = challenge(c, NOBODY);
	assert_int_equal(login_2fa(c, "dave", PASSWORD, 1, &nonce), 0);
}

static void signature_for_one_without(void **state)
{
	struct card *c = *state;
	struct nonce nonce = challenge(c, NOBODY);

	assert_int_equal(login_2fa(c, "officer", PASSWORD, 0, &nonce), 0);
	assert_int_equal(logout(c, NOBODY), 0);
	assert_int_equal(register_key(c, OFFICER, HSM_USER_CO, "officer", 0), 0);
	assert_int_equal(user_flags(c, "officer"), HSM_USER_F_MOFN);
	assert_int_equal(plain_login(c, "officer"), 0);
}

static uint32_t create(struct card *c, uint32_t type, EVP_PKEY *key, int n)
{
	struct nonce nonce = challenge(c, ADMIN);
	struct msg *m = begin_user(HSM_CMD_USER_CREATE, type, "carol", PASSWORD);

	if (key)
		add_spki(m, key);
	if (n >= 0)
		add_blob(m, HSM_TAG_SIGNATURE, signed_nonce(n, &nonce));
	return send(c, ADMIN, m);
}

static void bad_factors(void **state)
{
	struct card *c = *state;
	EVP_PKEY *ec = EVP_EC_gen("P-256"), *small = EVP_RSA_gen(1024), *large = EVP_RSA_gen(3072);

	check_refused(create(c, HSM_USER_CO, signer(0), -1), HSM_RV_BAD_MESSAGE,
		      HSM_TAG_SIGNATURE);
	check_refused(create(c, HSM_USER_CO, NULL, 0), HSM_RV_BAD_MESSAGE, HSM_TAG_PUBLIC_KEY);
	check_refused(create(c, HSM_USER_CU, signer(0), 0), HSM_RV_BAD_USER_TYPE,
		      HSM_TAG_PUBLIC_KEY);
	check_refused(create(c, HSM_USER_AU, signer(0), 0), HSM_RV_BAD_USER_TYPE,
		      HSM_TAG_PUBLIC_KEY);
	check_refused(create(c, HSM_USER_CO, signer(0), 1), HSM_RV_BAD_PKCS_DATA,
		      HSM_TAG_SIGNATURE);
	check_refused(create(c, HSM_USER_CO, ec, 0), HSM_RV_BAD_KEY_SIZE, HSM_TAG_PUBLIC_KEY);
	check_refused(create(c, HSM_USER_CO, small, 0), HSM_RV_BAD_KEY_SIZE, HSM_TAG_PUBLIC_KEY);
	check_refused(create(c, HSM_USER_CO, large, 0), HSM_RV_BAD_KEY_SIZE, HSM_TAG_PUBLIC_KEY);
	assert_int_equal(user_flags(c, "carol"), 0);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(small);
	EVP_PKEY_free(large);
	create_2fa(c, "carol", 0);
}

static void key_has_one_user(void **state)
{
	struct card *c = *state;
	struct nonce nonce;

	create_2fa(c, "carol", 0);
	nonce = challenge(c, ADMIN);
	check_refused(send(c, ADMIN, begin_factor(HSM_CMD_USER_CREATE, HSM_USER_CO, "dave",
						  PASSWORD, 0, &nonce)),
		      HSM_RV_KEY_REGISTERED, HSM_TAG_PUBLIC_KEY);
	nonce = challenge(c, ADMIN);
	check_refused(send(c, ADMIN, begin_factor(HSM_CMD_USER_PASSWORD, HSM_USER_CO, "admin",
						  PASSWORD, 0, &nonce)),
		      HSM_RV_KEY_REGISTERED, HSM_TAG_PUBLIC_KEY);
	check_refused(register_key(c, ALICE, HSM_USER_CU, "alice", 0), HSM_RV_KEY_REGISTERED,
		      HSM_TAG_PUBLIC_KEY);
}

/* It comes and goes with the password. */
static void password_sets_and_removes(void **state)
{
	struct card *c = *state;
	struct nonce nonce = challenge(c, OFFICER);

	assert_int_equal(send(c, OFFICER, begin_factor(HSM_CMD_USER_PASSWORD, HSM_USER_CO,
						       "officer", PASSWORD, 0, &nonce)), 0);
	assert_int_equal(user_flags(c, "officer"), BOTH);
	assert_int_equal(plain_login(c, "officer"), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(register_key(c, OFFICER, HSM_USER_CO, "officer", 1),
			 HSM_RV_TWO_FACTOR_KEY);
}

static void password_removes(void **state)
{
	struct card *c = *state;

	create_2fa(c, "carol", 0);
	assert_int_equal(user_password(c, ADMIN, HSM_USER_CO, "carol", PASSWORD), 0);
	assert_int_equal(user_flags(c, "carol"), 0);
	assert_int_equal(plain_login(c, "carol"), 0);
	/* The key is free again, and a key for the quorum alone outlives a new password. */
	assert_int_equal(register_key(c, OFFICER, HSM_USER_CO, "officer", 0), 0);
	assert_int_equal(user_password(c, OFFICER, HSM_USER_CO, "officer", PASSWORD), 0);
	assert_int_equal(user_flags(c, "officer"), HSM_USER_F_MOFN);
}

static void first_officer_with_both(void **state)
{
	struct card *c = *state;
	struct nonce nonce;

	assert_int_equal(login(c, ADMIN, HSM_USER_PRECO, "admin", "password"), 0);
	nonce = challenge(c, ADMIN);
	assert_int_equal(send(c, ADMIN, begin_factor(HSM_CMD_USER_PASSWORD, HSM_USER_PRECO,
						     "admin", PASSWORD, 0, &nonce)), 0);
	assert_int_equal(user_flags(c, "admin"), BOTH);
	assert_int_equal(plain_login(c, "admin"), HSM_RV_LOGIN_FAILURE);
}

/* A second factor that is on its way to the disk belongs to the password checked with it. */
static void factor_behind_a_login(void **state)
{
	struct card *c = *state;
	struct msg *set = malloc(sizeof(*set)), *enter = malloc(sizeof(*enter));
	struct nonce nonce = challenge(c, ADMIN);

	assert_non_null(set);
	assert_non_null(enter);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CO, "carol", PASSWORD), 0);
	memcpy(set, begin_factor(HSM_CMD_USER_PASSWORD, HSM_USER_CO, "carol", PASSWORD, 0, &nonce),
	       sizeof(*set));
	memcpy(enter, begin_user(HSM_CMD_LOGIN, HSM_USER_CO, "carol", PASSWORD), sizeof(*enter));
	c->gate->hold = true;
	exec_begin(c, ADMIN, set);
	exec_begin(c, NOBODY, enter);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(set), 0);
	assert_int_equal(wait_status(enter), HSM_RV_LOGIN_FAILURE);
}

/* Two who bring the same key at the same time: one of them gets it. */
static void one_key_in_flight_twice(void **state)
{
	struct card *c = *state;
	struct msg *a = malloc(sizeof(*a)), *b = malloc(sizeof(*b));
	struct nonce one = challenge(c, ADMIN), two = challenge(c, OFFICER);

	assert_non_null(a);
	assert_non_null(b);
	memcpy(a, begin_factor(HSM_CMD_USER_PASSWORD, HSM_USER_CO, "admin", PASSWORD, 0, &one),
	       sizeof(*a));
	memcpy(b, begin_factor(HSM_CMD_USER_PASSWORD, HSM_USER_CO, "officer", PASSWORD, 0, &two),
	       sizeof(*b));
	c->gate->hold = true;
	exec_begin(c, ADMIN, a);
	exec_begin(c, OFFICER, b);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(a), 0);
	assert_int_equal(wait_status(b), HSM_RV_KEY_REGISTERED);
}

static int done(void **state)
{
	(void)state;
	free_signers();
	return 0;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(create_and_login, setup_users_sqlite, teardown),
		T(wrong_factors_are_alike), T(wrong_factors_lock), T(replayed_challenge),
		T(challenge_of_another), T(challenge_ends), T(key_of_another_user),
		T(signature_for_one_without), T(bad_factors), T(key_has_one_user),
		T(password_sets_and_removes), T(password_removes), T(factor_behind_a_login),
		T(one_key_in_flight_twice),
		cmocka_unit_test_setup_teardown(first_officer_with_both, setup_fresh, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
