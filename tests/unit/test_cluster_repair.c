// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_cluster_repair.c - records that are damaged on a card are put back: KEY_UNMASK with
 * HANDLE, USER_UNMASK. Alone and on one card of three.
 */
#include <stdio.h>

#include "cluster_fixture.h"
#include "evp.h"
#include "fw_int.h"
#include "storing.h"
#include "using.h"

static struct blob mask;

/* The end of a record, which is its tag, becomes another one. */
static void damage(struct card *c, int kind, uint64_t id)
{
	char text[160];

	snprintf(text, sizeof(text), "UPDATE record SET data = CAST(substr(data, 1, "
		 "length(data) - 4) || x'00010203' AS BLOB) WHERE kind = %d AND id = %llu",
		 kind, (unsigned long long)id);
	sql(c->path, text);
}

static void mask_key(struct card *c, uint32_t ctx, uint64_t h)
{
	struct msg *m = begin(HSM_CMD_KEY_MASK, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, h);
	assert_int_equal(send(c, ctx, m), 0);
	take(HSM_TAG_DATA, &mask);
}

static uint32_t put_back(struct card *c, uint32_t ctx, uint64_t h)
{
	struct msg *m = begin(HSM_CMD_KEY_UNMASK, FIRST_SESSION);

	add_blob(m, HSM_TAG_DATA, &mask);
	add_u64(m, HSM_TAG_HANDLE, h);
	return send(c, ctx, m);
}

static uint32_t damaged(struct card *c)
{
	struct tlv t;

	assert_int_equal(send(c, NOBODY, begin(HSM_CMD_CARD_INFO, 0)), 0);
	assert_true(reply_find(last(), HSM_TAG_CARD, &t));
	return get_le32(t.p + offsetof(struct hsm_card_info, damaged));
}

/* Keys 6, 7 of ALICE and 8 of BOB; the record of 7 is damaged. */
static void damage_key(struct card *c)
{
	card_stop(c);
	damage(c, STORE_OBJECT, 7);
	assert_true(card_start(c));
	card_login_all(c);
	assert_int_equal(info(c, ALICE, 7), HSM_RV_RECORD_DAMAGED);
}

static int setup_keys(void **state)
{
	struct card *c;

	setup_users_sqlite(state);
	c = *state;
	made(c, ALICE, begin_aes("one"));
	made(c, ALICE, begin_aes("two"));
	made(c, BOB, begin_aes("bobs"));
	return 0;
}

static void key_of_a_card_alone(void **state)
{
	struct card *c = *state;
	uint8_t secret[32];

	memcpy(secret, object_by_handle(&c->fw->objects, 7)->secret, 32);
	mask_key(c, ALICE, 7);
	damage_key(c);
	assert_int_equal(put_back(c, ALICE, 7), 0);
	assert_int_equal(reply_u64(last(), HSM_TAG_HANDLE), 7);
	assert_int_equal(damaged(c), 0);
	card_restart(c);
	card_login_all(c);
	assert_int_equal(damaged(c), 0);
	assert_memory_equal(object_by_handle(&c->fw->objects, 7)->secret, secret, 32);
	assert_int_equal(made(c, ALICE, begin_aes("next")), 9);
}

/* The newest one: a failure must not give its number to the next key. */
static void failure_changes_nothing(void **state)
{
	struct card *c = *state;

	assert_int_equal(delete_key(c, BOB, 8), 0);
	mask_key(c, ALICE, 7);
	card_stop(c);
	damage(c, STORE_OBJECT, 7);
	sql(c->path, "CREATE TRIGGER t BEFORE INSERT ON record WHEN NEW.kind = 2 BEGIN "
	    "SELECT RAISE(FAIL, 'no'); END");
	assert_true(card_start(c));
	card_login_all(c);
	assert_int_equal(put_back(c, ALICE, 7), HSM_RV_STORE_FAILED);
	assert_int_equal(info(c, ALICE, 7), HSM_RV_RECORD_DAMAGED);
	assert_int_equal(damaged(c), 1);
	card_stop(c);
	sql(c->path, "DROP TRIGGER t");
	assert_true(card_start(c));
	card_login_all(c);
	assert_int_equal(made(c, ALICE, begin_aes("next")), 9);
	assert_int_equal(put_back(c, ALICE, 7), 0);
}

