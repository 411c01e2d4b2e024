// SPDX-License-Identifier: GPL-2.0-or-later
/* test_key_wrap.c - every way to wrap: all sizes there and back, every byte changed, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "crypto_key.h"
#include "hsm/hsm_cmd.h"
#include "keyop.h"
#include "secmem.h"
#include "vec_rsa.h"
#include "vector.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define LARGE 4096u

static const uint8_t iv[16] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };

static struct fc_key *aes, *des3, *rsa_public, *rsa_private;

/* @least, @most: plain bytes; @step: of which they are multiples. */
static const struct way {
	uint32_t mechanism, hash;
	size_t iv_wrap, iv_unwrap, least, most, step;
	struct fc_key **wrapping, **unwrapping;
} ways[] = {
	{ HSM_WRAP_AES_PKCS5, 0, 0, 0, 8, LARGE, 1, &aes, &aes },
	{ HSM_WRAP_AES_PKCS5, 0, 8, 8, 8, LARGE, 1, &aes, &aes },
	{ HSM_WRAP_AES_NO_PAD, 0, 0, 0, 16, LARGE, 8, &aes, &aes },
	{ HSM_WRAP_AES_PAD, 0, 0, 0, 1, LARGE, 1, &aes, &aes },
	{ HSM_WRAP_RSA_AES, 0, 0, 0, 1, LARGE, 1, &rsa_public, &rsa_private },
	{ HSM_WRAP_RSA_AES, HSM_HASH_SHA512, 0, 0, 1, LARGE, 1, &rsa_public, &rsa_private },
	{ HSM_WRAP_RSA_OAEP, 0, 0, 0, 1, 256 - 42, 1, &rsa_public, &rsa_private },
	{ HSM_WRAP_RSA_OAEP, HSM_HASH_SHA224, 0, 0, 1, 256 - 58, 1, &rsa_public, &rsa_private },
	{ HSM_WRAP_RSA_OAEP, HSM_HASH_SHA256, 0, 0, 1, 256 - 66, 1, &rsa_public, &rsa_private },
	{ HSM_WRAP_RSA_OAEP, HSM_HASH_SHA384, 0, 0, 1, 256 - 98, 1, &rsa_public, &rsa_private },
	{ HSM_WRAP_RSA_OAEP, HSM_HASH_SHA512, 0, 0, 1, 256 - 130, 1, &rsa_public, &rsa_private },
	{ HSM_WRAP_TDEA, 0, 0, 0, 8, LARGE, 4, &des3, &des3 },
	{ HSM_WRAP_AES_GCM, 0, 12, 12, 1, LARGE, 1, &aes, &aes },
	{ HSM_WRAP_CLOUDHSM_GCM, 0, 12, 0, 1, LARGE, 1, &aes, &aes },
	{ HSM_WRAP_RSA_PKCS, 0, 0, 0, 1, 256 - 11, 1, &rsa_public, &rsa_private },
};

static struct fc_wrap wrap_of(const struct way *y, bool wrapping)
{
	return (struct fc_wrap){
		.mechanism = y->mechanism, .hash = y->hash, .iv = iv,
		.iv_len = wrapping ? y->iv_wrap : y->iv_unwrap,
	};
}

static int setup(void **state)
{
	struct fc_numbers n;
	size_t len;
	const uint8_t *der = unhex(oaep_key, &len);

	(void)state;
	assert_int_equal(fc_pkcs8_decode(der, len, &n), 0);
	rsa_private = fc_key_private(&n);
	rsa_public = fc_key_public(&n);
	fc_numbers_clear(&n);
	aes = keyop_secret(HSM_KEY_AES, "000102030405060708090a0b0c0d0e0f1011121314151617");
	des3 = keyop_secret(HSM_KEY_DES3, "12b84c663120c196f8fc17428bc86a110d92cc7c4d3cb695");
	return !rsa_private || !rsa_public;
}

static int teardown(void **state)
{
	(void)state;
	fc_key_put(aes);
	fc_key_put(des3);
	fc_key_put(rsa_public);
	fc_key_put(rsa_private);
	return secmem_used() != 0;
}

