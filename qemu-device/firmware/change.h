/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * change.h - the one road by which stored state changes.
 *
 * A handler builds a change: which keys and which user it is about, what happens
 * when it is committed. When its turn comes it reserves under fw.lock (pending keys and
 * users are in the tables, invisible). The records are sealed, submitted as one
 * transaction, and when that is on stable storage the change is applied and the
 * call answered, on whatever thread that is. If it fails, everything is put back
 * and the answer is STORE_FAILED.
 *
 * Changes of one user, and of one key, happen one after the other: what is written
 * is worked out when its turn comes, so none is lost.
 *
 * In a cluster a change goes through the funnel (funnel.h) on its way to the store. It may
 * have to be made ready more than once: what prepare() and edit() reserved is put back, and
 * they are called again.
 */
#ifndef HSM_CHANGE_H
#define HSM_CHANGE_H

#include "call.h"
#include "store.h"

#define CHANGE_KEYS	2
#define CHANGE_M_VALUES	UINT64_MAX	/* of no key: changes of the m values wait for each other */
#define CHANGE_TOKENS	(UINT64_MAX - 1)	/* likewise: approvals of quorum tokens */
#define CHANGE_OPS	(CHANGE_KEYS + 3)	/* keys, user, its debt, card */

struct replica_batch;

/* Where a change stands that wants its key on several nodes. */
enum change_stage {
	CHANGE_MAKES,		/* the key comes, pending */
	CHANGE_CONFIRMS,	/* it is on enough nodes: it becomes a live one */
	CHANGE_WITHDRAWS	/* it goes again */
};

struct change {
	struct store_txn txn;
	struct call call;		/* req NULL: nobody waits (change_own()) */
	struct store_op ops[CHANGE_OPS];
	struct sealed sealed[CHANGE_OPS];
	atomic_int met;			/* submitted, and done: the second one goes on */
	int err;
	struct change *next;		/* in a list of those that wait */

	/* Keys that come; or, with @deletes, that go; or one that takes the place of @old. */
	struct object *keys[CHANGE_KEYS];
	struct object *coming[CHANGE_KEYS];	/* to come, when the turn comes; counted in objects.bytes */
	uint64_t handles[CHANGE_KEYS];	/* of keys that come: they may be gone before the reply */
	struct hsm_attested_key attested[CHANGE_KEYS];	/* the same, if a statement is wanted */
	bool deletes;
	struct object *old;
	uint64_t handle;		/* the key that is changed or deleted, or CHANGE_M_VALUES; 0: none */
	struct index_node node;		/* in fw.changing, by handle */
	struct change *waiting;		/* changes of the same key to come after this */
	bool card;			/* counters of the card moved */
	bool mends;			/* another one failed: the card record is written again, with the refusal */
	bool local;			/* of this card's own store alone, also in a cluster */
	bool quiet;			/* nothing of it goes into the audit log */
	struct user *user;
	bool clears;			/* the user's wrong passwords are forgotten */
	bool user_kept;			/* nothing is written of the user: only its turn matters */
	bool removes;			/* the user goes; prepare() has set leaving */
	int gone;			/* answer if the user is gone at its turn; 0: USER_UNKNOWN */
	uint32_t paid;			/* of the user's debt, by rec */
	struct user_rec rec;		/* the user as it will be; filled in when its turn comes */
	struct user_rec secret;		/* salt, hash and iterations of a new password */

	/*
	 * Under fw.lock for writing, when its turn comes. For changes of a key: finds the key
	 * again and fills in keys, deletes, old, card; for a user or keys that come: puts them
	 * into the tables, pending; or does at once what needs no store.
	 * Returns 0 or what to answer instead, and then nothing changes.
	 */
	int (*prepare)(struct change *ch);
	/*
	 * For changes of a user: under fw.lock, before sealing. Looks whether the change may still be made, which
	 * one that had to wait may not, and edits rec, a copy of the user. Returns 0 or what
	 * to answer instead, and then nothing changes. May be NULL.
	 */
	int (*edit)(struct change *ch);
	/*
	 * In a cluster: adds up to @image_ops records of the image that no store has
	 * (replica_add()); false without memory. fw.commit held. May be NULL.
	 */
	bool (*image)(struct change *ch, struct replica_batch *b);
	size_t image_ops;
	void *extra;			/* theirs; free()d with the change */
	int refused;			/* what one of them returned */
	int status;			/* what the audit log says of it, if it is committed */
	struct audit_journal journal;
	/* Under fw.lock, when it is committed: returns the status. NULL = SUCCESS. */
	int (*applied)(struct change *ch);
	/* Under fw.lock, when nothing of it is stored, or it is put back for another try. May be NULL. */
	void (*failed)(struct change *ch);
	/* Without lock, after SUCCESS: writes the reply's TLVs. May be NULL. */
	void (*reply)(struct change *ch);
	/*
	 * Without lock, when it is done with @rc: returns what to answer, or CALL_ASYNC if
	 * another change has taken a copy of the call over. May be NULL.
	 */
	int (*then)(struct change *ch, int rc);

	/* funnel.c */
	enum change_stage stage;
	uint32_t min_srv;		/* nodes that have to have the keys; 0: it was not asked */
	uint64_t position;		/* of the cluster's change that other nodes are to have */
	uint64_t until_ms;		/* when it has to be done; UINT64_MAX: never */
	int rc;				/* of the store and the tables */
	int outcome;			/* what a withdrawn one answers */
	struct quorum_token *claims[QUORUM_CLAIMS];	/* that the call had before its turn */
	bool doubtful;			/* nobody knows whether its last transaction was ordered */
	bool stays;			/* of change_own(): tried until it could be made */
	bool in_gate;			/* of change_own(): fw_enter() counts it */
};

/* In secret memory, zeroed; NULL without memory. */
struct change *change_new(const struct call *c);
/* One that nobody asked for: not audited, not answered. */
struct change *change_own(struct fw *fw);
/* Of a change that was not proposed. */
void change_free(struct change *ch);

/*
 * fw.lock held for writing. change_bring(): @n keys are to come with @ch, which takes them
 * over if there is memory for them in the table (0, NO_MEMORY). change_insert(), for its
 * prepare(): puts coming[@i] into the table, pending, as @handle.
 */
int change_bring(struct change *ch, struct object *const *keys, size_t n);
void change_insert(struct change *ch, size_t i, uint64_t handle);
/* Frees those that did not come. */
void change_drop_coming(struct change *ch);

/*
 * Takes over @ch and its call; call with fw.lock held for writing, which is
 * released. Returns CALL_ASYNC: the caller may not touch the call any more.
 */
int change_propose(struct change *ch);

/*
 * For a call that has come to its end with @rc, without a change: its record in the audit
 * log, on which the answer waits. Takes the call over and returns CALL_ASYNC; or
 * STORE_FAILED without memory. No lock held.
 */
int change_record(struct call *c, int rc);

#endif /* HSM_CHANGE_H */
