// SPDX-License-Identifier: GPL-2.0-or-later
/* test_wrap.c - KEY_WRAP and KEY_UNWRAP: there and back, the header, what is refused. */
#include "using.h"

#define HEADER 267

static struct blob wrapped, other;

static int group_setup(void **state)
{
	return setup_users(state);
}

/* Every mechanism, with keys to wrap under and unwrap with. */
struct way {
	uint32_t mech;
	uint64_t wrapper, unwrapper;
};

static size_t ways(struct card *c, struct way *w)
{
	uint64_t aes = make_secret(c, HSM_KEY_AES, 32), rsa = make_pair(c, HSM_KEY_RSA, 0);
	uint64_t des;
	struct msg *m = begin_sym(HSM_KEY_DES3, 24, "des");
	uint32_t mech;
	size_t n = 0;

	add_u8(m, HSM_ATTR_TOKEN, 0);
	add_u8(m, HSM_ATTR_WRAP, 1);
	add_u8(m, HSM_ATTR_UNWRAP, 1);
	des = made(c, ALICE, m);
	for (mech = HSM_WRAP_AES_PKCS5; mech <= HSM_WRAP_RSA_PKCS; mech++) {
		bool is_rsa = mech == HSM_WRAP_RSA_AES || mech == HSM_WRAP_RSA_OAEP ||
			      mech == HSM_WRAP_RSA_PKCS;

		w[n++] = mech == HSM_WRAP_TDEA ? (struct way){ mech, des, des } :
			 is_rsa ? (struct way){ mech, rsa, rsa + 1 } : (struct way){ mech, aes, aes };
	}
	return n;
}

static const uint32_t kept[] = {
	HSM_ATTR_CLASS, HSM_ATTR_KEY_TYPE, HSM_ATTR_VALUE_LEN, HSM_ATTR_KCV, HSM_ATTR_TOKEN,
	HSM_ATTR_ENCRYPT, HSM_ATTR_DECRYPT, HSM_ATTR_WRAP, HSM_ATTR_UNWRAP, HSM_ATTR_SIGN,
	HSM_ATTR_VERIFY, HSM_ATTR_SENSITIVE, HSM_ATTR_EXTRACTABLE, HSM_ATTR_DESTROYABLE,
};

