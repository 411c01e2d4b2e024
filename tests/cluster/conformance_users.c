// SPDX-License-Identifier: GPL-2.0-or-later
/* conformance_users.c - users, their passwords and their wrong passwords. */
#include <stdio.h>

#include "lab.h"

#define WRONG "Wrong_password"

static uint32_t try_login(struct lab *l, unsigned int i, const char *name, const char *pw)
{
	uint32_t status = lab_user(l, i, NOBODY, HSM_CMD_LOGIN, HSM_USER_CU, name, pw);

	if (!status) {
		call_begin(lab_last(), HSM_CMD_LOGOUT, LAB_SESSION);
		assert_int_equal(lab_ask(l, i, NOBODY, lab_last()), 0);
	}
	return status;
}

static void test_user_everywhere(void **state)
{
	struct lab *l = *state;

	assert_int_equal(lab_user(l, 1, ADMIN, HSM_CMD_USER_CREATE, HSM_USER_CU, "erin",
				  LAB_PASSWORD), 0);
	lab_check_nodes(l, 1, l->n, 0);
	for (unsigned int i = 0; i < l->n; i++)
		assert_int_equal(try_login(l, i, "erin", LAB_PASSWORD), 0);
	assert_int_equal(lab_user(l, 2, ADMIN, HSM_CMD_USER_CREATE, HSM_USER_CU, "erin",
				  LAB_PASSWORD), HSM_RV_USER_EXISTS);
	assert_int_equal(lab_user(l, 2, ADMIN, HSM_CMD_USER_DELETE, HSM_USER_CU, "erin", NULL), 0);
	for (unsigned int i = 0; i < l->n; i++)
		assert_int_equal(try_login(l, i, "erin", LAB_PASSWORD), HSM_RV_LOGIN_FAILURE);
	lab_same(l);
}

static void test_one_name_once(void **state)
{
	struct lab *l = *state;
	struct call_msg m[3];
	unsigned int made = 0;

	for (unsigned int i = 0; i < 3; i++) {
		call_user(&m[i], HSM_CMD_USER_CREATE, LAB_SESSION, HSM_USER_CU, "frank",
			  LAB_PASSWORD);
		lab_send(l, i, ADMIN, &m[i]);
	}
	for (unsigned int i = 0; i < 3; i++) {
		uint32_t status = lab_await(l, &m[i]);

		assert_true(!status || status == HSM_RV_USER_EXISTS);
		made += !status;
	}
	assert_int_equal(made, 1);
	lab_same(l);
}

static void test_password_everywhere(void **state)
{
	struct lab *l = *state;

	assert_int_equal(lab_user(l, 2, ADMIN, HSM_CMD_USER_PASSWORD, HSM_USER_CU, "carol",
				  "Another_1"), 0);
	for (unsigned int i = 0; i < l->n; i++)
		assert_int_equal(try_login(l, i, "carol", "Another_1"), 0);
	lab_same(l);
}

static void test_lockout(void **state)
{
	struct lab *l = *state;

	for (unsigned int n = 0; n < HSM_LOGIN_TRIES; n++)
		assert_int_equal(try_login(l, n % l->n, "carol", WRONG), HSM_RV_LOGIN_FAILURE);
	for (unsigned int i = 0; i < l->n; i++)
		assert_int_equal(try_login(l, i, "carol", LAB_PASSWORD), HSM_RV_USER_LOCKED);
	assert_int_equal(lab_user(l, 1, ADMIN, HSM_CMD_USER_PASSWORD, HSM_USER_CU, "carol",
				  LAB_PASSWORD), 0);
	for (unsigned int i = 0; i < l->n; i++)
		assert_int_equal(try_login(l, i, "carol", LAB_PASSWORD), 0);
	lab_same(l);
}

static void test_good_login_forgives(void **state)
{
	struct lab *l = *state;

	for (unsigned int n = 0; n < 3 * (HSM_LOGIN_TRIES - 1); n++) {
		assert_int_equal(try_login(l, n % l->n, "carol", WRONG), HSM_RV_LOGIN_FAILURE);
		if (n % (HSM_LOGIN_TRIES - 1) == HSM_LOGIN_TRIES - 2)
			assert_int_equal(try_login(l, n % l->n, "carol", LAB_PASSWORD), 0);
	}
	lab_same(l);
}

/*
 * All at once, on all cards: each looks at five at most before it has heard of the others',
 * and then none of them does.
 */
static void test_lockout_at_once(void **state)
{
	struct lab *l = *state;
	struct call_msg m[18];
	unsigned int looked_at = 0;

	for (unsigned int i = 0; i < 18; i++) {
		call_user(&m[i], HSM_CMD_LOGIN, LAB_SESSION, HSM_USER_CU, "carol", WRONG);
		lab_send(l, i % l->n, NOBODY, &m[i]);
	}
	for (unsigned int i = 0; i < 18; i++) {
		uint32_t status = lab_await(l, &m[i]);

		assert_true(status == HSM_RV_LOGIN_FAILURE || status == HSM_RV_USER_LOCKED);
		looked_at += status == HSM_RV_LOGIN_FAILURE;
	}
	assert_in_range(looked_at, 1, HSM_LOGIN_TRIES * l->n);
	for (unsigned int i = 0; i < l->n; i++)
		assert_int_equal(try_login(l, i, "carol", LAB_PASSWORD), HSM_RV_USER_LOCKED);
	lab_same(l);
}

int conformance_users(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_user_everywhere, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(test_one_name_once, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(test_password_everywhere, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(test_lockout, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(test_good_login_forgives, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(test_lockout_at_once, lab_setup, lab_teardown),
	};

	return cmocka_run_group_tests_name("users", tests, NULL, NULL);
}
