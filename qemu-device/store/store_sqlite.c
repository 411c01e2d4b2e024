// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * store_sqlite.c - records in an SQLite file, with group commit.
 *
 * One connection, one commit thread. The thread takes all transactions that wait,
 * writes them in one SQLite transaction and so with one fsync, and tells their
 * submitters; those that come meanwhile form the next batch. Nothing waits for
 * company. The file's format is in docs/store.md.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sqlite3.h>

#include "sqlite_file.h"
#include "store.h"

/*
 * The write-ahead log goes into the main file when the card has been idle for a
 * moment; under steady load once it has so many pages, that such a stall is a few
 * milliseconds.
 */
#define WAL_PAGES_MAX	2000
#define IDLE_MS		50

/* How often what a wipe left in the log is tried to be removed at once. */
#define CLEAN_TRIES	3

enum stmt { BEGIN, COMMIT, ROLLBACK, PUT, DELETE, WIPE, LOAD, LOAD_MORE, SCAN, N_STMTS };

/* STORE_AUDIT, in SQL. */
#define AUDIT "3"

_Static_assert(STORE_AUDIT == 3, "AUDIT");

static const char * const stmt_sql[N_STMTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[ROLLBACK] = "ROLLBACK",
	[PUT] = "INSERT INTO record(kind, id, data) VALUES(?1, ?2, ?3) "
		"ON CONFLICT(kind, id) DO UPDATE SET data = excluded.data",
	[DELETE] = "DELETE FROM record WHERE kind = ?1 AND id = ?2",
	[WIPE] = "DELETE FROM record WHERE kind <> " AUDIT,
	/* In two parts, neither of which goes over the audit log. */
	[LOAD] = "SELECT kind, id, data FROM record WHERE kind < " AUDIT " ORDER BY kind, id",
	[LOAD_MORE] = "SELECT kind, id, data FROM record WHERE kind > " AUDIT " ORDER BY kind, id",
	[SCAN] = "SELECT kind, id, data FROM record WHERE kind = ?1 AND id >= ?2 ORDER BY id",
};

struct store_sqlite {
	struct store st;
	pthread_mutex_t db_lock;	/* of db and stmts, and of the next two */
	sqlite3 *db;
	sqlite3_stmt *stmts[N_STMTS];
	int wal_pages;			/* since the last checkpoint */
	bool remains;			/* what was wiped may still be in the log */
	const struct store_hooks *hooks;
	bool running;			/* there is a thread to join */
	pthread_t thread;
	pthread_mutex_t lock;		/* of the rest */
	pthread_cond_t wake;
	struct store_txn *head, **tail;
	bool open;			/* for transactions */
};

/* The store whose commit thread this is. */
static _Thread_local const struct store_sqlite *committing;

static struct store_sqlite *to_sqlite(struct store *st)
{
	return (struct store_sqlite *)st;
}

/* Negative errno of an SQLite result. */
static int to_errno(sqlite3 *db, int rc)
{
	static const struct { int rc, err; } table[] = {
		{ SQLITE_OK, 0 }, { SQLITE_DONE, 0 }, { SQLITE_FULL, ENOSPC },
		{ SQLITE_NOMEM, ENOMEM }, { SQLITE_READONLY, EROFS }, { SQLITE_TOOBIG, EFBIG },
		{ SQLITE_BUSY, EBUSY }, { SQLITE_CORRUPT, EUCLEAN }, { SQLITE_NOTADB, EUCLEAN },
	};
	int sys = db ? sqlite3_system_errno(db) : 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].rc == (rc & 0xff))
			return -table[i].err;
	return (rc & 0xff) == SQLITE_IOERR && sys > 0 ? -sys : -EIO;
}

/* Runs a statement that returns no rows. 0 or -errno. */
static int run(struct store_sqlite *s, enum stmt which)
{
	int rc = sqlite3_step(s->stmts[which]);
	int err = to_errno(s->db, rc);

	sqlite3_reset(s->stmts[which]);
	return err;
}

static int write_op(struct store_sqlite *s, const struct store_op *op)
{
	enum stmt which = op->data ? PUT : DELETE;
	sqlite3_stmt *stmt = s->stmts[which];
	int err;

	if (op->id > INT64_MAX)
		return -EINVAL;
	if (op->len > INT_MAX)
		return -EFBIG;
	sqlite3_bind_int(stmt, 1, (int)op->kind);
	sqlite3_bind_int64(stmt, 2, (sqlite3_int64)op->id);
	if (op->data)
		sqlite3_bind_blob(stmt, 3, op->data, (int)op->len, SQLITE_STATIC);
	err = run(s, which);
	sqlite3_clear_bindings(stmt);
	return err;
}

static int write_ops(struct store_sqlite *s, const struct store_op *ops, size_t n)
{
	int err = 0;

	for (size_t i = 0; !err && i < n; i++)
		err = write_op(s, &ops[i]);
	return err;
}

