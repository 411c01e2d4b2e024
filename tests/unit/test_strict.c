// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_strict.c - ways to get at the value of a key that is wrapped (S2). Each is tried
 * on both policies: on a faithful card it works, so the test knows what it is doing; on a
 * strict card some step of it is refused. The first ones are those of Tookan (Bortolozzo,
 * Centenaro, Focardi, Steel, 2010).
 */
#include "dump.h"
#include "evp.h"
#include "using.h"

#define E 1u
#define D 2u
#define W 4u
#define U 8u

static const uint32_t role_attrs[] = {
	HSM_ATTR_ENCRYPT, HSM_ATTR_DECRYPT, HSM_ATTR_WRAP, HSM_ATTR_UNWRAP,
};

static struct blob data, iv;

static void add_roles(struct msg *m, uint32_t roles)
{
	size_t i;

	for (i = 0; i < 4; i++)
		add_u8(m, role_attrs[i], roles >> i & 1);
}

/* An AES key of the card with just these roles; 0 if it was refused. */
static uint64_t key_with(struct card *c, uint32_t roles)
{
	struct msg *m = begin_aes("key");

	add_u8(m, HSM_ATTR_TOKEN, 0);
	add_roles(m, roles);
	if (!send(c, ALICE, m))
		return reply_u64(m, HSM_TAG_HANDLE);
	assert_int_equal(m->status, HSM_RV_STRICT_POLICY);
	return 0;
}

/* Without header, as any client could put it together itself. */
static bool wrapped(struct card *c, uint64_t key, uint64_t kek)
{
	struct msg *m = begin_wrap(key, kek, HSM_WRAP_AES_GCM);

	add_no_header(m);
	if (send(c, ALICE, m))
		return false;
	take(HSM_TAG_DATA, &data);
	take(HSM_TAG_IV, &iv);
	return true;
}

static uint64_t unwrapped(struct card *c, uint64_t kek, uint32_t roles)
{
	struct msg *m = begin_unwrap(kek, HSM_WRAP_AES_GCM, &data);

	add_kind(m, HSM_KEY_CLASS_SECRET, HSM_KEY_AES);
	add_blob(m, HSM_TAG_IV, &iv);
	add_roles(m, roles);
	return send(c, ALICE, m) ? 0 : reply_u64(m, HSM_TAG_HANDLE);
}

/* Whether what was wrapped last decrypts with @key to the value of @target. */
static bool reveals(struct card *c, uint64_t key, uint64_t target)
{
	struct msg *m = begin_crypt(HSM_CMD_CRYPT, HSM_USE_DECRYPT, HSM_CKM_AES_GCM, key);
	struct tlv t;

	add_blob(m, HSM_TAG_IV, &iv);
	add_blob(m, HSM_TAG_DATA, &data);
	return !send(c, ALICE, m) && reply_find(m, HSM_TAG_DATA, &t) && t.len == 32 &&
	       !memcmp(t.p, peek(c, target)->secret, 32);
}

/* A value from outside, wrapped for a key pair of the card. */
static uint64_t imported(struct card *c, const uint8_t value[32])
{
	uint64_t pair = make_pair(c, HSM_KEY_RSA, 0);
	EVP_PKEY *pub = card_public(c, pair);
	struct msg *m;

	rsa_aes_wrap(pub, "SHA256", value, 32, &data);
	EVP_PKEY_free(pub);
	m = begin_unwrap(pair + 1, HSM_WRAP_RSA_AES, &data);
	add_u32(m, HSM_TAG_HASH, HSM_HASH_SHA256);
	add_kind(m, HSM_KEY_CLASS_SECRET, HSM_KEY_AES);
	return made(c, ALICE, m);
}

static uint64_t target_of(struct card *c)
{
	return make_secret(c, HSM_KEY_AES, 32);
}

/* One key that wraps and decrypts. */
static bool wrap_and_decrypt(struct card *c)
{
	uint64_t target = target_of(c), k = key_with(c, W | D);

	return k && wrapped(c, target, k) && reveals(c, k, target);
}

/* GCM is a counter mode: to encrypt with the same counter is to decrypt. */
static bool wrap_and_encrypt(struct card *c)
{
	uint64_t target = target_of(c), k = key_with(c, W | E);
	struct blob text, counter = { .len = 16 };
	struct msg *m;
	struct tlv t;

	if (!k || !wrapped(c, target, k))
		return false;
	text = data;
	text.len = 32;
	memcpy(counter.p, iv.p, 12);
	counter.p[15] = 2;
	m = begin_crypt(HSM_CMD_CRYPT, HSM_USE_ENCRYPT, HSM_CKM_AES_CTR, k);
	add_blob(m, HSM_TAG_IV, &counter);
	add_blob(m, HSM_TAG_DATA, &text);
	return !send(c, ALICE, m) && reply_find(m, HSM_TAG_DATA, &t) && t.len == 32 &&
	       !memcmp(t.p, peek(c, target)->secret, 32);
}

