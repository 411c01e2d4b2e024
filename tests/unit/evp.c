// SPDX-License-Identifier: GPL-2.0-or-later
/* evp.c - the other side of interoperation: OpenSSL, called directly. */
#include "evp.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define EPHEMERAL 32	/* bytes of the AES key in CKM_RSA_AES_KEY_WRAP */

EVP_PKEY *card_public(struct card *c, uint64_t handle)
{
	struct msg *m = begin(HSM_CMD_KEY_GET_PUBLIC, FIRST_SESSION);
	static struct blob der;
	const uint8_t *p = der.p;
	EVP_PKEY *key;

	add_u64(m, HSM_TAG_HANDLE, handle);
	assert_int_equal(send(c, ALICE, m), HSM_RV_SUCCESS);
	take(HSM_TAG_DATA, &der);
	key = d2i_PUBKEY(NULL, &p, (long)der.len);
	assert_non_null(key);
	return key;
}

bool evp_cipher(const struct cipher_spec *s, const uint8_t *in, size_t len, struct blob *out)
{
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, s->name, NULL);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, m = 0, ok;

	assert_non_null(cipher);
	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	ok = EVP_CipherInit_ex2(ctx, cipher, s->key, s->iv, s->encrypt, NULL) > 0;
	EVP_CIPHER_CTX_set_padding(ctx, s->pad);
	ok = ok && EVP_CipherUpdate(ctx, out->p, &n, in, (int)len) > 0 &&
	     EVP_CipherFinal_ex(ctx, out->p + n, &m) > 0;
	out->len = (size_t)(n + m);
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return ok;
}

static EVP_CIPHER_CTX *gcm_begin(const struct gcm_spec *s, int encrypt)
{
	const EVP_CIPHER *cipher = s->key_len == 16 ? EVP_aes_128_gcm() :
				   s->key_len == 24 ? EVP_aes_192_gcm() : EVP_aes_256_gcm();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n;

	assert_int_equal(EVP_CipherInit_ex(ctx, cipher, NULL, s->key, s->iv, encrypt), 1);
	if (s->aad_len)
		assert_int_equal(EVP_CipherUpdate(ctx, NULL, &n, s->aad, (int)s->aad_len), 1);
	return ctx;
}

void gcm_seal(const struct gcm_spec *s, const uint8_t *in, size_t len, struct blob *out)
{
	EVP_CIPHER_CTX *ctx = gcm_begin(s, 1);
	int n = 0, m = 0;

	assert_int_equal(EVP_CipherUpdate(ctx, out->p, &n, in, (int)len), 1);
	assert_int_equal(EVP_CipherFinal_ex(ctx, out->p + n, &m), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)s->tag_len,
					     out->p + len), 1);
	out->len = len + s->tag_len;
	EVP_CIPHER_CTX_free(ctx);
}

bool gcm_open(const struct gcm_spec *s, const uint8_t *in, size_t len, struct blob *out)
{
	EVP_CIPHER_CTX *ctx = gcm_begin(s, 0);
	int n = 0, m = 0, ok;

	out->len = len - s->tag_len;
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, (int)s->tag_len,
					     (void *)(in + out->len)), 1);
	assert_int_equal(EVP_CipherUpdate(ctx, out->p, &n, in, (int)out->len), 1);
	ok = EVP_CipherFinal_ex(ctx, out->p + n, &m);
	EVP_CIPHER_CTX_free(ctx);
	return ok > 0;
}

static void set_padding(EVP_PKEY_CTX *ctx, const char *oaep)
{
	int pad = oaep ? RSA_PKCS1_OAEP_PADDING : RSA_PKCS1_PADDING;

	assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, pad) > 0);
	if (oaep) {
		assert_true(EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, oaep, NULL) > 0);
		assert_true(EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, oaep, NULL) > 0);
	}
}

void rsa_encrypt(EVP_PKEY *pub, const char *oaep, const uint8_t *in, size_t len,
		 struct blob *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pub, NULL);

	assert_true(EVP_PKEY_encrypt_init(ctx) > 0);
	set_padding(ctx, oaep);
	out->len = sizeof(out->p);
	assert_true(EVP_PKEY_encrypt(ctx, out->p, &out->len, in, len) > 0);
	EVP_PKEY_CTX_free(ctx);
}

bool rsa_decrypt(EVP_PKEY *priv, const char *oaep, const uint8_t *in, size_t len,
		 struct blob *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(priv, NULL);
	bool ok;

	assert_true(EVP_PKEY_decrypt_init(ctx) > 0);
	set_padding(ctx, oaep);
	out->len = sizeof(out->p);
	ok = EVP_PKEY_decrypt(ctx, out->p, &out->len, in, len) > 0;
	EVP_PKEY_CTX_free(ctx);
	return ok;
}

