// SPDX-License-Identifier: GPL-2.0-or-later
/* crypto_op_pkey.c - signatures by RSA, ECDSA and DSA, encryption by RSA. */
#include <string.h>

#include <openssl/params.h>
#include <openssl/rsa.h>

#include "crypto_op.h"
#include "secmem.h"

static bool set_rsa_signature(EVP_PKEY_CTX *ctx, const struct fc_mech *m)
{
	if (!m->pad)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
	/* Of a signature that is looked at, too: no other salt length passes. */
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static bool sign_setup(EVP_PKEY_CTX *ctx, const struct fc_op *op)
{
	int ok = op->use == HSM_USE_SIGN ? EVP_PKEY_sign_init(ctx) : EVP_PKEY_verify_init(ctx);

	return ok == 1 &&
	       (op->key->key_type != HSM_KEY_RSA || set_rsa_signature(ctx, op->mech)) &&
	       EVP_PKEY_CTX_set_signature_md(ctx, fc_md(op->mech->hash)) == 1;
}

/*
 * A context made ready once is used again by who comes next: copying one, or looking
 * the algorithm up each time, takes locks that all threads share.
 */
static int pkey_start(struct fc_op *op, bool (*setup)(EVP_PKEY_CTX *ctx, const struct fc_op *op))
{
	struct fc_slot *slot = op->slot;

	if (slot->pkey)
		return 0;
	slot->pkey = EVP_PKEY_CTX_new_from_pkey(fc_lib()->ctx, op->key->pkey, NULL);
	return slot->pkey && setup(slot->pkey, op) ? 0 : HSM_RV_CRYPTO_FAILED;
}

static int sign_start(struct fc_op *op, const struct fc_params *p)
{
	int rv = pkey_start(op, sign_setup);

	return rv ? rv : fc_family_digest.start(op, p);
}

static size_t sign_room(const struct fc_op *op, size_t len)
{
	return len ? 0 : op->key->size;
}

static int sign_update(struct fc_op *op, const uint8_t *in, size_t len, uint8_t *out,
		       size_t *out_len)
{
	return fc_family_digest.update(op, in, len, out, out_len);
}

static int sign_final(struct fc_op *op, const uint8_t *sig, size_t sig_len, uint8_t *out,
		      size_t *out_len)
{
	uint8_t digest[FC_DIGEST_MAX];
	size_t len = 0, n = op->key->size;
	int rv = fc_family_digest.final(op, NULL, 0, digest, &len);

	if (rv)
		return rv;
	if (op->use == HSM_USE_VERIFY)
		return EVP_PKEY_verify(op->slot->pkey, sig, sig_len, digest, len) == 1 ?
		       0 : HSM_RV_BAD_PKCS_DATA;
	if (EVP_PKEY_sign(op->slot->pkey, out, &n, digest, len) != 1)
		return HSM_RV_CRYPTO_FAILED;
	*out_len = n;
	return 0;
}

const struct fc_family fc_family_sign = { sign_start, sign_room, sign_update, sign_final };

/* The hash of OAEP is in the slot's id, where fc_op_new() put it. */
static EVP_MD *oaep_md(const struct fc_op *op)
{
	uint32_t hash = fc_slot_hash(op->slot->id);

	return fc_md(hash ? hash : HSM_HASH_SHA1);
}

/*
 * From 3.2 on the library answers a wrong PKCS#1 v1.5 padding with a message made of
 * the key and the ciphertext; before, the parameter is unknown and has no effect.
 */
static bool set_implicit_rejection(EVP_PKEY_CTX *ctx)
{
	unsigned int on = 1;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_uint("implicit-rejection", &on),
		OSSL_PARAM_construct_end(),
	};

	return EVP_PKEY_CTX_set_params(ctx, params) == 1;
}

static bool crypt_setup(EVP_PKEY_CTX *ctx, const struct fc_op *op)
{
	if ((fc_op_encrypts(op) ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx)) != 1)
		return false;
	if (op->mech->pad)
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
		       EVP_PKEY_CTX_set_rsa_oaep_md(ctx, oaep_md(op)) == 1 &&
		       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, oaep_md(op)) == 1;
	return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
	       (fc_op_encrypts(op) || set_implicit_rejection(ctx));
}

static int crypt_start(struct fc_op *op, const struct fc_params *p)
{
	(void)p;
	return pkey_start(op, crypt_setup);
}

static size_t crypt_room(const struct fc_op *op, size_t len)
{
	(void)len;
	return op->fed ? 0 : op->key->size;
}

/* Bytes that padding takes at least. */
static size_t crypt_overhead(const struct fc_op *op)
{
	return op->mech->pad ? 2 * (size_t)EVP_MD_get_size(oaep_md(op)) + 2
			     : RSA_PKCS1_PADDING_SIZE;
}

static int rsa_encrypt(struct fc_op *op, const uint8_t *in, size_t len, uint8_t *out,
		       size_t *out_len)
{
	size_t n = op->key->size, over = crypt_overhead(op);

	if (n < over || len > n - over)
		return HSM_RV_DATA_LENGTH;
	if (EVP_PKEY_encrypt(op->slot->pkey, out, &n, in, len) != 1)
		return HSM_RV_CRYPTO_FAILED;
	*out_len = n;
	return 0;
}

/*
 * Right and wrong padding go the same way: all bytes are copied, all that is not the
 * message is wiped, and only then the one status is chosen. What is left of a
 * difference is in the library: none with implicit rejection (3.2), where a wrong
 * padding is not told at all; before, its check is in constant time, but its return
 * value is an answer that whoever may decrypt can ask for.
 */
static int rsa_decrypt(struct fc_op *op, const uint8_t *in, size_t len, uint8_t *out,
		       size_t *out_len)
{
	uint8_t block[HSM_RSA_BITS_MAX / 8] = { 0 };
	size_t n = sizeof(block), size = op->key->size;
	bool ok;

	if (len != size || size > sizeof(block))
		return HSM_RV_DATA_LENGTH;
	ok = EVP_PKEY_decrypt(op->slot->pkey, block, &n, in, len) == 1;
	n = ok ? n : 0;
	memcpy(out, block, size);
	secmem_wipe(out + n, size - n);
	secmem_wipe(block, sizeof(block));
	*out_len = n;
	return ok ? 0 : HSM_RV_BAD_PKCS_DATA;
}

static int crypt_update(struct fc_op *op, const uint8_t *in, size_t len, uint8_t *out,
			size_t *out_len)
{
	if (op->fed)
		return HSM_RV_DATA_LENGTH;
	op->fed = true;
	return fc_op_encrypts(op) ? rsa_encrypt(op, in, len, out, out_len) :
				    rsa_decrypt(op, in, len, out, out_len);
}

/* Nobody gave any data: then it is the empty message. */
static int crypt_final(struct fc_op *op, const uint8_t *sig, size_t sig_len, uint8_t *out,
		       size_t *out_len)
{
	(void)sig;
	(void)sig_len;
	return op->fed ? 0 : crypt_update(op, (const uint8_t *)"", 0, out, out_len);
}

const struct fc_family fc_family_rsa = { crypt_start, crypt_room, crypt_update, crypt_final };
