// SPDX-License-Identifier: GPL-2.0-or-later
/* lab_gate.c - a kv that can be cut off from the one behind it. */
#include "lab_gate.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

struct gate_kv {
	struct kv kv;
	struct kv *inner;
	bool off;		/* on the kv's thread */
	kv_events events;
	void *events_arg;
	kv_done lease;
	void *lease_arg;
};

/* A request that fails in a moment. */
struct failing {
	struct gate_kv *g;
	kv_done done;
	kv_items items;
	void *arg;
};

static struct gate_kv *to_gate(struct kv *kv)
{
	return (struct gate_kv *)kv;
}

static void fail_now(void *arg)
{
	struct failing *f = arg;

	if (f->done)
		f->done(f->arg, -EHOSTUNREACH, 0);
	else
		f->items(f->arg, -EHOSTUNREACH, 0, NULL, 0);
	free(f);
}

static void fail_soon(struct gate_kv *g, kv_done done, kv_items items, void *arg)
{
	struct failing *f = malloc(sizeof(*f));

	*f = (struct failing){ g, done, items, arg };
	g->inner->ops->after(g->inner, 20, fail_now, f);
}

static void gate_txn(struct kv *kv, const struct kv_cmp *cmp, size_t n_cmp, const struct kv_op *op,
		     size_t n_op, kv_done done, void *arg)
{
	struct gate_kv *g = to_gate(kv);

	if (g->off)
		fail_soon(g, done, NULL, arg);
	else
		g->inner->ops->txn(g->inner, cmp, n_cmp, op, n_op, done, arg);
}

static void gate_range(struct kv *kv, const char *prefix, kv_items items, void *arg)
{
	struct gate_kv *g = to_gate(kv);

	if (g->off)
		fail_soon(g, NULL, items, arg);
	else
		g->inner->ops->range(g->inner, prefix, items, arg);
}

static void watch_over(void *arg)
{
	struct gate_kv *g = arg;
	kv_events events = g->events;

	g->events = NULL;
	if (events)
		events(g->events_arg, -EIO, 0, NULL, 0);
}

static void gate_events(void *arg, int err, uint64_t revision, const struct kv_item *events,
			size_t n)
{
	struct gate_kv *g = arg;
	kv_events fn = g->events;

	if (err)
		g->events = NULL;
	if (fn)
		fn(g->events_arg, err, revision, events, n);
}

static void gate_watch(struct kv *kv, uint64_t from, kv_events events, void *arg)
{
	struct gate_kv *g = to_gate(kv);

	g->events = events;
	g->events_arg = arg;
	if (g->off)
		g->inner->ops->after(g->inner, 20, watch_over, g);
	else
		g->inner->ops->watch(g->inner, from, gate_events, g);
}

static void gate_unwatch(struct kv *kv)
{
	struct gate_kv *g = to_gate(kv);

	g->events = NULL;
	g->inner->ops->unwatch(g->inner);
}

static void gate_leased(void *arg, int err, uint64_t revision)
{
	struct gate_kv *g = arg;

	if (g->lease)
		g->lease(g->lease_arg, err, revision);
}

static void gate_lease(struct kv *kv, kv_done done, void *arg)
{
	struct gate_kv *g = to_gate(kv);

	g->lease = done;
	g->lease_arg = arg;
	if (g->off)
		fail_soon(g, done, NULL, arg);
	else
		g->inner->ops->lease(g->inner, gate_leased, g);
}

static void gate_unlease(struct kv *kv)
{
	struct gate_kv *g = to_gate(kv);

	g->lease = NULL;
	if (!g->off)
		g->inner->ops->unlease(g->inner);
}

static void gate_after(struct kv *kv, unsigned int ms, kv_call fn, void *arg)
{
	struct kv *inner = to_gate(kv)->inner;

	inner->ops->after(inner, ms, fn, arg);
}

static void gate_post(struct kv *kv, kv_call fn, void *arg)
{
	struct kv *inner = to_gate(kv)->inner;

	inner->ops->post(inner, fn, arg);
}

static void gate_close(struct kv *kv)
{
	struct kv *inner = to_gate(kv)->inner;

	inner->ops->close(inner);
	free(kv);
}

static void cut(void *arg)
{
	struct gate_kv *g = arg;
	kv_done lease = g->lease;

	g->off = true;
	g->inner->ops->unwatch(g->inner);
	g->inner->ops->unlease(g->inner);
	g->lease = NULL;
	watch_over(g);
	if (lease)
		lease(g->lease_arg, -ETIMEDOUT, 0);
}

static void join(void *arg)
{
	((struct gate_kv *)arg)->off = false;
}

void gate_kv_cut(struct kv *kv, bool off)
{
	struct gate_kv *g = to_gate(kv);

	g->inner->ops->post(g->inner, off ? cut : join, g);
}

struct kv *gate_kv_open(struct kv *inner)
{
	static const struct kv_ops ops = {
		.name = "gate", .txn = gate_txn, .range = gate_range, .watch = gate_watch,
		.unwatch = gate_unwatch, .lease = gate_lease, .unlease = gate_unlease,
		.after = gate_after, .post = gate_post, .close = gate_close,
	};
	struct gate_kv *g = inner ? calloc(1, sizeof(*g)) : NULL;

	if (!g)
		return NULL;
	g->inner = inner;
	g->kv = (struct kv){ .ops = &ops, .timeout_ms = inner->timeout_ms,
			     .lasting = inner->lasting };
	return &g->kv;
}
