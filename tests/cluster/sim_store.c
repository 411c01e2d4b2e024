// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sim_store.c - a disk that outlives its card. Commits happen at once, or late and many at a
 * time, or fail; what is not committed when the card is killed is lost.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

struct rec {
	enum store_kind kind;
	uint64_t id;
	uint8_t *data;
	size_t len;
};

/* How often a record was written; stays when it is deleted. */
struct count {
	enum store_kind kind;
	uint64_t id;
	unsigned int writes;
};

struct sim_disk {
	struct sim_world *w;
	struct rec *recs;	/* by kind and id */
	size_t n, room;
	struct count *counts;
	size_t n_counts;
	bool fails;
	uint64_t slow_us;
};

struct sim_store {
	struct store st;
	struct sim_disk *d;
	struct sim_proc *proc;
	const struct store_hooks *hooks;
	struct store_txn *first, **end;
	bool dead, stopped, coming;
};

static struct sim_store *to_sim(struct store *st)
{
	return (struct sim_store *)st;
}

static size_t find(const struct sim_disk *d, enum store_kind kind, uint64_t id, bool *found)
{
	size_t lo = 0, hi = d->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct rec *r = &d->recs[mid];

		if (r->kind < kind || (r->kind == kind && r->id < id))
			lo = mid + 1;
		else
			hi = mid;
	}
	*found = lo < d->n && d->recs[lo].kind == kind && d->recs[lo].id == id;
	return lo;
}

static void count_write(struct sim_disk *d, enum store_kind kind, uint64_t id)
{
	size_t i = 0;

	while (i < d->n_counts && (d->counts[i].kind != kind || d->counts[i].id != id))
		i++;
	if (i == d->n_counts) {
		d->counts = realloc(d->counts, (i + 1) * sizeof(*d->counts));
		d->counts[d->n_counts++] = (struct count){ kind, id, 0 };
	}
	d->counts[i].writes++;
}

static void insert(struct sim_disk *d, size_t i)
{
	if (d->n == d->room) {
		d->room = d->room ? d->room * 2 : 64;
		d->recs = realloc(d->recs, d->room * sizeof(*d->recs));
	}
	memmove(&d->recs[i + 1], &d->recs[i], (d->n - i) * sizeof(*d->recs));
	d->n++;
}

static void apply(struct sim_disk *d, const struct store_op *op)
{
	bool found;
	size_t i = find(d, op->kind, op->id, &found);

	if (found)
		free(d->recs[i].data);
	if (!op->data) {
		if (found)
			memmove(&d->recs[i], &d->recs[i + 1], (d->n-- - i - 1) * sizeof(*d->recs));
		return;
	}
	if (!found)
		insert(d, i);
	d->recs[i] = (struct rec){ op->kind, op->id, malloc(op->len + 1), op->len };
	memcpy(d->recs[i].data, op->data, op->len);
	if (op->kind == STORE_OBJECT || op->kind == STORE_USER)
		count_write(d, op->kind, op->id);
}

static void wipe(struct sim_disk *d)
{
	size_t kept = 0;

	for (size_t i = 0; i < d->n; i++) {
		if (d->recs[i].kind == STORE_AUDIT)
			d->recs[kept++] = d->recs[i];
		else
			free(d->recs[i].data);
	}
	d->n = kept;
}

static int commit(struct sim_store *s, const struct store_txn *batch)
{
	const struct store_op *more = NULL;
	size_t n_more = 0;
	int err = s->dead ? -EIO : s->hooks->seal(s->hooks->opaque, batch, &more, &n_more);

	if (err)
		return err;
	if (s->d->fails) {
		s->hooks->abort(s->hooks->opaque);
		return -EIO;
	}
	for (; batch; batch = batch->next) {
		if (batch->wipe)
			wipe(s->d);
		for (size_t i = 0; i < batch->n_ops; i++)
			apply(s->d, &batch->ops[i]);
	}
	for (size_t i = 0; i < n_more; i++)
		apply(s->d, &more[i]);
	return 0;
}

/* All that waits, in one commit. */
static void commit_all(struct sim_store *s)
{
	struct store_txn *txn = s->first, *next;
	int err;

	s->first = NULL;
	s->end = &s->first;
	if (!txn)
		return;
	err = commit(s, txn);
	for (; txn; txn = next) {
		next = txn->next;
		txn->done(txn, err);
	}
}

