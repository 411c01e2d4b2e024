/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * script_kv.h - a kv that answers what a test tells it to, when it tells it to. It has no
 * thread: posted calls run in script_run().
 */
#ifndef SCRIPT_KV_H
#define SCRIPT_KV_H

#include "kv.h"

#define SCRIPT_MAX	16

struct script_txn {
	char text[256];		/* "key@mod ... ? +key ~leased -key -prefix/ ..." */
	char value[1024];	/* of the last put */
	size_t len;
	kv_done done;
	void *arg;
};

struct script {
	struct kv kv;
	struct { kv_call fn; void *arg; } posts[SCRIPT_MAX], timers[SCRIPT_MAX];
	size_t n_posts, n_timers;
	struct script_txn txns[SCRIPT_MAX];	/* not answered; the oldest first */
	size_t n_txns;
	char prefix[64];
	kv_items items;		/* NULL: no range is asked for */
	void *items_arg;
	kv_events events;	/* NULL: no watch */
	void *events_arg;
	uint64_t from;
	kv_done lease;		/* the last one who asked */
	void *lease_arg;
	unsigned int leases, unleases, ranges;
	bool closed;
};

void script_init(struct script *k, bool lasting);
void script_run(struct script *k);
/* Fires the timers there are; not those that they start. */
void script_timers(struct script *k);
/* What the oldest transaction is, "" if there is none. */
const char *script_text(const struct script *k);
/* Answers it. */
void script_txn(struct script *k, int err, uint64_t revision);
void script_range(struct script *k, int err, uint64_t revision, const struct kv_item *items,
		  size_t n);
void script_events(struct script *k, int err, uint64_t revision, const struct kv_item *items,
		   size_t n);
void script_lease(struct script *k, int err);

#endif /* SCRIPT_KV_H */
