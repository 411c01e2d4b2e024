// SPDX-License-Identifier: GPL-2.0-or-later
/* test_store_wipe.c - a wipe: what is there after it, and what of the old bytes is not. */
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch.h"
#include "storing.h"

#define RECORDS		600
#define MARK_LEN	16

/* Random, so that it is found wherever a piece of a record is left. */
static uint8_t marks[RECORDS][MARK_LEN];

struct wiping {
	struct store_txn txn;
	sem_t done;
	int err;
};

static void wiped(struct store_txn *txn, int err)
{
	struct wiping *w = (struct wiping *)txn;

	w->err = err;
	sem_post(&w->done);
}

static int wipe(struct store *st, const struct store_op *ops, size_t n)
{
	struct wiping w = { .txn = { .ops = ops, .n_ops = n, .wipe = true, .done = wiped } };

	sem_init(&w.done, 0, 0);
	st->ops->submit(st, &w.txn);
	sem_wait(&w.done);
	sem_destroy(&w.done);
	return w.err;
}

/* Of all sizes, from part of a page to several; some twice, some deleted. */
static void fill(struct store *st)
{
	static uint8_t data[9000];
	struct store_op op = { .kind = STORE_OBJECT, .data = data };
	unsigned int i, at;

	for (i = 0; i < RECORDS; i++) {
		for (at = 0; at < MARK_LEN; at++)
			marks[i][at] = (uint8_t)rand();
		op.id = 6 + i % 400;
		op.len = 100 + (size_t)(rand() % 8800) / (i % 4 ? 20 : 1);
		for (at = 0; at + MARK_LEN <= op.len; at += MARK_LEN)
			memcpy(data + at, marks[i], MARK_LEN);
		assert_int_equal(commit_wait(st, &op, 1), 0);
		if (i % 7)
			continue;
		op = (struct store_op){ STORE_OBJECT, op.id, NULL, 0 };
		assert_int_equal(commit_wait(st, &op, 1), 0);
		op.data = data;
	}
}

static size_t left_in(const char *path)
{
	size_t len, n = 0;
	char *p;

	if (access(path, F_OK))
		return 0;
	p = file_read(path, &len);
	for (size_t i = 0; i < RECORDS; i++)
		n += memmem(p, len, marks[i], MARK_LEN) != NULL;
	free(p);
	return n;
}

static void no_byte_left(void **state)
{
	static const struct store_op ops[] = { { STORE_META, 0, "new", 3 }, { STORE_USER, 1, "u", 1 } };
	const char *path = scratch(*state, "store"), *log = scratch(*state, "store-wal");
	struct counting c;
	char err[256];
	struct store *st = store_sqlite_open(path, err, sizeof(err));

	assert_non_null(st);
	counting_init(&c);
	srand(11);
	assert_int_equal(st->ops->start(st, &c.hooks), 0);
	assert_int_equal(put_text(st, STORE_AUDIT, 0, "kept"), 0);
	fill(st);
	/* Else the test would find nothing whatever a wipe does. */
	assert_true(left_in(path) + left_in(log) > RECORDS / 2);
	assert_int_equal(wipe(st, ops, 2), 0);
	assert_int_equal(left_in(path), 0);
	assert_int_equal(left_in(log), 0);
	assert_int_equal(access(scratch(*state, "store-shm"), F_OK), -1);
	st->ops->stop(st);
	st->ops->close(st);
	assert_int_equal(left_in(path), 0);
}

static int one(void *opaque, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	char *text = opaque;

	(void)kind;
	snprintf(text + strlen(text), 64 - strlen(text), "%llu=%.*s ", (unsigned long long)id,
		 (int)len, (const char *)data);
	return 0;
}

/* In either engine: everything goes but the log, and what the transaction and the hook write is there. */
static void what_stays(struct store *st)
{
	static const struct store_op ops[] = { { STORE_USER, 1, "new", 3 } };
	char text[64] = "";
	struct counting c;

	assert_non_null(st);
	counting_init(&c);
	assert_int_equal(st->ops->start(st, &c.hooks), 0);
	assert_int_equal(put_text(st, STORE_AUDIT, 0, "a"), 0);
	assert_int_equal(put_text(st, STORE_AUDIT, 1, "b"), 0);
	assert_int_equal(put_text(st, STORE_USER, 1, "old"), 0);
	assert_int_equal(put_text(st, STORE_OBJECT, 6, "key"), 0);
	c.err = -5;
	assert_int_equal(wipe(st, ops, 1), -5);
	assert_string_equal(dump(st), "0/1=root 4 1/1=old 2/6=key ");
	c.err = 0;
	assert_int_equal(wipe(st, ops, 1), 0);
	assert_string_equal(dump(st), "0/1=root 5 1/1=new ");
	assert_int_equal(st->ops->scan(st, STORE_AUDIT, 0, one, text), 0);
	assert_string_equal(text, "0=a 1=b ");
	text[0] = '\0';
	assert_int_equal(st->ops->scan(st, STORE_AUDIT, 1, one, text), 0);
	assert_string_equal(text, "1=b ");
	st->ops->stop(st);
	st->ops->close(st);
}

static void stays_sqlite(void **state)
{
	char err[256];

	what_stays(store_sqlite_open(scratch(*state, "store"), err, sizeof(err)));
}

static void stays_mem(void **state)
{
	(void)state;
	what_stays(store_mem_open());
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, scratch_make, scratch_remove)
	const struct CMUnitTest tests[] = {
		TEST(no_byte_left), TEST(stays_sqlite), TEST(stays_mem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
