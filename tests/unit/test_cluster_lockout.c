// SPDX-License-Identifier: GPL-2.0-or-later
/* test_cluster_lockout.c - wrong passwords count on all cards together, also on one that is away. */
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include "cloned.h"
#include "cluster_fixture.h"
#include "fw_int.h"
#include "replica.h"

#define WRONG	"Wrong_456"

static uint32_t try_login(struct card *c, const char *pw)
{
	return login(c, NOBODY, HSM_USER_CU, "bob", pw);
}

static uint32_t count(struct card *c)
{
	struct hsm_user_rec rec;

	get_user(c, "bob", &rec);
	return rec.failures;
}

static void count_on_all(struct cards *cs, uint32_t want)
{
	size_t i;

	for (i = 0; i < cs->n; i++)
		assert_int_equal(count(&cs->card[i]), want);
}

static void counted_together(void **state)
{
	struct cards *cs = *state;
	size_t i;

	for (i = 0; i < 5; i++) {
		assert_int_equal(try_login(&cs->card[i % 3], WRONG), HSM_RV_LOGIN_FAILURE);
		count_on_all(cs, (uint32_t)i + 1);
	}
	for (i = 0; i < 3; i++)
		assert_int_equal(try_login(&cs->card[i], PASSWORD), HSM_RV_USER_LOCKED);
	assert_int_equal(logout(&cs->card[2], BOB), 0);
	for (i = 0; i < 2; i++)
		assert_int_equal(logout(&cs->card[i], BOB), 0);
	assert_int_equal(user_password(&cs->card[1], ADMIN, HSM_USER_CU, "bob", PASSWORD), 0);
	count_on_all(cs, 0);
	assert_int_equal(try_login(&cs->card[2], PASSWORD), 0);
}

static void good_login_forgets_on_all(void **state)
{
	struct cards *cs = *state;

	assert_int_equal(try_login(&cs->card[0], WRONG), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(try_login(&cs->card[1], WRONG), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(try_login(&cs->card[2], PASSWORD), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_ID), ID_BOB);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_TYPE), HSM_USER_CU);
	count_on_all(cs, 0);
}

