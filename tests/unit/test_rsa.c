// SPDX-License-Identifier: GPL-2.0-or-later
/* test_rsa.c - making RSA pairs: arguments, attributes, numbers, check value. */
#include <openssl/bn.h>
#include <openssl/sha.h>

#include "dump.h"

#define RSA_DUMP(class, pub, len) { \
	{ HSM_ATTR_CLASS, class }, { HSM_ATTR_KEY_TYPE, 0 }, { HSM_ATTR_TOKEN, 1 }, \
	{ HSM_ATTR_PRIVATE, 1 }, { HSM_ATTR_ENCRYPT, pub }, { HSM_ATTR_DECRYPT, !(pub) }, \
	{ HSM_ATTR_WRAP, pub }, { HSM_ATTR_UNWRAP, !(pub) }, { HSM_ATTR_SIGN, !(pub) }, \
	{ HSM_ATTR_VERIFY, pub }, { HSM_ATTR_LOCAL, 1 }, { HSM_ATTR_SENSITIVE, !(pub) }, \
	{ HSM_ATTR_EXTRACTABLE, 1 }, { HSM_ATTR_LABEL, -1 }, { HSM_ATTR_ID, -1 }, \
	{ HSM_ATTR_VALUE_LEN, len }, { HSM_ATTR_KCV, -1 }, { HSM_ATTR_MODULUS, -1 }, \
	{ HSM_ATTR_MODULUS_BITS, 0x800 }, { HSM_ATTR_PUBLIC_EXPONENT, 0x10001 }, \
	{ HSM_ATTR_TRUSTED, 0 }, { HSM_ATTR_WRAP_WITH_TRUSTED, 0 }, \
	{ HSM_ATTR_DESTROYABLE, 1 }, { HSM_ATTR_DERIVE, 0 }, \
	{ HSM_ATTR_ALWAYS_SENSITIVE, !(pub) }, { HSM_ATTR_NEVER_EXTRACTABLE, 0 } }

/* The example of the vendor's genRSAKeyPair page, and its private half. */
static void rsa_dumps(void **state)
{
	static const struct dump_line pub[] = RSA_DUMP(2, 1, 0x200);
	static const struct dump_line priv[] = RSA_DUMP(3, 0, -1);
	uint64_t h = made(*state, ALICE, begin_rsa("rsa_test"));
	struct tlv t;

	assert_int_equal(h, 6);
	assert_int_equal(reply_u64(last(), HSM_TAG_HANDLE_PRIVATE), 7);
	check_all(*state, 6, pub, 26);
	assert_true(reply_find(last(), HSM_ATTR_ID, &t) && t.len == 0);
	check_all(*state, 7, priv, 26);
	assert_in_range(attr_u32(*state, ALICE, 7, HSM_ATTR_VALUE_LEN), 1210, 1222);
}

static BIGNUM *number(const struct object *o, uint32_t tag)
{
	struct tlv_reader r;
	struct tlv t;

	tlv_read_init(&r, o->secret, o->secret_len);
	assert_true(tlv_next_tag(&r, tag, &t));
	return BN_bin2bn(t.p, (int)t.len, NULL);
}

/* The stored numbers are those of the public modulus: n = p * q, e * d = 1. */
static void rsa_numbers(void **state)
{
	struct card *c = *state;
	const struct object *o = peek(c, made(c, ALICE, begin_rsa("label")) + 1);
	struct bytes mod = object_modulus(o), exp = object_exponent(o);
	BIGNUM *n = BN_bin2bn(mod.p, (int)mod.len, NULL), *e = BN_bin2bn(exp.p, (int)exp.len, NULL);
	BIGNUM *d = number(o, 1), *p = number(o, 2), *q = number(o, 3), *x = BN_new();
	BN_CTX *ctx = BN_CTX_new();

	assert_true(BN_mul(x, p, q, ctx) && !BN_cmp(x, n));
	assert_true(BN_sub_word(p, 1) && BN_mod_mul(x, d, e, p, ctx) && BN_is_one(x));
	assert_true(BN_sub_word(q, 1) && BN_mod_mul(x, d, e, q, ctx) && BN_is_one(x));
	assert_int_equal(BN_num_bits(n), 2048);
	BN_free(n);
	BN_free(e);
	BN_clear_free(d);
	BN_clear_free(p);
	BN_clear_free(q);
	BN_free(x);
	BN_CTX_free(ctx);
}