static int write_txns(struct store_sqlite *s, const struct store_txn *batch)
{
	int err = 0;

	for (; !err && batch; batch = batch->next) {
		if (batch->wipe)
			err = run(s, WIPE);
		if (!err)
			err = write_ops(s, batch->ops, batch->n_ops);
	}
	return err;
}

static int write_batch(struct store_sqlite *s, const struct store_txn *batch,
		       const struct store_op *more, size_t n_more)
{
	int err = run(s, BEGIN);

	if (!err)
		err = write_txns(s, batch);
	if (!err)
		err = write_ops(s, more, n_more);
	if (!err)
		err = run(s, COMMIT);
	/* After some errors SQLite has rolled back by itself. */
	if (err && !sqlite3_get_autocommit(s->db))
		run(s, ROLLBACK);
	return err;
}

/* What fails here stays in the log, where it is safe, and is tried again. */
static void checkpoint(struct store_sqlite *s)
{
	if (!s->remains)
		sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
	else if (sqlite_file_empty_log(s->db) == SQLITE_OK)
		s->remains = false;
	s->wal_pages = s->remains;
}

/*
 * The wiped pages are zeroed in the file when the log is brought in, which then has
 * no bytes left. Until that is done the card has not been told.
 */
static void clean_up(struct store_sqlite *s)
{
	s->remains = true;
	for (int tries = 0; s->remains && tries < CLEAN_TRIES; tries++)
		checkpoint(s);
}

static int commit_batch(struct store_sqlite *s, const struct store_txn *batch)
{
	const struct store_op *more = NULL;
	size_t n_more = 0;
	int err = s->hooks->seal(s->hooks->opaque, batch, &more, &n_more);

	if (err)
		return err;
	pthread_mutex_lock(&s->db_lock);
	err = write_batch(s, batch, more, n_more);
	if (!err && batch->wipe)
		clean_up(s);
	pthread_mutex_unlock(&s->db_lock);
	if (err)
		s->hooks->abort(s->hooks->opaque);
	return err;
}

/* A transaction is its submitter's again as soon as it was told. */
static void tell(struct store_txn *batch, int err)
{
	while (batch) {
		struct store_txn *txn = batch;

		batch = txn->next;
		txn->next = NULL;
		txn->done(txn, err);
	}
}

static int on_wal(void *opaque, sqlite3 *db, const char *name, int pages)
{
	struct store_sqlite *s = opaque;

	(void)db;
	(void)name;
	s->wal_pages = pages;
	return SQLITE_OK;
}

/* Waits for work; false after a moment without any. */
static bool wait_for_work(struct store_sqlite *s, bool forever)
{
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += IDLE_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	while (!s->head && s->open && err != ETIMEDOUT)
		err = forever ? pthread_cond_wait(&s->wake, &s->lock) :
				pthread_cond_timedwait(&s->wake, &s->lock, &until);
	return s->head || !s->open;
}

/*
 * Cuts what is queued where a batch ends: a wipe stands alone, whatever was submitted
 * around it.
 */
static struct store_txn *cut_batch(struct store_sqlite *s)
{
	struct store_txn *batch = s->head, *last = batch;

	if (!batch)
		return NULL;
	while (!batch->wipe && last->next && !last->next->wipe)
		last = last->next;
	s->head = last->next;
	last->next = NULL;
	if (!s->head)
		s->tail = &s->head;
	return batch;
}

/* The next batch; *@idle if there was nothing for a while. NULL at the end. */
static struct store_txn *take(struct store_sqlite *s, bool *idle)
{
	struct store_txn *batch;

	pthread_mutex_lock(&s->lock);
	*idle = !wait_for_work(s, s->wal_pages == 0);
	batch = cut_batch(s);
	pthread_mutex_unlock(&s->lock);
	return batch;
}

static void *commit_thread(void *opaque)
{
	struct store_sqlite *s = opaque;
	struct store_txn *batch;
	bool idle;

	committing = s;
	while ((batch = take(s, &idle)) || idle) {
		if (batch)
			tell(batch, commit_batch(s, batch));
		if (!idle && s->wal_pages < WAL_PAGES_MAX)
			continue;
		pthread_mutex_lock(&s->db_lock);
		checkpoint(s);
		pthread_mutex_unlock(&s->db_lock);
	}
	return NULL;
}

