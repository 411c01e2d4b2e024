/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * member_int.h - inside view of the engine, shared by the member_*.c files:
 *
 *	member.c	cluster_ops, what comes from other threads, states
 *	member_join.c	phases: lease, the whole image
 *	member_seed.c	making the image
 *	member_follow.c	the watch, entries in order, being away
 *	member_txn.c	own proposals
 *	member_note.c	the members' notes
 *
 * All of it runs on the kv's thread, but for the functions of cluster_ops. There is no
 * clock but kv->after() and no chance but delays that the node's number decides, so a
 * simulated kv sees the same member again.
 */
#ifndef HSM_MEMBER_INT_H
#define HSM_MEMBER_INT_H

#include <pthread.h>

#include "kv.h"
#include "member_key.h"

#define MEMBER_NODES_MAX	64	/* whose notes are passed on */
#define MEMBER_RESEEDS_MAX	16	/* images made without one being accepted */

/* What the member is about. The table of phases is in member.c. */
enum member_phase {
	M_IDLE,
	M_LEASE,	/* needs a lease before it goes on */
	M_REST,		/* something failed; tries again in a while */
	M_RANGE,	/* has asked for everything */
	M_WAIT,		/* somebody else makes the image */
	M_UNCLAIM,	/* takes back a claim of its own to make it */
	M_CLAIM,	/* claims to make it */
	M_FILL,		/* makes it */
	M_FOLLOW,	/* has the image, takes in what comes */
	M_REFUSED,
	M_GONE,
	M_PHASES
};

/* A note as this member wants it, or a publisher left it. */
struct member_note {
	bool set;		/* there was a publish() */
	bool dirty;
	bool present;
	size_t len;
	uint8_t data[CLUSTER_NOTE_MAX];
};

/* How an own note went. */
struct member_put {
	bool sent;		/* is on its way */
	uint64_t acked;		/* revision of the last put that was answered */
	uint64_t seen;		/* of the last event of it, */
	bool same;		/* which was as wanted */
};

/* A node whose notes the hooks have been told. */
struct member_node {
	uint32_t node;
	bool told[CLUSTER_NOTES], again[CLUSTER_NOTES];
};

struct member;

/* A proposal that the kv has; @txn NULL: its answer matters no more. */
struct member_call {
	struct member *m;
	bool busy;
	struct cluster_txn *txn;
};

struct member {
	struct cluster cl;
	struct cluster_ops ops;		/* with the name of the kv */
	struct kv *kv;
	const struct cluster_hooks *hooks;
	uint32_t node;

	pthread_mutex_t lock;		/* of what comes from other threads: */
	pthread_cond_t left;
	struct member_note box[CLUSTER_NOTES];
	bool box_posted, box_tick;
	bool gone;

	/* The rest is of the kv's thread. */
	enum member_phase phase;
	enum cluster_state state;
	bool told;			/* the hooks know of it */
	char why[160];
	uint32_t chance;
	unsigned int tries;		/* failures in a row */
	bool joined;			/* has had an image */
	bool lease, lease_asked;
	unsigned int lease_tries;
	bool ticking, tick;
	bool patient;			/* the timer of patience runs */
	uint64_t patience;		/* root that has to be there when it ends */

	uint64_t seen;			/* revision of the store up to which everything is known */
	uint64_t root;			/* revision of the newest entry; 0: no image */
	bool range_sent;

	uint64_t claim;			/* revision of the claim */
	const struct store_op *image;
	size_t image_n, image_done, image_part;
	bool image_open;		/* image_end() is due */
	unsigned int reseeds;
	bool give_up;			/* refused once the claim is taken back */

	bool watching;
	bool looking;			/* the timer of member_follow.c runs */
	bool doubt;			/* something failed since the cluster last answered */
	bool probing;
	uint64_t asked_at;		/* seen, when the probe went out */
	uint64_t target;		/* newest entry there is known to be */
	bool settling;
	unsigned int breaks, breaks_before;

	struct cluster_txn *txn;	/* proposal that is not done */
	bool beaten;			/* it lost; the winner is not here yet */
	uint64_t txn_seen;		/* seen, when it went out */
	uint64_t old_base;		/* of a proposal that came too late for it; 0: none */
	struct member_call calls[4];

	struct member_note notes[CLUSTER_NOTES];
	struct member_put puts[CLUSTER_NOTES];
	bool note_busy, note_later;
	kv_call left_then;		/* what follows the last puts */
	unsigned int note_tries;
	struct member_node nodes[MEMBER_NODES_MAX];
	size_t n_nodes;
};

/* member.c */
void member_go(struct member *m, enum member_phase phase);
/* @why NULL: what was said of this state before stands. */
void member_say(struct member *m, enum cluster_state state, const char *why);
/* Says why it could not go on, in the state it is in. */
void member_fault(struct member *m, int err);
void member_refuse(struct member *m, const char *why);
/* Milliseconds until the next try after @tries failures. */
unsigned int member_delay(struct member *m, unsigned int tries);
/* Looks after member_timeout whether there is an entry of at least revision @root. */
void member_patience(struct member *m, uint64_t root);
const char *member_root_key(void);

/* member_join.c: what entering a phase does. */
void member_enter_lease(struct member *m);
void member_enter_rest(struct member *m);
void member_enter_range(struct member *m);
void member_enter_wait(struct member *m);
void member_ask_lease(struct member *m);

/* member_seed.c */
void member_enter_unclaim(struct member *m);
void member_enter_claim(struct member *m);
void member_enter_fill(struct member *m);
void member_image_end(struct member *m);
/* Whether @item is a claim of this node. */
bool member_claim_own(const struct member *m, const struct kv_item *item);

/* member_follow.c */
void member_enter_follow(struct member *m);
void member_watch(struct member *m);
void member_unwatch(struct member *m);
/* A request failed with @err although the image is followed. */
void member_trouble(struct member *m, int err);
/* Online, if nothing speaks against it. */
void member_look(struct member *m);

/* member_txn.c */
void member_propose(void *txn);
/* Ends the proposal, if there is one. */
void member_txn_end(struct member *m, int err, uint64_t revision);
/* Ends it because nothing is heard any more. */
void member_txn_drop(struct member *m);
bool member_txn_out(const struct member *m);
/* Whether a root record with these bytes is that of the proposal. */
bool member_txn_is(const struct member *m, const void *root, size_t len);
/* An entry that is not its came first. */
void member_txn_beaten(struct member *m);

/* member_note.c */
void member_note_begin(struct member *m);
void member_note_take(struct member *m, const struct member_name *name,
		      const struct kv_item *item);
void member_note_end(struct member *m);
void member_note_pump(struct member *m);
/* The same, also while a failed put waits to be repeated. */
void member_note_now(struct member *m);
/* Takes notes away that are to go, then calls @then. */
void member_note_leave(struct member *m, kv_call then);

#endif /* HSM_MEMBER_INT_H */