static void one_size(const struct way *y, const uint8_t *data, size_t len)
{
	struct fc_wrap w = wrap_of(y, true), u = wrap_of(y, false);
	bool fits = len >= y->least && len <= y->most && !(len % y->step);
	size_t room = fc_wrap_room(*y->wrapping, &w, len), n, back_room, m;
	/* Of exactly the room that is asked for: the sanitizer sees who writes beyond. */
	uint8_t *out = malloc(room), *back;

	assert_int_equal(fc_wrap(*y->wrapping, &w, data, len, out, &n),
			 fits ? 0 : HSM_RV_DATA_LENGTH);
	if (fits) {
		assert_true(n <= room);
		back_room = fc_wrap_room(*y->unwrapping, &u, n);
		back = malloc(back_room);
		assert_int_equal(fc_unwrap(*y->unwrapping, &u, out, n, back, &m), 0);
		assert_int_equal(m, len);
		assert_memory_equal(back, data, len);
		free(back);
	}
	free(out);
}

static void there_and_back(void **state)
{
	uint8_t *data = malloc(LARGE + 1);

	(void)state;
	for (size_t i = 0; i <= LARGE; i++)
		data[i] = (uint8_t)(i * 7 + 1);
	for (size_t i = 0; i < COUNT(ways); i++) {
		size_t most = ways[i].most;

		for (size_t len = 0; len <= 65; len++)
			one_size(&ways[i], data, len);
		one_size(&ways[i], data, 1000);
		one_size(&ways[i], data, most);
		if (most < LARGE)
			one_size(&ways[i], data, most + 1);
	}
	free(data);
}

/* A library with implicit rejection gives some message for what is no PKCS#1 block. */
static bool refused(const struct way *y, int rv, const uint8_t *out, size_t n, const uint8_t *data,
		    size_t len)
{
	if (y->mechanism == HSM_WRAP_RSA_PKCS && !rv)
		return n != len || memcmp(out, data, len);
	return rv == HSM_RV_BAD_PKCS_DATA && n == 0;
}

static void one_flipped(const struct way *y, const uint8_t *data, size_t len, size_t step)
{
	struct fc_wrap w = wrap_of(y, true), u = wrap_of(y, false);
	uint8_t out[1024], back[1024];
	size_t n, m;

	assert_int_equal(fc_wrap(*y->wrapping, &w, data, len, out, &n), 0);
	for (size_t i = 0; i < n; i += step) {
		int rv;

		out[i] ^= (uint8_t)(1u << i % 8);
		memset(back, 0xee, sizeof(back));
		rv = fc_unwrap(*y->unwrapping, &u, out, n, back, &m);
		assert_true(refused(y, rv, back, m, data, len));
		for (size_t j = 0; rv && j < len; j++)
			assert_int_equal(back[j], 0);
		out[i] ^= (uint8_t)(1u << i % 8);
	}
	assert_int_equal(fc_unwrap(*y->unwrapping, &u, out, n, back, &m), 0);
	assert_memory_equal(back, data, len);
}

static void every_byte(void **state)
{
	static const uint8_t data[32] = "thirty-two bytes of some secret";

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		one_flipped(&ways[i], data, 16, 1);
		one_flipped(&ways[i], data, 32, 3);
	}
}

/* Lengths that nothing is wrapped to are told without a look at the data. */
static void every_length(void **state)
{
	static const uint8_t zero[400];
	uint8_t out[1024];
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct fc_wrap u = wrap_of(&ways[i], false);

		for (size_t len = 0; len < sizeof(zero); len += 1 + (len > 64) * 12) {
			int rv = fc_unwrap(*ways[i].unwrapping, &u, zero, len, out, &n);

			assert_true(rv == HSM_RV_BAD_PKCS_DATA || rv == HSM_RV_DATA_LENGTH);
		}
	}
}

