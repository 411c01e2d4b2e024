// SPDX-License-Identifier: GPL-2.0-or-later
/* test_etcd.c - the kv over an etcd that answers wrong, late, in halves, or not at all. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <cmocka.h>

#include "fake_etcd.h"
#include "scratch.h"

#define HEADER "\"header\":{\"revision\":\"9\"}"
#define GOOD "{" HEADER ",\"succeeded\":true}"
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))
/* Repeated, more than an answer may have. */
#define PAD "                                                                                " \
	"                                                                                " \
	"                                                                                "

static unsigned int elapsed(const struct timespec *from)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (unsigned int)((ts.tv_sec - from->tv_sec) * 1000 + (ts.tv_nsec - from->tv_nsec) / 1000000);
}

/* What a put comes to at a server of @steps, and how many requests that took. */
static int put_at(void **state, const char *more, const struct fake_step *steps, size_t n,
		  unsigned int *requests)
{
	struct fake_etcd f;
	struct kv *kv;
	int err;

	fake_etcd_start(&f, steps, n);
	kv = fake_kv(&f, *state, more);
	err = fake_put(kv);
	kv->ops->close(kv);
	fake_stop(&f);
	*requests = f.requests;
	return err;
}

static void test_nonsense(void **state)
{
	static const struct { struct fake_step step; int err; } cases[] = {
		{ { NULL, 200, GOOD, 0, 0, false, false }, 0 },
		{ { NULL, 200, "{" HEADER "}", 0, 0, false, false }, -EAGAIN },
		{ { NULL, 200, "{", 0, 0, false, false }, -EPROTO },
		{ { NULL, 200, "", 0, 0, false, false }, -EPROTO },
		{ { NULL, 200, "{}", 0, 0, false, false }, -EPROTO },
		{ { NULL, 200, "[", 100000, 0, false, false }, -EPROTO },
		{ { NULL, 200, PAD, 70000, 0, false, false }, -EPROTO },
		{ { NULL, 200, GOOD, 0, 10, false, false }, -EPROTO },
		{ { NULL, 200, GOOD, 0, 1000, true, false }, -ETIMEDOUT },
		{ { NULL, 200, GOOD, 0, 1000, false, true }, -ETIMEDOUT },
		{ { NULL, 0, "", 0, 0, false, true }, -ETIMEDOUT },
		{ { NULL, 0, "", 0, 0, true, false }, -ETIMEDOUT },
		{ { NULL, 0, "SSH-2.0-x\r\n", 0, 0, true, false }, -ETIMEDOUT },
		{ { NULL, 0, "HTTP/1.1 200 X\r\nX: " PAD "\r\n", 1000, 0, true, false }, -ETIMEDOUT },
		{ { NULL, 302, "", 0, 0, false, false }, -EPROTO },
		{ { NULL, 404, "Not Found", 0, 0, false, false }, -EPROTO },
		{ { NULL, 500, "oops", 0, 0, false, false }, -ETIMEDOUT },
		{ { NULL, 503, "{\"error\":\"etcdserver: request timed out\",\"code\":14}", 0, 0, false, false }, -ETIMEDOUT },
		{ { NULL, 429, "{\"error\":\"etcdserver: mvcc: database space exceeded\",\"code\":8}", 0, 0, false, false },
		  -ENOSPC },
		{ { NULL, 403, "{\"error\":\"etcdserver: permission denied\",\"code\":7}", 0, 0, false, false }, -EACCES },
		{ { NULL, 401, "", 0, 0, false, false }, -EACCES },
	};
	unsigned int requests;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		const char *patience = cases[i].step.stall ? "" : ", \"timeout_ms\": 20000";
		int err = put_at(state, patience, &cases[i].step, 1, &requests);

		if (err != cases[i].err || requests != 1)
			fail_msg("case %zu: %d after %u requests", i, err, requests);
	}
}

