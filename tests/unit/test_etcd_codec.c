// SPDX-License-Identifier: GPL-2.0-or-later
/* test_etcd_codec.c - requests to etcd as they are written, answers as they are read. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "etcd_codec.h"

static void assert_text(struct etcd_buf *buf, const char *text)
{
	assert_false(buf->failed);
	etcd_buf_add(buf, "", 1);
	assert_string_equal(buf->data, text);
	etcd_buf_free(buf);
}

static void test_txn_body(void **state)
{
	struct etcd_buf buf = { 0 };
	const struct kv_cmp cmp[] = { { "r/1", 7 }, { "b", 0 } };
	const struct kv_op op[] = {
		{ .what = KV_PUT, .key = "r/1", .value = "\0\xff", .len = 2 },
		{ .what = KV_PUT, .key = "a", .value = "", .leased = true },
		{ .what = KV_DELETE, .key = "b" },
		{ .what = KV_DELETE_PREFIX, .key = "s/" },
	};

	(void)state;
	etcd_body_txn(&buf, "/h/", cmp, 2, op, 4, 9);
	assert_text(&buf,
		"{\"compare\":[{\"target\":\"MOD\",\"result\":\"EQUAL\",\"mod_revision\":\"7\",\"key\":\"L2gvci8x\"},"
		"{\"target\":\"MOD\",\"result\":\"EQUAL\",\"mod_revision\":\"0\",\"key\":\"L2gvYg==\"}],\"success\":["
		"{\"request_put\":{\"key\":\"L2gvci8x\",\"value\":\"AP8=\"}},"
		"{\"request_put\":{\"key\":\"L2gvYQ==\",\"value\":\"\",\"lease\":\"9\"}},"
		"{\"request_delete_range\":{\"key\":\"L2gvYg==\"}},"
		"{\"request_delete_range\":{\"key\":\"L2gvcy8=\",\"range_end\":\"L2gvczA=\"}}]}");
}

static void test_other_bodies(void **state)
{
	struct etcd_buf buf = { 0 }, after = { .data = "/h/r", .len = 5 }, none = { 0 };

	(void)state;
	etcd_body_range(&buf, "/h/", "r/", 0, &none, 10);
	assert_text(&buf, "{\"limit\":\"10\",\"key\":\"L2gvci8=\",\"range_end\":\"L2gvcjA=\"}");
	etcd_body_range(&buf, "/h/", "", 5, &after, 10);
	assert_text(&buf, "{\"limit\":\"10\",\"revision\":\"5\",\"key\":\"L2gvcgA=\",\"range_end\":\"L2gw\"}");
	etcd_body_watch(&buf, "/h/", 3);
	assert_text(&buf, "{\"create_request\":{\"fragment\":true,\"start_revision\":\"3\","
		    "\"key\":\"L2gv\",\"range_end\":\"L2gw\"}}");
	etcd_body_login(&buf, "a\"b", "\xc3\xa9\\\n");
	assert_text(&buf, "{\"name\":\"a\\\"b\",\"password\":\"\xc3\xa9\\\\\\n\"}");
}

static void test_long_key(void **state)
{
	struct etcd_buf buf = { 0 };
	char key[1000];
	const struct kv_op op = { .what = KV_DELETE, .key = key };

	(void)state;
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = 0;
	etcd_body_txn(&buf, "/h/", NULL, 0, &op, 1, 0);
	assert_false(buf.failed);
	assert_true(buf.len > 1336);
	etcd_buf_free(&buf);
}

static void test_base64(void **state)
{
	static const char *const bad[] = { "A", "AA", "AAA", "A===", "====", "AA=A", "=AAA", "AA A", "AA-_", "AAA\n",
					   "\xc3\xa9\xc3\xa9" };
	unsigned char out[64];

	(void)state;
	assert_int_equal(etcd_base64_decode(out, "", 0), 0);
	assert_int_equal(etcd_base64_decode(out, "AA==", 4), 1);
	assert_int_equal(etcd_base64_decode(out, "+/8=", 4), 2);
	assert_memory_equal(out, "\xfb\xff", 2);
	assert_int_equal(etcd_base64_decode(out, "aGFsbG8h", 8), 6);
	assert_memory_equal(out, "hallo!", 6);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(etcd_base64_decode(out, bad[i], strlen(bad[i])), -1);
}

/* What is encoded is decoded again: every length, every byte. */
static void test_there_and_back(void **state)
{
	unsigned char value[256], got[260];

	(void)state;
	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (unsigned char)(i * 37);
	for (size_t len = 0; len <= sizeof(value); len++) {
		const struct kv_op op = { .what = KV_PUT, .key = "", .value = value, .len = len };
		struct etcd_buf buf = { 0 };
		char *at;

		etcd_body_txn(&buf, "/", NULL, 0, &op, 1, 0);
		etcd_buf_add(&buf, "", 1);
		at = strstr(buf.data, "\"value\":\"") + 9;
		assert_int_equal(etcd_base64_decode(got, at, strcspn(at, "\"")), len);
		assert_memory_equal(got, value, len);
		etcd_buf_free(&buf);
	}
}

