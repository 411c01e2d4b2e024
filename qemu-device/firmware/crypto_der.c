// SPDX-License-Identifier: GPL-2.0-or-later
/* crypto_der.c - keys as PKCS#8 and SubjectPublicKeyInfo. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/evp.h>

#include "crypto_int.h"
#include "secmem.h"

#define EXPONENT_MAX	32u	/* bytes of a public exponent: FIPS 186-5 has it below 2^256 */

enum form { PKCS8, SPKI, PKCS1 };

static const struct {
	int selection;
	const char *structure;
} forms[] = {
	[PKCS8] = { EVP_PKEY_KEYPAIR, "PrivateKeyInfo" },
	[SPKI] = { EVP_PKEY_PUBLIC_KEY, "SubjectPublicKeyInfo" },
	[PKCS1] = { EVP_PKEY_PUBLIC_KEY, "pkcs1" },
};

static bool encode_pkey(const EVP_PKEY *pkey, enum form f, uint8_t **der, size_t *len)
{
	OSSL_ENCODER_CTX *ctx = OSSL_ENCODER_CTX_new_for_pkey(pkey, forms[f].selection, "DER",
							      forms[f].structure, NULL);
	unsigned char *made = NULL;
	size_t n = 0;

	*der = NULL;
	*len = 0;
	if (ctx && OSSL_ENCODER_to_data(ctx, &made, &n) == 1)
		*der = secmem_dup(made, n);
	if (*der)
		*len = n;
	OPENSSL_clear_free(made, n);
	OSSL_ENCODER_CTX_free(ctx);
	return *der;
}

static bool encode(const struct fc_numbers *n, enum form f, uint8_t **der, size_t *len)
{
	EVP_PKEY *pkey = fc_pkey_import(n, f == PKCS8);
	bool ok;

	*der = NULL;
	*len = 0;
	ok = pkey && encode_pkey(pkey, f, der, len);
	EVP_PKEY_free(pkey);
	return ok;
}

bool fc_pkcs8_encode(const struct fc_numbers *n, uint8_t **der, size_t *len)
{
	return encode(n, PKCS8, der, len);
}

bool fc_spki_encode(const struct fc_numbers *n, uint8_t **der, size_t *len)
{
	return encode(n, SPKI, der, len);
}

/* One SEQUENCE that ends where the data does. */
static bool is_sequence(const uint8_t *der, size_t len)
{
	size_t bytes, n = 0;

	if (len < 2 || len > FC_DER_MAX || der[0] != 0x30)
		return false;
	if (der[1] < 0x80)
		return len == 2u + der[1];
	bytes = der[1] & 0x7f;
	if (bytes < 1 || bytes > 2 || len < 2 + bytes)
		return false;
	for (size_t i = 0; i < bytes; i++)
		n = n << 8 | der[2 + i];
	return len == 2 + bytes + n;
}

static EVP_PKEY *decode_pkey(const uint8_t *der, size_t len, enum form f)
{
	const unsigned char *at = der;
	EVP_PKEY *pkey = NULL;
	OSSL_DECODER_CTX *ctx;
	bool ok;

	if (!is_sequence(der, len))
		return NULL;
	ctx = OSSL_DECODER_CTX_new_for_pkey(&pkey, "DER", forms[f].structure, NULL,
					    forms[f].selection, fc_lib()->ctx, NULL);
	ok = ctx && OSSL_DECODER_from_data(ctx, &at, &len) == 1 && !len;
	OSSL_DECODER_CTX_free(ctx);
	if (ok)
		return pkey;
	EVP_PKEY_free(pkey);
	return NULL;
}

/* Of the sizes that the card makes; the public exponent may be any odd one. */
static bool rsa_size_ok(const struct fc_numbers *n)
{
	const struct fc_num *mod = &n->part[FC_N], *e = &n->part[FC_E];
	size_t bits = mod->len * 8;

	return bits >= HSM_RSA_BITS_MIN && bits <= HSM_RSA_BITS_MAX && !(bits % 256) &&
	       mod->p[0] >> 7 && e->len <= EXPONENT_MAX && e->p[e->len - 1] & 1 &&
	       (e->len > 1 || e->p[0] >= 3);
}

/* FIPS 186-4 has subprimes of 224 and of 256 bits for this prime; the card makes the latter. */
static bool dsa_size_ok(const struct fc_numbers *n)
{
	const struct fc_num *p = &n->part[FC_P], *q = &n->part[FC_Q];

	return p->len == HSM_DSA_BITS / 8 && p->p[0] >> 7 && (q->len == 28 || q->len == 32) &&
	       q->p[0] >> 7;
}

static bool size_ok(const struct fc_numbers *n)
{
	return n->key_type == HSM_KEY_EC ||
	       (n->key_type == HSM_KEY_RSA ? rsa_size_ok(n) : dsa_size_ok(n));
}

/* More than two primes have no place in struct fc_numbers. */
static bool multi_prime(const EVP_PKEY *pkey)
{
	BIGNUM *bn = NULL;
	bool yes = EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_FACTOR3, &bn) == 1;

	BN_clear_free(bn);
	return yes;
}

/* DSA's domain parameters are no part of what the library calls the public key. */
static bool sound(EVP_PKEY *pkey, enum form f)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(fc_lib()->ctx, pkey, NULL);
	bool ok = ctx && (f == PKCS8 ? EVP_PKEY_check(ctx) == 1 :
				       EVP_PKEY_public_check(ctx) == 1 &&
				       (!EVP_PKEY_is_a(pkey, "DSA") ||
					EVP_PKEY_param_check_quick(ctx) == 1));

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

/* A public key has one encoding: what comes out again must be what came in. */
static bool canonical(const EVP_PKEY *pkey, const uint8_t *der, size_t len)
{
	uint8_t *again;
	size_t n;
	bool same = encode_pkey(pkey, SPKI, &again, &n) && n == len && !memcmp(again, der, len);

	secmem_free(again);
	return same;
}

static int decode(const uint8_t *der, size_t len, enum form f, struct fc_numbers *out)
{
	EVP_PKEY *pkey = decode_pkey(der, len, f);
	bool ok;

	memset(out, 0, sizeof(*out));
	ok = pkey && fc_pkey_export(pkey, f == PKCS8, out) && size_ok(out) &&
	     !multi_prime(pkey) && (f == PKCS8 || canonical(pkey, der, len)) && sound(pkey, f);
	EVP_PKEY_free(pkey);
	if (!ok)
		fc_numbers_clear(out);
	return ok ? 0 : HSM_RV_BAD_PKCS_DATA;
}

int fc_pkcs8_decode(const uint8_t *der, size_t len, struct fc_numbers *out)
{
	return decode(der, len, PKCS8, out);
}

int fc_spki_decode(const uint8_t *der, size_t len, struct fc_numbers *out)
{
	return decode(der, len, SPKI, out);
}

bool fc_kcv_public(const struct fc_numbers *n, uint8_t out[FC_KCV_LEN])
{
	uint8_t digest[FC_SHA1_LEN] = { 0 }, *der = NULL;
	const struct fc_num *point = &n->part[FC_POINT];
	size_t len;
	bool ok;

	if (n->key_type == HSM_KEY_EC)
		ok = point->p && fc_sha1(point->p, point->len, digest);
	else
		ok = encode(n, n->key_type == HSM_KEY_RSA ? PKCS1 : SPKI, &der, &len) &&
		     fc_sha1(der, len, digest);
	secmem_free(der);
	memset(out, 0, FC_KCV_LEN);
	if (ok)
		memcpy(out, digest, FC_KCV_LEN);
	return ok;
}
