// SPDX-License-Identifier: GPL-2.0-or-later
/* test_user_mask.c - USER_REGISTER; USER_MASK and USER_UNMASK. */
#include <errno.h>

#include <openssl/x509.h>

#include "factor.h"
#include "fw_int.h"
#include "identity.h"
#include "mask.h"
#include "record.h"

static uint8_t masked[HSM_MSG_MAX];
static size_t masked_len;

static uint32_t mask(struct card *c, uint32_t ctx, uint32_t id)
{
	struct msg *m = begin(HSM_CMD_USER_MASK, FIRST_SESSION);
	uint32_t rc;
	struct tlv t;

	add_u32(m, HSM_TAG_USER_ID, id);
	rc = send(c, ctx, m);
	if (!rc) {
		assert_true(reply_find(m, HSM_TAG_DATA, &t));
		masked_len = t.len;
		memcpy(masked, t.p, t.len);
	}
	return rc;
}

static uint32_t unmask(struct card *c, uint32_t ctx)
{
	struct msg *m = begin(HSM_CMD_USER_UNMASK, FIRST_SESSION);

	add(m, HSM_TAG_DATA, masked, masked_len);
	return send(c, ctx, m);
}

static void registered(void **state)
{
	struct card *c = *state;

	assert_int_equal(register_key(c, ALICE, HSM_USER_CU, "alice", 0), 0);
	assert_int_equal(register_key(c, OFFICER, HSM_USER_CO, "officer", 1), 0);
	assert_int_equal(register_key(c, ADMIN, HSM_USER_CO, "admin", 2), 0);
	assert_int_equal(user_flags(c, "alice"), HSM_USER_F_MOFN);
	card_restart(c);
	card_login_all(c);
	assert_int_equal(user_flags(c, "alice"), HSM_USER_F_MOFN);
	check_refused(register_key(c, BOB, HSM_USER_CU, "bob", 0), HSM_RV_KEY_REGISTERED,
		      HSM_TAG_PUBLIC_KEY);
	/* One's own once more, another, and then the first is free. */
	assert_int_equal(register_key(c, ALICE, HSM_USER_CU, "alice", 0), 0);
	assert_int_equal(register_key(c, ALICE, HSM_USER_CU, "alice", 3), 0);
	assert_int_equal(register_key(c, BOB, HSM_USER_CU, "bob", 0), 0);
}

static void only_for_oneself(void **state)
{
	struct card *c = *state;

	check_refused(register_key(c, ALICE, HSM_USER_CU, "bob", 0), HSM_RV_NOT_AUTHORIZED,
		      HSM_TAG_USER_NAME);
	check_refused(register_key(c, ADMIN, HSM_USER_CU, "bob", 0), HSM_RV_NOT_AUTHORIZED,
		      HSM_TAG_USER_NAME);
	check_refused(register_key(c, ALICE, HSM_USER_CO, "alice", 0), HSM_RV_NOT_AUTHORIZED,
		      HSM_TAG_USER_NAME);
	check_refused(register_key(c, ALICE, 4, "alice", 0), HSM_RV_BAD_USER_TYPE,
		      HSM_TAG_USER_TYPE);
	assert_int_equal(register_key(c, AUDITOR, HSM_USER_AU, "app_user", 0),
			 HSM_RV_NOT_AUTHORIZED);
	assert_int_equal(user_flags(c, "bob"), 0);
}

static struct msg *begin_register(EVP_PKEY *key, int n, const struct blob *token,
				  const struct blob *over)
{
	static struct blob sig;
	struct msg *m = begin_user(HSM_CMD_USER_REGISTER, HSM_USER_CU, "alice", NULL);

	evp_sign(signer(n), "SHA256", false, over, &sig);
	add_blob(m, HSM_TAG_DATA, token);
	add_blob(m, HSM_TAG_SIGNATURE, &sig);
	add_spki(m, key);
	return m;
}

