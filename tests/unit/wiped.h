/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wiped.h - what the tests of wipes share: is this a fresh card, with nothing of the old one? */
#ifndef HSM_TEST_WIPED_H
#define HSM_TEST_WIPED_H

#include "fixture.h"

#define WIPED_CERTS 5

/* What of a card outlives a wipe and what does not, as it was before. */
struct before {
	uint8_t cert[WIPED_CERTS][4096];
	size_t cert_len[WIPED_CERTS];
	uint8_t masked[HSM_MSG_MAX];	/* a key of alice's */
	size_t masked_len;
	uint8_t value[32];		/* of that key */
};

/* Makes keys, session keys and an m value, and notes all that. Returns the key's handle. */
uint64_t fill_card(struct card *c, struct before *b);

/* Everything in the firmware's memory that may not be there any more. */
void check_forgotten(struct card *c);
/*
 * Logs in as a fresh card's officer, makes users again and a key: the first handle and the
 * first ids, certificates as they should be, the masked key does not open.
 */
void check_fresh(struct card *c, const struct before *b);

uint32_t zeroize(struct card *c, uint32_t ctx);

#endif /* HSM_TEST_WIPED_H */
