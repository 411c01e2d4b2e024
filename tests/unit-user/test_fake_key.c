// SPDX-License-Identifier: GPL-2.0-or-later
/* test_fake_key.c - private key files that hold a handle: what OpenSSL sees in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "fake_key.h"

#define HANDLE	0x0000123456789abcULL

/* Every curve of the card. */
static const int curves[] = {
	NID_X9_62_prime192v1, NID_X9_62_prime256v1, NID_sect163k1, NID_sect163r2, NID_sect233k1,
	NID_sect233r1, NID_sect283k1, NID_sect283r1, NID_sect409k1, NID_sect409r1, NID_sect571k1,
	NID_sect571r1, NID_secp224r1, NID_secp384r1, NID_secp521r1, NID_secp256k1,
};

static EVP_PKEY *parse(const struct hsm_bytes *der)
{
	const unsigned char *p = der->p;
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)der->len);

	if (key)
		assert_ptr_equal(p, der->p + der->len);
	return key;
}

/* The secret number as it stands in the file. */
static size_t secret(const EVP_PKEY *key, const char *name, uint8_t *number, size_t room)
{
	BIGNUM *bn = NULL;
	size_t len;

	assert_true(EVP_PKEY_get_bn_param(key, name, &bn));
	len = (size_t)BN_num_bytes(bn);
	assert_true(len <= room);
	BN_bn2bin(bn, number);
	BN_free(bn);
	return len;
}

static void check_layout(const uint8_t *number, size_t len)
{
	static const uint8_t head[] = {
		0xea, 0xfc, 0xfc, 0xee, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12, 0, 0,
	};
	static const uint8_t marker[] = { 0xea, 0xfc, 0xfc, 0xee };

	assert_true(len > sizeof(head));
	assert_memory_equal(number, head, sizeof(head));
	for (size_t i = sizeof(head); i < len; i++)
		assert_int_equal(number[i], marker[i % 4]);
}

static void check_ec(int nid)
{
	EVP_PKEY *real = EVP_EC_gen(OBJ_nid2sn(nid)), *key;
	uint8_t point[256], back[256], number[128];
	struct hsm_attr attr = { HSM_ATTR_MODULUS, 0, point };
	struct hsm_bytes der = { 0 };
	size_t len, back_len;
	uint64_t handle = 0;

	assert_non_null(real);
	assert_true(EVP_PKEY_get_octet_string_param(real, OSSL_PKEY_PARAM_PUB_KEY, point,
						    sizeof(point), &len));
	attr.len = (uint32_t)len;
	assert_false(fake_handle(real, &handle));
	assert_int_equal(fake_ec((uint32_t)nid, &attr, HANDLE, &der), 0);
	key = parse(&der);
	if (!key)
		fail_msg("%s: OpenSSL does not read it", OBJ_nid2sn(nid));
	assert_true(EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, back,
						    sizeof(back), &back_len));
	assert_int_equal(back_len, len);
	assert_memory_equal(back, point, len);
	check_layout(number, secret(key, OSSL_PKEY_PARAM_PRIV_KEY, number, sizeof(number)));
	assert_true(fake_handle(key, &handle));
	assert_true(handle == HANDLE);
	EVP_PKEY_free(key);
	EVP_PKEY_free(real);
	hsm_bytes_clear(&der);
}

static void test_ec(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		check_ec(curves[i]);
}

static void check_rsa(unsigned int bits)
{
	uint8_t n[512], e[] = { 1, 0, 1 }, number[512];
	struct hsm_attr modulus = { HSM_ATTR_MODULUS, bits / 8, n };
	struct hsm_attr exponent = { HSM_ATTR_PUBLIC_EXPONENT, sizeof(e), e };
	EVP_PKEY *real = EVP_RSA_gen(bits), *key;
	struct hsm_bytes der = { 0 };
	uint64_t handle = 0;

	assert_non_null(real);
	assert_int_equal(secret(real, OSSL_PKEY_PARAM_RSA_N, n, sizeof(n)), bits / 8);
	assert_false(fake_handle(real, &handle));
	assert_int_equal(fake_rsa(&modulus, &exponent, HANDLE, &der), 0);
	key = parse(&der);
	assert_non_null(key);
	assert_int_equal(EVP_PKEY_get_bits(key), bits);
	assert_int_equal(secret(key, OSSL_PKEY_PARAM_RSA_N, number, sizeof(number)), bits / 8);
	assert_memory_equal(number, n, bits / 8);
	check_layout(number, secret(key, OSSL_PKEY_PARAM_RSA_D, number, sizeof(number)));
	assert_true(fake_handle(key, &handle));
	assert_true(handle == HANDLE);
	EVP_PKEY_free(key);
	EVP_PKEY_free(real);
	hsm_bytes_clear(&der);
}

static void test_rsa(void **state)
{
	(void)state;
	check_rsa(2048);
	check_rsa(2304);
	check_rsa(4096);
}

/* One byte of the marker changed anywhere: a number like any other. */
static void test_marker(void **state)
{
	uint8_t point[65] = { 4 };
	struct hsm_attr attr = { HSM_ATTR_MODULUS, sizeof(point), point };
	EVP_PKEY *real = EVP_EC_gen("P-256"), *key;
	struct hsm_bytes der = { 0 };
	uint64_t handle;
	size_t len, at;

	(void)state;
	assert_true(EVP_PKEY_get_octet_string_param(real, OSSL_PKEY_PARAM_PUB_KEY, point,
						    sizeof(point), &len));
	assert_int_equal(fake_ec(NID_X9_62_prime256v1, &attr, HANDLE, &der), 0);
	for (at = 0; memcmp(der.p + at, "\xea\xfc\xfc\xee", 4); at++)
		;
	for (size_t i = 0; i < 32; i++) {
		der.p[at + i] ^= 1;
		key = parse(&der);
		assert_non_null(key);
		assert_int_equal(fake_handle(key, &handle), i >= 4 && i < 12);
		EVP_PKEY_free(key);
		der.p[at + i] ^= 1;
	}
	EVP_PKEY_free(real);
	hsm_bytes_clear(&der);
}

static void test_refused(void **state)
{
	uint8_t bytes[1024] = { 4 };
	struct hsm_attr attr = { HSM_ATTR_MODULUS, 65, bytes };
	struct hsm_bytes der = { 0 };

	(void)state;
	assert_true(fake_ec(99999, &attr, 6, &der) < 0);
	assert_true(fake_ec(NID_sha256, &attr, 6, &der) < 0);
	attr.len = 21;		/* no room for a handle */
	assert_true(fake_rsa(&attr, &attr, 6, &der) < 0);
	attr.len = sizeof(bytes);
	assert_true(fake_rsa(&attr, &attr, 6, &der) < 0);
	assert_null(der.p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ec),
		cmocka_unit_test(test_rsa),
		cmocka_unit_test(test_marker),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
