// SPDX-License-Identifier: GPL-2.0-or-later
/* crypto_op_cipher.c - operations with block ciphers and AES-GCM. */
#include "crypto_op.h"
#include "secmem.h"

static size_t block_size(const struct fc_op *op)
{
	return op->key->key_type == HSM_KEY_AES ? 16 : 8;
}

static int block_start(struct fc_op *op, const struct fc_params *p)
{
	return fc_slot_cipher(op->slot, op->key, op->mech->mode, fc_op_encrypts(op),
			      op->mech->pad, p->iv_len ? p->iv : NULL) ? 0 : HSM_RV_CRYPTO_FAILED;
}

/* Blocks that were begun before may come out, too. */
static size_t block_room(const struct fc_op *op, size_t len)
{
	return len + block_size(op);
}

static int cipher_update(struct fc_op *op, const uint8_t *in, size_t len, uint8_t *out,
			 size_t *out_len)
{
	int n = 0;

	if (len && EVP_CipherUpdate(op->slot->cipher, out, &n, in, (int)len) != 1)
		return HSM_RV_CRYPTO_FAILED;
	*out_len = (size_t)n;
	return 0;
}

/*
 * The library holds the last block back as it expects padding, and hands it out whole
 * when told that there is none. It would stop at the first byte that is wrong and write
 * down an error; here all goes the same way, and has one answer to whatever is wrong.
 */
static int unpad_final(struct fc_op *op, uint8_t *out, size_t *out_len)
{
	EVP_CIPHER_CTX *ctx = op->slot->cipher;
	bool whole, ok = EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;
	unsigned int pad;
	int n = 0;

	whole = ok && EVP_CipherFinal_ex(ctx, out, &n) == 1 && n == (int)block_size(op);
	if (!ok || EVP_CIPHER_CTX_set_padding(ctx, 1) != 1)
		return HSM_RV_CRYPTO_FAILED;
	if (!whole)
		return HSM_RV_BAD_PKCS_DATA;
	pad = fc_padding(out + n, (unsigned int)n);
	*out_len = (unsigned int)n - pad;
	return pad ? 0 : HSM_RV_BAD_PKCS_DATA;
}

static int block_final(struct fc_op *op, const uint8_t *sig, size_t sig_len, uint8_t *out,
		       size_t *out_len)
{
	int n = 0;

	(void)sig;
	(void)sig_len;
	if (op->mech->mode != FC_CTR && !op->mech->pad && op->total % block_size(op))
		return HSM_RV_DATA_LENGTH;
	if (op->mech->pad && !fc_op_encrypts(op))
		return unpad_final(op, out, out_len);
	if (EVP_CipherFinal_ex(op->slot->cipher, out, &n) != 1)
		return HSM_RV_CRYPTO_FAILED;
	*out_len = (size_t)n;
	return 0;
}

const struct fc_family fc_family_block = { block_start, block_room, cipher_update, block_final };

static int gcm_start(struct fc_op *op, const struct fc_params *p)
{
	int n;

	if (!fc_slot_cipher(op->slot, op->key, FC_GCM, fc_op_encrypts(op), true, p->iv))
		return HSM_RV_CRYPTO_FAILED;
	if (p->aad_len > INT32_MAX)
		return HSM_RV_INVALID_INPUT;
	if (p->aad_len &&
	    EVP_CipherUpdate(op->slot->cipher, NULL, &n, p->aad, (int)p->aad_len) != 1)
		return HSM_RV_CRYPTO_FAILED;
	return 0;
}

static size_t gcm_room(const struct fc_op *op, size_t len)
{
	return len ? len : fc_op_encrypts(op) ? op->tag_len : 0;
}

/* All at once: no byte is handed out before the tag was found right. */
static int gcm_open(struct fc_op *op, const uint8_t *in, size_t len, uint8_t *out,
		    size_t *out_len)
{
	EVP_CIPHER_CTX *ctx = op->slot->cipher;
	size_t text = len - op->tag_len;
	uint8_t rest[FC_GCM_TAG_LEN];
	int n = 0;

	if (op->fed || len < op->tag_len)
		return HSM_RV_DATA_LENGTH;
	op->fed = true;
	if (text && EVP_DecryptUpdate(ctx, out, &n, in, (int)text) != 1)
		return HSM_RV_CRYPTO_FAILED;
	if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)op->tag_len,
				(void *)(in + text)) != 1 ||
	    EVP_DecryptFinal_ex(ctx, rest, &n) != 1)
		return HSM_RV_BAD_PKCS_DATA;
	*out_len = text;
	return 0;
}

static int gcm_update(struct fc_op *op, const uint8_t *in, size_t len, uint8_t *out,
		      size_t *out_len)
{
	return fc_op_encrypts(op) ? cipher_update(op, in, len, out, out_len) :
				    gcm_open(op, in, len, out, out_len);
}

static int gcm_final(struct fc_op *op, const uint8_t *sig, size_t sig_len, uint8_t *out,
		     size_t *out_len)
{
	EVP_CIPHER_CTX *ctx = op->slot->cipher;
	uint8_t rest[FC_GCM_TAG_LEN];
	int n;

	(void)sig;
	(void)sig_len;
	if (!fc_op_encrypts(op))
		return op->fed ? 0 : HSM_RV_DATA_LENGTH;
	if (EVP_EncryptFinal_ex(ctx, rest, &n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)op->tag_len, out) != 1)
		return HSM_RV_CRYPTO_FAILED;
	*out_len = op->tag_len;
	return 0;
}

const struct fc_family fc_family_gcm = { gcm_start, gcm_room, gcm_update, gcm_final };
