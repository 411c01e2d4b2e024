// SPDX-License-Identifier: GPL-2.0-or-later
/* trio.c - three cards on one image that a test moves on by hand. */
#include "trio.h"

#include <stdio.h>
#include <unistd.h>

#include "replica.h"

struct fake trio[3];
struct image trio_image;

static struct image entry;

int setup_trio(void **state)
{
	unsigned int i;

	(void)state;
	fake_init(&trio[0], 0);
	fake_start(&trio[0], true);
	card_make_users(&trio[0].c);
	card_stop(&trio[0].c);
	fake_start(&trio[0], false);
	trio_image.revision = 0;
	assert_int_equal(fake_image(&trio[0], &trio_image), 0);
	for (i = 0; i < 3; i++) {
		static const char *const serials[] = { "TEST-0001", "TEST-0002", "TEST-0003" };

		if (i) {
			fake_init(&trio[i], i);
			trio[i].c.cfg.serial = serials[i];
			fake_start(&trio[i], false);
		}
		fake_join(&trio[i], &trio_image);
	}
	trio_notes();
	for (i = 0; i < 3; i++) {
		trio_tick(i, 3000);
		card_login_all(&trio[i].c);
	}
	return 0;
}

int teardown_trio(void **state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < 3; i++)
		fake_free(&trio[i]);
	image_clear(&trio_image);
	image_clear(&entry);
	return 0;
}

void trio_notes(void)
{
	unsigned int i, j;

	for (i = 0; i < 3; i++) {
		for (j = 0; j < 3; j++) {
			if (!trio[i].hooks || !trio[j].hooks)
				continue;
			fake_note(&trio[i], CLUSTER_CARD, &trio[j]);
			fake_note(&trio[i], CLUSTER_ALIVE, &trio[j]);
		}
	}
}

void trio_lose(unsigned int seen_by, unsigned int gone)
{
	const struct cluster_hooks *h = trio[seen_by].hooks;

	h->note(h->opaque, CLUSTER_ALIVE, gone, NULL, 0);
}

void trio_order(unsigned int from)
{
	WAIT_FOR(trio[from].txn);
	fake_order(&trio[from], &trio_image, &entry);
}

void trio_deliver(unsigned int to)
{
	uint64_t before = replica_position(trio[to].c.fw);

	assert_int_equal(fake_deliver(&trio[to], &entry), 0);
	WAIT_FOR(replica_position(trio[to].c.fw) > before);
}

const struct image *trio_entry(void)
{
	return &entry;
}

static void append(struct image *to, const struct store_op *op)
{
	void *copy = NULL;

	if (op->data) {
		copy = malloc(op->len);
		assert_non_null(copy);
		memcpy(copy, op->data, op->len);
	}
	to->op[to->n++] = (struct store_op){ op->kind, op->id, copy, op->len };
}

void trio_keep_proposal(unsigned int from, struct image *copy)
{
	const struct cluster_txn *txn = trio[from].txn;
	size_t i;

	image_clear(copy);
	for (i = 0; i < txn->n_ops; i++)
		append(copy, &txn->ops[i]);
}

void trio_make_true(const struct image *copy)
{
	size_t i;

	image_copy(&entry, copy);
	for (i = 0; i < copy->n; i++)
		image_put(&trio_image, &copy->op[i]);
	entry.revision = ++trio_image.revision;
}

void trio_tick(unsigned int i, unsigned int ms)
{
	const struct cluster_hooks *h = trio[i].hooks;

	trio[i].c.clock_ms += ms;
	h->tick(h->opaque);
}

static bool anything(void)
{
	unsigned int i, j;

	for (i = 0; i < 3; i++) {
		if (!trio[i].txn)
			continue;
		trio_order(i);
		for (j = 0; j < 3; j++) {
			if (j != i && trio[j].hooks)
				trio_deliver(j);
		}
		return true;
	}
	return false;
}

void trio_settle(void)
{
	unsigned int quiet = 0;

	while (quiet < 100) {
		quiet = anything() ? 0 : quiet + 1;
		usleep(2000);
		trio_notes();
	}
}

struct msg *trio_aes(const char *label)
{
	struct msg *m = malloc(sizeof(*m));

	assert_non_null(m);
	begin_in(m, HSM_CMD_KEY_GEN_SYM, FIRST_SESSION);
	add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
	add_u32(m, HSM_ATTR_VALUE_LEN, 32);
	add_text(m, HSM_ATTR_LABEL, label);
	return m;
}

void trio_begin(unsigned int i, struct msg *m)
{
	exec_begin(&trio[i].c, ALICE, m);
}

void trio_end(struct msg *m, enum fw_result result, uint32_t status)
{
	WAIT_FOR(m->done);
	wait_done(m);
	assert_int_equal(m->result, result);
	if (result == FW_OK)
		assert_int_equal(m->status, status);
	free(m);
}

unsigned int trio_seeing(const char *label)
{
	unsigned int i, n = 0;
	struct msg *m;

	for (i = 0; i < 3; i++) {
		if (!trio[i].c.fw)
			continue;
		m = begin_find();
		add_text(m, HSM_ATTR_LABEL, label);
		n += found(&trio[i].c, ALICE, m);
	}
	return n;
}

unsigned int trio_keys(unsigned int i)
{
	const struct object *o;
	unsigned int n = 0;

	fw_lock_read(trio[i].c.fw);
	for (o = trio[i].c.fw->objects.first; o; o = o->next)
		n++;
	fw_unlock(trio[i].c.fw);
	return n;
}
