/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replica_int.h - what the files of the replica share.
 *
 * replica.c		joining, state, leaving
 * replica_note.c	the members' notes, sealed
 * replica_batch.c	own batches
 * replica_image.c	making an image of this card
 * replica_open.c	opening records of others
 * replica_take.c	snapshots and entries as they come: whether they are taken in
 * replica_diff.c	what of a snapshot is other than what is here
 * replica_apply.c	... how they get into store and tables
 */
#ifndef HSM_REPLICA_INT_H
#define HSM_REPLICA_INT_H

#include "funnel.h"
#include "members.h"
#include "identity.h"
#include "replica.h"

#define REPLICA_WHY	128	/* bytes of a reason */
#define POSITION_LEN	(16 + 8 + 4 + 8 + 8 + 1)
#define WRAP_LEN	8	/* before a record of the image: number of the change it is of */

/* A record of the image, opened and checked. */
struct replica_item {
	enum store_kind kind;
	uint64_t id;
	uint64_t number;	/* of the change that wrote it */
	bool gone;
	bool lost;		/* damaged where the image was made: nothing but this mark */
	bool skip;		/* of a snapshot: the same is here */
	struct object *object;	/* STORE_OBJECT */
	uint8_t *plain;		/* others: the record, in secret memory */
	size_t len;
};

/* What is to be taken in: a transaction, or (whole) a snapshot. */
struct replica_entry {
	struct replica_entry *next;
	bool whole;
	struct replica_position position;
	uint64_t known;		/* whole: what is of this change or before it was on this card */
	struct replica_item *items;
	size_t n, room;
	size_t n_image;		/* the rest are deletions that a snapshot makes necessary */
	/* On its way into the store; in pieces if there is much of it. */
	struct fw *fw;
	struct store_txn txn;
	struct store_op *ops;
	struct sealed *sealed;
	size_t n_ops, at;
	struct identity *identity;	/* the new one, if there is one */
	atomic_int met;
	int err;
};

/* Who owns image seal and tables of token keys and users. */
enum replica_pipe { PIPE_FREE, PIPE_BATCH, PIPE_ENTRY };

/* Identities from before; fw.identity may still be in use without a lock. */
struct replica_old {
	struct replica_old *next;
	struct identity *identity;
};

struct replica {
	struct fw *fw;
	struct cluster_hooks hooks;
	struct replica_notes *notes;	/* replica_note.c */
	void *lock;			/* of why, ticks, publishing; outside the members' */
	char why[REPLICA_WHY];
	bool why_is_ours;
	bool tick_funnel, tick_store, tick_owes, tick_tell;
	uint64_t tell_ms;		/* when to tell where this card is; 0: it is told */
	uint8_t shown_id[16];		/* of the cluster */
	atomic_int state;		/* enum cluster_state, as the engine sees it */
	atomic_bool started;
	atomic_bool joined;		/* a snapshot is on this card's disk */
	atomic_bool refused;		/* by this card itself */
	atomic_bool left;
	atomic_bool store_failed;
	atomic_bool held_up;		/* entries wait for a try after some time */
	_Atomic uint64_t applied;
	/* Hooks only: */
	bool echoed;			/* the own ALIVE note was seen */
	unsigned int twin_notes;	/* after that, of the same card but another start */
	/* The rest: fw.commit. */
	bool belongs;			/* the store has, or will have, a RECORD_CLUSTER */
	struct replica_position stored;	/* up to where the store is */
	uint8_t made[16];		/* id of the cluster whose image this start has made */
	struct seal *seal;		/* of the image, with its set; NULL before a snapshot */
	struct replica_position position;	/* of what is stored or waits here */
	uint64_t revision;
	enum replica_pipe pipe;
	struct replica_batch *batch;	/* in the pipe, not ordered yet: the seal has it */
	uint64_t batches;
	struct replica_entry *first, **last;
	bool stopping;
	uint64_t retry_ms;		/* no try before */
	struct replica_old *old;
	struct replica_image *image;	/* between image() and image_end() */
};