static void check_same_key(struct card *c, uint64_t a, uint64_t b)
{
	size_t i;

	for (i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		assert_int_equal(attr_u32(c, ALICE, a, kept[i]), attr_u32(c, ALICE, b, kept[i]));
	assert_int_equal(attr_u32(c, ALICE, b, HSM_ATTR_LOCAL), 0);
	assert_int_equal(attr_u32(c, ALICE, b, HSM_ATTR_ALWAYS_SENSITIVE), 0);
	assert_int_equal(attr_u32(c, ALICE, b, HSM_ATTR_NEVER_EXTRACTABLE), 0);
	assert_int_equal(attr_u32(c, ALICE, b, HSM_ATTR_TRUSTED), 0);
}

static bool takes_private(uint32_t mech)
{
	return mech != HSM_WRAP_RSA_OAEP && mech != HSM_WRAP_RSA_PKCS;
}

/* The size that RFC 3394 without padding and TKW can take. */
static bool takes_length(uint32_t mech, size_t len)
{
	return mech == HSM_WRAP_AES_NO_PAD ? !(len % 8) : mech == HSM_WRAP_TDEA ? !(len % 4) : true;
}

static void there_and_back(struct card *c, const struct way *w, uint64_t key)
{
	uint32_t class = attr_u32(c, ALICE, key, HSM_ATTR_CLASS);
	uint32_t type = attr_u32(c, ALICE, key, HSM_ATTR_KEY_TYPE);
	static struct blob iv;
	struct msg *m;

	if (class == HSM_KEY_CLASS_PRIVATE && !takes_private(w->mech))
		return;
	if (!takes_length(w->mech, attr_u32(c, ALICE, key, HSM_ATTR_VALUE_LEN))) {
		assert_int_equal(send(c, ALICE, begin_wrap(key, w->wrapper, w->mech)),
				 HSM_RV_DATA_LENGTH);
		return;
	}
	wrap_key(c, key, w->wrapper, w->mech, &wrapped);
	assert_int_equal(unwrap_key(c, w->unwrapper, w->mech, &wrapped), HSM_RV_SUCCESS);
	check_same_key(c, key, reply_u64(last(), HSM_TAG_HANDLE));

	m = begin_wrap(key, w->wrapper, w->mech);
	add_no_header(m);
	assert_int_equal(send(c, ALICE, m), HSM_RV_SUCCESS);
	take(HSM_TAG_DATA, &other);
	assert_int_equal(other.len + HEADER, wrapped.len);
	if (w->mech == HSM_WRAP_AES_GCM)
		take(HSM_TAG_IV, &iv);
	m = begin_unwrap(w->unwrapper, w->mech, &other);
	add_kind(m, class, type);
	if (w->mech == HSM_WRAP_AES_GCM)
		add_blob(m, HSM_TAG_IV, &iv);
	assert_int_equal(send(c, ALICE, m), HSM_RV_SUCCESS);
	check_same_kcv(c, key);
}

static void every_mechanism(void **state)
{
	struct card *c = *state;
	struct way w[16];
	size_t n = ways(c, w), i, k;
	const uint64_t keys[] = {
		make_secret(c, HSM_KEY_AES, 16), make_secret(c, HSM_KEY_AES, 24),
		make_secret(c, HSM_KEY_AES, 32), make_secret(c, HSM_KEY_DES3, 24),
		make_secret(c, HSM_KEY_GENERIC, 57), make_secret(c, HSM_KEY_RC4, 16),
		make_pair(c, HSM_KEY_RSA, 0) + 1, make_pair(c, HSM_KEY_EC, HSM_CURVE_PRIME256V1) + 1,
		make_pair(c, HSM_KEY_DSA, 0) + 1,
	};

	for (i = 0; i < n; i++) {
		for (k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			there_and_back(c, &w[i], keys[k]);
	}
}

static void header_is_as_documented(void **state)
{
	static const uint8_t zeros[128];
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 16), key = make_secret(c, HSM_KEY_DES3, 24);
	const uint8_t *p = wrapped.p;
	struct tlv t;

	wrap_key(c, key, kek, HSM_WRAP_AES_PKCS5, &wrapped);
	assert_int_equal(wrapped.len, 307);
	assert_memory_equal(p, "HSMW", 4);
	assert_int_equal(get_le16(p + 4), 1);
	assert_int_equal(get_le16(p + 6), HSM_WRAP_AES_PKCS5);
	assert_int_equal(get_le32(p + 8), HSM_KEY_CLASS_SECRET);
	assert_int_equal(get_le32(p + 12), HSM_KEY_DES3);
	assert_int_equal(get_le32(p + 20), 24);
	assert_int_equal(get_le32(p + 24), 0);
	assert_memory_equal(p + 28, zeros, 18);
	assert_int_equal(attrs(c, ALICE, key, HSM_ATTR_KCV), 0);
	assert_true(reply_find(last(), HSM_ATTR_KCV, &t));
	assert_memory_equal(p + 46, t.p, 3);
	assert_int_equal(p[49], 3);
	assert_memory_equal(p + 50, "key", 3);
	assert_memory_equal(p + 53, zeros, 125);
	assert_memory_equal(p + 178, zeros, 57);
}

static void header_flipped_anywhere(void **state)
{
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32), key = make_secret(c, HSM_KEY_AES, 32);
	size_t i, bit, honest = 0;

	wrap_key(c, key, kek, HSM_WRAP_AES_GCM, &wrapped);
	for (i = 0; i < HEADER * 8; i++) {
		uint32_t status;

		bit = i % 8;
		wrapped.p[i / 8] ^= (uint8_t)(1 << bit);
		status = unwrap_key(c, kek, HSM_WRAP_AES_GCM, &wrapped);
		if (status != HSM_RV_BAD_WRAP_HEADER && status != HSM_RV_BAD_PKCS_DATA &&
		    status != HSM_RV_BAD_ATTRIBUTE)
			fail_msg("byte %zu bit %zu: 0x%x", i / 8, bit, status);
		honest += status == HSM_RV_BAD_PKCS_DATA;
		if (i / 8 >= 53 && i / 8 < 235)		/* behind the label "key" */
			assert_int_equal(status, HSM_RV_BAD_WRAP_HEADER);
		wrapped.p[i / 8] ^= (uint8_t)(1 << bit);
	}
	assert_true(honest > 32 * 8);
	assert_int_equal(unwrap_key(c, kek, HSM_WRAP_AES_GCM, &wrapped), HSM_RV_SUCCESS);
}

