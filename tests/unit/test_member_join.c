// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_member_join.c - how a member comes to an image when makers of it die, meet or are
 * held up; what it makes of a kv that holds nonsense; and its notes.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "membering.h"
#include "script_kv.h"

#define ROOT "r/0/0000000000000001"
#define HEADER "r/0/0000000000000000"
#define CLAIM "0=seeding 0=" ROOT " ~seeding -r/"
#define FILL "=seeding 0=" ROOT " +" HEADER " +" ROOT " -seeding"

static struct script k;
static struct toy t;

static void begin(bool lasting)
{
	script_init(&k, lasting);
	toy_init(&t, member_open(&k.kv), 1);
	toy_start(&t);
	script_run(&k);
	script_lease(&k, 0);
}

static void image(uint64_t revision, uint64_t mod, uint64_t number)
{
	struct toy_root root = { number, 9, 1 };
	struct kv_item item = { ROOT, &root, sizeof(root), mod };

	script_range(&k, 0, revision, &item, 1);
}

static void joined(bool lasting)
{
	begin(lasting);
	image(10, 5, 3);
	assert_int_equal(t.state, CLUSTER_ONLINE);
}

static void one(const char *key, const char *value, uint64_t revision)
{
	struct kv_item item = { key, value, value ? strlen(value) : 0, revision };

	script_events(&k, 0, revision, &item, 1);
}

static void nothing(uint64_t revision)
{
	script_range(&k, 0, revision, NULL, 0);
}

static void claimed_by(const char *node, uint64_t revision)
{
	struct kv_item item = { "seeding", node, strlen(node), revision };

	script_range(&k, 0, revision, &item, 1);
}

static void made(void **state)
{
	(void)state;
	begin(true);
	nothing(1);
	assert_string_equal(script_text(&k), CLAIM);
	assert_string_equal(k.txns[0].value, "1");
	assert_int_equal(t.images, 0);
	script_txn(&k, 0, 2);
	assert_string_equal(script_text(&k), "2" FILL);
	assert_int_equal(t.image_ends, 0);
	script_txn(&k, 0, 3);
	assert_int_equal(t.image_ends, 1);
	assert_int_equal(t.state, CLUSTER_JOINING);
	image(3, 3, 1);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	toy_end(&t);
}

static void another_was_faster(void **state)
{
	(void)state;
	begin(true);
	nothing(1);
	script_txn(&k, -EAGAIN, 2);
	claimed_by("2", 2);
	assert_int_equal(k.n_txns, 0);
	assert_string_equal(t.why, "node 2 is making the cluster's first records");
	assert_int_equal(k.from, 3);
	one("r/2/0000000000000001", "x", 3);
	assert_null(k.items);
	/* He dies: his claim went with his lease, what he wrote is still there. */
	one("seeding", NULL, 4);
	script_range(&k, 0, 4, &(struct kv_item){ "r/2/0000000000000001", "x", 1, 3 }, 1);
	assert_string_equal(script_text(&k), CLAIM);
	script_txn(&k, -EAGAIN, 5);
	claimed_by("3", 5);
	/* This one gets done. */
	one(ROOT, "y", 6);
	image(6, 6, 1);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	assert_int_equal(t.images, 0);
	toy_end(&t);
}

static void held_up_past_its_lease(void **state)
{
	(void)state;
	begin(true);
	nothing(1);
	script_txn(&k, 0, 2);
	script_lease(&k, -EHOSTUNREACH);
	script_txn(&k, -EAGAIN, 9);
	assert_int_equal(t.image_ends, 1);
	nothing(9);
	/* Without a lease there is no claim. */
	assert_int_equal(k.n_txns, 0);
	script_timers(&k);
	script_lease(&k, 0);
	image(12, 10, 1);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	toy_end(&t);
}

