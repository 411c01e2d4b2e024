// SPDX-License-Identifier: GPL-2.0-or-later
/* test_kv_mem.c - what a group's kv holds: revisions, comparisons, history, leases. */
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

#include "kv_mem.h"

static int commit(struct mem_data *d, const struct kv_cmp *cmp, size_t n_cmp,
		  const struct kv_op *op, size_t n_op, const void *owner)
{
	struct mem_txn txn;
	int err;

	assert_true(mem_txn_copy(&txn, cmp, n_cmp, op, n_op, owner));
	err = mem_data_commit(d, &txn);
	mem_txn_free(&txn);
	return err;
}

static int put(struct mem_data *d, const char *key, const char *value, const void *owner)
{
	struct kv_op op = { KV_PUT, key, value, strlen(value), owner != NULL };

	return commit(d, NULL, 0, &op, 1, owner);
}

static int del(struct mem_data *d, enum kv_what what, const char *key)
{
	struct kv_op op = { .what = what, .key = key };

	return commit(d, NULL, 0, &op, 1, NULL);
}

/* "key=value@mod ..." of all there is. */
static void assert_holds(struct mem_data *d, const char *prefix, const char *text)
{
	char all[512] = "";
	size_t n;
	struct kv_item *items = mem_data_range(d, prefix, &n);

	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(all);

		snprintf(all + len, sizeof(all) - len, "%s%s=%.*s@%d", len ? " " : "",
			 items[i].key, (int)items[i].len, (const char *)items[i].value,
			 (int)items[i].mod);
	}
	free(items);
	assert_string_equal(all, text);
}

static void assert_change(struct mem_data *d, uint64_t revision, const char *text)
{
	const struct mem_change *ch = mem_data_at(d, revision);
	char all[512] = "";

	assert_non_null(ch);
	assert_int_equal(ch->revision, revision);
	for (size_t i = 0; i < ch->n; i++) {
		const struct kv_item *item = &ch->recs[i]->item;
		size_t len = strlen(all);

		assert_int_equal(item->mod, revision);
		snprintf(all + len, sizeof(all) - len, "%s%s%s", len ? " " : "",
			 item->value ? "+" : "-", item->key);
	}
	assert_string_equal(all, text);
}

static void keys_in_order(void **state)
{
	struct mem_data d;

	(void)state;
	mem_data_init(&d);
	assert_int_equal(put(&d, "b", "1", NULL), 0);
	assert_int_equal(put(&d, "a/2", "2", NULL), 0);
	assert_int_equal(put(&d, "a/1", "", NULL), 0);
	assert_int_equal(put(&d, "a", "4", NULL), 0);
	assert_int_equal(put(&d, "b", "5", NULL), 0);
	assert_holds(&d, "", "a=4@5 a/1=@4 a/2=2@3 b=5@6");
	assert_holds(&d, "a/", "a/1=@4 a/2=2@3");
	assert_holds(&d, "c", "");
	assert_int_equal(del(&d, KV_DELETE_PREFIX, "a/"), 0);
	assert_change(&d, 7, "-a/1 -a/2");
	assert_holds(&d, "", "a=4@5 b=5@6");
	/* What changes nothing is no revision. */
	assert_int_equal(del(&d, KV_DELETE, "a/1"), 0);
	assert_int_equal(d.revision, 7);
	assert_int_equal(del(&d, KV_DELETE, "a"), 0);
	assert_change(&d, 8, "-a");
	mem_data_free(&d);
}

static void whole_or_not_at_all(void **state)
{
	struct kv_cmp cmp[] = { { "a", 2 }, { "b", 0 } };
	struct kv_op op[] = { { KV_PUT, "b", "x", 1, false }, { KV_DELETE, "a", NULL, 0, false } };
	struct mem_data d;

	(void)state;
	mem_data_init(&d);
	put(&d, "a", "1", NULL);
	assert_int_equal(commit(&d, cmp, 2, op, 2, NULL), 0);
	assert_holds(&d, "", "b=x@3");
	assert_change(&d, 3, "+b -a");
	assert_int_equal(commit(&d, cmp, 2, op, 2, NULL), -EAGAIN);
	cmp[0] = (struct kv_cmp){ "b", 2 };
	assert_int_equal(commit(&d, cmp, 1, op, 2, NULL), -EAGAIN);
	cmp[0].mod = 3;
	assert_int_equal(commit(&d, cmp, 1, op, 2, NULL), 0);
	mem_data_free(&d);
}

