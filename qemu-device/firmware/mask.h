/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mask.h - masked objects: a key with all its attributes, or a user, sealed so that only
 * cards with the same masking key open it.
 *
 *	0	4	"HSMO", of a user "HSMU"
 *	4	2	le16 version, 1
 *	6	2	0
 *	8	12	random IV
 *	20	n	AES-256-GCM of the object's record, the first 8 bytes as associated data
 *	20 + n	16	tag
 *
 * The GCM key is HKDF-SHA-256 of the masking key with the IV as salt.
 */
#ifndef HSM_MASK_H
#define HSM_MASK_H

#include "identity.h"

#define MASK_EXTRA (8 + FC_GCM_IV_LEN + FC_GCM_TAG_LEN)

enum mask_kind { MASK_KEY, MASK_USER };

/* Seals @len bytes into @out, len + MASK_EXTRA bytes. */
bool mask_seal(const struct identity *id, enum mask_kind kind, const uint8_t *plain, size_t len,
	       uint8_t *out);
/* Opens a blob of @kind: secret memory; NULL whatever is wrong with it. */
uint8_t *mask_open(const struct identity *id, enum mask_kind kind, struct bytes blob, size_t *len);

#endif /* HSM_MASK_H */