/* Its answers are lost: it takes its claim back, by its revision, and begins anew. */
static void answers_are_lost(void **state)
{
	(void)state;
	begin(true);
	nothing(1);
	script_txn(&k, -ETIMEDOUT, 0);
	assert_int_equal(t.state, CLUSTER_JOINING);
	assert_string_not_equal(t.why, "");
	script_timers(&k);
	claimed_by("1", 2);
	assert_string_equal(script_text(&k), "2=seeding -seeding");
	script_txn(&k, 0, 3);
	nothing(3);
	assert_string_equal(script_text(&k), CLAIM);
	script_txn(&k, 0, 4);
	script_txn(&k, -EPROTO, 0);
	assert_int_equal(t.image_ends, 1);
	script_timers(&k);
	/* The last part was done after all. */
	image(5, 5, 1);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	toy_end(&t);
}

static void stopped_while_making(void **state)
{
	(void)state;
	begin(true);
	nothing(1);
	script_txn(&k, 0, 2);
	assert_int_equal(t.images, 1);
	toy_end(&t);
	assert_int_equal(k.unleases, 1);
}

/* Nothing lasts there, and this card has seen more: but only if nothing was added. */
static void made_anew(void **state)
{
	(void)state;
	begin(false);
	t.root.number = 8;
	image(10, 5, 3);
	assert_string_equal(script_text(&k), "0=seeding 5=" ROOT " ~seeding -r/");
	script_txn(&k, -EAGAIN, 11);
	image(11, 11, 4);
	assert_string_equal(script_text(&k), "0=seeding 11=" ROOT " ~seeding -r/");
	script_txn(&k, 0, 12);
	assert_string_equal(script_text(&k), "12" FILL);
	script_txn(&k, 0, 13);
	image(13, 13, 8);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	toy_end(&t);
}

static void never_accepted(void **state)
{
	(void)state;
	begin(false);
	t.refuse = -ESTALE;
	for (uint64_t r = 10; t.state != CLUSTER_REFUSED; r += 3) {
		image(r, r, 3);
		if (k.n_txns) {
			script_txn(&k, 0, r + 1);
			script_txn(&k, 0, r + 2);
		}
		assert_true(r < 1000);
	}
	toy_end(&t);
}

/* The others see it: their proposals fail until the image is there. */
static void others_make_it_anew(void **state)
{
	(void)state;
	joined(false);
	t.root.number = 3;
	one(ROOT, NULL, 11);
	assert_int_equal(t.state, CLUSTER_AWAY);
	toy_propose(&t, 1, 1, 1);
	script_run(&k);
	assert_int_equal(t.done_err, -EHOSTUNREACH);
	claimed_by("4", 11);
	assert_int_equal(t.state, CLUSTER_AWAY);
	one("seeding", NULL, 13);
	image(13, 13, 6);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	assert_int_equal(t.images, 0);
	toy_end(&t);
}

static void what_lasts_is_not_made_anew(void **state)
{
	(void)state;
	begin(true);
	t.root.number = 8;
	image(10, 5, 3);
	assert_int_equal(t.state, CLUSTER_REFUSED);
	assert_int_equal(k.n_txns, 0);
	toy_end(&t);
	joined(true);
	one(ROOT, NULL, 11);
	assert_int_equal(t.state, CLUSTER_REFUSED);
	assert_string_not_equal(t.why, "");
	toy_end(&t);
	joined(true);
	script_events(&k, -ESTALE, 0, NULL, 0);
	nothing(30);
	assert_int_equal(t.state, CLUSTER_REFUSED);
	assert_string_equal(t.why, "the cluster's records are gone");
	toy_end(&t);
}

/* Both ways: a record without the root, and one taken away. */
static void changed_by_no_member(void **state)
{
	(void)state;
	for (int put = 0; put < 2; put++) {
		joined(false);
		one("r/2/0000000000000007", put ? "x" : NULL, 11);
		assert_int_equal(t.state, CLUSTER_REFUSED);
		assert_int_equal(t.delivered, 0);
		assert_int_equal(k.unleases, 1);
		assert_null(k.events);
		toy_end(&t);
	}
}

