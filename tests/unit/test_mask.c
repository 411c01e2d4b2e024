// SPDX-License-Identifier: GPL-2.0-or-later
/* test_mask.c - KEY_MASK, KEY_UNMASK: what travels, who may, nothing that was touched opens. */
#include "approving.h"
#include "dump.h"
#include "mask.h"

static size_t blob_of(struct card *c, uint32_t ctx, uint64_t h, uint8_t blob[HSM_MSG_MAX])
{
	struct msg *m = begin(HSM_CMD_KEY_MASK, FIRST_SESSION);
	struct tlv t;

	add_u64(m, HSM_TAG_HANDLE, h);
	assert_int_equal(send(c, ctx, m), 0);
	assert_true(reply_find(m, HSM_TAG_DATA, &t));
	memcpy(blob, t.p, t.len);
	return t.len;
}

static uint32_t unmask(struct card *c, uint32_t ctx, const uint8_t *blob, size_t len)
{
	struct msg *m = begin(HSM_CMD_KEY_UNMASK, FIRST_SESSION);

	add(m, HSM_TAG_DATA, blob, len);
	return send(c, ctx, m);
}

static uint32_t mask_status(struct card *c, uint32_t ctx, uint64_t h)
{
	struct msg *m = begin(HSM_CMD_KEY_MASK, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, h);
	return send(c, ctx, m);
}

static uint8_t blob[HSM_MSG_MAX];

static struct msg *begin_pair(uint32_t type, uint32_t tag, uint32_t v)
{
	struct msg *m = begin(HSM_CMD_KEY_GEN_PAIR, FIRST_SESSION);

	add_u32(m, HSM_ATTR_KEY_TYPE, type);
	add_u32(m, tag, v);
	add_text(m, HSM_ATTR_LABEL, "pair");
	return m;
}

static void same_key(struct card *c, uint64_t h)
{
	const struct object *a, *b;
	struct object_init x, y;
	size_t len = blob_of(c, ALICE, h, blob);
	uint64_t other;

	assert_int_equal(delete_key(c, ALICE, h), 0);
	assert_int_equal(unmask(c, ALICE, blob, len), 0);
	other = reply_u64(last(), HSM_TAG_HANDLE);
	assert_true(other > h);
	a = peek(c, other);
	object_describe(a, &x);
	assert_int_equal(unmask(c, ALICE, blob, len), 0);
	b = peek(c, reply_u64(last(), HSM_TAG_HANDLE));
	object_describe(b, &y);
	assert_true(x.kind == y.kind && x.flags == y.flags && x.owner == y.owner);
	assert_true(x.value_len == y.value_len && x.m_value == y.m_value);
	assert_memory_equal(x.kcv, y.kcv, 3);
	assert_true(bytes_equal(x.label, y.label) && bytes_equal(x.modulus, y.modulus));
	assert_true(bytes_equal(x.params, y.params) && bytes_equal(x.secret, y.secret));
	assert_true(bytes_equal(x.exponent, y.exponent) && x.n_shares == y.n_shares);
}

/* What a key is made of, kept aside, is what comes back. */
static void round_trip(void **state)
{
	static struct blob file;
	struct card *c = *state;
	struct msg *m = begin_aes("key");
	uint8_t secret[32];
	uint32_t flags;
	uint64_t h;
	size_t len;

	add_u8(m, HSM_ATTR_EXTRACTABLE, 0);
	add_text(m, HSM_ATTR_ID, "id");
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u32(m, HSM_TAG_M_VALUE, 2);
	h = made(c, ALICE, m);
	memcpy(secret, peek(c, h)->secret, 32);
	flags = peek(c, h)->flags;
	len = blob_of(c, ALICE, h, blob);
	assert_null(memmem(blob, len, secret, 32));
	assert_int_equal(unmask(c, ALICE, blob, len), HSM_RV_ID_EXISTS);
	register_all(c);
	approved_key(c, HSM_SERVICE_KEY_MGMT, h, &file);
	assert_int_equal(delete_key(c, ALICE, h), 0);
	assert_int_equal(unmask(c, OFFICER, blob, len), 0);
	h = reply_u64(last(), HSM_TAG_HANDLE);
	card_restart(c);
	card_login_all(c);
	assert_memory_equal(peek(c, h)->secret, secret, 32);
	free_signers();
	assert_int_equal(peek(c, h)->flags, flags);
	assert_int_equal(peek(c, h)->m_value, 2);
	assert_int_equal(info(c, BOB, h), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_OWNER), ID_ALICE);
}

