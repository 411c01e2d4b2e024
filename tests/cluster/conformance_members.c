// SPDX-License-Identifier: GPL-2.0-or-later
/* conformance_members.c - cards that come, go, and may not come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"
#include "store.h"

static uint32_t create_on(struct lab *l, unsigned int i, const char *label, uint32_t min_srv,
			  int timeout_s)
{
	call_aes(lab_last(), LAB_SESSION, label, NULL);
	call_add_u32(lab_last(), HSM_TAG_MIN_SRV, min_srv);
	if (timeout_s >= 0)
		call_add_u32(lab_last(), HSM_TAG_TIMEOUT_S, (uint32_t)timeout_s);
	return lab_ask(l, i, ALICE, lab_last());
}

/* The status that the last reply has for card @node; NO_STATUS: no line. */
static uint32_t line_of(uint32_t node)
{
	struct hsm_node_status v[HSM_MEMBERS_MAX];
	size_t n = call_nodes(lab_last(), v);

	for (size_t i = 0; i < n; i++)
		if (v[i].node == node)
			return v[i].status;
	return NO_STATUS;
}

static void test_min_srv_reached(void **state)
{
	struct lab *l = *state;

	for (uint32_t k = 1; k <= 3; k++) {
		assert_int_equal(create_on(l, k - 1, "key", k, 20), 0);
		for (uint32_t i = 0, have = 0; i < 3; i++) {
			have += line_of(i) == 0;
			assert_true(i < 2 || have >= k);
		}
	}
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(lab_found(l, i, ALICE, "key"), 3);
	lab_same(l);
}

static void test_min_srv_too_many(void **state)
{
	struct lab *l = *state;

	assert_int_equal(create_on(l, 0, "key", 4, 1), HSM_RV_INVALID_INPUT);
	assert_int_equal(call_reply_u32(lab_last(), HSM_TAG_BAD_TAG), HSM_TAG_MIN_SRV);
	assert_int_equal(lab_found(l, 0, ALICE, "key"), 0);
}

static void test_min_srv_missed(void **state)
{
	struct lab *l = *state;

	lab_stop(l, 2);
	assert_int_equal(create_on(l, 0, "key", 3, 1), HSM_RV_CLUSTER_INCOMPLETE);
	assert_int_equal(line_of(1), 0);
	assert_int_equal(line_of(2), HSM_RV_CLUSTER_UNAVAILABLE);
	assert_int_equal(lab_found(l, 0, ALICE, "key"), 0);
	assert_int_equal(lab_found(l, 1, ALICE, "key"), 0);
	assert_int_equal(create_on(l, 1, "two", 2, 20), 0);
	assert_true(lab_start(l, 2));
	lab_login_all(l, 2);
	lab_same(l);
	assert_int_equal(lab_found(l, 2, ALICE, "key"), 0);
	assert_int_equal(lab_found(l, 2, ALICE, "two"), 1);
}

static void test_min_srv_canceled(void **state)
{
	struct lab *l = *state;
	uint64_t until;

	lab_stop(l, 2);
	call_aes(lab_last(), LAB_SESSION, "key", "the id");
	call_add_u32(lab_last(), HSM_TAG_MIN_SRV, 3);
	lab_send(l, 0, ALICE, lab_last());
	for (until = l->ops->now_ms(l) + 1500; l->ops->now_ms(l) < until;)
		l->ops->pass(l);
	assert_false(atomic_load(&lab_last()->done));
	atomic_store(&lab_last()->req.cancel, true);
	lab_await(l, lab_last());
	assert_int_equal(lab_last()->result, FW_CANCELED);
	assert_int_equal(lab_found(l, 0, ALICE, "key"), 0);
	lab_same(l);
	assert_int_equal(lab_create(l, 1, "key", "the id"), 0);
	lab_same(l);
}

static void test_min_srv_late(void **state)
{
	struct lab *l = *state;

	lab_stop(l, 2);
	call_aes(lab_last(), LAB_SESSION, "key", NULL);
	call_add_u32(lab_last(), HSM_TAG_MIN_SRV, 3);
	lab_send(l, 0, ALICE, lab_last());
	assert_true(lab_start(l, 2));
	assert_int_equal(lab_await(l, lab_last()), 0);
	assert_int_equal(line_of(2), 0);
	lab_login_all(l, 2);
	assert_int_equal(lab_found(l, 2, ALICE, "key"), 1);
	lab_same(l);
}