static void names_of_nobody(void **state)
{
	static const char * const names[] = {
		"", "r", "r/", "r/2", "r/2/", "r//0000000000000007", "r/2/7",
		"r/2/000000000000000G",
		"r/2/000000000000000A", "r/2/00000000000000071", "r/22/000000000000007",
		"r/g/0000000000000007", "r/2/-000000000000007", "r/2/ 000000000000007", "x/1", "m",
		"m/", "m/x", "m/01", "m/-1", "m/+1", "m/4294967296", "m/1/", "a/ 1", "seeding/",
		"seedin", "z", "M/1",
	};
	struct kv_item items[sizeof(names) / sizeof(names[0])];
	size_t n = sizeof(names) / sizeof(names[0]);

	(void)state;
	joined(true);
	for (size_t i = 0; i < n; i++)
		items[i] = (struct kv_item){ names[i], i % 2 ? "x" : NULL, i % 2, 11 };
	script_events(&k, 0, 11, items, n);
	script_events(&k, 0, 12, NULL, 0);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	assert_int_equal(t.delivered, 0);
	assert_int_equal(t.notes, 0);
	/* Names that are names, however odd. */
	one("m/4294967295", "x", 13);
	one("a/0", "x", 14);
	assert_int_equal(t.notes, 2);
	toy_end(&t);
}

static void more_nodes_than_there_may_be(void **state)
{
	(void)state;
	joined(true);
	for (uint64_t i = 0; i < 200; i++) {
		char key[16];

		snprintf(key, sizeof(key), "a/%u", (unsigned int)(100 + i));
		one(key, "x", 11 + i);
	}
	assert_int_equal(t.notes, 64);
	/* The room of one that went is another's. */
	one("a/150", NULL, 300);
	one("a/1000", "x", 301);
	assert_int_equal(t.notes, 66);
	toy_end(&t);
}

static void notes_too_long(void **state)
{
	static char large[CLUSTER_NOTE_MAX + 2];

	(void)state;
	joined(true);
	memset(large, 'x', CLUSTER_NOTE_MAX + 1);
	one("a/2", large, 11);
	assert_int_equal(t.notes, 0);
	one("a/2", "x", 12);
	one("a/2", large, 13);
	assert_int_equal(t.notes, 2);
	assert_int_equal(t.note_len[CLUSTER_ALIVE][2], 0);
	large[CLUSTER_NOTE_MAX] = 0;
	one("a/2", large, 14);
	assert_int_equal(t.note_len[CLUSTER_ALIVE][2], CLUSTER_NOTE_MAX);
	toy_end(&t);
}

/* Those that went while nothing was heard are told of with the next image. */
static void notes_that_were_missed(void **state)
{
	struct toy_root root = { 3, 9, 1 };
	struct kv_item items[] = {
		{ ROOT, &root, sizeof(root), 5 },
		{ "a/3", "three", 5, 20 },
	};

	(void)state;
	joined(true);
	one("a/2", "two", 11);
	one("a/3", "x", 12);
	script_events(&k, -ESTALE, 0, NULL, 0);
	script_range(&k, 0, 30, items, 2);
	assert_int_equal(t.note_len[CLUSTER_ALIVE][2], 0);
	assert_string_equal(t.note[CLUSTER_ALIVE][3], "three");
	toy_end(&t);
}

static void publish(enum cluster_note kind, const char *text)
{
	t.cl->ops->publish(t.cl, kind, text, text ? strlen(text) : 0);
	script_run(&k);
}

/* One put at a time, of what was said last; also after a failure. */
static void notes_are_gathered(void **state)
{
	(void)state;
	begin(true);
	publish(CLUSTER_CARD, "card");
	publish(CLUSTER_ALIVE, "1");
	assert_int_equal(k.n_txns, 0);
	image(10, 5, 3);
	assert_string_equal(script_text(&k), "+m/1 ~a/1");
	publish(CLUSTER_ALIVE, "2");
	publish(CLUSTER_ALIVE, "3");
	assert_int_equal(k.n_txns, 1);
	script_txn(&k, 0, 11);
	assert_int_equal(k.n_txns, 1);
	assert_string_equal(script_text(&k), "~a/1");
	assert_string_equal(k.txns[0].value, "3");
	script_txn(&k, -ETIMEDOUT, 0);
	assert_int_equal(t.state, CLUSTER_AWAY);
	publish(CLUSTER_ALIVE, "4");
	script_timers(&k);
	assert_string_equal(k.txns[0].value, "4");
	script_txn(&k, 0, 13);
	assert_int_equal(k.n_txns, 0);
	publish(CLUSTER_ALIVE, NULL);
	assert_string_equal(script_text(&k), "-a/1");
	script_txn(&k, 0, 14);
	toy_end(&t);
}

