// SPDX-License-Identifier: GPL-2.0-or-later
/* test_crypt.c - the messages that use keys, and how a stream becomes messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <endian.h>
#include <errno.h>

#include "fake_card.h"

#define OPERATION	77u

/* What came in over all messages of a test. */
static struct {
	uint16_t opcodes[64];
	int n;
	size_t bytes;
	uint32_t sum;
	uint16_t refuse;	/* the opcode that answers CRYPTO_FAILED */
} seen;

static void take_data(void)
{
	size_t len = 0;
	const uint8_t *p = req_tlv(HSM_TAG_DATA, &len);

	assert_true(len <= HSM_CRYPT_MAX);
	for (size_t i = 0; p && i < len; i++)
		seen.sum = seen.sum * 31 + p[i];
	seen.bytes += len;
}

static void answer(void)
{
	const uint16_t op = req_opcode();

	assert_true(seen.n < 64);
	seen.opcodes[seen.n++] = op;
	rep_begin(op, op == seen.refuse ? HSM_RV_CRYPTO_FAILED : 0);
	if (op == HSM_CMD_CRYPT_INIT)
		rep_u32(HSM_TAG_OPERATION, OPERATION);
	else
		take_data();
	if (op == HSM_CMD_CRYPT_UPDATE || op == HSM_CMD_CRYPT_FINAL)
		assert_int_equal(req_u32(HSM_TAG_OPERATION), OPERATION);
	if (op == HSM_CMD_CRYPT || op == HSM_CMD_CRYPT_FINAL)
		rep_tlv(HSM_TAG_SIGNATURE, "signature", 9);
	rep_end();
}

static int setup(void **state)
{
	memset(&seen, 0, sizeof(seen));
	if (fake_setup(state))
		return -1;
	card.answer = answer;
	return 0;
}

/* Data of any length, in pieces of any length, that may end in an error. */
struct file {
	size_t left;
	size_t piece;
	int err;
	uint32_t sum;
	uint8_t next;
};

static ssize_t file_read(void *opaque, void *buf, size_t room)
{
	struct file *f = opaque;
	size_t n = f->left < f->piece ? f->left : f->piece;

	assert_true(room > 0);
	if (!f->left)
		return f->err;
	if (n > room)
		n = room;
	for (size_t i = 0; i < n; i++) {
		((uint8_t *)buf)[i] = f->next;
		f->sum = f->sum * 31 + f->next;
		f->next = (uint8_t)(f->next * 5 + 7);
	}
	f->left -= n;
	return (ssize_t)n;
}

static const struct hsm_crypt sign = {
	.use = HSM_USE_SIGN, .mechanism = HSM_CKM_SHA256_RSA_PKCS, .handle = 9,
};

static int stream(struct file *f, struct hsm_bytes *out)
{
	return hsm_crypt_stream(h, 1, &sign, file_read, f, out, &res);
}

static void test_stream_sizes(void **state)
{
	static const struct { size_t len, piece; int messages; } cases[] = {
		{ 0, 1, 1 }, { 1, 1, 1 }, { HSM_CRYPT_MAX - 1, 4096, 1 },
		{ HSM_CRYPT_MAX, 4096, 3 }, { HSM_CRYPT_MAX + 1, 4096, 4 },
		{ 10 * HSM_CRYPT_MAX + 5, 1000000, 13 }, { 300000, 77, 8 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct file f = { .left = cases[i].len, .piece = cases[i].piece };
		struct hsm_bytes out;

		memset(&seen, 0, sizeof(seen));
		assert_int_equal(stream(&f, &out), 0);
		assert_int_equal(out.len, 9);
		assert_memory_equal(out.p, "signature", 9);
		hsm_bytes_clear(&out);
		assert_int_equal(seen.bytes, cases[i].len);
		assert_int_equal(seen.sum, f.sum);
		assert_int_equal(seen.n, cases[i].messages);
	}
}

/* An error of the data is the result; the operation does not stay open. */
static void test_stream_read_error(void **state)
{
	struct file f = { .left = HSM_CRYPT_MAX + 5, .piece = 4096, .err = -EIO };
	struct hsm_bytes out;

	(void)state;
	assert_int_equal(stream(&f, &out), -EIO);
	assert_int_equal(res.rc, -EIO);
	assert_null(out.p);
	assert_int_equal(seen.opcodes[seen.n - 1], HSM_CMD_CRYPT_FINAL);
	f = (struct file){ .err = -EISDIR };
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(stream(&f, &out), -EISDIR);
	assert_int_equal(res.rc, -EISDIR);
	assert_int_equal(seen.n, 0);
}

/* A cipher's parts would be lost on the way. */
static void test_stream_of_a_cipher(void **state)
{
	static const uint32_t uses[] = { HSM_USE_ENCRYPT, HSM_USE_DECRYPT };

	(void)state;
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++) {
		struct file f = { .left = 16, .piece = 16 };
		struct hsm_crypt c = sign;
		struct hsm_bytes out;

		c.use = uses[i];
		memset(&seen, 0, sizeof(seen));
		assert_int_equal(hsm_crypt_stream(h, 1, &c, file_read, &f, &out, &res), -EINVAL);
		assert_int_equal(res.rc, -EINVAL);
		assert_int_equal(seen.n, 0);
		assert_int_equal(f.left, 16);
	}
}