/* SHA-1 of SEQUENCE { modulus, exponent }, put together by hand. */
static void rsa_kcv(void **state)
{
	struct card *c = *state;
	const struct object *o = peek(c, made(c, ALICE, begin_rsa("label")));
	uint8_t der[270] = { 0x30, 0x82, 0x01, 0x0a, 0x02, 0x82, 0x01, 0x01, 0x00 };
	uint8_t digest[SHA_DIGEST_LENGTH];

	memcpy(der + 9, object_modulus(o).p, 256);
	memcpy(der + 265, "\x02\x03\x01\x00\x01", 5);
	SHA1(der, sizeof(der), digest);
	check_kcv(c, 6, digest);
	check_kcv(c, 7, digest);
}

static uint32_t rsa_with(struct card *c, uint32_t bits, const char *e, size_t e_len)
{
	struct msg *m = begin(HSM_CMD_KEY_GEN_PAIR, FIRST_SESSION);

	add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_RSA);
	if (bits)
		add_u32(m, HSM_ATTR_MODULUS_BITS, bits);
	if (e)
		add(m, HSM_ATTR_PUBLIC_EXPONENT, e, e_len);
	add_text(m, HSM_ATTR_LABEL, "label");
	return send(c, ALICE, m);
}

static void rsa_arguments(void **state)
{
	static const struct { const char *e; size_t len; } bad[] = {
		{ "\x03", 1 }, { "\xff\xff", 2 }, { "\x01\x00\x00", 3 }, { "\x00\x01\x00\x01", 4 },
		{ "\x00\xff\xff", 3 }, { "\x01\x00\x02", 3 },
	};
	static const uint32_t sizes[] = { 1024, 2047, 2049, 2064, 4352, 8192, 0xffffff00 };
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(rsa_with(*state, 2048, bad[i].e, bad[i].len),
				 HSM_RV_BAD_ATTRIBUTE);
		assert_int_equal(bad_tag(last()), HSM_ATTR_PUBLIC_EXPONENT);
	}
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(rsa_with(*state, sizes[i], "\1\0\1", 3), HSM_RV_BAD_KEY_SIZE);
		assert_int_equal(bad_tag(last()), HSM_ATTR_MODULUS_BITS);
	}
	assert_int_equal(rsa_with(*state, 0, "\1\0\1", 3), HSM_RV_BAD_MESSAGE);
	assert_int_equal(bad_tag(last()), HSM_ATTR_MODULUS_BITS);
	assert_int_equal(rsa_with(*state, 2048, NULL, 0), HSM_RV_BAD_MESSAGE);
	assert_int_equal(bad_tag(last()), HSM_ATTR_PUBLIC_EXPONENT);
	assert_int_equal(found(*state, ALICE, begin_find()), 0);
	assert_int_equal(rsa_with(*state, 2304, "\1\0\1", 3), 0);
	assert_int_equal(attr_u32(*state, ALICE, 6, HSM_ATTR_MODULUS_BITS), 2304);
	assert_int_equal(attr_u32(*state, ALICE, 6, HSM_ATTR_VALUE_LEN), 576);
	assert_int_equal(rsa_with(*state, 2048, "\1\0\0\0\x0f", 5), 0);
}

static void pair_types(void **state)
{
	static const struct { uint32_t type, status, tag; } types[] = {
		{ HSM_KEY_EC, HSM_RV_BAD_MESSAGE, HSM_TAG_CURVE },
		{ HSM_KEY_DSA, HSM_RV_BAD_MESSAGE, HSM_ATTR_MODULUS_BITS },
		{ HSM_KEY_AES, HSM_RV_BAD_ATTRIBUTE, HSM_ATTR_KEY_TYPE },
		{ 2, HSM_RV_BAD_ATTRIBUTE, HSM_ATTR_KEY_TYPE },
		{ 99, HSM_RV_BAD_ATTRIBUTE, HSM_ATTR_KEY_TYPE },
	};
	size_t i;

	for (i = 0; i < 5; i++) {
		struct msg *m = begin(HSM_CMD_KEY_GEN_PAIR, FIRST_SESSION);

		add_u32(m, HSM_ATTR_KEY_TYPE, types[i].type);
		add_text(m, HSM_ATTR_LABEL, "label");
		assert_int_equal(send(*state, ALICE, m), types[i].status);
		assert_int_equal(bad_tag(m), types[i].tag);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		T(rsa_dumps), T(rsa_numbers), T(rsa_kcv), T(rsa_arguments), T(pair_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
