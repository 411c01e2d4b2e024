// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * load.c - many clients at one card, or at the cards of a group, while requests are canceled,
 * contexts go, the card is reset, its store fails, it is zeroized and tampered with, a member
 * comes and goes. Made for ThreadSanitizer; what must hold afterwards is looked at, too.
 *
 * SEED= (1) decides what is done, RACE_SECS= (10) for how long in each scenario. Nobody
 * being answered any more for half a minute is a deadlock: that ends the program with who
 * waits for what.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "auditing.h"
#include "fw_int.h"
#include "load.h"

#define HUNG_S	30
#define SUCCESS_MIN 10	/* requests a second: with fewer it was no load */
#define OWN_CTX	90	/* of the main thread */

struct load load;

static struct cards *group;	/* NULL: one card */
static struct card *cards[CARDS];
static size_t n_cards;		/* with clients */
static struct worker helper;	/* of the thread that disturbs */
static uint64_t seed;
static pthread_mutex_t calm = PTHREAD_MUTEX_INITIALIZER;	/* no reset meanwhile */
static pthread_t watcher, disturber;
static bool running;

static unsigned int number(const char *name, unsigned int otherwise)
{
	const char *s = getenv(name);

	return s && *s ? (unsigned int)strtoul(s, NULL, 10) : otherwise;
}

static unsigned int race_secs(void)
{
	return number("RACE_SECS", 10);
}

static void say_who_waits(void)
{
	fprintf(stderr, "load: hung, SEED=%u\n", number("SEED", 1));
	for (unsigned int i = 0; i < THREADS; i++)
		fprintf(stderr, "load: client %u: opcode 0x%02x, %s\n", i, load.w[i].doing,
			load.w[i].busy ? "waits for its answer" : "between two");
	abort();
}

/* Lets the time of the cards go by, and ends a program that stands still. */
static void *watch(void *arg)
{
	uint64_t before = 0, same_ms = 0;

	while (!load.stop) {
		usleep(5000);
		for (size_t i = 0; i < n_cards; i++)
			atomic_fetch_add(&cards[i]->clock_ms, 5);
		same_ms = load.done == before ? same_ms + 5 : 0;
		before = load.done;
		if (same_ms > HUNG_S * 1000)
			say_who_waits();
	}
	return arg;
}

static void cancel_one(void)
{
	struct worker *w = &load.w[dice(&seed, THREADS)];

	pthread_mutex_lock(&w->lock);
	if (w->busy)
		atomic_store(&w->m.req.cancel, true);
	pthread_mutex_unlock(&w->lock);
}

static void open_again(const struct worker *w)
{
	helper.card = w->card;
	helper.ctx = w->ctx;
	fw_ctx_open(w->card->fw, w->ctx);
	enter(&helper);
}

static void close_again(const struct worker *w)
{
	fw_ctx_close(w->card->fw, w->ctx);
	open_again(w);
}

static void close_one(void)
{
	close_again(&load.w[dice(&seed, THREADS)]);
}

static void bring_back(void)
{
	for (unsigned int i = 0; i < THREADS; i++) {
		if (load.w[i].lost && !dice(&seed, 4))
			close_again(&load.w[i]);
	}
}

static void reset_one(void)
{
	struct card *c = cards[dice(&seed, (uint32_t)n_cards)];

	pthread_mutex_lock(&calm);
	fw_reset(c->fw);
	pthread_mutex_unlock(&calm);
	for (unsigned int i = 0; i < THREADS; i += 2) {
		if (load.w[i].card == c)
			open_again(&load.w[i]);
	}
}

static void fail_store(void)
{
	struct card *c = cards[0];

	if (!load.trouble)
		return;
	c->gate->fail = -EIO;
	usleep(dice(&seed, 3000));
	c->gate->fail = 0;
}

/* The card without clients, in a group. */
static void come_and_go(void)
{
	if (!group)
		return;
	cards_leave(group, CARDS - 1);
	if (!cards_join(group, CARDS - 1))
		complain("member", group->card[CARDS - 1].err, 0, 0);
}

