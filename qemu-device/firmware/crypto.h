/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crypto.h - the primitives the firmware needs, nothing more. Their bodies are in
 * crypto_ossl.c (and crypto_*.c beside it), the only files that include OpenSSL.
 *
 * Functions return false on failure and leave outputs wiped. Numbers are
 * big-endian without leading zero bytes. All may be called from any thread.
 */
#ifndef HSM_CRYPTO_H
#define HSM_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FC_SHA1_LEN	20
#define FC_SHA256_LEN	32
#define FC_GCM_KEY_LEN	32
#define FC_GCM_IV_LEN	12
#define FC_GCM_TAG_LEN	16
#define FC_KCV_LEN	3

/* DRBG of this process (SP 800-90A through OpenSSL), with a continuous test. */
bool fc_random(void *buf, size_t len);
bool fc_reseed(void);

bool fc_sha1(const void *in, size_t len, uint8_t out[FC_SHA1_LEN]);
bool fc_sha256(const void *in, size_t len, uint8_t out[FC_SHA256_LEN]);
bool fc_hmac_sha256(const void *key, size_t key_len, const void *in, size_t len,
		    uint8_t out[FC_SHA256_LEN]);

/* HKDF-SHA-256 (RFC 5869); @info is a string that names the use. */
bool fc_hkdf(const void *secret, size_t secret_len, const void *salt, size_t salt_len,
	     const char *info, void *out, size_t out_len);

/* PBKDF2-HMAC-SHA-256 (SP 800-132) of a password. */
bool fc_pbkdf2(const char *pw, size_t pw_len, const uint8_t *salt, size_t salt_len,
	       uint32_t iterations, uint8_t *out, size_t out_len);

/* A prepared AES-256-GCM key. NULL without memory. */
struct fc_gcm;
struct fc_gcm *fc_gcm_new(const uint8_t key[FC_GCM_KEY_LEN]);
void fc_gcm_free(struct fc_gcm *g);
/* @out: @len bytes, may be @in. */
bool fc_gcm_seal(struct fc_gcm *g, const uint8_t iv[FC_GCM_IV_LEN], const void *aad,
		 size_t aad_len, const void *in, size_t len, void *out,
		 uint8_t tag[FC_GCM_TAG_LEN]);
bool fc_gcm_open(struct fc_gcm *g, const uint8_t iv[FC_GCM_IV_LEN], const void *aad,
		 size_t aad_len, const void *in, size_t len, void *out,
		 const uint8_t tag[FC_GCM_TAG_LEN]);

/* First 3 bytes of the encrypted zero block; @key_type HSM_KEY_AES or HSM_KEY_DES3. */
bool fc_kcv_cipher(uint32_t key_type, const uint8_t *key, size_t len, uint8_t out[FC_KCV_LEN]);

/* Sets odd parity on a DES key in place. */
void fc_des_parity(uint8_t *key, size_t len);

/* A big-endian number. */
struct fc_num {
	uint8_t *p;
	size_t len;
};

/*
 * Known-answer tests of everything here and in crypto_key.h. Returns NULL if all passed, else the
 * name of the first that failed. @fault: name of a test to spoil on purpose, for
 * the tests of the tests; NULL in the product.
 */
const char *fc_selftest(const char *fault);

#endif /* HSM_CRYPTO_H */