static void bad_registrations(void **state)
{
	static struct blob token, other, junk;
	struct card *c = *state;
	EVP_PKEY *small = EVP_RSA_gen(1024);
	struct msg *m;

	fill(&token, HSM_REGISTRATION_MAX);
	fill(&other, HSM_REGISTRATION_MAX - 1);
	check_refused(send(c, ALICE, begin_register(signer(0), 1, &token, &token)),
		      HSM_RV_BAD_PKCS_DATA, HSM_TAG_SIGNATURE);
	check_refused(send(c, ALICE, begin_register(signer(0), 0, &token, &other)),
		      HSM_RV_BAD_PKCS_DATA, HSM_TAG_SIGNATURE);
	check_refused(send(c, ALICE, begin_register(small, 0, &token, &token)),
		      HSM_RV_BAD_KEY_SIZE, HSM_TAG_PUBLIC_KEY);
	m = begin_register(signer(0), 0, &token, &token);
	m->in[m->len - 290] ^= 1;	/* in the head of the key */
	check_refused(send(c, ALICE, m), HSM_RV_BAD_PKCS_DATA, HSM_TAG_PUBLIC_KEY);
	fill(&junk, HSM_REGISTRATION_MAX + 1);
	check_refused(send(c, ALICE, begin_register(signer(0), 0, &junk, &junk)),
		      HSM_RV_INVALID_INPUT, HSM_TAG_DATA);
	assert_int_equal(user_flags(c, "alice"), 0);
	assert_int_equal(send(c, ALICE, begin_register(signer(0), 0, &token, &token)), 0);
	EVP_PKEY_free(small);
}

/* One private key, two exponents: still one key. */
static void another_exponent(void **state)
{
	struct card *c = *state;
	struct user_rec a = { 0 }, b;
	unsigned char *der = NULL;

	assert_int_equal(register_key(c, ALICE, HSM_USER_CU, "alice", 0), 0);
	a.public_key_len = (uint32_t)i2d_PUBKEY(signer(0), &der);
	memcpy(a.public_key, der, a.public_key_len);
	OPENSSL_free(der);
	b = a;
	b.public_key[b.public_key_len - 1] = 3;
	assert_true(user_key_taken(&c->fw->users, &b, NULL));
	b.public_key[100] ^= 1;
	assert_false(user_key_taken(&c->fw->users, &b, NULL));
}

static void store_fails(void **state)
{
	struct card *c = *state;

	c->gate->fail = -EIO;
	assert_int_equal(register_key(c, ALICE, HSM_USER_CU, "alice", 0), HSM_RV_STORE_FAILED);
	c->gate->fail = 0;
	assert_int_equal(user_flags(c, "alice"), 0);
	assert_int_equal(register_key(c, BOB, HSM_USER_CU, "bob", 0), 0);
}

/* The other card of a cluster, which has the masking key of the first: users 1 to 5, too. */
static void to_another(struct card *c, struct card *other)
{
	card_init(other, NULL);
	assert_true(card_start(other));
	card_open_contexts(other);
	assert_int_equal(login(other, ADMIN, HSM_USER_PRECO, "admin", "password"), 0);
	assert_int_equal(user_password(other, ADMIN, HSM_USER_PRECO, "admin", PASSWORD), 0);
	memcpy((uint8_t *)other->fw->identity->masking_key.p, c->fw->identity->masking_key.p,
	       MASKING_KEY_LEN);
}

