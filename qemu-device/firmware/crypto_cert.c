// SPDX-License-Identifier: GPL-2.0-or-later
/* crypto_cert.c - X.509 certificates of the card's own keys. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <openssl/asn1.h>
#include <openssl/bn.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "crypto_int.h"

#define YEARS_20	(20 * (uint64_t)31556952)	/* seconds of Gregorian years */
#define SERIAL_LEN	16

/* Positive, and not zero. */
static bool set_serial(X509 *x)
{
	uint8_t raw[SERIAL_LEN];
	BIGNUM *bn;
	bool ok;

	if (!fc_random(raw, sizeof(raw)))
		return false;
	raw[0] = (raw[0] & 0x7f) | 0x40;
	bn = BN_bin2bn(raw, sizeof(raw), NULL);
	ok = bn && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x));
	BN_free(bn);
	return ok;
}

static bool set_name(X509_NAME *name, const char *cn)
{
	return name &&
	       X509_NAME_add_entry_by_NID(name, NID_organizationName, MBSTRING_UTF8,
					  (const unsigned char *)"TEST", -1, -1, 0) == 1 &&
	       X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8,
					  (const unsigned char *)cn, -1, -1, 0) == 1;
}

static bool set_validity(X509 *x, uint64_t not_before)
{
	return ASN1_TIME_set(X509_getm_notBefore(x), (time_t)not_before) &&
	       ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(not_before + YEARS_20));
}

static bool add_constraints(X509 *x, bool ca)
{
	BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
	bool ok;

	if (!bc)
		return false;
	bc->ca = ca ? 0xff : 0;
	ok = X509_add1_ext_i2d(x, NID_basic_constraints, bc, 1, X509V3_ADD_APPEND) == 1;
	BASIC_CONSTRAINTS_free(bc);
	return ok;
}

/* A CA signs certificates, also those of a key that signs; bits as RFC 5280 counts them. */
static bool add_usage(X509 *x, bool ca)
{
	enum { DIGITAL_SIGNATURE = 0, KEY_CERT_SIGN = 5, CRL_SIGN = 6 };
	ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
	bool ok = usage && ASN1_BIT_STRING_set_bit(usage, DIGITAL_SIGNATURE, !ca) == 1 &&
		  ASN1_BIT_STRING_set_bit(usage, KEY_CERT_SIGN, ca) == 1 &&
		  ASN1_BIT_STRING_set_bit(usage, CRL_SIGN, ca) == 1 &&
		  X509_add1_ext_i2d(x, NID_key_usage, usage, 1, X509V3_ADD_APPEND) == 1;

	ASN1_BIT_STRING_free(usage);
	return ok;
}

/* Key identifiers are SHA-1 of the point (RFC 5280, 4.2.1.2). */
static ASN1_OCTET_STRING *key_id(const struct fc_numbers *n)
{
	uint8_t digest[FC_SHA1_LEN];
	ASN1_OCTET_STRING *id = ASN1_OCTET_STRING_new();

	if (id && fc_sha1(n->part[FC_POINT].p, n->part[FC_POINT].len, digest) &&
	    ASN1_OCTET_STRING_set(id, digest, sizeof(digest)) == 1)
		return id;
	ASN1_OCTET_STRING_free(id);
	return NULL;
}

static bool add_key_ids(X509 *x, const struct fc_cert_spec *spec)
{
	AUTHORITY_KEYID *issuer = AUTHORITY_KEYID_new();
	ASN1_OCTET_STRING *subject = key_id(spec->subject);
	bool ok;

	if (issuer)
		issuer->keyid = key_id(spec->issuer);
	ok = subject && issuer && issuer->keyid &&
	     X509_add1_ext_i2d(x, NID_subject_key_identifier, subject, 0, X509V3_ADD_APPEND) == 1 &&
	     X509_add1_ext_i2d(x, NID_authority_key_identifier, issuer, 0, X509V3_ADD_APPEND) == 1;
	AUTHORITY_KEYID_free(issuer);
	ASN1_OCTET_STRING_free(subject);
	return ok;
}

static bool fill(X509 *x, const struct fc_cert_spec *spec)
{
	EVP_PKEY *subject = fc_pkey_import(spec->subject, false);
	EVP_PKEY *issuer = fc_pkey_import(spec->issuer, true);
	bool ok = subject && issuer && X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) &&
		  set_name(X509_get_subject_name(x), spec->subject_cn) &&
		  set_name(X509_get_issuer_name(x), spec->issuer_cn) &&
		  set_validity(x, spec->not_before) && X509_set_pubkey(x, subject) == 1 &&
		  add_constraints(x, spec->ca) && add_usage(x, spec->ca) && add_key_ids(x, spec) &&
		  X509_sign(x, issuer, fc_lib()->sha256) > 0;

	EVP_PKEY_free(subject);
	EVP_PKEY_free(issuer);
	return ok;
}

bool fc_cert_make(const struct fc_cert_spec *spec, uint8_t **der, size_t *len)
{
	X509 *x = X509_new_ex(fc_lib()->ctx, NULL);
	unsigned char *made = NULL;
	int n = x && fill(x, spec) ? i2d_X509(x, &made) : 0;

	X509_free(x);
	*len = 0;
	*der = n > 0 ? malloc((size_t)n) : NULL;
	if (*der) {
		memcpy(*der, made, (size_t)n);
		*len = (size_t)n;
	}
	OPENSSL_free(made);
	return *der;
}
