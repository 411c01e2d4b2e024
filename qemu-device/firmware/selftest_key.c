// SPDX-License-Identifier: GPL-2.0-or-later
/* selftest_key.c - known-answer tests of what is done with keys. */
#include <string.h>

#include "crypto_int.h"
#include "selftest.h"
#include "selftest_rsa.h"
#include "selftest_vectors_key.h"

#define ABC	((const uint8_t *)"abc")

/* The answer of a digest or MAC. */
static bool gives(struct fc_key *k, uint32_t use, uint32_t mechanism, const uint8_t *in, size_t len,
		  const uint8_t *want, size_t want_len, bool spoil)
{
	const struct fc_params p = { .mechanism = mechanism };
	uint8_t out[HSM_RSA_BITS_MAX / 8];
	size_t n;

	return !fc_op_once(k, use, &p, in, len, NULL, 0, out, &n) && n == want_len &&
	       selftest_answer(out, want, n, spoil);
}

static bool test_sha2(bool spoil)
{
	static const struct {
		uint32_t mechanism;
		const uint8_t *want;
		size_t len;
	} cases[] = {
		{ HSM_CKM_SHA224, kat_sha224, sizeof(kat_sha224) },
		{ HSM_CKM_SHA384, kat_sha384, sizeof(kat_sha384) },
		{ HSM_CKM_SHA512, kat_sha512, sizeof(kat_sha512) },
	};

	for (size_t i = 0; i < FC_COUNT(cases); i++)
		if (!gives(NULL, HSM_USE_DIGEST, cases[i].mechanism, ABC, 3, cases[i].want,
			   cases[i].len, spoil))
			return false;
	return true;
}

static bool test_hmac(bool spoil)
{
	static const char data[] = "what do ya want for nothing?";
	struct fc_key *k = fc_key_secret(HSM_KEY_GENERIC, (const uint8_t *)"Jefe", 4);
	bool ok = k && gives(k, HSM_USE_SIGN, HSM_CKM_SHA512_HMAC, (const uint8_t *)data,
			     strlen(data), kat_hmac_sha512, sizeof(kat_hmac_sha512), spoil);

	fc_key_put(k);
	return ok;
}

static bool test_cmac(bool spoil)
{
	struct fc_key *k = fc_key_secret(HSM_KEY_AES, cmac_key, sizeof(cmac_key));
	bool ok = k && gives(k, HSM_USE_SIGN, HSM_CKM_AES_CMAC, cmac_msg, sizeof(cmac_msg),
			     kat_cmac, sizeof(kat_cmac), spoil);

	fc_key_put(k);
	return ok;
}

/* Both ways; and what does not belong to the key is refused. */
static bool wraps(struct fc_key *k, uint32_t mechanism, const uint8_t *plain, size_t len,
		  const uint8_t *want, size_t want_len, bool spoil)
{
	const struct fc_wrap w = { .mechanism = mechanism };
	uint8_t wrapped[128], out[128];
	size_t n;

	if (fc_wrap(k, &w, plain, len, wrapped, &n) || n != want_len ||
	    !selftest_answer(wrapped, want, n, spoil))
		return false;
	if (fc_unwrap(k, &w, wrapped, want_len, out, &n) || n != len || memcmp(out, plain, n))
		return false;
	wrapped[0] ^= 1;
	return fc_unwrap(k, &w, wrapped, want_len, out, &n) == HSM_RV_BAD_PKCS_DATA;
}

static bool test_kw(bool spoil)
{
	struct fc_key *k = fc_key_secret(HSM_KEY_AES, kw_key, sizeof(kw_key));
	bool ok = k && wraps(k, HSM_WRAP_AES_NO_PAD, kw_plain, sizeof(kw_plain), kat_kw,
			     sizeof(kat_kw), spoil);

	fc_key_put(k);
	return ok;
}