static void every_kind(void **state)
{
	struct card *c = *state;
	uint64_t h;

	same_key(c, made(c, ALICE, begin_sym(HSM_KEY_DES3, 24, "key")));
	same_key(c, made(c, ALICE, begin_sym(HSM_KEY_GENERIC, 3583, "key")));
	same_key(c, made(c, ALICE, begin_sym(HSM_KEY_RC4, 1, "key")));
	h = made(c, ALICE, begin_rsa("pair"));
	same_key(c, h);
	same_key(c, h + 1);
	h = made(c, ALICE, begin_pair(HSM_KEY_EC, HSM_TAG_CURVE, HSM_CURVE_SECP384R1));
	same_key(c, h);
	same_key(c, h + 1);
}

static void who(void **state)
{
	struct card *c = *state;
	struct msg *m = begin_aes("shared");
	uint64_t h, own;
	size_t len;

	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	h = made(c, ALICE, m);
	own = made(c, ALICE, begin_aes("own"));
	assert_int_equal(mask_status(c, BOB, h), HSM_RV_ACCESS_DENIED);
	assert_int_equal(mask_status(c, BOB, own), HSM_RV_BAD_HANDLE);
	assert_int_equal(mask_status(c, OFFICER, own), 0);
	assert_int_equal(mask_status(c, ADMIN, own), 0);
	assert_int_equal(mask_status(c, AUDITOR, own), 0);
	assert_int_equal(mask_status(c, NOBODY, own), HSM_RV_NOT_LOGGED_IN);
	assert_int_equal(mask_status(c, AUDITOR, 4711), HSM_RV_BAD_HANDLE);
	/* An AU moves it, and can do nothing else with it. */
	len = blob_of(c, AUDITOR, own, blob);
	assert_int_equal(unmask(c, AUDITOR, blob, len), 0);
	h = reply_u64(last(), HSM_TAG_HANDLE);
	assert_int_equal(attrs(c, AUDITOR, h, HSM_ATTR_ALL), HSM_RV_NOT_AUTHORIZED);
	assert_int_equal(attrs(c, ALICE, h, HSM_ATTR_ALL), 0);
	assert_int_equal(info(c, BOB, h), HSM_RV_BAD_HANDLE);
}

/* A masked object from when the key was TRUSTED does not bring that back by itself. */
static void trust_is_the_officers(void **state)
{
	static const uint32_t ctxs[] = { ALICE, AUDITOR, OFFICER, ADMIN };
	static const bool trusted[] = { false, false, true, true };
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("kek"));
	struct msg *m = begin(HSM_CMD_KEY_SET_ATTRS, FIRST_SESSION);
	size_t len, i;

	add_u64(m, HSM_TAG_HANDLE, h);
	add_u8(m, HSM_ATTR_TRUSTED, 1);
	assert_int_equal(send(c, OFFICER, m), 0);
	len = blob_of(c, ALICE, h, blob);
	for (i = 0; i < 4; i++) {
		assert_int_equal(unmask(c, ctxs[i], blob, len), 0);
		h = reply_u64(last(), HSM_TAG_HANDLE);
		assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_TRUSTED), trusted[i]);
	}
}

static void session_key(void **state)
{
	struct msg *m = begin_aes("session");
	uint64_t h;

	add_u8(m, HSM_ATTR_TOKEN, 0);
	h = made(*state, ALICE, m);
	assert_int_equal(mask_status(*state, ALICE, h), HSM_RV_INVALID_INPUT);
	assert_int_equal(bad_tag(last()), HSM_TAG_HANDLE);
	assert_int_equal(mask_status(*state, OFFICER, h), HSM_RV_BAD_HANDLE);
}

static void damaged(struct card *c, const uint8_t *p, size_t len)
{
	assert_int_equal(unmask(c, ALICE, p, len), HSM_RV_BAD_MASKED_OBJECT);
	assert_int_equal(bad_tag(last()), HSM_TAG_DATA);
}