/* What was certainly refused is asked again while there is time. */
static void test_no_leader(void **state)
{
	static const char refusal[] = "{\"error\":\"etcdserver: no leader\",\"code\":14}";
	const struct fake_step soon[] = { { .status = 503, .body = refusal }, { .status = 503, .body = refusal },
					  { .status = 200, .body = GOOD } };
	struct timespec from;
	unsigned int requests;

	assert_int_equal(put_at(state, "", soon, 3, &requests), 0);
	assert_int_equal(requests, 3);
	clock_gettime(CLOCK_MONOTONIC, &from);
	assert_int_equal(put_at(state, "", soon, 1, &requests), -EHOSTUNREACH);
	assert_true(requests > 3);
	assert_in_range(elapsed(&from), 400, 10000);
}

static void test_stall_takes_the_timeout(void **state)
{
	const struct fake_step step = { .body = "", .stall = true };
	struct timespec from;
	unsigned int requests;

	clock_gettime(CLOCK_MONOTONIC, &from);
	assert_int_equal(put_at(state, "", &step, 1, &requests), -ETIMEDOUT);
	assert_in_range(elapsed(&from), 550, 10000);
}

/* A connection that dies behind a request: that is not sent again by libcurl either. */
static void test_dead_connection(void **state)
{
	const struct fake_step steps[] = { { .status = 200, .body = GOOD }, { .body = "", .close = true },
					   { .status = 200, .body = GOOD } };
	struct fake_etcd f;
	struct kv *kv;

	fake_etcd_start(&f, steps, LENGTH(steps));
	kv = fake_kv(&f, *state, "");
	assert_int_equal(fake_put(kv), 0);
	assert_int_equal(fake_put(kv), -ETIMEDOUT);
	assert_int_equal(f.requests, 2);
	assert_int_equal(fake_put(kv), 0);
	kv->ops->close(kv);
	fake_stop(&f);
}

static void test_nobody_there(void **state)
{
	struct fake_etcd f;
	struct kv *kv;
	size_t n;

	fake_etcd_start(&f, NULL, 0);
	kv = fake_kv(&f, *state, "");
	fake_stop(&f);
	assert_int_equal(fake_put(kv), -EHOSTUNREACH);
	assert_non_null(strstr(kv->why, "127.0.0.1"));
	assert_int_equal(fake_range(kv, &n), -EHOSTUNREACH);
	assert_int_equal(fake_lease(kv), -EHOSTUNREACH);
	kv->ops->close(kv);
}

static void test_other_endpoint(void **state)
{
	const struct fake_step step = { .status = 200, .body = GOOD };
	const char *path = scratch(*state, "two.json");
	struct fake_etcd gone, f;
	char text[256], err[256];
	struct kv *kv;

	fake_etcd_start(&gone, NULL, 0);
	fake_stop(&gone);
	fake_etcd_start(&f, &step, 1);
	snprintf(text, sizeof(text), "{ \"endpoints\": [ \"http://127.0.0.1:%d\", \"http://127.0.0.1:%d\" ], "
		 "\"prefix\": \"/h/\" }", gone.port, f.port);
	file_write(path, text, strlen(text));
	kv = kv_etcd_open(path, err, sizeof(err));
	assert_non_null(kv);
	assert_int_equal(fake_put(kv), 0);
	assert_int_equal(fake_put(kv), 0);
	assert_int_equal(f.requests, 2);
	kv->ops->close(kv);
	fake_stop(&f);
}

static const char *user_of(void **state)
{
	static char more[512];
	const char *path = scratch(*state, "password");

	file_write(path, "secret\n", 7);
	chmod(path, 0600);
	snprintf(more, sizeof(more), ", \"user\": \"u\", \"password_file\": \"%s\"", path);
	return more;
}

