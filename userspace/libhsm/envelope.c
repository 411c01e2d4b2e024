// SPDX-License-Identifier: LGPL-2.1-or-later
/* envelope.c - the card's envelopes around keys in plaintext, with OpenSSL. */
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "envelope.h"

#define KEY_LEN		32
#define SECRET_LEN	32	/* x coordinate on P-256 */

static const char info_to_card[] = "hsm transport to card 1";
static const char info_to_host[] = "hsm transport to host 1";

/* A key is used for one envelope only, so its IV may be constant. */
static const uint8_t iv[12];

static void put_aad(uint8_t *aad, uint16_t opcode, uint32_t session, uint64_t wrap_handle)
{
	opcode = htole16(opcode);
	session = htole32(session);
	wrap_handle = htole64(wrap_handle);
	memcpy(aad, &opcode, 2);
	memcpy(aad + 2, &session, 4);
	memcpy(aad + 6, &wrap_handle, 8);
}

int envelope_begin(struct envelope *e, uint16_t opcode, uint32_t session, uint64_t wrap_handle)
{
	uint8_t *point = NULL;
	size_t len;

	e->key = EVP_EC_gen("prime256v1");
	if (!e->key)
		return -EIO;
	len = EVP_PKEY_get1_encoded_public_key(e->key, &point);
	if (len == POINT_LEN)
		memcpy(e->point, point, POINT_LEN);
	OPENSSL_free(point);
	if (len != POINT_LEN) {
		envelope_end(e);
		return -EIO;
	}
	put_aad(e->aad, opcode, session, wrap_handle);
	return 0;
}

void envelope_end(struct envelope *e)
{
	EVP_PKEY_free(e->key);
	e->key = NULL;
}

static EVP_PKEY *peer_key(const struct envelope *e, const uint8_t card[POINT_LEN])
{
	EVP_PKEY *peer = EVP_PKEY_new();

	if (peer && EVP_PKEY_copy_parameters(peer, e->key) == 1 &&
	    EVP_PKEY_set1_encoded_public_key(peer, card, POINT_LEN) == 1)
		return peer;
	EVP_PKEY_free(peer);
	return NULL;
}

static int agree(const struct envelope *e, const uint8_t card[POINT_LEN],
		 uint8_t secret[SECRET_LEN])
{
	EVP_PKEY *peer = peer_key(e, card);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(e->key, NULL);
	size_t len = SECRET_LEN;
	int err = peer ? -EIO : -EPROTO;

	if (peer && ctx && EVP_PKEY_derive_init(ctx) == 1 &&
	    EVP_PKEY_derive_set_peer(ctx, peer) == 1 &&
	    EVP_PKEY_derive(ctx, secret, &len) == 1 && len == SECRET_LEN)
		err = 0;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	return err;
}

static int hkdf(uint8_t secret[SECRET_LEN], const uint8_t salt[2 * POINT_LEN], const char *info,
		uint8_t key[KEY_LEN])
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret, SECRET_LEN),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, 2 * POINT_LEN),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, strlen(info)),
		OSSL_PARAM_construct_end(),
	};
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	int ok = ctx && EVP_KDF_derive(ctx, key, KEY_LEN, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	return ok ? 0 : -EIO;
}

static int derive(const struct envelope *e, const uint8_t card[POINT_LEN], const char *info,
		  uint8_t key[KEY_LEN])
{
	uint8_t secret[SECRET_LEN], salt[2 * POINT_LEN];
	int err;

	memcpy(salt, e->point, POINT_LEN);
	memcpy(salt + POINT_LEN, card, POINT_LEN);
	err = agree(e, card, secret);
	if (!err)
		err = hkdf(secret, salt, info, key);
	explicit_bzero(secret, sizeof(secret));
	return err;
}

/* AES-256-GCM; @tag is written or looked at. 0, -EIO, -EBADMSG. */
static int gcm(const struct envelope *e, const uint8_t key[KEY_LEN], int seal, const uint8_t *in,
	       size_t len, uint8_t *out, uint8_t *tag)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n, err = -EIO;

	if (!ctx || len > INT_MAX ||
	    EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), key, iv, seal, NULL) != 1 ||
	    EVP_CipherUpdate(ctx, NULL, &n, e->aad, sizeof(e->aad)) != 1 ||
	    EVP_CipherUpdate(ctx, out, &n, in, (int)len) != 1)
		goto out;
	if (!seal && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) != 1)
		goto out;
	if (EVP_CipherFinal_ex(ctx, out + n, &n) != 1) {
		err = seal ? -EIO : -EBADMSG;
		goto out;
	}
	if (!seal || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, tag) == 1)
		err = 0;
out:
	EVP_CIPHER_CTX_free(ctx);
	return err;
}

int envelope_seal(const struct envelope *e, const uint8_t card[POINT_LEN], const void *plain,
		  size_t len, uint8_t *sealed)
{
	uint8_t key[KEY_LEN];
	int err = derive(e, card, info_to_card, key);

	if (!err)
		err = gcm(e, key, 1, plain, len, sealed, sealed + len);
	explicit_bzero(key, sizeof(key));
	return err;
}

int envelope_open(const struct envelope *e, const uint8_t card[POINT_LEN], const uint8_t *sealed,
		  size_t len, uint8_t *plain)
{
	uint8_t key[KEY_LEN], tag[TAG_LEN];
	int err;

	if (len < TAG_LEN)
		return -EPROTO;
	len -= TAG_LEN;
	memcpy(tag, sealed + len, TAG_LEN);
	err = derive(e, card, info_to_host, key);
	if (!err)
		err = gcm(e, key, 0, sealed, len, plain, tag);
	if (err)
		explicit_bzero(plain, len);
	explicit_bzero(key, sizeof(key));
	return err;
}