/* What a host asks for without a request. */
static void ask_as_host(void)
{
	struct card *c = cards[dice(&seed, (uint32_t)n_cards)];
	uint8_t bytes[HSM_DIGEST_LEN];
	uint64_t position;
	char why[128];

	fw_random(c->fw, bytes, sizeof(bytes));
	fw_state(c->fw, &position, bytes);
	fw_membership(c->fw, why, sizeof(why));
}

static void *disturb(void *arg)
{
	while (!load.stop) {
		uint32_t what = dice(&seed, 100);

		usleep(dice(&seed, 8000));
		bring_back();
		if (what < 60)
			cancel_one();
		else if (what < 70)
			ask_as_host();
		else if (what < 85)
			close_one();
		else if (what < 95)
			fail_store();
		else if (what < 98)
			reset_one();
		else
			come_and_go();
	}
	return arg;
}

static void start_workers(void)
{
	memset(&load, 0, sizeof(load));
	seed = number("SEED", 1);
	helper.seed = seed + 1000;
	pthread_mutex_init(&helper.lock, NULL);
	for (unsigned int i = 0; i < THREADS; i++) {
		struct worker *w = &load.w[i];

		w->n = i;
		w->card = cards[i / 2 % n_cards];
		w->ctx = FIRST_CTX + i / 2;
		w->seed = seed * 100 + i;
		pthread_mutex_init(&w->lock, NULL);
		if (i % 2 == 0)
			open_again(w);
	}
}

static void begin_load(void)
{
	for (unsigned int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&load.w[i].thread, NULL, work, &load.w[i]), 0);
	assert_int_equal(pthread_create(&disturber, NULL, disturb, NULL), 0);
	assert_int_equal(pthread_create(&watcher, NULL, watch, NULL), 0);
	running = true;
}

/* Everybody comes home, and the watcher last: that they do is what it watches. */
static void stop_load(void)
{
	if (!running)
		return;
	running = false;
	load.stop = true;
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(load.w[i].thread, NULL);
	pthread_join(disturber, NULL);
	pthread_join(watcher, NULL);
}

static void end_load(void)
{
	stop_load();
	print_message("%llu requests, %llu with success, SEED=%u\n", (unsigned long long)load.done,
		      (unsigned long long)load.succeeded, number("SEED", 1));
	assert_int_equal(load.wrong, 0);
	assert_true(load.succeeded >= (unsigned long long)SUCCESS_MIN * race_secs());
}

static void check_logged_out(struct card *c)
{
	for (size_t i = 0; i < c->fw->users.n; i++)
		assert_int_equal(c->fw->users.v[i]->logins, 0);
}

/* Nothing of what the clients had is left, once what nobody waits for is stored. */
static void check_quiet(struct card *c)
{
	struct object *o;

	for (unsigned int i = 0; i < THREADS; i++)
		fw_ctx_close(c->fw, FIRST_CTX + i);
	for (int i = 0; i < 5000 && (c->fw->posts || c->fw->gate); i++)
		usleep(1000);
	assert_int_equal(c->fw->posts, 0);
	assert_int_equal(c->fw->gate, 0);
	assert_int_equal(c->fw->contexts.count, 0);
	assert_int_equal(c->fw->sessions, 0);
	assert_int_equal(c->fw->changing.count, 0);
	check_logged_out(c);
	for (o = c->fw->objects.first; o; o = o->next) {
		assert_null(o->ctx);
		assert_int_equal(o->state, OBJECT_LIVE);
	}
}

static void check_keys(struct card *c)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < KEYS; i++) {
		if (load.keys[i]) {
			assert_int_equal(info(c, ALICE, load.keys[i]), 0);
			n++;
		}
	}
	print_message("%u keys\n", n);
	assert_true(n);
}

