// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * forget.c - strikes a dead member off the cluster's list. It needs no secret: it takes away
 * what says that the member is there, unless the member holds its lease.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "kv.h"
#include "member_key.h"
#include "node.h"

#define ETCD "etcd:"

struct forget {
	struct kv *kv;
	uint32_t node;
	char card[MEMBER_KEY_SIZE], alive[MEMBER_KEY_SIZE];
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool end;
	int err;
};

static void end(struct forget *f, int err)
{
	pthread_mutex_lock(&f->lock);
	f->err = err;
	f->end = true;
	pthread_cond_signal(&f->ended);
	pthread_mutex_unlock(&f->lock);
}

static void gone(void *arg, int err, uint64_t revision)
{
	(void)revision;
	end(arg, err);
}

static void found(void *arg, int err, uint64_t revision, const struct kv_item *items, size_t n)
{
	struct forget *f = arg;
	struct kv_cmp cmp[] = { { .key = f->card }, { .key = f->alive } };
	const struct kv_op op = { .what = KV_DELETE, .key = f->card };

	(void)revision;
	for (size_t i = 0; !err && i < n; i++)
		if (!strcmp(items[i].key, f->card))
			cmp[0].mod = items[i].mod;
	if (err || !cmp[0].mod)
		end(f, err ? err : -ENOENT);
	else
		f->kv->ops->txn(f->kv, cmp, 2, &op, 1, gone, f);
}

static void look(void *arg)
{
	struct forget *f = arg;

	f->kv->ops->range(f->kv, f->card, found, f);
}

static int say(uint32_t node, int err)
{
	const char *what = err ? strerror(-err) : "is forgotten";

	if (err == -ENOENT)
		what = "is not on the list";
	else if (err == -EAGAIN)
		what = "is alive: end it first";
	else if (err == -ETIMEDOUT || err == -EPROTO || err == -EHOSTUNREACH)
		what = "may still be on the list: the cluster does not answer";
	else if (err == -EACCES)
		what = "is still on the list: the cluster refuses this user";
	fprintf(err ? stderr : stdout, "hsm-node: member %u %s\n", node, what);
	return err ? 1 : 0;
}

int node_forget(const struct options *o)
{
	struct forget f = {
		.lock = PTHREAD_MUTEX_INITIALIZER, .ended = PTHREAD_COND_INITIALIZER,
		.node = o->forget,
	};
	char err[NODE_ERR_MAX] = "--forget needs --cluster etcd:FILE";

	if (!strncmp(o->cluster, ETCD, strlen(ETCD)))
		f.kv = kv_etcd_open(o->cluster + strlen(ETCD), err, sizeof(err));
	if (!f.kv) {
		fprintf(stderr, "hsm-node: %s\n", err);
		return 1;
	}
	member_note_key(f.card, CLUSTER_CARD, f.node);
	member_note_key(f.alive, CLUSTER_ALIVE, f.node);
	f.kv->ops->post(f.kv, look, &f);
	pthread_mutex_lock(&f.lock);
	while (!f.end)
		pthread_cond_wait(&f.ended, &f.lock);
	pthread_mutex_unlock(&f.lock);
	f.kv->ops->close(f.kv);
	return say(f.node, f.err);
}
