// SPDX-License-Identifier: GPL-2.0-or-later
/* test_key_set.c - KEY_SET_ATTRS: who, all or nothing, on disk, at the same time. */
#include <errno.h>

#include "dump.h"

static struct msg *begin_set(uint64_t h)
{
	struct msg *m = begin(HSM_CMD_KEY_SET_ATTRS, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, h);
	return m;
}

static uint32_t set_bool(struct card *c, uint32_t ctx, uint64_t h, uint32_t number, uint8_t v)
{
	struct msg *m = begin_set(h);

	add_u8(m, number, v);
	return send(c, ctx, m);
}

static uint32_t set_label(struct card *c, uint64_t h, const char *label)
{
	struct msg *m = begin_set(h);

	add_text(m, HSM_ATTR_LABEL, label);
	return send(c, ALICE, m);
}

static uint64_t session_key(struct card *c, const char *label)
{
	struct msg *m = begin_aes(label);

	add_u8(m, HSM_ATTR_TOKEN, 0);
	return made(c, ALICE, m);
}

static size_t found_label(struct card *c, const char *label)
{
	struct msg *m = begin_find();

	add_text(m, HSM_ATTR_LABEL, label);
	return found(c, ALICE, m);
}

static void restart(struct card *c)
{
	card_restart(c);
	card_login_all(c);
}

static void label(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("old"));
	uint8_t secret[32];

	memcpy(secret, peek(c, h)->secret, 32);
	assert_int_equal(set_label(c, h, "a new and longer label"), 0);
	assert_int_equal(found_label(c, "old"), 0);
	assert_int_equal(found_label(c, "a new and longer label"), 1);
	assert_int_equal(c->fw->objects.live, 1);
	assert_int_equal(c->fw->objects.bytes, object_size(peek(c, h)));
	restart(c);
	assert_int_equal(found_label(c, "a new and longer label"), 1);
	assert_memory_equal(peek(c, h)->secret, secret, 32);
	assert_int_equal(made(c, ALICE, begin_aes("next")), h + 1);
}

static void flags_stay(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("key"));

	assert_int_equal(set_bool(c, ALICE, h, HSM_ATTR_WRAP, 0), 0);
	assert_int_equal(set_bool(c, ALICE, h, HSM_ATTR_SIGN, 1), 0);
	assert_int_equal(set_bool(c, ALICE, h, HSM_ATTR_EXTRACTABLE, 0), 0);
	assert_int_equal(set_bool(c, OFFICER, h, HSM_ATTR_TRUSTED, 1), 0);
	restart(c);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_WRAP), 0);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_UNWRAP), 1);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_SIGN), 1);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_EXTRACTABLE), 0);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_NEVER_EXTRACTABLE), 0);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_TRUSTED), 1);
	assert_int_equal(set_bool(c, ALICE, h, HSM_ATTR_EXTRACTABLE, 1), HSM_RV_ATTRIBUTE_FIXED);
}

/* An EC key, with all its parts, in the middle of others. */
static void whole_key_stays(void **state)
{
	struct bytes params, point;
	struct card *c = *state;
	uint8_t before[4];
	struct msg *m;
	uint64_t h;

	made(c, ALICE, begin_aes("first"));
	m = begin(HSM_CMD_KEY_GEN_PAIR, FIRST_SESSION);
	add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_EC);
	add_u32(m, HSM_TAG_CURVE, HSM_CURVE_SECP384R1);
	add_text(m, HSM_ATTR_LABEL, "pair");
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	h = made(c, ALICE, m) + 1;
	made(c, ALICE, begin_aes("last"));
	memcpy(before, object_params(peek(c, h)).p, 4);
	assert_int_equal(set_label(c, h, "renamed"), 0);
	restart(c);
	params = object_params(peek(c, h));
	point = object_modulus(peek(c, h));
	assert_true(params.len == 4 && !memcmp(params.p, before, 4));
	assert_int_equal(point.len, 97);
	assert_memory_equal(point.p, object_modulus(peek(c, h - 1)).p, 97);
	assert_int_equal(info(c, BOB, h), 0);
	assert_int_equal(found(c, ALICE, begin_find()), 4);
}