static void user_on_another_card(void **state)
{
	struct card *c = *state, other = { 0 };
	struct hsm_user_rec rec;
	struct nonce nonce;

	create_2fa(c, "carol", 0);
	assert_int_equal(mask(c, OFFICER, reply_u32(last(), HSM_TAG_USER_ID)), 0);
	to_another(c, &other);
	assert_int_equal(unmask(&other, ADMIN), 0);
	get_user(&other, "carol", &rec);
	assert_int_equal(rec.id, 6);
	assert_int_equal(rec.type, HSM_USER_CO);
	assert_int_equal(rec.flags, HSM_USER_F_MOFN | HSM_USER_F_2FA);
	nonce = challenge(&other, NOBODY);
	assert_int_equal(login_2fa(&other, "carol", PASSWORD, 0, &nonce), 0);
	assert_int_equal(unmask(&other, ADMIN), HSM_RV_USER_EXISTS);
	/* Ids go on above it, and it may stand below others. */
	assert_int_equal(user_create(&other, ADMIN, HSM_USER_CU, "dave", PASSWORD), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_ID), 7);
	assert_int_equal(mask(c, OFFICER, ID_BOB), 0);
	assert_int_equal(unmask(&other, ADMIN), 0);
	assert_int_equal(login(&other, BOB, HSM_USER_CU, "bob", PASSWORD), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_ID), ID_BOB);
	assert_int_equal(other.fw->users.v[2]->rec.id, ID_BOB);
	assert_int_equal(other.fw->users.v[4]->rec.id, 7);
	card_stop(&other);
	card_free(&other);
}

static void taken(void **state)
{
	struct card *c = *state, other = { 0 };

	to_another(c, &other);
	assert_int_equal(user_create(&other, ADMIN, HSM_USER_CU, "bob", PASSWORD), 0);
	assert_int_equal(mask(c, OFFICER, ID_ALICE), 0);
	check_refused(unmask(&other, ADMIN), HSM_RV_USER_EXISTS, HSM_TAG_DATA);	/* id 3 */
	assert_int_equal(mask(c, OFFICER, ID_BOB), 0);
	check_refused(unmask(&other, ADMIN), HSM_RV_USER_EXISTS, HSM_TAG_DATA);	/* name */
	assert_int_equal(register_key(c, ALICE, HSM_USER_CU, "alice", 0), 0);
	assert_int_equal(user_delete(&other, ADMIN, HSM_USER_CU, "bob"), 0);
	assert_int_equal(register_key(&other, ADMIN, HSM_USER_CO, "admin", 0), 0);
	assert_int_equal(mask(c, OFFICER, ID_ALICE), 0);
	check_refused(unmask(&other, ADMIN), HSM_RV_KEY_REGISTERED, HSM_TAG_DATA);
	assert_int_equal(mask(c, OFFICER, 77), HSM_RV_USER_UNKNOWN);
	assert_int_equal(bad_tag(last()), HSM_TAG_USER_ID);
	card_stop(&other);
	card_free(&other);
}

static void foreign_or_damaged(void **state)
{
	struct card *c = *state;
	struct msg *m;
	struct tlv t;
	uint64_t h;
	size_t i;

	assert_int_equal(mask(c, OFFICER, ID_BOB), 0);
	assert_null(memmem(masked, masked_len, "bob", 3));
	assert_int_equal(logout(c, BOB), 0);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CU, "bob"), 0);
	for (i = 0; i < masked_len; i += i < 24 ? 1 : 11) {
		masked[i] ^= 1;
		check_refused(unmask(c, ADMIN), HSM_RV_BAD_MASKED_OBJECT, HSM_TAG_DATA);
		masked[i] ^= 1;
	}
	masked_len--;
	assert_int_equal(unmask(c, ADMIN), HSM_RV_BAD_MASKED_OBJECT);
	masked_len++;
	assert_int_equal(unmask(c, ADMIN), 0);
	card_restart(c);
	card_login_all(c);
	/* A masked key is no user, nor if it says so. */
	h = made(c, ALICE, begin_aes("key"));
	m = begin(HSM_CMD_KEY_MASK, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, h);
	assert_int_equal(send(c, ALICE, m), 0);
	assert_true(reply_find(m, HSM_TAG_DATA, &t));
	masked_len = t.len;
	memcpy(masked, t.p, t.len);
	assert_int_equal(unmask(c, ADMIN), HSM_RV_BAD_MASKED_OBJECT);
	memcpy(masked, "HSMU", 4);
	assert_int_equal(unmask(c, ADMIN), HSM_RV_BAD_MASKED_OBJECT);
}

