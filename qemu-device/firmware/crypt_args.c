// SPDX-License-Identifier: GPL-2.0-or-later
/* crypt_args.c - what a request to CRYPT or CRYPT_INIT asks for, checked. */
#include "crypt_args.h"

enum wants { NO, MAY, MUST };

static enum wants handle(const struct crypt_args *x, bool whole)
{
	(void)whole;
	return x->use == HSM_USE_DIGEST ? NO : MUST;
}

static enum wants iv(const struct crypt_args *x, bool whole)
{
	(void)whole;
	return x->mech->iv_len && !x->makes_iv ? MUST : NO;
}

static enum wants gcm(const struct crypt_args *x, bool whole)
{
	(void)whole;
	return x->mech->number == HSM_CKM_AES_GCM ? MAY : NO;
}

static enum wants hash(const struct crypt_args *x, bool whole)
{
	(void)whole;
	return x->mech->number == HSM_CKM_RSA_PKCS_OAEP ? MAY : NO;
}

static enum wants signature(const struct crypt_args *x, bool whole)
{
	return whole && x->use == HSM_USE_VERIFY ? MUST : NO;
}

static const struct {
	uint32_t tag;
	enum wants (*wants)(const struct crypt_args *x, bool whole);
} options[] = {
	{ HSM_TAG_HANDLE, handle },
	{ HSM_TAG_IV, iv },
	{ HSM_TAG_AAD, gcm },
	{ HSM_TAG_GCM_TAG_LEN, gcm },
	{ HSM_TAG_HASH, hash },
	{ HSM_TAG_SIGNATURE, signature },
};

static int check_options(struct call *c, bool whole, const struct crypt_args *x)
{
	size_t i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		enum wants wants = options[i].wants(x, whole);
		bool has = call_has(c, options[i].tag);

		if (has && wants == NO)
			return call_bad(c, options[i].tag, HSM_RV_INVALID_INPUT);
		if (!has && wants == MUST)
			return call_bad(c, options[i].tag, HSM_RV_BAD_MESSAGE);
	}
	if (call_has(c, HSM_TAG_IV) && call_bytes(c, HSM_TAG_IV).len != x->mech->iv_len)
		return call_bad(c, HSM_TAG_IV, HSM_RV_INVALID_INPUT);
	return 0;
}

/* Signatures over SHA-1 may still be verified in FIPS mode, but none are made. */
static bool fips_ok(const struct crypt_args *x)
{
	static const uint32_t sha1[] = {
		HSM_CKM_SHA1_RSA_PKCS, HSM_CKM_SHA1_RSA_PKCS_PSS, HSM_CKM_DSA_SHA1,
		HSM_CKM_ECDSA_SHA1,
	};
	size_t i;

	for (i = 0; i < sizeof(sha1) / sizeof(sha1[0]); i++) {
		if (x->mech->number == sha1[i])
			return x->use == HSM_USE_VERIFY;
	}
	return x->mech->fips;
}

/* RSA encryption has no multi-part form, GCM none for decrypting. */
static bool multi_part_ok(const struct crypt_args *x)
{
	return !x->mech->single_part ||
	       (x->use != HSM_USE_DECRYPT && x->mech->key_type != HSM_KEY_RSA);
}

static int check_mechanism(struct call *c, bool whole, const struct crypt_args *x)
{
	if (!x->mech || !(x->mech->uses >> x->use & 1) || (!whole && !multi_part_ok(x)))
		return call_bad(c, HSM_TAG_MECHANISM, HSM_RV_BAD_MECHANISM);
	if (c->fw->fips && !fips_ok(x))
		return call_bad(c, HSM_TAG_MECHANISM, HSM_RV_FIPS_VIOLATION);
	return 0;
}

/* GCM needs an IV that is new: the card does not take one, it makes it. */
static int set_iv(struct call *c, struct crypt_args *x)
{
	struct bytes given = call_bytes(c, HSM_TAG_IV);

	x->params.iv = x->makes_iv ? x->iv : given.p;
	x->params.iv_len = x->makes_iv ? sizeof(x->iv) : given.len;
	return x->makes_iv && !fc_random(x->iv, sizeof(x->iv)) ? HSM_RV_CRYPTO_FAILED : 0;
}

int crypt_args(struct call *c, bool whole, struct crypt_args *x)
{
	struct bytes aad = call_bytes(c, HSM_TAG_AAD);
	int rc;

	*x = (struct crypt_args){
		.use = call_u32(c, HSM_TAG_USE, 0),
		.mech = fc_mechanism(call_u32(c, HSM_TAG_MECHANISM, 0)),
	};
	rc = check_mechanism(c, whole, x);
	if (rc)
		return rc;
	x->makes_iv = x->mech->number == HSM_CKM_AES_GCM && x->use == HSM_USE_ENCRYPT;
	x->params.mechanism = x->mech->number;
	x->params.hash = call_u32(c, HSM_TAG_HASH, 0);
	x->params.aad = aad.p;
	x->params.aad_len = aad.len;
	x->params.tag_len = call_u32(c, HSM_TAG_GCM_TAG_LEN, 0);
	rc = check_options(c, whole, x);
	return rc ? rc : set_iv(c, x);
}
