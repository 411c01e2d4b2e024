// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kv_mem.c - keys and values in the memory of one process, for the cards of one machine.
 *
 * Cards that open the same name share a group: its data, and one thread that does
 * everything. What is asked for becomes a task; tasks run one after the other, so that a
 * callback never runs within the call that asked for it, and the data does not change
 * under one. A group goes with its last member, and with it all it holds.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kv_mem.h"

#define TIMEOUT_MS	5000

static struct kv_mem *to_mem(struct kv *kv)
{
	return (struct kv_mem *)kv;
}

static void run_watch(struct kv_mem *kv, struct mem_task *task);

/* Has the thread look after the watch of @kv if there is something for it. */
static void poke(struct kv_mem *kv)
{
	if (!kv->events || kv->watch_due || kv->from > kv->group->data.revision)
		return;
	kv->watch_due = true;
	mem_task_submit(mem_task_new(kv, run_watch, NULL));
}

static void poke_all(struct mem_group *g)
{
	for (struct kv_mem *kv = g->kvs; kv; kv = kv->next)
		poke(kv);
}

static size_t event_items(const struct mem_change *ch, struct kv_item *items)
{
	for (size_t i = 0; i < ch->n; i++)
		items[i] = ch->recs[i]->item;
	return ch->n;
}

static void end_watch(struct kv_mem *kv, int err)
{
	kv_events events = kv->events;

	kv->events = NULL;
	events(kv->events_arg, err, kv->group->data.revision, NULL, 0);
}

/* One revision at a time, so that all members come forward together. */
static void run_watch(struct kv_mem *kv, struct mem_task *task)
{
	const struct mem_change *ch = mem_data_at(&kv->group->data, kv->from);
	struct kv_item *items;

	(void)task;
	kv->watch_due = false;
	if (!kv->events || kv->from > kv->group->data.revision)
		return;
	if (!ch) {
		end_watch(kv, -ESTALE);
		return;
	}
	items = calloc(ch->n, sizeof(*items));
	if (!items) {
		end_watch(kv, -EIO);
		return;
	}
	kv->from++;
	kv->events(kv->events_arg, 0, ch->revision, items, event_items(ch, items));
	free(items);
	poke(kv);
}

static void mem_watch(struct kv *base, uint64_t from, kv_events events, void *arg)
{
	struct kv_mem *kv = to_mem(base);

	kv->events = events;
	kv->events_arg = arg;
	kv->from = from;
	poke(kv);
}

static void mem_unwatch(struct kv *base)
{
	to_mem(base)->events = NULL;
}

/* Without a lease there is nothing that a leased put could go with. */
static bool needs_lease(const struct mem_txn *txn)
{
	for (size_t i = 0; i < txn->n_op; i++)
		if (txn->op[i].rec->owner)
			return true;
	return false;
}

static void run_txn(struct kv_mem *kv, struct mem_task *task)
{
	struct mem_group *g = kv->group;
	int err = -EHOSTUNREACH;

	if (kv->leased || !needs_lease(&task->txn))
		err = mem_data_commit(&g->data, &task->txn);

	if (!err)
		poke_all(g);
	task->done(task->arg, err, g->data.revision);
}

static void run_no_memory(struct kv_mem *kv, struct mem_task *task)
{
	task->done(task->arg, -EHOSTUNREACH, kv->group->data.revision);
}

static void mem_txn(struct kv *base, const struct kv_cmp *cmp, size_t n_cmp,
		    const struct kv_op *op, size_t n_op, kv_done done, void *arg)
{
	struct kv_mem *kv = to_mem(base);
	struct mem_task *task = mem_task_new(kv, run_txn, arg);

	if (!mem_txn_copy(&task->txn, cmp, n_cmp, op, n_op, kv))
		task->run = run_no_memory;
	task->done = done;
	mem_task_submit(task);
}

static void run_range(struct kv_mem *kv, struct mem_task *task)
{
	const struct mem_data *d = &kv->group->data;
	size_t n = 0;
	struct kv_item *items = task->prefix ? mem_data_range(d, task->prefix, &n) : NULL;

	task->items(task->arg, items ? 0 : -EHOSTUNREACH, d->revision, items, items ? n : 0);
	free(items);
}

