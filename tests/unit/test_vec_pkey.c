// SPDX-License-Identifier: GPL-2.0-or-later
/* test_vec_pkey.c - RSA, ECDSA and DSA against published vectors, the wrong ones too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto_key.h"
#include "hsm/hsm_cmd.h"
#include "keyop.h"
#include "vec_rsa.h"
#include "vector.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct fc_key *private_of(const char *pkcs8, struct fc_key **public)
{
	struct fc_numbers n;
	struct fc_key *k;
	size_t len;
	const uint8_t *der = unhex(pkcs8, &len);

	assert_int_equal(fc_pkcs8_decode(der, len, &n), 0);
	k = fc_key_private(&n);
	assert_non_null(k);
	if (public) {
		*public = fc_key_public(&n);
		assert_non_null(*public);
	}
	fc_numbers_clear(&n);
	return k;
}

static void rsa_sign(void **state)
{
	struct fc_key *public, *k = private_of(sign_key, &public);
	size_t len, n;
	const uint8_t *want = unhex(sign_sig_test, &len);
	uint8_t sig[2048];

	(void)state;
	for (unsigned int again = 0; again < 2; again++) {
		assert_int_equal(keyop_sign(k, HSM_CKM_SHA1_RSA_PKCS, "Test", 4, sig, &n), 0);
		assert_int_equal(n, len);
		assert_memory_equal(sig, want, n);
	}
	assert_int_equal(keyop_verify(public, HSM_CKM_SHA1_RSA_PKCS, "Test", 4, sig, n), 0);
	assert_int_equal(keyop_verify(public, HSM_CKM_SHA1_RSA_PKCS, "test", 4, sig, n),
			 HSM_RV_BAD_PKCS_DATA);
	assert_int_equal(keyop_verify(public, HSM_CKM_SHA224_RSA_PKCS, "Test", 4, sig, n),
			 HSM_RV_BAD_PKCS_DATA);
	assert_int_equal(keyop_verify(public, HSM_CKM_SHA1_RSA_PKCS_PSS, "Test", 4, sig, n),
			 HSM_RV_BAD_PKCS_DATA);
	fc_key_put(k);
	fc_key_put(public);
}

static void pss_verify(void **state)
{
	struct fc_key *public, *k = private_of(oaep_key, &public);
	uint8_t sig[257] = { 0 };
	size_t len;

	(void)state;
	memcpy(sig, unhex(pss_sig_empty, &len), 256);
	assert_int_equal(keyop_verify(public, HSM_CKM_SHA256_RSA_PKCS_PSS, "", 0, sig, len), 0);
	memcpy(sig, unhex(pss_sig_test, &len), 256);
	assert_int_equal(keyop_verify(public, HSM_CKM_SHA256_RSA_PKCS_PSS, "Test", 4, sig, len), 0);
	assert_int_equal(keyop_verify(public, HSM_CKM_SHA256_RSA_PKCS, "Test", 4, sig, len),
			 HSM_RV_BAD_PKCS_DATA);
	assert_int_equal(keyop_verify(public, HSM_CKM_SHA256_RSA_PKCS_PSS, "Test", 4, sig, 257),
			 HSM_RV_BAD_PKCS_DATA);
	assert_int_equal(keyop_verify(public, HSM_CKM_SHA256_RSA_PKCS_PSS, "Test", 4, sig, 255),
			 HSM_RV_BAD_PKCS_DATA);
	for (size_t i = 0; i < 256; i += 15) {
		sig[i] ^= 1;
		assert_int_equal(keyop_verify(public, HSM_CKM_SHA256_RSA_PKCS_PSS, "Test", 4, sig,
					      256), HSM_RV_BAD_PKCS_DATA);
		sig[i] ^= 1;
	}
	fc_key_put(k);
	fc_key_put(public);
}

static int decrypt(struct fc_key *k, const struct fc_params *p, const uint8_t *in, size_t len,
		   uint8_t *out, size_t *n)
{
	return keyop(k, HSM_USE_DECRYPT, p, in, len, 0, NULL, 0, out, n);
}

static void oaep_right(void **state)
{
	const struct fc_params p = { .mechanism = HSM_CKM_RSA_PKCS_OAEP, .hash = HSM_HASH_SHA256 };
	const struct fc_wrap w = { .mechanism = HSM_WRAP_RSA_OAEP, .hash = HSM_HASH_SHA256 };
	struct fc_key *k = private_of(oaep_key, NULL);
	uint8_t out[2048];
	size_t len, n;
	const uint8_t *ct = unhex(oaep_ct_test, &len);

	(void)state;
	assert_int_equal(decrypt(k, &p, ct, len, out, &n), 0);
	assert_int_equal(n, 4);
	assert_memory_equal(out, "Test", 4);
	ct = unhex(oaep_ct_123400, &len);
	assert_int_equal(fc_unwrap(k, &w, ct, len, out, &n), 0);
	assert_int_equal(n, 6);
	assert_memory_equal(out, "123400", 6);
	fc_key_put(k);
}

/* tcId 23 to 26, and 27, which is not reduced: nothing tells one from the other. */
static void oaep_wrong(void **state)
{
	const struct fc_params p = { .mechanism = HSM_CKM_RSA_PKCS_OAEP, .hash = HSM_HASH_SHA256 };
	const struct fc_wrap w = { .mechanism = HSM_WRAP_RSA_OAEP, .hash = HSM_HASH_SHA256 };
	const char *bad[] = { oaep_ct_bad_23, oaep_ct_bad_26, oaep_ct_bad_27, NULL, NULL };
	struct fc_key *k = private_of(oaep_key, NULL);
	static const uint8_t small[2][256] = { { 0 }, { [255] = 1 } };
	uint8_t out[2048], zero[256] = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		size_t len = 256, n = 1;
		const uint8_t *ct = bad[i] ? unhex(bad[i], &len) : small[i - 3];

		memset(out, 0xee, sizeof(out));
		assert_int_equal(decrypt(k, &p, ct, len, out, &n), HSM_RV_BAD_PKCS_DATA);
		assert_int_equal(n, 0);
		assert_memory_equal(out, zero, 256);
		assert_int_equal(fc_unwrap(k, &w, ct, len, out, &n), HSM_RV_BAD_PKCS_DATA);
	}
	fc_key_put(k);
}