static void payload_flipped_and_cut(void **state)
{
	struct card *c = *state;
	uint64_t key = make_secret(c, HSM_KEY_AES, 32);
	struct way w[16];
	size_t n = ways(c, w), i, k, at;

	for (i = 0; i < n; i++) {
		size_t step = w[i].wrapper == w[i].unwrapper ? 1 : 41;

		wrap_key(c, key, w[i].wrapper, w[i].mech, &wrapped);
		for (at = HEADER; at < wrapped.len; at += step) {
			wrapped.p[at] ^= 0x10;
			assert_int_equal(unwrap_key(c, w[i].unwrapper, w[i].mech, &wrapped),
					 HSM_RV_BAD_PKCS_DATA);
			wrapped.p[at] ^= 0x10;
		}
		other = wrapped;
		for (k = 0; k < wrapped.len; k += k < HEADER ? 1 : step) {
			other.len = k;
			assert_int_equal(unwrap_key(c, w[i].unwrapper, w[i].mech, &other),
					 k < HEADER ? HSM_RV_BAD_WRAP_HEADER : HSM_RV_BAD_PKCS_DATA);
		}
	}
}

static void private_payload_flipped(void **state)
{
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32);
	uint64_t key = make_pair(c, HSM_KEY_EC, HSM_CURVE_PRIME256V1) + 1;
	size_t at;

	wrap_key(c, key, kek, HSM_WRAP_AES_PKCS5, &wrapped);
	for (at = 0; at < wrapped.len; at++) {
		uint32_t status;

		wrapped.p[at] ^= 0x01;
		status = unwrap_key(c, kek, HSM_WRAP_AES_PKCS5, &wrapped);
		assert_int_not_equal(status, HSM_RV_SUCCESS);
		if (at >= HEADER)
			assert_int_equal(status, HSM_RV_BAD_PKCS_DATA);
		wrapped.p[at] ^= 0x01;
	}
}

/* Without a header, as a key of @class and @type: refused with the reply that is in @first. */
static void refused_as_before(struct card *c, uint64_t unwrapper, uint32_t mech, uint32_t class,
			      uint32_t type, const struct blob *iv, struct blob *first)
{
	struct msg *m = begin_unwrap(unwrapper, mech, &wrapped);

	add_kind(m, class, type);
	if (mech == HSM_WRAP_AES_GCM)
		add_blob(m, HSM_TAG_IV, iv);
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_PKCS_DATA);
	if (!first->len)
		memcpy(first->p, m->out, first->len = m->req.out_len);
	assert_int_equal(first->len, m->req.out_len);
	assert_memory_equal(first->p, m->out, first->len);
}

/* A wrong key, wrong size and wrong kind of content all say the same, byte for byte. */
static void one_status_for_all_that_is_wrong_inside(void **state)
{
	static struct blob first, iv;
	struct card *c = *state;
	struct way w[16], others[16];
	size_t n = ways(c, w), i;
	uint64_t key = make_secret(c, HSM_KEY_GENERIC, 40);

	ways(c, others);
	first.len = 0;
	for (i = 0; i < n; i++) {
		uint64_t right = w[i].unwrapper, wrong = others[i].unwrapper;
		uint32_t mech = w[i].mech;
		struct msg *m = begin_wrap(key, w[i].wrapper, mech);
		bool made_up = mech == HSM_WRAP_RSA_PKCS;

		add_no_header(m);
		assert_int_equal(send(c, ALICE, m), 0);
		take(HSM_TAG_DATA, &wrapped);
		if (mech == HSM_WRAP_AES_GCM)
			take(HSM_TAG_IV, &iv);
		/* What newer OpenSSL makes up may be a key of any bytes, but is no PKCS#8. */
		refused_as_before(c, wrong, mech,
				  made_up ? HSM_KEY_CLASS_PRIVATE : HSM_KEY_CLASS_SECRET,
				  made_up ? HSM_KEY_RSA : HSM_KEY_GENERIC, &iv, &first);
		/* 40 bytes are no AES key, nor PKCS#8. */
		refused_as_before(c, right, mech, HSM_KEY_CLASS_SECRET, HSM_KEY_AES, &iv, &first);
		refused_as_before(c, right, mech, HSM_KEY_CLASS_PRIVATE, HSM_KEY_RSA, &iv, &first);
	}
}

