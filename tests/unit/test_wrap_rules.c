// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_wrap_rules.c - which keys leave under which: trusted wrapping keys (S3), wrap
 * templates, the faithful policy's warning and the strict policy's rules (S2, S6).
 */
#include "fw_int.h"
#include "using.h"

static struct blob wrapped;

static uint32_t wrap(struct card *c, uint64_t key, uint64_t kek)
{
	return send(c, ALICE, begin_wrap(key, kek, HSM_WRAP_AES_PAD));
}

static uint64_t token_key(struct card *c, uint32_t len, const char *label)
{
	return made(c, ALICE, begin_sym(HSM_KEY_AES, len, label));
}

static void wrap_with_trusted(void **state)
{
	struct card *c = *state;
	uint64_t kek = token_key(c, 32, "kek");
	uint64_t key = make_with(c, HSM_KEY_AES, 32, HSM_ATTR_WRAP_WITH_TRUSTED, 1), copy;

	assert_int_equal(wrap(c, key, kek), HSM_RV_NOT_TRUSTED);
	assert_int_equal(bad_tag(last()), HSM_TAG_WRAP_HANDLE);
	/* Its owner cannot help it: TRUSTED is an officer's, and the flag only goes up. */
	assert_int_equal(set_bool(c, ALICE, kek, HSM_ATTR_TRUSTED, 1), HSM_RV_ATTRIBUTE_FIXED);
	assert_int_equal(set_bool(c, ALICE, key, HSM_ATTR_WRAP_WITH_TRUSTED, 0),
			 HSM_RV_ATTRIBUTE_FIXED);
	assert_int_equal(wrap(c, key, kek), HSM_RV_NOT_TRUSTED);
	assert_int_equal(set_bool(c, OFFICER, kek, HSM_ATTR_TRUSTED, 1), 0);
	assert_int_equal(wrap(c, key, kek), 0);
	take(HSM_TAG_DATA, &wrapped);
	/* What comes back keeps the flag. */
	assert_int_equal(unwrap_key(c, kek, HSM_WRAP_AES_PAD, &wrapped), 0);
	copy = reply_u64(last(), HSM_TAG_HANDLE);
	assert_int_equal(attr_u32(c, ALICE, copy, HSM_ATTR_WRAP_WITH_TRUSTED), 1);
}

/* A trusted key that leaves and comes back cannot stand in for itself. */
static void trust_does_not_travel(void **state)
{
	struct card *c = *state;
	uint64_t kek = token_key(c, 32, "kek"), outer = token_key(c, 32, "outer"), copy;
	uint64_t key = make_with(c, HSM_KEY_AES, 32, HSM_ATTR_WRAP_WITH_TRUSTED, 1);

	assert_int_equal(set_bool(c, OFFICER, kek, HSM_ATTR_TRUSTED, 1), 0);
	assert_int_equal(wrap(c, kek, outer), 0);
	take(HSM_TAG_DATA, &wrapped);
	assert_int_equal(unwrap_key(c, outer, HSM_WRAP_AES_PAD, &wrapped), 0);
	copy = reply_u64(last(), HSM_TAG_HANDLE);
	assert_int_equal(attr_u32(c, ALICE, copy, HSM_ATTR_TRUSTED), 0);
	assert_int_equal(attr_u32(c, ALICE, copy, HSM_ATTR_WRAP), 1);
	assert_int_equal(wrap(c, key, copy), HSM_RV_NOT_TRUSTED);
}

static void wrap_template(void **state)
{
	static const uint8_t want_sign[] = { 8, 1, 0, 0, 1, 0, 0, 0, 1 };
	static const uint8_t want_des[] = { 0, 1, 0, 0, 4, 0, 0, 0, HSM_KEY_DES3, 0, 0, 0 };
	struct card *c = *state;
	uint64_t kek = token_key(c, 32, "kek"), plain = make_secret(c, HSM_KEY_AES, 32);
	uint64_t signs = make_with(c, HSM_KEY_AES, 32, HSM_ATTR_SIGN, 1);

	assert_int_equal(set_bytes(c, ALICE, kek, HSM_ATTR_WRAP_TEMPLATE, want_sign,
				   sizeof(want_sign)), 0);
	assert_int_equal(wrap(c, plain, kek), HSM_RV_TEMPLATE_CONFLICT);
	assert_int_equal(bad_tag(last()), HSM_ATTR_SIGN);
	assert_int_equal(wrap(c, signs, kek), 0);
	assert_int_equal(set_bytes(c, ALICE, kek, HSM_ATTR_WRAP_TEMPLATE, want_des,
				   sizeof(want_des)), 0);
	assert_int_equal(wrap(c, signs, kek), HSM_RV_TEMPLATE_CONFLICT);
	assert_int_equal(bad_tag(last()), HSM_ATTR_KEY_TYPE);
	assert_int_equal(wrap(c, make_secret(c, HSM_KEY_DES3, 24), kek), 0);
	assert_int_equal(set_bytes(c, ALICE, kek, HSM_ATTR_WRAP_TEMPLATE, "", 0), 0);
	assert_int_equal(wrap(c, plain, kek), 0);
}

static size_t warnings(const struct card *c)
{
	const char *p = c->log;
	size_t n = 0;

	while ((p = strstr(p, "W KEY_WRAP: key "))) {
		n++;
		p++;
	}
	return n;
}

