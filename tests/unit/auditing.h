/* SPDX-License-Identifier: GPL-2.0-or-later */
/* auditing.h - the audit log of a card, as a test reads it. */
#ifndef HSM_TEST_AUDITING_H
#define HSM_TEST_AUDITING_H

#include "fixture.h"
#include "hsm/hsm_audit.h"

/* The log as AUDIT_READ gives it to OFFICER; this machine is little-endian. */
struct log {
	size_t n;
	size_t room;
	struct hsm_audit_rec *r;
};

/* Reads all of it; numbers, chain and the card's head have to fit. */
const struct log *read_log(struct card *c);
/* The last record but @back. */
const struct hsm_audit_rec *last_rec(struct card *c, size_t back);
/* The last record is @opcode with @status, by @caller. */
void check_last(struct card *c, uint32_t opcode, uint32_t status, uint32_t caller);
/* The hash before the first record. */
void genesis(uint8_t hash[HSM_DIGEST_LEN]);

#endif /* HSM_TEST_AUDITING_H */
