// SPDX-License-Identifier: GPL-2.0-or-later
/* test_quorum.c - m values of the officers' services, and what needs their tokens. */
#include <errno.h>

#include "approving.h"
#include "fw_int.h"

#define USERS	HSM_SERVICE_USER_MGMT
#define MISC	HSM_SERVICE_MISC_CO

static struct blob file, other;

static uint32_t new_user(struct card *c, const char *name)
{
	return user_create(c, ADMIN, HSM_USER_CU, name, PASSWORD);
}

static uint32_t delete_user(struct card *c, uint32_t ctx, uint32_t type, const char *name)
{
	struct msg *m = begin(HSM_CMD_USER_DELETE, FIRST_SESSION);

	add_u32(m, HSM_TAG_USER_TYPE, type);
	add_text(m, HSM_TAG_USER_NAME, name);
	return send(c, ctx, m);
}

/* A third officer, who is logged in and has a key. */
static void third_officer(struct card *c)
{
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CO, "third", PASSWORD), 0);
	assert_int_equal(login(c, NOBODY, HSM_USER_CO, "third", PASSWORD), 0);
	assert_int_equal(register_key(c, NOBODY, HSM_USER_CO, "third", 4), 0);
}

static void restart(struct card *c)
{
	card_restart(c);
	card_login_all(c);
}

static void values(void **state)
{
	struct card *c = *state;

	assert_int_equal(m_value(c, USERS), 1);
	assert_int_equal(m_value(c, MISC), 1);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 1), HSM_RV_INVALID_INPUT);
	assert_int_equal(bad_tag(last()), HSM_TAG_M_VALUE);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 9), HSM_RV_INVALID_INPUT);
	assert_int_equal(m_value_set(c, ADMIN, 2, 2), HSM_RV_INVALID_INPUT);
	assert_int_equal(bad_tag(last()), HSM_TAG_SERVICE);
	assert_int_equal(m_value_set(c, ADMIN, 5, 2), HSM_RV_INVALID_INPUT);
	assert_int_equal(m_value_set(c, ALICE, USERS, 2), HSM_RV_NOT_AUTHORIZED);
	assert_int_equal(m_value_set(c, AUDITOR, USERS, 2), HSM_RV_NOT_AUTHORIZED);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 3), HSM_RV_QUORUM_OFFICERS);
	assert_int_equal(bad_tag(last()), HSM_TAG_M_VALUE);
	assert_int_equal(m_value_set(c, OFFICER, USERS, 2), 0);
	assert_int_equal(m_value(c, USERS), 2);
	assert_int_equal(m_value(c, MISC), 1);
	restart(c);
	assert_int_equal(m_value(c, USERS), 2);
	assert_int_equal(m_value(c, MISC), 1);
	assert_int_equal(m_value_set(c, ADMIN, MISC, 2), 0);
	restart(c);
	assert_int_equal(m_value(c, MISC), 2);
}

/* One that is not on the disk is not in force, and does not get there with another change. */
static void store_fails(void **state)
{
	struct card *c = *state;

	register_all(c);
	c->gate->fail = ENOSPC;
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), HSM_RV_STORE_FAILED);
	c->gate->fail = 0;
	assert_int_equal(m_value(c, USERS), 1);
	assert_int_equal(c->fw->quorum.m_coming[0], 0);
	assert_int_equal(new_user(c, "carol"), 0);
}

/* Who spoils the record with the m values has not taken them away. */
static void card_record_damaged(void **state)
{
	struct card *c = *state;
	struct msg *m;

	assert_int_equal(new_user(c, "carol"), 0);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), 0);
	c->fw->card_damaged = true;
	c->fw->quorum = (struct quorum){ 0 };
	assert_int_equal(user_password(c, ADMIN, HSM_USER_CU, "carol", "another_1"),
			 HSM_RV_RECORD_DAMAGED);
	assert_int_equal(delete_user(c, ADMIN, HSM_USER_CU, "carol"), HSM_RV_RECORD_DAMAGED);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), HSM_RV_RECORD_DAMAGED);
	m = begin(HSM_CMD_M_VALUE_GET, FIRST_SESSION);
	add_u32(m, HSM_TAG_SERVICE, USERS);
	assert_int_equal(send(c, ADMIN, m), HSM_RV_RECORD_DAMAGED);
	assert_int_equal(user_password(c, ADMIN, HSM_USER_CO, "admin", PASSWORD), 0);
}

