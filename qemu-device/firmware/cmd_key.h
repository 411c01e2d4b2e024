/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_key.h - what the commands that make keys share (cmd_key_new.c). */
#ifndef HSM_CMD_KEY_H
#define HSM_CMD_KEY_H

#include "call.h"

/* The arguments that every command that makes keys has, checked. */
struct new_key {
	bool token;
	bool extractable;
	struct bytes label, id;
	uint32_t n_shares;
	uint32_t shares[HSM_USERS_MAX];		/* ascending */
};

/* Looks at values first, then at what this card has not got. */
int new_key_args(struct call *c, struct new_key *k);

/* Fills what comes from the arguments. Shares go to secret and private keys only. */
void new_key_init(const struct call *c, const struct new_key *k, enum key_kind kind,
		  struct object_init *init);

/*
 * Puts @n keys into the card, as session keys or by a change, and answers; takes
 * them over in any case. @keys may hold NULL: then it is NO_MEMORY.
 */
int new_key_install(struct call *c, const struct new_key *k, struct object *const *keys,
		    size_t n);

#endif /* HSM_CMD_KEY_H */