static void all_or_nothing(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("key"));
	struct msg *m = begin_set(h);

	add_text(m, HSM_ATTR_LABEL, "other");
	add_u8(m, HSM_ATTR_SIGN, 1);
	add_u8(m, HSM_ATTR_TRUSTED, 1);
	assert_int_equal(send(c, ALICE, m), HSM_RV_ATTRIBUTE_FIXED);
	assert_int_equal(bad_tag(m), HSM_ATTR_TRUSTED);
	assert_int_equal(found_label(c, "key"), 1);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_SIGN), 0);
	m = begin_set(h);
	add_text(m, HSM_ATTR_LABEL, "other");
	add_u8(m, HSM_ATTR_SIGN, 1);
	add_u8(m, HSM_ATTR_DECRYPT, 0);
	assert_int_equal(send(c, ALICE, m), 0);
	assert_int_equal(found_label(c, "other"), 1);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_SIGN), 1);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_DECRYPT), 0);
}

static void who(void **state)
{
	struct card *c = *state;
	uint64_t h, mine = made(c, ALICE, begin_aes("mine"));
	struct msg *m = begin_aes("shared");

	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	h = made(c, ALICE, m);
	assert_int_equal(set_bool(c, BOB, h, HSM_ATTR_SIGN, 1), HSM_RV_ACCESS_DENIED);
	assert_int_equal(set_bool(c, BOB, mine, HSM_ATTR_SIGN, 1), HSM_RV_BAD_HANDLE);
	assert_int_equal(set_bool(c, OFFICER, mine, HSM_ATTR_TRUSTED, 1), 0);
	assert_int_equal(set_bool(c, ADMIN, mine, HSM_ATTR_TRUSTED, 0), 0);
	assert_int_equal(set_bool(c, OFFICER, mine, HSM_ATTR_SIGN, 1), HSM_RV_ATTRIBUTE_FIXED);
	assert_int_equal(set_bool(c, OFFICER, session_key(c, "s"), HSM_ATTR_TRUSTED, 1),
			 HSM_RV_BAD_HANDLE);
	assert_int_equal(set_bool(c, AUDITOR, mine, HSM_ATTR_TRUSTED, 1), HSM_RV_NOT_AUTHORIZED);
	assert_int_equal(set_bool(c, ALICE, 4711, HSM_ATTR_SIGN, 1), HSM_RV_BAD_HANDLE);
}

/* Same values: success, and nothing is written. */
static void no_change(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("key"));
	const struct object *before = peek(c, h);

	assert_int_equal(set_label(c, h, "key"), 0);
	assert_int_equal(set_bool(c, ALICE, h, HSM_ATTR_WRAP, 1), 0);
	assert_int_equal(set_bool(c, ALICE, h, HSM_ATTR_TOKEN, 1), 0);
	assert_int_equal(send(c, ALICE, begin_set(h)), 0);
	assert_ptr_equal(before, peek(c, h));
}

static void session_key_stays_one(void **state)
{
	struct card *c = *state;
	uint64_t h = session_key(c, "one"), other = session_key(c, "two");

	assert_int_equal(set_label(c, h, "renamed"), 0);
	assert_int_equal(found_label(c, "renamed"), 1);
	assert_int_equal(set_label(c, other, "renamed"), 0);
	assert_int_equal(found_label(c, "renamed"), 2);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_TOKEN), 0);
	assert_int_equal(logout(c, ALICE), 0);
	assert_int_equal(c->fw->objects.live, 0);
	assert_int_equal(c->fw->objects.bytes, 0);
}

