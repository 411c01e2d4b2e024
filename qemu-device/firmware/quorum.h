/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * quorum.h - tokens by which others approve what one user is about to do (struct
 * hsm_token), and the m values of the officers' services. Guarded by fw.lock.
 *
 * A command that needs a quorum claims a token as the last thing before it acts. The
 * claim belongs to the call and travels with its copies; call_end() settles it: a
 * token that served is gone, one whose command failed can be used again.
 */
#ifndef HSM_QUORUM_H
#define HSM_QUORUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hsm/hsm_cmd.h"

struct call;
struct change;
struct ctx;
struct fw;
struct object;
struct quorum_token;
struct replica_batch;

#define QUORUM_FILE_MAX	32	/* tokens in a file that is signed */
#define QUORUM_CLAIMS	2	/* of one call: KEY_WRAP is about two keys */

/* In struct fw; zero at the start. */
struct quorum {
	struct quorum_token *first;	/* oldest first */
	size_t n;
	uint32_t last_id;
	bool sweeping;			/* quorum_sweep() is at work */
	/* Of services 3 and 4, 0 = none set: in force, and as the next card record says. */
	uint32_t m_value[2], m_coming[2];
};

/*
 * Takes an approved token of the caller for @service, or finds that none is needed: 0;
 * MXN_AUTH_FAILED, without bad tag; RECORD_DAMAGED for an officers' service whose m value
 * was in a record that did not open. @o is the key (services 1 and 2), else NULL. fw.lock
 * held, reading is enough: of two calls one gets a token. @c has to be the call that
 * call_end() is called for: &ch->call where a change is there already. If something
 * fails between that and change_propose(): quorum_end(), before change_free().
 */
int quorum_claim(struct call *c, uint32_t service, const struct object *o);

/* The same for at least @m approvals; 0 and 1 are none. */
int quorum_claim_m(struct call *c, uint32_t service, const struct object *o, uint32_t m);

/*
 * The call ends with @rc (as call_end()): settles its claims. With or without fw.lock. True
 * if a token was spent that may still have a record in the cluster's image: quorum_sweep().
 */
bool quorum_end(struct call *c, int rc);

/*
 * The m value of service 3 or 4, at least 1, as it is or is about to be, whichever is
 * larger. fw.lock held.
 */
uint32_t quorum_m_value(const struct fw *fw, uint32_t service);

/* fw.lock held for writing. Tokens of a login that ends; what a user that goes approved. */
void quorum_forget_ctx(struct fw *fw, const struct ctx *ctx);
void quorum_forget_user(struct fw *fw, uint32_t id);

/*
 * In a cluster tokens are records of its image (STORE_TOKEN), so that all cards list them
 * and take approvals. The change that a token permits deletes its record in the same
 * transaction; that of a token which was spent otherwise, or is of no use any more, goes
 * behind the scenes.
 */

/* At the cut of a batch: deletes the tokens that @ch has claimed; false without memory. */
bool quorum_spend(struct change *ch, struct replica_batch *b);

/* Has the records deleted that are of no use any more. No lock held. */
void quorum_sweep(struct fw *fw);

/*
 * Of the cluster's image, fw.lock held for writing: token record @id is as @p says now, or
 * (NULL) gone. quorum_snapshot(true) before all of them are taken, (false) behind: those
 * that were not are gone.
 */
void quorum_take(struct fw *fw, uint64_t id, const uint8_t *p, size_t len);
void quorum_snapshot(struct fw *fw, bool begins);

/* Drops all; no call may be in flight. */
void quorum_free(struct fw *fw);

#endif /* HSM_QUORUM_H */
