// SPDX-License-Identifier: GPL-2.0-or-later
/* test_crypt_parts.c - CRYPT_INIT to CRYPT_FINAL: any parts, and how operations end. */
#include <pthread.h>

#include "using.h"

static struct blob in, out, whole, sig;

static struct msg *crypt(uint32_t use, uint32_t mech, uint64_t key)
{
	struct msg *m = begin_crypt(HSM_CMD_CRYPT, use, mech, key);

	add_blob(m, HSM_TAG_DATA, &in);
	return m;
}

static uint32_t init(struct card *c, uint32_t use, uint32_t mech, uint64_t key, const void *iv,
		     size_t iv_len)
{
	struct msg *m = begin_crypt(HSM_CMD_CRYPT_INIT, use, mech, key);

	if (iv)
		add(m, HSM_TAG_IV, iv, iv_len);
	assert_int_equal(send(c, ALICE, m), 0);
	return reply_u32(m, HSM_TAG_OPERATION);
}

static struct msg *begin_update(uint32_t op, const uint8_t *p, size_t len)
{
	struct msg *m = begin(HSM_CMD_CRYPT_UPDATE, FIRST_SESSION);

	add_u32(m, HSM_TAG_OPERATION, op);
	add(m, HSM_TAG_DATA, p, len);
	return m;
}

static struct msg *begin_final(uint32_t op)
{
	struct msg *m = begin(HSM_CMD_CRYPT_FINAL, FIRST_SESSION);

	add_u32(m, HSM_TAG_OPERATION, op);
	return m;
}

static uint32_t update(struct card *c, uint32_t op)
{
	return send(c, ALICE, begin_update(op, in.p, in.len));
}

static uint32_t final(struct card *c, uint32_t op)
{
	return send(c, ALICE, begin_final(op));
}

static void append(struct blob *b, uint32_t tag)
{
	struct tlv t;

	if (!reply_find(last(), tag, &t))
		return;
	memcpy(b->p + b->len, t.p, t.len);
	b->len += t.len;
}

static const struct {
	uint32_t use, mech, key_type, len;
	size_t iv_len;
} parts[] = {
	{ HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, HSM_KEY_AES, 32, 0 },
	{ HSM_USE_ENCRYPT, HSM_CKM_AES_CBC, HSM_KEY_AES, 16, 16 },
	{ HSM_USE_ENCRYPT, HSM_CKM_AES_CBC_PAD, HSM_KEY_AES, 24, 16 },
	{ HSM_USE_DECRYPT, HSM_CKM_AES_CBC, HSM_KEY_AES, 32, 16 },
	{ HSM_USE_ENCRYPT, HSM_CKM_AES_CTR, HSM_KEY_AES, 32, 16 },
	{ HSM_USE_DECRYPT, HSM_CKM_AES_CTR, HSM_KEY_AES, 32, 16 },
	{ HSM_USE_ENCRYPT, HSM_CKM_DES3_CBC_PAD, HSM_KEY_DES3, 24, 8 },
	{ HSM_USE_SIGN, HSM_CKM_SHA256_HMAC, HSM_KEY_GENERIC, 40, 0 },
	{ HSM_USE_SIGN, HSM_CKM_AES_CMAC, HSM_KEY_AES, 16, 0 },
	{ HSM_USE_DIGEST, HSM_CKM_SHA384, 0, 0, 0 },
};

static uint64_t key_for(struct card *c, size_t i)
{
	struct msg *m;

	if (!parts[i].len)
		return 0;
	m = begin_sym(parts[i].key_type, parts[i].len, "key");
	add_u8(m, HSM_ATTR_TOKEN, 0);
	add_u8(m, HSM_ATTR_SIGN, 1);
	return made(c, ALICE, m);
}

