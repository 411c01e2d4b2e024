// SPDX-License-Identifier: GPL-2.0-or-later
/* test_loop.c - libhsm and the firmware agree on every command. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "loop_fixture.h"

static void test_card(void **state)
{
	uint8_t a[64], b[64], big[HSM_RANDOM_MAX];
	struct hsm_card about;

	(void)state;
	ok(hsm_nop(h, &res));
	ok(hsm_card_info(h, &about, &res));
	assert_string_equal(about.serial, "LOOP0001");
	assert_int_equal(about.users, 4);
	assert_int_equal(about.keys, 0);
	assert_int_equal(res.n_nodes, 1);
	ok(hsm_random(h, a, sizeof(a), &res));
	ok(hsm_random(h, b, sizeof(b), &res));
	assert_memory_not_equal(a, b, sizeof(a));
	ok(hsm_random(h, big, sizeof(big), &res));
}

static void test_users(void **state)
{
	struct hsm_user *users, me;
	size_t n;

	(void)state;
	ok(hsm_user_list(h, 0, &users, &n, &res));
	assert_int_equal(n, 4);
	assert_string_equal(users[0].name, "admin");
	assert_int_equal(users[0].type, HSM_USER_PCO);
	assert_string_equal(users[3].name, "bob");
	hsm_free(users);

	ok(hsm_login_status(h, sess, &me, &res));
	assert_int_equal(me.id, 0);
	assert_int_equal(hsm_login(h, sess, HSM_USER_CU, "alice", PW("wrong_pwd"), &res),
			 HSM_RV_LOGIN_FAILURE);
	assert_int_equal(res.nodes[0].status, HSM_RV_LOGIN_FAILURE);
	ok(hsm_user_list(h, 0, &users, &n, &res));
	assert_int_equal(users[2].failures, 1);
	hsm_free(users);
	login_alice();
	ok(hsm_login_status(h, sess, &me, &res));
	assert_int_equal(me.id, 3);
	assert_int_equal(me.type, HSM_USER_CU);
	assert_string_equal(me.name, "alice");
	ok(hsm_user_password(h, sess, HSM_USER_CU, "alice", PW("alice_new"), &res));
	ok(hsm_logout(h, sess, &res));
	ok(hsm_login(h, sess, HSM_USER_CU, "alice", PW("alice_new"), &res));
}

static void test_symmetric(void **state)
{
	const uint32_t bob = 4, all = HSM_ATTR_ALL;
	struct hsm_key_info *info;
	struct hsm_attrs *attrs;
	uint64_t key;

	(void)state;
	login_alice();
	ok(gen_aes("k", false, &bob, 1, &key));
	assert_int_equal(key, HSM_FIRST_HANDLE);
	ok(hsm_key_info(h, sess, key, &info, &res));
	assert_int_equal(info->owner, 3);
	assert_int_equal(info->n_users, 1);
	assert_int_equal(info->users[0], 4);
	assert_int_equal(info->m_value, 0);
	hsm_free(info);
	ok(hsm_key_attrs(h, sess, key, &all, 1, &attrs, &res));
	assert_int_equal(attrs->n, 17);
	assert_int_equal(hsm_attrs_get(attrs, HSM_ATTR_LABEL)->len, 1);
	assert_int_equal(hsm_attrs_get(attrs, HSM_ATTR_ID)->len, 0);
	assert_int_equal(hsm_attrs_get(attrs, HSM_ATTR_KCV)->len, 3);
	assert_null(hsm_attrs_get(attrs, HSM_ATTR_MODULUS));
	hsm_free(attrs);
	ok(hsm_key_delete(h, sess, key, &res));
	assert_int_equal(hsm_key_delete(h, sess, key, &res), HSM_RV_BAD_HANDLE);
	assert_int_equal(hsm_key_info(h, sess, key, &info, &res), HSM_RV_BAD_HANDLE);
	assert_null(info);
}

static void test_refused_option(void **state)
{
	const uint32_t alice = 3, nobody = 99;
	uint64_t key;

	(void)state;
	login_alice();
	assert_int_equal(gen_aes("k", false, &alice, 1, &key), HSM_RV_SHARE_OWNER);
	assert_int_equal(res.bad_tag, HSM_TAG_SHARE_USER);
	assert_int_equal(gen_aes("k", false, &nobody, 1, &key), HSM_RV_USER_UNKNOWN);
	assert_int_equal(res.bad_tag, HSM_TAG_SHARE_USER);
	assert_int_equal(key, 0);
}

static void test_pair(void **state)
{
	const uint32_t modulus = HSM_ATTR_MODULUS;
	uint64_t pub, priv, *handles;
	struct hsm_attrs *attrs;
	size_t n;

	(void)state;
	login_alice();
	ok(gen_rsa(h, sess, 2048, &pub, &priv, &res));
	assert_true(pub == HSM_FIRST_HANDLE && priv == pub + 1);
	ok(hsm_key_attrs(h, sess, pub, &modulus, 1, &attrs, &res));
	assert_int_equal(attrs->v[0].len, 256);
	ok(hsm_key_find(h, sess, attrs->v, 1, NULL, 0, &handles, &n, &res));
	assert_int_equal(n, 2);
	assert_true(handles[0] == pub && handles[1] == priv);
	hsm_free(handles);
	hsm_free(attrs);
}

/* More handles than the first reply has room for. */
static void test_find_pages(void **state)
{
	const struct hsm_attr match = { HSM_ATTR_LABEL, 4, "many" };
	const uint32_t bob = 4;
	uint64_t key, *handles;
	size_t n;

	(void)state;
	login_alice();
	for (int i = 0; i < 1300; i++) {
		bool shared = i % 4 == 1;

		ok(gen_aes(i % 2 ? "many" : "rest", true, shared ? &bob : NULL, shared, &key));
	}
	ok(hsm_key_find(h, sess, &match, 1, NULL, 0, &handles, &n, &res));
	assert_int_equal(n, 650);
	for (size_t i = 1; i < n; i++)
		assert_true(handles[i] > handles[i - 1]);
	hsm_free(handles);
	ok(hsm_key_find(h, sess, NULL, 0, NULL, 0, &handles, &n, &res));
	assert_int_equal(n, 1300);
	hsm_free(handles);
	ok(hsm_key_find(h, sess, &match, 1, &bob, 1, &handles, &n, &res));
	assert_int_equal(n, 325);
	hsm_free(handles);
}