static int setup(void **state)
{
	static struct card card;
	static char path[256];
	const char *dir = getenv("TMPDIR");

	snprintf(path, sizeof(path), "%s/hsm-load-%d.db", dir ? dir : "/tmp", getpid());
	unlink(path);
	card_init(&card, path);
	if (!card_start(&card))
		fail_msg("%s", card.err);
	card_make_users(&card);
	group = NULL;
	cards[0] = &card;
	n_cards = 1;
	start_workers();
	*state = &card;
	return 0;
}

/* A test that failed in the middle has left them running. */
static int end(void **state)
{
	stop_load();
	card_free(*state);
	return 0;
}

static int end_group(void **state)
{
	stop_load();
	return teardown_cards(state);
}

static int setup_group(void **state)
{
	setup_three_users_sqlite(state);
	group = *state;
	n_cards = CARDS - 1;
	for (size_t i = 0; i < n_cards; i++) {
		cards[i] = &group->card[i];
		fw_reset(cards[i]->fw);
	}
	start_workers();
	load.group = true;
	return 0;
}

/* What was answered is there, in memory and after a restart. */
static void one_card(void **state)
{
	struct card *c = *state;

	load.trouble = true;
	begin_load();
	sleep(race_secs());
	end_load();
	check_quiet(c);
	card_login_all(c);
	check_keys(c);
	card_restart(c);
	card_login_all(c);
	check_keys(c);
	print_message("%zu audit records\n", read_log(c)->n);
}

static uint32_t zeroize(struct card *c)
{
	uint32_t rc;

	fw_ctx_close(c->fw, OWN_CTX);
	assert_true(fw_ctx_open(c->fw, OWN_CTX));
	open_session(c, OWN_CTX);
	rc = login(c, OWN_CTX, HSM_USER_CO, "officer", PASSWORD);
	if (!rc)
		rc = send(c, OWN_CTX, begin(HSM_CMD_ZEROIZE, FIRST_SESSION));
	return rc;
}

/* Zeroized again and again under load, which goes on with the fresh card; then tampered with. */
static void wiped(void **state)
{
	struct card *c = *state;
	unsigned int secs = race_secs(), i;

	begin_load();
	for (i = 0; i < 4; i++) {
		usleep(secs * 200000);
		pthread_mutex_lock(&calm);
		assert_int_equal(zeroize(c), 0);
		card_make_users(c);
		pthread_mutex_unlock(&calm);
	}
	usleep(secs * 200000);
	assert_int_equal(load.tampered, 0);
	fw_tamper(c->fw);
	for (i = 0; i < 5000 && load.tampered < THREADS; i++)
		usleep(1000);
	end_load();
	assert_true(load.tampered);
	card_restart(c);
	card_make_users(c);
	card_login_all(c);
	assert_int_equal(found(c, ALICE, begin_find()), 0);
	print_message("%zu audit records\n", read_log(c)->n);
}

static void all_the_same(struct cards *cs)
{
	uint8_t first[HSM_DIGEST_LEN], hash[HSM_DIGEST_LEN];
	uint64_t position, there;

	assert_true(fw_state(cs->card[0].fw, &there, first));
	for (size_t i = 1; i < cs->n; i++) {
		assert_true(fw_state(cs->card[i].fw, &position, hash));
		assert_int_equal(position, there);
		assert_memory_equal(hash, first, sizeof(hash));
	}
}

static void a_group(void **state)
{
	struct cards *cs = *state;

	begin_load();
	sleep(race_secs());
	end_load();
	for (size_t i = 0; i < n_cards; i++)
		check_quiet(cards[i]);
	fw_reset(cs->card[CARDS - 1].fw);
	for (size_t i = 0; i < CARDS; i++)
		card_login_all(&cs->card[i]);
	for (size_t i = 0; i < CARDS; i++) {
		cards_settle(cs, i);
		check_keys(&cs->card[i]);
	}
	all_the_same(cs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_card, setup, end),
		cmocka_unit_test_setup_teardown(wiped, setup, end),
		cmocka_unit_test_setup_teardown(a_group, setup_group, end_group),
	};

	if (getenv("RACE_TEST"))
		cmocka_set_test_filter(getenv("RACE_TEST"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
