/* SPDX-License-Identifier: GPL-2.0-or-later */
/* evp.h - the other side of interoperation: OpenSSL, called directly. */
#ifndef HSM_TEST_EVP_H
#define HSM_TEST_EVP_H

#include <openssl/evp.h>

#include "using.h"

/* The public key @handle of ALICE, by KEY_GET_PUBLIC. */
EVP_PKEY *card_public(struct card *c, uint64_t handle);

/*
 * A cipher without tag. @iv NULL = none given; @pad: PKCS#7. False if OpenSSL refuses.
 */
struct cipher_spec {
	const char *name;
	const uint8_t *key;
	const uint8_t *iv;
	bool pad;
	bool encrypt;
};
bool evp_cipher(const struct cipher_spec *s, const uint8_t *in, size_t len, struct blob *out);

/* AES-GCM, tag of @tag_len bytes behind the ciphertext. */
struct gcm_spec {
	const uint8_t *key;
	size_t key_len;
	const uint8_t *iv;
	const uint8_t *aad;
	size_t aad_len;
	size_t tag_len;
};
void gcm_seal(const struct gcm_spec *s, const uint8_t *in, size_t len, struct blob *out);
bool gcm_open(const struct gcm_spec *s, const uint8_t *in, size_t len, struct blob *out);

/* RSA encryption; @oaep: name of both hashes, NULL = PKCS#1 v1.5. */
void rsa_encrypt(EVP_PKEY *pub, const char *oaep, const uint8_t *in, size_t len,
		 struct blob *out);
bool rsa_decrypt(EVP_PKEY *priv, const char *oaep, const uint8_t *in, size_t len,
		 struct blob *out);
/* CKM_RSA_AES_KEY_WRAP: a new AES-256 key by OAEP, then @in by RFC 5649 under it. */
void rsa_aes_wrap(EVP_PKEY *pub, const char *oaep, const uint8_t *in, size_t len,
		  struct blob *out);
bool rsa_aes_unwrap(EVP_PKEY *priv, const char *oaep, const uint8_t *in, size_t len,
		    struct blob *out);

/* TKW of SP 800-38F, from its text: @iv 4 bytes. */
void tdea_wrap(const uint8_t key[24], const uint8_t iv[4], const uint8_t *in, size_t len,
	       struct blob *out);

/* Signatures. @digest NULL = one of the key's own; @pss: salt as long as the digest. */
void evp_sign(EVP_PKEY *priv, const char *digest, bool pss, const struct blob *in,
	      struct blob *sig);
bool evp_verify(EVP_PKEY *pub, const char *digest, bool pss, const struct blob *in,
		const struct blob *sig);
void evp_digest(const char *name, const struct blob *in, struct blob *out);
/* HMAC: @sub a digest; CMAC: a cipher. */
void evp_mac(const char *name, const char *sub, const uint8_t *key, size_t key_len,
	     const struct blob *in, struct blob *out);

/* PKCS#8 DER of a private key and back. */
void pkcs8_of(EVP_PKEY *key, struct blob *out);
EVP_PKEY *pkcs8_key(const struct blob *der);

#endif /* HSM_TEST_EVP_H */