static void somebody_else_in_its_place(void **state)
{
	(void)state;
	joined(true);
	/* Before it has said anything it leaves it alone. */
	one("a/1", "foreign", 11);
	script_timers(&k);
	assert_int_equal(k.n_txns, 0);
	assert_string_equal(t.note[CLUSTER_ALIVE][1], "foreign");
	publish(CLUSTER_ALIVE, "mine");
	script_txn(&k, 0, 12);
	one("a/1", "mine", 12);
	script_timers(&k);
	assert_int_equal(k.n_txns, 0);
	/* A put of its own that was thought lost, an end of the lease that was. */
	one("a/1", "old", 13);
	script_timers(&k);
	assert_string_equal(script_text(&k), "~a/1");
	script_txn(&k, 0, 14);
	one("a/1", "mine", 14);
	one("a/1", NULL, 15);
	script_timers(&k);
	assert_string_equal(script_text(&k), "~a/1");
	script_txn(&k, 0, 16);
	/* What its own put has already written over. */
	one("a/1", "mine", 16);
	toy_end(&t);
}

static void leaving_takes_the_card_away(void **state)
{
	(void)state;
	joined(true);
	publish(CLUSTER_CARD, "card");
	script_txn(&k, 0, 11);
	t.cl->ops->publish(t.cl, CLUSTER_CARD, NULL, 0);
	/* There is no answer; it does not wait for ever. */
	toy_end(&t);
	assert_string_equal(script_text(&k), "-m/1");
	assert_int_equal(k.unleases, 1);
}

/* That it is on its way is not enough: nobody waits for it once the kv is closed. */
static void leaving_while_the_card_is_taken_away(void **state)
{
	(void)state;
	joined(true);
	publish(CLUSTER_CARD, "card");
	script_txn(&k, 0, 11);
	publish(CLUSTER_CARD, NULL);
	assert_int_equal(k.n_txns, 1);
	toy_end(&t);
	assert_int_equal(k.n_txns, 2);
	assert_string_equal(k.txns[1].text, "-m/1");
}

static void no_way_in(void **state)
{
	(void)state;
	script_init(&k, true);
	toy_init(&t, member_open(&k.kv), 1);
	toy_start(&t);
	script_run(&k);
	snprintf(k.kv.why, sizeof(k.kv.why), "authentication failed");
	script_lease(&k, -EACCES);
	assert_int_equal(t.state, CLUSTER_JOINING);
	assert_string_equal(t.why, "authentication failed");
	script_timers(&k);
	assert_int_equal(k.leases, 2);
	script_lease(&k, 0);
	k.kv.why[0] = '\0';
	script_range(&k, -EHOSTUNREACH, 0, NULL, 0);
	assert_string_equal(t.why, "the cluster's store does not answer");
	script_timers(&k);
	image(10, 5, 3);
	assert_int_equal(t.state, CLUSTER_ONLINE);
	assert_string_equal(t.why, "");
	toy_end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made),
		cmocka_unit_test(another_was_faster),
		cmocka_unit_test(held_up_past_its_lease),
		cmocka_unit_test(answers_are_lost),
		cmocka_unit_test(stopped_while_making),
		cmocka_unit_test(made_anew),
		cmocka_unit_test(never_accepted),
		cmocka_unit_test(others_make_it_anew),
		cmocka_unit_test(what_lasts_is_not_made_anew),
		cmocka_unit_test(changed_by_no_member),
		cmocka_unit_test(names_of_nobody),
		cmocka_unit_test(more_nodes_than_there_may_be),
		cmocka_unit_test(notes_too_long),
		cmocka_unit_test(notes_that_were_missed),
		cmocka_unit_test(notes_are_gathered),
		cmocka_unit_test(somebody_else_in_its_place),
		cmocka_unit_test(leaving_takes_the_card_away),
		cmocka_unit_test(leaving_while_the_card_is_taken_away),
		cmocka_unit_test(no_way_in),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
