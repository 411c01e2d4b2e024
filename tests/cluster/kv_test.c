// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kv_test.c - what kv.h promises, of every kv: the one in memory, and etcd if HSM_ETCD
 * names a cluster file. Each test has keys of its own.
 */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "kv_ask.h"

static int setup(void **state)
{
	kv_new_place();
	*state = open_kv();
	return 0;
}

static int teardown(void **state)
{
	if (*state)
		close_kv(*state);
	return 0;
}

static void test_put_and_range(void **state)
{
	struct kv *kv = *state;
	uint64_t one, two;

	assert_holds(kv, "", "");
	one = put(kv, "r/1", "a");
	two = put(kv, "r/2", "b");
	assert_true(two > one);
	put(kv, "s", "");
	assert_holds(kv, "r/", "r/1=a r/2=b");
	assert_holds(kv, "", "r/1=a r/2=b s=");
	assert_holds(kv, "r/3", "");
}

static void test_compare(void **state)
{
	struct kv *kv = *state;
	const struct kv_op op[] = { { .what = KV_PUT, .key = "x", .value = "new", .len = 3 },
				    { .what = KV_PUT, .key = "y", .value = "new", .len = 3 } };
	struct kv_cmp cmp[] = { { "x", 0 }, { "z", 0 } };
	uint64_t rev, failed;

	assert_int_equal(txn(kv, cmp, 2, op, 2, &rev), 0);
	assert_int_equal(txn(kv, cmp, 2, op, 2, &failed), -EAGAIN);
	assert_true(failed >= rev);
	cmp[0].mod = rev + 1;
	assert_int_equal(txn(kv, cmp, 2, op, 2, NULL), -EAGAIN);
	assert_int_equal(txn(kv, cmp, 2, op, 1, NULL), -EAGAIN);
	cmp[0].mod = rev;
	put(kv, "z", "is here");
	assert_int_equal(txn(kv, cmp, 2, op, 2, NULL), -EAGAIN);
	assert_int_equal(txn(kv, cmp, 1, op, 1, &failed), 0);
	assert_true(failed > rev);
	assert_holds(kv, "", "x=new y=new z=is here");
}

static void test_delete(void **state)
{
	struct kv *kv = *state;
	const struct kv_op one = { .what = KV_DELETE, .key = "r/1" };
	const struct kv_op all[] = { { .what = KV_DELETE_PREFIX, .key = "r/" },
				     { .what = KV_PUT, .key = "s", .value = "1", .len = 1 } };
	struct seen *seen = watch(kv, put(kv, "r/1", "a"));

	assert_next(seen, 0, "r/1=a");
	put(kv, "r/2", "b");
	assert_next(seen, 1, "r/2=b");
	put(kv, "r0", "stays");
	assert_next(seen, 2, "r0=stays");
	assert_int_equal(txn(kv, NULL, 0, &one, 1, NULL), 0);
	assert_next(seen, 3, "r/1 gone");
	put(kv, "r/3", "c");
	assert_next(seen, 4, "r/3=c");
	assert_int_equal(txn(kv, NULL, 0, all, 2, NULL), 0);
	assert_next(seen, 5, "r/2 gone r/3 gone s=1");
	assert_holds(kv, "", "r0=stays s=1");
	close_kv(kv);
	*state = NULL;
	seen_free(seen);
}

/* etcd refuses it, so nobody may get used to it. */
static void test_one_key_twice(void **state)
{
	struct kv *kv = *state;
	const struct kv_op twice[] = { { .what = KV_PUT, .key = "r/1", .value = "1", .len = 1 },
				       { .what = KV_PUT, .key = "r/1", .value = "2", .len = 1 } };
	const struct kv_op under[] = { { .what = KV_DELETE_PREFIX, .key = "r/" },
				       { .what = KV_PUT, .key = "r/1", .value = "1", .len = 1 } };

	assert_int_not_equal(txn(kv, NULL, 0, twice, 2, NULL), 0);
	assert_int_not_equal(txn(kv, NULL, 0, under, 2, NULL), 0);
	assert_holds(kv, "", "");
}

static char big[9000];

/* As large as a transaction may be, and a value of every byte there is. */
static void put_large(struct kv *kv, uint64_t *revision)
{
	static char keys[100][16];
	struct kv_op op[100];

	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = (char)(i * 7);
	for (int i = 0; i < 100; i++) {
		snprintf(keys[i], sizeof(keys[i]), "r/%d", i);
		op[i] = (struct kv_op){ .what = KV_PUT, .key = keys[i], .value = big, .len = sizeof(big) };
	}
	assert_int_equal(txn(kv, NULL, 0, op, 100, revision), 0);
}