/* 48 bytes, cut at @a and @b. */
static void in_parts(struct card *c, size_t i, uint64_t key, size_t a, size_t b)
{
	uint32_t tag = parts[i].use == HSM_USE_SIGN ? HSM_TAG_SIGNATURE : HSM_TAG_DATA;
	uint32_t op = init(c, parts[i].use, parts[i].mech, key,
			   parts[i].iv_len ? "0123456789abcdef" : NULL, parts[i].iv_len);
	const size_t at[] = { 0, a, b, in.len };
	size_t k;

	out.len = 0;
	for (k = 0; k < 3; k++) {
		assert_int_equal(send(c, ALICE, begin_update(op, in.p + at[k], at[k + 1] - at[k])), 0);
		append(&out, HSM_TAG_DATA);
	}
	assert_int_equal(final(c, op), 0);
	append(&out, tag);
	assert_true(same(&out, &whole));
}

static void every_split_gives_the_same(void **state)
{
	struct card *c = *state;
	size_t i, a, b;

	fill(&in, 48);
	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		uint64_t key = key_for(c, i);
		struct msg *m = crypt(parts[i].use, parts[i].mech, key);

		if (parts[i].iv_len)
			add(m, HSM_TAG_IV, "0123456789abcdef", parts[i].iv_len);
		assert_int_equal(send(c, ALICE, m), 0);
		whole.len = 0;
		append(&whole, HSM_TAG_DATA);
		append(&whole, HSM_TAG_SIGNATURE);
		for (a = 0; a <= 48; a++) {
			for (b = a; b <= 48; b += a % 5 ? 7 : 1)
				in_parts(c, i, key, a, b);
		}
	}
}

/* CBC with padding is taken apart part by part, and a wrong end says so at the end only. */
static void decrypt_with_padding_in_parts(void **state)
{
	struct card *c = *state;
	uint64_t key = make_secret(c, HSM_KEY_AES, 32);
	struct msg *m;
	uint32_t op;
	size_t i;

	fill(&in, 41);
	m = crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_CBC_PAD, key);
	add(m, HSM_TAG_IV, "0123456789abcdef", 16);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &whole);
	op = init(c, HSM_USE_DECRYPT, HSM_CKM_AES_CBC_PAD, key, "0123456789abcdef", 16);
	out.len = 0;
	for (i = 0; i < whole.len; i++) {
		assert_int_equal(send(c, ALICE, begin_update(op, whole.p + i, 1)), 0);
		append(&out, HSM_TAG_DATA);
	}
	assert_int_equal(final(c, op), 0);
	append(&out, HSM_TAG_DATA);
	assert_true(same(&out, &in));
	whole.p[whole.len - 17] ^= 1;
	op = init(c, HSM_USE_DECRYPT, HSM_CKM_AES_CBC_PAD, key, "0123456789abcdef", 16);
	assert_int_equal(send(c, ALICE, begin_update(op, whole.p, whole.len)), 0);
	assert_int_equal(final(c, op), HSM_RV_BAD_PKCS_DATA);
	assert_int_equal(final(c, op), HSM_RV_NO_OPERATION);
}

static void signatures_in_parts(void **state)
{
	struct card *c = *state;
	uint64_t rsa = make_pair(c, HSM_KEY_RSA, 0);
	struct msg *m;
	uint32_t op;
	size_t i;

	fill(&in, 60000);
	op = init(c, HSM_USE_SIGN, HSM_CKM_SHA256_RSA_PKCS, rsa + 1, NULL, 0);
	for (i = 0; i < 20; i++)
		assert_int_equal(update(c, op), 0);
	assert_int_equal(final(c, op), 0);
	take(HSM_TAG_SIGNATURE, &sig);
	op = init(c, HSM_USE_VERIFY, HSM_CKM_SHA256_RSA_PKCS, rsa, NULL, 0);
	for (i = 0; i < 20; i++)
		assert_int_equal(update(c, op), 0);
	m = begin_final(op);
	add_blob(m, HSM_TAG_SIGNATURE, &sig);
	assert_int_equal(send(c, ALICE, m), 0);
	assert_int_equal(reply_count(m, HSM_TAG_DATA), 0);
	op = init(c, HSM_USE_VERIFY, HSM_CKM_SHA256_RSA_PKCS, rsa, NULL, 0);
	m = begin_final(op);
	add_blob(m, HSM_TAG_SIGNATURE, &sig);
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_PKCS_DATA);
}

static void refuse(struct card *c, struct msg *m, uint32_t status, uint32_t tag)
{
	assert_int_equal(send(c, ALICE, m), status);
	assert_int_equal(bad_tag(m), tag);
}