/* One key that wraps now and decrypts later. */
static bool wrap_then_decrypt(struct card *c)
{
	uint64_t target = target_of(c), k = key_with(c, W);

	assert_int_not_equal(k, 0);
	return wrapped(c, target, k) && !set_bool(c, ALICE, k, HSM_ATTR_WRAP, 0) &&
	       !set_bool(c, ALICE, k, HSM_ATTR_DECRYPT, 1) && reveals(c, k, target);
}

/* As born, no wishes. */
static bool wrap_and_decrypt_at_birth(struct card *c)
{
	uint64_t target = target_of(c), k = make_secret(c, HSM_KEY_AES, 32);

	return wrapped(c, target, k) && reveals(c, k, target);
}

/* One wrapped key, unwrapped twice with other roles. */
static bool unwrap_twice(struct card *c)
{
	uint64_t target = target_of(c), kek = key_with(c, W | U), k = make_secret(c, HSM_KEY_AES, 32);
	uint64_t wraps, decrypts;

	assert_int_not_equal(kek, 0);
	if (!wrapped(c, k, kek))
		return false;
	wraps = unwrapped(c, kek, W);
	decrypts = unwrapped(c, kek, D);
	return wraps && decrypts && wrapped(c, target, wraps) && reveals(c, decrypts, target);
}

/* The wrapping key itself leaves, and comes back as one that decrypts. */
static bool wrapper_comes_back(struct card *c)
{
	uint64_t target = target_of(c), kek = key_with(c, W | U), k = key_with(c, W), back;

	assert_true(kek && k);
	if (!wrapped(c, k, kek))
		return false;
	back = unwrapped(c, kek, D);
	return back && wrapped(c, target, k) && reveals(c, back, target);
}

/* A key of no use leaves, comes back as one that decrypts, and wraps only then. */
static bool wraps_after_it_left(struct card *c)
{
	uint64_t target = target_of(c), kek = key_with(c, W | U), k = key_with(c, 0), back;

	assert_true(kek && k);
	if (!wrapped(c, k, kek))
		return false;
	back = unwrapped(c, kek, D);
	return back && !set_bool(c, ALICE, k, HSM_ATTR_WRAP, 1) && wrapped(c, target, k) &&
	       reveals(c, back, target);
}

/* The same by a masked object, which is as much made here as the key itself. */
static bool wraps_after_it_was_masked(struct card *c)
{
	uint64_t target = target_of(c), k = key_with(c, 0), back;
	struct blob masked;
	struct msg *m;

	assert_int_equal(set_bool(c, ALICE, k, HSM_ATTR_TOKEN, 1), 0);
	m = begin(HSM_CMD_KEY_MASK, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, k);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &masked);
	m = begin(HSM_CMD_KEY_UNMASK, FIRST_SESSION);
	add_blob(m, HSM_TAG_DATA, &masked);
	back = made(c, ALICE, m);
	return !set_bool(c, ALICE, back, HSM_ATTR_DECRYPT, 1) &&
	       !set_bool(c, ALICE, k, HSM_ATTR_WRAP, 1) && wrapped(c, target, k) &&
	       reveals(c, back, target);
}

/* A value of one's own, encrypted and unwrapped: a wrapping key that is known outside. */
static bool encrypt_and_unwrap(struct card *c)
{
	uint64_t target = target_of(c), k = key_with(c, E | U), own;
	struct blob value;
	struct msg *m;

	if (!k)
		return false;
	fill(&value, 32);
	m = begin_crypt(HSM_CMD_CRYPT, HSM_USE_ENCRYPT, HSM_CKM_AES_GCM, k);
	add_blob(m, HSM_TAG_DATA, &value);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &data);
	take(HSM_TAG_IV, &iv);
	own = unwrapped(c, k, W);
	return own && !memcmp(peek(c, own)->secret, value.p, 32) && wrapped(c, target, own);
}

/* The same by a key pair of the card, which takes in what anyone encrypts for it. */
static bool import_a_wrapper(struct card *c)
{
	static const uint8_t value[32] = "this value is known to everyone";
	uint64_t target = target_of(c), own = imported(c, value);

	if (!(attr_u32(c, ALICE, own, HSM_ATTR_WRAP)) &&
	    set_bool(c, ALICE, own, HSM_ATTR_WRAP, 1))
		return false;
	return wrapped(c, target, own);
}

