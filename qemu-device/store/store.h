/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store.h - durable records of a card: (kind, id) -> bytes.
 *
 * A store knows nothing of what it keeps: records come sealed. It gives the
 * firmware two things: transactions that are on stable storage, whole, when
 * their done callback says so, and a single fsync shared by all transactions that
 * wait at the same time. Engines: SQLite (store_sqlite.c) and memory (store_mem.c).
 */
#ifndef HSM_STORE_H
#define HSM_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store;

enum store_kind {
	STORE_META = 0,		/* id 0: key material and card identity; id 1: root */
	STORE_USER = 1,		/* id: user id */
	STORE_OBJECT = 2,	/* id: key handle */
	STORE_AUDIT = 3,	/* id: sequence number; load() leaves these out */
	STORE_TOKEN = 4,	/* id: token id; of a cluster's image only, in no card's store */
};

/* One change. @data NULL deletes the record; else it is created or replaced. */
struct store_op {
	enum store_kind kind;
	uint64_t id;
	const void *data;
	size_t len;
};

/*
 * A transaction: all of its operations or none. The submitter owns it and its
 * data until @done, which is called once, in order of commit, with 0 or a
 * negative errno.
 */
struct store_txn {
	const struct store_op *ops;
	size_t n_ops;
	/*
	 * Before the operations everything goes but STORE_AUDIT; when the transaction is done
	 * no byte of what went is left in the store's files. Alone in flight: nothing else
	 * is submitted until it is done.
	 */
	bool wipe;
	void *journal;			/* for the hooks; the store does not look at it */
	void (*done)(struct store_txn *txn, int err);
	struct store_txn *next;		/* the store's, then the batch's */
};

/*
 * Called on the commit thread for each batch right before it is committed, with
 * the list of its transactions in order: sets @ops and @n_ops to what is to be
 * written behind them, in the same commit (valid until the next call of a hook).
 * Returns 0, or a negative errno that fails the whole batch. @abort is called when a
 * batch that was sealed could not be committed.
 */
struct store_hooks {
	void *opaque;
	int (*seal)(void *opaque, const struct store_txn *batch, const struct store_op **ops,
		    size_t *n_ops);
	void (*abort)(void *opaque);
};

/* Called per record by load; a non-zero return ends the load and is returned. */
typedef int (*store_load_fn)(void *opaque, enum store_kind kind, uint64_t id, const void *data,
			     size_t len);

struct store_ops {
	/* Every record but STORE_AUDIT, by kind and ascending id. 0, the callback's value, -errno. */
	int (*load)(struct store *st, store_load_fn fn, void *opaque);
	/* Begins to take transactions. Once, after load. @hooks must outlive the store's use. */
	int (*start)(struct store *st, const struct store_hooks *hooks);
	/* Queues a transaction from any thread; never waits for the disk. */
	void (*submit)(struct store *st, struct store_txn *txn);
	/*
	 * The committed records of @kind from id @first on, ascending; from any thread, before
	 * and after start. Returns as load() does.
	 */
	int (*scan)(struct store *st, enum store_kind kind, uint64_t first, store_load_fn fn,
		    void *opaque);
	/*
	 * Waits until everything submitted before is done, and what done callbacks submitted;
	 * then takes no more.
	 */
	void (*stop)(struct store *st);
	/* Frees the store; stopped before, or never started. */
	void (*close)(struct store *st);
};

/* Engines embed this first. */
struct store {
	const struct store_ops *ops;
};

/*
 * Opens or creates the SQLite file @path, mode 0600, locked against other
 * processes. NULL with a line in @err (@err_len bytes) that names what is wrong.
 */
struct store *store_sqlite_open(const char *path, char *err, size_t err_len);

/* An empty store in memory; commits at once, on the submitting thread. NULL without memory. */
struct store *store_mem_open(void);

#endif /* HSM_STORE_H */