static void test_token(void **state)
{
	const struct fake_step steps[] = {
		{ .path = "/v3/auth", .status = 200, .body = "{\"token\":\"one.1\"}" },
		{ .path = "/v3/auth", .status = 200, .body = "{\"token\":\"two.2\"}" },
		{ .path = "/v3/kv", .status = 200, .body = GOOD },
		{ .path = "/v3/kv", .status = 401, .body = "{\"error\":\"etcdserver: invalid auth token\",\"code\":16}" },
		{ .path = "/v3/kv", .status = 200, .body = GOOD },
	};
	struct fake_etcd f;
	struct kv *kv;

	fake_etcd_start(&f, steps, LENGTH(steps));
	kv = fake_kv(&f, *state, user_of(state));
	assert_int_equal(fake_put(kv), 0);
	assert_non_null(strstr(f.last, "Authorization: one.1\r\n"));
	assert_int_equal(fake_put(kv), 0);
	assert_non_null(strstr(f.last, "Authorization: two.2\r\n"));
	assert_int_equal(f.requests, 3);
	kv->ops->close(kv);
	fake_stop(&f);
}

static void test_no_token(void **state)
{
	static const char wrong[] = "{\"error\":\"etcdserver: authentication failed\",\"code\":3}";
	static const char none[] = "{\"error\":\"etcdserver: authentication is not enabled\",\"code\":9}";
	struct fake_step steps[] = {
		{ .path = "/v3/auth", .status = 400, .body = wrong },
		{ .path = "/v3/kv", .status = 200, .body = GOOD },
	};
	unsigned int requests;

	assert_int_equal(put_at(state, user_of(state), steps, 2, &requests), -EACCES);
	assert_int_equal(requests, 0);
	steps[0] = (struct fake_step){ .path = "/v3/auth", .status = 412, .body = none };
	assert_int_equal(put_at(state, user_of(state), steps, 2, &requests), 0);
	steps[0] = (struct fake_step){ .path = "/v3/auth", .status = 200, .body = "{\"token\":\"a\"}" };
	steps[1] = (struct fake_step){ .path = "/v3/kv", .status = 401, .body = "" };
	assert_int_equal(put_at(state, user_of(state), steps, 2, &requests), -EACCES);
	assert_int_equal(requests, 2);
	steps[0] = (struct fake_step){ .path = "/v3/auth", .body = "", .stall = true };
	assert_int_equal(put_at(state, user_of(state), steps, 2, &requests), -EHOSTUNREACH);
	assert_int_equal(requests, 0);
}

#define PAGE(more, key) "{" HEADER more ",\"kvs\":[{\"key\":\"" key "\",\"mod_revision\":\"3\",\"value\":\"AP8=\"}]}"

static void test_pages(void **state)
{
	static const char compacted[] = "{\"error\":\"etcdserver: mvcc: required revision has been compacted\",\"code\":11}";
	const struct fake_step good[] = {
		{ .status = 200, .body = PAGE(",\"more\":true", "L2gvYQ==") }, { .status = 400, .body = compacted },
		{ .status = 200, .body = PAGE(",\"more\":true", "L2gvYQ==") },
		{ .status = 200, .body = PAGE("", "L2gvYg==") },
	};
	const struct fake_step endless = { .status = 200, .body = PAGE(",\"more\":true", "L2gvYQ==") };
	const struct fake_step giant = { .status = 200, .body = PAD, .repeat = 70000 };
	const struct { const struct fake_step *steps; size_t n; int err; unsigned int requests; } cases[] = {
		{ good, 4, 0, 4 }, { &endless, 1, -EPROTO, 2 }, { &giant, 1, -EPROTO, 9 },
	};
	struct fake_etcd f;
	struct kv *kv;
	size_t n;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		fake_etcd_start(&f, cases[i].steps, cases[i].n);
		kv = fake_kv(&f, *state, ", \"timeout_ms\": 20000");
		assert_int_equal(fake_range(kv, &n), cases[i].err);
		assert_int_equal(n, cases[i].err ? 0 : 2);
		kv->ops->close(kv);
		fake_stop(&f);
		assert_int_equal(f.requests, cases[i].requests);
	}
}

