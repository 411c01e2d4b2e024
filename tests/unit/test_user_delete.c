// SPDX-License-Identifier: GPL-2.0-or-later
/* test_user_delete.c - USER_DELETE: who goes and who stays, and never a key without an owner. */
#include <errno.h>
#include <pthread.h>

#include "dump.h"
#include "factor.h"
#include "fw_int.h"

static uint32_t id_of(struct card *c, const char *name)
{
	struct hsm_user_rec rec;

	get_user(c, name, &rec);
	return rec.id;
}

/* A copy that may be begun, and is to be freed. */
static struct msg *kept(const struct msg *m)
{
	struct msg *copy = malloc(sizeof(*copy));

	assert_non_null(copy);
	memcpy(copy, m, sizeof(*copy));
	return copy;
}

static struct msg *begin_held(struct card *c, uint32_t ctx, const struct msg *m)
{
	struct msg *copy = kept(m);

	c->gate->hold = true;
	exec_begin(c, ctx, copy);
	return copy;
}

static void deleted(void **state)
{
	struct card *c = *state;

	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "carol", PASSWORD), 0);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_AU, "auditor", PASSWORD), 0);
	assert_int_equal(user_delete(c, OFFICER, HSM_USER_CU, "CAROL"), 0);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_AU, "auditor"), 0);
	assert_int_equal(id_of(c, "carol"), 0);
	assert_int_equal(login(c, NOBODY, HSM_USER_CU, "carol", PASSWORD), HSM_RV_LOGIN_FAILURE);
	card_restart(c);
	card_login_all(c);
	assert_int_equal(id_of(c, "carol"), 0);
	assert_int_equal(id_of(c, "auditor"), 0);
	/* The name is free, the id is not. */
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "carol", PASSWORD), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_ID), 8);
}

static void refused(void **state)
{
	struct card *c = *state;

	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CU, "nobody_here"), HSM_RV_USER_UNKNOWN);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CO, "bob"), HSM_RV_USER_UNKNOWN);
	assert_int_equal(user_delete(c, ADMIN, 4, "bob"), HSM_RV_BAD_USER_TYPE);
	assert_int_equal(bad_tag(last()), HSM_TAG_USER_TYPE);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CU, "bob"), HSM_RV_USER_LOGGED_IN);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CO, "admin"), HSM_RV_USER_LOGGED_IN);
	assert_int_equal(logout(c, BOB), 0);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CU, "bob"), 0);
}

static void owner_of_keys(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, BOB, begin_aes("mine"));

	assert_int_equal(logout(c, BOB), 0);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CU, "bob"), HSM_RV_USER_OWNS_KEYS);
	assert_int_equal(login(c, BOB, HSM_USER_CU, "bob", PASSWORD), 0);
	assert_int_equal(delete_key(c, BOB, h), 0);
	assert_int_equal(logout(c, BOB), 0);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CU, "bob"), 0);
}

/* Those who are left must be as many as a quorum needs, or one. */
static void last_officers(void **state)
{
	struct card *c = *state;

	assert_int_equal(user_create(c, ADMIN, HSM_USER_CO, "co2", PASSWORD), 0);
	assert_int_equal(m_value_set(c, ADMIN, HSM_SERVICE_MISC_CO, 3), 0);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CO, "co2"), HSM_RV_QUORUM_OFFICERS);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CO, "co3", PASSWORD), 0);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CO, "co2"), 0);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CO, "co3"), HSM_RV_QUORUM_OFFICERS);
}

/* Two that go at the same time count as two. */
static void last_officers_in_flight(void **state)
{
	struct card *c = *state;
	struct msg *a, *b;

	assert_int_equal(user_create(c, ADMIN, HSM_USER_CO, "co2", PASSWORD), 0);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CO, "co3", PASSWORD), 0);
	assert_int_equal(m_value_set(c, ADMIN, HSM_SERVICE_MISC_CO, 3), 0);
	a = begin_held(c, ADMIN, begin_user(HSM_CMD_USER_DELETE, HSM_USER_CO, "co2", NULL));
	b = begin_held(c, OFFICER, begin_user(HSM_CMD_USER_DELETE, HSM_USER_CO, "co3", NULL));
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(a), 0);
	assert_int_equal(wait_status(b), HSM_RV_QUORUM_OFFICERS);
}

static void when_the_store_fails(void **state)
{
	struct card *c = *state;

	assert_int_equal(logout(c, OFFICER), 0);
	c->gate->fail = -EIO;
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CO, "officer"), HSM_RV_STORE_FAILED);
	c->gate->fail = 0;
	assert_int_equal(id_of(c, "officer"), ID_OFFICER);
	assert_int_equal(login(c, OFFICER, HSM_USER_CO, "officer", PASSWORD), 0);
	assert_int_equal(user_officers(&c->fw->users), 2);
}

