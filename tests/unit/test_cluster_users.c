// SPDX-License-Identifier: GPL-2.0-or-later
/* test_cluster_users.c - users of three cards: what one card changes holds on the others. */
#include <pthread.h>
#include <stdio.h>

#include "approving.h"
#include "cloned.h"
#include "cluster_fixture.h"
#include "factor.h"
#include "fw_int.h"

static uint32_t bob(struct card *c, const char *pw)
{
	return login(c, NOBODY, HSM_USER_CU, "bob", pw);
}

static void new_password_holds_everywhere(void **state)
{
	struct cards *cs = *state;
	size_t i;

	assert_int_equal(user_password(&cs->card[0], BOB, HSM_USER_CU, "bob", "Another_789"), 0);
	assert_int_equal(reply_count(last(), HSM_TAG_NODE), 3);
	for (i = 0; i < 3; i++) {
		assert_int_equal(bob(&cs->card[i], PASSWORD), HSM_RV_LOGIN_FAILURE);
		assert_int_equal(bob(&cs->card[i], "Another_789"), 0);
	}
}

static uint32_t logged_in(struct card *c, uint32_t ctx)
{
	assert_int_equal(send(c, ctx, begin(HSM_CMD_LOGIN_STATUS, 0)), 0);
	return reply_count(last(), HSM_TAG_USER_ID) ? reply_u32(last(), HSM_TAG_USER_ID) : 0;
}