#define CREATED "{\"result\":{" HEADER ",\"created\":true}}\n"
#define EVENT(mod) "{\"kv\":{\"key\":\"L2gvYQ==\",\"mod_revision\":\"" mod "\",\"value\":\"AP8=\"}}"
#define EVENTS(flags, events) "{\"result\":{" HEADER flags ",\"events\":[" events "]}}\n"
#define FRAGMENT ",\"fragment\":true"

static int watch_at(void **state, const char *body, bool stall, unsigned int ms)
{
	const struct fake_step step = { .status = 200, .body = body, .length = -1, .close = !stall, .stall = stall };
	struct fake_etcd f;
	struct kv *kv;
	int err;

	fake_etcd_start(&f, &step, 1);
	kv = fake_kv(&f, *state, "");
	err = fake_watch(kv, 10, ms);
	kv->ops->close(kv);
	fake_stop(&f);
	return err;
}

static void test_watch(void **state)
{
	static const struct { const char *body, *seen; int err; } cases[] = {
		{ CREATED EVENTS("", EVENT("10") "," EVENT("10") "," EVENT("12")), "10:2 12:1 ", -EIO },
		{ CREATED EVENTS(FRAGMENT, EVENT("10") "," EVENT("11")) EVENTS(FRAGMENT, EVENT("11"))
		  EVENTS("", EVENT("11") "," EVENT("13")), "10:1 11:3 13:1 ", -EIO },
		{ CREATED EVENTS(FRAGMENT, EVENT("10")) EVENTS("", EVENT("11")), "10:1 11:1 ", -EIO },
		{ CREATED EVENTS(FRAGMENT, EVENT("10")), "", -EIO },
		{ CREATED EVENTS("", EVENT("10")) EVENTS("", EVENT("10")), "10:1 ", -EPROTO },
		{ CREATED EVENTS("", EVENT("9")), "", -EPROTO },
		{ CREATED EVENTS("", EVENT("10")) "{\"resu", "10:1 ", -EIO },
		{ CREATED "garbage\n", "", -EPROTO },
		{ "{\"result\":{\"header\":{\"revision\":\"8\"},\"created\":true}}\n", "", -ESTALE },
		{ CREATED "{\"result\":{\"header\":{},\"canceled\":true,\"compact_revision\":\"30\"}}\n", "", -ESTALE },
		{ CREATED "{\"error\":{\"grpc_code\":14,\"message\":\"etcdserver: no leader\"}}\n", "", -EIO },
		{ "", "", -EIO },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		int err = watch_at(state, cases[i].body, false, 5000);

		if (err != cases[i].err || strcmp(fake_seen(), cases[i].seen) != 0)
			fail_msg("case %zu: %d, %s", i, err, fake_seen());
	}
	assert_int_equal(watch_at(state, CREATED EVENTS("", EVENT("10")), true, 1000), 0);
	assert_string_equal(fake_seen(), "10:1 ");
	assert_int_equal(watch_at(state, "", true, 3000), -EIO);
	assert_int_equal(watch_at(state, "{\"result\"", true, 3000), -EIO);
}

/* A watch that does not show what this kv itself has changed is dead. */
static void test_watch_that_is_deaf(void **state)
{
	const struct fake_step steps[] = {
		{ .path = "/v3/watch", .status = 200, .length = -1, .stall = true,
		  .body = "{\"result\":{\"header\":{\"revision\":\"10\"},\"created\":true}}\n" },
		{ .path = "/v3/kv", .status = 200, .body = "{\"header\":{\"revision\":\"10\"},\"succeeded\":true}" },
	};
	struct fake_etcd f;
	struct kv *kv;

	fake_etcd_start(&f, steps, LENGTH(steps));
	kv = fake_kv(&f, *state, "");
	assert_int_equal(fake_watch(kv, 10, 300), 0);
	assert_int_equal(fake_watch_over(2500), 0);
	assert_int_equal(fake_put(kv), 0);
	assert_int_equal(fake_watch_over(1500), 0);
	assert_int_equal(fake_watch_over(1500), -EIO);
	assert_int_equal(fake_watch(kv, 11, 300), 0);
	assert_int_equal(fake_put(kv), 0);
	assert_int_equal(fake_watch_over(2500), 0);
	kv->ops->close(kv);
	fake_stop(&f);
}