static void test_empty_one_joins(void **state)
{
	struct lab *l = *state;

	for (int i = 0; i < 20; i++)
		lab_made(l, (unsigned int)i % 3, "before");
	assert_true(lab_start(l, 3));
	lab_same(l);
	lab_login_all(l, 3);
	assert_int_equal(lab_found(l, 3, ALICE, "before"), 20);
	assert_int_equal(create_on(l, 3, "after", 4, 20), 0);
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(lab_found(l, i, ALICE, "after"), 1);
	lab_same(l);
}

static void test_catches_up(void **state)
{
	struct lab *l = *state;
	uint64_t gone = lab_made(l, 2, "gone");

	lab_stop(l, 2);
	call_handle(lab_last(), HSM_CMD_KEY_DELETE, LAB_SESSION, gone);
	assert_int_equal(lab_ask(l, 0, ALICE, lab_last()), 0);
	for (int i = 0; i < 50; i++)
		lab_made(l, (unsigned int)i % 2, "meanwhile");
	if (l->ops->compact)
		l->ops->compact(l);
	assert_true(lab_start(l, 2));
	lab_login_all(l, 2);
	lab_same(l);
	assert_int_equal(lab_found(l, 2, ALICE, "meanwhile"), 50);
	assert_int_equal(lab_found(l, 2, ALICE, "gone"), 0);
}

static bool is_away(void *arg)
{
	struct lab_card *c = arg;

	return fw_membership(c->fw, c->err, sizeof(c->err)) == HSM_MEMBERSHIP_AWAY;
}

static bool is_online(void *arg)
{
	struct lab_card *c = arg;

	return fw_membership(c->fw, c->err, sizeof(c->err)) == HSM_MEMBERSHIP_ONLINE;
}

/* Without the cluster keys can be used and nothing can be changed. */
static void test_away_and_back(void **state)
{
	struct lab *l = *state;

	lab_made(l, 1, "key");
	l->ops->cut(l, lab_card(l, 1), true);
	assert_true(lab_wait(l, is_away, lab_card(l, 1), 20000));
	assert_int_equal(lab_create(l, 1, "no", NULL), HSM_RV_CLUSTER_UNAVAILABLE);
	assert_int_equal(lab_found(l, 1, ALICE, "key"), 1);
	assert_int_equal(lab_create(l, 0, "yes", NULL), 0);
	assert_int_equal(line_of(1), HSM_RV_CLUSTER_UNAVAILABLE);
	assert_int_equal(lab_found(l, 1, ALICE, "yes"), 0);
	l->ops->cut(l, lab_card(l, 1), false);
	assert_true(lab_wait(l, is_online, lab_card(l, 1), 20000));
	lab_same(l);
	assert_int_equal(lab_found(l, 1, ALICE, "yes"), 1);
	assert_int_equal(lab_found(l, 0, ALICE, "no"), 0);
	lab_made(l, 1, "again");
	lab_same(l);
}