/* Every bit, every length; a version to come as well. */
static void touched(void **state)
{
	struct card *c = *state;
	size_t len = blob_of(c, ALICE, made(c, ALICE, begin_aes("key")), blob), i;

	for (i = 0; i < len * 8; i++) {
		blob[i / 8] ^= (uint8_t)(1 << i % 8);
		damaged(c, blob, len);
		blob[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (i = 1; i < len; i++)
		damaged(c, blob, i);
	blob[len] = 0;
	damaged(c, blob, len + 1);
	assert_int_equal(found(c, ALICE, begin_find()), 1);
	assert_int_equal(unmask(c, ALICE, blob, len), 0);
}

/* Sealed as it should be, but no key: the record is looked at as any other. */
static void not_a_key(void **state)
{
	struct card *c = *state;
	struct object *o;
	struct record rec;
	size_t len;

	made(c, ALICE, begin_aes("key"));
	o = object_copy(peek(c, 6));
	o->kind = KIND_DES3;
	record_put_object(&rec, o);
	assert_true(mask_seal(c->fw->identity, MASK_KEY, rec.w.p, rec.w.len, blob));
	len = rec.w.len + MASK_EXTRA;
	record_free(&rec);
	damaged(c, blob, len);
	o->kind = KIND_AES;
	o->flags |= 1u << ATTR_BITS;
	record_put_object(&rec, o);
	assert_true(mask_seal(c->fw->identity, MASK_KEY, rec.w.p, rec.w.len, blob));
	record_free(&rec);
	object_free(o);
	damaged(c, blob, len);
}

static void another_card(void **state)
{
	struct card *c = *state;
	size_t len = blob_of(c, ALICE, made(c, ALICE, begin_aes("key")), blob);
	void *other;

	setup_users(&other);
	damaged(other, blob, len);
	teardown(&other);
}

/* A card of the same cluster that has not got the owner. */
static void owner_is_missing(void **state)
{
	struct card *c = *state;
	struct object *o;
	struct record rec;

	made(c, ALICE, begin_aes("key"));
	o = object_copy(peek(c, 6));
	o->owner = 77;
	record_put_object(&rec, o);
	assert_true(mask_seal(c->fw->identity, MASK_KEY, rec.w.p, rec.w.len, blob));
	assert_int_equal(unmask(c, ALICE, blob, rec.w.len + MASK_EXTRA), HSM_RV_USER_UNKNOWN);
	record_free(&rec);
	o->owner = ID_OFFICER;
	record_put_object(&rec, o);
	assert_true(mask_seal(c->fw->identity, MASK_KEY, rec.w.p, rec.w.len, blob));
	assert_int_equal(unmask(c, ALICE, blob, rec.w.len + MASK_EXTRA), HSM_RV_USER_UNKNOWN);
	record_free(&rec);
	object_free(o);
}

static void arguments(void **state)
{
	struct card *c = *state;
	size_t len = blob_of(c, ALICE, made(c, ALICE, begin_aes("key")), blob);
	struct msg *m = begin(HSM_CMD_KEY_UNMASK, FIRST_SESSION);

	add(m, HSM_TAG_DATA, blob, len);
	add_u32(m, HSM_TAG_MIN_SRV, 2);
	assert_int_equal(send(c, ALICE, m), HSM_RV_INVALID_INPUT);
	m = begin(HSM_CMD_KEY_UNMASK, FIRST_SESSION);
	add(m, HSM_TAG_DATA, blob, len);
	add_u32(m, HSM_TAG_TIMEOUT_S, 2);
	assert_int_equal(send(c, ALICE, m), HSM_RV_INVALID_INPUT);
	len = blob_of(c, ALICE, made(c, ALICE, begin_sym(HSM_KEY_DES3, 24, "des3")), blob);
	c->fw->fips = true;
	assert_int_equal(unmask(c, ALICE, blob, len), HSM_RV_FIPS_VIOLATION);
	assert_int_equal(found(c, ALICE, begin_find()), 2);
}

/* No two blobs of one key are alike. */
static void fresh_iv(void **state)
{
	static uint8_t second[HSM_MSG_MAX];
	struct card *c = *state;
	size_t len = blob_of(c, ALICE, made(c, ALICE, begin_aes("key")), blob);

	assert_int_equal(blob_of(c, ALICE, 6, second), len);
	assert_memory_equal(blob, second, 8);
	assert_memory_not_equal(blob + 8, second + 8, 12);
	assert_memory_not_equal(blob + 20, second + 20, len - 20);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(round_trip, setup_users_sqlite, teardown),
		T(every_kind), T(who), T(trust_is_the_officers), T(session_key), T(touched),
		T(not_a_key), T(another_card), T(owner_is_missing), T(arguments), T(fresh_iv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