/* An officer alone brings nobody back where making users takes a quorum. */
static void unmask_needs_the_quorum(void **state)
{
	static struct blob file;
	struct card *c = *state;

	register_all(c);
	assert_int_equal(mask(c, OFFICER, ID_BOB), 0);
	assert_int_equal(logout(c, BOB), 0);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CU, "bob"), 0);
	assert_int_equal(m_value_set(c, ADMIN, HSM_SERVICE_USER_MGMT, 2), 0);
	assert_int_equal(unmask(c, ADMIN), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "bob", PASSWORD),
			 HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(user_password(c, ADMIN, HSM_USER_CU, "alice", PASSWORD),
			 HSM_RV_USER_LOGGED_IN);
	assert_int_equal(logout(c, ALICE), 0);
	assert_int_equal(user_password(c, ADMIN, HSM_USER_CU, "alice", PASSWORD),
			 HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CU, "alice"), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(user_password(c, ADMIN, HSM_USER_CO, "admin", PASSWORD), 0);
	approved_officers(c, HSM_SERVICE_USER_MGMT, &file);
	assert_int_equal(unmask(c, ADMIN), 0);
	assert_int_equal(login(c, BOB, HSM_USER_CU, "bob", PASSWORD), 0);
	approved_officers(c, HSM_SERVICE_USER_MGMT, &file);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CU, "alice"), 0);
}

/* A user's record from before there were public keys, and one of a key of the wrong length. */
static void old_records(void **state)
{
	struct card *c = *state;
	struct user_rec rec = c->fw->users.v[2]->rec, read;
	struct record r;

	rec.public_key_len = 0;
	record_put_user(&r, &rec);
	assert_true(record_ok(&r));
	assert_true(record_get_user(&read, rec.id, r.w.p, r.w.len));
	assert_int_equal(read.public_key_len, 0);
	tlv_put(&r.w, 8, masked, HSM_PUBLIC_KEY_MAX);
	assert_true(record_get_user(&read, rec.id, r.w.p, r.w.len));
	assert_int_equal(read.public_key_len, HSM_PUBLIC_KEY_MAX);
	record_free(&r);
	record_put_user(&r, &rec);
	tlv_put(&r.w, 8, masked, HSM_PUBLIC_KEY_MAX + 1);
	assert_false(record_get_user(&read, rec.id, r.w.p, r.w.len));
	record_free(&r);
}

/* The same of the card's record, and of m values. */
static void old_card_record(void **state)
{
	struct card *c = *state;
	struct record_card read;
	struct record r;

	record_put_card(&r, c->fw);
	assert_true(record_get_card(&read, r.w.p, r.w.len));
	assert_int_equal(read.m_value[0] | read.m_value[1], 0);
	assert_int_equal(read.next_user, 6);
	tlv_put_u32(&r.w, 5, HSM_M_VALUE_MAX);
	assert_true(record_get_card(&read, r.w.p, r.w.len));
	assert_int_equal(read.m_value[0], 0);
	assert_int_equal(read.m_value[1], HSM_M_VALUE_MAX);
	tlv_put_u32(&r.w, 4, HSM_M_VALUE_MAX + 1);
	assert_false(record_get_card(&read, r.w.p, r.w.len));
	record_free(&r);
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
		cmocka_unit_test_setup_teardown(registered, setup_users_sqlite, teardown),
		T(only_for_oneself), T(bad_registrations), T(another_exponent), T(store_fails),
		T(user_on_another_card), T(taken),
		cmocka_unit_test_setup_teardown(foreign_or_damaged, setup_users_sqlite, teardown),
		T(unmask_needs_the_quorum), T(old_records), T(old_card_record),
	};

	return cmocka_run_group_tests(tests, NULL, done);
}