/* A pair whose public half wraps and whose private half decrypts. */
static bool pair_wraps_and_decrypts(struct card *c)
{
	uint64_t target = target_of(c), pub = make_pair(c, HSM_KEY_RSA, 0);
	struct msg *m = begin_wrap(target, pub, HSM_WRAP_RSA_PKCS);
	struct tlv t;

	add_no_header(m);
	if (send(c, ALICE, m))
		return false;
	take(HSM_TAG_DATA, &data);
	set_bool(c, ALICE, pub + 1, HSM_ATTR_UNWRAP, 0);
	set_bool(c, ALICE, pub + 1, HSM_ATTR_DECRYPT, 1);
	m = begin_crypt(HSM_CMD_CRYPT, HSM_USE_DECRYPT, HSM_CKM_RSA_PKCS, pub + 1);
	add_blob(m, HSM_TAG_DATA, &data);
	return !send(c, ALICE, m) && reply_find(m, HSM_TAG_DATA, &t) && t.len == 32 &&
	       !memcmp(t.p, peek(c, target)->secret, 32);
}

static bool (*const attacks[])(struct card *) = {
	wrap_and_decrypt, wrap_and_encrypt, wrap_then_decrypt, wrap_and_decrypt_at_birth,
	unwrap_twice, wrapper_comes_back, encrypt_and_unwrap, import_a_wrapper, pair_wraps_and_decrypts,
	wraps_after_it_left, wraps_after_it_was_masked,
};

static void faithful(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		if (!attacks[i](*state))
			fail_msg("way %zu does not work: %#x", i, last()->status);
	}
}

static void strict(void **state)
{
	struct card *c = *state;
	size_t i;

	c->fw->policy = FW_POLICY_STRICT;
	for (i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
		if (attacks[i](c))
			fail_msg("way %zu works", i);
	}
}

/* What an officer trusts may wrap, but gets no role that it ever must not have. */
static void strict_trusted(void **state)
{
	static const uint8_t value[32] = "an officer knows where it is of";
	struct card *c = *state;
	uint64_t target, own;

	c->fw->policy = FW_POLICY_STRICT;
	target = target_of(c);
	own = imported(c, value);
	assert_int_equal(set_bool(c, ALICE, own, HSM_ATTR_TOKEN, 1), 0);
	assert_int_equal(set_bool(c, OFFICER, own, HSM_ATTR_TRUSTED, 1), 0);
	assert_int_equal(set_bool(c, ALICE, own, HSM_ATTR_WRAP, 1), HSM_RV_STRICT_POLICY);
	assert_int_equal(bad_tag(last()), HSM_ATTR_WRAP);
	assert_false(wrapped(c, target, own));
}

/* Nor does a key get rid of WRAP_WITH_TRUSTED by the header that tells of it. */
static void strict_header_off(void **state)
{
	struct card *c = *state;
	uint64_t kek, key, back;
	struct msg *m;

	c->fw->policy = FW_POLICY_STRICT;
	kek = key_with(c, W | U);
	assert_int_equal(set_bool(c, ALICE, kek, HSM_ATTR_TOKEN, 1), 0);
	assert_int_equal(set_bool(c, OFFICER, kek, HSM_ATTR_TRUSTED, 1), 0);
	key = make_with(c, HSM_KEY_AES, 32, HSM_ATTR_WRAP_WITH_TRUSTED, 1);
	assert_true(wrapped(c, key, kek));
	back = unwrapped(c, kek, E | D);
	assert_int_equal(attr_u32(c, ALICE, back, HSM_ATTR_WRAP_WITH_TRUSTED), 1);
	m = begin_unwrap(kek, HSM_WRAP_AES_GCM, &data);
	add_kind(m, HSM_KEY_CLASS_SECRET, HSM_KEY_AES);
	add_blob(m, HSM_TAG_IV, &iv);
	add_u8(m, HSM_ATTR_WRAP_WITH_TRUSTED, 0);
	assert_int_equal(send(c, ALICE, m), HSM_RV_TEMPLATE_CONFLICT);
	assert_int_equal(bad_tag(m), HSM_ATTR_WRAP_WITH_TRUSTED);
}

/* What a strict card makes is of use: wrap, unwrap and compare; encrypt and decrypt. */
static void strict_works(void **state)
{
	struct card *c = *state;
	uint64_t target, kek, k;

	c->fw->policy = FW_POLICY_STRICT;
	target = target_of(c);
	kek = key_with(c, W | U);
	assert_true(wrapped(c, target, kek));
	k = unwrapped(c, kek, E | D);
	assert_int_not_equal(k, 0);
	assert_memory_equal(peek(c, k)->secret, peek(c, target)->secret, 32);
	assert_true(key_with(c, E | D) && key_with(c, D | U));
	assert_int_equal(key_with(c, E | W), 0);
	assert_int_equal(bad_tag(last()), HSM_ATTR_WRAP);
	assert_int_equal(key_with(c, W | D), 0);
	assert_int_equal(bad_tag(last()), HSM_ATTR_WRAP);
	assert_int_equal(key_with(c, U | E), 0);
	assert_int_equal(bad_tag(last()), HSM_ATTR_UNWRAP);
	assert_int_equal(key_with(c, E | D | W | U), 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		T(faithful), T(strict), T(strict_trusted), T(strict_header_off),
		T(strict_works),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
