// SPDX-License-Identifier: LGPL-2.1-or-later
/* attest.c - whether what a card states about itself and its keys holds; asks nobody. */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "msg.h"

#define VERSION		1
#define HEAD		sizeof(struct hsm_attestation)
#define ROOT_NAME	"TEST Manufacturer Root "	/* and the serial number */
#define CARD_NAME	"TEST HSM "
#define CN_MAX		80

_Static_assert(sizeof(struct hsm_attestation) == 184, "no padding: read as it came");

/* What the parts look at: everything is parsed once; certificates may be NULL. */
struct checking {
	const struct hsm_attest *a;
	const struct hsm_trust *trust;
	const struct hsm_attest_key *keys;
	size_t n_keys;
	struct hsm_attestation st;
	X509 *root, *hardware;
};

/* Nothing but what can be printed, and its end: people see it before they see the verdict. */
static bool is_text(const uint8_t *p, size_t room)
{
	for (size_t i = 0; i < room; i++) {
		if (!p[i])
			return true;
		if (p[i] < ' ' || p[i] > '~')
			return false;
	}
	return false;
}

static bool form_ok(const struct checking *c)
{
	return c->a->statement_len >= HEAD && c->a->statement_len <= sizeof(c->a->statement) &&
	       c->a->signature_len <= sizeof(c->a->signature) &&
	       !memcmp(c->st.magic, "HSMQ", 4) && le16toh(c->st.version) == VERSION &&
	       c->a->statement_len == HEAD + le16toh(c->st.n_keys) *
					     sizeof(struct hsm_attested_key) &&
	       is_text(c->st.serial, sizeof(c->st.serial));
}

static bool nonce_ok(const struct checking *c)
{
	return !memcmp(c->st.nonce, c->a->nonce, HSM_NONCE_LEN);
}

/* Whether the common name of @x is @prefix and @rest; NULL: any rest. */
static bool named(const X509 *x, const char *prefix, const char *rest)
{
	char cn[CN_MAX];
	int len = X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, cn,
					    sizeof(cn));

	/* A zero inside would hide what comes after it. */
	return len > 0 && strlen(cn) == (size_t)len &&
	       !strncmp(cn, prefix, strlen(prefix)) &&
	       (!rest || !strcmp(cn + strlen(prefix), rest));
}

static bool root_ok(const struct checking *c)
{
	return c->root && X509_self_signed(c->root, 1) == 1 && named(c->root, ROOT_NAME, NULL);
}

/* The root alone is trusted, and it must have signed the certificate itself. */
static bool chain_ok(const struct checking *c)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	bool ok = store && ctx && c->root && c->hardware &&
		  X509_STORE_add_cert(store, c->root) == 1 &&
		  X509_STORE_CTX_init(ctx, store, c->hardware, NULL) == 1;

	if (ok) {
		X509_STORE_CTX_set_flags(ctx, X509_V_FLAG_X509_STRICT);
		ok = X509_verify_cert(ctx) == 1 && X509_cmp(c->root, c->hardware) != 0;
	}
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return ok;
}

