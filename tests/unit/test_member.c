// SPDX-License-Identifier: GPL-2.0-or-later
/* test_member.c - members of a group: they join, agree on one order, come and go. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "membering.h"

#define N 3
#define ROUNDS 200

static struct toy cards[N + 1];

static void up(struct toy *t, uint32_t node)
{
	toy_init(t, cluster_group_open("here"), node);
	toy_start(t);
}

static void all_up(void)
{
	for (uint32_t i = 0; i < N; i++)
		up(&cards[i], i);
	for (int i = 0; i < N; i++)
		toy_wait_state(&cards[i], CLUSTER_ONLINE);
}

static void all_down(void)
{
	for (int i = 0; i < N; i++)
		toy_end(&cards[i]);
}

static void one_makes_the_image(void **state)
{
	unsigned int images = 0;

	(void)state;
	all_up();
	for (int i = 0; i < N; i++) {
		images += cards[i].images;
		assert_int_equal(cards[i].root.number, 1);
		assert_true(toy_same(&cards[0], &cards[i]));
	}
	assert_int_equal(images, 1);
	all_down();
}

static void a_change_reaches_all(void **state)
{
	uint64_t revision;

	(void)state;
	all_up();
	revision = toy_change(&cards[1], 5, 77);
	assert_int_not_equal(revision, 0);
	for (int i = 0; i < N; i++)
		toy_wait_number(&cards[i], 2);
	assert_int_equal(cards[1].delivered, 0);
	assert_int_equal(cards[0].delivered, 1);
	assert_int_equal(cards[0].base, revision);
	assert_int_equal(cards[2].value[5], 77);
	toy_change(&cards[2], 5, 0);
	toy_wait_number(&cards[0], 3);
	assert_int_equal(cards[0].value[5], 0);
	all_down();
}

static void *many_changes(void *arg)
{
	struct toy *t = arg;

	for (uint64_t i = 0; i < ROUNDS; i++)
		toy_change(t, i, t->node + 1000 * i + 1);
	return NULL;
}

/* Each change is ordered once, whoever makes it, and all see the same. */
static void all_at_once(void **state)
{
	pthread_t threads[N];

	(void)state;
	all_up();
	for (int i = 0; i < N; i++)
		pthread_create(&threads[i], NULL, many_changes, &cards[i]);
	for (int i = 0; i < N; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < N; i++)
		toy_wait_number(&cards[i], 1 + N * ROUNDS);
	for (int i = 0; i < N; i++) {
		assert_true(toy_same(&cards[0], &cards[i]));
		assert_int_equal(cards[i].delivered, (N - 1) * ROUNDS);
		assert_int_equal(cards[i].snapshots, 1);
	}
	all_down();
}

static void a_late_one_gets_everything(void **state)
{
	struct toy *late = &cards[N];

	(void)state;
	all_up();
	for (size_t i = 0; i < 300; i++)
		toy_change(&cards[0], i, i + 1);
	up(late, 6);
	toy_wait_state(late, CLUSTER_ONLINE);
	toy_wait_number(late, 301);
	assert_int_equal(late->delivered, 0);
	assert_true(toy_same(&cards[0], late));
	toy_change(late, 9, 1);
	toy_wait_number(&cards[0], 302);
	toy_end(late);
	all_down();
}

/* The image is made in pieces: more records, and more bytes, than a transaction holds. */
static void a_large_image(void **state)
{
	struct toy *old = &cards[0], *young = &cards[1];

	(void)state;
	toy_init(old, cluster_group_open("here"), 0);
	for (size_t i = 0; i < 1000; i++)
		old->value[i] = i + 1;
	old->padding = 20000;
	toy_start(old);
	toy_wait_state(old, CLUSTER_ONLINE);
	up(young, 1);
	toy_wait_state(young, CLUSTER_ONLINE);
	assert_true(toy_same(old, young));
	toy_end(young);
	toy_end(old);
}

/* A card that knows more than a group that has just begun: the group takes its image. */
static void the_newest_wins(void **state)
{
	struct toy *newest = &cards[N];

	(void)state;
	all_up();
	toy_init(newest, cluster_group_open("here"), 6);
	newest->root = (struct toy_root){ 40, 6, 1 };
	newest->value[3] = 99;
	toy_start(newest);
	for (int i = 0; i <= N; i++)
		toy_wait_number(&cards[i], 40);
	for (int i = 0; i <= N; i++)
		toy_wait_state(&cards[i], CLUSTER_ONLINE);
	toy_change(&cards[1], 4, 7);
	for (int i = 0; i <= N; i++)
		toy_wait_number(&cards[i], 41);
	for (int i = 0; i <= N; i++)
		assert_true(toy_same(newest, &cards[i]));
	toy_end(newest);
	all_down();
}

static void two_with_images_of_their_own(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < N; i++) {
		toy_init(&cards[i], cluster_group_open("here"), i);
		cards[i].root = (struct toy_root){ 10 + i, i, 1 };
		cards[i].value[0] = i + 1;
	}
	for (int i = 0; i < N; i++)
		toy_start(&cards[i]);
	for (int i = 0; i < N; i++)
		toy_wait_number(&cards[i], 10 + N - 1);
	for (int i = 0; i < N; i++) {
		toy_wait_state(&cards[i], CLUSTER_ONLINE);
		assert_int_equal(cards[i].value[0], N);
	}
	all_down();
}

