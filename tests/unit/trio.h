/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trio.h - three cards on one image that a test moves on by hand: it orders what a card
 * proposes, delivers it to the others when it likes, and lets them know of each other.
 */
#ifndef HSM_TRIO_H
#define HSM_TRIO_H

#include "fake_cluster.h"

extern struct fake trio[3];
extern struct image trio_image;

/* cmocka: three cards with the users of fixture.h, all logged in, that know each other. */
int setup_trio(void **state);
int teardown_trio(void **state);

/* Waits for the condition, which the store's threads make true; at most 10 s. */
#define WAIT_FOR(condition) do { \
	for (int ms_ = 0; ms_ < 10000 && !(condition); ms_++) \
		usleep(1000); \
	assert_true(condition); \
} while (0)

/* Orders what @from proposes, as soon as it does. */
void trio_order(unsigned int from);
/* Delivers what was ordered last to @to, and waits until it has it. */
void trio_deliver(unsigned int to);
/* What was ordered last. */
const struct image *trio_entry(void);
/* A copy of what @from proposes; and that it was ordered all the same. */
void trio_keep_proposal(unsigned int from, struct image *copy);
void trio_make_true(const struct image *copy);
/* The notes of all, as they are, to all. */
void trio_notes(void);
/* The lease of @gone ends, as @seen_by sees it. */
void trio_lose(unsigned int seen_by, unsigned int gone);
void trio_tick(unsigned int i, unsigned int ms);
/* Until nobody proposes or waits any more: everything is ordered, delivered, told. */
void trio_settle(void);

/* A message of its own, for ALICE on @i: KEY_GEN_SYM with a label. Freed by trio_end(). */
struct msg *trio_aes(const char *label);
void trio_begin(unsigned int i, struct msg *m);
/* Waits until it is answered, checks that with @result and @status, frees it. */
void trio_end(struct msg *m, enum fw_result result, uint32_t status);

/* How many cards have a key of ALICE's with this label that can be seen; in any state. */
unsigned int trio_seeing(const char *label);
/* Keys in the table of card @i, pending or not. */
unsigned int trio_keys(unsigned int i);

#endif /* HSM_TRIO_H */
