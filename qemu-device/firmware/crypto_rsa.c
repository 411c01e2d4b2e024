// SPDX-License-Identifier: GPL-2.0-or-later
/* crypto_rsa.c - RSA key pairs: generation, and their DER forms. */
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>

#include "crypto.h"
#include "crypto_int.h"
#include "secmem.h"

struct gen_job {
	bool (*cancelled)(void *opaque);
	void *opaque;
	bool stop;
};

static int gen_poll(EVP_PKEY_CTX *ctx)
{
	struct gen_job *job = EVP_PKEY_CTX_get_app_data(ctx);

	/* OpenSSL may ask again on its way out. */
	if (!job->stop && job->cancelled)
		job->stop = job->cancelled(job->opaque);
	return !job->stop;
}

static EVP_PKEY *generate(uint32_t bits, const uint8_t *e, size_t e_len, struct gen_job *job)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(fc_lib()->ctx, "RSA", NULL);
	BIGNUM *e_bn = BN_bin2bn(e, (int)e_len, NULL);
	EVP_PKEY *pkey = NULL;

	if (ctx && e_bn && EVP_PKEY_keygen_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) == 1 &&
	    EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e_bn) == 1) {
		EVP_PKEY_CTX_set_app_data(ctx, job);
		EVP_PKEY_CTX_set_cb(ctx, gen_poll);
		if (EVP_PKEY_generate(ctx, &pkey) != 1)
			pkey = NULL;
	}
	BN_free(e_bn);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static bool sign(EVP_PKEY *pkey, const uint8_t *digest, uint8_t *sig, size_t *sig_len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(fc_lib()->ctx, pkey, NULL);
	bool ok = ctx && EVP_PKEY_sign_init(ctx) == 1 &&
		  EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		  EVP_PKEY_CTX_set_signature_md(ctx, fc_lib()->sha256) == 1 &&
		  EVP_PKEY_sign(ctx, sig, sig_len, digest, FC_SHA256_LEN) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static bool verify(EVP_PKEY *pkey, const uint8_t *digest, const uint8_t *sig, size_t sig_len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(fc_lib()->ctx, pkey, NULL);
	bool ok = ctx && EVP_PKEY_verify_init(ctx) == 1 &&
		  EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		  EVP_PKEY_CTX_set_signature_md(ctx, fc_lib()->sha256) == 1 &&
		  EVP_PKEY_verify(ctx, sig, sig_len, digest, FC_SHA256_LEN) == 1;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

static EVP_PKEY *import_public(const struct fc_rsa *rsa)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(fc_lib()->ctx, "RSA", NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *n = BN_bin2bn(rsa->n.p, (int)rsa->n.len, NULL);
	BIGNUM *e = BN_bin2bn(rsa->e.p, (int)rsa->e.len, NULL);
	OSSL_PARAM *params = NULL;
	EVP_PKEY *pkey = NULL;

	if (bld && n && e && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e))
		params = OSSL_PARAM_BLD_to_param(bld);
	if (!params || !ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_free(n);
	BN_free(e);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

bool fc_rsa_verify(const struct fc_rsa *rsa, const uint8_t digest[FC_SHA256_LEN],
		   const uint8_t *sig, size_t sig_len)
{
	EVP_PKEY *pkey = import_public(rsa);
	bool ok = pkey && verify(pkey, digest, sig, sig_len);

	EVP_PKEY_free(pkey);
	return ok;
}

/* A pair is handed out only if its halves fit: one signature, one check. */
static bool consistent(EVP_PKEY *pkey)
{
	static const uint8_t digest[FC_SHA256_LEN] = "pairwise consistency test digest";
	uint8_t sig[1024];
	size_t len = sizeof(sig);

	return sign(pkey, digest, sig, &len) && verify(pkey, digest, sig, len);
}

static bool export_num(const EVP_PKEY *pkey, const char *name, struct fc_num *out)
{
	BIGNUM *bn = NULL;
	bool ok = false;

	if (EVP_PKEY_get_bn_param(pkey, name, &bn) == 1) {
		out->len = (size_t)BN_num_bytes(bn);
		out->p = secmem_alloc(out->len);
		ok = out->p && BN_bn2bin(bn, out->p) == (int)out->len;
	}
	BN_clear_free(bn);
	return ok;
}

static bool export_key(const EVP_PKEY *pkey, struct fc_rsa *out)
{
	return export_num(pkey, OSSL_PKEY_PARAM_RSA_N, &out->n) &&
	       export_num(pkey, OSSL_PKEY_PARAM_RSA_E, &out->e) &&
	       export_num(pkey, OSSL_PKEY_PARAM_RSA_D, &out->d) &&
	       export_num(pkey, OSSL_PKEY_PARAM_RSA_FACTOR1, &out->p) &&
	       export_num(pkey, OSSL_PKEY_PARAM_RSA_FACTOR2, &out->q) &&
	       export_num(pkey, OSSL_PKEY_PARAM_RSA_EXPONENT1, &out->dp) &&
	       export_num(pkey, OSSL_PKEY_PARAM_RSA_EXPONENT2, &out->dq) &&
	       export_num(pkey, OSSL_PKEY_PARAM_RSA_COEFFICIENT1, &out->qinv);
}

bool fc_rsa_generate(uint32_t bits, const uint8_t *e, size_t e_len, bool (*cancelled)(void *),
		     void *opaque, struct fc_rsa *out)
{
	struct gen_job job = { cancelled, opaque, false };
	EVP_PKEY *pkey;
	bool ok;

	memset(out, 0, sizeof(*out));
	pkey = generate(bits, e, e_len, &job);
	ok = pkey && consistent(pkey) && export_key(pkey, out);
	EVP_PKEY_free(pkey);
	if (!ok)
		fc_rsa_clear(out);
	return ok;
}

void fc_rsa_clear(struct fc_rsa *rsa)
{
	struct fc_num *nums[] = {
		&rsa->n, &rsa->e, &rsa->d, &rsa->p, &rsa->q, &rsa->dp, &rsa->dq, &rsa->qinv,
	};

	for (size_t i = 0; i < sizeof(nums) / sizeof(nums[0]); i++)
		secmem_free(nums[i]->p);
	memset(rsa, 0, sizeof(*rsa));
}

/* Bytes of a DER element with @len bytes of content. */
static size_t der_size(size_t len)
{
	size_t head = 2;

	if (len >= 0x80)
		for (size_t rest = len; rest; rest >>= 8)
			head++;
	return head + len;
}

/* Content bytes of a positive INTEGER: a zero byte keeps the sign bit clear. */
static size_t der_int_len(const struct fc_num *num)
{
	return num->len + (num->p[0] >> 7);
}

static uint8_t *der_head(uint8_t *at, uint8_t tag, size_t len)
{
	size_t bytes = der_size(len) - len - 2;

	*at++ = tag;
	*at++ = bytes ? (uint8_t)(0x80 | bytes) : (uint8_t)len;
	while (bytes--)
		*at++ = (uint8_t)(len >> (8 * bytes));
	return at;
}

static uint8_t *der_int(uint8_t *at, const struct fc_num *num)
{
	at = der_head(at, 0x02, der_int_len(num));
	if (num->p[0] >> 7)
		*at++ = 0;
	memcpy(at, num->p, num->len);
	return at + num->len;
}

static bool present(const struct fc_num *num)
{
	return num->p && num->len;
}

bool fc_rsa_public_der(const struct fc_rsa *rsa, uint8_t **der, size_t *len)
{
	size_t body;
	uint8_t *at;

	*der = NULL;
	*len = 0;
	if (!present(&rsa->n) || !present(&rsa->e))
		return false;
	body = der_size(der_int_len(&rsa->n)) + der_size(der_int_len(&rsa->e));
	*der = secmem_alloc(der_size(body));
	if (!*der)
		return false;
	*len = der_size(body);
	at = der_head(*der, 0x30, body);
	at = der_int(at, &rsa->n);
	der_int(at, &rsa->e);
	return true;
}

/*
 * RFC 5208 around RFC 8017: both carry a version of one byte, 0; the algorithm is
 * the OID 1.2.840.113549.1.1.1 (9 bytes) with a NULL.
 */
bool fc_rsa_pkcs8_len(const struct fc_rsa *rsa, size_t *len)
{
	const struct fc_num *nums[] = {
		&rsa->n, &rsa->e, &rsa->d, &rsa->p, &rsa->q, &rsa->dp, &rsa->dq, &rsa->qinv,
	};
	const size_t version = der_size(1);
	const size_t algorithm = der_size(der_size(9) + der_size(0));
	size_t key = version;

	*len = 0;
	for (size_t i = 0; i < sizeof(nums) / sizeof(nums[0]); i++) {
		if (!present(nums[i]))
			return false;
		key += der_size(der_int_len(nums[i]));
	}
	*len = der_size(version + algorithm + der_size(der_size(key)));
	return true;
}
