/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * audit.h - the audit log: a chain of records (struct hsm_audit_rec), each stored in the
 * same commit as what it tells about.
 *
 * Who submits a transaction hangs a journal on it. Sequence numbers, time and hashes are
 * made on the commit thread, when it is certain what the batch is, so that a batch that
 * fails leaves no gap. Records and the head, which says where the log ends, are sealed
 * under a key of their own, whose salt outlives a wipe. The format is in docs/audit.md.
 */
#ifndef HSM_FW_AUDIT_H
#define HSM_FW_AUDIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hsm/hsm_cmd.h"
#include "seal.h"
#include "store.h"

struct call;
struct change;
struct ctx;
struct fw;
struct tlv_writer;
struct user;

#define AUDIT_SALT_LEN	32
#define AUDIT_ENTRIES	5	/* of one transaction: a wipe, and what makes a fresh card */

/* A record without what the commit thread adds. */
struct audit_entry {
	uint16_t log_type;		/* HSM_AUDIT_* */
	uint32_t opcode;		/* HSM_CN_* */
	uint32_t session, status, caller;
	uint64_t handle, handle_public;
	uint32_t user_type, user_id;
	char user_name[HSM_NAME_MAX + 1];
};

/* What store_txn.journal points to; NULL or n = 0: nothing to tell. */
struct audit_journal {
	struct audit_journal *more;	/* of the same transaction, behind this */
	struct seal *seal;		/* of a wipe: what the transaction is sealed under */
	size_t n;
	struct audit_entry e[AUDIT_ENTRIES];
};

/* Who asks, as noted when the call began; all zero: nobody. */
struct audit_caller {
	uint32_t id, type;
	char name[HSM_NAME_MAX + 1];
};

/*
 * Before the store is started. audit_new(): a log that begins at 0, of a store without
 * one. audit_load(): the log that the META records @salt and @head (as stored; NULL:
 * missing) are of; returns NULL or what is wrong. Either makes fw.audit and counts this
 * start; audit_free() takes NULL.
 */
bool audit_new(struct fw *fw);
const char *audit_load(struct fw *fw, const struct sealed *salt, const struct sealed *head);
void audit_free(struct fw *fw);

/* store_hooks.seal and .abort of the card, @opaque is the struct fw. The root is made, too. */
int audit_hook(void *opaque, const struct store_txn *batch, const struct store_op **ops,
	       size_t *n_ops);
void audit_abort(void *opaque);
/* From a done callback with err 0, of a transaction that the store had. */
void audit_committed(struct fw *fw);

/* Where the log stands on stable storage. Any thread, with or without fw.lock. */
void audit_state(struct fw *fw, uint32_t *reboot, uint64_t *next, uint8_t hash[HSM_DIGEST_LEN]);

/*
 * Puts records from @first on, as many as fit, with @after bytes left behind them. SUCCESS;
 * RECORD_DAMAGED if the first wanted is not as it was written, STORE_FAILED.
 */
int audit_read(struct fw *fw, uint64_t first, struct tlv_writer *w, size_t after);

/*
 * audit_ops.c. The record of a call: @status is what it ends with, @ch the change that it
 * became, or NULL. Empty for a command that is not recorded. Takes fw.lock for reading.
 */
void audit_call(struct audit_journal *j, struct call *c, const struct change *ch, int status);
void audit_who(struct audit_caller *who, const struct user *u);	/* NULL: as it was; fw.lock held */
/* Whether the end of @c with @rc belongs into the log: the command does, and it is known who asks. */
bool audit_wanted(struct call *c, int rc);
/* The records of a card that is made new; and that of a wipe, on order of @c (NULL: tampered). */
void audit_fresh(struct audit_journal *j);
void audit_zeroize(struct audit_journal *j, const struct call *c);

/*
 * audit_post.c. Records that nobody waits for: of a login that ends by itself. @list: those
 * that were noted before. audit_note() may hold fw.lock, audit_post() none; it takes the list.
 */
struct audit_post;
struct audit_post *audit_note(struct fw *fw, uint32_t opcode, uint32_t session,
			      const struct audit_caller *who, struct audit_post *list);
void audit_post(struct fw *fw, struct audit_post *list);
/* False if so many are on their way that a call had better wait for its record. */
bool audit_may_post(const struct fw *fw);

#endif /* HSM_FW_AUDIT_H */
