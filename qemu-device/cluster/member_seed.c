// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * member_seed.c - making an image where there is none, or anew where nothing lasts.
 *
 * Who makes it holds the claim, a key under its lease. Every transaction of the making
 * compares the claim's revision, and the last one writes the root and takes the claim
 * away: a maker who was held up, or whose answer was lost, can do nothing once the claim
 * is gone or another's, and nobody sees an image without its end.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "member_int.h"

/* What follows an answer: done, beaten by another, or anything else. */
enum outcome { DONE, BEATEN, FAILED, OUTCOMES };

static const enum member_phase next_phase[M_PHASES][OUTCOMES] = {
	[M_UNCLAIM] = { M_RANGE, M_RANGE, M_REST },
	[M_CLAIM] = { M_FILL, M_RANGE, M_REST },
	[M_FILL] = { M_FILL, M_RANGE, M_REST },
};

static void go_on(struct member *m, int err)
{
	enum outcome outcome = !err ? DONE : err == -EAGAIN ? BEATEN : FAILED;

	if (outcome == FAILED)
		member_fault(m, err);
	member_go(m, next_phase[m->phase][outcome]);
}

static void claim_text(const struct member *m, char text[12])
{
	snprintf(text, 12, "%u", (unsigned int)m->node);
}

bool member_claim_own(const struct member *m, const struct kv_item *item)
{
	char text[12];

	claim_text(m, text);
	return item->len == strlen(text) && !memcmp(item->value, text, item->len);
}

static void on_unclaim(void *arg, int err, uint64_t revision)
{
	struct member *m = arg;

	(void)revision;
	if (m->phase != M_UNCLAIM)
		return;
	if (m->give_up)
		member_refuse(m, "this card has nothing to begin a cluster with");
	else
		go_on(m, err);
}

void member_enter_unclaim(struct member *m)
{
	struct kv_cmp cmp = { MEMBER_SEEDING, m->claim };
	struct kv_op op = { .what = KV_DELETE, .key = MEMBER_SEEDING };

	m->kv->ops->txn(m->kv, &cmp, 1, &op, 1, on_unclaim, m);
}

static void on_claim(void *arg, int err, uint64_t revision)
{
	struct member *m = arg;

	if (m->phase != M_CLAIM)
		return;
	m->claim = revision;
	m->image_done = m->image_part = 0;
	go_on(m, err);
}

/* Only who saw the newest image, or that there is none, may take it away. */
void member_enter_claim(struct member *m)
{
	char text[12];
	struct kv_cmp cmp[] = {
		{ MEMBER_SEEDING, 0 },
		{ member_root_key(), m->root },
	};
	struct kv_op op[] = {
		{ .what = KV_PUT, .key = MEMBER_SEEDING, .value = text, .leased = true },
		{ .what = KV_DELETE_PREFIX, .key = MEMBER_RECORDS },
	};

	member_txn_drop(m);
	if (!m->lease) {
		member_go(m, M_LEASE);
		return;
	}
	claim_text(m, text);
	op[0].len = strlen(text);
	m->kv->ops->txn(m->kv, cmp, 2, op, 2, on_claim, m);
}

void member_image_end(struct member *m)
{
	if (m->image_open)
		m->hooks->image_end(m->hooks->opaque);
	m->image_open = false;
	m->image = NULL;
}

/* Asks for what the image is to hold. */
static bool get_image(struct member *m)
{
	const struct store_op *last;

	if (m->hooks->image(m->hooks->opaque, &m->image, &m->image_n))
		return false;
	m->image_open = true;
	if (!m->image_n)
		return false;
	last = &m->image[m->image_n - 1];
	return last->kind == STORE_META && last->id == CLUSTER_ROOT && last->data;
}

/* How many records the next transaction holds. */
static size_t part(const struct member *m)
{
	size_t n = 0, bytes = 0, left = m->image_n - m->image_done;

	while (n < left && n < CLUSTER_OPS_MAX) {
		bytes += m->image[m->image_done + n].len;
		if (n && bytes > CLUSTER_BYTES_MAX)
			break;
		n++;
	}
	return n;
}

static void on_fill(void *arg, int err, uint64_t revision)
{
	struct member *m = arg;

	(void)revision;
	if (m->phase != M_FILL)
		return;
	m->image_done += m->image_part;
	if (!err && m->image_done == m->image_n)
		member_go(m, M_RANGE);
	else
		go_on(m, err);
}

static void send_part(struct member *m)
{
	const struct store_op *rec = &m->image[m->image_done];
	struct kv_cmp cmp[] = {
		{ MEMBER_SEEDING, m->claim },
		{ member_root_key(), 0 },
	};
	struct kv_op op[CLUSTER_OPS_MAX + 1];
	char keys[CLUSTER_OPS_MAX][MEMBER_KEY_SIZE];
	size_t n = m->image_part = part(m);

	for (size_t i = 0; i < n; i++) {
		member_record_key(keys[i], rec[i].kind, rec[i].id);
		op[i] = (struct kv_op){ .what = KV_PUT, .key = keys[i], .value = rec[i].data,
					.len = rec[i].len };
	}
	if (m->image_done + n == m->image_n)
		op[n++] = (struct kv_op){ .what = KV_DELETE, .key = MEMBER_SEEDING };
	m->kv->ops->txn(m->kv, cmp, 2, op, n, on_fill, m);
}

void member_enter_fill(struct member *m)
{
	if (!m->image && !get_image(m)) {
		m->give_up = true;
		member_go(m, M_UNCLAIM);
		return;
	}
	send_part(m);
}
