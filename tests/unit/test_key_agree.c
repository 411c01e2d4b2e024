// SPDX-License-Identifier: GPL-2.0-or-later
/* test_key_agree.c - ephemeral ECDH against OpenSSL; certificates as OpenSSL reads them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "crypto_key.h"
#include "hsm/hsm_cmd.h"
#include "secmem.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void both_sides(void **state)
{
	uint8_t pa[FC_POINT_LEN], pb[FC_POINT_LEN], ka[48], kb[48];
	struct fc_ecdh *a = fc_ecdh_new(pa), *b = fc_ecdh_new(pb);

	(void)state;
	assert_true(a && b);
	assert_memory_not_equal(pa, pb, sizeof(pa));
	assert_true(fc_ecdh_derive(a, pb, "salt", 4, "use", ka, sizeof(ka)));
	assert_true(fc_ecdh_derive(b, pa, "salt", 4, "use", kb, sizeof(kb)));
	assert_memory_equal(ka, kb, sizeof(ka));
	assert_true(fc_ecdh_derive(b, pa, "salt", 4, "other", kb, sizeof(kb)));
	assert_memory_not_equal(ka, kb, sizeof(ka));
	assert_true(fc_ecdh_derive(b, pa, "Salt", 4, "use", kb, sizeof(kb)));
	assert_memory_not_equal(ka, kb, sizeof(ka));
	fc_ecdh_free(a);
	fc_ecdh_free(b);
}

/* The other side by OpenSSL alone: the x coordinate, then HKDF, itself tested by RFC 5869. */
static void openssl_side(void **state)
{
	EVP_PKEY *own = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"), *peer = EVP_PKEY_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
	uint8_t card[FC_POINT_LEN], x[32], want[32], got[32], *point;
	struct fc_ecdh *e = fc_ecdh_new(card);
	size_t len = sizeof(x);

	(void)state;
	assert_int_equal(EVP_PKEY_get1_encoded_public_key(own, &point), FC_POINT_LEN);
	assert_int_equal(EVP_PKEY_copy_parameters(peer, own), 1);
	assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, card, sizeof(card)), 1);
	assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
	assert_int_equal(EVP_PKEY_derive(ctx, x, &len), 1);
	assert_true(fc_hkdf(x, sizeof(x), "salt", 4, "use", want, sizeof(want)));
	assert_true(fc_ecdh_derive(e, point, "salt", 4, "use", got, sizeof(got)));
	assert_memory_equal(got, want, sizeof(want));
	OPENSSL_free(point);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(own);
	EVP_PKEY_free(peer);
	fc_ecdh_free(e);
}

static void bad_peers(void **state)
{
	uint8_t point[FC_POINT_LEN], peer[FC_POINT_LEN], bad[FC_POINT_LEN], key[32],
		zero[32] = { 0 };
	struct fc_ecdh *e = fc_ecdh_new(point), *other = fc_ecdh_new(peer);

	(void)state;
	for (size_t i = 0; i < sizeof(bad); i++) {
		memcpy(bad, peer, sizeof(bad));
		bad[i] ^= 1;
		memset(key, 0xee, sizeof(key));
		assert_false(fc_ecdh_derive(e, bad, NULL, 0, "use", key, sizeof(key)));
		assert_memory_equal(key, zero, sizeof(key));
	}
	memset(bad, 0, sizeof(bad));
	assert_false(fc_ecdh_derive(e, bad, NULL, 0, "use", key, sizeof(key)));
	bad[0] = 4;
	assert_false(fc_ecdh_derive(e, bad, NULL, 0, "use", key, sizeof(key)));
	memset(bad + 1, 0xff, sizeof(bad) - 1);
	assert_false(fc_ecdh_derive(e, bad, NULL, 0, "use", key, sizeof(key)));
	memcpy(bad, peer, sizeof(bad));
	bad[0] = 6 | (peer[64] & 1);	/* the hybrid form is another encoding */
	assert_false(fc_ecdh_derive(e, bad, NULL, 0, "use", key, sizeof(key)));
	fc_ecdh_free(e);
	fc_ecdh_free(other);
}

enum { ROOT, CARD, LEAF, CERTS };