static bool test_kwp(bool spoil)
{
	struct fc_key *k = fc_key_secret(HSM_KEY_AES, kwp_key, sizeof(kwp_key));
	bool ok = k && wraps(k, HSM_WRAP_AES_PAD, kwp_plain, sizeof(kwp_plain), kat_kwp,
			     sizeof(kat_kwp), spoil);

	fc_key_put(k);
	return ok;
}

static bool test_tkw(bool spoil)
{
	struct fc_key *k = fc_key_secret(HSM_KEY_DES3, tkw_key, sizeof(tkw_key));
	bool ok = k && wraps(k, HSM_WRAP_TDEA, tkw_plain, sizeof(tkw_plain), kat_tkw,
			     sizeof(kat_tkw), spoil);

	fc_key_put(k);
	return ok;
}

/* The signature passes, and not with another message. @msg: at most 128 bytes. */
static bool verifies(const struct fc_numbers *n, uint32_t mechanism, const uint8_t *msg, size_t len,
		     const uint8_t *sig, size_t sig_len, bool spoil)
{
	const struct fc_params p = { .mechanism = mechanism };
	struct fc_key *k = fc_key_public(n);
	uint8_t text[128];
	size_t none;
	bool ok;

	memcpy(text, msg, len);
	text[0] ^= spoil;
	ok = k && !fc_op_once(k, HSM_USE_VERIFY, &p, text, len, sig, sig_len, NULL, &none);
	text[0] ^= 1;
	ok = ok && fc_op_once(k, HSM_USE_VERIFY, &p, text, len, sig, sig_len, NULL, &none) ==
		   HSM_RV_BAD_PKCS_DATA;
	fc_key_put(k);
	return ok;
}

#define NUM(bytes)	{ (uint8_t *)(bytes), sizeof(bytes) }

static bool test_rsa(bool spoil)
{
	const struct fc_numbers n = {
		.key_type = HSM_KEY_RSA,
		.part = { [FC_N] = NUM(rsa_n), [FC_E] = NUM(rsa_e) },
	};

	return verifies(&n, HSM_CKM_SHA256_RSA_PKCS, rsa_msg, sizeof(rsa_msg), kat_rsa_sig,
			sizeof(kat_rsa_sig), spoil);
}

static bool test_rsa_sign(bool spoil)
{
	const struct fc_numbers n = {
		.key_type = HSM_KEY_RSA,
		.part = {
			[FC_N] = NUM(pair_n), [FC_E] = NUM(pair_e), [FC_D] = NUM(pair_d),
			[FC_P] = NUM(pair_p), [FC_Q] = NUM(pair_q), [FC_DP] = NUM(pair_dp),
			[FC_DQ] = NUM(pair_dq), [FC_QINV] = NUM(pair_qinv),
		},
	};
	struct fc_key *k = fc_key_private(&n);
	bool ok = k && gives(k, HSM_USE_SIGN, HSM_CKM_SHA1_RSA_PKCS, (const uint8_t *)"Test", 4,
			     kat_pair_sig, sizeof(kat_pair_sig), spoil);

	fc_key_put(k);
	return ok;
}

static bool test_ecdsa(bool spoil)
{
	const struct fc_numbers n = {
		.key_type = HSM_KEY_EC,
		.curve = HSM_CURVE_PRIME256V1,
		.part = { [FC_POINT] = NUM(ec_point) },
	};

	return verifies(&n, HSM_CKM_ECDSA_SHA256, ec_msg, sizeof(ec_msg), kat_ec_sig,
			sizeof(kat_ec_sig), spoil);
}

const struct selftest selftests_key[] = {
	{ "SHA-2", test_sha2 },
	{ "HMAC-SHA-512", test_hmac },
	{ "AES-CMAC", test_cmac },
	{ "AES key wrap", test_kw },
	{ "AES key wrap with padding", test_kwp },
	{ "TDEA key wrap", test_tkw },
	{ "RSA", test_rsa },
	{ "RSA signature", test_rsa_sign },
	{ "ECDSA", test_ecdsa },
	{ NULL, NULL },
};