/* A login that comes while the user is on the way out waits, and finds nobody. */
static void login_behind_it(void **state)
{
	struct card *c = *state;
	struct msg *gone, *enter, *wrong, *set, *again;

	assert_int_equal(logout(c, BOB), 0);
	gone = begin_held(c, ADMIN, begin_user(HSM_CMD_USER_DELETE, HSM_USER_CU, "bob", NULL));
	enter = begin_held(c, NOBODY, begin_user(HSM_CMD_LOGIN, HSM_USER_CU, "bob", PASSWORD));
	wrong = begin_held(c, BOB, begin_user(HSM_CMD_LOGIN, HSM_USER_CU, "bob", "wrong_1"));
	set = begin_held(c, OFFICER, begin_user(HSM_CMD_USER_PASSWORD, HSM_USER_CU, "bob",
						PASSWORD));
	again = begin_held(c, OFFICER, begin_user(HSM_CMD_USER_DELETE, HSM_USER_CU, "bob", NULL));
	assert_int_equal(id_of(c, "bob"), ID_BOB);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(gone), 0);
	assert_int_equal(wait_status(enter), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(wait_status(wrong), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(wait_status(set), HSM_RV_USER_UNKNOWN);
	assert_int_equal(wait_status(again), HSM_RV_USER_UNKNOWN);
	assert_int_equal(send(c, NOBODY, begin(HSM_CMD_LOGIN_STATUS, 0)), 0);
	assert_int_equal(reply_count(last(), HSM_TAG_USER_ID), 0);
	card_restart(c);
	card_open_contexts(c);
	assert_int_equal(id_of(c, "bob"), 0);
}

static void login_behind_one_that_fails(void **state)
{
	struct card *c = *state;
	struct msg *gone, *enter;

	assert_int_equal(logout(c, BOB), 0);
	gone = begin_held(c, ADMIN, begin_user(HSM_CMD_USER_DELETE, HSM_USER_CU, "bob", NULL));
	enter = begin_held(c, NOBODY, begin_user(HSM_CMD_LOGIN, HSM_USER_CU, "bob", PASSWORD));
	gate_let_go(c->gate, -EIO);
	assert_int_equal(wait_status(gone), HSM_RV_STORE_FAILED);
	assert_int_equal(wait_status(enter), 0);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CU, "bob"), HSM_RV_USER_LOGGED_IN);
}

static void behind_a_login(void **state)
{
	struct card *c = *state;
	struct msg *gone, *enter;

	assert_int_equal(logout(c, BOB), 0);
	enter = begin_held(c, NOBODY, begin_user(HSM_CMD_LOGIN, HSM_USER_CU, "bob", PASSWORD));
	gone = begin_held(c, ADMIN, begin_user(HSM_CMD_USER_DELETE, HSM_USER_CU, "bob", NULL));
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(enter), 0);
	assert_int_equal(wait_status(gone), HSM_RV_USER_LOGGED_IN);
}

/* A key that is on its way to the disk when its maker goes is a key. */
static void key_in_flight(void **state)
{
	struct card *c = *state;
	struct msg *key, *out, *gone;

	key = begin_held(c, BOB, begin_aes("late"));
	out = begin_held(c, BOB, begin(HSM_CMD_LOGOUT, FIRST_SESSION));
	gone = begin_held(c, ADMIN, begin_user(HSM_CMD_USER_DELETE, HSM_USER_CU, "bob", NULL));
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(key), 0);
	assert_int_equal(wait_status(out), 0);
	assert_int_equal(wait_status(gone), HSM_RV_USER_OWNS_KEYS);
}

/* A session key that is about to be a token key, and whose session is gone. */
static void orphan_in_flight(void **state)
{
	struct card *c = *state;
	struct msg *m = begin_aes("session"), *set, *out, *gone;
	uint64_t h;

	add_u8(m, HSM_ATTR_TOKEN, 0);
	h = made(c, BOB, m);
	m = begin(HSM_CMD_KEY_SET_ATTRS, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, h);
	add_u8(m, HSM_ATTR_TOKEN, 1);
	set = begin_held(c, BOB, m);
	out = begin_held(c, BOB, begin(HSM_CMD_LOGOUT, FIRST_SESSION));
	gone = begin_held(c, ADMIN, begin_user(HSM_CMD_USER_DELETE, HSM_USER_CU, "bob", NULL));
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(set), 0);
	assert_int_equal(wait_status(out), 0);
	assert_int_equal(wait_status(gone), HSM_RV_USER_OWNS_KEYS);
}

static uint8_t blob_p[HSM_MSG_MAX];

