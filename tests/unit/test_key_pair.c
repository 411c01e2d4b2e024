// SPDX-License-Identifier: GPL-2.0-or-later
/* test_key_pair.c - pairs: generation, what OpenSSL says of them, encodings there and back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "crypto_key.h"
#include "hsm/hsm_cmd.h"
#include "keyop.h"
#include "secmem.h"
#include "vec_rsa.h"
#include "vector.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const uint8_t f4[] = { 1, 0, 1 };

static struct fc_numbers make(uint32_t key_type, uint32_t bits, uint32_t curve)
{
	const struct fc_pair_spec spec = {
		.key_type = key_type, .bits = bits, .e = f4, .e_len = sizeof(f4), .curve = curve,
	};
	struct fc_numbers n;

	assert_true(fc_pair_generate(&spec, &n));
	assert_int_equal(n.key_type, key_type);
	return n;
}

static void assert_same(const struct fc_numbers *a, const struct fc_numbers *b, bool private)
{
	assert_int_equal(a->key_type, b->key_type);
	assert_int_equal(a->curve, b->curve);
	for (unsigned int i = 0; i < FC_PARTS; i++) {
		bool secret = a->key_type == HSM_KEY_RSA ? i >= FC_D && i <= FC_QINV :
			      i == FC_D || i == FC_X;

		if (secret && !private) {
			assert_null(b->part[i].p);
			continue;
		}
		assert_int_equal(a->part[i].len, b->part[i].len);
		if (a->part[i].len)
			assert_memory_equal(a->part[i].p, b->part[i].p, a->part[i].len);
	}
}

/* What OpenSSL reads out of the PKCS#8 is sound, and of the size that was asked for. */
static void openssl_agrees(const uint8_t *der, size_t len, int bits)
{
	const unsigned char *at = der;
	EVP_PKEY *pkey = d2i_AutoPrivateKey(NULL, &at, (long)len);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);

	assert_non_null(pkey);
	assert_ptr_equal(at, der + len);
	assert_int_equal(EVP_PKEY_get_bits(pkey), bits);
	assert_int_equal(EVP_PKEY_pairwise_check(ctx), 1);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
}

static void refuse_longer(const uint8_t *der, size_t len,
			  int (*decode)(const uint8_t *der, size_t len, struct fc_numbers *out))
{
	uint8_t *longer = malloc(len + 1);
	struct fc_numbers n;

	memcpy(longer, der, len);
	longer[len] = 0;
	assert_int_equal(decode(longer, len + 1, &n), HSM_RV_BAD_PKCS_DATA);
	assert_null(n.part[FC_N].p);
	for (size_t cut = 0; cut < len; cut += 1 + len / 50)
		assert_int_equal(decode(der, cut, &n), HSM_RV_BAD_PKCS_DATA);
	free(longer);
}

static void there_and_back(const struct fc_numbers *n, int bits)
{
	struct fc_numbers back;
	uint8_t *der, kcv[FC_KCV_LEN], kcv2[FC_KCV_LEN];
	size_t len;

	assert_true(fc_pkcs8_encode(n, &der, &len));
	openssl_agrees(der, len, bits);
	assert_int_equal(fc_pkcs8_decode(der, len, &back), 0);
	assert_same(n, &back, true);
	fc_numbers_clear(&back);
	refuse_longer(der, len, fc_pkcs8_decode);
	assert_int_equal(fc_spki_decode(der, len, &back), HSM_RV_BAD_PKCS_DATA);
	secmem_free(der);

	assert_true(fc_spki_encode(n, &der, &len));
	assert_int_equal(fc_spki_decode(der, len, &back), 0);
	assert_same(n, &back, false);
	refuse_longer(der, len, fc_spki_decode);
	assert_true(fc_kcv_public(n, kcv) && fc_kcv_public(&back, kcv2));
	assert_memory_equal(kcv, kcv2, sizeof(kcv));
	assert_null(fc_key_private(&back));
	fc_numbers_clear(&back);
	secmem_free(der);
}

