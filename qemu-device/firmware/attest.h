/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attest.h - statements of the card about itself and about keys, signed with the card key
 * (struct hsm_attestation).
 */
#ifndef HSM_ATTEST_H
#define HSM_ATTEST_H

#include "call.h"
#include "identity.h"

#define ATTEST_KEYS	2	/* that one statement can tell of */
/* Bytes of the TLVs of the longest statement. */
#define ATTEST_ROOM \
	(2 * TLV_HEAD + sizeof(struct hsm_attestation) + \
	 ATTEST_KEYS * sizeof(struct hsm_attested_key) + IDENTITY_SIG_MAX)

/*
 * Whether a statement can be made, beside @more bytes of other TLVs, for a command that is
 * about to make something: 0; RECORD_DAMAGED without an identity, SELFTEST_FAILED if the
 * firmware cannot be measured, FW_NO_ROOM. May take long: no lock.
 */
int attest_ready(struct call *c, size_t more);

/* Describes @o, which must stay: @origin is HSM_CMD_*, or 0. False without memory. */
bool attest_key(const struct object *o, uint32_t origin, struct hsm_attested_key *k);

/*
 * Writes ATTESTATION and SIGNATURE, with @nonce, about the card and @n keys. After
 * attest_ready(); false if the library failed, and then nothing is written. No lock.
 */
bool attest_put(struct call *c, const uint8_t nonce[HSM_NONCE_LEN],
		const struct hsm_attested_key *keys, size_t n);

#endif /* HSM_ATTEST_H */