static void pkcs1_right(void **state)
{
	const struct fc_params p = { .mechanism = HSM_CKM_RSA_PKCS };
	struct fc_key *k = private_of(pkcs1_key, NULL);
	uint8_t out[2048];
	size_t len, n;
	const uint8_t *ct = unhex(pkcs1_ct_test, &len);

	(void)state;
	assert_int_equal(decrypt(k, &p, ct, len, out, &n), 0);
	assert_int_equal(n, 4);
	assert_memory_equal(out, "Test", 4);
	assert_int_equal(decrypt(k, &p, ct, len - 1, out, &n), HSM_RV_DATA_LENGTH);
	ct = unhex(pkcs1_ct_empty, &len);
	assert_int_equal(decrypt(k, &p, ct, len, out, &n), 0);
	assert_int_equal(n, 0);
	fc_key_put(k);
}

/*
 * All the same answer; a library with implicit rejection instead makes up a message,
 * which is the same again when asked again and is not the one that was meant.
 */
static void pkcs1_wrong(void **state)
{
	const struct fc_params p = { .mechanism = HSM_CKM_RSA_PKCS };
	const char *bad[] = { pkcs1_ct_bad_14, pkcs1_ct_bad_17, pkcs1_ct_bad_18, pkcs1_ct_bad_20,
			      pkcs1_ct_bad_23, pkcs1_ct_bad_24 };
	struct fc_key *k = private_of(pkcs1_key, NULL);
	uint8_t out[2048], again[2048];
	int first = -1;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		size_t len, n, m;
		const uint8_t *ct = unhex(bad[i], &len);
		int rv = decrypt(k, &p, ct, len, out, &n);

		if (first < 0)
			first = rv;
		assert_int_equal(rv, first);
		assert_true(rv == HSM_RV_BAD_PKCS_DATA || rv == 0);
		assert_true(n != 4 || memcmp(out, "Test", 4));
		assert_int_equal(decrypt(k, &p, ct, len, again, &m), rv);
		assert_int_equal(m, n);
		assert_memory_equal(out, again, n ? n : 1);
	}
	fc_key_put(k);
}

static struct fc_key *public_of(const char *spki)
{
	struct fc_numbers n;
	struct fc_key *k;
	size_t len;
	const uint8_t *der = unhex(spki, &len);

	assert_int_equal(fc_spki_decode(der, len, &n), 0);
	k = fc_key_public(&n);
	assert_non_null(k);
	fc_numbers_clear(&n);
	return k;
}

struct sig_case {
	const char *sig;
	bool good;
};

static void check_sigs(struct fc_key *k, uint32_t mechanism, const char *msg,
		       const struct sig_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t len;
		const uint8_t *sig = unhex(cases[i].sig, &len);

		assert_int_equal(keyop_verify(k, mechanism, msg, strlen(msg), sig, len),
				 cases[i].good ? 0 : HSM_RV_BAD_PKCS_DATA);
	}
}

#define R "2ba3a8be6b94d5ec80a6d9d1190a436effe50d85a1eee859b8cc6af9bd5c2e18"
#define S "b329f479a2bbd0a5c384ee1493b1f5186a87139cac5df4087c134b49156847db"