static void signs(const struct fc_numbers *n, uint32_t mechanism)
{
	struct fc_key *private = fc_key_private(n), *public = fc_key_public(n);
	uint8_t sig[2048];
	size_t len;

	assert_int_equal(keyop_sign(private, mechanism, "text", 4, sig, &len), 0);
	assert_int_equal(keyop_verify(public, mechanism, "text", 4, sig, len), 0);
	assert_int_equal(keyop_verify(public, mechanism, "texT", 4, sig, len),
			 HSM_RV_BAD_PKCS_DATA);
	assert_int_equal(keyop_sign(public, mechanism, "text", 4, sig, &len), HSM_RV_BAD_KEY_TYPE);
	fc_key_put(private);
	fc_key_put(public);
}

static void rsa(void **state)
{
	static const uint32_t sizes[] = { 2048, 2304 };
	size_t before = secmem_used();

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct fc_numbers n = make(HSM_KEY_RSA, sizes[i], 0);

		assert_int_equal(n.part[FC_N].len, sizes[i] / 8);
		assert_int_equal(n.part[FC_E].len, 3);
		there_and_back(&n, (int)sizes[i]);
		signs(&n, HSM_CKM_SHA384_RSA_PKCS_PSS);
		fc_numbers_clear(&n);
	}
	assert_int_equal(secmem_used(), before);
}

static void dsa(void **state)
{
	struct fc_numbers n = make(HSM_KEY_DSA, HSM_DSA_BITS, 0);
	struct fc_numbers m = make(HSM_KEY_DSA, HSM_DSA_BITS, 0);
	const struct fc_pair_spec small = { .key_type = HSM_KEY_DSA, .bits = 1024 };
	struct fc_numbers none;

	(void)state;
	assert_int_equal(n.part[FC_P].len, 256);
	assert_int_equal(n.part[FC_Q].len, 32);
	assert_memory_equal(n.part[FC_P].p, m.part[FC_P].p, 256);
	assert_memory_not_equal(n.part[FC_Y].p, m.part[FC_Y].p, 250);
	there_and_back(&n, HSM_DSA_BITS);
	signs(&n, HSM_CKM_DSA_SHA512);
	assert_false(fc_pair_generate(&small, &none));
	fc_numbers_clear(&n);
	fc_numbers_clear(&m);
}

/* Every curve of the table, its facts against the library's. */
static void curves(void **state)
{
	(void)state;
	assert_null(fc_curve_by_id(0));
	assert_null(fc_curve_by_id(17));
	for (uint32_t id = HSM_CURVE_PRIME192V1; id <= HSM_CURVE_SECP256K1; id++) {
		const struct fc_curve *c = fc_curve_by_id(id);
		EC_GROUP *g;
		struct fc_numbers n;

		if (!c)
			continue;
		g = EC_GROUP_new_by_curve_name((int)c->nid);
		assert_int_equal(c->id, id);
		assert_string_equal(OBJ_nid2sn((int)c->nid), c->name);
		assert_int_equal(EC_GROUP_order_bits(g), c->bits);
		assert_int_equal(c->fips, id == HSM_CURVE_PRIME256V1 ||
				 id == HSM_CURVE_SECP384R1 || id == HSM_CURVE_SECP256K1);
		n = make(HSM_KEY_EC, 0, id);
		assert_int_equal(n.part[FC_D].len, (c->bits + 7) / 8);
		assert_int_equal(n.part[FC_POINT].p[0], 4);
		assert_int_equal(n.part[FC_POINT].len,
				 1 + 2 * ((size_t)(EC_GROUP_get_degree(g) + 7) / 8));
		there_and_back(&n, EC_GROUP_order_bits(g));
		signs(&n, HSM_CKM_ECDSA_SHA256);
		fc_numbers_clear(&n);
		EC_GROUP_free(g);
	}
	assert_non_null(fc_curve_by_id(HSM_CURVE_PRIME256V1));
	assert_non_null(fc_curve_by_id(HSM_CURVE_SECP384R1));
}

static bool third_time(void *opaque)
{
	return ++*(unsigned int *)opaque >= 3;
}

