/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fresh.h - the first records of a card: two users, identity, counters, under a seal of
 * their own. For an empty store, and for one that is wiped.
 */
#ifndef HSM_FRESH_H
#define HSM_FRESH_H

#include "audit.h"
#include "record.h"
#include "store.h"

#define FRESH_OPS	5	/* header, card, identity, two users */

/* All zero before the first use. */
struct fresh {
	struct store_txn txn;		/* .done and .wipe are the submitter's */
	struct audit_journal journal;
	struct store_op ops[FRESH_OPS];
	uint8_t header[RECORD_HEADER_LEN];
	struct sealed sealed[FRESH_OPS];
};

/*
 * Makes @card, of which only platform, serial and node_id are looked at, a fresh one:
 * seal, users, counters, identity, for which that of the hardware is taken from @old
 * (NULL: new as well); and the transaction that stores it. Slow: no lock. False with what
 * it has come to, which the caller frees with @card.
 */
bool fresh_make(struct fw *card, const struct bytes *secret, const struct identity *old,
		struct fresh *f);
/* Frees what the transaction was made of. */
void fresh_free(struct fresh *f);

#endif /* HSM_FRESH_H */
