/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crypto_key.h - keys and what is done with them: encodings, prepared keys,
 * operations, key wrapping, key agreement, certificates. Bodies are in crypto_*.c,
 * the only files that include OpenSSL.
 *
 * Functions that return int return HSM_RV_SUCCESS or the status to answer; on
 * anything else outputs are wiped. Numbers are big-endian without leading zero
 * bytes. All may be called from any thread.
 */
#ifndef HSM_CRYPTO_KEY_H
#define HSM_CRYPTO_KEY_H

#include "crypto.h"

/*
 * The numbers of an asymmetric key by name; len 0 where there is none.
 *
 *	RSA	N E public; D P Q DP DQ QINV private
 *	EC	POINT (uncompressed, with the 0x04) public; D private, as long as the order;
 *		curve
 *	DSA	P Q G Y public; X private
 */
enum fc_part {
	FC_N, FC_E, FC_D, FC_P, FC_Q, FC_DP, FC_DQ, FC_QINV, FC_G, FC_Y, FC_X, FC_POINT, FC_PARTS
};

struct fc_numbers {
	uint32_t key_type;	/* HSM_KEY_RSA, EC, DSA */
	uint32_t curve;		/* HSM_CURVE_*, of an EC key */
	struct fc_num part[FC_PARTS];
};

/* For numbers whose parts are in secret memory: wipes and frees them all. */
void fc_numbers_clear(struct fc_numbers *n);

/* What is to be known of a curve. */
struct fc_curve {
	uint32_t id;		/* HSM_CURVE_* */
	uint32_t nid;		/* OpenSSL's, the vendor's MODULUS_BITS */
	const char *name;	/* "prime256v1" */
	uint32_t bits;		/* of the order: strength is half of it */
	bool fips;		/* may be used in FIPS mode: 2, 14, 16 */
};

/* NULL for an id that is not in the table or a curve that the library has not got. */
const struct fc_curve *fc_curve_by_id(uint32_t id);

/*
 * Generates a pair, tested for consistency, into secret memory. @bits and @e for RSA
 * and DSA (e of RSA only), @curve for EC. @cancelled(@opaque) is asked now and then;
 * when it says true the function gives up and returns false. NULL is allowed.
 */
struct fc_pair_spec {
	uint32_t key_type;
	uint32_t bits;
	const uint8_t *e;
	size_t e_len;
	uint32_t curve;
	bool (*cancelled)(void *opaque);
	void *opaque;
};
bool fc_pair_generate(const struct fc_pair_spec *spec, struct fc_numbers *out);

/*
 * Encodings: PKCS#8 PrivateKeyInfo and X.509 SubjectPublicKeyInfo, DER. Encoders
 * return secret memory. Decoders take exactly @len bytes, fill numbers in secret
 * memory and check the key: numbers in range, the halves fit, the point is on its
 * curve, sizes that the card holds, named curves of the table only. What does not
 * pass is BAD_PKCS_DATA.
 */
bool fc_pkcs8_encode(const struct fc_numbers *n, uint8_t **der, size_t *len);
int fc_pkcs8_decode(const uint8_t *der, size_t len, struct fc_numbers *out);
bool fc_spki_encode(const struct fc_numbers *n, uint8_t **der, size_t *len);
int fc_spki_decode(const uint8_t *der, size_t len, struct fc_numbers *out);

/*
 * Whether @der is the SubjectPublicKeyInfo of an RSA key of @bits: BAD_PKCS_DATA if it is no
 * public key, or an unsound one; BAD_KEY_SIZE for other keys.
 */
int fc_rsa_public_check(const uint8_t *der, size_t len, uint32_t bits);
/* RSASSA-PKCS1-v1_5, SHA-256, with a key that passed fc_rsa_public_check(). */
bool fc_rsa_verify(const uint8_t *der, size_t len, const uint8_t digest[FC_SHA256_LEN],
		   const uint8_t *sig, size_t sig_len);

/* First 3 bytes of the SHA-1 of the PKCS#1 RSAPublicKey, the EC point, or DSA's SPKI. */
bool fc_kcv_public(const struct fc_numbers *n, uint8_t out[FC_KCV_LEN]);

/*
 * A prepared key: decoded once, unchanging, for any number of threads and
 * operations. Counted references. NULL without memory or if the library refuses it.
 */
struct fc_key;
struct fc_key *fc_key_secret(uint32_t key_type, const uint8_t *value, size_t len);
struct fc_key *fc_key_public(const struct fc_numbers *n);
struct fc_key *fc_key_private(const struct fc_numbers *n);
struct fc_key *fc_key_get(struct fc_key *k);
void fc_key_put(struct fc_key *k);		/* NULL is allowed */
/* Strength in bits (SP 800-57 part 1), for "no key stronger than its wrapper". */
uint32_t fc_key_strength(const struct fc_key *k);

