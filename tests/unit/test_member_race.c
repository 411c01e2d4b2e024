// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_member_race.c - the order in which answers, entries and failures come: every one
 * that matters to a member that follows the image, made by hand.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "membering.h"
#include "script_kv.h"

#define ROOT "r/0/0000000000000001"
#define KEY "r/2/0000000000000007"

static struct script k;
static struct toy t;

/* An entry: number @number by node @node, that writes 7. */
static void entry(uint64_t revision, uint64_t number, uint32_t node)
{
	struct toy_root root = { number, node, 1 };
	uint64_t value = revision;
	struct kv_item items[] = {
		{ KEY, &value, 8, revision },
		{ ROOT, &root, sizeof(root), revision },
	};

	script_events(&k, 0, revision, items, 2);
}

/* The proposal that is out, as the watch shows it. */
static void own_entry(uint64_t revision)
{
	struct kv_item items[] = {
		{ KEY, &t.values[0], 8, revision },
		{ ROOT, &t.next, sizeof(t.next), revision },
	};

	script_events(&k, 0, revision, items, 2);
}

static void image(uint64_t revision, uint64_t mod, uint64_t number)
{
	struct toy_root root = { number, 9, 1 };
	struct kv_item items[] = {
		{ "r/0/0000000000000000", "salt", 4, mod },
		{ ROOT, &root, sizeof(root), mod },
	};

	script_range(&k, 0, revision, items, 2);
}

/* The root as it is now, to the one question that is asked. */
static void probe(uint64_t revision, uint64_t mod)
{
	struct kv_item item = { ROOT, "?", 1, mod };

	assert_string_equal(k.prefix, ROOT);
	script_range(&k, 0, revision, &item, 1);
}

/* A member with an image: its root is of revision 5, the store at 10. */
static void begin(bool lasting)
{
	script_init(&k, lasting);
	toy_init(&t, member_open(&k.kv), 1);
	toy_start(&t);
	script_run(&k);
	assert_int_equal(k.ranges, 0);
	script_lease(&k, 0);
	assert_string_equal(k.prefix, "");
	image(10, 5, 3);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	assert_int_equal(k.from, 11);
	assert_int_equal(t.base, 5);
}

static void end(void)
{
	toy_end(&t);
	assert_true(k.closed);
}

static void propose(void)
{
	toy_propose(&t, 7, 1, 70);
	script_run(&k);
}

static void out(void)
{
	propose();
	assert_string_equal(script_text(&k), "5=" ROOT " +" KEY " +" ROOT);
}

#define assert_done(n, err, revision) \
	do { \
		assert_int_equal(t.dones, n); \
		assert_int_equal(t.done_err, err); \
		assert_int_equal(t.done_revision, revision); \
	} while (0)

static void answer_first(void **state)
{
	(void)state;
	begin(true);
	out();
	script_txn(&k, 0, 12);
	assert_done(1, 0, 12);
	own_entry(12);
	assert_int_equal(t.delivered, 0);
	entry(13, 5, 2);
	assert_int_equal(t.delivered, 1);
	propose();
	assert_string_equal(script_text(&k), "13=" ROOT " +" KEY " +" ROOT);
	end();
	assert_done(2, -ETIMEDOUT, 0);
}

/* Also when the answer then never comes, and more has come meanwhile. */
static void entry_first(void **state)
{
	(void)state;
	begin(true);
	out();
	own_entry(12);
	assert_done(1, 0, 12);
	entry(13, 5, 2);
	assert_int_equal(t.delivered, 1);
	propose();
	assert_int_equal(k.n_txns, 2);
	script_txn(&k, -ETIMEDOUT, 0);
	assert_int_equal(t.dones, 1);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	script_txn(&k, 0, 14);
	assert_done(2, 0, 14);
	end();
}

static void beaten_before_the_winner_comes(void **state)
{
	(void)state;
	begin(true);
	out();
	script_txn(&k, -EAGAIN, 13);
	assert_int_equal(t.dones, 0);
	entry(12, 4, 2);
	assert_int_equal(t.delivered, 1);
	assert_done(1, -EAGAIN, 0);
	end();
}

