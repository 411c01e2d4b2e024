/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crypto_int.h - what the crypto_*.c files share. Includes OpenSSL; for them only. */
#ifndef HSM_CRYPTO_INT_H
#define HSM_CRYPTO_INT_H

#include <pthread.h>
#include <stdatomic.h>

#include <openssl/evp.h>

#include "crypto.h"
#include "crypto_key.h"
#include "hsm/hsm_cmd.h"

#define FC_COUNT(a)	(sizeof(a) / sizeof((a)[0]))
#define FC_DIGEST_MAX	64u	/* bytes of the longest digest */
#define FC_DER_MAX	4096u	/* bytes of an encoded key that is looked at */

enum fc_mode { FC_ECB, FC_CBC, FC_CTR, FC_GCM, FC_KW, FC_KWP, FC_MODES };

/*
 * A library context of our own: what the host process or its openssl.cnf does to
 * the default one does not reach the card. Algorithms are fetched once, since each
 * fetch by name takes locks; one that is missing is NULL and its users fail.
 */
struct fc_lib {
	OSSL_LIB_CTX *ctx;
	EVP_MD *sha1, *sha224, *sha256, *sha384, *sha512;
	EVP_MAC *hmac, *cmac;
	EVP_KDF *hkdf, *pbkdf2, *pkcs12;
	EVP_CIPHER *aes[3][FC_MODES];		/* keys of 16, 24, 32 bytes */
	EVP_CIPHER *des3[FC_CBC + 1];		/* three keys */
};

/* Thread safe; the same for the life of the process. */
const struct fc_lib *fc_lib(void);
/* Lets the library wipe what it frees; a second time, or too late, it does nothing. */
void fc_heap_init(void);

/* NULL for what there is not. */
const EVP_CIPHER *fc_cipher(uint32_t key_type, size_t key_len, enum fc_mode mode);
EVP_MD *fc_md(uint32_t hash);			/* HSM_HASH_* */

/*
 * The continuous test of the random generator: @buf (@len, a multiple of 16) has no
 * block equal to the one before it, nor begins with the last one of this thread. False
 * without @repeats: it cannot be told, for lack of memory.
 */
bool fc_rng_continuous(const uint8_t *buf, size_t len, bool *repeats);

/* Runs @kdf once; @out is wiped on failure. */
bool fc_kdf(EVP_KDF *kdf, const OSSL_PARAM *params, void *out, size_t out_len);

/* The name that the library has for HSM_KEY_RSA, EC, DSA; NULL for others. */
const char *fc_type_name(uint32_t key_type);

/* The numbers as a key of the library, unchecked; NULL if some are missing or it refuses. */
EVP_PKEY *fc_pkey_import(const struct fc_numbers *n, bool private);
/* The reverse; false for what a struct fc_numbers cannot hold. */
bool fc_pkey_export(const EVP_PKEY *pkey, bool private, struct fc_numbers *out);

/*
 * What an operation works with, made once per key, way of use and thread at a time:
 * key schedules and settings are kept, and nothing is looked up by name again.
 */
struct fc_slot {
	struct fc_slot *next;
	uint64_t id;
	EVP_CIPHER_CTX *cipher;
	EVP_MAC_CTX *mac;
	EVP_PKEY_CTX *pkey;
};

struct fc_key {
	atomic_uint refs;
	uint32_t key_type;
	bool private;			/* of an asymmetric key */
	uint8_t *value;			/* of a secret key, in secret memory */
	size_t len;
	EVP_PKEY *pkey;			/* of an asymmetric key */
	size_t size;			/* of it: most bytes of a signature or ciphertext */
	pthread_mutex_t lock;		/* of the two below */
	struct fc_slot *idle;
	unsigned int n_idle;
};

/* What slots are for; with a number of that space and what else tells them apart. */
enum fc_slot_space { FC_SLOT_OP = 1, FC_SLOT_WRAP };
static inline uint64_t fc_slot_id(enum fc_slot_space space, uint32_t number, uint32_t use,
				  uint32_t hash)
{
	return (uint64_t)space << 60 | (uint64_t)use << 48 | (uint64_t)hash << 32 | number;
}

static inline uint32_t fc_slot_hash(uint64_t id)
{
	return (uint32_t)(id >> 32) & 0xffff;
}

/* An idle slot of the key, or a new one without contexts; NULL without memory. */
struct fc_slot *fc_slot_get(struct fc_key *k, uint64_t id);
/* Back to the idle ones; only after an operation that came to its end. */
void fc_slot_put(struct fc_key *k, struct fc_slot *slot);
void fc_slot_free(struct fc_slot *slot);	/* NULL is allowed */

/* Makes the slot's context if it is new, and starts it with @iv (NULL if it has none). */
bool fc_slot_cipher(struct fc_slot *slot, const struct fc_key *k, enum fc_mode mode, bool encrypt,
		    bool pad, const uint8_t *iv);

/*
 * A whole operation: all of @in, then the end of it with @sig. @out has room for both
 * steps one behind the other; NULL to verify.
 */
int fc_op_once(struct fc_key *k, uint32_t use, const struct fc_params *p, const uint8_t *in,
	       size_t len, const uint8_t *sig, size_t sig_len, uint8_t *out, size_t *out_len);

/*
 * Bytes of PKCS#7 padding before @end, 1..@block, or 0 if it is wrong: in the same steps
 * whatever is there. @block: 8 or 16, all there to be read.
 */
unsigned int fc_padding(const uint8_t *end, unsigned int block);

#endif /* HSM_CRYPTO_INT_H */