static int sqlite_start(struct store *st, const struct store_hooks *hooks)
{
	struct store_sqlite *s = to_sqlite(st);
	sigset_t all, old;
	int err;

	s->hooks = hooks;
	s->open = true;
	/* Signals are for the host's threads. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&s->thread, NULL, commit_thread, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	s->running = !err;
	if (err) {
		s->open = false;
		return -err;
	}
	pthread_setname_np(s->thread, "hsm-store");
	return 0;
}

static void sqlite_submit(struct store *st, struct store_txn *txn)
{
	struct store_sqlite *s = to_sqlite(st);
	bool open;

	txn->next = NULL;
	pthread_mutex_lock(&s->lock);
	/* What is done may bring more, to the very end: the last call out of a card starts its wipe. */
	open = s->open || committing == s;
	if (open) {
		*s->tail = txn;
		s->tail = &txn->next;
		pthread_cond_signal(&s->wake);
	}
	pthread_mutex_unlock(&s->lock);
	if (!open)
		txn->done(txn, -ESHUTDOWN);
}

static void sqlite_stop(struct store *st)
{
	struct store_sqlite *s = to_sqlite(st);

	pthread_mutex_lock(&s->lock);
	s->open = false;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	if (s->running)
		pthread_join(s->thread, NULL);
	s->running = false;
}

static int load_row(sqlite3_stmt *stmt, store_load_fn fn, void *opaque)
{
	/* An empty blob is a record of no bytes, not a missing one. */
	const void *data = sqlite3_column_blob(stmt, 2);
	sqlite3_int64 kind = sqlite3_column_int64(stmt, 0);
	sqlite3_int64 id = sqlite3_column_int64(stmt, 1);

	/* What is no such number would be cut to one, and pass for another record. */
	if (sqlite3_column_type(stmt, 0) != SQLITE_INTEGER || kind < 0 || kind > INT_MAX ||
	    sqlite3_column_type(stmt, 1) != SQLITE_INTEGER || id < 0)
		return -EUCLEAN;
	return fn(opaque, (enum store_kind)kind, (uint64_t)id, data ? data : "",
		  (size_t)sqlite3_column_bytes(stmt, 2));
}

static int each_row(struct store_sqlite *s, enum stmt which, store_load_fn fn, void *opaque)
{
	sqlite3_stmt *stmt = s->stmts[which];
	int ret = 0, rc = SQLITE_ROW;

	while (!ret && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		ret = load_row(stmt, fn, opaque);
	if (!ret)
		ret = to_errno(s->db, rc);
	sqlite3_reset(stmt);
	return ret;
}

static int sqlite_load(struct store *st, store_load_fn fn, void *opaque)
{
	struct store_sqlite *s = to_sqlite(st);
	int ret;

	pthread_mutex_lock(&s->db_lock);
	ret = each_row(s, LOAD, fn, opaque);
	if (!ret)
		ret = each_row(s, LOAD_MORE, fn, opaque);
	pthread_mutex_unlock(&s->db_lock);
	return ret;
}

static int sqlite_scan(struct store *st, enum store_kind kind, uint64_t first, store_load_fn fn,
		       void *opaque)
{
	struct store_sqlite *s = to_sqlite(st);
	int ret;

	if (first > INT64_MAX)
		return 0;
	pthread_mutex_lock(&s->db_lock);
	sqlite3_bind_int(s->stmts[SCAN], 1, (int)kind);
	sqlite3_bind_int64(s->stmts[SCAN], 2, (sqlite3_int64)first);
	ret = each_row(s, SCAN, fn, opaque);
	pthread_mutex_unlock(&s->db_lock);
	return ret;
}

static void sqlite_close(struct store *st)
{
	struct store_sqlite *s = to_sqlite(st);

	for (size_t i = 0; i < N_STMTS; i++)
		sqlite3_finalize(s->stmts[i]);
	sqlite3_close(s->db);
	pthread_mutex_destroy(&s->db_lock);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->wake);
	free(s);
}

static const struct store_ops sqlite_ops = {
	.load = sqlite_load,
	.start = sqlite_start,
	.submit = sqlite_submit,
	.scan = sqlite_scan,
	.stop = sqlite_stop,
	.close = sqlite_close,
};

static bool prepare(struct store_sqlite *s)
{
	for (size_t i = 0; i < N_STMTS; i++)
		if (sqlite3_prepare_v3(s->db, stmt_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
				       &s->stmts[i], NULL) != SQLITE_OK)
			return false;
	sqlite3_wal_hook(s->db, on_wal, s);
	return true;
}

struct store *store_sqlite_open(const char *path, char *err, size_t err_len)
{
	struct store_sqlite *s = calloc(1, sizeof(*s));
	pthread_condattr_t attr;

	if (!s) {
		snprintf(err, err_len, "key store %s: %s", path, strerror(ENOMEM));
		return NULL;
	}
	s->st.ops = &sqlite_ops;
	s->tail = &s->head;
	pthread_mutex_init(&s->db_lock, NULL);
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &attr);
	pthread_condattr_destroy(&attr);
	s->db = sqlite_file_open(path, err, err_len);
	if (s->db && !prepare(s))
		snprintf(err, err_len, "key store %s: %s", path, sqlite3_errmsg(s->db));
	else if (s->db)
		return &s->st;
	sqlite_close(&s->st);
	return NULL;
}
