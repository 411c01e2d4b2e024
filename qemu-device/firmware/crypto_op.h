/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crypto_op.h - operations as the families of mechanisms see them. For crypto_op*.c. */
#ifndef HSM_CRYPTO_OP_H
#define HSM_CRYPTO_OP_H

#include "crypto_int.h"

struct fc_mech;

struct fc_op {
	const struct fc_mech *mech;
	struct fc_key *key;		/* NULL for digests */
	uint32_t use;
	uint32_t tag_len;
	struct fc_slot *slot;		/* NULL for digests */
	EVP_MD_CTX *md;			/* of digests and signatures */
	uint64_t total;			/* bytes that went in */
	bool fed;			/* single part: there was an update */
	bool ended;			/* came to its end, or failed */
};

/*
 * Statuses and outputs as those of fc_op_*(). start() finds op complete but for slot,
 * which is its to fill, and md. Where final is 0, room() is asked about an update.
 */
struct fc_family {
	int (*start)(struct fc_op *op, const struct fc_params *p);
	size_t (*room)(const struct fc_op *op, size_t len);
	int (*update)(struct fc_op *op, const uint8_t *in, size_t len, uint8_t *out,
		      size_t *out_len);
	int (*final)(struct fc_op *op, const uint8_t *sig, size_t sig_len, uint8_t *out,
		     size_t *out_len);
};

extern const struct fc_family fc_family_block, fc_family_gcm, fc_family_mac, fc_family_digest,
	fc_family_sign, fc_family_rsa;

struct fc_mech {
	struct fc_mechanism pub;
	const struct fc_family *family;
	uint32_t hash;			/* HSM_HASH_* of digests, HMAC and signatures */
	enum fc_mode mode;		/* of ciphers */
	bool pad;			/* PKCS#7 padding of CBC, PSS of RSA signatures, OAEP */
};

static inline bool fc_op_encrypts(const struct fc_op *op)
{
	return op->use == HSM_USE_ENCRYPT;
}

#endif /* HSM_CRYPTO_OP_H */