/* replica.c */
__attribute__((format(printf, 2, 3)))
int replica_refuse(struct replica *r, const char *format, ...);	/* -EPERM; notes the reason */
/* The same without refusing yet; NULL: there is none any more. */
void replica_because(struct replica *r, const char *why);
/* Tells the others where this card is, and the funnel to look. No locks. */
void replica_tell(struct replica *r);
/* The same for what nobody waits for: the others are told with what follows, or in a while. */
void replica_tell_later(struct replica *r);
/* The state is ONLINE, or this card has joined: when both are so there is a member more. */
void replica_came_online(struct replica *r);
void replica_tick_store(struct replica *r, bool on);
/* This card is refused: its ALIVE note goes. No locks. */
void replica_silent(struct replica *r);
void position_write(uint8_t p[POSITION_LEN], const struct replica_position *pos);
void position_read(struct replica_position *pos, const uint8_t p[POSITION_LEN]);
bool replica_seal_position(struct fw *fw, const struct replica_position *pos, struct sealed *out);

/* replica_note.c. Opening: in hooks only. */
bool notes_new(struct replica *r);
void notes_free(struct replica *r);
bool note_seal(struct replica *r, enum cluster_note kind, uint8_t note[CLUSTER_NOTE_MAX],
	       size_t *len);
bool note_open(struct replica *r, enum cluster_note kind, uint32_t node, const uint8_t *note,
	       size_t len, uint8_t **plain, size_t *plain_len);

/* replica_batch.c. fw.commit held: what is not ordered is not in the image's set. */
void replica_revert(struct replica *r);

/* replica_image.c */
int replica_image(void *opaque, const struct store_op **ops, size_t *n_ops);
void replica_image_end(void *opaque);
/* Seals @rec, which it frees, with its wrapper. */
bool replica_seal_record(struct seal *s, enum store_kind kind, uint64_t id, uint64_t number,
			 struct record *rec, struct sealed *out);

/* replica_open.c. Opens and checks one record; false if it makes no sense. */
bool replica_open_item(struct seal *s, const struct store_op *op, struct replica_item *it);
struct replica_entry *entry_new(size_t room);
void entry_free(struct replica_entry *e);
struct replica_item *entry_find(struct replica_entry *e, enum store_kind kind, uint64_t id);
/* A deletion behind the records of a snapshot; false without memory. */
bool entry_add_gone(struct replica_entry *e, enum store_kind kind, uint64_t id);
/* Opens all of @ops but header and root into @e; false with the reason noted. */
bool replica_open_all(struct replica *r, struct seal *s, const struct store_op *ops, size_t n,
		      struct replica_entry *e);

/* replica_take.c */
int replica_snapshot(void *opaque, uint64_t revision, const struct store_op *ops, size_t n_ops);
int replica_deliver(void *opaque, uint64_t revision, const struct store_op *ops, size_t n_ops);
/* fw.commit held: whether this card is as it was made, and so is what a snapshot holds. */
bool replica_is_fresh(const struct fw *fw);

/* replica_diff.c: fw.commit held; marks what is here already. False without memory. */
bool replica_diff(struct replica *r, struct replica_entry *e);
/*
 * fw.commit held: whether a snapshot of this card's cluster goes on from what is here. 0; -EPERM
 * with the reason noted; -ENOMEM.
 */
int replica_goes_on(struct replica *r, struct replica_entry *e);
/* fw locked for writing: a record that is but a mark is counted as a damaged one. */
void replica_lost(struct fw *fw, const struct replica_item *it);

/* replica_apply.c. fw.commit held: puts @e into the line; replica_pump(), no locks: goes on. */
void replica_enqueue(struct replica *r, struct replica_entry *e);
void replica_first(struct replica *r, struct replica_entry *e);	/* ... at its head */
void replica_pump(struct replica *r);

/* members.c */
struct member_note {
	char serial[FW_SERIAL_MAX + 1];
	char address[64];
	uint8_t cluster[16];	/* an ALIVE note's: it counts in this one only */
	bool has_cluster;
	uint64_t position, incarnation;
	uint32_t status;
};

bool member_note_read(struct member_note *n, enum cluster_note kind, const uint8_t *p, size_t len);
/* While the cluster cannot be reached no other card is known to live. */
void members_cut_off(struct fw *fw, bool cut_off);
/* The table of a card on its own. */
void members_alone(struct fw *fw);

#endif /* HSM_REPLICA_INT_H */
