// SPDX-License-Identifier: GPL-2.0-or-later
/* test_crypto.c - the primitives against published vectors other than the self-test's. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto.h"
#include "hsm/hsm_cmd.h"
#include "secmem.h"
#include "vector.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* FIPS 180-2, appendices A.2 and B.2; the empty message from NIST CAVP. */
static void digests(void **state)
{
	static const char two[] = "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
	uint8_t out[FC_SHA256_LEN];

	(void)state;
	assert_true(fc_sha1(two, strlen(two), out));
	assert_hex(out, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
	assert_true(fc_sha1("", 0, out));
	assert_hex(out, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	assert_true(fc_sha256(two, strlen(two), out));
	assert_hex(out, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	assert_true(fc_sha256("", 0, out));
	assert_hex(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* RFC 4231, test cases 1, 3 and 6. */
static void hmac(void **state)
{
	static const char long_text[] = "Test Using Larger Than Block-Size Key - Hash Key First";
	uint8_t key[131], data[50], out[FC_SHA256_LEN];

	(void)state;
	memset(key, 0x0b, 20);
	assert_true(fc_hmac_sha256(key, 20, "Hi There", 8, out));
	assert_hex(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	memset(key, 0xaa, sizeof(key));
	memset(data, 0xdd, sizeof(data));
	assert_true(fc_hmac_sha256(key, 20, data, 50, out));
	assert_hex(out, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
	assert_true(fc_hmac_sha256(key, 131, long_text, strlen(long_text), out));
	assert_hex(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

/* The context is kept from call to call: an empty key must not mean the last one. */
static void hmac_empty_key(void **state)
{
	uint8_t out[FC_SHA256_LEN];

	(void)state;
	assert_true(fc_hmac_sha256("secret", 6, "", 0, out));
	assert_true(fc_hmac_sha256("", 0, "", 0, out));
	assert_hex(out, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

/* RFC 5869, appendix A.3: no salt, no info. */
static void hkdf(void **state)
{
	uint8_t ikm[22], out[42];

	(void)state;
	memset(ikm, 0x0b, sizeof(ikm));
	assert_true(fc_hkdf(ikm, sizeof(ikm), NULL, 0, "", out, sizeof(out)));
	assert_hex(out, "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
			"9d201395faa4b61a96c8");
}

/* RFC 7914, section 11, second vector. */
static void pbkdf2(void **state)
{
	uint8_t out[64];

	(void)state;
	assert_true(fc_pbkdf2("Password", 8, (const uint8_t *)"NaCl", 4, 80000, out, sizeof(out)));
	assert_hex(out, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
			"a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d");
}

/* McGrew and Viega, appendix B, test cases 13 to 15. */
static const struct {
	const char *key, *iv, *plain, *cipher, *tag;
} gcm_cases[] = {
	{ "0000000000000000000000000000000000000000000000000000000000000000",
	  "000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b" },
	{ "0000000000000000000000000000000000000000000000000000000000000000",
	  "000000000000000000000000", "00000000000000000000000000000000",
	  "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919" },
	{ "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
	  "cafebabefacedbaddecaf888",
	  "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
	  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
	  "b094dac5d93471bdec1a502270e3cc6c" },
};

static void gcm(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(gcm_cases); i++) {
		size_t n, len;
		struct fc_gcm *g = fc_gcm_new(unhex(gcm_cases[i].key, &n));
		const uint8_t *iv = unhex(gcm_cases[i].iv, &n);
		const uint8_t *plain = unhex(gcm_cases[i].plain, &len);
		uint8_t buf[64], tag[FC_GCM_TAG_LEN];

		assert_non_null(g);
		assert_true(fc_gcm_seal(g, iv, NULL, 0, plain, len, buf, tag));
		assert_hex(buf, gcm_cases[i].cipher);
		assert_hex(tag, gcm_cases[i].tag);
		assert_true(fc_gcm_open(g, iv, NULL, 0, buf, len, buf, tag));
		assert_memory_equal(buf, plain, len);
		fc_gcm_free(g);
	}
}

/* Any flipped bit in IV, associated data, text or tag: refused and nothing given out. */
static void gcm_refuses(void **state)
{
	uint8_t key[32] = { 7 }, sound[12 + 8 + 24 + 16] = { 1 }, bad[sizeof(sound)];
	uint8_t zero[24] = { 0 }, out[24];
	struct fc_gcm *g = fc_gcm_new(key);

	(void)state;
	assert_true(fc_gcm_seal(g, sound, sound + 12, 8, sound + 20, 24, sound + 20, sound + 44));
	for (size_t bit = 0; bit < sizeof(sound) * 8; bit++) {
		memcpy(bad, sound, sizeof(bad));
		bad[bit / 8] ^= (uint8_t)(1 << bit % 8);
		memset(out, 0xff, sizeof(out));
		assert_false(fc_gcm_open(g, bad, bad + 12, 8, bad + 20, 24, out, bad + 44));
		assert_memory_equal(out, zero, sizeof(out));
	}
	assert_true(fc_gcm_open(g, sound, sound + 12, 8, sound + 20, 24, out, sound + 44));
	fc_gcm_free(g);
}

static void *gcm_worker(void *opaque)
{
	struct fc_gcm *g = opaque;
	uint8_t iv[12], text[100], buf[100], tag[16];

	for (unsigned int i = 0; i < 2000; i++) {
		if (!fc_random(iv, sizeof(iv)) || !fc_random(text, sizeof(text)) ||
		    !fc_gcm_seal(g, iv, "a", 1, text, sizeof(text), buf, tag) ||
		    !fc_gcm_open(g, iv, "a", 1, buf, sizeof(buf), buf, tag) ||
		    memcmp(buf, text, sizeof(buf)))
			return g;
	}
	return NULL;
}

static void gcm_threads(void **state)
{
	uint8_t key[32] = { 9 };
	struct fc_gcm *g = fc_gcm_new(key);
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, gcm_worker, g), 0);
	for (size_t i = 0; i < COUNT(threads); i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	fc_gcm_free(g);
}

/*
 * NIST CAVP, ECBKeySbox128, count 0; FIPS 197's ciphers of the zero block under
 * zero keys; 3DES as DES(K3, DES^-1(K2, DES(K1, 0))) by the openssl command.
 */
static void check_values(void **state)
{
	static const struct {
		uint32_t type;
		const char *key, *kcv;
	} cases[] = {
		{ HSM_KEY_AES, "10a58869d74be5a374cf867cfb473859", "6d251e" },
		{ HSM_KEY_AES, "00000000000000000000000000000000", "66e94b" },
		{ HSM_KEY_AES, "000000000000000000000000000000000000000000000000", "aae069" },
		{ HSM_KEY_AES, "0000000000000000000000000000000000000000000000000000000000000000",
		  "dc95c0" },
		{ HSM_KEY_DES3, "0123456789abcdef23456789abcdef01456789abcdef0123", "4eba73" },
	};
	uint8_t out[FC_KCV_LEN], key[32] = { 0 };
	size_t len;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const uint8_t *k = unhex(cases[i].key, &len);

		assert_true(fc_kcv_cipher(cases[i].type, k, len, out));
		assert_hex(out, cases[i].kcv);
	}
	assert_false(fc_kcv_cipher(HSM_KEY_AES, key, 15, out));
	assert_false(fc_kcv_cipher(HSM_KEY_DES3, key, 16, out));
	assert_false(fc_kcv_cipher(HSM_KEY_RC4, key, 16, out));
}

static void parity(void **state)
{
	uint8_t key[256];

	(void)state;
	for (unsigned int i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	fc_des_parity(key, sizeof(key));
	for (unsigned int i = 0; i < sizeof(key); i++) {
		assert_int_equal(__builtin_popcount(key[i]) % 2, 1);
		assert_int_equal(key[i] >> 1, i >> 1);
	}
}

/* Every length up to a few blocks is filled, and nothing behind it. */
static void random_lengths(void **state)
{
	(void)state;
	for (size_t len = 0; len <= 67; len++) {
		uint8_t buf[72], again[72];
		size_t last_zero = 0;

		for (unsigned int i = 0; i < 8 && (!i || last_zero == i); i++) {
			memset(buf, 0, sizeof(buf));
			assert_true(fc_random(buf, len));
			last_zero += len && !buf[len - 1];
		}
		assert_true(last_zero < 8);
		for (size_t i = len; i < sizeof(buf); i++)
			assert_int_equal(buf[i], 0);
		assert_true(fc_random(again, len));
		if (len >= 8)
			assert_memory_not_equal(buf, again, len);
	}
	assert_true(fc_reseed());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(digests),
		cmocka_unit_test(hmac),
		cmocka_unit_test(hmac_empty_key),
		cmocka_unit_test(hkdf),
		cmocka_unit_test(pbkdf2),
		cmocka_unit_test(gcm),
		cmocka_unit_test(gcm_refuses),
		cmocka_unit_test(gcm_threads),
		cmocka_unit_test(check_values),
		cmocka_unit_test(parity),
		cmocka_unit_test(random_lengths),
	};

	return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
