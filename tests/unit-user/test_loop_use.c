// SPDX-License-Identifier: GPL-2.0-or-later
/* test_loop_use.c - what is done with keys: libhsm against the firmware. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <endian.h>

#include "crypto.h"
#include "loop_fixture.h"

#define BIG	(2 * HSM_CRYPT_MAX + 777)

static uint8_t data[BIG];

static int setup(void **state)
{
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7 + i / 251);
	return loop_setup_alice(state);
}

/* @data up to where it ends. */
struct span {
	size_t at, end;
};

static ssize_t span_read(void *opaque, void *buf, size_t room)
{
	struct span *s = opaque;
	size_t n = s->end - s->at;

	if (n > room)
		n = room;
	if (n > 5000)
		n = 5000;
	memcpy(buf, data + s->at, n);
	s->at += n;
	return (ssize_t)n;
}

static int stream(struct hsm_crypt *c, size_t len, struct hsm_bytes *out)
{
	struct span s = { .end = len };

	return hsm_crypt_stream(h, sess, c, span_read, &s, out, &res);
}

static const size_t sizes[] = { 0, 1, 64, HSM_CRYPT_MAX - 1, HSM_CRYPT_MAX, BIG };

static void test_digest(void **state)
{
	struct hsm_crypt c = { .use = HSM_USE_DIGEST, .mechanism = HSM_CKM_SHA256 };
	uint8_t want[FC_SHA256_LEN];
	struct hsm_bytes out;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		ok(stream(&c, sizes[i], &out));
		assert_true(fc_sha256(data, sizes[i], want));
		assert_int_equal(out.len, sizeof(want));
		assert_memory_equal(out.p, want, sizeof(want));
		hsm_bytes_clear(&out);
	}
}

/* A signature of data in parts is one of the data, and of no other. */
static void check_signature(uint32_t mechanism, uint64_t sign_with, uint64_t verify_with)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct hsm_crypt c = {
			.use = HSM_USE_SIGN, .mechanism = mechanism, .handle = sign_with,
		};
		struct hsm_bytes signature, none;

		ok(stream(&c, sizes[i], &signature));
		assert_true(signature.len > 0);
		c.use = HSM_USE_VERIFY;
		c.handle = verify_with;
		c.signature = signature.p;
		c.signature_len = signature.len;
		ok(stream(&c, sizes[i], &none));
		assert_int_equal(none.len, 0);
		hsm_bytes_clear(&none);
		assert_int_equal(stream(&c, sizes[i] ? sizes[i] - 1 : 1, &none),
				 HSM_RV_BAD_PKCS_DATA);
		signature.p[signature.len - 1] ^= 1;
		assert_int_equal(stream(&c, sizes[i], &none), HSM_RV_BAD_PKCS_DATA);
		assert_null(none.p);
		hsm_bytes_clear(&signature);
	}
}

static void test_signatures(void **state)
{
	static const uint32_t mac[] = { HSM_ATTR_SIGN, HSM_ATTR_VERIFY, 0 };
	uint64_t pub, priv, key;

	(void)state;
	ok(gen_rsa(h, sess, 2048, &pub, &priv, &res));
	check_signature(HSM_CKM_SHA256_RSA_PKCS, priv, pub);
	check_signature(HSM_CKM_SHA384_RSA_PKCS_PSS, priv, pub);
	gen_ec(HSM_CURVE_PRIME256V1, &pub, &priv);
	check_signature(HSM_CKM_ECDSA_SHA256, priv, pub);
	gen_ec(HSM_CURVE_SECP384R1, &pub, &priv);
	check_signature(HSM_CKM_ECDSA_SHA512, priv, pub);
	key = gen_sym(HSM_KEY_GENERIC, 40, mac);
	check_signature(HSM_CKM_SHA256_HMAC, key, key);
	key = gen_sym(HSM_KEY_AES, 32, mac);
	check_signature(HSM_CKM_AES_CMAC, key, key);
}