/* What a mechanism is good for; NULL if there is no such one. */
struct fc_mechanism {
	uint32_t number;	/* HSM_CKM_* */
	uint32_t key_type;	/* HSM_KEY_*; HMAC takes GENERIC; digests: UINT32_MAX */
	uint32_t uses;		/* 1 << HSM_USE_* */
	size_t iv_len;		/* that DECRYPT, and ENCRYPT but for GCM, takes; 0 = none */
	bool single_part;	/* no multi-part form for DECRYPT (GCM) or at all (RSA encryption) */
	bool fips;
};
const struct fc_mechanism *fc_mechanism(uint32_t number);

struct fc_params {
	uint32_t mechanism;	/* HSM_CKM_* */
	uint32_t hash;		/* HSM_HASH_* of OAEP, 0 = SHA-1 */
	const uint8_t *iv;	/* GCM: 12 bytes, made by the caller with fc_random() to encrypt */
	size_t iv_len;
	const uint8_t *aad;
	size_t aad_len;
	uint32_t tag_len;	/* GCM; 0 = 16 */
};

/*
 * An operation, used by one thread at a time. @key NULL for digests. It keeps a
 * reference of its key. Statuses: BAD_MECHANISM (none, or not for this use),
 * BAD_KEY_TYPE (not for this key), DATA_LENGTH, BAD_PKCS_DATA (signature, tag or
 * padding is wrong: all the same), INVALID_INPUT (IV), CRYPTO_FAILED.
 */
struct fc_op;
int fc_op_new(struct fc_key *key, uint32_t use, const struct fc_params *p, struct fc_op **op);
void fc_op_free(struct fc_op *op);		/* NULL is allowed */
/* Most bytes that fc_op_update() with @len bytes, or fc_op_final() if it is 0, can give. */
size_t fc_op_room(const struct fc_op *op, size_t len);
/* @out has fc_op_room(op, len) bytes and may not overlap @in. */
int fc_op_update(struct fc_op *op, const uint8_t *in, size_t len, uint8_t *out, size_t *out_len);
/* Ends it: gives the last bytes, the signature or the digest; for VERIFY looks at @sig. */
int fc_op_final(struct fc_op *op, const uint8_t *sig, size_t sig_len, uint8_t *out,
		size_t *out_len);

/*
 * Key wrapping. @key: AES, DES3 (TDEA), or RSA, public to wrap and private to
 * unwrap. The statuses of fc_wrap() are clear: BAD_MECHANISM, BAD_KEY_TYPE,
 * DATA_LENGTH. Those of fc_unwrap() too as far as they come from sizes and
 * parameters alone; whatever depends on what is inside is BAD_PKCS_DATA.
 */
struct fc_wrap {
	uint32_t mechanism;	/* HSM_WRAP_* */
	uint32_t hash;		/* HSM_HASH_*; 0 = SHA-1 */
	const uint8_t *iv;	/* AES_PKCS5, AES_NO_PAD: 8 bytes, TDEA: 4, NULL = A6...;
				   both GCM to wrap, AES_GCM to unwrap: 12 */
	size_t iv_len;
	const uint8_t *aad;	/* GCM */
	size_t aad_len;
	uint32_t tag_len;	/* GCM; 0 = 16 */
};
/* Most bytes that come out of wrapping or unwrapping @len bytes. */
size_t fc_wrap_room(const struct fc_key *key, const struct fc_wrap *w, size_t len);
int fc_wrap(struct fc_key *key, const struct fc_wrap *w, const uint8_t *in, size_t len,
	    uint8_t *out, size_t *out_len);
int fc_unwrap(struct fc_key *key, const struct fc_wrap *w, const uint8_t *in, size_t len,
	      uint8_t *out, size_t *out_len);

/* PKCS#12 key derivation (RFC 7292, appendix B; SHA-1) of a DES3 key, parity set. */
bool fc_pbe_des3(const uint8_t *pw, size_t pw_len, const uint8_t *salt, size_t salt_len,
		 uint32_t iterations, uint8_t key[24]);

/* Ephemeral ECDH on P-256; points are uncompressed. */
#define FC_POINT_LEN 65
struct fc_ecdh;
struct fc_ecdh *fc_ecdh_new(uint8_t point[FC_POINT_LEN]);
void fc_ecdh_free(struct fc_ecdh *e);		/* NULL is allowed */
/*
 * HKDF-SHA-256 of the shared x coordinate with @salt and @info (a string). False for
 * a peer that is no point of the curve.
 */
bool fc_ecdh_derive(const struct fc_ecdh *e, const uint8_t peer[FC_POINT_LEN], const void *salt,
		    size_t salt_len, const char *info, void *out, size_t out_len);

/*
 * An X.509 v3 certificate over the EC key @subject, signed by @issuer (ECDSA with
 * SHA-256), with names CN=@subject_cn and CN=@issuer_cn, both O=TEST; @ca sets basic
 * constraints and key usage. Valid from @not_before (seconds since 1970) for 20
 * years. DER in ordinary memory, freed with free().
 */
struct fc_cert_spec {
	const struct fc_numbers *subject, *issuer;
	const char *subject_cn, *issuer_cn;
	uint64_t not_before;
	bool ca;
};
bool fc_cert_make(const struct fc_cert_spec *spec, uint8_t **der, size_t *len);

#endif /* HSM_CRYPTO_KEY_H */