static void ops_need_their_number(void **state)
{
	struct card *c = *state;
	uint32_t op = init(c, HSM_USE_DIGEST, HSM_CKM_SHA256, 0, NULL, 0);

	fill(&in, 10);
	refuse(c, begin_update(op + 1, in.p, 1), HSM_RV_NO_OPERATION, HSM_TAG_OPERATION);
	assert_int_equal(send(c, BOB, begin_update(op, in.p, 1)), HSM_RV_NO_OPERATION);
	assert_int_equal(update(c, op), 0);
	assert_int_equal(final(c, op), 0);
	refuse(c, begin_final(op), HSM_RV_NO_OPERATION, HSM_TAG_OPERATION);
}

static void sixteen_operations(void **state)
{
	struct card *c = *state;
	uint32_t op[HSM_OPERATIONS_MAX], i;

	for (i = 0; i < HSM_OPERATIONS_MAX; i++)
		op[i] = init(c, HSM_USE_DIGEST, HSM_CKM_SHA256, 0, NULL, 0);
	assert_int_equal(send(c, ALICE, begin_crypt(HSM_CMD_CRYPT_INIT, HSM_USE_DIGEST,
						    HSM_CKM_SHA256, 0)), HSM_RV_LIMIT_REACHED);
	assert_int_equal(final(c, op[5]), 0);
	op[5] = init(c, HSM_USE_DIGEST, HSM_CKM_SHA256, 0, NULL, 0);
	for (i = 0; i < HSM_OPERATIONS_MAX; i++)
		assert_int_equal(final(c, op[i]), 0);
}

static void session_and_logout_end_them(void **state)
{
	struct card *c = *state;
	uint32_t session = open_session(c, ALICE), op, stays;
	struct msg *m;

	fill(&in, 10);
	m = begin_crypt(HSM_CMD_CRYPT_INIT, HSM_USE_DIGEST, HSM_CKM_SHA256, 0);
	put_le32(m->in + 8, session);
	assert_int_equal(send(c, ALICE, m), 0);
	op = reply_u32(m, HSM_TAG_OPERATION);
	stays = init(c, HSM_USE_DIGEST, HSM_CKM_SHA256, 0, NULL, 0);
	assert_int_equal(update(c, op), 0);
	assert_int_equal(send(c, ALICE, begin(HSM_CMD_SESSION_CLOSE, session)), 0);
	assert_int_equal(update(c, op), HSM_RV_NO_OPERATION);
	assert_int_equal(update(c, stays), 0);
	assert_int_equal(logout(c, ALICE), 0);
	assert_int_equal(login(c, ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
	assert_int_equal(update(c, stays), HSM_RV_NO_OPERATION);
}

static void key_gone_or_right_lost(void **state)
{
	struct card *c = *state;
	uint64_t key = made(c, ALICE, begin_aes("goes"));
	uint32_t op = init(c, HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, key, NULL, 0);

	fill(&in, 32);
	assert_int_equal(update(c, op), 0);
	assert_int_equal(set_bool(c, ALICE, key, HSM_ATTR_ENCRYPT, 0), 0);
	assert_int_equal(update(c, op), HSM_RV_KEY_FUNCTION);
	assert_int_equal(update(c, op), HSM_RV_NO_OPERATION);
	assert_int_equal(set_bool(c, ALICE, key, HSM_ATTR_ENCRYPT, 1), 0);
	op = init(c, HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, key, NULL, 0);
	assert_int_equal(update(c, op), 0);
	assert_int_equal(delete_key(c, ALICE, key), 0);
	assert_int_equal(update(c, op), HSM_RV_BAD_HANDLE);
	assert_int_equal(update(c, op), HSM_RV_NO_OPERATION);
}

/* No room for the reply: nothing has happened to the operation. */
static void no_room_is_no_end(void **state)
{
	struct card *c = *state;
	uint64_t key = make_secret(c, HSM_KEY_AES, 32);
	uint32_t op = init(c, HSM_USE_ENCRYPT, HSM_CKM_AES_CTR, key, "0123456789abcdef", 16);
	struct msg *m;
	size_t need;

	fill(&in, 1000);
	m = crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_CTR, key);
	add(m, HSM_TAG_IV, "0123456789abcdef", 16);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &whole);
	m = begin_update(op, in.p, in.len);
	m->room = 1000;
	assert_int_equal(exec(c, ALICE, m), FW_NO_ROOM);
	need = m->req.out_len;
	m = begin_update(op, in.p, in.len);
	m->room = need;
	assert_int_equal(exec(c, ALICE, m), FW_OK);
	assert_int_equal(m->status, 0);
	take(HSM_TAG_DATA, &out);
	assert_true(same(&out, &whole));
	assert_int_equal(final(c, op), 0);
}

