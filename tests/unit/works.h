/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * works.h - for every command a request that goes all its way, and what undoes it, so that it
 * can be made again and again: for tests of what goes wrong on the way.
 */
#ifndef HSM_TEST_WORKS_H
#define HSM_TEST_WORKS_H

#include "fixture.h"

#define WORKS_KEY	6u	/* the first key's handle, which commands.c names, too */

struct work {
	uint16_t opcode;
	uint32_t (*run)(struct card *c);	/* NULL: that of commands.c, which changes nothing */
	void (*before)(struct card *c);		/* or NULL */
	void (*undo)(struct card *c);		/* of what run() did, from the last reply; or NULL */
	uint32_t status;			/* of run() when nothing goes wrong */
	bool stays;	/* if only its record cannot be written, what it did in memory stays */
	uint32_t blind;	/* what it says, too, of what it could not look into, or 0 */
};

extern const struct work key_works[], user_works[];
extern const size_t key_work_count, user_work_count;

/* On a card of setup_users(): keys, tokens and signers that the requests are about. */
void works_setup(struct card *c);
void key_works_setup(struct card *c);
void user_works_setup(struct card *c);

/* The request of commands.c, sent. */
uint32_t works_plain(struct card *c, uint16_t opcode);
/* run(); the status. */
uint32_t work_send(struct card *c, const struct work *k);
/* run(), which has to end as it should, and undo(); work_once(): with before(). */
void work_run(struct card *c, const struct work *k);
void work_once(struct card *c, const struct work *k);
/* Calls @fn for a work of every command but ZEROIZE, and more than one of some. */
void works_each(struct card *c, void (*fn)(struct card *c, const struct work *k));

/* All that a command that fails has to leave as it was. */
struct snapshot {
	uint8_t state[HSM_DIGEST_LEN];
	uint64_t position;
	size_t users, keys, bytes, sessions, tokens, held[NOBODY + 1];
	const void *user[NOBODY + 1];
	uint32_t m_value[2];
};

void works_look(struct card *c, struct snapshot *s);

#endif /* HSM_TEST_WORKS_H */