/* What is guessed on a card that is away counts, there and, once it is back, everywhere. */
static void test_guesses_while_away(void **state)
{
	struct lab *l = *state;

	l->ops->cut(l, lab_card(l, 2), true);
	assert_true(lab_wait(l, is_away, lab_card(l, 2), 20000));
	for (int i = 0; i < HSM_LOGIN_TRIES; i++)
		assert_int_equal(lab_user(l, 2, NOBODY, HSM_CMD_LOGIN, HSM_USER_CU, "carol",
					  "Wrong_password"), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(lab_user(l, 2, NOBODY, HSM_CMD_LOGIN, HSM_USER_CU, "carol", LAB_PASSWORD),
			 HSM_RV_USER_LOCKED);
	l->ops->cut(l, lab_card(l, 2), false);
	assert_true(lab_wait(l, is_online, lab_card(l, 2), 20000));
	lab_same(l);
	/* A card that has just started pays nothing in its first two seconds, then once a second. */
	for (uint64_t until = l->ops->now_ms(l) + 6000; l->ops->now_ms(l) < until;)
		l->ops->pass(l);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(lab_user(l, i, NOBODY, HSM_CMD_LOGIN, HSM_USER_CU, "carol",
					  LAB_PASSWORD), HSM_RV_USER_LOCKED);
}

/* A card that is gone is printed with its state and stops counting when its lease ends. */
static void test_gone_is_said(void **state)
{
	struct lab *l = *state;
	uint64_t begin;

	l->ops->cut(l, lab_card(l, 2), true);
	begin = l->ops->now_ms(l);
	assert_int_equal(lab_create(l, 0, "key", NULL), 0);
	assert_true(l->ops->now_ms(l) - begin < 10000);
	assert_int_equal(line_of(0), 0);
	assert_int_equal(line_of(1), 0);
	assert_int_equal(line_of(2), HSM_RV_CLUSTER_UNAVAILABLE);
	begin = l->ops->now_ms(l);
	assert_int_equal(lab_create(l, 1, "key", NULL), 0);
	assert_true(l->ops->now_ms(l) - begin < 2000);
	l->ops->cut(l, lab_card(l, 2), false);
	assert_true(lab_wait(l, is_online, lab_card(l, 2), 20000));
	lab_same(l);
}

static void check_refused(struct lab *l, unsigned int i, const char *why)
{
	assert_false(lab_start(l, i));
	if (!strstr(lab_card(l, i)->err, why))
		fail_msg("refused, but because: %s", lab_card(l, i)->err);
	assert_int_equal(lab_create(l, 0, "key", NULL), 0);
	assert_true(line_of(i) != HSM_RV_SUCCESS);
	lab_same(l);
}

static void test_refuses_another_secret(void **state)
{
	struct lab *l = *state;

	lab_card(l, 3)->secret = "not the secret of the cluster";
	check_refused(l, 3, "secret");
}

/* Card 3 with an activation, or whatever @opcode makes, of its own. */
static void test_refuses_own_users(void **state)
{
	struct lab *l = *state;
	struct lab_card *c = lab_card(l, 3);
	struct fw_config cfg;

	c->platform = l->card[0].platform;
	c->platform.opaque = c;
	cfg = (struct fw_config){ .platform = &c->platform, .store = c->store,
				  .secret = c->secret, .secret_len = strlen(c->secret),
				  .serial = c->serial, .node_id = c->id };
	c->fw = fw_new(&cfg, c->err, sizeof(c->err));
	assert_non_null(c->fw);
	assert_true(fw_ctx_open(c->fw, ADMIN));
	call_begin(lab_last(), HSM_CMD_SESSION_OPEN, 0);
	assert_int_equal(lab_ask(l, 3, ADMIN, lab_last()), 0);
	assert_int_equal(lab_user(l, 3, ADMIN, HSM_CMD_LOGIN, HSM_USER_PRECO, "admin", "password"),
			 0);
	assert_int_equal(lab_user(l, 3, ADMIN, HSM_CMD_USER_PASSWORD, HSM_USER_PRECO, "admin",
				  LAB_PASSWORD), 0);
	fw_free(c->fw);
	c->fw = NULL;
	check_refused(l, 3, "of its own");
}

/* One number cannot be that of two cards. */
static void test_refuses_a_number_twice(void **state)
{
	struct lab *l = *state;
	struct lab_card *c = lab_card(l, 3);

	c->id = 1;
	assert_false(lab_start(l, 3));
	if (!strstr(c->err, "live card"))
		fail_msg("refused, but because: %s", c->err);
	lab_made(l, 1, "key");
	lab_same(l);
}

/* A store that was in a cluster does not start alone by accident. */
static void test_refuses_to_be_alone(void **state)
{
	struct lab *l = *state;
	struct lab_card *c = lab_card(l, 2);
	struct fw_config cfg = { .platform = &c->platform, .store = c->store, .secret = c->secret,
				 .secret_len = strlen(c->secret), .serial = c->serial,
				 .node_id = c->id };

	lab_made(l, 0, "key");
	lab_stop(l, 2);
	c->fw = fw_new(&cfg, c->err, sizeof(c->err));
	assert_null(c->fw);
	assert_non_null(strstr(c->err, "belongs to a cluster"));
	cfg.leave_cluster = true;
	c->fw = fw_new(&cfg, c->err, sizeof(c->err));
	assert_non_null(c->fw);
	lab_login_all(l, 2);
	assert_int_equal(lab_found(l, 2, ALICE, "key"), 1);
	assert_int_equal(lab_create(l, 2, "own", NULL), 0);
	fw_free(c->fw);
	c->fw = NULL;
	check_refused(l, 2, "of its own");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, lab_setup, lab_teardown)

int conformance_members(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_min_srv_reached), TEST(test_min_srv_too_many), TEST(test_min_srv_missed),
		TEST(test_min_srv_canceled), TEST(test_min_srv_late), TEST(test_empty_one_joins),
		TEST(test_catches_up), TEST(test_away_and_back), TEST(test_guesses_while_away),
		TEST(test_gone_is_said), TEST(test_refuses_another_secret),
		TEST(test_refuses_own_users), TEST(test_refuses_a_number_twice),
		TEST(test_refuses_to_be_alone),
	};

	return cmocka_run_group_tests_name("members", tests, NULL, NULL);
}
