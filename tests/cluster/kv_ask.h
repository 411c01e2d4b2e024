/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kv_ask.h - a kv that is asked from another thread, and waited for. */
#ifndef TESTS_KV_ASK_H
#define TESTS_KV_ASK_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kv.h"

/* One question to a kv, asked on its thread and waited for. */
struct ask {
	struct kv *kv;
	const struct kv_cmp *cmp;
	const struct kv_op *op;
	size_t n_cmp, n_op;
	const char *prefix;
	void (*fn)(struct ask *ask);
	sem_t answered;
	bool inside;		/* fn() is running */
	int err;
	uint64_t revision;
	char *text;		/* of a range: "key=value@mod ..." */
	size_t n, bytes;
};

/* What a watch brings, a line a revision. */
struct seen {
	pthread_mutex_t lock;
	sem_t more;
	struct kv *kv;
	uint64_t from, last;
	int err;
	char *lines[4096];
	size_t n, bytes;
};

/* Whether kv_etcd is tested from now on: the one of the cluster file @path, if not NULL. */
bool kv_use_etcd(const char *path);
bool kv_is_etcd(void);
/* Other keys than before, for what is opened from now on. */
void kv_new_place(void);
struct kv *open_kv(void);
void close_kv(struct kv *kv);

void post_ask(void *ask);
/* Asks and waits; ask->err. */
int run(struct ask *ask);
void wait_for(sem_t *sem);
/* Values of ask->fn. */
void ask_txn(struct ask *ask);
void ask_range(struct ask *ask);
void ask_lease(struct ask *ask);
/* For post(). */
void call_unlease(void *kv);

int txn(struct kv *kv, const struct kv_cmp *cmp, size_t n_cmp, const struct kv_op *op, size_t n_op,
	uint64_t *revision);
/* Puts text; the revision. */
uint64_t put(struct kv *kv, const char *key, const char *value);
/* All of @prefix: "key=value key=value", sorted. */
void assert_holds(struct kv *kv, const char *prefix, const char *text);

struct seen *watch(struct kv *kv, uint64_t from);
/* Waits for one more; line @i is @text then. */
void assert_next(struct seen *seen, size_t i, const char *text);
/* When the kv is closed. */
void seen_free(struct seen *seen);

/* Has etcd forget what was before @revision. */
void compact_etcd(uint64_t revision);

#endif /* TESTS_KV_ASK_H */