/* Handles, sessions and logins of one connection mean nothing in another. */
static void test_isolation(void **state)
{
	struct hsm_attrs *attrs;
	const uint32_t class = HSM_ATTR_CLASS;
	struct hsm_user me;
	struct hsm *other;
	uint32_t session;
	uint64_t key;

	(void)state;
	login_alice();
	ok(gen_aes("k", true, NULL, 0, &key));
	ok(loop_connect(card, false, &other));
	assert_int_equal(hsm_logout(other, sess, &res), HSM_RV_BAD_SESSION);
	ok(hsm_session_open(other, &session, &res));
	ok(hsm_login_status(other, session, &me, &res));
	assert_int_equal(me.id, 0);
	ok(hsm_login(other, session, HSM_USER_CU, "alice", PW("alice_pwd"), &res));
	assert_int_equal(hsm_key_attrs(other, session, key, &class, 1, &attrs, &res),
			 HSM_RV_BAD_HANDLE);
	hsm_close(other);
	ok(hsm_key_attrs(h, sess, key, &class, 1, &attrs, &res));
	hsm_free(attrs);
	ok(hsm_session_close(h, sess, &res));
	ok(hsm_session_open(h, &sess, &res));
	assert_int_equal(hsm_key_attrs(h, sess, key, &class, 1, &attrs, &res), HSM_RV_BAD_HANDLE);
}

static void test_reset(void **state)
{
	(void)state;
	loop_card_reset(card);
	assert_int_equal(hsm_nop(h, &res), -ESTALE);
	hsm_close(h);
	ok(loop_connect(card, false, &h));
	ok(hsm_nop(h, &res));
}

static atomic_bool stop;

static void *cancel_often(void *arg)
{
	const struct timespec pause = { .tv_nsec = 5000000 };

	(void)arg;
	while (!stop) {
		nanosleep(&pause, NULL);
		hsm_cancel(h);
	}
	return NULL;
}

/* A canceled generation leaves nothing; one that came first leaves both keys. */
static void test_cancel(void **state)
{
	uint64_t pub, priv, *handles;
	pthread_t thread;
	int made = 0, canceled = 0;
	size_t n;

	(void)state;
	login_alice();
	stop = false;
	assert_int_equal(pthread_create(&thread, NULL, cancel_often, NULL), 0);
	for (int i = 0; i < 20 && !canceled; i++) {
		int rc = gen_rsa(h, sess, 4096, &pub, &priv, &res);

		assert_true(rc == 0 || rc == -ECANCELED);
		made += !rc;
		canceled += rc == -ECANCELED;
	}
	stop = true;
	pthread_join(thread, NULL);
	assert_true(canceled);
	ok(hsm_key_find(h, sess, NULL, 0, NULL, 0, &handles, &n, &res));
	assert_int_equal(n, 2 * made);
	hsm_free(handles);
}

static void test_timeout(void **state)
{
	uint64_t pub, priv;
	int rc = 0;

	(void)state;
	login_alice();
	hsm_set_timeout(h, 1);
	for (int i = 0; i < 20 && !rc; i++)
		rc = gen_rsa(h, sess, 4096, &pub, &priv, &res);
	assert_int_equal(rc, -ETIMEDOUT);
	hsm_set_timeout(h, 0);
	ok(hsm_nop(h, &res));
}

int main(void)
{
#define TEST(t) cmocka_unit_test_setup_teardown(t, loop_setup, loop_teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_card),
		TEST(test_users),
		TEST(test_symmetric),
		TEST(test_refused_option),
		TEST(test_pair),
		TEST(test_find_pages),
		TEST(test_isolation),
		TEST(test_reset),
		TEST(test_cancel),
		TEST(test_timeout),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