static void good_login_writes_nothing(void **state)
{
	struct cards *cs = *state;
	uint64_t before = cards_position(cs, 1);

	assert_int_equal(try_login(&cs->card[1], PASSWORD), 0);
	assert_int_equal(cards_position(cs, 1), before);
	assert_int_equal(try_login(&cs->card[0], WRONG), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(cards_position(cs, 0), before + 1);
}

struct guesser {
	struct card *c;
	unsigned int failed, locked;
};

static void *guess(void *arg)
{
	struct guesser *g = arg;
	struct msg *m = malloc(sizeof(*m));
	uint32_t status;
	int i;

	assert_non_null(m);
	for (i = 0; i < 6; i++) {
		begin_in(m, HSM_CMD_LOGIN, FIRST_SESSION);
		add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
		add_text(m, HSM_TAG_USER_NAME, "bob");
		add_text(m, HSM_TAG_PASSWORD, WRONG);
		status = send(g->c, NOBODY, m);
		g->failed += status == HSM_RV_LOGIN_FAILURE;
		g->locked += status == HSM_RV_USER_LOCKED;
	}
	free(m);
	return NULL;
}

/* Five guesses of all, in the order of the cluster, are answered as such and counted. */
static void race_of_guesses_on_three_cards(void **state)
{
	struct cards *cs = *state;
	struct guesser g[3] = { 0 };
	unsigned int failed = 0;
	pthread_t thread[3];
	size_t i;

	for (i = 0; i < 3; i++) {
		g[i].c = &cs->card[i];
		assert_int_equal(pthread_create(&thread[i], NULL, guess, &g[i]), 0);
	}
	for (i = 0; i < 3; i++) {
		pthread_join(thread[i], NULL);
		failed += g[i].failed;
		assert_int_equal(g[i].failed + g[i].locked, 6);
	}
	assert_int_equal(failed, HSM_LOGIN_TRIES);
	cards_settle(cs, 0);
	count_on_all(cs, HSM_LOGIN_TRIES);
}

/* A card with a hand-driven cluster, and another one that is told. */
static struct fake one, two;
static struct image image, entry;

static int setup_fakes(void **state)
{
	(void)state;
	cloned(&one, 1);
	fake_start(&one, false);
	assert_int_equal(fake_image(&one, &image), 0);
	fake_join(&one, &image);
	fake_init(&two, 2);
	fake_start(&two, false);
	fake_join(&two, &image);
	card_login_all(&one.c);
	card_login_all(&two.c);
	return 0;
}

static int undo_fakes(void **state)
{
	(void)state;
	fake_free(&one);
	fake_free(&two);
	image_clear(&image);
	image_clear(&entry);
	return 0;
}

static void set_state(struct fake *f, enum cluster_state s)
{
	f->hooks->state(f->hooks->opaque, s, NULL);
}

/* The store commits on a thread of its own. */
static void await_proposal(struct fake *f)
{
	int ms;

	for (ms = 0; ms < 5000 && !*(struct cluster_txn *volatile *)&f->txn; ms++)
		usleep(1000);
	assert_non_null(f->txn);
}

static struct msg *begin_guess(struct msg *m)
{
	begin_in(m, HSM_CMD_LOGIN, FIRST_SESSION);
	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(m, HSM_TAG_USER_NAME, "bob");
	add_text(m, HSM_TAG_PASSWORD, WRONG);
	return m;
}

static void pay(void)
{
	uint64_t next = replica_position(two.c.fw) + 1;

	await_proposal(&one);
	fake_order(&one, &image, &entry);
	settle(&one, next);
	assert_int_equal(fake_deliver(&two, &entry), 0);
	settle(&two, next);
}

static void await_online(const struct fake *f)
{
	int ms;

	for (ms = 0; ms < 5000 && replica_status(f->c.fw); ms++)
		usleep(1000);
	assert_int_equal(replica_status(f->c.fw), 0);
}

static void pass_time(struct fake *f, unsigned int ms)
{
	atomic_fetch_add(&f->c.clock_ms, ms);
	f->hooks->tick(f->hooks->opaque);
}

/*
 * A debt counts at once, outlives a restart, and is paid when the cluster is back; not in the
 * first two seconds after a start, in which a card with a newer state may still come.
 */
static void debt_of_a_card_that_is_away(void **state)
{
	int i;

	(void)state;
	set_state(&one, CLUSTER_AWAY);
	for (i = 0; i < 3; i++)
		assert_int_equal(try_login(&one.c, WRONG), HSM_RV_LOGIN_FAILURE);
	assert_null(one.txn);
	assert_int_equal(count(&one.c), 3);
	assert_int_equal(count(&two.c), 0);
	card_stop(&one.c);
	fake_start(&one, false);
	assert_int_equal(fake_snapshot(&one, &image), 0);
	card_open_contexts(&one.c);
	assert_int_equal(count(&one.c), 3);
	set_state(&one, CLUSTER_ONLINE);
	await_online(&one);
	pass_time(&one, 1000);
	assert_null(one.txn);
	pass_time(&one, 2000);
	pay();
	assert_int_equal(count(&one.c), 3);
	assert_int_equal(count(&two.c), 3);
	assert_null(one.txn);
	card_stop(&one.c);
	fake_start(&one, false);
	fake_join(&one, &image);
	card_open_contexts(&one.c);
	assert_null(one.txn);
	assert_int_equal(count(&one.c), 3);
}

static void locked_while_away(void **state)
{
	int i;

	(void)state;
	set_state(&one, CLUSTER_AWAY);
	for (i = 0; i < 5; i++)
		assert_int_equal(try_login(&one.c, WRONG), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(try_login(&one.c, PASSWORD), HSM_RV_USER_LOCKED);
	card_stop(&one.c);
	fake_start(&one, false);
	assert_int_equal(fake_snapshot(&one, &image), 0);
	set_state(&one, CLUSTER_AWAY);
	card_open_contexts(&one.c);
	open_session(&one.c, NOBODY);
	assert_int_equal(try_login(&one.c, PASSWORD), HSM_RV_USER_LOCKED);
}

static void good_login_while_away(void **state)
{
	(void)state;
	set_state(&one, CLUSTER_AWAY);
	assert_int_equal(try_login(&one.c, WRONG), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(try_login(&one.c, PASSWORD), 0);
	assert_int_equal(count(&one.c), 0);
	assert_null(one.txn);
}

/* The cluster would not take it: the guess counts here, and is told again later. */
static void payment_refused(void **state)
{
	struct msg *m = begin_guess(last());

	(void)state;
	exec_begin(&one.c, NOBODY, m);
	await_proposal(&one);
	assert_false(m->done);
	fake_fail(&one, -ENOSPC);
	wait_done(m);
	assert_int_equal(m->status, HSM_RV_LOGIN_FAILURE);
	assert_int_equal(count(&one.c), 1);
	assert_true(one.ticking);
	one.hooks->tick(one.hooks->opaque);
	assert_null(one.txn);
	pass_time(&one, 3000);
	pay();
	assert_int_equal(count(&two.c), 1);
	one.hooks->tick(one.hooks->opaque);
	assert_null(one.txn);
}

/* Five guesses on the other card come first: this one finds the account locked. */
static void race_that_the_order_decides(void **state)
{
	struct msg *late = malloc(sizeof(*late)), *m;
	int i;

	(void)state;
	assert_non_null(late);
	exec_begin(&one.c, NOBODY, begin_guess(late));
	await_proposal(&one);
	for (i = 0; i < HSM_LOGIN_TRIES; i++) {
		m = begin_guess(last());
		exec_begin(&two.c, NOBODY, m);
		await_proposal(&two);
		fake_order(&two, &image, &entry);
		wait_done(m);
		assert_int_equal(m->status, HSM_RV_LOGIN_FAILURE);
		assert_int_equal(fake_deliver(&one, &entry), 0);
	}
	fake_fail(&one, -EAGAIN);
	pay();
	assert_int_equal(wait_status(late), HSM_RV_USER_LOCKED);
	assert_int_equal(count(&one.c), HSM_LOGIN_TRIES);
	assert_int_equal(count(&two.c), HSM_LOGIN_TRIES);
}

int main(void)
{
#define THREE(test) cmocka_unit_test_setup_teardown(test, setup_three_users, teardown_cards)
#define FAKES(test) cmocka_unit_test_setup_teardown(test, setup_fakes, undo_fakes)
	const struct CMUnitTest tests[] = {
		THREE(counted_together),
		THREE(good_login_forgets_on_all),
		THREE(good_login_writes_nothing),
		THREE(race_of_guesses_on_three_cards),
		FAKES(debt_of_a_card_that_is_away),
		FAKES(locked_while_away),
		FAKES(good_login_while_away),
		FAKES(payment_refused),
		FAKES(race_that_the_order_decides),
	};

	return cmocka_run_group_tests(tests, cloned_make, cloned_remove);
}