static int decode(enum etcd_kind kind, const char *text, struct etcd_answer *a)
{
	return etcd_decode(kind, "/h/", text, strlen(text), a);
}

#define HEADER "\"header\":{\"revision\":\"9\"}"
#define KV(key, mod) "{\"key\":\"" key "\",\"mod_revision\":\"" mod "\",\"value\":\"AP8=\"}"

static void test_txn_answer(void **state)
{
	struct etcd_answer a;

	(void)state;
	assert_int_equal(decode(ETCD_TXN, "{" HEADER ",\"succeeded\":true,\"responses\":[]}", &a), 0);
	assert_true(a.succeeded);
	assert_int_equal(a.revision, 9);
	assert_int_equal(decode(ETCD_TXN, "{" HEADER "}", &a), 0);
	assert_false(a.succeeded);
}

static void test_range_answer(void **state)
{
	struct etcd_answer a;

	(void)state;
	assert_int_equal(decode(ETCD_RANGE, "{" HEADER ",\"more\":true,\"kvs\":[" KV("L2gvYQ==", "3") ","
				"{\"key\":\"L2gvAWI=\",\"mod_revision\":\"9\"}]}", &a), 0);
	assert_true(a.more);
	assert_int_equal(a.n_items, 2);
	assert_string_equal(a.items[0].key, "a");
	assert_int_equal(a.items[0].mod, 3);
	assert_int_equal(a.items[0].len, 2);
	assert_memory_equal(a.items[0].value, "\0\xff", 2);
	assert_string_equal(a.items[1].key, "?b");
	assert_non_null(a.items[1].value);
	assert_int_equal(a.items[1].len, 0);
	assert_int_equal(a.last.len, 6);
	assert_memory_equal(a.last.data, "/h/\1b", 6);
	etcd_answer_free(&a);
	assert_int_equal(decode(ETCD_RANGE, "{" HEADER "}", &a), 0);
	assert_int_equal(a.n_items, 0);
	etcd_answer_free(&a);
}

static void test_watch_answer(void **state)
{
	struct etcd_answer a;

	(void)state;
	assert_int_equal(decode(ETCD_WATCH, "{\"result\":{" HEADER ",\"fragment\":true,\"events\":[{\"kv\":"
				KV("L2gvYQ==", "3") "},{\"type\":\"DELETE\",\"kv\":{\"key\":\"L2gvYg==\","
				"\"mod_revision\":\"4\"}}]}}", &a), 0);
	assert_true(a.fragment && !a.created && !a.fault);
	assert_int_equal(a.n_items, 2);
	assert_null(a.items[1].value);
	assert_string_equal(a.items[1].key, "b");
	etcd_answer_free(&a);
	assert_int_equal(decode(ETCD_WATCH, "{\"result\":{" HEADER ",\"created\":true}}", &a), 0);
	assert_true(a.created);
	assert_int_equal(decode(ETCD_WATCH, "{\"result\":{\"header\":{},\"canceled\":true,\"compact_revision\":\"3\"}}",
				&a), 0);
	assert_int_equal(a.fault, -ESTALE);
	assert_int_equal(decode(ETCD_WATCH, "{\"result\":{\"header\":{},\"canceled\":true,\"created\":true,"
				"\"cancel_reason\":\"... etcdserver: invalid auth token\"}}", &a), 0);
	assert_int_equal(a.fault, -EKEYEXPIRED);
	assert_int_equal(decode(ETCD_WATCH, "{\"error\":{\"grpc_code\":14,\"message\":\"etcdserver: no leader\"}}", &a), 0);
	assert_int_equal(a.fault, -EHOSTUNREACH);
	assert_string_equal(a.text, "etcdserver: no leader");
}