static void test_gcm(void **state)
{
	uint64_t key = gen_sym(HSM_KEY_AES, 32, NULL);
	struct hsm_crypt c = {
		.use = HSM_USE_ENCRYPT, .mechanism = HSM_CKM_AES_GCM, .handle = key,
		.aad = (const uint8_t *)"aad", .aad_len = 3, .tag_len = 12,
	};
	struct hsm_bytes out, iv, plain;

	(void)state;
	ok(hsm_crypt(h, sess, &c, data, HSM_CRYPT_MAX, &out, &iv, &res));
	assert_int_equal(out.len, HSM_CRYPT_MAX + 12);
	assert_int_equal(iv.len, 12);
	c.use = HSM_USE_DECRYPT;
	c.iv = iv.p;
	c.iv_len = iv.len;
	/* without its tag */
	assert_int_equal(hsm_crypt(h, sess, &c, out.p, HSM_CRYPT_MAX, &plain, NULL, NULL),
			 HSM_RV_BAD_PKCS_DATA);
	hsm_bytes_clear(&out);
	hsm_bytes_clear(&iv);
	c = (struct hsm_crypt){
		.use = HSM_USE_ENCRYPT, .mechanism = HSM_CKM_AES_GCM, .handle = key,
	};
	ok(hsm_crypt(h, sess, &c, data, 1000, &out, &iv, &res));
	c.use = HSM_USE_DECRYPT;
	c.iv = iv.p;
	c.iv_len = iv.len;
	ok(hsm_crypt(h, sess, &c, out.p, out.len, &plain, NULL, &res));
	assert_int_equal(plain.len, 1000);
	assert_memory_equal(plain.p, data, 1000);
	hsm_bytes_clear(&plain);
	c.use = HSM_USE_ENCRYPT;
	assert_int_equal(hsm_crypt(h, sess, &c, data, 10, &plain, NULL, &res),
			 HSM_RV_INVALID_INPUT);
	assert_int_equal(res.bad_tag, HSM_TAG_IV);
	hsm_bytes_clear(&out);
	hsm_bytes_clear(&iv);
}

/* All parts of an operation behind one another. */
static size_t in_parts(uint32_t operation, const uint8_t *in, size_t len, size_t part, uint8_t *out)
{
	struct hsm_bytes piece;
	size_t n = 0;

	for (size_t at = 0; at < len; at += part) {
		ok(hsm_crypt_update(h, sess, operation, in + at, len - at < part ? len - at : part,
				    &piece, &res));
		if (piece.len)
			memcpy(out + n, piece.p, piece.len);
		n += piece.len;
		hsm_bytes_clear(&piece);
	}
	ok(hsm_crypt_final(h, sess, operation, NULL, 0, &piece, &res));
	if (piece.len)
		memcpy(out + n, piece.p, piece.len);
	n += piece.len;
	hsm_bytes_clear(&piece);
	return n;
}

static void test_cbc_in_parts(void **state)
{
	static uint8_t cipher[BIG + 16], plain[BIG + 16];
	struct hsm_crypt c = {
		.use = HSM_USE_ENCRYPT, .mechanism = HSM_CKM_AES_CBC_PAD,
		.handle = gen_sym(HSM_KEY_AES, 32, NULL),
		.iv = (const uint8_t *)"0123456789abcdef", .iv_len = 16,
	};
	uint32_t operation;
	size_t len;

	(void)state;
	ok(hsm_crypt_init(h, sess, &c, &operation, NULL, &res));
	len = in_parts(operation, data, BIG, HSM_CRYPT_MAX - 3, cipher);
	assert_int_equal(len, BIG + 16 - BIG % 16);
	c.use = HSM_USE_DECRYPT;
	ok(hsm_crypt_init(h, sess, &c, &operation, NULL, &res));
	assert_int_equal(in_parts(operation, cipher, len, 1001, plain), BIG);
	assert_memory_equal(plain, data, BIG);
}

static void test_operations_end(void **state)
{
	const struct hsm_crypt c = { .use = HSM_USE_DIGEST, .mechanism = HSM_CKM_SHA256 };
	uint32_t operations[HSM_OPERATIONS_MAX], extra;
	struct hsm_bytes out;

	(void)state;
	for (int i = 0; i < HSM_OPERATIONS_MAX; i++)
		ok(hsm_crypt_init(h, sess, &c, &operations[i], NULL, &res));
	assert_int_equal(hsm_crypt_init(h, sess, &c, &extra, NULL, &res), HSM_RV_LIMIT_REACHED);
	for (int i = 0; i < HSM_OPERATIONS_MAX; i++) {
		ok(hsm_crypt_final(h, sess, operations[i], NULL, 0, &out, &res));
		hsm_bytes_clear(&out);
		assert_int_equal(hsm_crypt_final(h, sess, operations[i], NULL, 0, &out, &res),
				 HSM_RV_NO_OPERATION);
	}
	ok(hsm_crypt_init(h, sess, &c, &extra, NULL, &res));
}