static void the_winner_comes_before_the_answer(void **state)
{
	(void)state;
	begin(true);
	out();
	entry(12, 4, 2);
	assert_int_equal(t.delivered, 1);
	assert_done(1, -EAGAIN, 0);
	script_txn(&k, -EAGAIN, 12);
	assert_int_equal(t.dones, 1);
	end();
}

/* One whose base is no longer the newest is not even sent. */
static void an_old_base(void **state)
{
	(void)state;
	begin(true);
	entry(12, 4, 2);
	t.base = 5;
	propose();
	assert_int_equal(k.n_txns, 0);
	assert_done(1, -EAGAIN, 0);
	assert_int_equal(k.ranges, 1);
	/* Twice: it does not know what came. */
	propose();
	assert_done(2, -EAGAIN, 0);
	image(12, 12, 4);
	assert_int_equal(t.base, 12);
	propose();
	assert_string_equal(script_text(&k), "12=" ROOT " +" KEY " +" ROOT);
	end();
}

static void nobody_knows_and_it_shows_up(void **state)
{
	(void)state;
	begin(true);
	out();
	script_txn(&k, -ETIMEDOUT, 0);
	assert_done(1, -ETIMEDOUT, 0);
	assert_int_equal(t.state, CLUSTER_AWAY);
	assert_string_not_equal(t.why, "");
	propose();
	assert_done(2, -EHOSTUNREACH, 0);
	script_timers(&k);
	probe(15, 12);
	/* There is an entry that is not here yet. */
	assert_int_equal(t.state, CLUSTER_AWAY);
	entry(12, 4, 1);
	assert_int_equal(t.delivered, 1);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	end();
}

static void nobody_knows_and_the_next_one_wins(void **state)
{
	(void)state;
	begin(true);
	out();
	script_txn(&k, -EPROTO, 0);
	assert_done(1, -ETIMEDOUT, 0);
	script_timers(&k);
	script_range(&k, -EHOSTUNREACH, 0, NULL, 0);
	assert_int_equal(t.state, CLUSTER_AWAY);
	script_timers(&k);
	probe(10, 5);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	out();
	script_txn(&k, 0, 12);
	assert_done(2, 0, 12);
	end();
}

static void full_or_not_allowed(void **state)
{
	static const int errs[] = { -ENOSPC, -EACCES };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		begin(true);
		out();
		script_txn(&k, errs[i], 11);
		assert_done(1, errs[i], 0);
		assert_int_equal(t.state, CLUSTER_ONLINE);
		end();
	}
}

static void a_lost_watch_goes_on(void **state)
{
	struct kv_item gone = { .key = "a/2", .mod = 11 }, note = { "a/2", "x", 1, 12 };

	(void)state;
	begin(true);
	entry(12, 4, 2);
	script_events(&k, 0, 13, &note, 1);
	script_events(&k, -EIO, 0, NULL, 0);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	script_timers(&k);
	assert_int_equal(k.from, 14);
	/* What is known already changes nothing. */
	entry(12, 4, 2);
	script_events(&k, 0, 11, &gone, 1);
	assert_int_equal(t.delivered, 1);
	assert_int_equal(t.notes, 1);
	probe(13, 12);
	entry(14, 5, 2);
	assert_int_equal(t.delivered, 2);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	end();
}

/* What follows a proposal that is out may be in the image: its answer is told first. */
static void a_compacted_watch_while_one_is_out(void **state)
{
	(void)state;
	begin(true);
	out();
	script_events(&k, -ESTALE, 0, NULL, 0);
	assert_int_equal(k.ranges, 1);
	assert_int_equal(t.state, CLUSTER_AWAY);
	script_txn(&k, 0, 12);
	assert_done(1, 0, 12);
	assert_int_equal(k.ranges, 2);
	image(20, 18, 9);
	assert_int_equal(t.snapshots, 2);
	assert_int_equal(t.base, 18);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	assert_int_equal(k.from, 21);
	end();
}

static void the_winner_is_in_the_image(void **state)
{
	(void)state;
	begin(true);
	out();
	script_events(&k, -ESTALE, 0, NULL, 0);
	script_txn(&k, -EAGAIN, 19);
	assert_int_equal(t.dones, 0);
	image(20, 18, 9);
	assert_done(1, -EAGAIN, 0);
	end();
}

