// SPDX-License-Identifier: GPL-2.0-or-later
/* crypto_op_mac.c - digests, HMAC and CMAC. */
#include <openssl/core_names.h>
#include <openssl/params.h>

#include "crypto_op.h"
#include "secmem.h"

static size_t mac_room(const struct fc_op *op, size_t len)
{
	(void)op;
	return len ? 0 : FC_DIGEST_MAX;
}

/* The names that the library knows its algorithm by: of the hash or the block cipher. */
static EVP_MAC_CTX *mac_new(const struct fc_op *op)
{
	const struct fc_lib *l = fc_lib();
	const struct fc_key *k = op->key;
	EVP_MAC *mac = op->mech->hash ? l->hmac : l->cmac;
	const EVP_CIPHER *cipher = fc_cipher(k->key_type, k->len, FC_CBC);
	const char *name = op->mech->hash ? EVP_MD_get0_name(fc_md(op->mech->hash)) :
			   cipher ? EVP_CIPHER_get0_name(cipher) : NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(op->mech->hash ? OSSL_MAC_PARAM_DIGEST :
						 OSSL_MAC_PARAM_CIPHER, (char *)name, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *ctx = mac && name ? EVP_MAC_CTX_new(mac) : NULL;

	if (ctx && EVP_MAC_init(ctx, k->value, k->len, params) == 1)
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

static int mac_start(struct fc_op *op, const struct fc_params *p)
{
	(void)p;
	if (op->slot->mac)	/* the same key again */
		return EVP_MAC_init(op->slot->mac, NULL, 0, NULL) == 1 ? 0 : HSM_RV_CRYPTO_FAILED;
	op->slot->mac = mac_new(op);
	return op->slot->mac ? 0 : HSM_RV_CRYPTO_FAILED;
}

static int mac_update(struct fc_op *op, const uint8_t *in, size_t len, uint8_t *out,
		      size_t *out_len)
{
	(void)out;
	(void)out_len;
	return !len || EVP_MAC_update(op->slot->mac, in, len) == 1 ? 0 : HSM_RV_CRYPTO_FAILED;
}

static int mac_final(struct fc_op *op, const uint8_t *sig, size_t sig_len, uint8_t *out,
		     size_t *out_len)
{
	uint8_t mac[FC_DIGEST_MAX];
	size_t n = 0;
	int rv = EVP_MAC_final(op->slot->mac, op->use == HSM_USE_SIGN ? out : mac, &n,
			       sizeof(mac)) == 1 ? 0 : HSM_RV_CRYPTO_FAILED;

	if (!rv && op->use == HSM_USE_SIGN)
		*out_len = n;
	else if (!rv && (sig_len != n || !secmem_equal(sig, mac, n)))
		rv = HSM_RV_BAD_PKCS_DATA;
	secmem_wipe(mac, sizeof(mac));
	return rv;
}

const struct fc_family fc_family_mac = { mac_start, mac_room, mac_update, mac_final };

static int digest_start(struct fc_op *op, const struct fc_params *p)
{
	(void)p;
	op->md = EVP_MD_CTX_new();
	return op->md && EVP_DigestInit_ex2(op->md, fc_md(op->mech->hash), NULL) == 1 ?
	       0 : HSM_RV_CRYPTO_FAILED;
}

static int digest_update(struct fc_op *op, const uint8_t *in, size_t len, uint8_t *out,
			 size_t *out_len)
{
	(void)out;
	(void)out_len;
	return !len || EVP_DigestUpdate(op->md, in, len) == 1 ? 0 : HSM_RV_CRYPTO_FAILED;
}

static int digest_final(struct fc_op *op, const uint8_t *sig, size_t sig_len, uint8_t *out,
			size_t *out_len)
{
	unsigned int n = 0;

	(void)sig;
	(void)sig_len;
	if (EVP_DigestFinal_ex(op->md, out, &n) != 1)
		return HSM_RV_CRYPTO_FAILED;
	*out_len = n;
	return 0;
}

const struct fc_family fc_family_digest = {
	digest_start, mac_room, digest_update, digest_final
};
