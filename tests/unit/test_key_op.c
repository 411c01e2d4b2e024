// SPDX-License-Identifier: GPL-2.0-or-later
/* test_key_op.c - operations: which key for what, limits, what fails and how, many threads. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto_key.h"
#include "hsm/hsm_cmd.h"
#include "keyop.h"
#include "secmem.h"
#include "vec_rsa.h"
#include "vector.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define THREADS 8

enum { AES, DES3, GENERIC, RC4, RSA_PUB, RSA_PRIV, EC_PUB, EC_PRIV, KEYS };
static struct fc_key *keys[KEYS];
static const uint8_t iv[16] = "initial vector.";

static void load_pair(struct fc_numbers *n, unsigned int at)
{
	keys[at] = fc_key_public(n);
	keys[at + 1] = fc_key_private(n);
	assert_true(keys[at] && keys[at + 1]);
	fc_numbers_clear(n);
}

static int setup(void **state)
{
	const struct fc_pair_spec ec = { .key_type = HSM_KEY_EC, .curve = HSM_CURVE_PRIME256V1 };
	struct fc_numbers n;
	size_t len;
	const uint8_t *der = unhex(oaep_key, &len);

	(void)state;
	keys[AES] = keyop_secret(HSM_KEY_AES, "000102030405060708090a0b0c0d0e0f");
	keys[DES3] = keyop_secret(HSM_KEY_DES3, "12b84c663120c196f8fc17428bc86a110d92cc7c4d3cb695");
	keys[GENERIC] = keyop_secret(HSM_KEY_GENERIC, "00");
	keys[RC4] = keyop_secret(HSM_KEY_RC4, "0011223344");
	assert_int_equal(fc_pkcs8_decode(der, len, &n), 0);
	load_pair(&n, RSA_PUB);
	assert_true(fc_pair_generate(&ec, &n));
	load_pair(&n, EC_PUB);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEYS; i++)
		fc_key_put(keys[i]);
	return secmem_used() != 0;
}

static const uint32_t key_types[KEYS] = {
	HSM_KEY_AES, HSM_KEY_DES3, HSM_KEY_GENERIC, HSM_KEY_RC4, HSM_KEY_RSA, HSM_KEY_RSA,
	HSM_KEY_EC, HSM_KEY_EC,
};

static int expected(const struct fc_mechanism *m, uint32_t use, unsigned int key)
{
	bool pair = key >= RSA_PUB, private = key == RSA_PRIV || key == EC_PRIV;

	if (!(m->uses >> use & 1))
		return HSM_RV_BAD_MECHANISM;
	if (m->key_type != key_types[key])
		return HSM_RV_BAD_KEY_TYPE;
	if (pair && private != (use == HSM_USE_DECRYPT || use == HSM_USE_SIGN))
		return HSM_RV_BAD_KEY_TYPE;
	return 0;
}

/* Every mechanism with every use and every kind of key. */
static void who_may_what(void **state)
{
	unsigned int mechanisms = 0;

	(void)state;
	for (uint32_t number = 0; number < 0x1100; number++) {
		const struct fc_mechanism *m = fc_mechanism(number);
		struct fc_op *op;

		if (!m)
			continue;
		mechanisms++;
		assert_int_equal(m->number, number);
		for (uint32_t use = 0; use <= HSM_USE_DIGEST + 1; use++) {
			const struct fc_params p = { .mechanism = number, .iv = iv,
						     .iv_len = m->iv_len };

			for (unsigned int k = 0; k < KEYS; k++) {
				assert_int_equal(fc_op_new(keys[k], use, &p, &op),
						 expected(m, use, k));
				fc_op_free(op);
			}
			assert_int_equal(fc_op_new(NULL, use, &p, &op),
					 !(m->uses >> use & 1) ? HSM_RV_BAD_MECHANISM :
					 m->key_type == UINT32_MAX ? 0 : HSM_RV_BAD_KEY_TYPE);
			fc_op_free(op);
		}
	}
	assert_int_equal(mechanisms, 42);
}