static X509 *make(const struct fc_numbers *subject, const struct fc_numbers *issuer, const char *cn,
		  const char *issuer_cn, bool ca)
{
	const struct fc_cert_spec spec = {
		.subject = subject, .issuer = issuer, .subject_cn = cn, .issuer_cn = issuer_cn,
		.not_before = 1700000000, .ca = ca,
	};
	const unsigned char *at;
	uint8_t *der;
	size_t len;
	X509 *x;

	assert_true(fc_cert_make(&spec, &der, &len));
	at = der;
	x = d2i_X509(NULL, &at, (long)len);
	assert_non_null(x);
	assert_ptr_equal(at, der + len);
	free(der);
	return x;
}

static int verify(X509 *root, X509 *between, X509 *leaf, time_t when)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *chain = sk_X509_new_null();
	int rv;

	X509_STORE_add_cert(store, root);
	sk_X509_push(chain, between);
	X509_STORE_CTX_init(ctx, store, leaf, chain);
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), when);
	X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
	rv = X509_verify_cert(ctx) == 1 ? 0 : X509_STORE_CTX_get_error(ctx);
	sk_X509_free(chain);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return rv;
}

static void check_fields(X509 *x)
{
	char name[128];

	X509_NAME_oneline(X509_get_subject_name(x), name, sizeof(name));
	assert_string_equal(name, "/O=TEST/CN=TEST HSM 1");
	X509_NAME_oneline(X509_get_issuer_name(x), name, sizeof(name));
	assert_string_equal(name, "/O=TEST/CN=TEST Root 1");
	assert_int_equal(X509_get_version(x), X509_VERSION_3);
	assert_int_equal(X509_get_signature_nid(x), NID_ecdsa_with_SHA256);
	assert_int_equal(X509_get_key_usage(x), X509v3_KU_KEY_CERT_SIGN | X509v3_KU_CRL_SIGN);
	assert_true(X509_check_ca(x) == 1);
	assert_non_null(X509_get0_subject_key_id(x));
	assert_non_null(X509_get0_authority_key_id(x));
}

static void certificates(void **state)
{
	static const struct fc_pair_spec spec = { .key_type = HSM_KEY_EC,
						  .curve = HSM_CURVE_PRIME256V1 };
	const time_t born = 1700000000, year = 365 * 86400;
	struct fc_numbers n[CERTS];
	X509 *x[CERTS], *leaf2;

	(void)state;
	for (size_t i = 0; i < CERTS; i++)
		assert_true(fc_pair_generate(&spec, &n[i]));
	x[ROOT] = make(&n[ROOT], &n[ROOT], "TEST Root 1", "TEST Root 1", true);
	x[CARD] = make(&n[CARD], &n[ROOT], "TEST HSM 1", "TEST Root 1", true);
	x[LEAF] = make(&n[LEAF], &n[CARD], "TEST Cluster 1", "TEST HSM 1", false);
	leaf2 = make(&n[LEAF], &n[LEAF], "TEST Cluster 1", "TEST HSM 1", false);
	check_fields(x[CARD]);
	assert_int_equal(X509_check_ca(x[LEAF]), 0);
	assert_false(X509_get_extension_flags(x[LEAF]) & EXFLAG_CA);
	assert_int_not_equal(ASN1_INTEGER_cmp(X509_get0_serialNumber(x[ROOT]),
					      X509_get0_serialNumber(x[CARD])), 0);
	assert_int_equal(verify(x[ROOT], x[CARD], x[LEAF], born + 10), 0);
	assert_int_equal(verify(x[ROOT], x[CARD], x[LEAF], born + 19 * year), 0);
	assert_int_equal(verify(x[ROOT], x[CARD], x[LEAF], born - 10),
			 X509_V_ERR_CERT_NOT_YET_VALID);
	assert_int_equal(verify(x[ROOT], x[CARD], x[LEAF], born + 21 * year),
			 X509_V_ERR_CERT_HAS_EXPIRED);
	assert_int_not_equal(verify(x[ROOT], x[CARD], leaf2, born + 10), 0);
	for (size_t i = 0; i < CERTS; i++) {
		X509_free(x[i]);
		fc_numbers_clear(&n[i]);
	}
	X509_free(leaf2);
	assert_int_equal(secmem_used(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides),
		cmocka_unit_test(openssl_side),
		cmocka_unit_test(bad_peers),
		cmocka_unit_test(certificates),
	};

	return cmocka_run_group_tests_name("key agreement and certificates", tests, NULL, NULL);
}