static void test_lease_answers(void **state)
{
	struct etcd_answer a;

	(void)state;
	assert_int_equal(decode(ETCD_GRANT, "{" HEADER ",\"ID\":\"7071111002460656138\",\"TTL\":\"5\"}", &a), 0);
	assert_true(a.lease == 7071111002460656138u && a.ttl == 5);
	assert_int_equal(decode(ETCD_KEEPALIVE, "{\"result\":{\"ID\":\"8\"}}", &a), 0);
	assert_true(a.lease == 8 && !a.ttl);
	assert_int_equal(decode(ETCD_TOKEN, "{\"token\":\"abc.1\"}", &a), 0);
	assert_string_equal(a.token, "abc.1");
	etcd_answer_free(&a);
}

static void test_lies(void **state)
{
	static const struct { enum etcd_kind kind; const char *text; } lies[] = {
		{ ETCD_TXN, "" }, { ETCD_TXN, "{" }, { ETCD_TXN, "[]" }, { ETCD_TXN, "7" }, { ETCD_TXN, "{}" },
		{ ETCD_TXN, "null" }, { ETCD_TXN, "{\"succeeded\":true}" }, { ETCD_TXN, "{\"header\":[]}" },
		{ ETCD_TXN, "{" HEADER ",\"succeeded\":1}" }, { ETCD_TXN, "{\"header\":{\"revision\":\"0\"}}" },
		{ ETCD_TXN, "{" HEADER "," HEADER "}" }, { ETCD_TXN, "{" HEADER "}{}" },
		{ ETCD_TXN, "{\"header\":{\"revision\":-1}}" }, { ETCD_TXN, "{\"header\":{\"revision\":\"-1\"}}" },
		{ ETCD_TXN, "{\"header\":{\"revision\":\"9x\"}}" }, { ETCD_TXN, "{\"header\":{\"revision\":1.5}}" },
		{ ETCD_TXN, "{\"header\":{\"revision\":\"9223372036854775808\"}}" },
		{ ETCD_TXN, "{\"header\":{\"revision\":\"99999999999999999999\"}}" },
		{ ETCD_TXN, "{\"header\":{\"revision\":\" 9\"}}" }, { ETCD_TXN, "{\"header\":{\"revision\":{}}}" },
		{ ETCD_RANGE, "{" HEADER ",\"kvs\":{}}" }, { ETCD_RANGE, "{" HEADER ",\"kvs\":[7]}" },
		{ ETCD_RANGE, "{" HEADER ",\"more\":true}" },
		{ ETCD_RANGE, "{" HEADER ",\"kvs\":[" KV("L2gvYQ==", "10") "]}" },
		{ ETCD_RANGE, "{" HEADER ",\"kvs\":[" KV("L2gvYQ==", "0") "]}" },
		{ ETCD_RANGE, "{" HEADER ",\"kvs\":[" KV("L2gvYQ=", "3") "]}" },
		{ ETCD_RANGE, "{" HEADER ",\"kvs\":[" KV("L2cvYQ==", "3") "]}" },
		{ ETCD_RANGE, "{" HEADER ",\"kvs\":[" KV("L2g=", "3") "]}" },
		{ ETCD_RANGE, "{" HEADER ",\"kvs\":[" KV("", "3") "]}" },
		{ ETCD_RANGE, "{" HEADER ",\"kvs\":[{\"key\":7,\"mod_revision\":\"3\"}]}" },
		{ ETCD_RANGE, "{" HEADER ",\"kvs\":[{\"key\":\"L2gvYQ==\",\"mod_revision\":\"3\",\"value\":[]}]}" },
		{ ETCD_RANGE, "{" HEADER ",\"kvs\":[{\"key\":\"L2gvYQ==\",\"mod_revision\":\"3\",\"value\":\"A\"}]}" },
		{ ETCD_WATCH, "{}" }, { ETCD_WATCH, "{\"result\":7}" }, { ETCD_WATCH, "{\"result\":{}}" },
		{ ETCD_WATCH, "{\"result\":{" HEADER ",\"events\":[{\"kv\":" KV("L2gvYQ==", "5") "},{\"kv\":"
		  KV("L2gvYQ==", "4") "}]}}" },
		{ ETCD_GRANT, "{}" }, { ETCD_GRANT, "{\"ID\":\"0\",\"TTL\":\"5\"}" },
		{ ETCD_GRANT, "{\"ID\":\"5\",\"TTL\":\"-5\"}" }, { ETCD_GRANT, "{\"ID\":\"5\",\"TTL\":\"99999999\"}" },
		{ ETCD_KEEPALIVE, "{\"ID\":\"5\",\"TTL\":\"5\"}" },
		{ ETCD_TOKEN, "{}" }, { ETCD_TOKEN, "{\"token\":\"\"}" }, { ETCD_TOKEN, "{\"token\":\"a\\r\\nX: y\"}" },
	};
	struct etcd_answer a;

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++)
		if (decode(lies[i].kind, lies[i].text, &a) != -EPROTO)
			fail_msg("taken: %s", lies[i].text);
}