static void parameters(void **state)
{
	static const struct {
		unsigned int key;
		struct fc_params p;
		int rv;
	} cases[] = {
		{ AES, { .mechanism = HSM_CKM_AES_CBC }, HSM_RV_INVALID_INPUT },
		{ AES,
		  { .mechanism = HSM_CKM_AES_CBC, .iv = iv, .iv_len = 8 },
		  HSM_RV_INVALID_INPUT },
		{ AES, { .mechanism = HSM_CKM_AES_CBC, .iv = iv, .iv_len = 16 }, 0 },
		{ AES,
		  { .mechanism = HSM_CKM_AES_ECB, .iv = iv, .iv_len = 16 },
		  HSM_RV_INVALID_INPUT },
		{ AES,
		  { .mechanism = HSM_CKM_AES_ECB, .aad = iv, .aad_len = 1 },
		  HSM_RV_INVALID_INPUT },
		{ AES, { .mechanism = HSM_CKM_AES_ECB, .tag_len = 16 }, HSM_RV_INVALID_INPUT },
		{ AES,
		  { .mechanism = HSM_CKM_AES_ECB, .hash = HSM_HASH_SHA1 },
		  HSM_RV_INVALID_INPUT },
		{ AES,
		  { .mechanism = HSM_CKM_AES_GCM, .iv = iv, .iv_len = 13 },
		  HSM_RV_INVALID_INPUT },
		{ AES,
		  { .mechanism = HSM_CKM_AES_GCM, .iv = iv, .iv_len = 12, .tag_len = 7 },
		  HSM_RV_INVALID_INPUT },
		{ AES,
		  { .mechanism = HSM_CKM_AES_GCM, .iv = iv, .iv_len = 12, .tag_len = 17 },
		  HSM_RV_INVALID_INPUT },
		{ RSA_PUB,
		  { .mechanism = HSM_CKM_RSA_PKCS, .hash = HSM_HASH_SHA1 },
		  HSM_RV_INVALID_INPUT },
		{ RSA_PUB,
		  { .mechanism = HSM_CKM_RSA_PKCS_OAEP, .hash = 1 },
		  HSM_RV_INVALID_INPUT },
		{ RSA_PUB, { .mechanism = HSM_CKM_RSA_PKCS_OAEP, .hash = HSM_HASH_SHA512 }, 0 },
		{ AES, { .mechanism = 0x0111 }, HSM_RV_BAD_MECHANISM }, /* RC4 */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fc_op *op;

		assert_int_equal(fc_op_new(keys[cases[i].key], HSM_USE_ENCRYPT, &cases[i].p, &op),
				 cases[i].rv);
		assert_int_equal(!op, cases[i].rv != 0);
		fc_op_free(op);
	}
}

static void key_values(void **state)
{
	static const uint8_t value[64];

	(void)state;
	assert_null(fc_key_secret(HSM_KEY_AES, value, 15));
	assert_null(fc_key_secret(HSM_KEY_AES, value, 20));
	assert_null(fc_key_secret(HSM_KEY_AES, value, 40));
	assert_null(fc_key_secret(HSM_KEY_DES3, value, 16));
	assert_null(fc_key_secret(HSM_KEY_GENERIC, value, 0));
	assert_null(fc_key_secret(HSM_KEY_RSA, value, 16));
	assert_int_equal(fc_key_strength(keys[AES]), 128);
	assert_int_equal(fc_key_strength(keys[DES3]), 112);
	assert_int_equal(fc_key_strength(keys[GENERIC]), 8);
	assert_int_equal(fc_key_strength(keys[RSA_PRIV]), 112);
	assert_int_equal(fc_key_strength(keys[EC_PUB]), 128);
}

/* Padding there and back; whatever is wrong with it is one answer. */
static void cbc_pad(void **state)
{
	static const struct {
		unsigned int key;
		uint32_t mechanism;
		size_t block;
	} cases[] = { { AES, HSM_CKM_AES_CBC_PAD, 16 }, { DES3, HSM_CKM_DES3_CBC_PAD, 8 } };
	uint8_t data[50] = "x", out[1200], back[1200];
	size_t n, m;

	(void)state;
	for (size_t c = 0; c < COUNT(cases); c++) {
		const struct fc_params p = { .mechanism = cases[c].mechanism, .iv = iv,
					     .iv_len = cases[c].block };
		struct fc_key *k = keys[cases[c].key];

		for (size_t len = 0; len < sizeof(data); len++) {
			assert_int_equal(
				keyop(k, HSM_USE_ENCRYPT, &p, data, len, 3, NULL, 0, out, &n), 0);
			assert_int_equal(n, len - len % cases[c].block + cases[c].block);
			assert_int_equal(
				keyop(k, HSM_USE_DECRYPT, &p, out, n, 5, NULL, 0, back, &m), 0);
			assert_int_equal(m, len);
			if (len)
				assert_memory_equal(back, data, len);
			assert_int_equal(keyop(k, HSM_USE_DECRYPT, &p, out, n - 1, 0, NULL, 0, back,
					       &m), HSM_RV_BAD_PKCS_DATA);
			out[n - 1] ^= 0x80;
			assert_int_equal(
				keyop(k, HSM_USE_DECRYPT, &p, out, n, 0, NULL, 0, back, &m),
				HSM_RV_BAD_PKCS_DATA);
		}
		assert_int_equal(keyop(k, HSM_USE_DECRYPT, &p, out, 0, 0, NULL, 0, back, &m),
				 HSM_RV_BAD_PKCS_DATA);
	}
}

