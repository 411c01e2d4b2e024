// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * member_store.c - what the linker puts in the place of the simulator's disk for one of its
 * cards: a store in files. It is done when submit() returns, for the simulator has one thread.
 */
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "member.h"
#include "record.h"
#include "shim.h"

struct waiting {
	struct store st;
	struct store *real;
	struct sim_node *node;
};

/* A transaction that is waited for. */
struct waited {
	struct store_txn txn;
	sem_t done;
	int err;
};

static const char *folder;
static bool debts, doubts;

struct store *__real_sim_store_open(struct sim_disk *d, struct sim_proc *proc);
struct store *__wrap_sim_store_open(struct sim_disk *d, struct sim_proc *proc);
void __real_sim_store_kill(struct store *st);
void __wrap_sim_store_kill(struct store *st);

static struct waiting *to_waiting(struct store *st)
{
	return (struct waiting *)st;
}

static void done(struct store_txn *txn, int err)
{
	struct waited *w = (struct waited *)txn;

	w->err = err;
	sem_post(&w->done);
}

static void look(const struct store_txn *txn)
{
	for (size_t i = 0; i < txn->n_ops; i++) {
		const struct store_op *op = &txn->ops[i];

		debts |= op->kind == STORE_META && op->data && op->id >> 32;
		doubts |= op->kind == STORE_META && op->data && op->id == RECORD_DOUBT;
	}
}

bool member_store_saw_all(void)
{
	return debts && doubts;
}

/* With the power everything goes: nothing that the card says now is heard. */
static void waiting_submit(struct store *st, struct store_txn *txn)
{
	struct waiting *s = to_waiting(st);
	struct waited w = { .txn = *txn };

	look(txn);
	w.txn.done = done;
	w.txn.next = NULL;
	sem_init(&w.done, 0, 0);
	s->real->ops->submit(s->real, &w.txn);
	sem_wait(&w.done);
	sem_destroy(&w.done);
	if (shim_limited() && s->node->kv)
		sim_kv_kill(s->node->kv);
	txn->done(txn, w.err);
}

static int waiting_load(struct store *st, store_load_fn fn, void *opaque)
{
	struct store *real = to_waiting(st)->real;

	return real->ops->load(real, fn, opaque);
}

static int waiting_start(struct store *st, const struct store_hooks *hooks)
{
	struct store *real = to_waiting(st)->real;

	return real->ops->start(real, hooks);
}

static int waiting_scan(struct store *st, enum store_kind kind, uint64_t first, store_load_fn fn,
			void *opaque)
{
	struct store *real = to_waiting(st)->real;

	return real->ops->scan(real, kind, first, fn, opaque);
}

static void waiting_stop(struct store *st)
{
	struct store *real = to_waiting(st)->real;

	real->ops->stop(real);
}

static void waiting_close(struct store *st)
{
	struct store *real = to_waiting(st)->real;

	real->ops->close(real);
	free(st);
}

static const struct store_ops waiting_ops = {
	.load = waiting_load, .start = waiting_start, .submit = waiting_submit,
	.scan = waiting_scan, .stop = waiting_stop, .close = waiting_close,
};

/* A store that does not open: the simulator has no such thing, so it has nothing in it. */
static int no_load(struct store *st, store_load_fn fn, void *opaque)
{
	(void)st;
	(void)fn;
	(void)opaque;
	return -5;
}

static void no_close(struct store *st)
{
	free(st);
}

void member_store_in(const char *dir)
{
	folder = dir;
}

struct store *__wrap_sim_store_open(struct sim_disk *d, struct sim_proc *proc)
{
	static const struct store_ops none = { .load = no_load, .close = no_close };
	struct sim_node *node = &proc->w->node[proc->id];
	struct waiting *s;
	char path[600];

	if (!folder || proc->id != MEMBER)
		return __real_sim_store_open(d, proc);
	s = calloc(1, sizeof(*s));
	s->node = node;
	s->st.ops = &waiting_ops;
	snprintf(path, sizeof(path), "%s/store", folder);
	s->real = store_sqlite_open(path, node->err, sizeof(node->err));
	if (!s->real) {
		if (!shim_limited())
			sim_fail(proc->w, "the store does not open: %s", node->err);
		s->st.ops = &none;
	}
	return &s->st;
}

void __wrap_sim_store_kill(struct store *st)
{
	if (st->ops != &waiting_ops)
		__real_sim_store_kill(st);
}