static void only_the_key_itself(void **state)
{
	struct card *c = *state;
	struct msg *m;

	mask_key(c, ALICE, 7);
	check_refused(put_back(c, ALICE, 7), HSM_RV_INVALID_INPUT, HSM_TAG_HANDLE);
	check_refused(put_back(c, ALICE, 6), HSM_RV_BAD_MASKED_OBJECT, HSM_TAG_DATA);
	damage_key(c);
	check_refused(put_back(c, BOB, 7), HSM_RV_ACCESS_DENIED, HSM_TAG_DATA);
	m = begin(HSM_CMD_KEY_UNMASK, FIRST_SESSION);
	add_blob(m, HSM_TAG_DATA, &mask);
	add_u64(m, HSM_TAG_HANDLE, 7);
	add_u32(m, HSM_TAG_MIN_SRV, 1);
	check_refused(send(c, ALICE, m), HSM_RV_INVALID_INPUT, HSM_TAG_MIN_SRV);
	mask_key(c, BOB, 8);
	check_refused(put_back(c, BOB, 7), HSM_RV_BAD_MASKED_OBJECT, HSM_TAG_DATA);
	mask_key(c, ALICE, 6);
	check_refused(put_back(c, ADMIN, 7), HSM_RV_BAD_MASKED_OBJECT, HSM_TAG_DATA);
	assert_int_equal(delete_key(c, ALICE, 6), 0);
	check_refused(put_back(c, ALICE, 6), HSM_RV_BAD_HANDLE, HSM_TAG_HANDLE);
}

/* What another card with the same masking key calls 7 is another key. */
static void key_of_another_card(void **state)
{
	struct card *c = *state;

	mask_key(c, ALICE, 7);
	memcpy(c->fw->serial, "ELSEWHERE", 10);
	check_refused(put_back(c, ALICE, 7), HSM_RV_BAD_MASKED_OBJECT, HSM_TAG_DATA);
	memcpy(c->fw->serial, c->cfg.serial, strlen(c->cfg.serial) + 1);
	check_refused(put_back(c, ALICE, 7), HSM_RV_INVALID_INPUT, HSM_TAG_HANDLE);
}

static void join_damaged(struct cards *cs, size_t i)
{
	assert_true(cards_join(cs, i));
	card_login_all(&cs->card[i]);
	cards_see_each_other(cs);
}

static void key_of_one_card_of_three(void **state)
{
	struct cards *cs = *state;
	uint64_t h = cards_make_key(cs, 0, "key");

	mask_key(&cs->card[0], AUDITOR, h);
	cards_leave(cs, 1);
	damage(&cs->card[1], STORE_OBJECT, h);
	join_damaged(cs, 1);
	assert_int_equal(info(&cs->card[1], ALICE, h), HSM_RV_RECORD_DAMAGED);
	assert_int_equal(cards_seeing(cs, h), 2);
	check_refused(put_back(&cs->card[0], AUDITOR, h), HSM_RV_INVALID_INPUT, HSM_TAG_HANDLE);
	assert_int_equal(put_back(&cs->card[1], AUDITOR, h), 0);
	assert_int_equal(node_status(last(), 2), 0);
	assert_int_equal(damaged(&cs->card[1]), 0);
	assert_int_equal(cards_seeing(cs, h), 3);
	cards_leave(cs, 1);
	join_damaged(cs, 1);
	assert_int_equal(cards_seeing(cs, h), 3);
}

/* A masked object from before a change is not what the cluster has under that number. */
static void older_record_does_not_come_back(void **state)
{
	struct cards *cs = *state;
	uint64_t h = cards_make_key(cs, 0, "key");

	mask_key(&cs->card[0], AUDITOR, h);
	assert_int_equal(set_bool(&cs->card[0], ALICE, h, HSM_ATTR_EXTRACTABLE, 0), 0);
	cards_settle(cs, 0);
	cards_leave(cs, 1);
	damage(&cs->card[1], STORE_OBJECT, h);
	join_damaged(cs, 1);
	check_refused(put_back(&cs->card[1], AUDITOR, h), HSM_RV_BAD_MASKED_OBJECT,
		      HSM_TAG_DATA);
	assert_int_equal(info(&cs->card[1], ALICE, h), HSM_RV_RECORD_DAMAGED);
	mask_key(&cs->card[2], AUDITOR, h);
	assert_int_equal(put_back(&cs->card[1], AUDITOR, h), 0);
	assert_int_equal(attr_u32(&cs->card[1], ALICE, h, HSM_ATTR_EXTRACTABLE), 0);
	assert_int_equal(attr_u32(&cs->card[2], ALICE, h, HSM_ATTR_EXTRACTABLE), 0);
}

/* Put back as it is in the cluster, it is trusted whoever does it. */
static void trusted_key_stays_trusted(void **state)
{
	struct cards *cs = *state;
	uint64_t h = cards_make_key(cs, 0, "key");

	assert_int_equal(set_bool(&cs->card[0], ADMIN, h, HSM_ATTR_TRUSTED, 1), 0);
	cards_settle(cs, 0);
	mask_key(&cs->card[0], AUDITOR, h);
	cards_leave(cs, 1);
	damage(&cs->card[1], STORE_OBJECT, h);
	join_damaged(cs, 1);
	assert_int_equal(put_back(&cs->card[1], AUDITOR, h), 0);
	assert_true(object_flag(object_by_handle(&cs->card[2].fw->objects, h), BIT_TRUSTED));
}