static void notes(void **state)
{
	(void)state;
	up(&cards[0], 0);
	cards[0].cl->ops->publish(cards[0].cl, CLUSTER_CARD, "card 0", 6);
	cards[0].cl->ops->publish(cards[0].cl, CLUSTER_ALIVE, "alive", 5);
	up(&cards[1], 1);
	toy_wait_note(&cards[1], CLUSTER_CARD, 0, "card 0");
	toy_wait_note(&cards[1], CLUSTER_ALIVE, 0, "alive");
	toy_wait_note(&cards[0], CLUSTER_ALIVE, 0, "alive");
	for (char c = 'a'; c <= 'z'; c++)
		cards[0].cl->ops->publish(cards[0].cl, CLUSTER_ALIVE, &c, 1);
	toy_wait_note(&cards[1], CLUSTER_ALIVE, 0, "z");
	toy_end(&cards[0]);
	toy_wait_note(&cards[1], CLUSTER_ALIVE, 0, "");
	toy_wait_note(&cards[1], CLUSTER_CARD, 0, "card 0");
	up(&cards[0], 0);
	toy_wait_note(&cards[0], CLUSTER_CARD, 0, "card 0");
	/* Right before the end: it is done all the same. */
	toy_wait_state(&cards[0], CLUSTER_ONLINE);
	cards[0].cl->ops->publish(cards[0].cl, CLUSTER_CARD, NULL, 0);
	toy_end(&cards[0]);
	toy_wait_note(&cards[1], CLUSTER_CARD, 0, "");
	toy_end(&cards[1]);
}

static void refused(void **state)
{
	(void)state;
	up(&cards[0], 0);
	toy_wait_state(&cards[0], CLUSTER_ONLINE);
	toy_init(&cards[1], cluster_group_open("here"), 1);
	cards[1].refuse = -EPERM;
	toy_start(&cards[1]);
	toy_wait_state(&cards[1], CLUSTER_REFUSED);
	toy_propose(&cards[1], 0, 1, 1);
	toy_wait_done(&cards[1], 1);
	assert_int_equal(cards[1].done_err, -EACCES);
	toy_end(&cards[1]);
	toy_change(&cards[0], 0, 1);
	cards[0].answer = 0;
	up(&cards[1], 1);
	toy_wait_state(&cards[1], CLUSTER_ONLINE);
	cards[1].answer = -EBADMSG;
	toy_change(&cards[0], 0, 2);
	toy_wait_state(&cards[1], CLUSTER_REFUSED);
	assert_int_equal(cards[1].value[0], 1);
	toy_end(&cards[1]);
	toy_end(&cards[0]);
}

static void nothing_to_begin_with(void **state)
{
	(void)state;
	toy_init(&cards[0], cluster_group_open("here"), 0);
	cards[0].no_image = true;
	toy_start(&cards[0]);
	toy_wait_state(&cards[0], CLUSTER_REFUSED);
	/* The claim is not left behind. */
	up(&cards[1], 1);
	toy_wait_state(&cards[1], CLUSTER_ONLINE);
	toy_end(&cards[1]);
	toy_end(&cards[0]);
}

/* An entry that does not fit makes the member look at the whole image. */
static void a_gap_is_made_up_for(void **state)
{
	(void)state;
	all_up();
	pthread_mutex_lock(&cards[2].lock);
	cards[2].answer = -ESTALE;
	pthread_mutex_unlock(&cards[2].lock);
	toy_change(&cards[0], 1, 1);
	toy_wait_number(&cards[2], 2);
	toy_wait_state(&cards[2], CLUSTER_ONLINE);
	assert_int_equal(cards[2].snapshots, 2);
	toy_change(&cards[2], 1, 2);
	toy_wait_number(&cards[0], 3);
	all_down();
}

static void ticks(void **state)
{
	struct toy *t = &cards[0];

	(void)state;
	up(t, 0);
	t->cl->ops->tick(t->cl, true);
	for (unsigned int n = 0; n < 5;) {
		struct timespec ts = { .tv_nsec = 10000000 };

		nanosleep(&ts, NULL);
		pthread_mutex_lock(&t->lock);
		n = t->ticks;
		pthread_mutex_unlock(&t->lock);
	}
	t->cl->ops->tick(t->cl, false);
	toy_end(t);
}

/* At whatever moment a member is stopped, everything ends. */
static void stopped_at_any_moment(void **state)
{
	(void)state;
	up(&cards[0], 0);
	toy_wait_state(&cards[0], CLUSTER_ONLINE);
	for (int i = 0; i < 300; i++) {
		struct timespec ts = { .tv_nsec = i * 700 };
		unsigned int dones;

		up(&cards[1], 1);
		if (i % 2)
			toy_wait_state(&cards[1], CLUSTER_ONLINE);
		cards[1].cl->ops->publish(cards[1].cl, CLUSTER_ALIVE, "x", 1);
		toy_propose(&cards[1], 0, 1, i + 1);
		nanosleep(&ts, NULL);
		cards[1].cl->ops->stop(cards[1].cl);
		dones = cards[1].dones;
		assert_int_equal(dones, 1);
		toy_end(&cards[1]);
		assert_int_equal(cards[1].dones, dones);
	}
	toy_end(&cards[0]);
}

static void never_started(void **state)
{
	struct cluster *cl = cluster_group_open("here");

	(void)state;
	assert_string_equal(cl->ops->name, "group");
	cl->ops->stop(cl);
	cl->ops->close(cl);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_makes_the_image),
		cmocka_unit_test(a_change_reaches_all),
		cmocka_unit_test(all_at_once),
		cmocka_unit_test(a_late_one_gets_everything),
		cmocka_unit_test(a_large_image),
		cmocka_unit_test(the_newest_wins),
		cmocka_unit_test(two_with_images_of_their_own),
		cmocka_unit_test(notes),
		cmocka_unit_test(refused),
		cmocka_unit_test(nothing_to_begin_with),
		cmocka_unit_test(a_gap_is_made_up_for),
		cmocka_unit_test(ticks),
		cmocka_unit_test(stopped_at_any_moment),
		cmocka_unit_test(never_started),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