static void commit_later(void *arg)
{
	struct sim_store *s = arg;

	s->coming = false;
	commit_all(s);
}

static void sim_submit(struct store *st, struct store_txn *txn)
{
	struct sim_store *s = to_sim(st);

	txn->next = NULL;
	if (!s->hooks || s->stopped) {
		txn->done(txn, -ESHUTDOWN);
		return;
	}
	if (!s->d->slow_us && !s->first) {
		txn->done(txn, commit(s, txn));
		return;
	}
	*s->end = txn;
	s->end = &txn->next;
	if (!s->coming) {
		s->coming = true;
		sim_at(s->d->w, s->proc, sim_random(s->d->w, (uint32_t)s->d->slow_us),
		       commit_later, NULL, s);
	}
}

static int sim_load(struct store *st, store_load_fn fn, void *opaque)
{
	const struct sim_disk *d = to_sim(st)->d;
	int ret = 0;

	for (size_t i = 0; !ret && i < d->n; i++)
		if (d->recs[i].kind != STORE_AUDIT)
			ret = fn(opaque, d->recs[i].kind, d->recs[i].id, d->recs[i].data,
				 d->recs[i].len);
	return ret;
}

static int sim_scan(struct store *st, enum store_kind kind, uint64_t first, store_load_fn fn,
		    void *opaque)
{
	const struct sim_disk *d = to_sim(st)->d;
	bool found;
	int ret = 0;

	for (size_t i = find(d, kind, first, &found); !ret && i < d->n && d->recs[i].kind == kind;
	     i++)
		ret = fn(opaque, kind, d->recs[i].id, d->recs[i].data, d->recs[i].len);
	return ret;
}

static int sim_start(struct store *st, const struct store_hooks *hooks)
{
	to_sim(st)->hooks = hooks;
	return 0;
}

static void sim_stop(struct store *st)
{
	struct sim_store *s = to_sim(st);

	while (s->first)
		commit_all(s);
	s->stopped = true;
}

static void sim_close(struct store *st)
{
	free(st);
}

struct store *sim_store_open(struct sim_disk *d, struct sim_proc *proc)
{
	static const struct store_ops ops = {
		.load = sim_load, .start = sim_start, .submit = sim_submit, .scan = sim_scan,
		.stop = sim_stop, .close = sim_close,
	};
	struct sim_store *s = calloc(1, sizeof(*s));

	s->st.ops = &ops;
	s->d = d;
	s->proc = proc;
	s->end = &s->first;
	return &s->st;
}

void sim_store_kill(struct store *st)
{
	to_sim(st)->dead = true;
}

struct sim_disk *sim_disk_new(struct sim_world *w)
{
	struct sim_disk *d = calloc(1, sizeof(*d));

	d->w = w;
	return d;
}

struct sim_disk *sim_disk_clone(struct sim_world *w, const struct sim_disk *from)
{
	struct sim_disk *d = sim_disk_new(w);

	d->recs = calloc(from->n + 1, sizeof(*d->recs));
	d->n = from->n;
	d->room = from->n + 1;
	for (size_t i = 0; i < from->n; i++) {
		d->recs[i] = from->recs[i];
		d->recs[i].data = malloc(from->recs[i].len + 1);
		memcpy(d->recs[i].data, from->recs[i].data, from->recs[i].len);
	}
	return d;
}

void sim_disk_free(struct sim_disk *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n; i++)
		free(d->recs[i].data);
	free(d->recs);
	free(d->counts);
	free(d);
}

void sim_disk_fail(struct sim_disk *d, bool fails)
{
	d->fails = fails;
}

bool sim_disk_fails(const struct sim_disk *d)
{
	return d->fails;
}

void sim_disk_slow(struct sim_disk *d, uint64_t us)
{
	d->slow_us = us;
}

bool sim_disk_has(const struct sim_disk *d, enum store_kind kind, uint64_t id)
{
	bool found;

	find(d, kind, id, &found);
	return found;
}

unsigned int sim_disk_writes(const struct sim_disk *d, enum store_kind kind, uint64_t id)
{
	for (size_t i = 0; i < d->n_counts; i++)
		if (d->counts[i].kind == kind && d->counts[i].id == id)
			return d->counts[i].writes;
	return 0;
}