#define GRANT { .path = "/v3/lease/grant", .status = 200, .body = "{\"ID\":\"77\",\"TTL\":\"2\"}" }
#define KEPT { .path = "/v3/lease/keepalive", .status = 200, .body = "{\"result\":{\"ID\":\"77\",\"TTL\":\"2\"}}" }

static void test_lease(void **state)
{
	const struct fake_step gone[] = {
		GRANT, KEPT, { .path = "/v3/lease/keepalive", .status = 200, .body = "{\"result\":{\"ID\":\"77\"}}" } };
	const struct fake_step other[] = {
		GRANT, { .path = "/v3/lease/keepalive", .status = 200, .body = "{\"result\":{\"ID\":\"78\",\"TTL\":\"2\"}}" } };
	const struct fake_step silent[] = { GRANT, { .path = "/v3/lease/keepalive", .body = "", .stall = true } };
	const struct fake_step refused[] = { GRANT, KEPT,
		{ .path = "/v3/kv", .status = 404, .body = "{\"error\":\"etcdserver: requested lease not found\",\"code\":5}" } };
	const struct { const struct fake_step *steps; size_t n; unsigned int least, most; } cases[] = {
		{ gone, 3, 1000, 2000 }, { other, 2, 1800, 4900 }, { silent, 2, 1800, 4900 }, { refused, 3, 0, 1800 },
	};
	struct fake_etcd f;
	struct timespec from;

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct kv *kv;

		fake_etcd_start(&f, cases[i].steps, cases[i].n);
		kv = fake_kv(&f, *state, "");
		clock_gettime(CLOCK_MONOTONIC, &from);
		assert_int_equal(fake_leased_put(kv), -EHOSTUNREACH);
		assert_int_equal(f.requests, 0);
		assert_int_equal(fake_lease(kv), 0);
		if (cases[i].steps == refused)
			assert_int_equal(fake_leased_put(kv), -EHOSTUNREACH);
		assert_int_equal(fake_lease_lost(5000), -ETIMEDOUT);
		assert_in_range(elapsed(&from), cases[i].least, cases[i].most);
		kv->ops->close(kv);
		fake_stop(&f);
	}
}

/* A server that stands still: the lease's renewal tells, long before its time is over. */
static void test_standstill_ends_the_watch(void **state)
{
	const struct fake_step steps[] = {
		GRANT, { .path = "/v3/lease/keepalive", .body = "", .stall = true },
		{ .path = "/v3/watch", .status = 200, .body = CREATED, .length = -1, .stall = true },
	};
	struct fake_etcd f;
	struct kv *kv;

	fake_etcd_start(&f, steps, LENGTH(steps));
	kv = fake_kv(&f, *state, "");
	assert_int_equal(fake_lease(kv), 0);
	assert_int_equal(fake_watch(kv, 10, 1900), -EIO);
	kv->ops->close(kv);
	fake_stop(&f);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nonsense), TEST(test_no_leader), TEST(test_stall_takes_the_timeout),
		TEST(test_dead_connection), TEST(test_nobody_there), TEST(test_other_endpoint),
		TEST(test_token), TEST(test_no_token), TEST(test_pages), TEST(test_watch),
		TEST(test_watch_that_is_deaf), TEST(test_lease), TEST(test_standstill_ends_the_watch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