struct racer {
	struct card *c;
	uint32_t op;
	atomic_uint done, refused;
};

static void *race(void *arg)
{
	struct racer *r = arg;
	struct msg *m = malloc(sizeof(*m));
	int i;

	assert_non_null(m);
	for (i = 0; i < 300; i++) {
		begin_in(m, HSM_CMD_CRYPT_UPDATE, FIRST_SESSION);
		add_u32(m, HSM_TAG_OPERATION, r->op);
		add(m, HSM_TAG_DATA, in.p, in.len);
		send(r->c, ALICE, m);
		if (!m->status)
			r->done++;
		else if (m->status == HSM_RV_NO_OPERATION)
			r->refused++;
	}
	free(m);
	return NULL;
}

/* Each part is hashed whole, and by one at a time: the digest counts the successes. */
static void two_threads_on_one_operation(void **state)
{
	struct card *c = *state;
	uint32_t op = init(c, HSM_USE_DIGEST, HSM_CKM_SHA256, 0, NULL, 0), again;
	struct racer r[2] = { { c, op, 0, 0 }, { c, op, 0, 0 } };
	pthread_t t[2];
	unsigned int i;

	fill(&in, 50000);
	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, race, &r[i]), 0);
	for (i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(r[0].done + r[0].refused, 300);
	assert_int_equal(r[1].done + r[1].refused, 300);
	assert_int_equal(final(c, op), 0);
	take(HSM_TAG_DATA, &out);
	again = init(c, HSM_USE_DIGEST, HSM_CKM_SHA256, 0, NULL, 0);
	for (i = 0; i < r[0].done + r[1].done; i++)
		assert_int_equal(update(c, again), 0);
	assert_int_equal(final(c, again), 0);
	take(HSM_TAG_DATA, &whole);
	assert_true(same(&out, &whole));
}

/* An operation whose session ends while somebody works with it is freed once. */
static void logout_while_it_works(void **state)
{
	struct card *c = *state;
	struct racer r = { c, 1, 0, 0 };
	pthread_t t;
	int i;

	fill(&in, 60000);
	for (i = 0; i < 20; i++) {
		struct msg *m = begin_crypt(HSM_CMD_CRYPT_INIT, HSM_USE_DIGEST, HSM_CKM_SHA512, 0);

		assert_int_equal(send(c, ALICE, m), 0);
		r.op = reply_u32(m, HSM_TAG_OPERATION);
		atomic_store(&r.done, 0);
		assert_int_equal(pthread_create(&t, NULL, race, &r), 0);
		while (!atomic_load(&r.done))
			;
		if (i % 2)
			assert_int_equal(logout(c, ALICE), 0);
		else
			assert_int_equal(final(c, r.op) & ~(uint32_t)HSM_RV_NO_OPERATION, 0);
		pthread_join(t, NULL);
		if (i % 2)
			assert_int_equal(login(c, ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_split_gives_the_same),
		cmocka_unit_test(decrypt_with_padding_in_parts),
		cmocka_unit_test(signatures_in_parts),
		cmocka_unit_test(ops_need_their_number),
		cmocka_unit_test(sixteen_operations),
		cmocka_unit_test(session_and_logout_end_them),
		cmocka_unit_test(key_gone_or_right_lost),
		cmocka_unit_test(no_room_is_no_end),
		cmocka_unit_test(two_threads_on_one_operation),
		cmocka_unit_test(logout_while_it_works),
	};

	return cmocka_run_group_tests(tests, setup_users, teardown);
}
