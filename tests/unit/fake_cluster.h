/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fake_cluster.h - a cluster engine whose hooks a test calls by hand, and an image that
 * it can spoil. One thread.
 */
#ifndef HSM_FAKE_CLUSTER_H
#define HSM_FAKE_CLUSTER_H

#include "cluster.h"
#include "fixture.h"

#define IMAGE_MAX 2400

/* Records as the cluster keeps them. */
struct image {
	struct store_op op[IMAGE_MAX];	/* data: ours */
	size_t n;
	uint64_t revision;
};

void image_clear(struct image *im);
void image_copy(struct image *to, const struct image *from);
struct store_op *image_find(struct image *im, enum store_kind kind, uint64_t id);
/* Replaces, adds or (data NULL) removes. */
void image_put(struct image *im, const struct store_op *op);
/* Changes a byte of a record, which is there. */
void image_spoil(struct image *im, enum store_kind kind, uint64_t id, size_t at);

/* A card with such an engine. */
struct fake {
	struct cluster cl;
	const struct cluster_hooks *hooks;	/* NULL: not started, or stopped */
	struct cluster_txn *txn;		/* proposed */
	uint8_t note[CLUSTER_NOTES][CLUSTER_NOTE_MAX];
	size_t note_len[CLUSTER_NOTES];		/* 0: none, or taken away */
	bool ticking;
	struct card c;
	char path[128];
};

/* A card that is not started: node @node, its store a SQLite file that outlives card_stop(). */
void fake_init(struct fake *f, uint32_t node);
/* The same with a copy of the store of @from, which is not started. */
void fake_clone(struct fake *f, uint32_t node, struct fake *from);
/* Stops it and removes its store. */
void fake_free(struct fake *f);
/* Starts it; as a member unless @alone. */
void fake_start(struct fake *f, bool alone);

/* What the card makes an image of; the return value of the hook. */
int fake_image(struct fake *f, struct image *im);
/* Gives it a snapshot; the return value of the hook. */
int fake_snapshot(struct fake *f, const struct image *im);
/* All that a member sees when it joins: snapshot, ONLINE. Nothing may refuse it. */
void fake_join(struct fake *f, const struct image *im);

/* Orders what the card proposed: it goes into @im, and a copy of it into @entry. */
void fake_order(struct fake *f, struct image *im, struct image *entry);
/* Answers it with @err; it is not ordered. */
void fake_fail(struct fake *f, int err);
/* Delivers @entry to another. */
int fake_deliver(struct fake *f, const struct image *entry);
/* Hands over a note of @from. */
void fake_note(struct fake *f, enum cluster_note kind, const struct fake *from);

/* fw_membership()'s reason, in static memory; *@state may be NULL. */
const char *fake_why(struct fake *f, uint32_t *state);

/* Sends @m, orders what comes of it, delivers it to @others (NULL-terminated); the status. */
uint32_t fake_send(struct fake *f, struct image *im, uint32_t ctx, struct msg *m,
		   struct fake *const others[]);

#endif /* HSM_FAKE_CLUSTER_H */
