// SPDX-License-Identifier: GPL-2.0-or-later
/* test_store.c - both engines keep the contract of store.h. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scratch.h"
#include "storing.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* What every test gets: an engine that was started. */
struct bench {
	void *dir;		/* scratch folder */
	struct store *st;
	struct counting c;
};

static void bench_open(struct bench *b, bool sqlite)
{
	char err[256] = "";

	b->st = sqlite ? store_sqlite_open(scratch(b->dir, "store"), err, sizeof(err)) :
			 store_mem_open();
	if (!b->st)
		fail_msg("%s", err);
	counting_init(&b->c);
	assert_int_equal(b->st->ops->start(b->st, &b->c.hooks), 0);
}

static int make(void **state, bool sqlite)
{
	struct bench *b = calloc(1, sizeof(*b));

	if (scratch_make(&b->dir))
		return -1;
	bench_open(b, sqlite);
	*state = b;
	return 0;
}

static int make_mem(void **state)
{
	return make(state, false);
}

static int make_sqlite(void **state)
{
	return make(state, true);
}

static int remove_bench(void **state)
{
	struct bench *b = *state;
	int ret;

	b->st->ops->stop(b->st);
	b->st->ops->close(b->st);
	ret = scratch_remove(&b->dir);
	free(b);
	return ret;
}

static const char *stopped_dump(struct bench *b)
{
	b->st->ops->stop(b->st);
	return dump(b->st);
}

static void keeps_records(void **state)
{
	struct bench *b = *state;

	assert_int_equal(put_text(b->st, STORE_OBJECT, 300, "c"), 0);
	assert_int_equal(put_text(b->st, STORE_OBJECT, 7, "b"), 0);
	assert_int_equal(put_text(b->st, STORE_USER, 9, "a"), 0);
	assert_int_equal(put_text(b->st, STORE_OBJECT, 1ull << 40, "d"), 0);
	assert_int_equal(put_text(b->st, STORE_OBJECT, 8, ""), 0);
	assert_int_equal(put_text(b->st, STORE_OBJECT, 7, "changed"), 0);
	assert_int_equal(put_text(b->st, STORE_OBJECT, 300, NULL), 0);
	assert_int_equal(put_text(b->st, STORE_OBJECT, 301, NULL), 0);
	assert_string_equal(stopped_dump(b),
			    "0/1=root 8 1/9=a 2/7=changed 2/8= 2/1099511627776=d ");
	assert_int_equal(b->c.aborts, 0);
}

static void many_ops(void **state)
{
	const struct store_op ops[] = {
		{ STORE_OBJECT, 1, "a", 1 }, { STORE_OBJECT, 2, "b", 1 },
		{ STORE_OBJECT, 1, NULL, 0 }, { STORE_OBJECT, 3, "c", 1 },
		{ STORE_OBJECT, 3, "cc", 2 },
	};
	struct bench *b = *state;

	assert_int_equal(commit_wait(b->st, ops, COUNT(ops)), 0);
	assert_int_equal(commit_wait(b->st, NULL, 0), 0);
	assert_string_equal(stopped_dump(b), "0/1=root 2 2/2=b 2/3=cc ");
}

static void hook_fails(void **state)
{
	struct bench *b = *state;

	assert_int_equal(put_text(b->st, STORE_OBJECT, 1, "a"), 0);
	b->c.err = -ENOMEM;
	assert_int_equal(put_text(b->st, STORE_OBJECT, 2, "b"), -ENOMEM);
	b->c.err = 0;
	assert_int_equal(put_text(b->st, STORE_OBJECT, 3, "c"), 0);
	assert_string_equal(stopped_dump(b), "0/1=root 2 2/1=a 2/3=c ");
	assert_int_equal(b->c.aborts, 0);
}

static void takes_no_more(void **state)
{
	struct bench *b = *state;

	assert_int_equal(put_text(b->st, STORE_OBJECT, 1, "a"), 0);
	b->st->ops->stop(b->st);
	b->st->ops->stop(b->st);
	assert_int_equal(put_text(b->st, STORE_OBJECT, 2, "b"), -ESHUTDOWN);
	assert_string_equal(dump(b->st), "0/1=root 1 2/1=a ");
}

