// SPDX-License-Identifier: GPL-2.0-or-later
/* cloned.c - an activated card with keys, of which tests take copies. */
#include "cloned.h"

#include <stdio.h>
#include <unistd.h>

#include "crypto.h"
#include "record.h"
#include "replica.h"
#include "scratch.h"

static char *model;
static size_t model_len;

int cloned_make(void **state)
{
	char label[16];
	struct card *c;
	int i;

	(void)state;
	if (setup_users_sqlite((void **)&c))
		return -1;
	for (i = 0; i < CLONED_KEYS; i++) {
		snprintf(label, sizeof(label), "key %d", i);
		made(c, ALICE, begin_aes(label));
	}
	card_stop(c);
	model = file_read(c->path, &model_len);
	unlink(c->path);
	free(c);
	return 0;
}

int cloned_remove(void **state)
{
	(void)state;
	free(model);
	return 0;
}

void cloned(struct fake *f, uint32_t node)
{
	fake_init(f, node);
	file_write(f->path, model, model_len);
}

void settle(struct fake *f, uint64_t position)
{
	int i;

	for (i = 0; i < 5000 && replica_position(f->c.fw) < position; i++)
		usleep(1000);
	assert_int_equal(replica_position(f->c.fw), position);
}

static int add_record(void *opaque, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	uint8_t in[32 + 16 + 32], *hash = opaque;

	if (kind == STORE_META && (id == RECORD_ROOT || id == RECORD_AUDIT_HEAD))
		return 0;
	memcpy(in, hash, 32);
	put_le64(in + 32, kind);
	put_le64(in + 40, id);
	assert_true(fc_sha256(data, len, in + 48));
	assert_true(fc_sha256(in, sizeof(in), hash));
	return 0;
}

void store_hash(struct fake *f, uint8_t hash[32])
{
	static const enum store_kind kinds[] = { STORE_META, STORE_USER, STORE_OBJECT };
	struct store *st = f->c.store;
	size_t i;

	memset(hash, 0, 32);
	for (i = 0; i < 3; i++)
		assert_int_equal(st->ops->scan(st, kinds[i], 0, add_record, hash), 0);
}

void key_hash(struct fake *f, uint8_t hash[32])
{
	uint64_t position;

	assert_true(fw_state(f->c.fw, &position, hash));
}

/* The store's thread may be about to. */
void same_keys(struct fake *a, struct fake *b)
{
	uint8_t x[32], y[32];
	int i = 0;

	do {
		usleep(1000);
		key_hash(a, x);
		key_hash(b, y);
	} while (memcmp(x, y, 32) && i++ < 3000);
	assert_memory_equal(x, y, 32);
}