static void mem_range(struct kv *base, const char *prefix, kv_items items, void *arg)
{
	struct mem_task *task = mem_task_new(to_mem(base), run_range, arg);

	task->prefix = strdup(prefix);
	task->items = items;
	mem_task_submit(task);
}

static void run_lease(struct kv_mem *kv, struct mem_task *task)
{
	kv->leased = true;
	task->done(task->arg, 0, kv->group->data.revision);
}

static void mem_lease(struct kv *base, kv_done done, void *arg)
{
	struct mem_task *task = mem_task_new(to_mem(base), run_lease, arg);

	task->done = done;
	mem_task_submit(task);
}

static void drop_lease(struct kv_mem *kv)
{
	if (!kv->leased)
		return;
	kv->leased = false;
	mem_data_drop(&kv->group->data, kv);
	poke_all(kv->group);
}

static void run_unlease(struct kv_mem *kv, struct mem_task *task)
{
	(void)task;
	drop_lease(kv);
}

static void mem_unlease(struct kv *base)
{
	mem_task_submit(mem_task_new(to_mem(base), run_unlease, NULL));
}

static void run_call(struct kv_mem *kv, struct mem_task *task)
{
	(void)kv;
	task->call(task->arg);
}

static void mem_after(struct kv *base, unsigned int ms, kv_call fn, void *arg)
{
	struct mem_task *task = mem_task_new(to_mem(base), run_call, arg);

	task->call = fn;
	task->due = mem_now() + (uint64_t)ms * 1000000u;
	mem_task_submit(task);
}

static void mem_post(struct kv *base, kv_call fn, void *arg)
{
	struct mem_task *task = mem_task_new(to_mem(base), run_call, arg);

	task->call = fn;
	mem_task_submit(task);
}

static void unlist(struct kv_mem *kv)
{
	struct kv_mem **p = &kv->group->kvs;

	while (*p && *p != kv)
		p = &(*p)->next;
	if (*p)
		*p = kv->next;
}

static void run_leave(struct kv_mem *kv, struct mem_task *task)
{
	struct mem_group *g = kv->group;

	(void)task;
	kv->events = NULL;
	drop_lease(kv);
	unlist(kv);
	mem_group_forget(g, kv);
	pthread_mutex_lock(&g->lock);
	kv->gone = true;
	pthread_cond_broadcast(&g->left);
	pthread_mutex_unlock(&g->lock);
}

static void run_enter(struct kv_mem *kv, struct mem_task *task)
{
	(void)task;
	kv->next = kv->group->kvs;
	kv->group->kvs = kv;
}

static void mem_close(struct kv *base)
{
	struct kv_mem *kv = to_mem(base);
	struct mem_group *g = kv->group;

	mem_task_submit(mem_task_new(kv, run_leave, NULL));
	pthread_mutex_lock(&g->lock);
	while (!kv->gone)
		pthread_cond_wait(&g->left, &g->lock);
	pthread_mutex_unlock(&g->lock);
	mem_group_leave(g);
	free(kv);
}

static const struct kv_ops mem_ops = {
	.name = "group",
	.txn = mem_txn,
	.range = mem_range,
	.watch = mem_watch,
	.unwatch = mem_unwatch,
	.lease = mem_lease,
	.unlease = mem_unlease,
	.after = mem_after,
	.post = mem_post,
	.close = mem_close,
};

struct kv *kv_mem_open(const char *name)
{
	struct kv_mem *kv = calloc(1, sizeof(*kv));

	if (!kv)
		return NULL;
	kv->kv = (struct kv){ .ops = &mem_ops, .timeout_ms = TIMEOUT_MS };
	kv->group = mem_group_enter(name);
	if (!kv->group) {
		free(kv);
		return NULL;
	}
	mem_task_submit(mem_task_new(kv, run_enter, NULL));
	return &kv->kv;
}
