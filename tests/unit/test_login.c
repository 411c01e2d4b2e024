// SPDX-License-Identifier: GPL-2.0-or-later
/* test_login.c - logging in, wrong passwords, lockout. */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

#define WRONG "not the password"

static uint32_t failures(struct card *c, const char *name)
{
	struct hsm_user_rec rec;

	get_user(c, name, &rec);
	assert_int_not_equal(rec.id, 0);
	return rec.failures;
}

static uint32_t try_login(struct card *c, const char *pw)
{
	return login(c, NOBODY, HSM_USER_CU, "alice", pw);
}

static void lock_alice(struct card *c)
{
	int i;

	for (i = 0; i < HSM_LOGIN_TRIES; i++)
		assert_int_equal(try_login(c, WRONG), HSM_RV_LOGIN_FAILURE);
}

static void login_reply(void **state)
{
	assert_int_equal(try_login(*state, PASSWORD), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_ID), ID_ALICE);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_TYPE), HSM_USER_CU);
	assert_int_equal(try_login(*state, PASSWORD), HSM_RV_ALREADY_LOGGED_IN);
}

static void login_name_ignores_case(void **state)
{
	assert_int_equal(login(*state, NOBODY, HSM_USER_CU, "aLiCe", PASSWORD), 0);
}

static void login_wrong_password(void **state)
{
	assert_int_equal(try_login(*state, "secret_123"), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(failures(*state, "alice"), 1);
}

/* All that can be wrong about a login answers alike, byte for byte. */
static void login_failures_are_alike(void **state)
{
	uint8_t first[64];
	size_t len;

	assert_int_equal(try_login(*state, WRONG), HSM_RV_LOGIN_FAILURE);
	len = last()->req.out_len;
	memcpy(first, last()->out, len);
	login(*state, NOBODY, HSM_USER_CU, "nobody_here", PASSWORD);
	assert_int_equal(last()->req.out_len, len);
	assert_memory_equal(last()->out, first, len);
	login(*state, NOBODY, HSM_USER_CO, "alice", PASSWORD);
	assert_memory_equal(last()->out, first, len);
	login(*state, NOBODY, HSM_USER_CU, "alic", PASSWORD);
	assert_memory_equal(last()->out, first, len);
	assert_int_equal(failures(*state, "alice"), 1);
}

static void login_type_number(void **state)
{
	uint32_t type;

	for (type = 0; type < 10; type++) {
		bool known = type == HSM_USER_CU || type == HSM_USER_CO || type == HSM_USER_PCO ||
			     type == HSM_USER_AU || type == HSM_USER_PRECO;

		if (type == HSM_USER_CU)
			continue;
		assert_int_equal(login(*state, NOBODY, type, "alice", PASSWORD),
				 known ? HSM_RV_LOGIN_FAILURE : HSM_RV_BAD_USER_TYPE);
	}
}

static void lockout(void **state)
{
	lock_alice(*state);
	assert_int_equal(failures(*state, "alice"), 5);
	assert_int_equal(try_login(*state, PASSWORD), HSM_RV_USER_LOCKED);
	assert_int_equal(try_login(*state, WRONG), HSM_RV_USER_LOCKED);
	assert_int_equal(failures(*state, "alice"), 5);
	assert_int_equal(login(*state, NOBODY, HSM_USER_CU, "bob", PASSWORD), 0);
}

static void good_login_resets_count(void **state)
{
	int i;

	for (i = 0; i < 4; i++)
		assert_int_equal(try_login(*state, WRONG), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(try_login(*state, PASSWORD), 0);
	assert_int_equal(failures(*state, "alice"), 0);
	logout(*state, NOBODY);
	lock_alice(*state);
}

static void count_survives_restart(void **state)
{
	assert_int_equal(try_login(*state, WRONG), HSM_RV_LOGIN_FAILURE);
	card_restart(*state);
	card_open_contexts(*state);
	assert_int_equal(failures(*state, "alice"), 1);
	assert_int_equal(try_login(*state, PASSWORD), 0);
	card_restart(*state);
	card_open_contexts(*state);
	assert_int_equal(failures(*state, "alice"), 0);
}

static void lock_survives_restart(void **state)
{
	lock_alice(*state);
	card_restart(*state);
	card_open_contexts(*state);
	assert_int_equal(try_login(*state, PASSWORD), HSM_RV_USER_LOCKED);
}

/* As a process of its own, with the store at @path: guesses, and is killed. */
static int guess_and_die(const char *path)
{
	struct card c;
	int i;

	card_init(&c, path);
	if (!card_start(&c))
		return 1;
	card_open_contexts(&c);
	for (i = 0; i < 3; i++)
		try_login(&c, WRONG);
	return raise(SIGKILL);
}

/* What was answered is on the disk, whatever happens to the process then. */
static void count_survives_kill(void **state)
{
	struct card *c = *state;
	int i, status;
	pid_t pid;

	card_stop(c);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		execl("/proc/self/exe", "test_login", c->path, NULL);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	assert_true(card_start(c));
	card_open_contexts(c);
	assert_int_equal(failures(c, "alice"), 3);
	for (i = 0; i < 2; i++)
		assert_int_equal(try_login(c, WRONG), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(try_login(c, PASSWORD), HSM_RV_USER_LOCKED);
}

/* The answer waits until the count is on the disk. */
static void count_before_answer(void **state)
{
	struct card *c = *state;
	struct msg *m = begin(HSM_CMD_LOGIN, FIRST_SESSION);

	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(m, HSM_TAG_USER_NAME, "alice");
	add_text(m, HSM_TAG_PASSWORD, WRONG);
	c->gate->hold = true;
	exec_begin(c, NOBODY, m);
	assert_false(m->done);
	gate_let_go(c->gate, 0);
	assert_true(m->done);
	wait_done(m);
	assert_int_equal(m->status, HSM_RV_LOGIN_FAILURE);
}

/* Guesses made at the same time, with nothing on the disk yet, are not more than five. */
static void guesses_in_parallel(void **state)
{
	struct card *c = *state;
	struct msg *m = malloc(9 * sizeof(*m));
	unsigned int i, locked = 0;

	assert_non_null(m);
	c->gate->hold = true;
	for (i = 0; i < 9; i++) {
		begin_in(&m[i], HSM_CMD_LOGIN, FIRST_SESSION);
		add_u32(&m[i], HSM_TAG_USER_TYPE, HSM_USER_CU);
		add_text(&m[i], HSM_TAG_USER_NAME, "alice");
		add_text(&m[i], HSM_TAG_PASSWORD, i < 8 ? WRONG : PASSWORD);
		exec_begin(c, NOBODY, &m[i]);
	}
	gate_let_go(c->gate, 0);
	wait_done(&m[8]);
	assert_int_equal(m[8].status, HSM_RV_USER_LOCKED);
	for (i = 0; i < 8; i++) {
		wait_done(&m[i]);
		locked += m[i].status == HSM_RV_USER_LOCKED;
	}
	assert_int_equal(locked, 3);
	free(m);
}

static void count_when_the_store_fails(void **state)
{
	struct card *c = *state;
	int i;

	c->gate->fail = -EIO;
	for (i = 0; i < HSM_LOGIN_TRIES; i++)
		assert_int_equal(try_login(c, WRONG), HSM_RV_STORE_FAILED);
	c->gate->fail = 0;
	assert_int_equal(try_login(c, PASSWORD), HSM_RV_USER_LOCKED);
	assert_non_null(strstr(c->log, "key store could not be written"));
}

static void officer_unlocks(void **state)
{
	lock_alice(*state);
	assert_int_equal(logout(*state, ALICE), 0);
	assert_int_equal(user_password(*state, OFFICER, HSM_USER_CU, "alice", "another_1"), 0);
	assert_int_equal(try_login(*state, PASSWORD), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(try_login(*state, "another_1"), 0);
}

/* A login that waits for the disk finds that somebody else was quicker. */
static void two_logins_in_flight(void **state)
{
	static const char *const names[] = { "alice", "bob" };
	struct card *c = *state;
	struct msg *m[2];
	int i;

	assert_int_equal(try_login(c, WRONG), HSM_RV_LOGIN_FAILURE);
	c->gate->hold = true;
	for (i = 0; i < 2; i++) {
		m[i] = malloc(sizeof(*m[i]));
		assert_non_null(m[i]);
		begin_in(m[i], HSM_CMD_LOGIN, FIRST_SESSION);
		add_u32(m[i], HSM_TAG_USER_TYPE, HSM_USER_CU);
		add_text(m[i], HSM_TAG_USER_NAME, names[i]);
		add_text(m[i], HSM_TAG_PASSWORD, PASSWORD);
		exec_begin(c, NOBODY, m[i]);
	}
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(m[0]), 0);
	assert_int_equal(wait_status(m[1]), HSM_RV_ALREADY_LOGGED_IN);
	assert_int_equal(send(c, NOBODY, begin(HSM_CMD_LOGIN_STATUS, 0)), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_ID), ID_ALICE);
}

int main(int argc, char **argv)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
#define SQL(f) cmocka_unit_test_setup_teardown(f, setup_users_sqlite, teardown)
	const struct CMUnitTest tests[] = {
		T(login_reply), T(login_name_ignores_case), T(login_wrong_password),
		T(login_failures_are_alike), T(login_type_number), T(lockout),
		T(good_login_resets_count), SQL(count_survives_restart),
		SQL(lock_survives_restart), SQL(count_survives_kill), T(count_before_answer), T(guesses_in_parallel),
		T(count_when_the_store_fails), T(officer_unlocks), T(two_logins_in_flight),
	};

	if (argc > 1)
		return guess_and_die(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
