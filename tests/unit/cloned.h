/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cloned.h - an activated card with keys, made once, of which tests take copies. */
#ifndef HSM_CLONED_H
#define HSM_CLONED_H

#include "fake_cluster.h"

#define CLONED_KEYS 3	/* of ALICE: handles 6, 7, 8 */

/* cmocka group setup and teardown. */
int cloned_make(void **state);
int cloned_remove(void **state);

/* A card with users and keys; alone, not started. */
void cloned(struct fake *f, uint32_t node);

/* Waits until the card has stored and taken in everything up to @position. */
void settle(struct fake *f, uint64_t position);

/* A hash of all records in the store but the audit log and what it moves. */
void store_hash(struct fake *f, uint8_t hash[32]);
/* The hash of KEY_LIST, which cards with the same keys agree on. */
void key_hash(struct fake *f, uint8_t hash[32]);
void same_keys(struct fake *a, struct fake *b);

#endif /* HSM_CLONED_H */
