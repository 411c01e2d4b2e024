/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * funnel_int.h - what the files of the funnel share.
 *
 * Whoever brings something (a change, an answer of the cluster or of the store, a look at
 * the members) leaves it where it belongs and calls funnel_kick(). One of them is inside at
 * a time, and goes round until nobody has kicked meanwhile; the others do not wait. So the
 * funnel has no lock of its own, and is never entered from within itself.
 */
#ifndef HSM_FUNNEL_INT_H
#define HSM_FUNNEL_INT_H

#include "change_int.h"
#include "funnel.h"
#include "members.h"

struct change_list {
	struct change *first, *last;	/* by next */
};

enum funnel_state {
	FUNNEL_IDLE,
	FUNNEL_PROPOSED,	/* the batch is with the cluster */
	FUNNEL_STORING,		/* it is ordered, and with the store */
	FUNNEL_DOUBTING		/* nobody knows, and the store is told */
};

/* A key of a transaction of which nobody knows. */
struct doubt {
	uint64_t number;	/* the position that the transaction was for */
	uint64_t handle;
	uint8_t digest[HSM_DIGEST_LEN];	/* of the key itself: another may get the handle */
	bool due, asked;	/* it turned up; and is being withdrawn */
};

/* More than a batch of keys and users writes: debts, the card record, the position. */
#define FUNNEL_OPS	(2 * CLUSTER_OPS_MAX + 2)

struct funnel {
	atomic_uint kicks;
	atomic_bool closed;
	struct fw *fw;			/* for good: answers look here while somebody is inside */
	struct change_list arrived;	/* under fw.lock; the rest belongs to who is inside */
	struct change_list waiting;	/* for the next batch */
	struct change_list batched;
	struct change_list spreading;	/* ordered and stored here, waiting for other nodes */
	enum funnel_state state;
	atomic_bool event;		/* what state waits for has come, with this: */
	int err;
	_Atomic uint64_t online_ms;	/* when it was ONLINE first; 0: not yet */
	struct replica_batch batch;
	bool card;			/* counters of the card move with the batch */
	struct sealed sealed_card;
	struct store_txn txn;
	struct store_op ops[FUNNEL_OPS];
	bool ticking;
	uint64_t rest_until_ms;		/* when what nobody waits for is tried again */
	/* funnel_doubt.c */
	struct doubt *doubts;		/* in secret memory: the digests are of keys */
	size_t n_doubts;
	size_t doubts_room;
	uint64_t weighed;		/* the position that they were last held against; 0: none */
	bool doubts_changed;		/* the store has not heard of it */
	struct sealed sealed_doubts;
	/* funnel_orphan.c */
	bool sweep;			/* a key that somebody left behind is being withdrawn */
	uint64_t orphan_since_ms;	/* 0: there is none */
};

void funnel_kick(struct fw *fw);
uint64_t funnel_now(const struct fw *fw);

void list_push(struct change_list *l, struct change *ch);
struct change *list_take(struct change_list *l);
/* @more, in its order, before what is in @l; empties it. */
void list_prepend(struct change_list *l, struct change_list *more);

/* funnel.c: ends @ch with @rc, answered or not. */
void funnel_end(struct change *ch, int rc);

/* funnel_cut.c: makes a batch of what waits and proposes it, if the pipe is free. */
void funnel_cut(struct fw *fw);
/* Puts what is in the batch back, last first, so that it can be made ready again. */
void funnel_uncut(struct fw *fw);

/* funnel_batch.c: what the cluster or the store has said. */
void funnel_decided(struct fw *fw);
void funnel_stored(struct fw *fw);
void funnel_doubted(struct fw *fw);

/* funnel_wait.c: changes that were asked for on several nodes. */
void funnel_spread(struct fw *fw);
void funnel_sweep_waiting(struct fw *fw);
/* Lets go of the gate, if it is one of change_own() that is in it. */
void funnel_leave(struct change *ch);
/* The batch that held @ch is not part of the cluster: @ch ends with @rc, or goes on waiting. */
void funnel_unordered(struct fw *fw, struct change *ch, int rc);
/* Has the key @handle deleted, by @ch, of change_own(). funnel_prepare_withdraw(): in any case. */
void funnel_withdraw(struct change *ch, uint64_t handle, int (*prepare)(struct change *ch));
int funnel_prepare_withdraw(struct change *ch);
/* The same whenever it is possible; false without memory. */
bool funnel_withdraw_key(struct fw *fw, uint64_t handle);

/* fw.commit held: what is in doubt goes into the store, by the way of a batch. */
void funnel_note_doubts(struct fw *fw);

/*
 * funnel_doubt.c. funnel_doubt(): keys that @ch, which is ready, would have made; true if there
 * are any. funnel_store_doubts(): fw.commit held; false without memory.
 */
bool funnel_doubt(struct fw *fw, struct change *ch);
bool funnel_store_doubts(struct fw *fw, void (*done)(struct store_txn *txn, int err));
/* With the pipe held: nothing is on its way into the tables. Forgets those that did not come. */
void funnel_weigh_doubts(struct fw *fw);
void funnel_withdraw_doubts(struct fw *fw);
/* Whether the tables may show by now what was in doubt, or the store has to be told. */
bool funnel_wants_to_weigh(const struct fw *fw);
void funnel_forget_doubts(struct funnel *f);

/* funnel_orphan.c: pending keys of makers that run no more. True while there are some. */
bool funnel_orphans(struct fw *fw);

#endif /* HSM_FUNNEL_INT_H */
