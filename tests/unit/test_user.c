// SPDX-License-Identifier: GPL-2.0-or-later
/* test_user.c - users, passwords, activation. */
#include <errno.h>
#include <stdio.h>

#include "fixture.h"
#include "fw_int.h"

#define WRONG "not the password"

static uint32_t try_login(struct card *c, const char *pw)
{
	return login(c, NOBODY, HSM_USER_CU, "alice", pw);
}

static void fresh_users(void **state)
{
	struct hsm_user_rec rec;

	get_user(*state, "admin", &rec);
	assert_int_equal(rec.id, 1);
	assert_int_equal(rec.type, HSM_USER_PRECO);
	get_user(*state, "app_user", &rec);
	assert_int_equal(rec.id, 2);
	assert_int_equal(rec.type, HSM_USER_AU);
	assert_int_equal(reply_count(last(), HSM_TAG_USER), 2);
}

static void activation(void **state)
{
	struct hsm_user_rec rec;

	assert_int_equal(login(*state, ADMIN, HSM_USER_CO, "admin", "password"),
			 HSM_RV_LOGIN_FAILURE);
	assert_int_equal(login(*state, ADMIN, HSM_USER_PRECO, "admin", "password"), 0);
	assert_int_equal(user_create(*state, ADMIN, HSM_USER_CU, "early", PASSWORD),
			 HSM_RV_NOT_AUTHORIZED);
	assert_int_equal(user_password(*state, ADMIN, HSM_USER_AU, "app_user", PASSWORD),
			 HSM_RV_NOT_AUTHORIZED);
	assert_int_equal(user_password(*state, ADMIN, HSM_USER_PRECO, "admin", PASSWORD), 0);
	get_user(*state, "admin", &rec);
	assert_int_equal(rec.type, HSM_USER_PCO);
	assert_int_equal(user_create(*state, ADMIN, HSM_USER_CU, "first", PASSWORD), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_ID), 3);
	assert_int_equal(login(*state, NOBODY, HSM_USER_PRECO, "admin", PASSWORD),
			 HSM_RV_LOGIN_FAILURE);
	assert_int_equal(login(*state, NOBODY, HSM_USER_PCO, "admin", PASSWORD), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_TYPE), HSM_USER_PCO);
}

static void create_names(void **state)
{
	static const char *const bad[] = { "with space", "dash-ed", "caf\xc3\xa9", "a.b", "a/b" };
	size_t i;

	for (i = 0; i < 5; i++) {
		assert_int_equal(user_create(*state, ADMIN, HSM_USER_CU, bad[i], PASSWORD),
				 HSM_RV_INVALID_INPUT);
		assert_int_equal(bad_tag(last()), HSM_TAG_USER_NAME);
	}
	assert_int_equal(user_create(*state, ADMIN, HSM_USER_CU, "Az_09", PASSWORD), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_ID), 6);
}

static void create_taken_name(void **state)
{
	assert_int_equal(user_create(*state, ADMIN, HSM_USER_CU, "ALICE", PASSWORD),
			 HSM_RV_USER_EXISTS);
	assert_int_equal(user_create(*state, ADMIN, HSM_USER_CO, "alice", PASSWORD),
			 HSM_RV_USER_EXISTS);
	assert_int_equal(user_create(*state, ADMIN, HSM_USER_CU, "alice2", PASSWORD), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_ID), 6);
}

static void create_types(void **state)
{
	static const uint32_t bad[] = { 0, HSM_USER_PCO, 4, HSM_USER_PRECO, 7, 99 };
	size_t i;

	for (i = 0; i < 6; i++) {
		assert_int_equal(user_create(*state, ADMIN, bad[i], "someone", PASSWORD),
				 HSM_RV_BAD_USER_TYPE);
		assert_int_equal(bad_tag(last()), HSM_TAG_USER_TYPE);
	}
	assert_int_equal(user_create(*state, OFFICER, HSM_USER_CO, "co2", PASSWORD), 0);
	assert_int_equal(user_create(*state, OFFICER, HSM_USER_AU, "au2", PASSWORD), 0);
	assert_int_equal(login(*state, NOBODY, HSM_USER_AU, "au2", PASSWORD), 0);
}

