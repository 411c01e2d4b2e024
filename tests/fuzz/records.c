// SPDX-License-Identifier: GPL-2.0-or-later
/* records.c - what a store holds, as a list. */
#include "records.h"

#include <stdlib.h>
#include <string.h>

static bool before(const struct store_op *op, enum store_kind kind, uint64_t id)
{
	return op->kind != kind ? op->kind < kind : op->id < id;
}

static void remove_at(struct records *r, size_t i)
{
	free((void *)(uintptr_t)r->op[i].data);
	memmove(&r->op[i], &r->op[i + 1], (r->n - i - 1) * sizeof(r->op[0]));
	r->n--;
}

void records_put(struct records *r, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	void *copy;
	size_t i = 0;

	while (i < r->n && before(&r->op[i], kind, id))
		i++;
	if (i < r->n && r->op[i].kind == kind && r->op[i].id == id)
		remove_at(r, i);
	if (!data || r->n == RECORDS_MAX)
		return;
	copy = malloc(len ? len : 1);
	must(copy, "no memory");
	if (len)
		memcpy(copy, data, len);
	memmove(&r->op[i + 1], &r->op[i], (r->n - i) * sizeof(r->op[0]));
	r->op[i] = (struct store_op){ kind, id, copy, len };
	r->n++;
}

void records_clear(struct records *r)
{
	while (r->n)
		remove_at(r, r->n - 1);
}

static int take(void *opaque, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	records_put(opaque, kind, id, data, len);
	return 0;
}

void records_take(struct records *r, struct store *st)
{
	records_clear(r);
	st->ops->load(st, take, r);
	st->ops->scan(st, STORE_AUDIT, 0, take, r);
}

static int no_more(void *opaque, const struct store_txn *batch, const struct store_op **ops,
		   size_t *n_ops)
{
	(void)opaque;
	(void)batch;
	*ops = NULL;
	*n_ops = 0;
	return 0;
}

static void nothing(void *opaque)
{
	(void)opaque;
}

static void done(struct store_txn *txn, int err)
{
	(void)txn;
	must(!err, "no store");
}

struct store *records_store(const struct records *r)
{
	static const struct store_hooks hooks = { NULL, no_more, nothing };
	struct store_txn txn = { .ops = r->op, .n_ops = r->n, .done = done };
	struct store *st = store_mem_open();

	must(st && !st->ops->start(st, &hooks), "no store");
	st->ops->submit(st, &txn);
	return st;
}
