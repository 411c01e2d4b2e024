// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * store_mem.c - a store that forgets: the twin of store_sqlite.c for tests. It
 * commits on the submitting thread, one transaction at a time, and calls done
 * with its lock held by nobody but in order of commit.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

struct mem_record {
	enum store_kind kind;
	uint64_t id;
	void *data;
	size_t len;
};

/* Records stand in an array by kind and id. */
struct store_mem {
	struct store st;
	pthread_mutex_t lock;	/* of records */
	pthread_mutex_t order;	/* of commits and their done callbacks; recursive */
	struct mem_record *recs;
	size_t n, room;
	const struct store_hooks *hooks;
	bool stopped;
};

static struct store_mem *to_mem(struct store *st)
{
	return (struct store_mem *)st;
}

static bool before(const struct mem_record *r, enum store_kind kind, uint64_t id)
{
	return r->kind != kind ? r->kind < kind : r->id < id;
}

/* Index of (@kind, @id), or of where it belongs. */
static size_t find(const struct store_mem *m, enum store_kind kind, uint64_t id, bool *found)
{
	size_t lo = 0, hi = m->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (before(&m->recs[mid], kind, id))
			lo = mid + 1;
		else
			hi = mid;
	}
	*found = lo < m->n && m->recs[lo].kind == kind && m->recs[lo].id == id;
	return lo;
}

static int reserve(struct store_mem *m, size_t more)
{
	size_t room = m->room ? m->room : 64;
	struct mem_record *recs;

	while (room < m->n + more)
		room *= 2;
	if (room == m->room)
		return 0;
	recs = realloc(m->recs, room * sizeof(*recs));
	if (!recs)
		return -ENOMEM;
	m->recs = recs;
	m->room = room;
	return 0;
}

static void remove_at(struct store_mem *m, size_t i)
{
	free(m->recs[i].data);
	memmove(&m->recs[i], &m->recs[i + 1], (m->n - i - 1) * sizeof(*m->recs));
	m->n--;
}

/* Takes over @copy, the new contents or NULL. Cannot fail: room was reserved. */
static void apply(struct store_mem *m, const struct store_op *op, void *copy)
{
	bool found;
	size_t i = find(m, op->kind, op->id, &found);

	if (!op->data) {
		if (found)
			remove_at(m, i);
		return;
	}
	if (found) {
		free(m->recs[i].data);
	} else {
		memmove(&m->recs[i + 1], &m->recs[i], (m->n - i) * sizeof(*m->recs));
		m->n++;
	}
	m->recs[i] = (struct mem_record){ op->kind, op->id, copy, op->len };
}

static void *copy_of(const struct store_op *op)
{
	void *copy = malloc(op->len ? op->len : 1);

	if (copy && op->len)
		memcpy(copy, op->data, op->len);
	return copy;
}

/* What a batch writes: the transaction's operations, then those of the hook. */
struct batch {
	const struct store_txn *txn;
	const struct store_op *more;
	size_t n_more;
};

static const struct store_op *op_at(const struct batch *b, size_t i)
{
	return i < b->txn->n_ops ? &b->txn->ops[i] : &b->more[i - b->txn->n_ops];
}

static int copy_ops(const struct batch *b, void **copies, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct store_op *op = op_at(b, i);

		if (op->data && !(copies[i] = copy_of(op)))
			return -ENOMEM;
	}
	return 0;
}

/* Everything but the audit log, wiped: nothing of it is left in memory either. */
static void wipe(struct store_mem *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++) {
		if (m->recs[i].kind == STORE_AUDIT) {
			m->recs[kept++] = m->recs[i];
			continue;
		}
		explicit_bzero(m->recs[i].data, m->recs[i].len);
		free(m->recs[i].data);
	}
	m->n = kept;
}

/* Copies everything first, so that a lack of memory leaves the store as it was. */
static int commit_ops(struct store_mem *m, const struct batch *b)
{
	size_t n = b->txn->n_ops + b->n_more;
	void **copies = calloc(n ? n : 1, sizeof(*copies));
	int err = copies ? reserve(m, n) : -ENOMEM;

	if (!err)
		err = copy_ops(b, copies, n);
	if (!err && b->txn->wipe)
		wipe(m);
	for (size_t i = 0; copies && i < n; i++) {
		if (err)
			free(copies[i]);
		else
			apply(m, op_at(b, i), copies[i]);
	}
	free(copies);
	return err;
}

static int commit(struct store_mem *m, struct store_txn *txn)
{
	struct batch b = { .txn = txn };
	int err;

	err = m->hooks->seal(m->hooks->opaque, txn, &b.more, &b.n_more);
	if (err)
		return err;
	pthread_mutex_lock(&m->lock);
	err = commit_ops(m, &b);
	pthread_mutex_unlock(&m->lock);
	if (err)
		m->hooks->abort(m->hooks->opaque);
	return err;
}

static void mem_submit(struct store *st, struct store_txn *txn)
{
	struct store_mem *m = to_mem(st);

	pthread_mutex_lock(&m->order);
	txn->next = NULL;
	txn->done(txn, !m->hooks || m->stopped ? -ESHUTDOWN : commit(m, txn));
	pthread_mutex_unlock(&m->order);
}

static int mem_load(struct store *st, store_load_fn fn, void *opaque)
{
	struct store_mem *m = to_mem(st);
	int ret = 0;

	pthread_mutex_lock(&m->lock);
	for (size_t i = 0; !ret && i < m->n; i++) {
		const struct mem_record *r = &m->recs[i];

		if (r->kind != STORE_AUDIT)
			ret = fn(opaque, r->kind, r->id, r->data, r->len);
	}
	pthread_mutex_unlock(&m->lock);
	return ret;
}

static int mem_scan(struct store *st, enum store_kind kind, uint64_t first, store_load_fn fn,
		    void *opaque)
{
	struct store_mem *m = to_mem(st);
	bool found;
	int ret = 0;

	pthread_mutex_lock(&m->lock);
	for (size_t i = find(m, kind, first, &found); !ret && i < m->n && m->recs[i].kind == kind;
	     i++)
		ret = fn(opaque, kind, m->recs[i].id, m->recs[i].data, m->recs[i].len);
	pthread_mutex_unlock(&m->lock);
	return ret;
}

static int mem_start(struct store *st, const struct store_hooks *hooks)
{
	struct store_mem *m = to_mem(st);

	m->hooks = hooks;
	m->stopped = false;
	return 0;
}

static void mem_stop(struct store *st)
{
	struct store_mem *m = to_mem(st);

	pthread_mutex_lock(&m->order);
	m->stopped = true;
	pthread_mutex_unlock(&m->order);
}

static void mem_close(struct store *st)
{
	struct store_mem *m = to_mem(st);

	for (size_t i = 0; i < m->n; i++)
		free(m->recs[i].data);
	free(m->recs);
	pthread_mutex_destroy(&m->lock);
	pthread_mutex_destroy(&m->order);
	free(m);
}

static const struct store_ops mem_ops = {
	.load = mem_load,
	.start = mem_start,
	.submit = mem_submit,
	.scan = mem_scan,
	.stop = mem_stop,
	.close = mem_close,
};

struct store *store_mem_open(void)
{
	struct store_mem *m = calloc(1, sizeof(*m));
	pthread_mutexattr_t attr;

	if (!m)
		return NULL;
	m->st.ops = &mem_ops;
	pthread_mutex_init(&m->lock, NULL);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&m->order, &attr);
	pthread_mutexattr_destroy(&attr);
	return &m->st;
}