static void user_management(void **state)
{
	struct card *c = *state;

	register_all(c);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), 0);
	assert_int_equal(new_user(c, "carol"), HSM_RV_MXN_AUTH_FAILED);
	approved_officers(c, USERS, &file);
	assert_int_equal(user_create(c, OFFICER, HSM_USER_CU, "carol", PASSWORD),
			 HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(new_user(c, "alice"), HSM_RV_USER_EXISTS);
	assert_int_equal(new_user(c, "carol"), 0);
	assert_int_equal(new_user(c, "dora"), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(approve(c, ADMIN, &file, HSM_USER_CO, "admin", 0), HSM_RV_NO_TOKEN);
	assert_int_equal(delete_user(c, ADMIN, HSM_USER_CU, "carol"), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(user_password(c, ADMIN, HSM_USER_CU, "carol", "another_1"),
			 HSM_RV_MXN_AUTH_FAILED);
	approved_officers(c, USERS, &file);
	assert_int_equal(user_password(c, ADMIN, HSM_USER_CU, "carol", "another_1"), 0);
	assert_int_equal(delete_user(c, ADMIN, HSM_USER_CU, "carol"), HSM_RV_MXN_AUTH_FAILED);
	approved_officers(c, USERS, &file);
	assert_int_equal(delete_user(c, ADMIN, HSM_USER_CU, "carol"), 0);
	assert_int_equal(tokens_seen(c, ADMIN), 0);
	assert_int_equal(user_password(c, ADMIN, HSM_USER_CO, "admin", PASSWORD), 0);
	assert_int_equal(user_password(c, ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
}

static void one_approval_is_not_two(void **state)
{
	struct card *c = *state;

	register_all(c);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), 0);
	get_token(c, ADMIN, USERS, 0, &file);
	assert_int_equal(approve(c, ADMIN, &file, HSM_USER_PCO, "admin", 0), 0);
	assert_int_equal(new_user(c, "carol"), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(approve(c, ADMIN, &file, HSM_USER_CU, "alice", 2), HSM_RV_BAD_APPROVAL);
	assert_int_equal(new_user(c, "carol"), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(approve(c, ADMIN, &file, HSM_USER_CO, "officer", 1), 0);
	assert_int_equal(new_user(c, "carol"), 0);
}

static void each_for_its_service(void **state)
{
	struct card *c = *state;

	register_all(c);
	third_officer(c);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), 0);
	assert_int_equal(m_value_set(c, ADMIN, MISC, 2), 0);
	approved_officers(c, USERS, &file);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 3), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(m_value_set(c, ADMIN, MISC, 3), HSM_RV_MXN_AUTH_FAILED);
	approved_officers(c, MISC, &other);
	assert_int_equal(new_user(c, "carol"), 0);
	assert_int_equal(new_user(c, "dora"), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 3), 0);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), HSM_RV_MXN_AUTH_FAILED);
}

/* The vendor's page: what has a value changes by a token of service 4 only. */
static void changing_a_value(void **state)
{
	struct card *c = *state;

	register_all(c);
	third_officer(c);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), 0);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 3), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(token_new(c, ADMIN, MISC, 0), HSM_RV_NO_QUORUM);
	assert_int_equal(m_value_set(c, ADMIN, MISC, 2), 0);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 3), HSM_RV_MXN_AUTH_FAILED);
	approved_officers(c, MISC, &file);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 4), HSM_RV_QUORUM_OFFICERS);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 3), 0);
	assert_int_equal(m_value(c, USERS), 3);
}

/* As many as the larger of the two values asks for. */
static void the_larger_value_counts(void **state)
{
	struct card *c = *state;

	register_all(c);
	third_officer(c);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 3), 0);
	assert_int_equal(m_value_set(c, ADMIN, MISC, 2), 0);
	approved_officers(c, MISC, &file);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(approve(c, ADMIN, &file, HSM_USER_CO, "third", 4), 0);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), 0);
	assert_int_equal(m_value(c, USERS), 2);
	approved_officers(c, MISC, &file);
	assert_int_equal(m_value_set(c, ADMIN, MISC, 3), 0);
}

