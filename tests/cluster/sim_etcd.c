// SPDX-License-Identifier: GPL-2.0-or-later
/* sim_etcd.c - the etcd of the simulator: keys, revisions, history, leases. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define OPS_MAX		128		/* as etcd's default */
#define BYTES_MAX	((size_t)1536 * 1024)

struct rec {
	struct kv_item item;	/* its key and value are ours */
	uint64_t lease;
};

struct lease {
	uint64_t id, ttl, end;
	struct lease *next;
};

/* The events of one revision. */
struct past {
	uint64_t revision;
	struct kv_item *items;
	size_t n;
};

struct listener {
	sim_fn fn;
	void *arg;
};

struct sim_etcd {
	struct sim_world *w;
	struct rec *recs;	/* by key */
	size_t n, room;
	uint64_t revision, compacted, next_lease;
	struct past *past;	/* by revision */
	size_t n_past, past_room;
	struct lease *leases;
	struct listener listen[SIM_NODES_MAX];
	struct past now;	/* of the transaction that runs */
	size_t now_room;
};

void *sim_dup(const void *p, size_t len)
{
	char *copy = malloc(len + 1);

	if (len)
		memcpy(copy, p, len);
	copy[len] = '\0';
	return copy;
}

static struct kv_item copy_item(const struct kv_item *it)
{
	return (struct kv_item){ sim_dup(it->key, strlen(it->key)),
				 it->value ? sim_dup(it->value, it->len) : NULL, it->len,
				 it->mod };
}

static void free_item(const struct kv_item *it)
{
	free((void *)it->key);
	free((void *)it->value);
}

struct kv_item *sim_items_copy(const struct kv_item *items, size_t n)
{
	struct kv_item *copy = calloc(n + 1, sizeof(*copy));

	for (size_t i = 0; i < n; i++)
		copy[i] = copy_item(&items[i]);
	return copy;
}

void sim_items_free(struct kv_item *items, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free_item(&items[i]);
	free(items);
}

