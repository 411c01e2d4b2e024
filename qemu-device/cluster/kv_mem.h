/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * kv_mem.h - between kv_mem.c (the kv of a member), kv_mem_data.c (what a group holds) and
 * kv_mem_group.c (its thread and tasks).
 */
#ifndef HSM_KV_MEM_H
#define HSM_KV_MEM_H

#include <pthread.h>

#include "kv.h"

/* Revisions, and bytes of them, that a watch can go back. */
#define KV_MEM_HISTORY	1024
#define KV_MEM_BYTES	((size_t)32 * 1024 * 1024)

/* One state of one key; the map and the history share it. */
struct mem_rec {
	unsigned int refs;
	const void *owner;	/* whose lease it goes with, or NULL */
	struct kv_item item;	/* key and value follow the struct; value NULL: deleted */
};

/* What one revision changed. */
struct mem_change {
	uint64_t revision;
	size_t n, bytes;
	struct mem_rec *recs[];
};

/* Not locked: it belongs to the thread of the group. */
struct mem_data {
	struct mem_rec **recs;	/* by key */
	size_t n, room;
	uint64_t revision;
	struct mem_change *history[KV_MEM_HISTORY];	/* of revision r at r % KV_MEM_HISTORY */
	uint64_t oldest;	/* revision in the history; revision + 1: none */
	size_t bytes;
};

/* A transaction, copied. */
struct mem_op {
	enum kv_what what;
	struct mem_rec *rec;	/* of a delete: the key alone */
};

struct mem_txn {
	size_t n_cmp, n_op;
	struct kv_cmp *cmp;
	struct mem_op *op;
};

void mem_data_init(struct mem_data *d);
void mem_data_free(struct mem_data *d);

/* @owner: of its leased puts. False without memory. */
bool mem_txn_copy(struct mem_txn *txn, const struct kv_cmp *cmp, size_t n_cmp,
		  const struct kv_op *op, size_t n_op, const void *owner);
void mem_txn_free(struct mem_txn *txn);
/* 0 (d->revision is the transaction's), -EAGAIN, -EINVAL a key twice, -EHOSTUNREACH no memory. */
int mem_data_commit(struct mem_data *d, struct mem_txn *txn);
/* Removes what went with the lease of @owner. */
void mem_data_drop(struct mem_data *d, const void *owner);
/* The items of @prefix, their number in @n; to be freed. NULL without memory. */
struct kv_item *mem_data_range(const struct mem_data *d, const char *prefix, size_t *n);
/* What @revision changed; NULL if that is not known any more, or not yet. */
const struct mem_change *mem_data_at(const struct mem_data *d, uint64_t revision);

struct kv_mem;

struct mem_task {
	struct mem_task *next;
	struct kv_mem *kv;
	void (*run)(struct kv_mem *kv, struct mem_task *task);
	uint64_t due;			/* ns; 0: as soon as it is its turn */
	void *arg;
	union {
		kv_call call;
		kv_done done;
		kv_items items;
	};
	char *prefix;
	struct mem_txn txn;
};

struct mem_group {
	struct mem_group *next;		/* list_lock */
	char *name;
	unsigned int members;		/* list_lock */
	pthread_t thread;
	struct mem_data data;		/* of the thread */
	struct kv_mem *kvs;		/* likewise */
	pthread_mutex_t lock;		/* of the rest */
	pthread_cond_t wake, left;
	struct mem_task *ready, **tail;
	struct mem_task *timers;		/* by due time */
	bool end;
};

struct kv_mem {
	struct kv kv;
	struct mem_group *group;
	struct kv_mem *next;		/* of group->kvs */
	bool leased;
	kv_events events;		/* NULL: no watch */
	void *events_arg;
	uint64_t from;			/* next revision of the watch */
	bool watch_due;			/* a task of it waits */
	bool gone;			/* group->lock */
};

uint64_t mem_now(void);		/* ns */
/* @run is called on the thread of the group. */
typedef void (*mem_run)(struct kv_mem *kv, struct mem_task *task);

struct mem_task *mem_task_new(struct kv_mem *kv, mem_run run, void *arg);
/* From any thread. */
void mem_task_submit(struct mem_task *task);
/* Drops every task of @kv but the one that runs. */
void mem_group_forget(struct mem_group *g, const struct kv_mem *kv);
/* The group @name, with one member more. NULL without memory. */
struct mem_group *mem_group_enter(const char *name);
/* With one less; the last one ends it. */
void mem_group_leave(struct mem_group *g);

#endif /* HSM_KV_MEM_H */
