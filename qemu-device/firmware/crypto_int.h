/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crypto_int.h - what the crypto_*.c files share. Includes OpenSSL; for them only. */
#ifndef HSM_CRYPTO_INT_H
#define HSM_CRYPTO_INT_H

#include <openssl/evp.h>

#include "crypto.h"

/*
 * A library context of our own: what the host process or its openssl.cnf does to
 * the default one does not reach the card. Algorithms are fetched once, since each
 * fetch by name takes locks; one that is missing is NULL and its users fail.
 */
struct fc_lib {
	OSSL_LIB_CTX *ctx;
	EVP_MD *sha1;
	EVP_MD *sha256;
	EVP_MAC *hmac;
	EVP_KDF *hkdf;
	EVP_KDF *pbkdf2;
	EVP_CIPHER *gcm;
	EVP_CIPHER *aes128, *aes192, *aes256;	/* ECB */
	EVP_CIPHER *des3;			/* ECB, three keys */
};

/* Thread safe; the same for the life of the process. */
const struct fc_lib *fc_lib(void);

/*
 * The continuous test of the random generator: @buf (@len, a multiple of 16) has no
 * block equal to the one before it, nor begins with the last one of this thread.
 */
bool fc_rng_continuous(const uint8_t *buf, size_t len);

/* PKCS#1 v1.5 over a SHA-256 digest; needs n and e. */
bool fc_rsa_verify(const struct fc_rsa *rsa, const uint8_t digest[FC_SHA256_LEN],
		   const uint8_t *sig, size_t sig_len);

#endif /* HSM_CRYPTO_INT_H */
