/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * key_numbers.h - the numbers of asymmetric keys as objects hold them.
 *
 * Object parts: modulus, exponent, params. Params of an EC key: le32 HSM_CURVE_*; of
 * a DSA key: TLVs under CKA_PRIME, CKA_SUBPRIME, CKA_BASE. The secret of a private
 * key: TLVs. RSA: 1 d, 2 p, 3 q, 4 dp, 5 dq, 6 qinv; EC: 1 d; DSA: 1 x.
 */
#ifndef HSM_KEY_NUMBERS_H
#define HSM_KEY_NUMBERS_H

#include "crypto_key.h"
#include "object.h"

/*
 * Numbers of @o, pointing into it: not to be cleared, good for as long as it is. Public
 * ones only for a public key. @o is a copy, or fw.lock is held.
 */
void object_numbers(const struct object *o, struct fc_numbers *n);

/*
 * What KEY_WRAP wraps: the raw value of a secret key, the PKCS#8 DER of a private
 * one, in secret memory. Status; BAD_KEY_TYPE for a public key. Slow for private
 * keys: take an object_copy() under the lock and call this without.
 */
int object_payload(const struct object *o, uint8_t **p, size_t *len);

/* HSM_CURVE_* of an EC key. */
uint32_t object_curve(const struct object *o);

/*
 * The parts of an object of the halves of @n, for object_new(). @secret is NULL for a
 * public key. Memory of the parts belongs to @parts.
 */
struct key_parts {
	struct bytes modulus, exponent, params, secret;
	uint32_t value_len;
	uint8_t kcv[FC_KCV_LEN];
	uint8_t *block;		/* secret memory: params and secret */
};

/* Status; @kind is one of the halves of the key type of @n. The moduli point into @n. */
int key_parts_make(struct key_parts *parts, enum key_kind kind, const struct fc_numbers *n);
void key_parts_free(struct key_parts *parts);
/* Puts the parts into @init. */
void key_parts_use(const struct key_parts *parts, struct object_init *init);

#endif /* HSM_KEY_NUMBERS_H */