/* Wycheproof, ecdsa_secp256r1_sha256_test.json, second group: tcId 5 to 13, 16, 18. */
static const struct sig_case ecdsa_cases[] = {
	{ "30440220" R "02204cd60b855d442f5b3c7b11eb6c4e0ae7525fe710fab9aa7c77a67f79e6fadd76",
	  true },
	{ "30440220" R "0220" S, false },
	{ "30450220" R "022100" S, true },
	{ "3081450220" R "022100" S, false },
	{ "308200450220" R "022100" S, false },
	{ "30460220" R "022100" S, false },
	{ "30440220" R "022100" S, false },
	{ "308501000000450220" R "022100" S, false },
	{ "30890100000000000000450220" R "022100" S, false },
	{ "3084ffffffff0220" R "022100" S, false },
	{ "3088ffffffffffffffff0220" R "022100" S, false },
	/* r = 0 and s = 0; r = s = 0; nothing */
	{ "3006020101020100", false },
	{ "3006020100020100", false },
	{ "", false },
};

/* RFC 6979, A.2.5 and A.2.6: "sample" with SHA-256 and SHA-384. */
static const struct {
	const char *spki, *sig;
	uint32_t mechanism;
} rfc6979[] = {
	{ "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
	  "60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6"
	  "7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299",
	  "3046022100efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716"
	  "022100f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8",
	  HSM_CKM_ECDSA_SHA256 },
	{ "3076301006072a8648ce3d020106052b8104002203620004"
	  "ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64"
	  "def8f0ea9055866064a254515480bc13"
	  "8015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1"
	  "288b231c3ae0d4fe7344fd2533264720",
	  "306602310094edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c"
	  "81a648152e44acf96e36dd1e80fabe46"
	  "02310099ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94f"
	  "a329c145786e679e7b82c71a38628ac8",
	  HSM_CKM_ECDSA_SHA384 },
};

static void ecdsa(void **state)
{
	struct fc_key *k = public_of("3059301306072a8648ce3d020106082a8648ce3d03010703420004"
		"2927b10512bae3eddcfe467828128bad2903269919f7086069c8c4df6c732838"
		"c7787964eaac00e5921fb1498a60f4606766b3d9685001558d1a974e7341513e");

	(void)state;
	check_sigs(k, HSM_CKM_ECDSA_SHA256, "123400", ecdsa_cases, COUNT(ecdsa_cases));
	fc_key_put(k);
	for (size_t i = 0; i < COUNT(rfc6979); i++) {
		const struct sig_case c = { rfc6979[i].sig, true };
		const struct sig_case other = { rfc6979[i].sig, false };

		k = public_of(rfc6979[i].spki);
		check_sigs(k, rfc6979[i].mechanism, "sample", &c, 1);
		check_sigs(k, rfc6979[i].mechanism, "simple", &other, 1);
		fc_key_put(k);
	}
}

#define DR "abd2a785a219e884fd96d92b8b29ba2b68e4a693ab9c4a55d98ca24addb271ad"
#define DS "5bf17d17a8d9172cab83df9e56cccce8f282e35bbdbe99eadf8bc20ae9722c6f"

/* Wycheproof, dsa_2048_256_sha256_test.json, first group: tcId 2 to 8, 10, 12. */
static const struct sig_case dsa_cases[] = {
	{ "3045022100" DR "0220" DS, true },
	{ "308145022100" DR "0220" DS, false },
	{ "30820045022100" DR "0220" DS, false },
	{ "3046022100" DR "0220" DS, false },
	{ "3044022100" DR "0220" DS, false },
	{ "30850100000045022100" DR "0220" DS, false },
	{ "3089010000000000000045022100" DR "0220" DS, false },
	{ "3084ffffffff022100" DR "0220" DS, false },
	{ "3088ffffffffffffffff022100" DR "0220" DS, false },
	{ "3006020101020100", false },
};

static void dsa(void **state)
{
	struct fc_key *k = public_of(dsa_key);

	(void)state;
	assert_int_equal(fc_key_strength(k), 112);
	check_sigs(k, HSM_CKM_DSA_SHA256, "123400", dsa_cases, COUNT(dsa_cases));
	fc_key_put(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsa_sign),
		cmocka_unit_test(pss_verify),
		cmocka_unit_test(oaep_right),
		cmocka_unit_test(oaep_wrong),
		cmocka_unit_test(pkcs1_right),
		cmocka_unit_test(pkcs1_wrong),
		cmocka_unit_test(ecdsa),
		cmocka_unit_test(dsa),
	};

	return cmocka_run_group_tests_name("vectors: key pairs", tests, NULL, NULL);
}