static void faithful_warns_once(void **state)
{
	struct card *c = *state;
	uint64_t kek = token_key(c, 32, "kek"), key = make_secret(c, HSM_KEY_AES, 32);
	uint64_t careful = make_with(c, HSM_KEY_AES, 32, HSM_ATTR_DECRYPT, 0);

	assert_int_equal(wrap(c, key, careful), 0);
	assert_int_equal(warnings(c), 0);
	assert_int_equal(wrap(c, key, kek), 0);
	assert_int_equal(warnings(c), 1);
	assert_int_equal(wrap(c, key, kek), 0);
	assert_int_equal(warnings(c), 1);
	assert_int_equal(wrap(c, key, token_key(c, 32, "second")), 0);
	assert_int_equal(warnings(c), 2);
}

static uint64_t strict_kek(struct card *c, uint32_t len)
{
	struct msg *m = begin_sym(HSM_KEY_AES, len, "kek");

	add_u8(m, HSM_ATTR_WRAP, 1);
	add_u8(m, HSM_ATTR_ENCRYPT, 0);
	add_u8(m, HSM_ATTR_DECRYPT, 0);
	return made(c, ALICE, m);
}

static void strict_no_stronger_than_its_wrapper(void **state)
{
	struct card *c = *state;
	uint64_t kek, rsa;

	c->fw->policy = FW_POLICY_STRICT;
	kek = strict_kek(c, 16);
	rsa = make_pair(c, HSM_KEY_RSA, 0);
	assert_int_equal(wrap(c, make_secret(c, HSM_KEY_AES, 16), kek), 0);
	assert_int_equal(wrap(c, make_secret(c, HSM_KEY_AES, 24), kek), HSM_RV_STRICT_POLICY);
	assert_int_equal(bad_tag(last()), HSM_TAG_WRAP_HANDLE);
	assert_int_equal(wrap(c, make_pair(c, HSM_KEY_EC, HSM_CURVE_PRIME256V1) + 1, kek), 0);
	assert_int_equal(wrap(c, make_pair(c, HSM_KEY_EC, HSM_CURVE_SECP384R1) + 1, kek),
			 HSM_RV_STRICT_POLICY);
	assert_int_equal(wrap(c, make_secret(c, HSM_KEY_AES, 32), strict_kek(c, 32)), 0);
	assert_int_equal(send(c, ALICE, begin_wrap(make_secret(c, HSM_KEY_AES, 32), rsa,
						   HSM_WRAP_RSA_OAEP)), HSM_RV_STRICT_POLICY);
	c->fw->policy = FW_POLICY_FAITHFUL;
	assert_int_equal(send(c, ALICE, begin_wrap(make_secret(c, HSM_KEY_AES, 32), rsa,
						   HSM_WRAP_RSA_OAEP)), 0);
}

/* A card that becomes strict does not wrap with keys that decrypt, made before. */
static void strict_and_keys_from_before(void **state)
{
	struct card *c = *state;
	uint64_t kek = token_key(c, 32, "kek"), key = make_secret(c, HSM_KEY_AES, 16);

	c->fw->policy = FW_POLICY_STRICT;
	assert_int_equal(wrap(c, key, kek), HSM_RV_STRICT_POLICY);
	assert_int_equal(warnings(c), 0);
}

/* A key made before the card was in FIPS mode is not used in it; the mechanisms likewise. */
static void fips(void **state)
{
	struct card *c = *state;
	uint64_t des = make_with(c, HSM_KEY_DES3, 24, HSM_ATTR_WRAP, 1);
	uint64_t key = make_secret(c, HSM_KEY_AES, 32), ec = make_pair(c, HSM_KEY_EC, 16);
	uint64_t rsa = make_pair(c, HSM_KEY_RSA, 0), bad = make_pair(c, HSM_KEY_EC, 13);
	struct msg *m;

	c->fw->fips = true;
	assert_int_equal(send(c, ALICE, begin_wrap(key, des, HSM_WRAP_TDEA)), HSM_RV_FIPS_VIOLATION);
	m = begin_crypt(HSM_CMD_CRYPT, HSM_USE_ENCRYPT, HSM_CKM_DES3_ECB, des);
	assert_int_equal(send(c, ALICE, m), HSM_RV_FIPS_VIOLATION);
	m = begin_crypt(HSM_CMD_CRYPT, HSM_USE_SIGN, HSM_CKM_ECDSA_SHA256, ec + 1);
	assert_int_equal(send(c, ALICE, m), 0);
	m = begin_crypt(HSM_CMD_CRYPT, HSM_USE_SIGN, HSM_CKM_ECDSA_SHA256, bad + 1);
	assert_int_equal(send(c, ALICE, m), HSM_RV_FIPS_VIOLATION);
	assert_int_equal(bad_tag(m), HSM_TAG_HANDLE);
	m = begin_crypt(HSM_CMD_CRYPT, HSM_USE_SIGN, HSM_CKM_SHA1_RSA_PKCS, rsa + 1);
	assert_int_equal(send(c, ALICE, m), HSM_RV_FIPS_VIOLATION);
	assert_int_equal(bad_tag(m), HSM_TAG_MECHANISM);
	m = begin_crypt(HSM_CMD_CRYPT, HSM_USE_VERIFY, HSM_CKM_SHA1_RSA_PKCS, rsa);
	add(m, HSM_TAG_SIGNATURE, "not one", 7);
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_PKCS_DATA);
	m = begin_crypt(HSM_CMD_CRYPT, HSM_USE_SIGN, HSM_CKM_SHA256_RSA_PKCS_PSS, rsa + 1);
	assert_int_equal(send(c, ALICE, m), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		T(wrap_with_trusted), T(trust_does_not_travel), T(wrap_template),
		T(faithful_warns_once), T(strict_no_stronger_than_its_wrapper),
		T(strict_and_keys_from_before), T(fips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