/* Only the card where he is knows that he is logged in; but he is nowhere once he is gone. */
static void deleted_through_another_card(void **state)
{
	struct cards *cs = *state;

	assert_int_equal(user_delete(&cs->card[0], ADMIN, HSM_USER_CU, "bob"),
			 HSM_RV_USER_LOGGED_IN);
	assert_int_equal(logout(&cs->card[0], BOB), 0);
	assert_int_equal(logged_in(&cs->card[1], BOB), ID_BOB);
	assert_int_equal(user_delete(&cs->card[0], ADMIN, HSM_USER_CU, "bob"), 0);
	assert_int_equal(logged_in(&cs->card[1], BOB), 0);
	assert_int_equal(send(&cs->card[1], BOB, begin_aes("key")), HSM_RV_NOT_LOGGED_IN);
	assert_int_equal(bob(&cs->card[2], PASSWORD), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(user_create(&cs->card[1], ADMIN, HSM_USER_CU, "bob", PASSWORD), 0);
	assert_true(reply_u32(last(), HSM_TAG_USER_ID) > ID_OFFICER);
}

/* An owner's keys are everybody's business: the card that deletes him may not hold them. */
static void owner_of_keys_stays(void **state)
{
	struct cards *cs = *state;

	made(&cs->card[2], BOB, begin_aes("bobs"));
	assert_int_equal(logout(&cs->card[0], BOB), 0);
	assert_int_equal(user_delete(&cs->card[0], ADMIN, HSM_USER_CU, "bob"),
			 HSM_RV_USER_OWNS_KEYS);
}

static void second_factor_changes_elsewhere(void **state)
{
	struct cards *cs = *state;
	struct nonce n;

	create_2fa(&cs->card[0], "double", 0);
	n = challenge(&cs->card[1], NOBODY);
	assert_int_equal(login_2fa(&cs->card[1], "double", PASSWORD, 0, &n), 0);
	assert_int_equal(logout(&cs->card[1], NOBODY), 0);
	n = challenge(&cs->card[2], ADMIN);
	assert_int_equal(send(&cs->card[2], ADMIN,
			      begin_factor(HSM_CMD_USER_PASSWORD, HSM_USER_CO, "double", PASSWORD,
					   1, &n)), 0);
	n = challenge(&cs->card[1], NOBODY);
	assert_int_equal(login_2fa(&cs->card[1], "double", PASSWORD, 0, &n), HSM_RV_LOGIN_FAILURE);
	n = challenge(&cs->card[1], NOBODY);
	assert_int_equal(login_2fa(&cs->card[1], "double", PASSWORD, 1, &n), 0);
	free_signers();
}

/* One key is one user's in the whole cluster. */
static void key_registered_elsewhere(void **state)
{
	struct cards *cs = *state;

	assert_int_equal(register_key(&cs->card[0], ALICE, HSM_USER_CU, "alice", 2), 0);
	assert_int_equal(register_key(&cs->card[1], BOB, HSM_USER_CU, "bob", 2),
			 HSM_RV_KEY_REGISTERED);
	free_signers();
}

struct maker {
	struct card *c;
	char name[32];
	uint32_t status, id;
};

static void *make_user(void *arg)
{
	struct maker *k = arg;
	struct msg *m = malloc(sizeof(*m));

	assert_non_null(m);
	begin_in(m, HSM_CMD_USER_CREATE, FIRST_SESSION);
	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(m, HSM_TAG_USER_NAME, k->name);
	add_text(m, HSM_TAG_PASSWORD, PASSWORD);
	k->status = send(k->c, ADMIN, m);
	k->id = k->status ? 0 : reply_u32(m, HSM_TAG_USER_ID);
	free(m);
	return NULL;
}

static void make_on_all(struct cards *cs, struct maker k[3])
{
	pthread_t thread[3];
	size_t i;

	for (i = 0; i < 3; i++) {
		k[i].c = &cs->card[i];
		assert_int_equal(pthread_create(&thread[i], NULL, make_user, &k[i]), 0);
	}
	for (i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
}

static void race_for_one_name(void **state)
{
	struct maker k[3];
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < 3; i++)
		memcpy(k[i].name, "carol", 6);
	make_on_all(*state, k);
	for (i = 0; i < 3; i++) {
		n += !k[i].status;
		assert_true(!k[i].status || k[i].status == HSM_RV_USER_EXISTS);
	}
	assert_int_equal(n, 1);
}

static void race_for_ids(void **state)
{
	struct maker k[3];
	int round;
	size_t i;

	for (round = 0; round < 5; round++) {
		for (i = 0; i < 3; i++)
			snprintf(k[i].name, sizeof(k[i].name), "user_%d_%zu", round, i);
		make_on_all(*state, k);
		assert_true(!k[0].status && !k[1].status && !k[2].status);
		assert_true(k[0].id != k[1].id && k[1].id != k[2].id && k[0].id != k[2].id);
	}
}

/* A card that is away: nothing of users can be changed, all that is known can be used. */
static void nothing_changes_while_away(void **state)
{
	static struct fake one;
	static struct image image;

	(void)state;
	cloned(&one, 1);
	fake_start(&one, false);
	assert_int_equal(fake_image(&one, &image), 0);
	fake_join(&one, &image);
	settle(&one, 1);
	card_login_all(&one.c);
	one.hooks->state(one.hooks->opaque, CLUSTER_AWAY, NULL);
	assert_int_equal(user_create(&one.c, ADMIN, HSM_USER_CU, "carol", PASSWORD),
			 HSM_RV_CLUSTER_UNAVAILABLE);
	assert_int_equal(user_password(&one.c, BOB, HSM_USER_CU, "bob", "Another_789"),
			 HSM_RV_CLUSTER_UNAVAILABLE);
	assert_int_equal(logout(&one.c, OFFICER), 0);
	assert_int_equal(user_delete(&one.c, ADMIN, HSM_USER_CO, "officer"),
			 HSM_RV_CLUSTER_UNAVAILABLE);
	assert_int_equal(login(&one.c, OFFICER, HSM_USER_CO, "officer", PASSWORD), 0);
	assert_int_equal(bob(&one.c, PASSWORD), 0);
	assert_int_equal(info(&one.c, ALICE, 6), 0);
	assert_null(one.txn);
	fake_free(&one);
	image_clear(&image);
}

int main(void)
{
#define THREE(test) cmocka_unit_test_setup_teardown(test, setup_three_users, teardown_cards)
	const struct CMUnitTest tests[] = {
		THREE(new_password_holds_everywhere),
		THREE(deleted_through_another_card),
		THREE(owner_of_keys_stays),
		THREE(second_factor_changes_elsewhere),
		THREE(key_registered_elsewhere),
		THREE(race_for_one_name),
		THREE(race_for_ids),
		cmocka_unit_test(nothing_changes_while_away),
	};

	return cmocka_run_group_tests(tests, cloned_make, cloned_remove);
}