/* As etcd: so that nobody gets used to what it refuses. */
static void no_key_twice(void **state)
{
	static const struct kv_op pairs[][2] = {
		{ { KV_PUT, "a", "1", 1, false }, { KV_PUT, "a", "2", 1, false } },
		{ { KV_PUT, "a", "1", 1, false }, { KV_DELETE, "a", NULL, 0, false } },
		{ { KV_PUT, "r/1", "1", 1, false }, { KV_DELETE_PREFIX, "r/", NULL, 0, false } },
		{ { KV_DELETE_PREFIX, "r/", NULL, 0, false }, { KV_PUT, "r/1", "1", 1, false } },
	};
	struct mem_data d;

	(void)state;
	mem_data_init(&d);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		assert_int_equal(commit(&d, NULL, 0, pairs[i], 2, NULL), -EINVAL);
	assert_int_equal(d.revision, 1);
	mem_data_free(&d);
}

static void history_is_bounded(void **state)
{
	static char large[1024 * 1024 + 1];
	struct mem_data d;

	(void)state;
	mem_data_init(&d);
	memset(large, 'x', sizeof(large) - 1);
	for (int i = 0; i < KV_MEM_HISTORY + 10; i++)
		put(&d, "a", "1", NULL);
	assert_null(mem_data_at(&d, 11));
	assert_change(&d, 12, "+a");
	assert_null(mem_data_at(&d, d.revision + 1));
	for (int i = 0; i < 100; i++)
		put(&d, "b", large, NULL);
	assert_true(d.bytes <= KV_MEM_BYTES);
	assert_null(mem_data_at(&d, d.revision - 40));
	assert_change(&d, d.revision - 10, "+b");
	mem_data_free(&d);
}

static void what_goes_with_a_lease(void **state)
{
	int one, other;
	struct mem_data d;

	(void)state;
	mem_data_init(&d);
	put(&d, "a", "1", &one);
	put(&d, "b", "1", &other);
	put(&d, "c", "1", &one);
	put(&d, "d", "1", NULL);
	/* Written over by somebody else: it is his. */
	put(&d, "c", "2", &other);
	mem_data_drop(&d, &one);
	assert_holds(&d, "", "b=1@3 c=2@6 d=1@5");
	assert_change(&d, 7, "-a");
	mem_data_drop(&d, &one);
	assert_int_equal(d.revision, 7);
	put(&d, "b", "2", NULL);
	mem_data_drop(&d, &other);
	assert_holds(&d, "", "b=2@8 d=1@5");
	mem_data_free(&d);
}

/* A kv as a member of a group; what its callbacks saw. */
struct user {
	struct kv *kv;
	pthread_mutex_t lock;
	pthread_cond_t moved;
	unsigned int done, events, last_err;
	int watch_err;
	uint64_t revision, seen;	/* of the last answer, the last event */
	bool inside;
};

static void moved(struct user *u, unsigned int *what)
{
	assert_false(u->inside);
	pthread_mutex_lock(&u->lock);
	(*what)++;
	pthread_cond_broadcast(&u->moved);
	pthread_mutex_unlock(&u->lock);
}

static void wait_for(struct user *u, const unsigned int *what, unsigned int n)
{
	pthread_mutex_lock(&u->lock);
	while (*what < n)
		pthread_cond_wait(&u->moved, &u->lock);
	pthread_mutex_unlock(&u->lock);
}

static void on_done(void *arg, int err, uint64_t revision)
{
	struct user *u = arg;

	u->last_err = (unsigned int)-err;
	u->revision = revision;
	moved(u, &u->done);
}

static void on_events(void *arg, int err, uint64_t revision, const struct kv_item *items, size_t n)
{
	struct user *u = arg;

	(void)items;
	(void)n;
	u->watch_err = err;
	if (!err)
		assert_int_equal(revision, u->seen + 1);
	u->seen = revision;
	moved(u, &u->events);
}

