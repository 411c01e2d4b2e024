// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "storing.h"

static int counting_seal(void *opaque, const struct store_txn *batch, const struct store_op **ops,
			 size_t *n_ops)
{
	struct counting *c = opaque;

	if (c->err)
		return c->err;
	c->batches++;
	for (; batch; batch = batch->next)
		c->txns++;
	snprintf(c->root, sizeof(c->root), "root %u", c->batches);
	c->op = (struct store_op){ STORE_META, 1, c->root, strlen(c->root) };
	*ops = &c->op;
	*n_ops = 1;
	return 0;
}

static void counting_abort(void *opaque)
{
	struct counting *c = opaque;

	c->aborts++;
}

void counting_init(struct counting *c)
{
	*c = (struct counting){
		.hooks = { .opaque = c, .seal = counting_seal, .abort = counting_abort },
	};
}

struct waiting {
	struct store_txn txn;
	sem_t done;
	int err;
};

static void wake(struct store_txn *txn, int err)
{
	struct waiting *w = (struct waiting *)txn;

	w->err = err;
	sem_post(&w->done);
}

int commit_wait(struct store *st, const struct store_op *ops, size_t n)
{
	struct waiting w = { .txn = { .ops = ops, .n_ops = n, .done = wake } };

	sem_init(&w.done, 0, 0);
	st->ops->submit(st, &w.txn);
	sem_wait(&w.done);
	sem_destroy(&w.done);
	return w.err;
}

int put_text(struct store *st, enum store_kind kind, uint64_t id, const char *text)
{
	struct store_op op = { kind, id, text, text ? strlen(text) : 0 };

	return commit_wait(st, &op, 1);
}

struct dump_to {
	char *at;
	size_t room;
};

static int dump_one(void *opaque, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	struct dump_to *to = opaque;
	int n = snprintf(to->at, to->room, "%d/%" PRIu64 "=%.*s ", (int)kind, id, (int)len,
			 (const char *)data);

	assert_true(n > 0 && (size_t)n < to->room);
	to->at += n;
	to->room -= (size_t)n;
	return 0;
}

const char *dump(struct store *st)
{
	static char text[1 << 16];
	struct dump_to to = { text, sizeof(text) };

	text[0] = 0;
	assert_int_equal(st->ops->load(st, dump_one, &to), 0);
	return text;
}

void sql(const char *path, const char *text)
{
	sqlite3 *db;
	char *err = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	if (sqlite3_exec(db, text, NULL, NULL, &err) != SQLITE_OK)
		fail_msg("%s: %s", text, err);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}