static void create_passwords(void **state)
{
	struct msg *m = begin(HSM_CMD_USER_CREATE, FIRST_SESSION);

	assert_int_equal(user_create(*state, ADMIN, HSM_USER_CU, "u1", "123456"),
			 HSM_RV_BAD_PASSWORD);
	assert_int_equal(user_create(*state, ADMIN, HSM_USER_CU, "u1", "1234567"), 0);
	assert_int_equal(user_create(*state, ADMIN, HSM_USER_CU, "u2",
				     "12345678901234567890123456789012"), 0);
	assert_int_equal(user_create(*state, ADMIN, HSM_USER_CU, "u3",
				     "123456789012345678901234567890123"), HSM_RV_BAD_PASSWORD);
	m = begin(HSM_CMD_USER_CREATE, FIRST_SESSION);
	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(m, HSM_TAG_USER_NAME, "u3");
	add(m, HSM_TAG_PASSWORD, "1234\0" "5678", 9);
	assert_int_equal(send(*state, ADMIN, m), HSM_RV_BAD_PASSWORD);
}

static void create_when_the_store_fails(void **state)
{
	struct card *c = *state;
	struct hsm_user_rec rec;

	c->gate->fail = -ENOSPC;
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "carol", PASSWORD),
			 HSM_RV_STORE_FAILED);
	c->gate->fail = 0;
	get_user(c, "carol", &rec);
	assert_int_equal(rec.id, 0);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "carol", PASSWORD), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_ID), 6);
}

/* Begins a command about a CU, which waits for the disk, and is to be freed. */
static struct msg *begin_user(struct card *c, uint32_t ctx, uint16_t opcode, const char *name,
			      const char *pw)
{
	struct msg *m = malloc(sizeof(*m));

	assert_non_null(m);
	begin_in(m, opcode, FIRST_SESSION);
	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(m, HSM_TAG_USER_NAME, name);
	add_text(m, HSM_TAG_PASSWORD, pw);
	c->gate->hold = true;
	exec_begin(c, ctx, m);
	assert_false(m->done);
	return m;
}

/* Until it is on the disk a user is not there, but the name is taken. */
static void create_in_flight(void **state)
{
	struct card *c = *state;
	struct msg *m = begin_user(c, ADMIN, HSM_CMD_USER_CREATE, "carol", PASSWORD);
	struct msg *enter, *again;
	struct hsm_user_rec rec;

	get_user(c, "carol", &rec);
	assert_int_equal(rec.id, 0);
	enter = begin_user(c, NOBODY, HSM_CMD_LOGIN, "carol", PASSWORD);
	again = begin_user(c, OFFICER, HSM_CMD_USER_CREATE, "carol", PASSWORD);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(m), 0);
	assert_int_equal(wait_status(enter), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(wait_status(again), HSM_RV_USER_EXISTS);
	assert_int_equal(login(c, NOBODY, HSM_USER_CU, "carol", PASSWORD), 0);
}

static void users_survive_restart(void **state)
{
	struct card *c = *state;
	struct hsm_user_rec rec;

	card_restart(c);
	card_login_all(c);
	get_user(c, "officer", &rec);
	assert_int_equal(rec.id, ID_OFFICER);
	assert_int_equal(rec.type, HSM_USER_CO);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "carol", PASSWORD), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_ID), 6);
}