static void test_large(void **state)
{
	struct kv *kv = *state;
	struct ask ask = { .kv = kv, .prefix = "r/", .fn = ask_range };
	struct seen *seen;
	uint64_t first;

	put_large(kv, &first);
	for (int i = 0; i < 5; i++)
		put_large(kv, NULL);
	assert_int_equal(run(&ask), 0);
	assert_int_equal(ask.n, 100);
	assert_int_equal(ask.bytes, 100 * sizeof(big));
	free(ask.text);
	seen = watch(kv, first);
	for (int i = 0; i < 6; i++)
		wait_for(&seen->more);
	close_kv(kv);
	*state = NULL;
	assert_int_equal(seen->n, 6);
	assert_int_equal(seen->bytes, 600 * sizeof(big));
	for (int i = 1; i < 6; i++)
		assert_string_equal(seen->lines[i], seen->lines[0]);
	seen_free(seen);
}

struct writer {
	struct kv *kv;
	_Atomic bool stop;
	_Atomic unsigned int n;
};

/* Two keys, far apart, are always written together. */
static void *write_pairs(void *arg)
{
	struct writer *w = arg;
	char text[16];
	const struct kv_op op[] = { { .what = KV_PUT, .key = "r/0", .value = text, .len = 8 },
				    { .what = KV_PUT, .key = "r/z", .value = text, .len = 8 } };

	for (; !w->stop; w->n++) {
		snprintf(text, sizeof(text), "%08u", w->n);
		assert_int_equal(txn(w->kv, NULL, 0, op, 2, NULL), 0);
	}
	return NULL;
}

static void put_many(struct kv *kv, int from)
{
	char keys[100][16];
	struct kv_op op[100];

	for (int i = 0; i < 100; i++) {
		snprintf(keys[i], sizeof(keys[i]), "r/k%05d", from + i);
		op[i] = (struct kv_op){ .what = KV_PUT, .key = keys[i], .value = "v", .len = 1 };
	}
	assert_int_equal(txn(kv, NULL, 0, op, 100, NULL), 0);
}

static void test_range_is_of_one_revision(void **state)
{
	struct kv *kv = *state;
	struct writer w = { .kv = open_kv() };
	pthread_t thread;

	for (int i = 0; i < 1000; i += 100)
		put_many(kv, i);
	pthread_create(&thread, NULL, write_pairs, &w);
	while (w.n < 2)
		usleep(1000);
	for (int i = 0; i < 20; i++) {
		struct ask ask = { .kv = kv, .prefix = "r/", .fn = ask_range };

		assert_int_equal(run(&ask), 0);
		assert_int_equal(ask.n, 1002);
		assert_memory_equal(strstr(ask.text, "r/0=") + 4, strstr(ask.text, "r/z=") + 4, 8);
		free(ask.text);
	}
	w.stop = true;
	pthread_join(thread, NULL);
	close_kv(w.kv);
}

static void *count(void *arg)
{
	struct kv *kv = arg;
	const struct kv_op op = { .what = KV_PUT, .key = "root", .value = "", .len = 0 };
	struct kv_cmp cmp = { "root", 0 };
	uint64_t revision = 0;
	int err;

	for (int won = 0; won < 30;) {
		struct ask ask = { .kv = kv, .prefix = "root", .fn = ask_range };

		err = txn(kv, &cmp, 1, &op, 1, &revision);
		assert_true(!err || err == -EAGAIN);
		won += !err;
		cmp.mod = revision;
		if (err) {
			assert_int_equal(run(&ask), 0);
			free(ask.text);
		}
	}
	return NULL;
}

/* Of two that compare the same key, one wins; what wins is seen once and in order. */
static void test_race(void **state)
{
	struct kv *kv = *state;
	struct kv *other = open_kv();
	uint64_t first = put(kv, "first", "");
	struct seen *seen = watch(kv, first + 1);
	pthread_t threads[2];

	pthread_create(&threads[0], NULL, count, kv);
	pthread_create(&threads[1], NULL, count, other);
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	for (int i = 0; i < 60; i++)
		assert_next(seen, i, "root=");
	close_kv(other);
	close_kv(kv);
	*state = NULL;
	assert_int_equal(seen->n, 60);
	seen_free(seen);
}

static void test_watch_from(void **state)
{
	struct kv *kv = *state;
	uint64_t one = put(kv, "a", "1"), last;
	struct seen *seen, *again;

	put(kv, "a", "2");
	last = put(kv, "b", "3");
	seen = watch(kv, one + 1);
	assert_next(seen, 0, "a=2");
	assert_next(seen, 1, "b=3");
	again = watch(kv, last + 1);
	put(kv, "c", "4");
	assert_next(again, 0, "c=4");
	close_kv(kv);
	*state = NULL;
	assert_int_equal(seen->n, 2);
	assert_int_equal(again->n, 1);
	seen_free(seen);
	seen_free(again);
}