static void test_deep_nesting(void **state)
{
	size_t depth = 1000000;
	char *text = malloc(depth);
	struct etcd_answer a;
	char words[160];

	(void)state;
	memset(text, '[', depth);
	assert_int_equal(etcd_decode(ETCD_TXN, "/h/", text, depth, &a), -EPROTO);
	assert_int_equal(etcd_decode_fault(500, text, depth, words, sizeof(words)), -ETIMEDOUT);
	free(text);
}

/* Every start of an answer that does make sense. */
static void test_cut_off(void **state)
{
	static const char text[] = "{\"result\":{" HEADER ",\"events\":[{\"kv\":" KV("L2gvYQ==", "5") "}]}}";
	struct etcd_answer a;

	(void)state;
	for (size_t len = 0; len < sizeof(text) - 1; len++) {
		char *copy = malloc(len + 1);	/* to see reads behind it */

		memcpy(copy, text, len);
		assert_int_equal(etcd_decode(ETCD_WATCH, "/h/", copy, len, &a), -EPROTO);
		free(copy);
	}
}

static void test_faults(void **state)
{
	static const struct { long status; const char *text; int err; } faults[] = {
		{ 503, "{\"error\":\"etcdserver: no leader\",\"code\":14}", -EHOSTUNREACH },
		{ 503, "{\"error\":\"etcdserver: request timed out\",\"code\":14}", -ETIMEDOUT },
		{ 503, "{\"code\":14,\"message\":\"etcdserver: no leader\",\"details\":[]}", -EHOSTUNREACH },
		{ 429, "{\"error\":\"etcdserver: mvcc: database space exceeded\",\"code\":8}", -ENOSPC },
		{ 429, "{\"error\":\"etcdserver: too many requests\",\"code\":8}", -EHOSTUNREACH },
		{ 401, "{\"error\":\"etcdserver: invalid auth token\",\"code\":16}", -EKEYEXPIRED },
		{ 400, "{\"error\":\"etcdserver: user name is empty\",\"code\":3}", -EKEYEXPIRED },
		{ 400, "{\"error\":\"etcdserver: authentication failed, invalid user ID or password\",\"code\":3}", -EACCES },
		{ 403, "{\"error\":\"etcdserver: permission denied\",\"code\":7}", -EACCES },
		{ 404, "{\"error\":\"etcdserver: requested lease not found\",\"code\":5}", -ENOKEY },
		{ 400, "{\"error\":\"etcdserver: mvcc: required revision has been compacted\",\"code\":11}", -ESTALE },
		{ 400, "{\"error\":\"etcdserver: duplicate key given in txn request\",\"code\":3}", -EPROTO },
		{ 500, "{\"error\":\"context deadline exceeded\",\"code\":4}", -ETIMEDOUT },
		{ 404, "Not Found", -EPROTO }, { 502, "<html>", -ETIMEDOUT }, { 401, "", -EKEYEXPIRED },
		{ 403, "{}", -EACCES }, { 302, "", -EPROTO }, { 400, "{\"error\":{\"message\":7}}", -EPROTO },
	};
	char words[40];

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (etcd_decode_fault(faults[i].status, faults[i].text, strlen(faults[i].text), words,
				      sizeof(words)) != faults[i].err)
			fail_msg("%s", faults[i].text);
	etcd_decode_fault(400, "{\"error\":\"a\\u001b[2Jb\\n\",\"code\":3}", 34, words, sizeof(words));
	assert_string_equal(words, "a?[2Jb?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_txn_body), cmocka_unit_test(test_other_bodies),
		cmocka_unit_test(test_long_key), cmocka_unit_test(test_base64),
		cmocka_unit_test(test_there_and_back), cmocka_unit_test(test_txn_answer),
		cmocka_unit_test(test_range_answer), cmocka_unit_test(test_watch_answer),
		cmocka_unit_test(test_lease_answers), cmocka_unit_test(test_lies),
		cmocka_unit_test(test_deep_nesting), cmocka_unit_test(test_cut_off),
		cmocka_unit_test(test_faults),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