static bool signature_ok(const struct checking *c)
{
	EVP_PKEY *key = c->hardware ? X509_get0_pubkey(c->hardware) : NULL;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = key && ctx && EVP_PKEY_is_a(key, "EC") &&
		  EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		  EVP_DigestVerify(ctx, c->a->signature, c->a->signature_len, c->a->statement,
				   c->a->statement_len) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

static bool serial_ok(const struct checking *c)
{
	return c->hardware && named(c->hardware, CARD_NAME, (const char *)c->st.serial);
}

static bool measurement_ok(const struct checking *c)
{
	const struct hsm_bytes *list = &c->trust->measurements;

	for (size_t at = 0; at + HSM_DIGEST_LEN <= list->len; at += HSM_DIGEST_LEN)
		if (!memcmp(list->p + at, c->st.measurement, HSM_DIGEST_LEN))
			return true;
	return false;
}

static bool key_ok(const struct checking *c, size_t i)
{
	const struct hsm_attest_key *want = &c->keys[i];
	struct hsm_attested_key k;

	memcpy(&k, c->a->statement + HEAD + i * sizeof(k), sizeof(k));
	return le64toh(k.handle) == want->handle && le32toh(k.origin) == want->origin &&
	       !memcmp(k.attrs, want->attrs, HSM_DIGEST_LEN);
}

static bool keys_ok(const struct checking *c)
{
	bool ok = form_ok(c) && le16toh(c->st.n_keys) == c->n_keys;

	for (size_t i = 0; ok && i < c->n_keys; i++)
		ok = key_ok(c, i);
	return ok;
}

static const struct part {
	bool (*ok)(const struct checking *c);
	const char *text, *why;
} parts[HSM_ATTEST_PARTS] = {
	[HSM_ATTEST_FORM] = { form_ok, "form of the statement",
		"the card's statement has not the known form" },
	[HSM_ATTEST_NONCE] = { nonce_ok, "answer to this question (nonce)",
		"the card's statement is the answer to another question" },
	[HSM_ATTEST_ROOT] = { root_ok, "manufacturer root, of a TEST card",
		"the manufacturer root certificate is not valid" },
	[HSM_ATTEST_CHAIN] = { chain_ok, "hardware certificate by the manufacturer root",
		"the hardware certificate is not by the manufacturer root" },
	[HSM_ATTEST_SIGNATURE] = { signature_ok, "signature by the key of the hardware certificate",
		"the statement is not signed by the card of the hardware certificate" },
	[HSM_ATTEST_SERIAL] = { serial_ok, "serial number as in the hardware certificate",
		"the serial number is not that of the hardware certificate" },
	[HSM_ATTEST_MEASUREMENT] = { measurement_ok, "firmware that was published",
		"the firmware of the card is none that was published" },
	[HSM_ATTEST_OF_KEYS] = { keys_ok, "keys with their attributes and origin",
		"the statement is not about these keys as they are" },
};

const char *hsm_attest_part_text(enum hsm_attest_part part)
{
	return parts[part].text;
}

const char *hsm_attest_why(uint32_t failed)
{
	for (size_t i = 0; i < HSM_ATTEST_PARTS; i++)
		if (failed & 1u << i)
			return parts[i].why;
	return "";
}

static X509 *read_cert(const struct hsm_bytes *der)
{
	const uint8_t *p = der->p;
	X509 *x = der->p ? d2i_X509(NULL, &p, (long)der->len) : NULL;

	if (x && p == der->p + der->len)
		return x;
	X509_free(x);
	return NULL;
}

uint32_t hsm_attest_check(const struct hsm_attest *a, const struct hsm_trust *trust,
			  const struct hsm_attest_key *keys, size_t n)
{
	struct checking c = { .a = a, .trust = trust, .keys = keys, .n_keys = n };
	uint32_t failed = 0;

	memcpy(&c.st, a->statement, sizeof(c.st));
	c.root = read_cert(&trust->root);
	c.hardware = read_cert(&trust->hardware);
	for (size_t i = 0; i < HSM_ATTEST_PARTS; i++)
		failed |= parts[i].ok(&c) ? 0 : 1u << i;
	X509_free(c.root);
	X509_free(c.hardware);
	/* Nothing of what a shorter one holds can be believed. */
	return failed & 1u << HSM_ATTEST_FORM ? (1u << HSM_ATTEST_PARTS) - 1 : failed;
}

static bool add_tlv(EVP_MD_CTX *ctx, const struct hsm_attr *attr)
{
	const struct hsm_tlv tlv = { .tag = htole32(attr->id), .len = htole32(attr->len) };

	return EVP_DigestUpdate(ctx, &tlv, sizeof(tlv)) == 1 &&
	       (!attr->len || EVP_DigestUpdate(ctx, attr->value, attr->len) == 1);
}

bool hsm_attest_attrs(const struct hsm_attrs *attrs, uint8_t digest[HSM_DIGEST_LEN])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1;

	for (size_t i = 0; ok && i < attrs->n; i++)
		ok = add_tlv(ctx, &attrs->v[i]);
	ok = ok && EVP_DigestFinal_ex(ctx, digest, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	return ok;
}