static void session_to_token(void **state)
{
	struct card *c = *state;
	uint64_t h = session_key(c, "key"), gone = session_key(c, "gone");

	assert_int_equal(info(c, BOB, h), HSM_RV_BAD_HANDLE);
	assert_int_equal(set_bool(c, ALICE, h, HSM_ATTR_TOKEN, 1), 0);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_TOKEN), 1);
	assert_int_equal(set_bool(c, ALICE, h, HSM_ATTR_TOKEN, 0), HSM_RV_ATTRIBUTE_FIXED);
	assert_int_equal(logout(c, ALICE), 0);
	assert_int_equal(login(c, ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
	assert_int_equal(info(c, ALICE, h), 0);
	assert_int_equal(info(c, ALICE, gone), HSM_RV_BAD_HANDLE);
	restart(c);
	assert_int_equal(info(c, ALICE, h), 0);
	assert_int_equal(delete_key(c, ALICE, h), 0);
	restart(c);
	assert_true(made(c, ALICE, begin_aes("next")) > h);
}

/* A change that is held on its way to the disk. */
static struct msg *held(struct card *c, uint64_t h, uint32_t number, uint8_t v)
{
	struct msg *m = calloc(1, sizeof(*m));

	begin_in(m, HSM_CMD_KEY_SET_ATTRS, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, h);
	add_u8(m, number, v);
	c->gate->hold = true;
	exec_begin(c, ALICE, m);
	assert_false(m->done);
	return m;
}

static uint32_t finish(struct card *c, struct msg *m, int err)
{
	uint32_t status;

	gate_let_go(c->gate, err);
	wait_done(m);
	status = m->status;
	free(m);
	return status;
}

static void store_fails(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("key")), s = session_key(c, "session");

	assert_int_equal(finish(c, held(c, h, HSM_ATTR_SIGN, 1), -EIO), HSM_RV_STORE_FAILED);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_SIGN), 0);
	assert_int_equal(set_bool(c, ALICE, h, HSM_ATTR_SIGN, 1), 0);
	assert_int_equal(finish(c, held(c, s, HSM_ATTR_TOKEN, 1), -EIO), HSM_RV_STORE_FAILED);
	assert_int_equal(attr_u32(c, ALICE, s, HSM_ATTR_TOKEN), 0);
	assert_int_equal(logout(c, ALICE), 0);
	assert_int_equal(c->fw->objects.live, 1);
}

/* While it is on its way the key is what it was, and can be used. */
static void old_until_committed(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("key"));
	struct msg *m = held(c, h, HSM_ATTR_SIGN, 1);

	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_SIGN), 0);
	assert_int_equal(finish(c, m, 0), 0);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_SIGN), 1);
}

static struct msg *then(struct card *c, uint16_t opcode, uint64_t h, uint32_t number)
{
	struct msg *m = calloc(1, sizeof(*m));

	begin_in(m, opcode, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, h);
	if (number)
		add_u8(m, number, 1);
	exec_begin(c, ALICE, m);
	assert_false(m->done);
	return m;
}

/* One after the other, and none is lost; the last finds no key any more. */
static void changes_wait(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("key"));
	struct msg *a = held(c, h, HSM_ATTR_SIGN, 1);
	struct msg *b = then(c, HSM_CMD_KEY_SET_ATTRS, h, HSM_ATTR_VERIFY);
	struct msg *d = then(c, HSM_CMD_KEY_SET_ATTRS, h, HSM_ATTR_WRAP_WITH_TRUSTED);

	assert_int_equal(finish(c, a, 0), 0);
	gate_let_go(c->gate, 0);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(b), 0);
	assert_int_equal(wait_status(d), 0);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_SIGN), 1);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_VERIFY), 1);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_WRAP_WITH_TRUSTED), 1);
}

static void delete_waits(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("key"));
	struct msg *a = held(c, h, HSM_ATTR_SIGN, 1);
	struct msg *b = then(c, HSM_CMD_KEY_DELETE, h, 0);
	struct msg *d = then(c, HSM_CMD_KEY_SET_ATTRS, h, HSM_ATTR_VERIFY);

	assert_int_equal(finish(c, a, 0), 0);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(b), 0);
	assert_int_equal(wait_status(d), HSM_RV_BAD_HANDLE);
	assert_int_equal(c->fw->objects.live, 0);
	assert_int_equal(c->fw->changing.count, 0);
}

/* The session ends while its key becomes a token key. */
/* Has its effect at once; the answer waits for its record in the audit log. */
static struct msg *begin_logout(struct card *c)
{
	struct msg *m = malloc(sizeof(*m));

	assert_non_null(m);
	begin_in(m, HSM_CMD_LOGOUT, FIRST_SESSION);
	exec_begin(c, ALICE, m);
	return m;
}

