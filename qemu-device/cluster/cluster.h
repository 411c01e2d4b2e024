/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cluster.h - how cards that belong together agree on one order of changes.
 *
 * A cluster holds an image: the records that its cards share, (kind, id) -> sealed bytes
 * as in store.h, under a salt of its own. It is changed by transactions, which all members
 * see whole and in the same order. An engine knows nothing of what the records hold, but
 * for this: the root record (STORE_META, CLUSTER_ROOT) is part of every transaction, and a
 * transaction is refused if another one has written the root since the proposer looked.
 *
 * A card on its own has no engine (fw_config.cluster NULL): the commit of its store is the
 * whole story. Engines: member.c over a store of keys and values (kv.h), which is memory
 * for the cards of one process (group) or etcd.
 *
 * Locking: functions may be called from any thread, never wait for the network, and do not
 * call hooks. Hooks are called one at a time, on a thread of the engine, without locks.
 */
#ifndef HSM_CLUSTER_H
#define HSM_CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

#define CLUSTER_HEADER	0	/* META record of the image: magic and salt, not sealed */
#define CLUSTER_ROOT	1	/* META record of the image that every transaction writes */

/* What a transaction may hold: below etcd's limits of 128 operations and 1.5 MB a request. */
#define CLUSTER_OPS_MAX		100
#define CLUSTER_BYTES_MAX	((size_t)900 * 1024)	/* of data, before base64 */
#define CLUSTER_NOTE_MAX	1024			/* bytes of a member's note */

struct cluster;

/*
 * A proposed transaction. The proposer owns it and its data until @done, which is called
 * once, as a hook is. @base: the revision of the last entry that the proposer has taken in.
 */
struct cluster_txn {
	const struct store_op *ops;
	size_t n_ops;
	uint64_t base;
	/*
	 * 0: it is ordered, at @revision; this is its delivery: deliver() is not called for it.
	 * -EAGAIN: another one came first, and is delivered. -EHOSTUNREACH: the cluster cannot
	 * be asked; the transaction is not, and never will be, part of it. -ETIMEDOUT: nobody
	 * knows; it may yet be delivered, if at all before anything else is. -ENOSPC: the
	 * cluster is full; -EACCES: it does not accept this member; nothing was changed.
	 */
	void (*done)(struct cluster_txn *txn, int err, uint64_t revision);
	void *engine;			/* the engine's */
};

enum cluster_state {
	CLUSTER_JOINING,	/* has not seen the image yet */
	CLUSTER_ONLINE,
	CLUSTER_AWAY,		/* has seen it, cannot reach it now */
	CLUSTER_REFUSED		/* may not be a member; for good */
};

/* Two notes a member has in the cluster for the others, sealed by the firmware. */
enum cluster_note {
	CLUSTER_CARD,		/* who it is: stays until it leaves */
	CLUSTER_ALIVE,		/* how it is: goes with its lease */
	CLUSTER_NOTES
};

struct cluster_hooks {
	void *opaque;
	/*
	 * The cluster has no image: fills in @ops and @n_ops (any number, all but the root
	 * first) with one to begin with, valid until image_end(). Negative errno: no, and then
	 * the member is refused.
	 */
	int (*image)(void *opaque, const struct store_op **ops, size_t *n_ops);
	void (*image_end)(void *opaque);
	/*
	 * The whole image as of @revision: once after joining, again when entries were missed
	 * (also after -ETIMEDOUT). Non-zero: this card refuses it or is refused by it; the
	 * engine goes CLUSTER_REFUSED. The data is valid during the call.
	 */
	int (*snapshot)(void *opaque, uint64_t revision, const struct store_op *ops, size_t n_ops);
	/* A transaction of another member, in order, right behind what came before. Likewise. */
	int (*deliver)(void *opaque, uint64_t revision, const struct store_op *ops, size_t n_ops);
	/* A note of @node came, changed, or (@data NULL) went. Also of this card itself. */
	void (*note)(void *opaque, enum cluster_note kind, uint32_t node, const void *data,
		     size_t len);
	/* @why: one line, or NULL. */
	void (*state)(void *opaque, enum cluster_state state, const char *why);
	/* About every 20 ms while cluster_ops.tick() is on. */
	void (*tick)(void *opaque);
};

struct cluster_ops {
	const char *name;	/* "group", "etcd" */
	/* Begins to join as member @node. @hooks must outlive stop(). 0 or -errno. */
	int (*start)(struct cluster *cl, uint32_t node, const struct cluster_hooks *hooks);
	/* One transaction at a time. */
	void (*propose)(struct cluster *cl, struct cluster_txn *txn);
	/*
	 * Sets the card's own note, which is copied (@data NULL: takes it away); the last one
	 * counts, those before it may never be seen.
	 */
	void (*publish)(struct cluster *cl, enum cluster_note kind, const void *data, size_t len);
	void (*tick)(struct cluster *cl, bool on);
	/*
	 * Ends the membership for now: the alive note goes. When it returns, no hook runs and
	 * none will; a transaction in flight is done. Not from a hook.
	 */
	void (*stop)(struct cluster *cl);
	void (*close)(struct cluster *cl);
};

/* Engines embed this first. */
struct cluster {
	const struct cluster_ops *ops;
};

/*
 * A member of the group @name of this process; a group lives as long as it has members.
 * NULL without memory.
 */
struct cluster *cluster_group_open(const char *name);

/*
 * A member of the etcd cluster that the JSON file @path describes (docs/cluster.md). NULL
 * with a line in @err (@err_len bytes) that names what is wrong with it.
 */
struct cluster *cluster_etcd_open(const char *path, char *err, size_t err_len);

#endif /* HSM_CLUSTER_H */
