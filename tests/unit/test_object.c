// SPDX-License-Identifier: GPL-2.0-or-later
/* test_object.c - making keys: sizes, attributes, values, handles, ids. */
#include <errno.h>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "dump.h"

static void check_size(struct card *c, uint32_t type, uint32_t len, bool good)
{
	struct msg *m = begin_sym(type, len, "label");

	if (good) {
		assert_int_equal(attr_u32(c, ALICE, made(c, ALICE, m), HSM_ATTR_VALUE_LEN), len);
		return;
	}
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_KEY_SIZE);
	assert_int_equal(bad_tag(m), HSM_ATTR_VALUE_LEN);
}

static void sizes(void **state)
{
	static const struct { uint32_t type, len; bool good; } sizes[] = {
		{ HSM_KEY_AES, 15, false }, { HSM_KEY_AES, 16, true }, { HSM_KEY_AES, 17, false },
		{ HSM_KEY_AES, 24, true }, { HSM_KEY_AES, 32, true }, { HSM_KEY_AES, 40, false },
		{ HSM_KEY_AES, 0, false }, { HSM_KEY_AES, 0xffffffff, false },
		{ HSM_KEY_DES3, 24, true }, { HSM_KEY_DES3, 16, false },
		{ HSM_KEY_DES3, 32, false }, { HSM_KEY_DES3, 0, false },
		{ HSM_KEY_GENERIC, 0, false }, { HSM_KEY_GENERIC, 1, true },
		{ HSM_KEY_GENERIC, 512, true }, { HSM_KEY_GENERIC, 3583, true },
		{ HSM_KEY_GENERIC, 3584, false }, { HSM_KEY_RC4, 0, false },
		{ HSM_KEY_RC4, 1, true }, { HSM_KEY_RC4, 256, true }, { HSM_KEY_RC4, 257, false },
	};
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		check_size(*state, sizes[i].type, sizes[i].len, sizes[i].good);
}

static void unknown_types(void **state)
{
	static const uint32_t types[] = { HSM_KEY_RSA, HSM_KEY_DSA, HSM_KEY_EC, 17, 19, 20, 30, 32,
					  99, 0xffffffff };
	size_t i;

	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		assert_int_equal(send(*state, ALICE, begin_sym(types[i], 16, "label")),
				 HSM_RV_BAD_ATTRIBUTE);
		assert_int_equal(bad_tag(last()), HSM_ATTR_KEY_TYPE);
	}
}

#define SECRET_DUMP(type, wrap, len) { \
	{ HSM_ATTR_CLASS, 4 }, { HSM_ATTR_KEY_TYPE, type }, { HSM_ATTR_TOKEN, 1 }, \
	{ HSM_ATTR_PRIVATE, 1 }, { HSM_ATTR_ENCRYPT, 1 }, { HSM_ATTR_DECRYPT, 1 }, \
	{ HSM_ATTR_WRAP, wrap }, { HSM_ATTR_UNWRAP, wrap }, { HSM_ATTR_SIGN, 0 }, \
	{ HSM_ATTR_VERIFY, 0 }, { HSM_ATTR_LOCAL, 1 }, { HSM_ATTR_SENSITIVE, 1 }, \
	{ HSM_ATTR_EXTRACTABLE, 1 }, { HSM_ATTR_LABEL, -1 }, { HSM_ATTR_ID, -1 }, \
	{ HSM_ATTR_VALUE_LEN, len }, { HSM_ATTR_KCV, -1 } }

/* The 3DES example of the vendor's genSymKey page. */
static void des3_dump(void **state)
{
	static const struct dump_line dump[] = SECRET_DUMP(0x15, 0, 0x18);
	struct msg *m = begin_sym(HSM_KEY_DES3, 24, "3DES_shared");
	uint64_t h;
	struct tlv t;

	add_text(m, HSM_ATTR_ID, "IT-02");
	h = made(*state, ALICE, m);
	check_all(*state, h, dump, 17);
	assert_int_equal(reply_count(last(), HSM_TAG_NODE), 1);
	assert_true(reply_find(last(), HSM_ATTR_LABEL, &t) && t.len == 11);
	assert_memory_equal(t.p, "3DES_shared", 11);
	assert_true(reply_find(last(), HSM_ATTR_ID, &t) && t.len == 5);
	assert_memory_equal(t.p, "IT-02", 5);
}

static void secret_dumps(void **state)
{
	static const struct dump_line aes[] = SECRET_DUMP(31, 1, 32);
	static const struct dump_line generic[] = SECRET_DUMP(16, 0, 100);
	static const struct dump_line rc4[] = SECRET_DUMP(18, 0, 16);

	check_all(*state, made(*state, ALICE, begin_aes("label")), aes, 17);
	check_all(*state, made(*state, ALICE, begin_sym(HSM_KEY_GENERIC, 100, "l")), generic, 17);
	check_all(*state, made(*state, ALICE, begin_sym(HSM_KEY_RC4, 16, "l")), rc4, 17);
}