static void session_ends_meanwhile(void **state)
{
	struct card *c = *state;
	uint64_t stays = session_key(c, "stays"), goes = session_key(c, "goes");
	struct msg *m = held(c, stays, HSM_ATTR_TOKEN, 1);
	struct msg *out = begin_logout(c);

	assert_int_equal(c->fw->objects.live, 1);
	assert_int_equal(finish(c, m, 0), 0);
	assert_int_equal(wait_status(out), 0);
	assert_int_equal(login(c, ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
	assert_int_equal(info(c, ALICE, stays), 0);
	assert_int_equal(info(c, ALICE, goes), HSM_RV_BAD_HANDLE);
	goes = session_key(c, "goes");
	m = held(c, goes, HSM_ATTR_TOKEN, 1);
	out = begin_logout(c);
	assert_int_equal(finish(c, m, -EIO), HSM_RV_STORE_FAILED);
	assert_int_equal(wait_status(out), HSM_RV_STORE_FAILED);
	assert_int_equal(c->fw->objects.live, 1);
}

static uint32_t set_template(struct card *c, uint64_t h, uint32_t number, const void *p, size_t len)
{
	struct msg *m = begin_set(h);

	add(m, number, p, len);
	return send(c, ALICE, m);
}

static void templates(void **state)
{
	static const char good[] = "\x62\1\0\0\1\0\0\0\1" "\0\0\0\0\4\0\0\0\4\0\0\0";
	static const struct { const char *p; size_t len; } bad[] = {
		{ "\x62\1\0\0\1\0\0\0\2", 9 }, { "\x62\1\0\0\1\0\0\0", 8 }, { "\x62", 1 },
		{ "\x62\1\0\0\1\0\0\0\1\x62\1\0\0\1\0\0\0\1", 18 }, { "\3\0\0\0\1\0\0\0l", 9 },
		{ "\x20\0\0\x80\1\0\0\0\1", 9 }, { "\0\0\0\0\1\0\0\0\4", 9 },
		{ "\x62\1\0\0\0\0\0\0", 8 },
	};
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("key"));
	struct tlv t;
	size_t i;

	for (i = 0; i < 8; i++) {
		assert_int_equal(set_template(c, h, HSM_ATTR_WRAP_TEMPLATE, bad[i].p, bad[i].len),
				 HSM_RV_BAD_ATTRIBUTE);
		assert_int_equal(bad_tag(last()), HSM_ATTR_WRAP_TEMPLATE);
	}
	/* TRUSTED can be asked of a key that is wrapped, not given to one that is unwrapped. */
	assert_int_equal(set_template(c, h, HSM_ATTR_UNWRAP_TEMPLATE, "\x86\0\0\0\1\0\0\0\1", 9),
			 HSM_RV_BAD_ATTRIBUTE);
	assert_int_equal(set_template(c, h, HSM_ATTR_WRAP_TEMPLATE, good, 21), 0);
	assert_int_equal(set_template(c, h, HSM_ATTR_UNWRAP_TEMPLATE, good, 9), 0);
	restart(c);
	assert_int_equal(attrs(c, ALICE, h, HSM_ATTR_WRAP_TEMPLATE), 0);
	assert_true(reply_find(last(), HSM_ATTR_WRAP_TEMPLATE, &t) && t.len == 21);
	assert_memory_equal(t.p, good, 21);
	assert_int_equal(object_unwrap_template(peek(c, h)).len, 9);
	assert_int_equal(attrs(c, ALICE, h, HSM_ATTR_ALL), 0);
	assert_int_equal(reply_count(last(), HSM_ATTR_WRAP_TEMPLATE), 0);
	assert_int_equal(set_template(c, h, HSM_ATTR_WRAP_TEMPLATE, "", 0), 0);
	assert_int_equal(attrs(c, ALICE, h, HSM_ATTR_WRAP_TEMPLATE), HSM_RV_NO_ATTRIBUTE);
}

static void not_destroyable(void **state)
{
	struct card *c = *state;
	struct msg *m = begin_aes("key");
	uint64_t h;

	add_u8(m, HSM_ATTR_DESTROYABLE, 0);
	h = made(c, ALICE, m);
	assert_int_equal(delete_key(c, ALICE, h), HSM_RV_NOT_DESTROYABLE);
	assert_int_equal(bad_tag(last()), HSM_TAG_HANDLE);
	assert_int_equal(info(c, ALICE, h), 0);
	assert_int_equal(set_bool(c, ALICE, h, HSM_ATTR_DESTROYABLE, 1), 0);
	assert_int_equal(delete_key(c, ALICE, h), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
#define DISK(f) cmocka_unit_test_setup_teardown(f, setup_users_sqlite, teardown)
	const struct CMUnitTest tests[] = {
		DISK(label), DISK(flags_stay), DISK(whole_key_stays), T(all_or_nothing), T(who),
		T(no_change), T(session_key_stays_one), DISK(session_to_token), T(store_fails),
		T(old_until_committed), T(changes_wait), T(delete_waits),
		T(session_ends_meanwhile), DISK(templates), T(not_destroyable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
