// SPDX-License-Identifier: GPL-2.0-or-later
/* test_share.c - KEY_SHARE: whose key, with whom, and all or nothing. */
#include <errno.h>

#include "approving.h"
#include "fw_int.h"

#define ID_CAROL	6

static struct msg *begin_share(uint64_t h, bool share)
{
	struct msg *m = begin(HSM_CMD_KEY_SHARE, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, h);
	add_u8(m, HSM_TAG_SHARE, share);
	return m;
}

static uint32_t share(struct card *c, uint32_t ctx, uint64_t h, uint32_t id, bool on)
{
	struct msg *m = begin_share(h, on);

	add_u32(m, HSM_TAG_SHARE_USER, id);
	return send(c, ctx, m);
}

static void add_carol(struct card *c)
{
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "carol", PASSWORD), 0);
	assert_int_equal(login(c, NOBODY, HSM_USER_CU, "carol", PASSWORD), 0);
}

static void shared_and_not(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("key"));

	assert_int_equal(info(c, BOB, h), HSM_RV_BAD_HANDLE);
	assert_int_equal(share(c, ALICE, h, ID_BOB, true), 0);
	assert_int_equal(info(c, BOB, h), 0);
	assert_int_equal(reply_count(last(), HSM_TAG_SHARE_USER), 1);
	card_restart(c);
	card_login_all(c);
	assert_int_equal(info(c, BOB, h), 0);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_VALUE_LEN), 32);
	assert_int_equal(share(c, ALICE, h, ID_BOB, false), 0);
	assert_int_equal(info(c, BOB, h), HSM_RV_BAD_HANDLE);
	card_restart(c);
	card_login_all(c);
	assert_int_equal(info(c, BOB, h), HSM_RV_BAD_HANDLE);
}

static void who_may(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("key"));

	assert_int_equal(share(c, BOB, h, ID_BOB, true), HSM_RV_BAD_HANDLE);
	assert_int_equal(share(c, ALICE, h, ID_BOB, true), 0);
	add_carol(c);
	assert_int_equal(share(c, BOB, h, ID_CAROL, true), HSM_RV_ACCESS_DENIED);
	assert_int_equal(share(c, BOB, h, ID_BOB, false), HSM_RV_ACCESS_DENIED);
	assert_int_equal(share(c, OFFICER, h, ID_CAROL, true), HSM_RV_NOT_AUTHORIZED);
	assert_int_equal(share(c, ALICE, 4711, ID_BOB, true), HSM_RV_BAD_HANDLE);
}

static void with_whom(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("key"));

	check_refused(share(c, ALICE, h, 77, true), HSM_RV_USER_UNKNOWN, HSM_TAG_SHARE_USER);
	check_refused(share(c, ALICE, h, ID_OFFICER, true), HSM_RV_USER_UNKNOWN,
		      HSM_TAG_SHARE_USER);
	check_refused(share(c, ALICE, h, 77, false), HSM_RV_USER_UNKNOWN, HSM_TAG_SHARE_USER);
	check_refused(share(c, ALICE, h, ID_ALICE, true), HSM_RV_SHARE_OWNER, HSM_TAG_SHARE_USER);
	check_refused(share(c, ALICE, h, ID_BOB, false), HSM_RV_INVALID_INPUT, HSM_TAG_SHARE_USER);
	assert_int_equal(share(c, ALICE, h, ID_BOB, true), 0);
	check_refused(share(c, ALICE, h, ID_BOB, true), HSM_RV_INVALID_INPUT, HSM_TAG_SHARE_USER);
}

static void which_keys(void **state)
{
	struct card *c = *state;
	struct msg *m = begin_aes("session");
	uint64_t h;

	add_u8(m, HSM_ATTR_TOKEN, 0);
	h = made(c, ALICE, m);
	check_refused(share(c, ALICE, h, ID_BOB, true), HSM_RV_INVALID_INPUT, HSM_TAG_HANDLE);
	h = made(c, ALICE, begin_rsa("pair"));
	check_refused(share(c, ALICE, h, ID_BOB, true), HSM_RV_BAD_KEY_TYPE, HSM_TAG_HANDLE);
	assert_int_equal(share(c, ALICE, h + 1, ID_BOB, true), 0);
	assert_int_equal(info(c, BOB, h + 1), 0);
}

