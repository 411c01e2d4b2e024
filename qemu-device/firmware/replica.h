/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replica.h - this card's copy of the cluster's image: sealing what it proposes, taking in
 * what the others did. cluster.h carries it; funnel.h is who proposes.
 *
 * The pipe: at any time either a batch of this card's own is on its way (from
 * replica_begin() to replica_end()), or entries of others are being taken in, or neither.
 * Its owner may touch the image's seal; it changes hands under fw.commit.
 *
 * The image holds: META 0 header (salt), 1 root, 2 card (counters and m values, without
 * serial), 3 identity (masking key and what the cluster's certificates need; not the card's
 * own key), 6 position; users; token keys; quorum tokens. Each is sealed under the cluster's
 * salt and this card's secret, so that another secret opens nothing. Format: docs/cluster.md.
 */
#ifndef HSM_REPLICA_H
#define HSM_REPLICA_H

#include "cluster.h"
#include "fw_int.h"
#include "record.h"

struct replica;

/* The position record: which change this is, and whose. */
struct replica_position {
	uint8_t cluster[16];
	uint64_t number;	/* 1 for the image as it began, then by one */
	uint32_t node;
	uint64_t incarnation;
	uint64_t batch;		/* the proposer's count: tells batches of one incarnation apart */
	bool waits;		/* ... waits until others have it, too: they say so at once */
};

/* An own batch. Every operation is sealed for the image. */
struct replica_batch {
	struct cluster_txn txn;
	struct store_op ops[CLUSTER_OPS_MAX];
	struct sealed sealed[CLUSTER_OPS_MAX];
	size_t bytes;
	struct replica_position position;
	/* To go into this card's store with the last of the batch's own transactions. */
	struct sealed stored_position;
};

/* Before fw_load(). False without memory. */
bool replica_new(struct fw *fw, const struct fw_config *cfg);
/* load.c: what the store remembers of a cluster (RECORD_CLUSTER); false: it makes no sense. */
bool replica_recall(struct fw *fw, const uint8_t *p, size_t len);
/* Whether it did. */
bool replica_belongs(const struct fw *fw);

/* Joins, if the card has a cluster; after fw_load(), when requests can come. */
bool replica_start(struct fw *fw, char *err, size_t err_len);
/* Ends the membership for now: no hook runs any more. For fw_free(). */
void replica_stop(struct fw *fw);
/*
 * The card is, or is about to be, wiped: it takes part in nothing any more until it is started
 * again. Its ALIVE note goes, with @for_good the CARD note as well. Any thread, no locks.
 */
void replica_leave(struct fw *fw, bool for_good);
void replica_free(struct fw *fw);	/* NULL in fw is allowed */

/* Whether funnel_look() is wanted every 20 ms; replica.c has its own reasons for ticks besides. */
void replica_ticks(struct fw *fw, bool on);
/* Whether debt_tick() is. */
void replica_owes(struct fw *fw, bool on);

/* What of CLUSTER_INFO is not about the members; all zero for a card on its own. */
void replica_cluster(struct fw *fw, struct hsm_cluster_info *info);

/* True if changes have to go through the cluster. Does not change but by a wipe. */
bool replica_wanted(const struct fw *fw);
/* 0, or what to answer to a change now: CLUSTER_UNAVAILABLE when away, joining or refused. */
int replica_status(const struct fw *fw);

/* The position up to which tables and store of this card are, or will be once stored. */
uint64_t replica_position(const struct fw *fw);

/*
 * fw.commit held. Takes the pipe for a batch; false if entries of others have it or are
 * waiting, or the cluster is away: funnel_look() is called when that is over. Then
 * replica_add() per record (@rec NULL: delete; frees it), replica_close(), and propose.
 * replica_full(): another change of @n operations of about @bytes would be too much.
 */
bool replica_begin(struct fw *fw, struct replica_batch *b);
bool replica_add(struct fw *fw, struct replica_batch *b, enum store_kind kind, uint64_t id,
		 struct record *rec);
bool replica_full(const struct replica_batch *b, size_t n, size_t bytes);
/* Adds position, whose waits is set by then, and root; false without memory. */
bool replica_close(struct fw *fw, struct replica_batch *b);

/* The batch was not ordered (or nobody knows): the image's seal is as before. Gives the pipe up. */
void replica_abort(struct fw *fw, struct replica_batch *b);
/* It was ordered. The funnel writes it into the store, with stored_position, then ends it. */
void replica_ordered(struct fw *fw, struct replica_batch *b, uint64_t revision);
/* All of it is on the disk (@err 0), or not. Tells the others; gives the pipe up. */
void replica_end(struct fw *fw, struct replica_batch *b, int err);
void replica_batch_free(struct replica_batch *b);

/* The op that puts the position of @b into this card's store. */
struct store_op replica_store_op(const struct replica_batch *b);

#endif /* HSM_REPLICA_H */