static int stop_at_third(void *opaque, enum store_kind kind, uint64_t id, const void *data,
			 size_t len)
{
	(void)kind;
	(void)data;
	(void)len;
	++*(unsigned int *)opaque;
	return id == 3 ? -77 : 0;
}

static void load_ends_early(void **state)
{
	struct bench *b = *state;
	unsigned int calls = 0;

	for (uint64_t id = 1; id < 6; id++)
		assert_int_equal(put_text(b->st, STORE_OBJECT, id, "x"), 0);
	b->st->ops->stop(b->st);
	assert_int_equal(b->st->ops->load(b->st, stop_at_third, &calls), -77);
	assert_int_equal(calls, 4);
	calls = 0;
	assert_int_equal(b->st->ops->load(b->st, stop_at_third, &calls), -77);
	assert_int_equal(calls, 4);
}

static struct ordered {
	struct store_txn txn;
	struct store_op op;
	unsigned int number;
} queue[500];
static unsigned int done_so_far;

static void in_order(struct store_txn *txn, int err)
{
	struct ordered *o = (struct ordered *)txn;

	/* A wrong one stops the count. */
	if (!err && o->number == done_so_far)
		done_so_far++;
}

/* stop() waits for all that was submitted; they are told in order. */
static void tells_in_order(void **state)
{
	struct bench *b = *state;

	done_so_far = 0;
	for (unsigned int i = 0; i < COUNT(queue); i++) {
		queue[i].op = (struct store_op){ STORE_OBJECT, i, "x", 1 };
		queue[i].txn = (struct store_txn){ .ops = &queue[i].op, .n_ops = 1,
						   .done = in_order };
		queue[i].number = i;
		b->st->ops->submit(b->st, &queue[i].txn);
	}
	b->st->ops->stop(b->st);
	assert_int_equal(done_so_far, COUNT(queue));
	assert_int_equal(b->c.txns, COUNT(queue));
}

struct submitter {
	struct bench *b;
	unsigned int number, failed;
};

static void *submit_many(void *opaque)
{
	struct submitter *s = opaque;

	for (unsigned int i = 0; i < 200; i++)
		s->failed += put_text(s->b->st, STORE_OBJECT, s->number * 1000 + i, "x") != 0;
	return NULL;
}

static int count_one(void *opaque, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	(void)id;
	(void)data;
	(void)len;
	*(unsigned int *)opaque += kind == STORE_OBJECT;
	return 0;
}

static void many_submitters(void **state)
{
	struct bench *b = *state;
	struct submitter s[8];
	pthread_t threads[COUNT(s)];
	unsigned int found = 0;

	for (unsigned int i = 0; i < COUNT(s); i++) {
		s[i] = (struct submitter){ .b = b, .number = i };
		assert_int_equal(pthread_create(&threads[i], NULL, submit_many, &s[i]), 0);
	}
	for (unsigned int i = 0; i < COUNT(s); i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(s[i].failed, 0);
	}
	b->st->ops->stop(b->st);
	assert_int_equal(b->st->ops->load(b->st, count_one, &found), 0);
	assert_int_equal(found, COUNT(s) * 200);
	assert_int_equal(b->c.txns, COUNT(s) * 200);
	print_message("           %u transactions in %u batches\n", b->c.txns, b->c.batches);
}

/* With the commit thread kept busy by the first, the others become one batch. */
static void shares_commits(void **state)
{
	struct bench *b = *state;

	tells_in_order(state);
	assert_true(b->c.batches < COUNT(queue) / 4);
}

#define BOTH(test) \
	cmocka_unit_test_setup_teardown(test, make_mem, remove_bench), \
	cmocka_unit_test_setup_teardown(test, make_sqlite, remove_bench)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(keeps_records),
		BOTH(many_ops),
		BOTH(hook_fails),
		BOTH(takes_no_more),
		BOTH(load_ends_early),
		BOTH(tells_in_order),
		BOTH(many_submitters),
		cmocka_unit_test_setup_teardown(shares_commits, make_sqlite, remove_bench),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
