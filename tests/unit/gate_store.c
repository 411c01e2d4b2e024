// SPDX-License-Identifier: GPL-2.0-or-later
/* gate_store.c - a store whose commits can be held back or made to fail. */
#include "gate_store.h"

#include <stdlib.h>

static struct gate *to_gate(struct store *st)
{
	return (struct gate *)st;
}

static int gate_load(struct store *st, store_load_fn fn, void *opaque)
{
	struct store *inner = to_gate(st)->inner;

	return inner->ops->load(inner, fn, opaque);
}

static int gate_start(struct store *st, const struct store_hooks *hooks)
{
	struct store *inner = to_gate(st)->inner;

	return inner->ops->start(inner, hooks);
}

static int gate_scan(struct store *st, enum store_kind kind, uint64_t first, store_load_fn fn,
		     void *opaque)
{
	struct store *inner = to_gate(st)->inner;

	return inner->ops->scan(inner, kind, first, fn, opaque);
}

static void gate_submit(struct store *st, struct store_txn *txn)
{
	struct gate *g = to_gate(st);
	int fail = g->fail;

	g->submitted++;
	if (fail) {
		txn->done(txn, fail);
	} else if (g->hold) {
		txn->next = NULL;
		*g->end = txn;
		g->end = &txn->next;
	} else {
		g->inner->ops->submit(g->inner, txn);
	}
}

void gate_let_go(struct gate *g, int err)
{
	struct store_txn *txn = g->held, *next;

	g->hold = false;
	g->held = NULL;
	g->end = &g->held;
	for (; txn; txn = next) {
		next = txn->next;
		txn->next = NULL;
		if (err)
			txn->done(txn, err);
		else
			g->inner->ops->submit(g->inner, txn);
	}
}

static void gate_stop(struct store *st)
{
	struct gate *g = to_gate(st);

	gate_let_go(g, 0);
	g->inner->ops->stop(g->inner);
}

static void gate_close(struct store *st)
{
	struct gate *g = to_gate(st);

	g->inner->ops->close(g->inner);
	free(g);
}

struct gate *gate_open(struct store *inner)
{
	static const struct store_ops ops = {
		.load = gate_load, .start = gate_start, .submit = gate_submit,
		.scan = gate_scan, .stop = gate_stop, .close = gate_close,
	};
	struct gate *g = inner ? calloc(1, sizeof(*g)) : NULL;

	if (!g)
		return NULL;
	g->st.ops = &ops;
	g->end = &g->held;
	g->inner = inner;
	return g;
}