static void do_watch(void *arg)
{
	struct user *u = arg;

	u->inside = true;
	u->seen = 1;
	u->kv->ops->watch(u->kv, 2, on_events, u);
	u->inside = false;
}

static void do_put(void *arg)
{
	struct user *u = arg;
	struct kv_op op = { KV_PUT, "k", "v", 1, false };

	u->inside = true;
	u->kv->ops->txn(u->kv, NULL, 0, &op, 1, on_done, u);
	u->inside = false;
}

static void do_leased_put(void *arg)
{
	struct user *u = arg;
	struct kv_op op = { KV_PUT, "l", "v", 1, true };

	u->kv->ops->txn(u->kv, NULL, 0, &op, 1, on_done, u);
}

static void do_lease(void *arg)
{
	struct user *u = arg;

	u->inside = true;
	u->kv->ops->lease(u->kv, on_done, u);
	u->inside = false;
}

static void never(void *arg)
{
	(void)arg;
	fail_msg("called after close");
}

static void do_leave_behind(void *arg)
{
	struct user *u = arg;

	u->kv->ops->after(u->kv, 5, never, u);
	moved(u, &u->done);
}

static void user_open(struct user *u)
{
	memset(u, 0, sizeof(*u));
	pthread_mutex_init(&u->lock, NULL);
	pthread_cond_init(&u->moved, NULL);
	u->kv = kv_mem_open("here");
}

static void user_close(struct user *u)
{
	u->kv->ops->close(u->kv);
	pthread_mutex_destroy(&u->lock);
	pthread_cond_destroy(&u->moved);
}

static void ask(struct user *u, kv_call fn)
{
	unsigned int done = u->done;

	u->kv->ops->post(u->kv, fn, u);
	wait_for(u, &u->done, done + 1);
}

static void watched_in_order(void **state)
{
	struct user writer, watcher, late;

	(void)state;
	user_open(&writer);
	user_open(&watcher);
	user_open(&late);
	watcher.kv->ops->post(watcher.kv, do_watch, &watcher);
	for (int i = 0; i < KV_MEM_HISTORY + 5; i++)
		ask(&writer, do_put);
	wait_for(&watcher, &watcher.events, KV_MEM_HISTORY + 5);
	assert_int_equal(watcher.seen, writer.revision);
	/* One that begins with what is forgotten is told so. */
	late.kv->ops->post(late.kv, do_watch, &late);
	wait_for(&late, &late.events, 1);
	assert_int_equal(late.watch_err, -ESTALE);
	user_close(&late);
	user_close(&watcher);
	user_close(&writer);
}

static void a_lease_ends_with_its_member(void **state)
{
	struct user watcher, member;

	(void)state;
	user_open(&watcher);
	user_open(&member);
	watcher.kv->ops->post(watcher.kv, do_watch, &watcher);
	ask(&member, do_leased_put);
	assert_int_equal(member.last_err, EHOSTUNREACH);
	ask(&member, do_lease);
	ask(&member, do_leased_put);
	assert_int_equal(member.last_err, 0);
	wait_for(&watcher, &watcher.events, 1);
	user_close(&member);
	wait_for(&watcher, &watcher.events, 2);
	user_close(&watcher);
}

static void closed_with_calls_on_their_way(void **state)
{
	struct user stays, u;

	(void)state;
	user_open(&stays);
	for (int i = 0; i < 200; i++) {
		user_open(&u);
		u.kv->ops->post(u.kv, do_watch, &u);
		ask(&u, do_leave_behind);
		u.kv->ops->post(u.kv, do_put, &u);
		user_close(&u);
	}
	ask(&stays, do_put);
	user_close(&stays);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_in_order),
		cmocka_unit_test(whole_or_not_at_all),
		cmocka_unit_test(no_key_twice),
		cmocka_unit_test(history_is_bounded),
		cmocka_unit_test(what_goes_with_a_lease),
		cmocka_unit_test(watched_in_order),
		cmocka_unit_test(a_lease_ends_with_its_member),
		cmocka_unit_test(closed_with_calls_on_their_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