static size_t find(const struct sim_etcd *e, const char *key, bool *found)
{
	size_t lo = 0, hi = e->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(e->recs[mid].item.key, key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*found = lo < e->n && !strcmp(e->recs[lo].item.key, key);
	return lo;
}

static void note_event(struct sim_etcd *e, const char *key, const void *value, size_t len)
{
	struct kv_item it = { key, value, len, e->revision + 1 };

	if (e->now.n == e->now_room) {
		e->now_room = e->now_room ? e->now_room * 2 : 16;
		e->now.items = realloc(e->now.items, e->now_room * sizeof(*e->now.items));
	}
	e->now.items[e->now.n++] = copy_item(&it);
}

static void put(struct sim_etcd *e, const char *key, const void *value, size_t len, uint64_t lease)
{
	struct kv_item it = { key, value, len, e->revision + 1 };
	bool found;
	size_t i = find(e, key, &found);

	if (found) {
		free_item(&e->recs[i].item);
	} else {
		if (e->n == e->room) {
			e->room = e->room ? e->room * 2 : 64;
			e->recs = realloc(e->recs, e->room * sizeof(*e->recs));
		}
		memmove(&e->recs[i + 1], &e->recs[i], (e->n - i) * sizeof(*e->recs));
		e->n++;
	}
	e->recs[i] = (struct rec){ copy_item(&it), lease };
	note_event(e, key, value, len);
}

static void delete_at(struct sim_etcd *e, size_t i)
{
	note_event(e, e->recs[i].item.key, NULL, 0);
	free_item(&e->recs[i].item);
	memmove(&e->recs[i], &e->recs[i + 1], (e->n - i - 1) * sizeof(*e->recs));
	e->n--;
}

static void delete_key(struct sim_etcd *e, const char *key)
{
	bool found;
	size_t i = find(e, key, &found);

	if (found)
		delete_at(e, i);
}

static bool has_prefix(const char *key, const char *prefix)
{
	return !strncmp(key, prefix, strlen(prefix));
}

static void delete_prefix(struct sim_etcd *e, const char *prefix)
{
	for (size_t i = e->n; i-- > 0;)
		if (has_prefix(e->recs[i].item.key, prefix))
			delete_at(e, i);
}

static void wake(struct sim_etcd *e)
{
	for (size_t i = 0; i < SIM_NODES_MAX; i++)
		if (e->listen[i].fn)
			e->listen[i].fn(e->listen[i].arg);
}

/* The revision is there: for the history and those who watch. */
static void commit(struct sim_etcd *e)
{
	if (!e->now.n)
		return;
	e->now.revision = ++e->revision;
	if (e->n_past == e->past_room) {
		e->past_room = e->past_room ? e->past_room * 2 : 64;
		e->past = realloc(e->past, e->past_room * sizeof(*e->past));
	}
	e->past[e->n_past++] = e->now;
	e->now = (struct past){ 0 };
	e->now_room = 0;
	wake(e);
}

/* What etcd refuses about a request, whatever it holds. */
static bool overlaps(const struct kv_op *a, const struct kv_op *b)
{
	if (a->what == KV_PUT && b->what == KV_PUT)
		return !strcmp(a->key, b->key);
	if (a->what == KV_PUT || b->what == KV_PUT) {
		const struct kv_op *put_op = a->what == KV_PUT ? a : b, *del = put_op == a ? b : a;

		return del->what == KV_DELETE ? !strcmp(del->key, put_op->key)
					      : has_prefix(put_op->key, del->key);
	}
	return false;
}

static bool sane(struct sim_etcd *e, const struct sim_txn *t)
{
	size_t bytes = 0;

	for (size_t i = 0; i < t->n_op; i++) {
		bytes += t->op[i].len * 4 / 3 + strlen(t->op[i].key);
		for (size_t k = 0; k < i; k++)
			if (overlaps(&t->op[i], &t->op[k])) {
				sim_fail(e->w, "etcd would refuse a transaction: %s twice",
					 t->op[i].key);
				return false;
			}
	}
	if (t->n_op <= OPS_MAX && t->n_cmp <= OPS_MAX && bytes <= BYTES_MAX)
		return true;
	sim_fail(e->w, "etcd would refuse a transaction of %zu operations, %zu bytes", t->n_op,
		 bytes);
	return false;
}

static bool holds(const struct sim_etcd *e, const struct kv_cmp *c)
{
	bool found;
	size_t i = find(e, c->key, &found);

	return (found ? e->recs[i].item.mod : 0) == c->mod;
}

static struct lease *find_lease(struct sim_etcd *e, uint64_t id)
{
	struct lease *l = e->leases;

	while (l && l->id != id)
		l = l->next;
	return l;
}

static int check_txn(struct sim_etcd *e, const struct sim_txn *t)
{
	bool puts = false;

	if (!sane(e, t))
		return -EPROTO;
	for (size_t i = 0; i < t->n_op; i++) {
		puts |= t->op[i].what == KV_PUT;
		if (t->op[i].leased && !find_lease(e, t->lease))
			return -EHOSTUNREACH;
	}
	if (puts && e->w->weather.full)
		return -ENOSPC;
	for (size_t i = 0; i < t->n_cmp; i++)
		if (!holds(e, &t->cmp[i]))
			return -EAGAIN;
	return 0;
}

void sim_etcd_txn(struct sim_etcd *e, const struct sim_txn *t, struct sim_reply *r)
{
	r->err = check_txn(e, t);
	for (size_t i = 0; !r->err && i < t->n_op; i++) {
		const struct kv_op *op = &t->op[i];

		if (op->what == KV_PUT)
			put(e, op->key, op->value, op->len, op->leased ? t->lease : 0);
		else if (op->what == KV_DELETE)
			delete_key(e, op->key);
		else
			delete_prefix(e, op->key);
	}
	commit(e);
	r->revision = e->revision;
}

void sim_etcd_range(struct sim_etcd *e, const char *prefix, struct sim_reply *r)
{
	r->items = calloc(e->n + 1, sizeof(*r->items));
	for (size_t i = 0; i < e->n; i++)
		if (has_prefix(e->recs[i].item.key, prefix))
			r->items[r->n_items++] = copy_item(&e->recs[i].item);
	r->revision = e->revision;
}

static void end_lease(struct sim_etcd *e, uint64_t id)
{
	struct lease **at = &e->leases, *l;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	l = *at;
	if (!l)
		return;
	*at = l->next;
	free(l);
	for (size_t i = e->n; i-- > 0;)
		if (e->recs[i].lease == id)
			delete_at(e, i);
	commit(e);
}

struct expiry {
	struct sim_etcd *e;
	uint64_t lease;
};

static void expire(void *arg);

static void watch_lease(struct sim_etcd *e, uint64_t lease, uint64_t delay)
{
	struct expiry *x = malloc(sizeof(*x));

	*x = (struct expiry){ e, lease };
	sim_at(e->w, NULL, delay, expire, free, x);
}

/* Without a quorum no lease ends. */
static void expire(void *arg)
{
	struct expiry *x = arg;
	struct sim_etcd *e = x->e;
	struct lease *l = find_lease(e, x->lease);

	if (l && e->w->weather.no_quorum)
		watch_lease(e, l->id, SIM_S);
	else if (l && l->end > e->w->now)
		watch_lease(e, l->id, l->end - e->w->now);
	else if (l)
		end_lease(e, l->id);
	free(x);
}

void sim_etcd_grant(struct sim_etcd *e, uint64_t ttl_us, struct sim_reply *r)
{
	struct lease *l = malloc(sizeof(*l));

	*l = (struct lease){ ++e->next_lease, ttl_us, e->w->now + ttl_us, e->leases };
	e->leases = l;
	r->lease = l->id;
	watch_lease(e, l->id, ttl_us);
}

void sim_etcd_keepalive(struct sim_etcd *e, uint64_t lease, struct sim_reply *r)
{
	struct lease *l = find_lease(e, lease);

	if (l)
		l->end = e->w->now + l->ttl;
	else
		r->err = -ESTALE;
}

void sim_etcd_revoke(struct sim_etcd *e, uint64_t lease)
{
	end_lease(e, lease);
}

bool sim_etcd_events(struct sim_etcd *e, uint64_t from, struct sim_reply *r)
{
	if (from <= e->compacted) {
		r->err = -ESTALE;
		return true;
	}
	for (size_t i = 0; i < e->n_past; i++) {
		if (e->past[i].revision < from)
			continue;
		r->revision = e->past[i].revision;
		r->items = sim_items_copy(e->past[i].items, e->past[i].n);
		r->n_items = e->past[i].n;
		return true;
	}
	return false;
}

void sim_etcd_compact(struct sim_etcd *e)
{
	e->compacted = e->revision;
	for (size_t i = 0; i < e->n_past; i++)
		sim_items_free(e->past[i].items, e->past[i].n);
	e->n_past = 0;
}

void sim_etcd_weather(struct sim_etcd *e, bool quorum_came)
{
	for (struct lease *l = e->leases; l && quorum_came; l = l->next)
		l->end = e->w->now + l->ttl;
	wake(e);
}

void sim_etcd_listen(struct sim_etcd *e, uint32_t node, sim_fn fn, void *arg)
{
	e->listen[node] = (struct listener){ fn, arg };
}

void sim_etcd_wipe(struct sim_etcd *e)
{
	delete_prefix(e, "");
	commit(e);
	sim_etcd_compact(e);
	while (e->leases)
		end_lease(e, e->leases->id);
}

struct sim_etcd *sim_etcd_new(struct sim_world *w)
{
	struct sim_etcd *e = calloc(1, sizeof(*e));

	e->w = w;
	e->revision = 1;
	return e;
}

/* Records without a lease; of the past nothing. */
struct sim_etcd *sim_etcd_clone(struct sim_world *w, const struct sim_etcd *from)
{
	struct sim_etcd *e = sim_etcd_new(w);

	e->recs = calloc(from->n + 1, sizeof(*e->recs));
	e->room = from->n + 1;
	for (size_t i = 0; i < from->n; i++)
		if (!from->recs[i].lease)
			e->recs[e->n++] = (struct rec){ copy_item(&from->recs[i].item), 0 };
	e->revision = e->compacted = from->revision;
	e->next_lease = from->next_lease;
	return e;
}

void sim_etcd_free(struct sim_etcd *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->n; i++)
		free_item(&e->recs[i].item);
	for (size_t i = 0; i < e->n_past; i++)
		sim_items_free(e->past[i].items, e->past[i].n);
	while (e->leases) {
		struct lease *l = e->leases;

		e->leases = l->next;
		free(l);
	}
	free(e->recs);
	free(e->past);
	free(e);
}