static void own_password(void **state)
{
	assert_int_equal(user_password(*state, ALICE, HSM_USER_CU, "alice", "another_1"), 0);
	assert_int_equal(try_login(*state, PASSWORD), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(try_login(*state, "another_1"), 0);
	assert_int_equal(user_password(*state, AUDITOR, HSM_USER_AU, "app_user", "another_2"), 0);
}

static void password_of_another(void **state)
{
	struct card *c = *state;

	assert_int_equal(user_password(c, ALICE, HSM_USER_CU, "bob", PASSWORD),
			 HSM_RV_NOT_AUTHORIZED);
	assert_int_equal(user_password(c, AUDITOR, HSM_USER_CU, "bob", PASSWORD),
			 HSM_RV_NOT_AUTHORIZED);
	assert_int_equal(user_password(c, ALICE, HSM_USER_CU, "nobody_here", PASSWORD),
			 HSM_RV_NOT_AUTHORIZED);
	assert_int_equal(user_password(c, OFFICER, HSM_USER_CU, "nobody_here", PASSWORD),
			 HSM_RV_USER_UNKNOWN);
	assert_int_equal(user_password(c, OFFICER, HSM_USER_CO, "bob", PASSWORD),
			 HSM_RV_USER_UNKNOWN);
	assert_int_equal(user_password(c, OFFICER, 4, "bob", PASSWORD), HSM_RV_BAD_USER_TYPE);
	assert_int_equal(user_password(c, OFFICER, HSM_USER_CU, "bob", "short"),
			 HSM_RV_BAD_PASSWORD);
}

static void password_of_one_logged_in(void **state)
{
	struct card *c = *state;

	assert_int_equal(user_password(c, OFFICER, HSM_USER_CU, "bob", "another_1"),
			 HSM_RV_USER_LOGGED_IN);
	assert_int_equal(logout(c, BOB), 0);
	assert_int_equal(user_password(c, OFFICER, HSM_USER_CU, "bob", "another_1"), 0);
	assert_int_equal(login(c, BOB, HSM_USER_CU, "bob", PASSWORD), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(login(c, BOB, HSM_USER_CU, "bob", "another_1"), 0);
}

static void password_when_the_store_fails(void **state)
{
	struct card *c = *state;

	c->gate->fail = -EIO;
	assert_int_equal(user_password(c, ALICE, HSM_USER_CU, "alice", "another_1"),
			 HSM_RV_STORE_FAILED);
	c->gate->fail = 0;
	assert_int_equal(try_login(c, PASSWORD), 0);
}

/*
 * A wrong login while a new password is on the way to the disk: neither may undo
 * the other, in memory or on the disk.
 */
static void changes_of_one_user_in_flight(void **state)
{
	struct card *c = *state;
	struct msg *m = malloc(2 * sizeof(*m));

	assert_non_null(m);
	begin_in(&m[0], HSM_CMD_USER_PASSWORD, FIRST_SESSION);
	begin_in(&m[1], HSM_CMD_LOGIN, FIRST_SESSION);
	for (int i = 0; i < 2; i++) {
		add_u32(&m[i], HSM_TAG_USER_TYPE, HSM_USER_CU);
		add_text(&m[i], HSM_TAG_USER_NAME, "alice");
		add_text(&m[i], HSM_TAG_PASSWORD, i ? WRONG : "another_1");
	}
	c->gate->hold = true;
	exec_begin(c, ALICE, &m[0]);
	exec_begin(c, NOBODY, &m[1]);
	assert_false(m[0].done || m[1].done);
	gate_let_go(c->gate, 0);
	wait_done(&m[0]);
	wait_done(&m[1]);
	assert_int_equal(m[0].status, 0);
	assert_int_equal(m[1].status, HSM_RV_LOGIN_FAILURE);
	assert_int_equal(try_login(c, PASSWORD), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(try_login(c, "another_1"), 0);
	free(m);
}

static struct msg *begin_bob(struct card *c, uint32_t ctx, uint16_t opcode, const char *pw)
{
	return begin_user(c, ctx, opcode, "bob", pw);
}

static uint32_t login_bob(struct card *c, const char *pw)
{
	return login(c, BOB, HSM_USER_CU, "bob", pw);
}

/* Once an officer's new password is reported, nobody is there by the old one. */
static void old_password_behind_a_new_one(void **state)
{
	static const char *const next[] = { "another_1", "another_2" };
	struct card *c = *state;
	struct msg *set, *enter;
	int wrong;

	assert_int_equal(logout(c, BOB), 0);
	for (wrong = 0; wrong < 2; wrong++) {
		set = begin_bob(c, OFFICER, HSM_CMD_USER_PASSWORD, next[wrong]);
		enter = begin_bob(c, NOBODY, HSM_CMD_LOGIN, wrong ? next[0] : PASSWORD);
		gate_let_go(c->gate, 0);
		assert_int_equal(wait_status(set), 0);
		assert_int_equal(wait_status(enter), HSM_RV_LOGIN_FAILURE);
		assert_int_equal(send(c, NOBODY, begin(HSM_CMD_LOGIN_STATUS, 0)), 0);
		assert_int_equal(reply_count(last(), HSM_TAG_USER_ID), 0);
		assert_int_equal(login_bob(c, WRONG), HSM_RV_LOGIN_FAILURE);
	}
	assert_int_equal(login_bob(c, next[1]), 0);
}

static void old_password_behind_one_that_fails(void **state)
{
	struct card *c = *state;
	struct msg *set, *enter;

	assert_int_equal(logout(c, BOB), 0);
	set = begin_bob(c, OFFICER, HSM_CMD_USER_PASSWORD, "another_1");
	enter = begin_bob(c, NOBODY, HSM_CMD_LOGIN, PASSWORD);
	gate_let_go(c->gate, -EIO);
	assert_int_equal(wait_status(set), HSM_RV_STORE_FAILED);
	assert_int_equal(wait_status(enter), 0);
}

static void password_behind_a_login(void **state)
{
	struct card *c = *state;
	struct msg *set, *enter;

	assert_int_equal(logout(c, BOB), 0);
	assert_int_equal(login_bob(c, WRONG), HSM_RV_LOGIN_FAILURE);
	enter = begin_bob(c, NOBODY, HSM_CMD_LOGIN, PASSWORD);
	set = begin_bob(c, OFFICER, HSM_CMD_USER_PASSWORD, "another_1");
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(enter), 0);
	assert_int_equal(wait_status(set), HSM_RV_USER_LOGGED_IN);
	assert_int_equal(login_bob(c, PASSWORD), 0);
	assert_null(strstr(c->log, "could not be written"));
}

/* The officer has gone while the change waited for its turn. */
static void password_behind_a_logout(void **state)
{
	struct card *c = *state;
	struct msg *set, *enter, *out = malloc(sizeof(*out));

	assert_non_null(out);
	assert_int_equal(logout(c, BOB), 0);
	enter = begin_bob(c, NOBODY, HSM_CMD_LOGIN, WRONG);
	set = begin_bob(c, OFFICER, HSM_CMD_USER_PASSWORD, "another_1");
	begin_in(out, HSM_CMD_LOGOUT, FIRST_SESSION);
	exec_begin(c, OFFICER, out);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(out), 0);
	assert_int_equal(wait_status(enter), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(wait_status(set), HSM_RV_NOT_LOGGED_IN);
	assert_int_equal(login_bob(c, PASSWORD), 0);
}

/* Nobody knows it, so the simplest ones at least must not do. */
static void app_user_has_no_password(void **state)
{
	static const char *const guesses[] = { "password", "app_user", "admin123", "1234567" };
	size_t i;

	for (i = 0; i < 4; i++)
		assert_int_equal(login(*state, NOBODY, HSM_USER_AU, "app_user", guesses[i]),
				 HSM_RV_LOGIN_FAILURE);
}

/* Filled by hand up to the last one: a thousand passwords take long to hash. */
static void limit_of_users(void **state)
{
	struct card *c = *state;
	struct user_rec rec = { .type = HSM_USER_CU };

	for (rec.id = 6; rec.id < HSM_USERS_MAX; rec.id++) {
		snprintf(rec.name, sizeof(rec.name), "u%u", rec.id);
		assert_non_null(user_add(&c->fw->users, &rec, false));
	}
	c->fw->users.next_id = HSM_USERS_MAX;
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "last", PASSWORD), 0);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "late", PASSWORD),
			 HSM_RV_LIMIT_REACHED);
	assert_int_equal(send(c, NOBODY, begin(HSM_CMD_USER_LIST, 0)), 0);
	assert_int_equal(reply_count(last(), HSM_TAG_USER), HSM_USERS_MAX);
	last()->room = last()->req.out_len - 1;
	last()->done = false;
	assert_int_equal(exec(c, NOBODY, last()), FW_NO_ROOM);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
#define FRESH(f) cmocka_unit_test_setup_teardown(f, setup_fresh, teardown)
#define SQL(f) cmocka_unit_test_setup_teardown(f, setup_users_sqlite, teardown)
	const struct CMUnitTest tests[] = {
		FRESH(fresh_users), FRESH(activation), FRESH(app_user_has_no_password),
		T(create_names), T(create_taken_name), T(create_types), T(create_passwords),
		T(create_when_the_store_fails), T(create_in_flight), SQL(users_survive_restart),
		T(own_password), T(password_of_another), T(password_of_one_logged_in),
		T(password_when_the_store_fails), T(changes_of_one_user_in_flight),
		T(old_password_behind_a_new_one), T(old_password_behind_one_that_fails),
		T(password_behind_a_login), T(password_behind_a_logout), T(limit_of_users),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