void rsa_aes_wrap(EVP_PKEY *pub, const char *oaep, const uint8_t *in, size_t len,
		  struct blob *out)
{
	static struct blob rest;
	uint8_t key[EPHEMERAL];
	struct cipher_spec kwp = { "AES-256-WRAP-PAD", key, NULL, false, true };

	assert_int_equal(RAND_bytes(key, sizeof(key)), 1);
	rsa_encrypt(pub, oaep, key, sizeof(key), out);
	assert_true(evp_cipher(&kwp, in, len, &rest));
	memcpy(out->p + out->len, rest.p, rest.len);
	out->len += rest.len;
}

bool rsa_aes_unwrap(EVP_PKEY *priv, const char *oaep, const uint8_t *in, size_t len,
		    struct blob *out)
{
	static struct blob key;
	struct cipher_spec kwp = { "AES-256-WRAP-PAD", key.p, NULL, false, false };
	size_t head = (size_t)EVP_PKEY_get_size(priv);

	return rsa_decrypt(priv, oaep, in, head, &key) && key.len == EPHEMERAL &&
	       evp_cipher(&kwp, in + head, len - head, out);
}

static void des3_block(const uint8_t key[24], const uint8_t in[8], uint8_t out[8])
{
	static struct blob b;
	struct cipher_spec s = { "DES-EDE3", key, NULL, false, true };

	assert_true(evp_cipher(&s, in, 8, &b));
	assert_int_equal(b.len, 8);
	memcpy(out, b.p, 8);
}

/* SP 800-38F, 6.1, algorithm 1 with semiblocks of 32 bits: W of ICV || plaintext. */
void tdea_wrap(const uint8_t key[24], const uint8_t iv[4], const uint8_t *in, size_t len,
	       struct blob *out)
{
	size_t n = len / 4 + 1, s = 6 * (n - 1), t, i;
	uint8_t *r = out->p, block[8];

	memcpy(r, iv, 4);
	memcpy(r + 4, in, len);
	for (t = 1; t <= s; t++) {
		memcpy(block, r, 8);
		des3_block(key, block, block);
		for (i = 0; i < 4; i++)
			block[i] ^= (uint8_t)(t >> (24 - 8 * i));
		memcpy(r, block, 4);
		memmove(r + 4, r + 8, (n - 2) * 4);
		memcpy(r + (n - 1) * 4, block + 4, 4);
	}
	out->len = n * 4;
}

static void set_pss(EVP_PKEY_CTX *ctx, bool pss)
{
	if (!pss)
		return;
	assert_true(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) > 0);
	assert_true(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) > 0);
}

void evp_sign(EVP_PKEY *priv, const char *digest, bool pss, const struct blob *in,
	      struct blob *sig)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx;

	assert_true(EVP_DigestSignInit_ex(md, &ctx, digest, NULL, NULL, priv, NULL) > 0);
	set_pss(ctx, pss);
	sig->len = sizeof(sig->p);
	assert_true(EVP_DigestSign(md, sig->p, &sig->len, in->p, in->len) > 0);
	EVP_MD_CTX_free(md);
}

bool evp_verify(EVP_PKEY *pub, const char *digest, bool pss, const struct blob *in,
		const struct blob *sig)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx;
	bool ok;

	assert_true(EVP_DigestVerifyInit_ex(md, &ctx, digest, NULL, NULL, pub, NULL) > 0);
	set_pss(ctx, pss);
	ok = EVP_DigestVerify(md, sig->p, sig->len, in->p, in->len) > 0;
	EVP_MD_CTX_free(md);
	return ok;
}

void evp_digest(const char *name, const struct blob *in, struct blob *out)
{
	assert_int_equal(EVP_Q_digest(NULL, name, NULL, in->p, in->len, out->p, &out->len), 1);
}

void evp_mac(const char *name, const char *sub, const uint8_t *key, size_t key_len,
	     const struct blob *in, struct blob *out)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(strcmp(name, "HMAC") ? OSSL_MAC_PARAM_CIPHER
								      : OSSL_MAC_PARAM_DIGEST,
						 (char *)sub, 0),
		OSSL_PARAM_construct_end(),
	};

	assert_non_null(EVP_Q_mac(NULL, name, NULL, NULL, params, key, key_len, in->p, in->len,
				  out->p, sizeof(out->p), &out->len));
}

void pkcs8_of(EVP_PKEY *key, struct blob *out)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
	uint8_t *p = out->p;

	assert_non_null(info);
	out->len = (size_t)i2d_PKCS8_PRIV_KEY_INFO(info, &p);
	PKCS8_PRIV_KEY_INFO_free(info);
}

EVP_PKEY *pkcs8_key(const struct blob *der)
{
	const uint8_t *p = der->p;
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)der->len);

	assert_non_null(key);
	assert_true(p == der->p + der->len);
	return key;
}