static void cancelled(void **state)
{
	unsigned int asked = 0;
	const struct fc_pair_spec spec = {
		.key_type = HSM_KEY_RSA, .bits = 4096, .e = f4, .e_len = sizeof(f4),
		.cancelled = third_time, .opaque = &asked,
	};
	size_t before = secmem_used();
	struct fc_numbers n, zero = { 0 };

	(void)state;
	assert_false(fc_pair_generate(&spec, &n));
	assert_int_equal(asked, 3);
	assert_memory_equal(&n, &zero, sizeof(n));
	assert_int_equal(secmem_used(), before);
}

/* Every @step-th byte is changed; at most @most of the results pass for a key. */
static void flips(uint8_t *der, size_t len, size_t step, unsigned int most,
		  int (*decode)(const uint8_t *der, size_t len, struct fc_numbers *out))
{
	size_t before = secmem_used();
	unsigned int passed = 0;

	for (size_t i = 0; i < len; i += step) {
		struct fc_numbers n;
		int rv;

		der[i] ^= (uint8_t)(1u << i % 8);
		rv = decode(der, len, &n);
		assert_true(rv == 0 || rv == HSM_RV_BAD_PKCS_DATA);
		passed += rv == 0;
		fc_numbers_clear(&n);
		der[i] ^= (uint8_t)(1u << i % 8);
	}
	assert_true(passed <= most);
	assert_int_equal(secmem_used(), before);
}

static void flipped(const struct fc_numbers *n, size_t step8, size_t step)
{
	uint8_t *der;
	size_t len;

	assert_true(fc_pkcs8_encode(n, &der, &len));
	/* Versions are not looked at; any number could be the X of DSA, which is alone there. */
	flips(der, len, step8, n->key_type == HSM_KEY_DSA ? 35 : 2, fc_pkcs8_decode);
	secmem_free(der);
	assert_true(fc_spki_encode(n, &der, &len));
	/* Most numbers of 2048 bits could be a modulus. */
	flips(der, len, step, n->key_type == HSM_KEY_RSA ? (unsigned int)len : 0, fc_spki_decode);
	secmem_free(der);
}

static void flipped_bytes(void **state)
{
	struct fc_numbers ec = make(HSM_KEY_EC, 0, HSM_CURVE_SECP384R1);
	struct fc_numbers dsa_pair = make(HSM_KEY_DSA, HSM_DSA_BITS, 0);
	struct fc_numbers rsa_pair = make(HSM_KEY_RSA, 2048, 0);

	(void)state;
	flipped(&ec, 1, 1);
	flipped(&dsa_pair, 1, 1);
	flipped(&rsa_pair, 19, 7);
	fc_numbers_clear(&ec);
	fc_numbers_clear(&dsa_pair);
	fc_numbers_clear(&rsa_pair);
}

/* What OpenSSL writes of a key of its own making; for the sizes and kinds that are refused. */
static void refuse_openssl(EVP_PKEY *pkey, int want)
{
	PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(pkey);
	unsigned char *der = NULL;
	struct fc_numbers n;
	int len;

	assert_non_null(pkey);
	len = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
	assert_int_equal(fc_pkcs8_decode(der, (size_t)len, &n), want);
	fc_numbers_clear(&n);
	OPENSSL_free(der);
	der = NULL;
	len = i2d_PUBKEY(pkey, &der);
	assert_int_equal(fc_spki_decode(der, (size_t)len, &n), want);
	fc_numbers_clear(&n);
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(p8);
	EVP_PKEY_free(pkey);
}

static EVP_PKEY *ec_key(const char *form, const char *encoding)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");

	assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, "point-format", form), 1);
	assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, "encoding", encoding), 1);
	return pkey;
}

static void other_kinds(void **state)
{
	(void)state;
	refuse_openssl(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048), 0);
	refuse_openssl(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024), HSM_RV_BAD_PKCS_DATA);
	refuse_openssl(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2056), HSM_RV_BAD_PKCS_DATA);
	refuse_openssl(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), HSM_RV_BAD_PKCS_DATA);
	refuse_openssl(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), HSM_RV_BAD_PKCS_DATA);
	refuse_openssl(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "brainpoolP256r1"),
		       HSM_RV_BAD_PKCS_DATA);
	refuse_openssl(ec_key("uncompressed", "named_curve"), 0);
	refuse_openssl(ec_key("compressed", "named_curve"), 0);
	refuse_openssl(ec_key("uncompressed", "explicit"), HSM_RV_BAD_PKCS_DATA);
}