static void an_entry_that_does_not_fit(void **state)
{
	(void)state;
	begin(true);
	out();
	entry(12, 8, 2);
	assert_int_equal(t.dones, 0);
	image(20, 18, 9);
	assert_done(1, -EAGAIN, 0);
	script_txn(&k, -EAGAIN, 20);
	assert_int_equal(t.dones, 1);
	end();
}

/* The watch is silent: the image is asked for instead. */
static void the_winner_never_comes(void **state)
{
	(void)state;
	begin(true);
	out();
	script_txn(&k, -EAGAIN, 13);
	script_timers(&k);
	assert_string_equal(k.prefix, "");
	image(13, 12, 4);
	assert_done(1, -EAGAIN, 0);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	end();
}

static void the_store_went_back(void **state)
{
	(void)state;
	begin(true);
	out();
	script_txn(&k, -EAGAIN, 7);
	assert_string_equal(k.prefix, "");
	image(7, 4, 2);
	assert_int_equal(t.state, CLUSTER_REFUSED);
	assert_done(1, -EHOSTUNREACH, 0);
	end();
	begin(true);
	script_events(&k, -EIO, 0, NULL, 0);
	script_timers(&k);
	probe(9, 5);
	assert_string_equal(k.prefix, "");
	image(9, 5, 3);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	end();
}

/* Held up for longer than its lease lives: what went with it is put again. */
static void a_lost_lease(void **state)
{
	(void)state;
	begin(true);
	t.cl->ops->publish(t.cl, CLUSTER_ALIVE, "alive", 5);
	script_run(&k);
	assert_string_equal(script_text(&k), "~a/1");
	script_txn(&k, 0, 11);
	script_lease(&k, -EHOSTUNREACH);
	assert_int_equal(t.state, CLUSTER_AWAY);
	propose();
	assert_done(1, -EHOSTUNREACH, 0);
	script_timers(&k);
	assert_int_equal(k.leases, 2);
	probe(11, 5);
	assert_int_equal(t.state, CLUSTER_AWAY);
	script_lease(&k, 0);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	assert_string_equal(script_text(&k), "~a/1");
	end();
	assert_int_equal(k.unleases, 1);
}

/* With everything on its way; what comes afterwards does nothing. */
static void stopped_in_the_middle(void **state)
{
	unsigned int states;

	(void)state;
	begin(true);
	out();
	t.cl->ops->publish(t.cl, CLUSTER_ALIVE, "alive", 5);
	t.cl->ops->tick(t.cl, true);
	script_run(&k);
	script_events(&k, -EIO, 0, NULL, 0);
	script_timers(&k);
	t.cl->ops->stop(t.cl);
	assert_done(1, -ETIMEDOUT, 0);
	assert_int_equal(k.unleases, 1);
	assert_null(k.events);
	states = t.states;
	script_txn(&k, 0, 12);
	script_txn(&k, 0, 13);
	probe(12, 12);
	script_lease(&k, -EIO);
	for (int i = 0; i < 3; i++)
		script_timers(&k);
	assert_int_equal(t.states, states);
	assert_int_equal(t.dones, 1);
	assert_int_equal(k.n_txns, 0);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answer_first),
		cmocka_unit_test(entry_first),
		cmocka_unit_test(beaten_before_the_winner_comes),
		cmocka_unit_test(the_winner_comes_before_the_answer),
		cmocka_unit_test(an_old_base),
		cmocka_unit_test(nobody_knows_and_it_shows_up),
		cmocka_unit_test(nobody_knows_and_the_next_one_wins),
		cmocka_unit_test(full_or_not_allowed),
		cmocka_unit_test(a_lost_watch_goes_on),
		cmocka_unit_test(a_compacted_watch_while_one_is_out),
		cmocka_unit_test(the_winner_is_in_the_image),
		cmocka_unit_test(an_entry_that_does_not_fit),
		cmocka_unit_test(the_winner_never_comes),
		cmocka_unit_test(the_store_went_back),
		cmocka_unit_test(a_lost_lease),
		cmocka_unit_test(stopped_in_the_middle),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
