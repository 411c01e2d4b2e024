// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_taint.c - no branch and no address of the firmware depends on a password, a key or what
 * is unwrapped, and no reply but a ciphertext depends on a key. Runs under valgrind only.
 */
#include <stdio.h>

#include <valgrind/valgrind.h>

#include "fw_int.h"
#include "secmem.h"
#include "taint.h"
#include "using.h"

static unsigned int before;

/* Every test begins with none, on the one card: its users' passwords take their time here. */
static int setup(void **state)
{
	(void)state;
	before = taint_errors();
	return 0;
}

static void check_clean(const char *what)
{
	unsigned int n = taint_errors() - before;

	if (n)
		fail_msg("%s: %u branches or addresses depend on a secret", what, n);
}

static const struct object *taint_key(struct card *c, uint64_t h)
{
	const struct object *o = object_by_handle(&c->fw->objects, h);

	assert_non_null(o);
	taint(o->secret, o->secret_len);
	return o;
}

/* What the card answered, whole. */
static void check_reply_knows_nothing(const char *what)
{
	if (is_tainted(last()->out, last()->req.out_len))
		fail_msg("%s: the reply depends on a key", what);
}

/* A password in a request is tainted where it stands. */
static void taint_password(struct msg *m)
{
	taint(m->in + m->len - strlen(PASSWORD), strlen(PASSWORD));
}

static struct msg *begin_login(const char *pw)
{
	struct msg *m = begin(HSM_CMD_LOGIN, FIRST_SESSION);

	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(m, HSM_TAG_USER_NAME, "alice");
	add_text(m, HSM_TAG_PASSWORD, pw);
	taint_password(m);
	return m;
}

/* The instrument itself: an ordinary compare of a secret is seen. */
static void test_instrument(void **state)
{
	volatile uint8_t secret[16] = { 1, 2, 3 };
	uint8_t copy[16] = { 1, 2, 4 };
	unsigned int differ = 0;

	(void)state;
	assert_true(RUNNING_ON_VALGRIND);
	taint((const void *)secret, sizeof(secret));
	for (size_t i = 0; i < sizeof(copy) && !differ; i++)
		differ = secret[i] != copy[i];
	assert_true(taint_errors() > before);
	before = taint_errors();
	assert_true(is_tainted((const void *)secret, sizeof(secret)));
}

static void test_compare(void **state)
{
	uint8_t a[32] = { 0 }, b[32] = { 0 };

	(void)state;
	for (size_t i = 0; i <= sizeof(a); i++) {
		memset(b, 0, sizeof(b));
		if (i < sizeof(b))
			b[i] = 1;
		taint(a, sizeof(a));
		taint(b, sizeof(b));
		assert_int_equal(secmem_equal(a, b, sizeof(a)), i == sizeof(a));
	}
	check_clean("secmem_equal");
}

static void test_password(void **state)
{
	struct card *c = *state;

	logout(c, ALICE);
	assert_int_equal(send(c, ALICE, begin_login("Wrong__123")), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(send(c, ALICE, begin_login(PASSWORD)), 0);
	check_clean("a wrong and a right password");
	check_reply_knows_nothing("LOGIN");
}

static void test_new_password(void **state)
{
	struct card *c = *state;
	struct msg *m = begin(HSM_CMD_USER_CREATE, FIRST_SESSION);

	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(m, HSM_TAG_USER_NAME, "carol");
	add_text(m, HSM_TAG_PASSWORD, PASSWORD);
	taint_password(m);
	assert_int_equal(send(c, ADMIN, m), 0);
	check_clean("USER_CREATE");
	m = begin(HSM_CMD_USER_PASSWORD, FIRST_SESSION);
	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(m, HSM_TAG_USER_NAME, "carol");
	add_text(m, HSM_TAG_PASSWORD, PASSWORD);
	taint_password(m);
	assert_int_equal(send(c, ADMIN, m), 0);
	check_clean("USER_PASSWORD");
	check_reply_knows_nothing("USER_PASSWORD");
	assert_int_equal(login(c, NOBODY, HSM_USER_CU, "carol", PASSWORD), 0);
}

/* All that can be asked about a key. */
static void ask_all(struct card *c, uint64_t h)
{
	struct msg *m;

	assert_int_equal(attrs(c, ALICE, h, HSM_ATTR_ALL), 0);
	check_reply_knows_nothing("KEY_ATTRS");
	assert_int_equal(info(c, ALICE, h), 0);
	check_reply_knows_nothing("KEY_INFO");
	assert_true(found(c, ALICE, begin_find()) > 0);
	check_reply_knows_nothing("KEY_FIND");
	m = begin_find();
	add_text(m, HSM_ATTR_LABEL, "no such label");
	found(c, ALICE, m);
	check_reply_knows_nothing("KEY_FIND by label");
	assert_int_equal(set_bool(c, ALICE, h, HSM_ATTR_EXTRACTABLE, 1), 0);
	check_reply_knows_nothing("KEY_SET_ATTRS");
}

static void test_asking(void **state)
{
	static const struct { uint32_t type, len; } keys[] = {
		{ HSM_KEY_AES, 32 }, { HSM_KEY_DES3, 24 }, { HSM_KEY_GENERIC, 48 },
	};
	struct card *c = *state;

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		uint64_t h = made(c, ALICE, begin_sym(keys[i].type, keys[i].len, "key"));

		taint_key(c, h);
		ask_all(c, h);
		check_clean("asking about a key");
		assert_int_equal(delete_key(c, ALICE, h), 0);
		check_reply_knows_nothing("KEY_DELETE");
		check_clean("KEY_DELETE");
	}
}

