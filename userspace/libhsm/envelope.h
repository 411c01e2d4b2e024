/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * envelope.h - inside libhsm: what hides bytes on their way to and from the card.
 *
 * Transport envelope, version 1 (hsm-firmware.rst): ECDH on P-256 with a key of this
 * call, HKDF-SHA-256 with both points as salt, AES-256-GCM with the tag behind the
 * ciphertext and the head of the command as additional data.
 */
#ifndef HSM_ENVELOPE_H
#define HSM_ENVELOPE_H

#include <openssl/evp.h>

#include "hsm.h"

#define POINT_LEN	65	/* uncompressed point of P-256 */
#define TAG_LEN		16
#define ENVELOPE_AAD_LEN 14

struct envelope {
	EVP_PKEY *key;			/* ours, ephemeral */
	uint8_t point[POINT_LEN];	/* its public half */
	uint8_t aad[ENVELOPE_AAD_LEN];
};

/* For one command. 0, or -EIO without anything to end. */
int envelope_begin(struct envelope *e, uint16_t opcode, uint32_t session, uint64_t wrap_handle);
void envelope_end(struct envelope *e);

/* Both return 0; -EPROTO: @card is no point of P-256; -EIO; -EBADMSG: does not open. */
int envelope_seal(const struct envelope *e, const uint8_t card[POINT_LEN], const void *plain,
		  size_t len, uint8_t *sealed /* len + TAG_LEN */);
int envelope_open(const struct envelope *e, const uint8_t card[POINT_LEN], const uint8_t *sealed,
		  size_t len, uint8_t *plain /* len - TAG_LEN */);

#endif /* HSM_ENVELOPE_H */
