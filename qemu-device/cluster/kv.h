/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kv.h - a store of keys and values in the manner of etcd: revisions, transactions with
 * comparisons, watches, a lease. Backends: memory (kv_mem.c), etcd (etcd_*.c), and the
 * simulator of the tests.
 *
 * A kv has a thread of its own (or a scheduler in the place of one). Everything but post()
 * and close() is called on it, and so is every callback; none is called from within the
 * function that was given it. Keys are printable text without '/' at the front; the backend
 * puts a prefix of the cluster before them and takes it off.
 */
#ifndef HSM_KV_H
#define HSM_KV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kv;

enum kv_what { KV_PUT, KV_DELETE, KV_DELETE_PREFIX };

struct kv_op {
	enum kv_what what;
	const char *key;
	const void *value;
	size_t len;
	bool leased;		/* KV_PUT: goes with the lease */
};

/* The last change of @key must be that of revision @mod; 0: there must be no such key. */
struct kv_cmp {
	const char *key;
	uint64_t mod;
};

struct kv_item {
	const char *key;
	const void *value;	/* NULL in an event: deleted */
	size_t len;
	uint64_t mod;
};

/*
 * 0 and the revision of the store; -EAGAIN a comparison failed; -EHOSTUNREACH it was not
 * done and will not be; -ETIMEDOUT nobody knows; -ENOSPC, -EACCES as in cluster.h; -EPROTO
 * the answer made no sense (as -ETIMEDOUT).
 */
typedef void (*kv_done)(void *arg, int err, uint64_t revision);
/* All items of the prefix at one @revision; valid during the call. */
typedef void (*kv_items)(void *arg, int err, uint64_t revision, const struct kv_item *items,
			 size_t n);
/*
 * The events of one revision, together. With @err the watch is over: -ESTALE what it should
 * begin with was compacted, -EIO the connection is lost, -EPROTO.
 */
typedef void (*kv_events)(void *arg, int err, uint64_t revision, const struct kv_item *events,
			  size_t n);
typedef void (*kv_call)(void *arg);

struct kv_ops {
	const char *name;
	/* Copies what it is given. */
	void (*txn)(struct kv *kv, const struct kv_cmp *cmp, size_t n_cmp, const struct kv_op *op,
		    size_t n_op, kv_done done, void *arg);
	/* Linearizable. */
	void (*range)(struct kv *kv, const char *prefix, kv_items items, void *arg);
	/* One watch per kv, of every key, from revision @from on. Ends the one before. */
	void (*watch)(struct kv *kv, uint64_t from, kv_events events, void *arg);
	void (*unwatch)(struct kv *kv);
	/*
	 * Asks for a lease and keeps it alive. @done with 0: there is one, leased puts may be
	 * made. With an error, also later: there is none (any more).
	 */
	void (*lease)(struct kv *kv, kv_done done, void *arg);
	/* Gives the lease back, as far as that can be done in half a second. */
	void (*unlease)(struct kv *kv);
	/* Calls @fn in @ms milliseconds; not exactly. */
	void (*after)(struct kv *kv, unsigned int ms, kv_call fn, void *arg);
	/* Calls @fn soon, in the order of posting. From any thread. */
	void (*post)(struct kv *kv, kv_call fn, void *arg);
	/*
	 * From any thread but the kv's: drops what is on its way, without callbacks but those
	 * running; ends the thread and frees the kv.
	 */
	void (*close)(struct kv *kv);
	/*
	 * NULL; or, for a kv without a thread: does what is due next. Not from a callback. Who
	 * waits for something to happen on such a kv calls it until it has.
	 */
	void (*pump)(struct kv *kv);
};

struct kv {
	const struct kv_ops *ops;
	unsigned int timeout_ms;	/* after which a request is -ETIMEDOUT or -EHOSTUNREACH */
	bool lasting;			/* what it holds outlives the process: nobody may begin anew */
	/* The last failure in one line, empty: nothing to say. For the kv's thread only. */
	char why[160];
};

/* A cluster engine over @kv, which it owns from now on. NULL without memory: @kv is closed. */
struct cluster;
struct cluster *member_open(struct kv *kv);

/* A kv of the memory that all kv_mem_open(@name) of this process share. */
struct kv *kv_mem_open(const char *name);

/* The etcd that the JSON file @path describes; as cluster_etcd_open(). */
struct kv *kv_etcd_open(const char *path, char *err, size_t err_len);

#endif /* HSM_KV_H */