static void wrong_key(void **state)
{
	struct fc_key *other = keyop_secret(HSM_KEY_AES, "00112233445566778899aabbccddeeff");
	static const uint8_t data[32];
	uint8_t out[1024], back[1024];
	size_t n, m;

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct fc_wrap w = wrap_of(&ways[i], true), u = wrap_of(&ways[i], false);

		if (ways[i].wrapping != &aes)
			continue;
		assert_int_equal(fc_wrap(aes, &w, data, sizeof(data), out, &n), 0);
		assert_int_equal(fc_unwrap(other, &u, out, n, back, &m), HSM_RV_BAD_PKCS_DATA);
	}
	fc_key_put(other);
}

/* Each mechanism with each key: only its own kind, and the right half of a pair. */
static void key_types(void **state)
{
	struct fc_key *generic = keyop_secret(HSM_KEY_GENERIC, "00112233445566778899aabbccddeeff");
	struct fc_key *keys[] = { aes, des3, rsa_public, rsa_private, generic };
	static const uint8_t data[16];
	uint8_t out[1024];
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(ways); i++) {
		struct fc_wrap w = wrap_of(&ways[i], true), u = wrap_of(&ways[i], false);

		for (size_t j = 0; j < COUNT(keys); j++) {
			bool ok = keys[j] == *ways[i].wrapping;

			assert_int_equal(fc_wrap(keys[j], &w, data, sizeof(data), out, &n),
					 ok ? 0 : HSM_RV_BAD_KEY_TYPE);
			if (keys[j] != *ways[i].unwrapping)
				assert_int_equal(
					fc_unwrap(keys[j], &u, data, sizeof(data), out, &n),
					HSM_RV_BAD_KEY_TYPE);
		}
	}
	fc_key_put(generic);
}

static void parameters(void **state)
{
	static const struct {
		struct fc_wrap w;
		int rv;
	} cases[] = {
		{ { .mechanism = 3 }, HSM_RV_BAD_MECHANISM },
		{ { .mechanism = 13 }, HSM_RV_BAD_MECHANISM },
		{ { .mechanism = HSM_WRAP_AES_PAD, .iv = iv, .iv_len = 4 }, HSM_RV_INVALID_INPUT },
		{ { .mechanism = HSM_WRAP_AES_PAD, .hash = HSM_HASH_SHA1 }, HSM_RV_INVALID_INPUT },
		{ { .mechanism = HSM_WRAP_AES_PAD, .aad = iv, .aad_len = 1 },
		  HSM_RV_INVALID_INPUT },
		{ { .mechanism = HSM_WRAP_AES_PAD, .tag_len = 16 }, HSM_RV_INVALID_INPUT },
		{ { .mechanism = HSM_WRAP_AES_GCM }, HSM_RV_INVALID_INPUT },
		{ { .mechanism = HSM_WRAP_AES_GCM, .iv = iv, .iv_len = 16 }, HSM_RV_INVALID_INPUT },
		{ { .mechanism = HSM_WRAP_AES_GCM, .iv = iv, .iv_len = 12, .tag_len = 7 },
		  HSM_RV_INVALID_INPUT },
		{ { .mechanism = HSM_WRAP_AES_GCM, .iv = iv, .iv_len = 12, .tag_len = 17 },
		  HSM_RV_INVALID_INPUT },
		{ { .mechanism = HSM_WRAP_AES_GCM, .iv = iv, .iv_len = 12, .tag_len = 8 }, 0 },
		{ { .mechanism = HSM_WRAP_AES_GCM,
		    .iv = iv,
		    .iv_len = 12,
		    .aad = iv,
		    .aad_len = 3 },
		  0 },
	};
	const struct fc_wrap bad_hash = { .mechanism = HSM_WRAP_RSA_OAEP, .hash = 1 };
	static const uint8_t data[16];
	uint8_t out[1024];
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(fc_wrap(aes, &cases[i].w, data, sizeof(data), out, &n),
				 cases[i].rv);
	assert_int_equal(fc_wrap(rsa_public, &bad_hash, data, sizeof(data), out, &n),
			 HSM_RV_INVALID_INPUT);
}