static void lengths(void **state)
{
	const struct fc_params ecb = { .mechanism = HSM_CKM_AES_ECB };
	const struct fc_params ctr = { .mechanism = HSM_CKM_AES_CTR, .iv = iv, .iv_len = 16 };
	const struct fc_params oaep = { .mechanism = HSM_CKM_RSA_PKCS_OAEP,
					.hash = HSM_HASH_SHA512 };
	const struct fc_params pkcs = { .mechanism = HSM_CKM_RSA_PKCS };
	static const uint8_t data[300];
	uint8_t out[2048];
	size_t n;

	(void)state;
	for (size_t len = 0; len < 40; len++) {
		assert_int_equal(
			keyop(keys[AES], HSM_USE_ENCRYPT, &ecb, data, len, 0, NULL, 0, out, &n),
			len % 16 ? HSM_RV_DATA_LENGTH : 0);
		assert_int_equal(
			keyop(keys[AES], HSM_USE_ENCRYPT, &ctr, data, len, 0, NULL, 0, out, &n), 0);
		assert_int_equal(n, len);
	}
	for (size_t len = 0; len < sizeof(data); len += 1) {
		assert_int_equal(keyop(keys[RSA_PUB], HSM_USE_ENCRYPT, &oaep, data, len, 0, NULL, 0,
				       out, &n),
				 len > 126 ? HSM_RV_DATA_LENGTH : 0);
		assert_int_equal(keyop(keys[RSA_PUB], HSM_USE_ENCRYPT, &pkcs, data, len, 0, NULL, 0,
				       out, &n),
				 len > 245 ? HSM_RV_DATA_LENGTH : 0);
	}
	assert_int_equal(
		keyop(keys[RSA_PUB], HSM_USE_ENCRYPT, &pkcs, data, 20, 10, NULL, 0, out, &n),
		HSM_RV_DATA_LENGTH);
}

/* The empty message needs no update. */
static void rsa_empty(void **state)
{
	const struct fc_params pkcs = { .mechanism = HSM_CKM_RSA_PKCS };
	uint8_t out[256], back[2048];
	struct fc_op *op;
	size_t n, m;

	(void)state;
	assert_int_equal(fc_op_new(keys[RSA_PUB], HSM_USE_ENCRYPT, &pkcs, &op), 0);
	assert_int_equal(fc_op_room(op, 0), 256);
	assert_int_equal(fc_op_final(op, NULL, 0, out, &n), 0);
	assert_int_equal(n, 256);
	fc_op_free(op);
	assert_int_equal(
		keyop(keys[RSA_PRIV], HSM_USE_DECRYPT, &pkcs, out, n, 0, NULL, 0, back, &m), 0);
	assert_int_equal(m, 0);
}

/* After an end, of either kind, nothing goes on. */
static void ended(void **state)
{
	const struct fc_params p = { .mechanism = HSM_CKM_AES_ECB };
	uint8_t out[64];
	struct fc_op *op;
	size_t n;

	(void)state;
	for (size_t len = 15; len <= 16; len++) {
		assert_int_equal(fc_op_new(keys[AES], HSM_USE_ENCRYPT, &p, &op), 0);
		assert_int_equal(fc_op_update(op, iv, len, out, &n), 0);
		assert_int_equal(fc_op_final(op, NULL, 0, out + n, &n),
				 len == 16 ? 0 : HSM_RV_DATA_LENGTH);
		assert_int_equal(fc_op_update(op, iv, 16, out, &n), HSM_RV_CRYPTO_FAILED);
		assert_int_equal(fc_op_final(op, NULL, 0, out, &n), HSM_RV_CRYPTO_FAILED);
		fc_op_free(op);
	}
}

/* Operations that were given up, failed or interleaved leave nothing for the next. */
static void independent(void **state)
{
	static const uint32_t mechanisms[] = {
		HSM_CKM_AES_CBC, HSM_CKM_AES_CTR, HSM_CKM_AES_GCM, HSM_CKM_AES_CMAC
	};

	(void)state;
	for (size_t i = 0; i < COUNT(mechanisms); i++) {
		const struct fc_mechanism *m = fc_mechanism(mechanisms[i]);
		const struct fc_params p = { .mechanism = m->number,
					     .iv = iv,
					     .iv_len = m->iv_len };
		uint32_t use = m->uses >> HSM_USE_SIGN & 1 ? HSM_USE_SIGN : HSM_USE_ENCRYPT;
		uint8_t want[1200], out[1200], junk[64];
		struct fc_op *open[20];
		size_t n, k;

		assert_int_equal(keyop(keys[AES], use, &p, iv, 16, 0, NULL, 0, want, &n), 0);
		for (size_t j = 0; j < COUNT(open); j++) {
			assert_int_equal(fc_op_new(keys[AES], use, &p, &open[j]), 0);
			assert_int_equal(fc_op_update(open[j], iv, j % 17, junk, &k), 0);
		}
		assert_int_equal(keyop(keys[AES], use, &p, iv, 16, 0, NULL, 0, out, &k), 0);
		assert_int_equal(k, n);
		assert_memory_equal(out, want, n);
		for (size_t j = 0; j < COUNT(open); j++) {
			if (j % 2)
				fc_op_final(open[j], NULL, 0, junk, &k);
			fc_op_free(open[j]);
		}
		for (size_t j = 0; j < 12; j++) {
			assert_int_equal(keyop(keys[AES], use, &p, iv, 16, 0, NULL, 0, out, &k), 0);
			assert_memory_equal(out, want, n);
		}
	}
}