static void test_stream_refused(void **state)
{
	static const uint16_t by[] = {
		HSM_CMD_CRYPT_INIT, HSM_CMD_CRYPT_UPDATE, HSM_CMD_CRYPT_FINAL,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(by) / sizeof(by[0]); i++) {
		struct file f = { .left = 3 * HSM_CRYPT_MAX, .piece = HSM_CRYPT_MAX };
		struct hsm_bytes out;

		memset(&seen, 0, sizeof(seen));
		seen.refuse = by[i];
		assert_int_equal(stream(&f, &out), HSM_RV_CRYPTO_FAILED);
		assert_null(out.p);
		assert_int_equal(seen.opcodes[seen.n - 1], by[i]);
	}
}

/* Everything that was said is in the message, and nothing that was not. */
static void test_crypt_fields(void **state)
{
	const struct hsm_crypt all = {
		.use = HSM_USE_VERIFY, .mechanism = HSM_CKM_AES_GCM, .handle = 9,
		.hash = HSM_HASH_SHA256, .tag_len = 12, .iv = (const uint8_t *)"iv", .iv_len = 2,
		.aad = (const uint8_t *)"aad", .aad_len = 3,
		.signature = (const uint8_t *)"sig", .signature_len = 3,
	};
	const struct hsm_crypt none = { .use = HSM_USE_DIGEST, .mechanism = HSM_CKM_SHA256 };
	static const uint32_t optional[] = {
		HSM_TAG_HANDLE, HSM_TAG_HASH, HSM_TAG_GCM_TAG_LEN, HSM_TAG_IV, HSM_TAG_AAD,
		HSM_TAG_SIGNATURE,
	};
	struct hsm_bytes out;
	size_t len = 0;

	(void)state;
	assert_int_equal(hsm_crypt(h, 1, &all, "data", 4, &out, NULL, &res), 0);
	hsm_bytes_clear(&out);
	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
		assert_non_null(req_tlv(optional[i], &len));
	assert_int_equal(req_u32(HSM_TAG_HASH), HSM_HASH_SHA256);
	assert_int_equal(req_u32(HSM_TAG_GCM_TAG_LEN), 12);
	assert_memory_equal(req_tlv(HSM_TAG_DATA, &len), "data", 4);
	assert_int_equal(hsm_crypt(h, 1, &none, "data", 4, &out, NULL, &res), 0);
	hsm_bytes_clear(&out);
	for (size_t i = 0; i < sizeof(optional) / sizeof(optional[0]); i++)
		assert_null(req_tlv(optional[i], &len));
	assert_int_equal(hsm_crypt(h, 1, &none, "", HSM_CRYPT_MAX + 1, &out, NULL, &res), -EINVAL);
	assert_null(out.p);
}

static void answer_iv(void)
{
	rep_begin(req_opcode(), 0);
	rep_u32(HSM_TAG_OPERATION, OPERATION);
	rep_tlv(HSM_TAG_DATA, "ciphertext", 10);
	rep_tlv(HSM_TAG_IV, "0123456789ab", 12);
	rep_end();
}

/* Whoever does not want the IV loses no memory over it. */
static void test_made_iv(void **state)
{
	const struct hsm_crypt c = { .use = HSM_USE_ENCRYPT, .mechanism = HSM_CKM_AES_GCM };
	const struct hsm_wrap w = { .mechanism = HSM_WRAP_AES_GCM };
	struct hsm_bytes out, iv;
	uint32_t operation;

	(void)state;
	card.answer = answer_iv;
	assert_int_equal(hsm_crypt(h, 1, &c, "x", 1, &out, &iv, &res), 0);
	assert_int_equal(iv.len, 12);
	assert_int_equal(out.len, 10);
	hsm_bytes_clear(&out);
	hsm_bytes_clear(&iv);
	assert_int_equal(hsm_crypt(h, 1, &c, "x", 1, &out, NULL, &res), 0);
	hsm_bytes_clear(&out);
	assert_int_equal(hsm_crypt_init(h, 1, &c, &operation, &iv, &res), 0);
	assert_int_equal(operation, OPERATION);
	assert_memory_equal(iv.p, "0123456789ab", 12);
	hsm_bytes_clear(&iv);
	assert_int_equal(hsm_crypt_init(h, 1, &c, &operation, NULL, &res), 0);
	assert_int_equal(hsm_key_wrap(h, 1, 6, 7, &w, &out, NULL, &res), 0);
	hsm_bytes_clear(&out);
}

#define TEST(name)	cmocka_unit_test_setup_teardown(name, setup, fake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_stream_sizes), TEST(test_stream_read_error), TEST(test_stream_refused),
		TEST(test_stream_of_a_cipher),
		TEST(test_crypt_fields), TEST(test_made_iv),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