static void not_extractable(void **state)
{
	struct msg *m = begin_aes("label");
	uint64_t h;

	add_u8(m, HSM_ATTR_EXTRACTABLE, 0);
	h = made(*state, ALICE, m);
	assert_int_equal(attr_u32(*state, ALICE, h, HSM_ATTR_EXTRACTABLE), 0);
	assert_int_equal(attr_u32(*state, ALICE, h, HSM_ATTR_NEVER_EXTRACTABLE), 1);
	m = begin_rsa("label");
	add_u8(m, HSM_ATTR_EXTRACTABLE, 0);
	h = made(*state, ALICE, m);
	assert_int_equal(attr_u32(*state, ALICE, h, HSM_ATTR_EXTRACTABLE), 1);
	assert_int_equal(attr_u32(*state, ALICE, h, HSM_ATTR_NEVER_EXTRACTABLE), 0);
	assert_int_equal(attr_u32(*state, ALICE, h + 1, HSM_ATTR_EXTRACTABLE), 0);
	assert_int_equal(attr_u32(*state, ALICE, h + 1, HSM_ATTR_NEVER_EXTRACTABLE), 1);
}

static void absent_attributes(void **state)
{
	static const uint32_t absent[] = { HSM_ATTR_MODULUS, HSM_ATTR_MODULUS_BITS,
					   HSM_ATTR_PUBLIC_EXPONENT, HSM_ATTR_WRAP_TEMPLATE, 4711 };
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("label"));
	struct msg *m;
	size_t i;

	for (i = 0; i < 5; i++) {
		assert_int_equal(attrs(c, ALICE, h, absent[i]), HSM_RV_NO_ATTRIBUTE);
		assert_int_equal(bad_tag(last()), absent[i]);
	}
	m = begin(HSM_CMD_KEY_ATTRS, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, h);
	add_u32(m, HSM_TAG_ATTR, HSM_ATTR_LABEL);
	add_u32(m, HSM_TAG_ATTR, HSM_ATTR_MODULUS);
	assert_int_equal(send(c, ALICE, m), HSM_RV_NO_ATTRIBUTE);
	assert_int_equal(reply_count(m, HSM_ATTR_LABEL), 0);
	m = begin(HSM_CMD_KEY_ATTRS, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, h);
	add_u32(m, HSM_TAG_ATTR, HSM_ATTR_LABEL);
	add_u32(m, HSM_TAG_ATTR, HSM_ATTR_ALL);
	assert_int_equal(send(c, ALICE, m), HSM_RV_INVALID_INPUT);
}

static void attributes_by_number(void **state)
{
	uint64_t h = made(*state, ALICE, begin_aes("label"));
	struct tlv_reader r;
	struct msg *m;
	struct tlv t;

	m = begin(HSM_CMD_KEY_ATTRS, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, h);
	add_u32(m, HSM_TAG_ATTR, HSM_ATTR_VALUE_LEN);
	add_u32(m, HSM_TAG_ATTR, HSM_ATTR_TRUSTED);
	add_u32(m, HSM_TAG_ATTR, HSM_ATTR_CLASS);
	assert_int_equal(send(*state, ALICE, m), 0);
	tlv_read_init(&r, m->out + HEAD, m->req.out_len - HEAD);
	assert_true(tlv_next(&r, &t) && t.tag == HSM_ATTR_VALUE_LEN && t.len == 4);
	assert_true(tlv_next(&r, &t) && t.tag == HSM_ATTR_TRUSTED && t.len == 1 && !t.p[0]);
	assert_true(tlv_next(&r, &t) && t.tag == HSM_ATTR_CLASS && t.len == 4);
}

static void attributes_room(void **state)
{
	uint64_t h = made(*state, ALICE, begin_rsa("label"));
	struct msg *m;
	size_t need;

	assert_int_equal(attrs(*state, ALICE, h, HSM_ATTR_ALL), 0);
	need = last()->req.out_len;
	m = begin(HSM_CMD_KEY_ATTRS, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, h);
	add_u32(m, HSM_TAG_ATTR, HSM_ATTR_ALL);
	m->room = need - 1;
	assert_int_equal(exec(*state, ALICE, m), FW_NO_ROOM);
	assert_int_equal(m->req.out_len, need);
	m->room = need;
	m->done = false;
	assert_int_equal(send(*state, ALICE, m), 0);
}