static void test_asking_pair(void **state)
{
	struct card *c = *state;
	uint64_t h = make_pair(c, HSM_KEY_EC, HSM_CURVE_PRIME256V1) + 1;

	taint_key(c, h);
	ask_all(c, h);
	check_clean("asking about a private key");
}

/* Wrapped with tainted keys, then unwrapped whole and with its last byte changed. */
static void check_wrap(struct card *c, uint32_t mech)
{
	static struct blob wrapped;
	uint64_t wrapper = make_secret(c, HSM_KEY_AES, 32);
	uint64_t key = make_secret(c, HSM_KEY_AES, 32);
	char what[32];

	snprintf(what, sizeof(what), "wrap %u", mech);
	taint_key(c, wrapper);
	taint_key(c, key);
	wrap_key(c, key, wrapper, mech, &wrapped);
	check_clean(what);
	untaint(wrapped.p, wrapped.len);
	assert_int_equal(unwrap_key(c, wrapper, mech, &wrapped), 0);
	snprintf(what, sizeof(what), "unwrap %u", mech);
	check_clean(what);
	wrapped.p[wrapped.len - 1] ^= 1;
	assert_int_equal(unwrap_key(c, wrapper, mech, &wrapped), HSM_RV_BAD_PKCS_DATA);
	snprintf(what, sizeof(what), "refused %u", mech);
	check_clean(what);
	check_reply_knows_nothing(what);
}

static void test_wrap(void **state)
{
	static const uint32_t mechs[] = {
		HSM_WRAP_AES_PKCS5, HSM_WRAP_AES_NO_PAD, HSM_WRAP_AES_PAD, HSM_WRAP_CLOUDHSM_GCM,
	};

	for (size_t i = 0; i < sizeof(mechs) / sizeof(mechs[0]); i++)
		check_wrap(*state, mechs[i]);
}

/* The plaintext of a padded message is a secret when its key is one. */
static void test_padding(void **state)
{
	static struct blob data;
	struct card *c = *state;
	uint64_t key = make_secret(c, HSM_KEY_AES, 32);
	struct msg *m = begin_crypt(HSM_CMD_CRYPT, HSM_USE_ENCRYPT, HSM_CKM_AES_CBC_PAD, key);
	uint8_t iv[16] = { 7 };

	taint_key(c, key);
	fill(&data, 40);
	add(m, HSM_TAG_IV, iv, sizeof(iv));
	add_blob(m, HSM_TAG_DATA, &data);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &data);
	untaint(data.p, data.len);
	for (int right = 1; right >= 0; right--) {
		data.p[data.len - 17] ^= (uint8_t)!right;
		m = begin_crypt(HSM_CMD_CRYPT, HSM_USE_DECRYPT, HSM_CKM_AES_CBC_PAD, key);
		add(m, HSM_TAG_IV, iv, sizeof(iv));
		add_blob(m, HSM_TAG_DATA, &data);
		assert_int_equal(send(c, ALICE, m), right ? 0 : HSM_RV_BAD_PKCS_DATA);
		check_clean(right ? "right padding" : "wrong padding");
	}
}

static void test_mask(void **state)
{
	static struct blob mask;
	struct card *c = *state;
	uint64_t key = made(c, ALICE, begin_aes("masked"));
	struct msg *m = begin(HSM_CMD_KEY_MASK, FIRST_SESSION);

	taint_key(c, key);
	add_u64(m, HSM_TAG_HANDLE, key);
	assert_int_equal(send(c, ALICE, m), 0);
	check_reply_knows_nothing("KEY_MASK");
	take(HSM_TAG_DATA, &mask);
	mask.p[mask.len - 1] ^= 1;
	m = begin(HSM_CMD_KEY_UNMASK, FIRST_SESSION);
	add_blob(m, HSM_TAG_DATA, &mask);
	check_refused(send(c, ALICE, m), HSM_RV_BAD_MASKED_OBJECT, HSM_TAG_DATA);
	check_clean("KEY_UNMASK");
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup(test, setup)
	const struct CMUnitTest tests[] = {
		TEST(test_instrument),
		TEST(test_compare),
		TEST(test_password),
		TEST(test_new_password),
		TEST(test_asking),
		TEST(test_asking_pair),
		TEST(test_wrap),
		TEST(test_padding),
		TEST(test_mask),
	};

	return cmocka_run_group_tests(tests, setup_users, teardown);
}