/* One that is wrong among several: nothing happens. */
static void all_or_nothing(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("key"));
	struct msg *m = begin_share(h, true);

	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u32(m, HSM_TAG_SHARE_USER, 77);
	assert_int_equal(send(c, ALICE, m), HSM_RV_USER_UNKNOWN);
	m = begin_share(h, true);
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	assert_int_equal(send(c, ALICE, m), HSM_RV_INVALID_INPUT);
	assert_int_equal(info(c, BOB, h), HSM_RV_BAD_HANDLE);
	add_carol(c);
	m = begin_share(h, true);
	add_u32(m, HSM_TAG_SHARE_USER, ID_CAROL);
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	assert_int_equal(send(c, ALICE, m), 0);
	assert_int_equal(info(c, NOBODY, h), 0);
	assert_int_equal(share(c, ALICE, h, ID_BOB, false), 0);
	assert_int_equal(info(c, BOB, h), HSM_RV_BAD_HANDLE);
	assert_int_equal(info(c, NOBODY, h), 0);
	c->gate->fail = -EIO;
	assert_int_equal(share(c, ALICE, h, ID_CAROL, false), HSM_RV_STORE_FAILED);
	c->gate->fail = 0;
	assert_int_equal(info(c, NOBODY, h), 0);
}

/* A key with an m value: approved, and never for fewer users than that. */
static void quorum(void **state)
{
	static struct blob file;
	struct card *c = *state;
	uint64_t h = quorum_key(c, 2);

	register_all(c);
	add_carol(c);
	assert_int_equal(share(c, ALICE, h, ID_CAROL, true), HSM_RV_MXN_AUTH_FAILED);
	approved_key(c, HSM_SERVICE_KEY_MGMT, h, &file);
	assert_int_equal(share(c, ALICE, h, ID_BOB, false), HSM_RV_BAD_M_VALUE);
	assert_int_equal(share(c, ALICE, h, ID_CAROL, true), 0);
	assert_int_equal(share(c, ALICE, h, ID_BOB, false), HSM_RV_MXN_AUTH_FAILED);
	approved_key(c, HSM_SERVICE_KEY_MGMT, h, &file);
	assert_int_equal(share(c, ALICE, h, ID_BOB, false), 0);
	free_signers();
}

/* From one who is gone a key can still be taken; nobody else gets his place. */
static void share_of_the_dead(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("key"));
	struct msg *m = begin(HSM_CMD_USER_DELETE, FIRST_SESSION);

	assert_int_equal(share(c, ALICE, h, ID_BOB, true), 0);
	assert_int_equal(logout(c, BOB), 0);
	m = begin(HSM_CMD_USER_DELETE, FIRST_SESSION);
	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(m, HSM_TAG_USER_NAME, "bob");
	assert_int_equal(send(c, ADMIN, m), 0);
	assert_int_equal(share(c, ALICE, h, ID_BOB, false), 0);
	assert_int_equal(share(c, ALICE, h, ID_BOB, false), HSM_RV_USER_UNKNOWN);
}

static struct msg *held_share(struct card *c, uint64_t h, uint32_t id, bool on)
{
	struct msg *m = malloc(sizeof(*m));

	assert_non_null(m);
	begin_in(m, HSM_CMD_KEY_SHARE, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, h);
	add_u8(m, HSM_TAG_SHARE, on);
	add_u32(m, HSM_TAG_SHARE_USER, id);
	c->gate->hold = true;
	exec_begin(c, ALICE, m);
	return m;
}

/* Changes of one key at the same time: each sees the one before it. */
static void in_flight(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("key"));
	struct msg *m[4];

	add_carol(c);
	m[0] = held_share(c, h, ID_BOB, true);
	m[1] = held_share(c, h, ID_CAROL, true);
	m[2] = held_share(c, h, ID_BOB, true);
	m[3] = held_share(c, h, ID_BOB, false);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(m[0]), 0);
	assert_int_equal(wait_status(m[1]), 0);
	assert_int_equal(wait_status(m[2]), HSM_RV_INVALID_INPUT);
	assert_int_equal(wait_status(m[3]), 0);
	assert_int_equal(info(c, BOB, h), HSM_RV_BAD_HANDLE);
	assert_int_equal(info(c, NOBODY, h), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shared_and_not, setup_users_sqlite, teardown),
		T(who_may), T(with_whom), T(which_keys), T(all_or_nothing), T(quorum),
		T(share_of_the_dead), T(in_flight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