/* The halves of two keys do not make one. */
static void mixed_halves(void **state)
{
	struct fc_numbers a = make(HSM_KEY_EC, 0, HSM_CURVE_PRIME256V1);
	struct fc_numbers b = make(HSM_KEY_EC, 0, HSM_CURVE_PRIME256V1), n;
	struct fc_num point = a.part[FC_POINT];
	uint8_t *der;
	size_t len;

	(void)state;
	a.part[FC_POINT] = b.part[FC_POINT];
	b.part[FC_POINT] = point;
	if (fc_pkcs8_encode(&a, &der, &len)) {
		assert_int_equal(fc_pkcs8_decode(der, len, &n), HSM_RV_BAD_PKCS_DATA);
		secmem_free(der);
	}
	fc_numbers_clear(&a);
	fc_numbers_clear(&b);
}

/* A SubjectPublicKeyInfo of RSA that has two bytes of parameters, and 256 of modulus. */
enum { OUTER_LEN = 2, ALGORITHM_LEN = 5, PARAMETERS = 17, BITS_LEN = 21, PUBLIC = 294 };

/* The same key in other words is refused: without its NULL, with a byte behind its numbers. */
static void other_words(void **state)
{
	struct fc_numbers n;
	uint8_t der[PUBLIC + 1] = { 0 }, changed[PUBLIC + 1], *made;
	size_t len;

	(void)state;
	made = (uint8_t *)unhex(pkcs1_key, &len);
	assert_int_equal(fc_pkcs8_decode(made, len, &n), 0);
	assert_true(fc_spki_encode(&n, &made, &len));
	assert_int_equal(len, PUBLIC);
	memcpy(der, made, len);
	secmem_free(made);
	fc_numbers_clear(&n);

	memcpy(changed, der, PARAMETERS);
	memcpy(changed + PARAMETERS, der + PARAMETERS + 2, PUBLIC - PARAMETERS - 2);
	changed[OUTER_LEN + 1] -= 2;
	changed[ALGORITHM_LEN] -= 2;
	assert_int_equal(fc_spki_decode(changed, PUBLIC - 2, &n), HSM_RV_BAD_PKCS_DATA);

	memcpy(changed, der, sizeof(der));
	changed[OUTER_LEN + 1]++;
	changed[BITS_LEN + 1]++;
	assert_int_equal(fc_spki_decode(changed, PUBLIC + 1, &n), HSM_RV_BAD_PKCS_DATA);
	assert_int_equal(fc_spki_decode(der, PUBLIC, &n), 0);
	fc_numbers_clear(&n);
}

/* PKCS#8 of others, as published, comes out as it went in. */
static void published(void **state)
{
	const char *keys[] = { pkcs1_key, oaep_key, sign_key };

	(void)state;
	for (size_t i = 0; i < COUNT(keys); i++) {
		struct fc_numbers n;
		uint8_t *again;
		size_t len, n_again;
		const uint8_t *der = unhex(keys[i], &len);

		assert_int_equal(fc_pkcs8_decode(der, len, &n), 0);
		assert_true(fc_pkcs8_encode(&n, &again, &n_again));
		assert_int_equal(n_again, len);
		assert_memory_equal(again, der, len);
		secmem_free(again);
		fc_numbers_clear(&n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rsa),
		cmocka_unit_test(dsa),
		cmocka_unit_test(curves),
		cmocka_unit_test(cancelled),
		cmocka_unit_test(flipped_bytes),
		cmocka_unit_test(other_kinds),
		cmocka_unit_test(mixed_halves),
		cmocka_unit_test(other_words),
		cmocka_unit_test(published),
	};

	return cmocka_run_group_tests_name("key pairs", tests, NULL, NULL);
}