/* A public key that went in comes out as it was, and verifies what its half signs. */
static void test_public_keys(void **state)
{
	const struct hsm_attr label = { HSM_ATTR_LABEL, 3, "pub" };
	const struct hsm_key_spec spec = { .attrs = &label, .n_attrs = 1 };
	struct hsm_bytes der, again;
	uint64_t pub, priv, put;

	(void)state;
	gen_ec(HSM_CURVE_SECP256K1, &pub, &priv);
	ok(hsm_key_get_public(h, sess, pub, &der, &res));
	ok(hsm_key_put_public(h, sess, &spec, der.p, der.len, &put, &res));
	ok(hsm_key_get_public(h, sess, put, &again, &res));
	assert_int_equal(der.len, again.len);
	assert_memory_equal(der.p, again.p, der.len);
	check_signature(HSM_CKM_ECDSA_SHA256, priv, put);
	hsm_bytes_clear(&again);
	assert_int_equal(hsm_key_get_public(h, sess, priv, &again, &res), HSM_RV_BAD_KEY_TYPE);
	assert_null(again.p);
	der.p[der.len - 1] ^= 1;
	assert_int_equal(hsm_key_put_public(h, sess, &spec, der.p, der.len, &put, &res),
			 HSM_RV_BAD_PKCS_DATA);
	assert_int_equal(res.bad_tag, HSM_TAG_DATA);
	hsm_bytes_clear(&der);
}

static void test_set_attrs(void **state)
{
	const uint32_t ids[] = { HSM_ATTR_LABEL, HSM_ATTR_TOKEN };
	const struct hsm_attr change[] = {
		{ HSM_ATTR_LABEL, 3, "new" }, { HSM_ATTR_TOKEN, 1, "\x01" },
	};
	const struct hsm_attr trusted = { HSM_ATTR_TRUSTED, 1, "\x01" };
	struct hsm_attrs *attrs;
	uint64_t key;

	(void)state;
	ok(gen_aes("old", true, NULL, 0, &key));
	ok(hsm_key_set_attrs(h, sess, key, change, 2, &res));
	ok(hsm_key_attrs(h, sess, key, ids, 2, &attrs, &res));
	assert_memory_equal(hsm_attrs_get(attrs, HSM_ATTR_LABEL)->value, "new", 3);
	assert_memory_equal(hsm_attrs_get(attrs, HSM_ATTR_TOKEN)->value, "\x01", 1);
	hsm_free(attrs);
	assert_int_equal(hsm_key_set_attrs(h, sess, key, &trusted, 1, &res),
			 HSM_RV_ATTRIBUTE_FIXED);
	assert_int_equal(res.bad_tag, HSM_ATTR_TRUSTED);
}

static void test_pbe(void **state)
{
	const struct hsm_attr label = { HSM_ATTR_LABEL, 3, "pbe" };
	const struct hsm_key_spec spec = { .attrs = &label, .n_attrs = 1 };
	struct hsm_pbe pbe = {
		.password = "password", .password_len = 8, .salt = "saltsalt", .salt_len = 8,
		.iterations = 1000,
	};
	uint8_t first[3], second[3];
	uint64_t key;

	(void)state;
	ok(hsm_key_gen_pbe(h, sess, &spec, &pbe, &key, &res));
	kcv_of(key, first);
	ok(hsm_key_gen_pbe(h, sess, &spec, &pbe, &key, &res));
	kcv_of(key, second);
	assert_memory_equal(first, second, 3);
	pbe.iterations++;
	ok(hsm_key_gen_pbe(h, sess, &spec, &pbe, &key, &res));
	kcv_of(key, second);
	assert_memory_not_equal(first, second, 3);
}

static void test_certificates(void **state)
{
	static const uint32_t which[] = {
		HSM_CERT_MANUFACTURER_ROOT, HSM_CERT_HARDWARE, HSM_CERT_CUSTOMER_ROOT,
		HSM_CERT_CLUSTER_CUSTOMER, HSM_CERT_CLUSTER_MANUFACTURER,
	};
	struct hsm_bytes der;

	(void)state;
	for (size_t i = 0; i < sizeof(which) / sizeof(which[0]); i++) {
		ok(hsm_cert(h, which[i], &der, &res));
		assert_true(der.len > 100 && der.p[0] == 0x30);
		hsm_bytes_clear(&der);
	}
	assert_int_equal(hsm_cert(h, 3, &der, &res), HSM_RV_INVALID_INPUT);
	assert_int_equal(res.bad_tag, HSM_TAG_CERT);
	assert_null(der.p);
}

#define TEST(t) cmocka_unit_test_setup_teardown(t, setup, loop_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_digest), TEST(test_signatures), TEST(test_gcm), TEST(test_cbc_in_parts),
		TEST(test_operations_end), TEST(test_public_keys), TEST(test_set_attrs),
		TEST(test_pbe), TEST(test_certificates),
	};

	return cmocka_run_group_tests_name("loop_use", tests, NULL, NULL);
}