/* Service 4 guards the first value of service 3, too. */
static void first_value_under_a_quorum(void **state)
{
	struct card *c = *state;

	register_all(c);
	assert_int_equal(m_value_set(c, ADMIN, MISC, 2), 0);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), HSM_RV_MXN_AUTH_FAILED);
	approved_officers(c, MISC, &file);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), 0);
}

static void value_raised_meanwhile(void **state)
{
	struct card *c = *state;

	register_all(c);
	third_officer(c);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), 0);
	assert_int_equal(m_value_set(c, ADMIN, MISC, 2), 0);
	approved_officers(c, USERS, &file);
	approved_officers(c, MISC, &other);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 3), 0);
	assert_int_equal(new_user(c, "carol"), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(approve(c, ADMIN, &file, HSM_USER_CO, "third", 4), 0);
	assert_int_equal(new_user(c, "carol"), 0);
}

static void value_lowered_meanwhile(void **state)
{
	struct card *c = *state;

	register_all(c);
	third_officer(c);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 3), 0);
	assert_int_equal(m_value_set(c, ADMIN, MISC, 2), 0);
	approved_officers(c, USERS, &file);
	approved_officers(c, MISC, &other);
	assert_int_equal(approve(c, ADMIN, &other, HSM_USER_CO, "third", 4), 0);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), 0);
	assert_int_equal(new_user(c, "carol"), HSM_RV_MXN_AUTH_FAILED);
	approved_officers(c, USERS, &file);
	assert_int_equal(new_user(c, "carol"), 0);
}

static void officers_that_stay(void **state)
{
	struct card *c = *state;

	register_all(c);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CO, "third", PASSWORD), 0);
	assert_int_equal(m_value_set(c, ADMIN, MISC, 3), 0);
	assert_int_equal(delete_user(c, ADMIN, HSM_USER_CO, "third"), HSM_RV_QUORUM_OFFICERS);
	assert_int_equal(new_user(c, "carol"), 0);
	assert_int_equal(delete_user(c, ADMIN, HSM_USER_CU, "carol"), 0);
}

/* What an officer approved who is an officer no more. */
static void approver_is_deleted(void **state)
{
	struct card *c = *state;

	register_all(c);
	third_officer(c);
	assert_int_equal(logout(c, NOBODY), 0);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), 0);
	approved_officers(c, USERS, &other);
	get_token(c, ADMIN, USERS, 0, &file);
	assert_int_equal(approve(c, ADMIN, &file, HSM_USER_CO, "third", 4), 0);
	assert_int_equal(approve(c, ADMIN, &file, HSM_USER_CO, "officer", 1), 0);
	assert_int_equal(delete_user(c, ADMIN, HSM_USER_CO, "third"), 0);
	assert_int_equal(tokens_seen(c, ADMIN), 1);
	assert_int_equal(new_user(c, "carol"), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(approve(c, ADMIN, &file, HSM_USER_CO, "admin", 0), 0);
	assert_int_equal(new_user(c, "carol"), 0);
}

static struct msg *create_async(struct card *c, const char *name)
{
	struct msg *m = malloc(sizeof(*m));

	begin_in(m, HSM_CMD_USER_CREATE, FIRST_SESSION);
	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(m, HSM_TAG_USER_NAME, name);
	add_text(m, HSM_TAG_PASSWORD, PASSWORD);
	exec_begin(c, ADMIN, m);
	return m;
}

/* A token whose change is on its way to the disk is nobody else's; if that fails it is back. */
static void on_the_way_to_the_disk(void **state)
{
	struct card *c = *state;
	struct msg *m, *second;

	register_all(c);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), 0);
	approved_officers(c, USERS, &file);
	c->gate->hold = true;
	m = create_async(c, "carol");
	assert_false(m->done);
	second = create_async(c, "dora");
	gate_let_go(c->gate, EIO);
	assert_int_equal(wait_status(m), HSM_RV_STORE_FAILED);
	assert_int_not_equal(wait_status(second), 0);
	c->gate->fail = ENOSPC;
	assert_int_equal(new_user(c, "carol"), HSM_RV_STORE_FAILED);
	c->gate->fail = 0;
	c->gate->hold = true;
	m = create_async(c, "carol");
	second = create_async(c, "dora");
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(m), 0);
	assert_int_equal(wait_status(second), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(new_user(c, "dora"), HSM_RV_MXN_AUTH_FAILED);
}