static void test_lease(void **state)
{
	struct kv *kv = *state;
	struct kv *other = open_kv();
	const struct kv_op op = { .what = KV_PUT, .key = "a/1", .value = "1", .len = 1, .leased = true };
	struct ask ask = { .kv = other, .fn = ask_lease };
	struct seen *seen = watch(kv, put(kv, "m/1", "stays"));

	assert_next(seen, 0, "m/1=stays");
	assert_int_equal(txn(other, NULL, 0, &op, 1, NULL), -EHOSTUNREACH);
	assert_int_equal(run(&ask), 0);
	assert_int_equal(txn(other, NULL, 0, &op, 1, NULL), 0);
	assert_next(seen, 1, "a/1=1");
	sleep(kv_is_etcd() ? 7 : 0);
	assert_holds(kv, "", "a/1=1 m/1=stays");
	other->ops->post(other, call_unlease, other);
	assert_next(seen, 2, "a/1 gone");
	assert_int_equal(run(&ask), 0);
	assert_int_equal(txn(other, NULL, 0, &op, 1, NULL), 0);
	assert_next(seen, 3, "a/1=1");
	close_kv(other);
	assert_next(seen, 4, "a/1 gone");
	assert_holds(kv, "", "m/1=stays");
	close_kv(kv);
	*state = NULL;
	seen_free(seen);
}

/* A watch cannot begin with what is forgotten; it says so, and one from later on works. */
static void test_compacted(void **state)
{
	struct kv *kv = *state;
	uint64_t first = put(kv, "x", "0"), last = first;
	struct seen *seen, *again;

	for (int i = 0; i < (kv_is_etcd() ? 10 : 2000); i++)
		last = put(kv, "x", "1");
	if (kv_is_etcd())
		compact_etcd(last);
	seen = watch(kv, first);
	wait_for(&seen->more);
	assert_int_equal(seen->err, -ESTALE);
	assert_int_equal(seen->n, 0);
	again = watch(kv, last + 1);
	put(kv, "x", "2");
	assert_next(again, 0, "x=2");
	assert_holds(kv, "", "x=2");
	close_kv(kv);
	*state = NULL;
	seen_free(seen);
	seen_free(again);
}

struct order {
	sem_t sem;
	int n;
	struct timespec at;
};

static void in_order(void *arg)
{
	struct order *o = arg;

	o->n++;
	clock_gettime(CLOCK_MONOTONIC, &o->at);
	sem_post(&o->sem);
}

static struct kv *timer_kv;

static void set_timers(void *arg)
{
	struct order *o = arg;

	timer_kv->ops->after(timer_kv, 60, in_order, &o[1]);
	timer_kv->ops->after(timer_kv, 30, in_order, &o[0]);
	timer_kv->ops->after(timer_kv, 600000, in_order, &o[0]);
	assert_int_equal(o[0].n + o[1].n, 0);
}

static void test_timers(void **state)
{
	struct order o[2] = { 0 };

	timer_kv = *state;
	sem_init(&o[0].sem, 0, 0);
	sem_init(&o[1].sem, 0, 0);
	timer_kv->ops->post(timer_kv, set_timers, o);
	wait_for(&o[1].sem);
	wait_for(&o[0].sem);
	assert_int_equal(o[0].n, 1);
	assert_true(o[0].at.tv_sec * 1000 + o[0].at.tv_nsec / 1000000 + 10 <=
		    o[1].at.tv_sec * 1000 + o[1].at.tv_nsec / 1000000);
}

static void test_close_drops(void **state)
{
	struct kv *kv = *state;
	struct ask asks[20];
	const struct kv_op op = { .what = KV_PUT, .key = "x", .value = "1", .len = 1 };

	for (int i = 0; i < 20; i++) {
		asks[i] = (struct ask){ .kv = kv, .op = &op, .n_op = 1, .fn = i % 2 ? ask_txn : ask_range,
					.prefix = "" };
		sem_init(&asks[i].answered, 0, 0);
		kv->ops->post(kv, post_ask, &asks[i]);
	}
	close_kv(kv);
	for (int i = 0; i < 20; i++)
		free(asks[i].text);
	*state = NULL;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static int run_suite(const char *name)
{
	const struct CMUnitTest tests[] = {
		TEST(test_put_and_range), TEST(test_compare), TEST(test_delete),
		TEST(test_one_key_twice), TEST(test_large), TEST(test_range_is_of_one_revision),
		TEST(test_race), TEST(test_watch_from), TEST(test_compacted), TEST(test_lease),
		TEST(test_timers), TEST(test_close_drops),
	};

	return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}

int main(void)
{
	int failed = run_suite("kv in memory");

	if (kv_use_etcd(getenv("HSM_ETCD")))
		failed += run_suite("kv in etcd");
	return failed ? 1 : 0;
}