static void refuse(struct card *c, uint32_t ctx, uint64_t key, uint64_t kek, uint32_t status,
		   uint32_t tag)
{
	uint32_t got = send(c, ctx, begin_wrap(key, kek, HSM_WRAP_AES_PKCS5));

	assert_int_equal(got, status);
	if (tag)
		assert_int_equal(bad_tag(last()), tag);
	assert_int_equal(reply_count(last(), HSM_TAG_DATA), 0);
}

static void who_may_not_wrap_what(void **state)
{
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32), rsa = make_pair(c, HSM_KEY_RSA, 0), shared;
	struct msg *m = begin_aes("shared");

	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	shared = made(c, ALICE, m);
	refuse(c, ALICE, make_with(c, HSM_KEY_AES, 16, HSM_ATTR_EXTRACTABLE, 0), kek,
	       HSM_RV_KEY_NOT_EXTRACTABLE, HSM_TAG_HANDLE);
	refuse(c, ALICE, 999, kek, HSM_RV_BAD_HANDLE, HSM_TAG_HANDLE);
	refuse(c, ALICE, kek, 999, HSM_RV_BAD_HANDLE, HSM_TAG_WRAP_HANDLE);
	refuse(c, ALICE, kek, kek, HSM_RV_SELF_WRAP, HSM_TAG_HANDLE);
	refuse(c, ALICE, rsa, kek, HSM_RV_BAD_KEY_TYPE, HSM_TAG_HANDLE);
	refuse(c, ALICE, kek, make_secret(c, HSM_KEY_GENERIC, 32), HSM_RV_KEY_FUNCTION,
	       HSM_TAG_WRAP_HANDLE);
	refuse(c, ALICE, kek, make_with(c, HSM_KEY_AES, 16, HSM_ATTR_WRAP, 0), HSM_RV_KEY_FUNCTION,
	       HSM_TAG_WRAP_HANDLE);
	refuse(c, ALICE, kek, rsa, HSM_RV_BAD_KEY_TYPE, HSM_TAG_WRAP_HANDLE);
	refuse(c, ALICE, rsa + 1, rsa + 1, HSM_RV_SELF_WRAP, HSM_TAG_HANDLE);
	refuse(c, ALICE, kek, rsa + 1, HSM_RV_KEY_FUNCTION, HSM_TAG_WRAP_HANDLE);
	refuse(c, BOB, shared, kek, HSM_RV_BAD_HANDLE, HSM_TAG_WRAP_HANDLE);
	refuse(c, BOB, shared, shared, HSM_RV_ACCESS_DENIED, HSM_TAG_HANDLE);
	refuse(c, BOB, kek, shared, HSM_RV_BAD_HANDLE, HSM_TAG_HANDLE);
	refuse(c, OFFICER, kek, shared, HSM_RV_NOT_AUTHORIZED, 0);
	assert_int_equal(delete_key(c, ALICE, shared), 0);
	refuse(c, ALICE, shared, kek, HSM_RV_BAD_HANDLE, HSM_TAG_HANDLE);
	refuse(c, ALICE, kek, shared, HSM_RV_BAD_HANDLE, HSM_TAG_WRAP_HANDLE);
}

/* Bob may wrap a key of his own under one that is shared with him. */
static void shared_wrapping_key(void **state)
{
	struct card *c = *state;
	struct msg *m = begin_aes("kek");
	uint64_t kek, key;

	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	kek = made(c, ALICE, m);
	key = made(c, BOB, begin_aes("bob's"));
	assert_int_equal(send(c, BOB, begin_wrap(key, kek, HSM_WRAP_AES_PAD)), 0);
	take(HSM_TAG_DATA, &wrapped);
	assert_int_equal(send(c, BOB, begin_unwrap(kek, HSM_WRAP_AES_PAD, &wrapped)), 0);
	key = reply_u64(last(), HSM_TAG_HANDLE);
	assert_int_equal(info(c, BOB, key), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_OWNER), ID_BOB);
}

