// SPDX-License-Identifier: GPL-2.0-or-later
/* test_template.c - TEMPLATE: used once, bound to its context and session. */
#include "using.h"

static struct blob wrapped;

static uint32_t make(struct card *c, uint32_t ctx, uint32_t session)
{
	struct msg *m = begin(HSM_CMD_TEMPLATE, session);

	add_u32(m, HSM_ATTR_CLASS, HSM_KEY_CLASS_SECRET);
	add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
	add_text(m, HSM_ATTR_LABEL, "templated");
	add_u8(m, HSM_ATTR_TOKEN, 0);
	add_u8(m, HSM_ATTR_EXTRACTABLE, 0);
	return send(c, ctx, m) ? 0 : reply_u32(m, HSM_TAG_TEMPLATE);
}

/* All attributes come from the template. */
static struct msg *begin_use(uint64_t kek, uint32_t id)
{
	struct msg *m = begin_unwrap(kek, HSM_WRAP_AES_PAD, &wrapped);

	add_no_header(m);
	add_u32(m, HSM_TAG_TEMPLATE, id);
	return m;
}

static uint64_t prepare(struct card *c)
{
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32);
	struct msg *m = begin_wrap(make_secret(c, HSM_KEY_AES, 32), kek, HSM_WRAP_AES_PAD);

	add_no_header(m);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &wrapped);
	return kek;
}

static void used_once(void **state)
{
	struct card *c = *state;
	uint64_t kek = prepare(c), key;
	uint32_t id = make(c, ALICE, FIRST_SESSION);

	key = made(c, ALICE, begin_use(kek, id));
	assert_int_equal(attr_u32(c, ALICE, key, HSM_ATTR_EXTRACTABLE), 0);
	assert_int_equal(attr_u32(c, ALICE, key, HSM_ATTR_NEVER_EXTRACTABLE), 0);
	assert_int_equal(attr_u32(c, ALICE, key, HSM_ATTR_TOKEN), 0);
	assert_int_equal(send(c, ALICE, begin_use(kek, id)), HSM_RV_NO_OPERATION);
	assert_int_equal(bad_tag(last()), HSM_TAG_TEMPLATE);
}

static void used_up_by_a_failure(void **state)
{
	struct card *c = *state;
	uint64_t kek = prepare(c);
	uint32_t id = make(c, ALICE, FIRST_SESSION);

	wrapped.p[0] ^= 1;
	assert_int_equal(send(c, ALICE, begin_use(kek, id)), HSM_RV_BAD_PKCS_DATA);
	wrapped.p[0] ^= 1;
	assert_int_equal(send(c, ALICE, begin_use(kek, id)), HSM_RV_NO_OPERATION);
}

static void no_room_and_cancel_leave_it(void **state)
{
	struct card *c = *state;
	uint64_t kek = prepare(c);
	uint32_t id = make(c, ALICE, FIRST_SESSION);
	struct msg *m = begin_use(kek, id);

	m->room = 47;
	assert_int_equal(exec(c, ALICE, m), FW_NO_ROOM);
	assert_int_equal(m->req.out_len, 48);
	m = begin_use(kek, id);
	atomic_store(&m->req.cancel, true);
	assert_int_equal(exec(c, ALICE, m), FW_CANCELED);
	m = begin_use(kek, id);
	m->room = 48;
	assert_int_equal(send(c, ALICE, m), 0);
}

static void sixteen(void **state)
{
	struct card *c = *state;
	uint64_t kek = prepare(c);
	uint32_t id[HSM_TEMPLATES_MAX], i;

	for (i = 0; i < HSM_TEMPLATES_MAX; i++) {
		id[i] = make(c, ALICE, FIRST_SESSION);
		assert_int_not_equal(id[i], 0);
	}
	assert_int_equal(make(c, ALICE, FIRST_SESSION), 0);
	assert_int_equal(last()->status, HSM_RV_LIMIT_REACHED);
	for (i = 0; i < HSM_TEMPLATES_MAX; i++)
		assert_int_equal(send(c, ALICE, begin_use(kek, id[i])), 0);
}

static void ends_with_session_and_login(void **state)
{
	struct card *c = *state;
	uint64_t kek = prepare(c);
	uint32_t session = open_session(c, ALICE), id = make(c, ALICE, session), other;

	assert_int_equal(send(c, ALICE, begin(HSM_CMD_SESSION_CLOSE, session)), 0);
	assert_int_equal(send(c, ALICE, begin_use(kek, id)), HSM_RV_NO_OPERATION);
	other = make(c, BOB, FIRST_SESSION);
	assert_int_equal(send(c, ALICE, begin_use(kek, other + 100)), HSM_RV_NO_OPERATION);
	id = make(c, ALICE, FIRST_SESSION);
	assert_int_equal(logout(c, ALICE), 0);
	assert_int_equal(login(c, ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
	kek = prepare(c);
	assert_int_equal(send(c, ALICE, begin_use(kek, id)), HSM_RV_NO_OPERATION);
}

static void what_it_takes(void **state)
{
	struct card *c = *state;
	struct msg *m = begin(HSM_CMD_TEMPLATE, FIRST_SESSION);

	add_u32(m, HSM_ATTR_CLASS, HSM_KEY_CLASS_PUBLIC);
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_ATTRIBUTE);
	m = begin(HSM_CMD_TEMPLATE, FIRST_SESSION);
	add_u8(m, HSM_ATTR_WRAP, 2);
	assert_int_equal(send(c, ALICE, m), HSM_RV_INVALID_INPUT);
	m = begin(HSM_CMD_TEMPLATE, FIRST_SESSION);
	add_u8(m, HSM_ATTR_TRUSTED, 1);
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_MESSAGE);
	assert_int_equal(send(c, NOBODY, begin(HSM_CMD_TEMPLATE, FIRST_SESSION)),
			 HSM_RV_NOT_LOGGED_IN);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		T(used_once), T(used_up_by_a_failure), T(no_room_and_cancel_leave_it), T(sixteen),
		T(ends_with_session_and_login), T(what_it_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