static void logged_out_meanwhile(void **state)
{
	struct card *c = *state;
	struct msg *m;

	register_all(c);
	assert_int_equal(m_value_set(c, ADMIN, USERS, 2), 0);
	approved_officers(c, USERS, &file);
	c->gate->hold = true;
	m = create_async(c, "carol");
	fw_ctx_close(c->fw, ADMIN);
	gate_let_go(c->gate, EIO);
	wait_done(m);
	free(m);
	fw_ctx_open(c->fw, ADMIN);
	open_session(c, ADMIN);
	assert_int_equal(login(c, ADMIN, HSM_USER_CO, "admin", PASSWORD), 0);
	assert_int_equal(new_user(c, "carol"), HSM_RV_MXN_AUTH_FAILED);
	approved_officers(c, USERS, &file);
	assert_int_equal(c->fw->quorum.n, 1);
	assert_int_equal(new_user(c, "carol"), 0);
}

static struct msg *set_async(struct card *c, uint32_t m_value)
{
	struct msg *m = malloc(sizeof(*m));

	begin_in(m, HSM_CMD_M_VALUE_SET, FIRST_SESSION);
	add_u32(m, HSM_TAG_SERVICE, MISC);
	add_u32(m, HSM_TAG_M_VALUE, m_value);
	exec_begin(c, ADMIN, m);
	return m;
}

/* The first is free, so the second is not: it waits for its turn to find that out. */
static void two_at_once(void **state)
{
	struct card *c = *state;
	struct msg *first, *second;

	register_all(c);
	third_officer(c);
	c->gate->hold = true;
	first = set_async(c, 2);
	second = set_async(c, 3);
	assert_false(first->done || second->done);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(first), 0);
	assert_int_equal(wait_status(second), HSM_RV_MXN_AUTH_FAILED);
	assert_int_equal(m_value(c, MISC), 2);
}

/* What never was in force does not count for the one that comes behind. */
static void first_of_two_fails(void **state)
{
	struct card *c = *state;
	struct msg *first, *second;

	register_all(c);
	third_officer(c);
	c->gate->hold = true;
	first = set_async(c, 2);
	second = set_async(c, 3);
	gate_let_go(c->gate, EIO);
	assert_int_equal(wait_status(first), HSM_RV_STORE_FAILED);
	assert_int_equal(wait_status(second), 0);
	assert_int_equal(m_value(c, MISC), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(values, setup_users_sqlite, teardown),
		cmocka_unit_test_setup_teardown(store_fails, setup_users, teardown),
		cmocka_unit_test_setup_teardown(card_record_damaged, setup_users, teardown),
		cmocka_unit_test_setup_teardown(user_management, setup_users, teardown),
		cmocka_unit_test_setup_teardown(one_approval_is_not_two, setup_users, teardown),
		cmocka_unit_test_setup_teardown(each_for_its_service, setup_users, teardown),
		cmocka_unit_test_setup_teardown(changing_a_value, setup_users, teardown),
		cmocka_unit_test_setup_teardown(the_larger_value_counts, setup_users, teardown),
		cmocka_unit_test_setup_teardown(first_value_under_a_quorum, setup_users, teardown),
		cmocka_unit_test_setup_teardown(value_raised_meanwhile, setup_users, teardown),
		cmocka_unit_test_setup_teardown(value_lowered_meanwhile, setup_users, teardown),
		cmocka_unit_test_setup_teardown(officers_that_stay, setup_users, teardown),
		cmocka_unit_test_setup_teardown(approver_is_deleted, setup_users, teardown),
		cmocka_unit_test_setup_teardown(on_the_way_to_the_disk, setup_users, teardown),
		cmocka_unit_test_setup_teardown(logged_out_meanwhile, setup_users, teardown),
		cmocka_unit_test_setup_teardown(two_at_once, setup_users, teardown),
		cmocka_unit_test_setup_teardown(first_of_two_fails, setup_users, teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	free_signers();
	return failed;
}