/* AAD belongs to what is wrapped, and a shorter tag is another one. */
static void aad(void **state)
{
	struct fc_wrap w = { .mechanism = HSM_WRAP_AES_GCM, .iv = iv, .iv_len = 12, .aad = iv,
			     .aad_len = 5, .tag_len = 12 };
	static const uint8_t data[24] = "secret";
	uint8_t out[256], back[256];
	size_t n, m;

	(void)state;
	assert_int_equal(fc_wrap(aes, &w, data, sizeof(data), out, &n), 0);
	assert_int_equal(n, 36);
	assert_int_equal(fc_unwrap(aes, &w, out, n, back, &m), 0);
	assert_memory_equal(back, data, sizeof(data));
	w.aad_len = 4;
	assert_int_equal(fc_unwrap(aes, &w, out, n, back, &m), HSM_RV_BAD_PKCS_DATA);
	w.aad_len = 5;
	w.tag_len = 11;
	assert_int_equal(fc_unwrap(aes, &w, out, n, back, &m), HSM_RV_BAD_PKCS_DATA);
}

/* What is well wrapped and badly padded, which only who has the key can make. */
static void bad_padding(void **state)
{
	const struct fc_wrap plain = { .mechanism = HSM_WRAP_AES_NO_PAD };
	const struct fc_wrap padded = { .mechanism = HSM_WRAP_AES_PKCS5 };
	uint8_t data[16], out[64], back[64];
	size_t n, m;

	(void)state;
	for (unsigned int pad = 0; pad <= 255; pad++) {
		/* All bytes that it says; then one too few. */
		for (unsigned int spoilt = 0; spoilt < 2; spoilt++) {
			unsigned int first = pad && pad <= 16 ? 16 - pad : 0;
			bool good = pad >= 1 && pad <= 8 && (!spoilt || pad == 1);

			memset(data, 0xaa, sizeof(data));
			memset(data + first, (int)pad, sizeof(data) - first);
			if (spoilt && pad > 1)
				data[first] ^= 1;
			assert_int_equal(fc_wrap(aes, &plain, data, sizeof(data), out, &n), 0);
			assert_int_equal(fc_unwrap(aes, &padded, out, n, back, &m),
					 good ? 0 : HSM_RV_BAD_PKCS_DATA);
			assert_int_equal(m, good ? 16 - pad : 0);
		}
	}
}

/* CKM_RSA_AES_KEY_WRAP is what its two parts are, done one after the other. */
static void rsa_aes_parts(void **state)
{
	const struct fc_wrap w = { .mechanism = HSM_WRAP_RSA_AES, .hash = HSM_HASH_SHA256 };
	const struct fc_params oaep = { .mechanism = HSM_CKM_RSA_PKCS_OAEP,
					.hash = HSM_HASH_SHA256 };
	const struct fc_wrap kwp = { .mechanism = HSM_WRAP_AES_PAD };
	static const uint8_t data[50] = "the target";
	uint8_t out[1024], kek[2048], back[1024];
	struct fc_key *k;
	size_t n, m;

	(void)state;
	assert_int_equal(fc_wrap(rsa_public, &w, data, sizeof(data), out, &n), 0);
	assert_int_equal(n, 256 + 64);
	assert_int_equal(keyop(rsa_private, HSM_USE_DECRYPT, &oaep, out, 256, 0, NULL, 0, kek, &m),
			 0);
	assert_int_equal(m, 32);
	k = fc_key_secret(HSM_KEY_AES, kek, 32);
	assert_int_equal(fc_unwrap(k, &kwp, out + 256, n - 256, back, &m), 0);
	assert_int_equal(m, sizeof(data));
	assert_memory_equal(back, data, m);
	fc_key_put(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(there_and_back),
		cmocka_unit_test(every_byte),
		cmocka_unit_test(every_length),
		cmocka_unit_test(wrong_key),
		cmocka_unit_test(key_types),
		cmocka_unit_test(parameters),
		cmocka_unit_test(aad),
		cmocka_unit_test(bad_padding),
		cmocka_unit_test(rsa_aes_parts),
	};

	return cmocka_run_group_tests_name("key wrap", tests, setup, teardown);
}