static void check_cipher_kcv(struct card *c, uint64_t h, const EVP_CIPHER *cipher)
{
	static const uint8_t zero[16];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t out[32];
	int len;

	assert_non_null(ctx);
	assert_true(EVP_EncryptInit_ex(ctx, cipher, NULL, peek(c, h)->secret, NULL) == 1);
	assert_true(EVP_EncryptUpdate(ctx, out, &len, zero, EVP_CIPHER_block_size(cipher)) == 1);
	EVP_CIPHER_CTX_free(ctx);
	check_kcv(c, h, out);
}

static void check_hash_kcv(struct card *c, uint64_t h)
{
	uint8_t digest[SHA_DIGEST_LENGTH];

	SHA1(peek(c, h)->secret, peek(c, h)->secret_len, digest);
	check_kcv(c, h, digest);
}

/* Against OpenSSL, with the value taken out of the card's memory. */
/* A reply is at most HSM_MSG_MAX, however much room the host offers. */
static void attributes_beyond_a_message(void **state)
{
	uint64_t handle = made(*state, ALICE, begin_rsa("pair"));
	struct msg *m = begin(HSM_CMD_KEY_ATTRS, FIRST_SESSION);
	int i;

	add_u64(m, HSM_TAG_HANDLE, handle);
	for (i = 0; i < 300; i++)
		add_u32(m, HSM_TAG_ATTR, HSM_ATTR_MODULUS);
	m->room = 1 << 20;
	assert_int_equal(exec(*state, ALICE, m), FW_NO_ROOM);
	assert_int_equal(m->req.out_len, HEAD + 300 * (TLV_HEAD + 256) + TLV_HEAD + 8);
}

static void kcv(void **state)
{
	struct card *c = *state;

	check_cipher_kcv(c, made(c, ALICE, begin_sym(HSM_KEY_AES, 16, "l")), EVP_aes_128_ecb());
	check_cipher_kcv(c, made(c, ALICE, begin_sym(HSM_KEY_AES, 24, "l")), EVP_aes_192_ecb());
	check_cipher_kcv(c, made(c, ALICE, begin_sym(HSM_KEY_AES, 32, "l")), EVP_aes_256_ecb());
	check_cipher_kcv(c, made(c, ALICE, begin_sym(HSM_KEY_DES3, 24, "l")), EVP_des_ede3_ecb());
	check_hash_kcv(c, made(c, ALICE, begin_sym(HSM_KEY_GENERIC, 77, "l")));
	check_hash_kcv(c, made(c, ALICE, begin_sym(HSM_KEY_RC4, 16, "l")));
}

static void des3_parity(void **state)
{
	struct card *c = *state;
	const struct object *o = peek(c, made(c, ALICE, begin_sym(HSM_KEY_DES3, 24, "l")));
	size_t i;

	for (i = 0; i < 24; i++)
		assert_int_equal(__builtin_popcount(o->secret[i]) & 1, 1);
	assert_memory_not_equal(o->secret, o->secret + 8, 8);
	assert_memory_not_equal(o->secret + 8, o->secret + 16, 8);
	assert_memory_not_equal(o->secret, o->secret + 16, 8);
}

static void handles_count_up(void **state)
{
	struct msg *m;

	assert_int_equal(made(*state, ALICE, begin_aes("one")), 6);
	assert_int_equal(made(*state, BOB, begin_aes("two")), 7);
	m = begin_aes("session");
	add_u8(m, HSM_ATTR_TOKEN, 0);
	assert_int_equal(made(*state, ALICE, m), 8);
	assert_int_equal(made(*state, ALICE, begin_rsa("pair")), 9);
	assert_int_equal(made(*state, ALICE, begin_aes("three")), 11);
	assert_int_equal(delete_key(*state, ALICE, 11), 0);
	assert_int_equal(made(*state, ALICE, begin_aes("four")), 12);
}

static uint32_t with_id(struct card *c, uint32_t ctx, const char *id, bool token)
{
	struct msg *m = begin_aes("label");

	add_text(m, HSM_ATTR_ID, id);
	add_u8(m, HSM_ATTR_TOKEN, token);
	return send(c, ctx, m);
}

static void ids_are_unique(void **state)
{
	struct card *c = *state;
	struct msg *m;

	assert_int_equal(with_id(c, ALICE, "token", true), 0);
	assert_int_equal(with_id(c, ALICE, "session", false), 0);
	assert_int_equal(with_id(c, ALICE, "token", true), HSM_RV_ID_EXISTS);
	assert_int_equal(bad_tag(last()), HSM_ATTR_ID);
	assert_int_equal(with_id(c, BOB, "token", false), HSM_RV_ID_EXISTS);
	assert_int_equal(with_id(c, BOB, "session", true), HSM_RV_ID_EXISTS);
	assert_int_equal(with_id(c, BOB, "Token", true), 0);
	m = begin_rsa("pair");
	add_text(m, HSM_ATTR_ID, "token");
	assert_int_equal(send(c, BOB, m), HSM_RV_ID_EXISTS);
	m = begin_rsa("pair");
	add_text(m, HSM_ATTR_ID, "pair");
	assert_int_equal(made(c, BOB, m), 9);
	assert_int_equal(delete_key(c, BOB, 9), 0);
	assert_int_equal(with_id(c, BOB, "pair", true), HSM_RV_ID_EXISTS);
	assert_int_equal(delete_key(c, BOB, 10), 0);
	assert_int_equal(with_id(c, BOB, "pair", true), 0);
}

