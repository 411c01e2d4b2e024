// SPDX-License-Identifier: GPL-2.0-or-later
/* membering.c - cards of a few lines for the tests of the cluster engine. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "membering.h"

static void enter(struct toy *t)
{
	pthread_mutex_lock(&t->lock);
}

static void leave(struct toy *t)
{
	pthread_cond_broadcast(&t->moved);
	pthread_mutex_unlock(&t->lock);
}

static int toy_image(void *opaque, const struct store_op **ops, size_t *n_ops)
{
	struct toy *t = opaque;
	size_t n = 0;

	enter(t);
	t->images++;
	t->image_ops = calloc(TOY_RECORDS + 2, sizeof(*t->image_ops));
	t->image_bytes = calloc(TOY_RECORDS, 8 + t->padding);
	t->image_ops[n++] = (struct store_op){ STORE_META, CLUSTER_HEADER, "salt", 4 };
	for (size_t i = 0; i < TOY_RECORDS; i++) {
		uint8_t *p = t->image_bytes + i * (8 + t->padding);

		if (!t->value[i])
			continue;
		memcpy(p, &t->value[i], 8);
		t->image_ops[n++] = (struct store_op){ STORE_OBJECT, i, p, 8 + t->padding };
	}
	if (!t->root.number)
		t->root = (struct toy_root){ 1, t->node, ++t->count };
	t->next = t->root;
	t->image_ops[n++] = (struct store_op){ STORE_META, CLUSTER_ROOT, &t->next,
					       sizeof(t->next) };
	*ops = t->image_ops;
	*n_ops = n;
	leave(t);
	return t->no_image ? -EPERM : 0;
}

static void toy_image_end(void *opaque)
{
	struct toy *t = opaque;

	enter(t);
	t->image_ends++;
	free(t->image_ops);
	free(t->image_bytes);
	t->image_ops = NULL;
	t->image_bytes = NULL;
	leave(t);
}

static void take(struct toy *t, const struct store_op *ops, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (ops[i].kind == STORE_OBJECT && ops[i].id < TOY_RECORDS) {
			t->value[ops[i].id] = 0;
			if (ops[i].data)
				memcpy(&t->value[ops[i].id], ops[i].data, 8);
		} else if (ops[i].kind == STORE_META && ops[i].id == CLUSTER_ROOT) {
			assert_int_equal(ops[i].len, sizeof(t->root));
			memcpy(&t->root, ops[i].data, sizeof(t->root));
		}
	}
}

static struct toy_root root_in(const struct store_op *ops, size_t n)
{
	struct toy_root root = { 0 };

	for (size_t i = 0; i < n; i++)
		if (ops[i].kind == STORE_META && ops[i].id == CLUSTER_ROOT &&
		    ops[i].len == sizeof(root))
			memcpy(&root, ops[i].data, sizeof(root));
	return root;
}

static int toy_snapshot(void *opaque, uint64_t revision, const struct store_op *ops, size_t n)
{
	struct toy *t = opaque;
	int err;

	enter(t);
	t->snapshots++;
	err = t->refuse ? t->refuse : root_in(ops, n).number < t->root.number ? -ESTALE : 0;
	if (!err) {
		memset(t->value, 0, sizeof(t->value));
		take(t, ops, n);
		t->base = revision;
	}
	leave(t);
	return err;
}

static int toy_deliver(void *opaque, uint64_t revision, const struct store_op *ops, size_t n)
{
	struct toy *t = opaque;
	struct toy_root root = root_in(ops, n);
	int err;

	enter(t);
	t->delivered++;
	err = t->answer ? t->answer : root.number != t->root.number + 1 ? -ESTALE : 0;
	t->answer = 0;
	if (!err) {
		take(t, ops, n);
		t->base = revision;
	}
	leave(t);
	return err;
}

static void toy_note(void *opaque, enum cluster_note kind, uint32_t node, const void *data,
		     size_t len)
{
	struct toy *t = opaque;

	enter(t);
	t->notes++;
	if (node < TOY_NODES) {
		t->note_len[kind][node] = data ? len : 0;
		memset(t->note[kind][node], 0, CLUSTER_NOTE_MAX);
		if (data)
			memcpy(t->note[kind][node], data, len);
	}
	leave(t);
}

static void toy_state(void *opaque, enum cluster_state state, const char *why)
{
	struct toy *t = opaque;

	enter(t);
	t->states++;
	t->state = state;
	snprintf(t->why, sizeof(t->why), "%s", why ? why : "");
	leave(t);
}

static void toy_tick(void *opaque)
{
	struct toy *t = opaque;

	enter(t);
	t->ticks++;
	leave(t);
}

static void toy_done(struct cluster_txn *txn, int err, uint64_t revision)
{
	struct toy *t = (struct toy *)((char *)txn - offsetof(struct toy, txn));

	enter(t);
	t->dones++;
	t->done_err = err;
	t->done_revision = revision;
	if (!err) {
		take(t, txn->ops, txn->n_ops);
		t->base = revision;
	}
	leave(t);
}

void toy_init(struct toy *t, struct cluster *cl, uint32_t node)
{
	memset(t, 0, sizeof(*t));
	t->cl = cl;
	t->node = node;
	t->hooks = (struct cluster_hooks){ t, toy_image, toy_image_end, toy_snapshot, toy_deliver,
					   toy_note, toy_state, toy_tick };
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->moved, NULL);
}

void toy_start(struct toy *t)
{
	assert_int_equal(t->cl->ops->start(t->cl, t->node, &t->hooks), 0);
}

void toy_end(struct toy *t)
{
	t->cl->ops->stop(t->cl);
	t->cl->ops->close(t->cl);
	assert_int_equal(t->images, t->image_ends + t->no_image * t->images);
	free(t->image_ops);
	free(t->image_bytes);
	pthread_mutex_destroy(&t->lock);
	pthread_cond_destroy(&t->moved);
}

void toy_propose(struct toy *t, size_t id, size_t n, uint64_t value)
{
	enter(t);
	for (size_t i = 0; i < n; i++) {
		t->values[i] = value;
		t->ops[i] = (struct store_op){ STORE_OBJECT, id + i, value ? &t->values[i] : NULL,
					       8 };
	}
	t->next = (struct toy_root){ t->root.number + 1, t->node, ++t->count };
	t->ops[n] = (struct store_op){ STORE_META, CLUSTER_ROOT, &t->next, sizeof(t->next) };
	t->txn = (struct cluster_txn){ .ops = t->ops, .n_ops = n + 1, .base = t->base,
				       .done = toy_done };
	leave(t);
	t->cl->ops->propose(t->cl, &t->txn);
}

static struct timespec deadline(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_sec += 10;
	return ts;
}

/* lock held. */
#define WAIT_FOR(t, condition) \
	do { \
		struct timespec until = deadline(); \
		\
		while (!(condition)) \
			if (pthread_cond_timedwait(&(t)->moved, &(t)->lock, &until)) \
				fail_msg("node %u waits in vain: " #condition, (t)->node); \
	} while (0)

uint64_t toy_change(struct toy *t, size_t id, uint64_t value)
{
	for (;;) {
		unsigned int dones;
		int err;

		enter(t);
		WAIT_FOR(t, t->state == CLUSTER_ONLINE);
		dones = t->dones;
		leave(t);
		toy_propose(t, id, 1, value);
		enter(t);
		WAIT_FOR(t, t->dones > dones);
		err = t->done_err;
		leave(t);
		if (!err)
			return t->done_revision;
		assert_true(err == -EAGAIN || err == -EHOSTUNREACH);
	}
}

void toy_wait_state(struct toy *t, enum cluster_state state)
{
	enter(t);
	WAIT_FOR(t, t->state == state);
	leave(t);
}

void toy_wait_number(struct toy *t, uint64_t number)
{
	enter(t);
	WAIT_FOR(t, t->root.number >= number);
	leave(t);
}

void toy_wait_note(struct toy *t, enum cluster_note kind, uint32_t node, const char *text)
{
	enter(t);
	WAIT_FOR(t, t->note_len[kind][node] == strlen(text) &&
		 !memcmp(t->note[kind][node], text, strlen(text)));
	leave(t);
}

void toy_wait_done(struct toy *t, unsigned int n)
{
	enter(t);
	WAIT_FOR(t, t->dones >= n);
	leave(t);
}

bool toy_same(struct toy *a, struct toy *b)
{
	return !memcmp(&a->root, &b->root, sizeof(a->root)) &&
	       !memcmp(a->value, b->value, sizeof(a->value));
}