/* The owner of a masked key goes, or is on the way out: the key does not come back. */
static void unmask_behind_it(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, BOB, begin_aes("key"));
	struct msg *m = begin(HSM_CMD_KEY_MASK, FIRST_SESSION), *gone, *back;
	struct tlv t;
	size_t len;

	add_u64(m, HSM_TAG_HANDLE, h);
	assert_int_equal(send(c, BOB, m), 0);
	assert_true(reply_find(m, HSM_TAG_DATA, &t));
	len = t.len;
	memcpy(blob_p, t.p, len);
	assert_int_equal(delete_key(c, BOB, h), 0);
	assert_int_equal(logout(c, BOB), 0);
	gone = begin_held(c, ADMIN, begin_user(HSM_CMD_USER_DELETE, HSM_USER_CU, "bob", NULL));
	m = begin(HSM_CMD_KEY_UNMASK, FIRST_SESSION);
	add(m, HSM_TAG_DATA, blob_p, len);
	back = begin_held(c, OFFICER, m);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(gone), 0);
	assert_int_equal(wait_status(back), HSM_RV_USER_UNKNOWN);
}

/* Shares with one who is gone stay, as an id that nobody gets. */
static void shares_outlive(void **state)
{
	struct card *c = *state;
	struct msg *m = begin_aes("shared");
	uint64_t h;

	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	h = made(c, ALICE, m);
	assert_int_equal(logout(c, BOB), 0);
	assert_int_equal(user_delete(c, ADMIN, HSM_USER_CU, "bob"), 0);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "bob", PASSWORD), 0);
	assert_int_equal(login(c, BOB, HSM_USER_CU, "bob", PASSWORD), 0);
	assert_int_equal(info(c, BOB, h), HSM_RV_BAD_HANDLE);
	assert_int_equal(info(c, ALICE, h), 0);
}

/* Everything at once, from four threads: keys always have owners that exist. */
#define ROUNDS 20

struct racer {
	struct card *c;
	uint32_t ctx;
};

static void quiet_send(struct racer *r, struct msg *m)
{
	exec_begin(r->c, r->ctx, m);
	wait_done(m);
}

static void user_text(struct msg *m, uint16_t opcode, const char *pw)
{
	begin_in(m, opcode, FIRST_SESSION);
	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(m, HSM_TAG_USER_NAME, "carol");
	if (pw)
		add_text(m, HSM_TAG_PASSWORD, pw);
}

/* Logs in as carol, makes a key, deletes it now and then, and leaves. */
static void *use(void *arg)
{
	struct msg *m = malloc(sizeof(*m));
	struct racer *r = arg;
	uint64_t handle;
	int i;

	for (i = 0; m && i < ROUNDS; i++) {
		user_text(m, HSM_CMD_LOGIN, PASSWORD);
		quiet_send(r, m);
		begin_in(m, HSM_CMD_KEY_GEN_SYM, FIRST_SESSION);
		add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
		add_u32(m, HSM_ATTR_VALUE_LEN, 16);
		add_text(m, HSM_ATTR_LABEL, "race");
		quiet_send(r, m);
		if (!m->status) {
			handle = reply_u64(m, HSM_TAG_HANDLE);
			begin_in(m, HSM_CMD_KEY_DELETE, FIRST_SESSION);
			add_u64(m, HSM_TAG_HANDLE, handle);
			quiet_send(r, m);
		}
		begin_in(m, HSM_CMD_LOGOUT, FIRST_SESSION);
		quiet_send(r, m);
	}
	free(m);
	return NULL;
}

static void *make_and_delete(void *arg)
{
	struct msg *m = malloc(sizeof(*m));
	struct racer *r = arg;
	int i;

	for (i = 0; m && i < ROUNDS; i++) {
		user_text(m, HSM_CMD_USER_CREATE, PASSWORD);
		quiet_send(r, m);
		user_text(m, HSM_CMD_USER_DELETE, NULL);
		quiet_send(r, m);
	}
	free(m);
	return NULL;
}

static void race(void **state)
{
	struct card *c = *state;
	struct racer r[4] = { { c, ADMIN }, { c, OFFICER }, { c, NOBODY }, { c, BOB } };
	const struct object *o;
	pthread_t t[4];
	int i;

	assert_int_equal(logout(c, BOB), 0);
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&t[i], NULL, i < 2 ? make_and_delete : use,
						&r[i]), 0);
	for (i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	for (o = c->fw->objects.first; o; o = o->next)
		assert_non_null(user_by_id(&c->fw->users, o->owner));
	card_restart(c);
	for (o = c->fw->objects.first; o; o = o->next)
		assert_non_null(user_by_id(&c->fw->users, o->owner));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
#define SQL(f) cmocka_unit_test_setup_teardown(f, setup_users_sqlite, teardown)
	const struct CMUnitTest tests[] = {
		SQL(deleted), T(refused), T(owner_of_keys), T(last_officers),
		T(last_officers_in_flight), T(when_the_store_fails), T(login_behind_it),
		T(login_behind_one_that_fails), T(behind_a_login), T(key_in_flight),
		T(orphan_in_flight), T(unmask_behind_it), T(shares_outlive), SQL(race),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