/* The id is taken from the moment that its key is on the way to the disk. */
/* A key with the id "race"; whoever is refused waits for the record of that, too. */
static struct msg *begin_race(struct card *c, uint32_t ctx, bool token)
{
	struct msg *m = malloc(sizeof(*m));

	assert_non_null(m);
	memcpy(m, begin_aes("label"), sizeof(*m));
	add_text(m, HSM_ATTR_ID, "race");
	add_u8(m, HSM_ATTR_TOKEN, token);
	exec_begin(c, ctx, m);
	return m;
}

static void id_of_a_pending_key(void **state)
{
	struct card *c = *state;
	struct msg *m, *token, *session;

	c->gate->hold = true;
	m = begin_race(c, ALICE, true);
	token = begin_race(c, BOB, true);
	session = begin_race(c, BOB, false);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(m), 0);
	assert_int_equal(wait_status(token), HSM_RV_ID_EXISTS);
	assert_int_equal(wait_status(session), HSM_RV_ID_EXISTS);
}

/* One that comes to nothing gives its id back. */
static void id_of_a_failed_key(void **state)
{
	struct card *c = *state;
	struct msg *m;

	c->gate->hold = true;
	m = begin_race(c, ALICE, true);
	gate_let_go(c->gate, -EIO);
	assert_int_equal(wait_status(m), HSM_RV_STORE_FAILED);
	assert_int_equal(with_id(c, BOB, "race", true), 0);
}

static void create_when_the_store_fails(void **state)
{
	struct card *c = *state;

	c->gate->fail = -ENOSPC;
	assert_int_equal(send(c, ALICE, begin_aes("label")), HSM_RV_STORE_FAILED);
	assert_int_equal(send(c, ALICE, begin_rsa("label")), HSM_RV_STORE_FAILED);
	c->gate->fail = 0;
	assert_int_equal(found(c, ALICE, begin_find()), 0);
	assert_int_equal(made(c, ALICE, begin_aes("label")), 6);
}

static void delete_when_the_store_fails(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("label"));

	c->gate->fail = -EIO;
	assert_int_equal(delete_key(c, ALICE, h), HSM_RV_STORE_FAILED);
	c->gate->fail = 0;
	assert_int_equal(found(c, ALICE, begin_find()), 1);
	assert_int_equal(delete_key(c, ALICE, h), 0);
}

static struct msg *begin_delete(struct card *c, uint64_t h)
{
	struct msg *m = malloc(sizeof(*m));

	assert_non_null(m);
	begin_in(m, HSM_CMD_KEY_DELETE, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, h);
	exec_begin(c, ALICE, m);
	return m;
}

static void delete_twice_in_flight(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_aes("label"));
	struct msg *first, *second;

	c->gate->hold = true;
	first = begin_delete(c, h);
	assert_int_equal(info(c, ALICE, h), 0);
	second = begin_delete(c, h);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(first), 0);
	assert_int_equal(wait_status(second), HSM_RV_BAD_HANDLE);
	assert_int_equal(info(c, ALICE, h), HSM_RV_BAD_HANDLE);
}

/* What the table, the indexes and the memory counters hold comes back to nothing. */
static void nothing_is_left(void **state)
{
	struct card *c = *state;
	struct object_table *t = &c->fw->objects;
	uint64_t h;
	size_t i;

	with_id(c, ALICE, "a", true);
	with_id(c, ALICE, "b", false);
	made(c, ALICE, begin_rsa("pair"));
	assert_int_equal(t->live, 4);
	for (h = 6; h < 10; h++)
		assert_int_equal(delete_key(c, ALICE, h), 0);
	assert_int_equal(t->live, 0);
	assert_int_equal(t->bytes, 0);
	for (i = 0; i < OBJECT_INDEXES; i++)
		assert_int_equal(t->index[i].count, 0);
	assert_null(t->first);
	assert_null(t->last);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		T(sizes), T(unknown_types), T(des3_dump), T(secret_dumps), T(not_extractable),
		T(absent_attributes), T(attributes_by_number), T(attributes_room), T(kcv),
		T(attributes_beyond_a_message),
		T(des3_parity), T(handles_count_up), T(ids_are_unique), T(id_of_a_pending_key),
		T(id_of_a_failed_key), T(create_when_the_store_fails), T(delete_when_the_store_fails),
		T(delete_twice_in_flight), T(nothing_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