static void keys_that_need_approval(void **state)
{
	struct card *c = *state;
	uint64_t kek = made(c, ALICE, begin_aes("kek")), key;
	struct msg *m = begin_aes("2 of 2");

	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u32(m, HSM_TAG_M_VALUE, 2);
	key = made(c, ALICE, m);
	refuse(c, ALICE, key, kek, HSM_RV_MXN_AUTH_FAILED, 0);
	refuse(c, ALICE, kek, key, HSM_RV_MXN_AUTH_FAILED, 0);
	wrap_key(c, make_secret(c, HSM_KEY_AES, 16), kek, HSM_WRAP_AES_PAD, &wrapped);
	m = begin_unwrap(key, HSM_WRAP_AES_PAD, &wrapped);
	assert_int_equal(send(c, ALICE, m), HSM_RV_MXN_AUTH_FAILED);
}

/* Options: tag, mechanisms that take it with and without a header, a good value. */
static void options_of_other_mechanisms(void **state)
{
	static const struct {
		uint32_t tag;
		const char *bare, *header;	/* by mechanism 4..12: 'y' takes it */
		const char *value;
		size_t len;
	} options[] = {
		{ HSM_TAG_IV, "yynnnnnnn", "nnnnnnnnn", "12345678", 8 },
		{ HSM_TAG_IV, "nnnnnynnn", "nnnnnnnnn", "1234", 4 },
		{ HSM_TAG_HASH, "nnnyynnnn", "nnnyynnnn", "\3\0\0\0", 4 },
		{ HSM_TAG_AAD, "nnnnnnyyn", "nnnnnnyyn", "aad", 3 },
		{ HSM_TAG_GCM_TAG_LEN, "nnnnnnyyn", "nnnnnnnnn", "\x0c\0\0\0", 4 },
	};
	struct card *c = *state;
	uint64_t key = make_secret(c, HSM_KEY_AES, 32);
	struct way w[16];
	size_t n = ways(c, w), i, o, bare;

	for (i = 0; i < n * 5 * 2; i++) {
		const struct way *way = &w[i / 10];
		struct msg *m = begin_wrap(key, way->wrapper, way->mech);
		bool ok;

		o = i / 2 % 5;
		bare = i % 2;
		ok = (bare ? options[o].bare : options[o].header)[i / 10] == 'y';
		if (bare)
			add_no_header(m);
		add(m, options[o].tag, options[o].value, options[o].len);
		if (send(c, ALICE, m) != (ok ? HSM_RV_SUCCESS : HSM_RV_INVALID_INPUT))
			fail_msg("mechanism %u option %zu bare %zu: 0x%x", way->mech, o, bare, m->status);
		if (!ok)
			assert_int_equal(bad_tag(m), options[o].tag);
	}
}

static void room_for_the_reply(void **state)
{
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32), key = make_secret(c, HSM_KEY_AES, 32);
	struct msg *m = begin_wrap(key, kek, HSM_WRAP_AES_PAD);
	size_t need;

	m->room = 64;
	assert_int_equal(exec(c, ALICE, m), FW_NO_ROOM);
	need = m->req.out_len;
	assert_in_range(need, 16 + 8 + HEADER + 40 + 16, 16 + 8 + HEADER + 40 + 24 + 16);
	m = begin_wrap(key, kek, HSM_WRAP_AES_PAD);
	m->room = need;
	assert_int_equal(exec(c, ALICE, m), FW_OK);
	assert_int_equal(m->status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_mechanism),
		cmocka_unit_test(header_is_as_documented),
		cmocka_unit_test(header_flipped_anywhere),
		cmocka_unit_test(payload_flipped_and_cut),
		cmocka_unit_test(private_payload_flipped),
		cmocka_unit_test(one_status_for_all_that_is_wrong_inside),
		cmocka_unit_test(who_may_not_wrap_what),
		cmocka_unit_test(shared_wrapping_key),
		cmocka_unit_test(keys_that_need_approval),
		cmocka_unit_test(options_of_other_mechanisms),
		cmocka_unit_test(room_for_the_reply),
	};

	return cmocka_run_group_tests(tests, group_setup, teardown);
}