/* The memory of the group went; the card that begins it anew has a record less. */
static void damaged_card_begins_the_group(void **state)
{
	struct cards *cs = *state;
	uint64_t h = cards_make_key(cs, 0, "key");
	size_t i;

	mask_key(&cs->card[0], AUDITOR, h);
	cards_settle(cs, 0);
	for (i = 0; i < cs->n; i++)
		cards_leave(cs, i);
	damage(&cs->card[0], STORE_OBJECT, h);
	damage(&cs->card[0], STORE_USER, ID_BOB);
	assert_true(cards_join(cs, 0));
	card_open_contexts(&cs->card[0]);
	for (i = 1; i < cs->n; i++)
		join_damaged(cs, i);
	assert_int_equal(login(&cs->card[0], ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
	assert_int_equal(login(&cs->card[0], AUDITOR, HSM_USER_AU, "app_user", PASSWORD),
			 0);
	assert_int_equal(damaged(&cs->card[0]), 2);
	assert_int_equal(cards_seeing(cs, h), 2);
	assert_int_equal(put_back(&cs->card[0], AUDITOR, h), 0);
	assert_int_equal(damaged(&cs->card[0]), 1);
	assert_int_equal(cards_seeing(cs, h), 3);
}

/* Deleted elsewhere: it does not come back, damaged or not. */
static void deleted_key_does_not_come_back(void **state)
{
	struct cards *cs = *state;
	uint64_t h = cards_make_key(cs, 0, "key");

	mask_key(&cs->card[0], ALICE, h);
	cards_leave(cs, 1);
	damage(&cs->card[1], STORE_OBJECT, h);
	join_damaged(cs, 1);
	assert_int_equal(delete_key(&cs->card[2], ALICE, h), 0);
	assert_int_equal(info(&cs->card[1], ALICE, h), HSM_RV_BAD_HANDLE);
	check_refused(put_back(&cs->card[1], ALICE, h), HSM_RV_BAD_HANDLE, HSM_TAG_HANDLE);
	assert_int_equal(damaged(&cs->card[1]), 0);
}

static void user_of_one_card_of_three(void **state)
{
	struct cards *cs = *state;
	struct msg *m = begin(HSM_CMD_USER_MASK, FIRST_SESSION);

	add_u32(m, HSM_TAG_USER_ID, ID_BOB);
	assert_int_equal(send(&cs->card[0], ADMIN, m), 0);
	take(HSM_TAG_DATA, &mask);
	cards_leave(cs, 1);
	damage(&cs->card[1], STORE_USER, ID_BOB);
	assert_true(cards_join(cs, 1));
	card_open_contexts(&cs->card[1]);
	assert_int_equal(damaged(&cs->card[1]), 1);
	assert_int_equal(login(&cs->card[1], BOB, HSM_USER_CU, "bob", PASSWORD),
			 HSM_RV_LOGIN_FAILURE);
	assert_int_equal(login(&cs->card[1], ADMIN, HSM_USER_CO, "admin", PASSWORD), 0);
	m = begin(HSM_CMD_USER_UNMASK, FIRST_SESSION);
	add_blob(m, HSM_TAG_DATA, &mask);
	assert_int_equal(send(&cs->card[1], ADMIN, m), 0);
	assert_int_equal(damaged(&cs->card[1]), 0);
	assert_int_equal(login(&cs->card[1], BOB, HSM_USER_CU, "bob", PASSWORD), 0);
	m = begin(HSM_CMD_USER_UNMASK, FIRST_SESSION);
	add_blob(m, HSM_TAG_DATA, &mask);
	check_refused(send(&cs->card[2], ADMIN, m), HSM_RV_USER_EXISTS, HSM_TAG_DATA);
}

int main(void)
{
#define ALONE(test) cmocka_unit_test_setup_teardown(test, setup_keys, teardown)
#define THREE(test) cmocka_unit_test_setup_teardown(test, setup_three_users_sqlite, teardown_cards)
	const struct CMUnitTest tests[] = {
		ALONE(key_of_a_card_alone),
		ALONE(failure_changes_nothing),
		ALONE(only_the_key_itself),
		ALONE(key_of_another_card),
		THREE(key_of_one_card_of_three),
		THREE(older_record_does_not_come_back),
		THREE(trusted_key_stays_trusted),
		THREE(damaged_card_begins_the_group),
		THREE(deleted_key_does_not_come_back),
		THREE(user_of_one_card_of_three),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