/* An operation holds its key. */
static void outlives(void **state)
{
	struct fc_key *k = keyop_secret(HSM_KEY_AES, "000102030405060708090a0b0c0d0e0f");
	const struct fc_params p = { .mechanism = HSM_CKM_AES_ECB };
	uint8_t out[64], want[1200];
	struct fc_op *op;
	size_t n;

	(void)state;
	assert_int_equal(keyop(k, HSM_USE_ENCRYPT, &p, iv, 16, 0, NULL, 0, want, &n), 0);
	assert_int_equal(fc_op_new(k, HSM_USE_ENCRYPT, &p, &op), 0);
	fc_key_put(k);
	assert_int_equal(fc_op_update(op, iv, 16, out, &n), 0);
	assert_memory_equal(out, want, 16);
	fc_op_free(op);
}

/* A PSS salt of another length is refused, though the signature is one. */
static void pss_salt(void **state)
{
	size_t len, sig_len = 256;
	const uint8_t *der = unhex(oaep_key, &len);
	const unsigned char *at = der;
	EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)len);
	uint8_t sig[256], digest[32];

	(void)state;
	assert_true(fc_sha256("Test", 4, digest));
	for (int salt = 0; salt <= 40; salt += 8) {
		EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);

		assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING), 1);
		assert_int_equal(EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()), 1);
		assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, salt), 1);
		assert_int_equal(EVP_PKEY_sign(ctx, sig, &sig_len, digest, 32), 1);
		assert_int_equal(keyop_verify(keys[RSA_PUB], HSM_CKM_SHA256_RSA_PKCS_PSS, "Test", 4,
					      sig, 256),
				 salt == 32 ? 0 : HSM_RV_BAD_PKCS_DATA);
		EVP_PKEY_CTX_free(ctx);
	}
	EVP_PKEY_free(pkey);
}

static void *sign_many(void *opaque)
{
	const struct fc_params gcm = { .mechanism = HSM_CKM_AES_GCM, .iv = iv, .iv_len = 12 };
	uint8_t sig[2048], want[256], out[1200];
	size_t len, n;

	(void)opaque;
	for (unsigned int i = 0; i < 20; i++) {
		if (keyop_sign(keys[RSA_PRIV], HSM_CKM_SHA256_RSA_PKCS, &i, sizeof(i), sig, &len) ||
		    keyop_verify(keys[RSA_PUB], HSM_CKM_SHA256_RSA_PKCS, &i, sizeof(i), sig, len))
			return "RSA";
		if (keyop_sign(keys[EC_PRIV], HSM_CKM_ECDSA_SHA256, &i, sizeof(i), sig, &len) ||
		    keyop_verify(keys[EC_PUB], HSM_CKM_ECDSA_SHA256, &i, sizeof(i), sig, len))
			return "ECDSA";
		if (keyop_sign(keys[GENERIC], HSM_CKM_SHA256_HMAC, &i, sizeof(i), sig, &len) ||
		    !fc_hmac_sha256("", 1, &i, sizeof(i), want) || memcmp(sig, want, len))
			return "HMAC";
		if (keyop(keys[AES], HSM_USE_ENCRYPT, &gcm, iv, 16, 0, NULL, 0, out, &n) ||
		    keyop(keys[AES], HSM_USE_DECRYPT, &gcm, out, n, 0, NULL, 0, sig, &len) ||
		    memcmp(sig, iv, 16))
			return "GCM";
	}
	return NULL;
}

static void parallel(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, sign_many, NULL), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *failed;

		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_may_what),
		cmocka_unit_test(parameters),
		cmocka_unit_test(key_values),
		cmocka_unit_test(cbc_pad),
		cmocka_unit_test(lengths),
		cmocka_unit_test(rsa_empty),
		cmocka_unit_test(ended),
		cmocka_unit_test(independent),
		cmocka_unit_test(outlives),
		cmocka_unit_test(pss_salt),
		cmocka_unit_test(parallel),
	};

	return cmocka_run_group_tests_name("key operations", tests, setup, teardown);
}
