/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * membering.h - cards of a few lines for the tests of the cluster engine: each keeps its
 * copy of the image in an array, as it is told, and its root record counts the changes.
 */
#ifndef MEMBERING_H
#define MEMBERING_H

#include <pthread.h>
#include <stdbool.h>

#include "cluster.h"

#define TOY_RECORDS	4096	/* ids of objects */
#define TOY_NODES	8

/* The root record of these cards. */
struct toy_root {
	uint64_t number;	/* of the change, from 1 */
	uint32_t node;
	uint32_t count;		/* of that node's proposals */
};

struct toy {
	struct cluster *cl;
	struct cluster_hooks hooks;
	uint32_t node;
	bool no_image;		/* image() fails */
	pthread_mutex_t lock;	/* of the rest */
	pthread_cond_t moved;	/* after each hook */
	struct toy_root root;
	uint64_t base;		/* revision */
	uint64_t value[TOY_RECORDS];	/* 0: none */
	size_t padding;		/* bytes that each record of image() has besides */
	uint32_t count;
	/* What the hooks were called with. */
	enum cluster_state state;
	char why[160];
	unsigned int images, image_ends, snapshots, delivered, ticks, states;
	int answer;		/* of the next deliver(), once */
	int refuse;		/* of snapshot() */
	int done_err;
	uint64_t done_revision;
	unsigned int dones;
	size_t note_len[CLUSTER_NOTES][TOY_NODES];
	char note[CLUSTER_NOTES][TOY_NODES][CLUSTER_NOTE_MAX];
	unsigned int notes;
	/* The proposal. */
	struct cluster_txn txn;
	struct store_op ops[CLUSTER_OPS_MAX];
	struct toy_root next;
	uint64_t values[CLUSTER_OPS_MAX];
	struct store_op *image_ops;
	uint8_t *image_bytes;
};

void toy_init(struct toy *t, struct cluster *cl, uint32_t node);
void toy_start(struct toy *t);
/* Stops and closes. */
void toy_end(struct toy *t);

/* Puts @value at @id, 0 deletes; @n of them, from @id on. Does not wait. */
void toy_propose(struct toy *t, size_t id, size_t n, uint64_t value);
/* The same until it is ordered; fails the test if that takes too long. Returns its revision. */
uint64_t toy_change(struct toy *t, size_t id, uint64_t value);

/* Waits, and fails the test after ten seconds. */
void toy_wait_state(struct toy *t, enum cluster_state state);
void toy_wait_number(struct toy *t, uint64_t number);
void toy_wait_note(struct toy *t, enum cluster_note kind, uint32_t node, const char *text);
/* Until @n proposals are done. */
void toy_wait_done(struct toy *t, unsigned int n);
/* Whether two have the same image. */
bool toy_same(struct toy *a, struct toy *b);

#endif /* MEMBERING_H */
