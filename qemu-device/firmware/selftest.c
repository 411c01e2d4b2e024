// SPDX-License-Identifier: GPL-2.0-or-later
/* selftest.c - known-answer tests of the primitives, run before a card serves. */
#include <string.h>

#include "crypto.h"
#include "crypto_int.h"
#include "hsm/hsm_cmd.h"
#include "selftest.h"
#include "selftest_vectors.h"

bool selftest_answer(uint8_t *got, const uint8_t *want, size_t len, bool spoil)
{
	got[0] ^= spoil;
	return memcmp(got, want, len) == 0;
}

static bool test_sha1(bool spoil)
{
	uint8_t out[FC_SHA1_LEN];

	return fc_sha1("abc", 3, out) && selftest_answer(out, kat_sha1, sizeof(out), spoil);
}

static bool test_sha256(bool spoil)
{
	uint8_t out[FC_SHA256_LEN];

	return fc_sha256("abc", 3, out) && selftest_answer(out, kat_sha256, sizeof(out), spoil);
}

static bool test_hmac(bool spoil)
{
	static const char data[] = "what do ya want for nothing?";
	uint8_t out[FC_SHA256_LEN];

	return fc_hmac_sha256("Jefe", 4, data, strlen(data), out) &&
	       selftest_answer(out, kat_hmac, sizeof(out), spoil);
}

static bool test_hkdf(bool spoil)
{
	uint8_t out[sizeof(kat_hkdf)];

	return fc_hkdf(hkdf_ikm, sizeof(hkdf_ikm), hkdf_salt, sizeof(hkdf_salt),
		       (const char *)hkdf_info, out, sizeof(out)) &&
	       selftest_answer(out, kat_hkdf, sizeof(out), spoil);
}

static bool test_pbkdf2(bool spoil)
{
	uint8_t out[sizeof(kat_pbkdf2)];

	return fc_pbkdf2("passwd", 6, (const uint8_t *)"salt", 4, 1, out, sizeof(out)) &&
	       selftest_answer(out, kat_pbkdf2, sizeof(out), spoil);
}

static bool gcm_both_ways(struct fc_gcm *g, bool spoil)
{
	uint8_t buf[sizeof(gcm_plain)], tag[FC_GCM_TAG_LEN];

	if (!fc_gcm_seal(g, gcm_iv, gcm_aad, sizeof(gcm_aad), gcm_plain, sizeof(buf), buf, tag))
		return false;
	if (!selftest_answer(buf, kat_gcm, sizeof(buf), spoil) ||
	    !selftest_answer(tag, kat_gcm_tag, sizeof(tag), 0))
		return false;
	if (!fc_gcm_open(g, gcm_iv, gcm_aad, sizeof(gcm_aad), buf, sizeof(buf), buf, tag) ||
	    !selftest_answer(buf, gcm_plain, sizeof(buf), false))
		return false;
	tag[0] ^= 1;
	return !fc_gcm_open(g, gcm_iv, gcm_aad, sizeof(gcm_aad), kat_gcm, sizeof(buf), buf, tag);
}

static bool test_gcm(bool spoil)
{
	struct fc_gcm *g = fc_gcm_new(gcm_key);
	bool ok = g && gcm_both_ways(g, spoil);

	fc_gcm_free(g);
	return ok;
}

static bool test_aes(bool spoil)
{
	static const struct {
		size_t len;
		const uint8_t *want;
	} cases[] = { { 16, kat_aes128 }, { 24, kat_aes192 }, { 32, kat_aes256 } };
	static const uint8_t key[32] = { 0x80 };
	uint8_t out[FC_KCV_LEN];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (!fc_kcv_cipher(HSM_KEY_AES, key, cases[i].len, out) ||
		    !selftest_answer(out, cases[i].want, sizeof(out), spoil))
			return false;
	return true;
}

/* The parity bits are ours to set: the key before is 80 00 .. 00 three times. */
static bool test_des3(bool spoil)
{
	uint8_t key[24] = { [0] = 0x80, [8] = 0x80, [16] = 0x80 };
	uint8_t out[FC_KCV_LEN];

	fc_des_parity(key, sizeof(key));
	return key[0] == 0x80 && key[1] == 0x01 &&
	       fc_kcv_cipher(HSM_KEY_DES3, key, sizeof(key), out) &&
	       selftest_answer(out, kat_des3, sizeof(out), spoil);
}

static bool test_rng(bool spoil)
{
	uint8_t a[64], b[64];
	bool repeats = false;
	bool ok = fc_random(a, sizeof(a)) && fc_random(b, sizeof(b)) && fc_reseed();

	if (spoil)
		memcpy(b, a, sizeof(b));
	ok = ok && memcmp(a, b, sizeof(a)) != 0;
	memset(a, 0x5a, sizeof(a));
	return ok && !fc_rng_continuous(a, sizeof(a), &repeats) && repeats;
}

const struct selftest selftests[] = {
	{ "SHA-1", test_sha1 },
	{ "SHA-256", test_sha256 },
	{ "HMAC-SHA-256", test_hmac },
	{ "HKDF", test_hkdf },
	{ "PBKDF2", test_pbkdf2 },
	{ "AES-256-GCM", test_gcm },
	{ "AES", test_aes },
	{ "3DES", test_des3 },
	{ "random generator", test_rng },
	{ NULL, NULL },
};

static const char *run_all(const struct selftest *t, const char *fault)
{
	for (; t->name; t++)
		if (!t->run(fault && !strcmp(fault, t->name)))
			return t->name;
	return NULL;
}

const char *fc_selftest(const char *fault)
{
	const char *failed = run_all(selftests, fault);

	return failed ? failed : run_all(selftests_key, fault);
}
