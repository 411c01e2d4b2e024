/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * key_use.h - how a command gets at the prepared form of a key: looked up and checked
 * under fw.lock, decoded, if it has to be, without.
 *
 *	fw_lock_read(); key_find(); key_may(); key_quorum(); key_hold(); fw_unlock();
 *	key_ready(); ... h.key ...; key_let_go();
 */
#ifndef HSM_KEY_USE_H
#define HSM_KEY_USE_H

#include "cmd_key.h"

struct key_hold {
	uint64_t handle;
	struct fc_key *key;	/* a reference; from key_ready() on */
	struct object *copy;	/* of a key that is not prepared yet */
};

/*
 * Whether the key that @tag names may be used for what @bit says: KEY_FUNCTION,
 * STRICT_POLICY, and FIPS_VIOLATION for a key made before the card was in FIPS mode.
 * With bad tag. fw.lock held.
 */
int key_may(struct call *c, uint32_t tag, const struct object *o, enum attr_bit bit);

/*
 * The last check before a key is used or managed (@service): MXN_AUTH_FAILED, with bad
 * tag, if others have to approve it and have not (quorum_claim()). fw.lock held.
 */
int key_quorum(struct call *c, uint32_t tag, const struct object *o, uint32_t service);

/* Holds @o; fw.lock held. NO_MEMORY. key_let_go() in any case. */
int key_hold(struct call *c, const struct object *o, struct key_hold *h);

/* Prepares what is held; without a lock. CRYPTO_FAILED. */
int key_ready(struct call *c, struct key_hold *h);

void key_let_go(struct key_hold *h);

/* All of it for a command that uses one key. */
int key_take(struct call *c, uint32_t tag, enum attr_bit bit, struct key_hold *h);

#endif /* HSM_KEY_USE_H */
