// SPDX-License-Identifier: GPL-2.0-or-later
/* fake_cluster.c - a cluster engine whose hooks a test calls by hand. */
#include "fake_cluster.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "scratch.h"

void image_clear(struct image *im)
{
	size_t i;

	for (i = 0; i < im->n; i++)
		free((void *)im->op[i].data);
	im->n = 0;
}

struct store_op *image_find(struct image *im, enum store_kind kind, uint64_t id)
{
	size_t i;

	for (i = 0; i < im->n; i++) {
		if (im->op[i].kind == kind && im->op[i].id == id)
			return &im->op[i];
	}
	return NULL;
}

static void append(struct image *im, const struct store_op *op)
{
	void *copy = NULL;

	assert_true(im->n < IMAGE_MAX);
	if (op->data) {
		copy = malloc(op->len);
		assert_non_null(copy);
		memcpy(copy, op->data, op->len);
	}
	im->op[im->n++] = (struct store_op){ op->kind, op->id, copy, op->len };
}

void image_put(struct image *im, const struct store_op *op)
{
	struct store_op *old = image_find(im, op->kind, op->id);

	if (old) {
		free((void *)old->data);
		*old = im->op[--im->n];
	}
	if (op->data)
		append(im, op);
}

void image_copy(struct image *to, const struct image *from)
{
	size_t i;

	image_clear(to);
	for (i = 0; i < from->n; i++)
		append(to, &from->op[i]);
	to->revision = from->revision;
}

void image_spoil(struct image *im, enum store_kind kind, uint64_t id, size_t at)
{
	struct store_op *op = image_find(im, kind, id);

	assert_non_null(op);
	assert_true(at < op->len);
	((uint8_t *)(uintptr_t)op->data)[at] ^= 1;
}

static int start(struct cluster *cl, uint32_t node, const struct cluster_hooks *hooks)
{
	(void)node;
	((struct fake *)cl)->hooks = hooks;
	return 0;
}

static void propose(struct cluster *cl, struct cluster_txn *txn)
{
	struct fake *f = (struct fake *)cl;

	assert_null(f->txn);
	f->txn = txn;
}

static void publish(struct cluster *cl, enum cluster_note kind, const void *data, size_t len)
{
	struct fake *f = (struct fake *)cl;

	assert_true(len <= CLUSTER_NOTE_MAX);
	if (data)
		memcpy(f->note[kind], data, len);
	f->note_len[kind] = data ? len : 0;
}

static void tick(struct cluster *cl, bool on)
{
	((struct fake *)cl)->ticking = on;
}

static void stop(struct cluster *cl)
{
	struct fake *f = (struct fake *)cl;

	if (f->txn)
		fake_fail(f, -EHOSTUNREACH);
	f->hooks = NULL;
}

static void close_it(struct cluster *cl)
{
	(void)cl;
}

static const struct cluster_ops fake_ops = {
	.name = "group", .start = start, .propose = propose, .publish = publish, .tick = tick,
	.stop = stop, .close = close_it,
};

void fake_init(struct fake *f, uint32_t node)
{
	const char *dir = getenv("TMPDIR");

	memset(f, 0, sizeof(*f));
	snprintf(f->path, sizeof(f->path), "%s/hsm-fake-%d-%u.db", dir ? dir : "/tmp", getpid(),
		 node);
	unlink(f->path);
	f->cl.ops = &fake_ops;
	card_init(&f->c, f->path);
	f->c.cfg.node_id = node;
}

void fake_clone(struct fake *f, uint32_t node, struct fake *from)
{
	size_t len;
	char *data = file_read(from->path, &len);

	fake_init(f, node);
	file_write(f->path, data, len);
	free(data);
}

void fake_free(struct fake *f)
{
	card_free(&f->c);
}

void fake_start(struct fake *f, bool alone)
{
	memset(f->note_len, 0, sizeof(f->note_len));
	f->c.cfg.cluster = alone ? NULL : &f->cl;
	if (!card_start(&f->c))
		fail_msg("%s", f->c.err);
}

int fake_image(struct fake *f, struct image *im)
{
	const struct store_op *ops;
	size_t i, n;
	int err = f->hooks->image(f->hooks->opaque, &ops, &n);

	image_clear(im);
	for (i = 0; !err && i < n; i++)
		append(im, &ops[i]);
	im->revision++;
	f->hooks->image_end(f->hooks->opaque);
	return err;
}

int fake_snapshot(struct fake *f, const struct image *im)
{
	return f->hooks->snapshot(f->hooks->opaque, im->revision, im->op, im->n);
}

void fake_join(struct fake *f, const struct image *im)
{
	uint32_t state;
	int i, err = fake_snapshot(f, im);

	if (err)
		fail_msg("%d: %s", err, fake_why(f, NULL));
	f->hooks->state(f->hooks->opaque, CLUSTER_ONLINE, NULL);
	for (i = 0; i < 5000 && (fake_why(f, &state), state == HSM_MEMBERSHIP_JOINING); i++)
		usleep(1000);
	assert_string_equal(fake_why(f, &state), "");
	assert_int_equal(state, HSM_MEMBERSHIP_ONLINE);
}

void fake_order(struct fake *f, struct image *im, struct image *entry)
{
	struct cluster_txn *txn;
	size_t i;

	/* It may wait for the store to have what came before. */
	for (i = 0; i < 5000 && !f->txn; i++)
		usleep(1000);
	txn = f->txn;
	assert_non_null(txn);
	assert_int_equal(txn->base, im->revision);
	image_clear(entry);
	for (i = 0; i < txn->n_ops; i++) {
		append(entry, &txn->ops[i]);
		image_put(im, &txn->ops[i]);
	}
	entry->revision = ++im->revision;
	f->txn = NULL;
	txn->done(txn, 0, im->revision);
}

void fake_fail(struct fake *f, int err)
{
	struct cluster_txn *txn = f->txn;

	assert_non_null(txn);
	f->txn = NULL;
	txn->done(txn, err, 0);
}

int fake_deliver(struct fake *f, const struct image *entry)
{
	return f->hooks->deliver(f->hooks->opaque, entry->revision, entry->op, entry->n);
}

void fake_note(struct fake *f, enum cluster_note kind, const struct fake *from)
{
	size_t len = from->note_len[kind];

	f->hooks->note(f->hooks->opaque, kind, from->c.cfg.node_id,
		       len ? from->note[kind] : NULL, len);
}

const char *fake_why(struct fake *f, uint32_t *state)
{
	static char why[128];
	uint32_t s = fw_membership(f->c.fw, why, sizeof(why));

	if (state)
		*state = s;
	return why;
}

uint32_t fake_send(struct fake *f, struct image *im, uint32_t ctx, struct msg *m,
		   struct fake *const others[])
{
	static struct image entry;

	exec_begin(&f->c, ctx, m);
	while (!m->done || f->txn) {
		if (!f->txn)
			usleep(1000);
		if (!f->txn)
			continue;
		fake_order(f, im, &entry);
		for (size_t i = 0; others && others[i]; i++)
			assert_int_equal(fake_deliver(others[i], &entry), 0);
	}
	image_clear(&entry);
	wait_done(m);
	assert_int_equal(m->result, FW_OK);
	return m->status;
}
