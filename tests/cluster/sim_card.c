// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sim_card.c - a card of the simulator: a whole firmware over a simulated disk and network,
 * on a platform whose locks only watch over their own use: there is one thread.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster.h"
#include "sim.h"

#define SECRET "the secret of the simulator"

struct lock {
	struct sim_node *n;
	int readers;
	bool writer;
};

static uint64_t now_ms(void *opaque)
{
	struct sim_node *n = opaque;

	return sim_clock_ms(&n->proc);
}

/* One step per look, so that the log's times go up. */
static uint64_t wall_us(void *opaque)
{
	struct sim_node *n = opaque;

	return 1760000000000000ull + n->proc.w->now;
}

static bool measure(void *opaque, uint8_t sha256[32])
{
	(void)opaque;
	memset(sha256, 0x5a, 32);
	return true;
}

static void log_line(void *opaque, enum fw_log_level level, const char *line)
{
	struct sim_node *n = opaque;

	(void)level;
	sim_say(n->proc.w, "card %u: log: %s", n->proc.id, line);
}

static void *lock_new(void *opaque)
{
	struct lock *l = calloc(1, sizeof(*l));

	l->n = opaque;
	return l;
}

static void lock_free(void *opaque, void *lock)
{
	struct lock *l = lock;

	(void)opaque;
	assert(!l->readers && !l->writer);
	free(l);
}

/* Not recursive, in either way: what a second thread would wait for, this one would too. */
static void lock_read(void *opaque, void *lock)
{
	struct lock *l = lock;

	(void)opaque;
	assert(!l->writer && !l->readers);
	l->readers++;
	l->n->locks++;
}

static void lock_write(void *opaque, void *lock)
{
	struct lock *l = lock;

	(void)opaque;
	assert(!l->writer && !l->readers);
	l->writer = true;
	l->n->locks++;
}

static void unlock(void *opaque, void *lock)
{
	struct lock *l = lock;

	(void)opaque;
	assert(l->writer || l->readers == 1);
	l->writer = false;
	l->readers = 0;
	l->n->locks--;
}

static void make_platform(struct sim_node *n)
{
	n->platform = (struct fw_platform){
		.size = sizeof(n->platform), .opaque = n, .now_ms = now_ms, .wall_us = wall_us,
		.measure = measure, .log = log_line, .lock_new = lock_new,
		.lock_free = lock_free, .lock_read = lock_read, .lock_write = lock_write,
		.unlock = unlock,
	};
}

static void take_down(struct sim_world *w, struct sim_node *n)
{
	if (n->fw)
		fw_free(n->fw);
	n->fw = NULL;
	if (n->cluster)
		n->cluster->ops->close(n->cluster);
	n->cluster = NULL;
	if (n->store)
		n->store->ops->close(n->store);
	n->store = NULL;
	if (n->locks)
		sim_fail(w, "card %u: %d locks are held after it went", n->proc.id, n->locks);
	n->locks = 0;
	sim_proc_end_life(&n->proc);
}

bool sim_card_start(struct sim_world *w, struct sim_node *n)
{
	char address[32];
	struct fw_config cfg = {
		.platform = &n->platform, .secret = SECRET, .secret_len = strlen(SECRET),
		.serial = n->serial, .node_id = n->proc.id, .address = address,
	};

	snprintf(address, sizeof(address), "10.0.0.%u", n->proc.id);
	make_platform(n);
	sim_random_source(w);
	n->store = sim_store_open(n->disk, &n->proc);
	if (w->etcd) {
		n->kv = sim_kv_open(w, n->proc.id);
		n->cluster = member_open(n->kv);
	}
	cfg.store = n->store;
	cfg.cluster = n->cluster;
	n->err[0] = '\0';
	n->fw = fw_new(&cfg, n->err, sizeof(n->err));
	if (!n->fw)
		take_down(w, n);
	return n->fw;
}

void sim_card_stop(struct sim_world *w, struct sim_node *n)
{
	if (n->proc.paused)
		sim_resume(&n->proc);
	take_down(w, n);
}

void sim_card_kill(struct sim_world *w, struct sim_node *n)
{
	n->killing = true;
	sim_resume(&n->proc);
	if (n->kv)
		sim_kv_kill(n->kv);
	if (n->store)
		sim_store_kill(n->store);
	take_down(w, n);
	n->killing = false;
}
