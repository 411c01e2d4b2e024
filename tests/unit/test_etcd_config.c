// SPDX-License-Identifier: GPL-2.0-or-later
/* test_etcd_config.c - cluster files, good and bad: each fault is named. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "etcd_config.h"
#include "scratch.h"

#define ONE "\"endpoints\": [ \"https://a:2379\" ], \"prefix\": \"/h/\""
#define LENGTH(a) (sizeof(a) / sizeof((a)[0]))

static const char *path;
static char err[256];

/* @text with each $ replaced by the name of file @file in the folder. */
static int read_text(void **state, struct etcd_config *cfg, const char *text, const char *file)
{
	char whole[8192];
	size_t len = 0;

	path = scratch(*state, "cluster.json");
	for (; *text && len < sizeof(whole) - 300; text++)
		if (*text == '$')
			len += (size_t)snprintf(whole + len, 300, "%s", scratch(*state, file));
		else
			whole[len++] = *text;
	file_write(path, whole, len);
	err[0] = 0;
	return etcd_config_read(cfg, path, err, sizeof(err));
}

static void test_least(void **state)
{
	struct etcd_config cfg;

	assert_int_equal(read_text(state, &cfg, "{ " ONE " }", ""), 0);
	assert_int_equal(cfg.n_endpoints, 1);
	assert_string_equal(cfg.endpoints[0], "https://a:2379");
	assert_string_equal(cfg.prefix, "/h/");
	assert_int_equal(cfg.lease_s, 5);
	assert_int_equal(cfg.timeout_ms, 5000);
	assert_null(cfg.user);
	etcd_config_free(&cfg);
}

static void test_all(void **state)
{
	const char *file = scratch(*state, "file");
	struct etcd_config cfg;

	file_write(file, "pass word\r\nmore\n", 16);
	chmod(file, 0640);
	assert_int_equal(read_text(state, &cfg, "{ \"endpoints\": [ \"https://10.0.0.1:1\", \"https://[::1]:65535\" ],"
				   "\"prefix\": \"/a/b/\", \"ca\": \"$\", \"cert\": \"$\", \"key\": \"$\", \"user\": \"u\","
				   "\"password_file\": \"$\", \"lease_s\": 2, \"timeout_ms\": 600000 }", "file"), 0);
	assert_int_equal(cfg.n_endpoints, 2);
	assert_string_equal(cfg.password, "pass word");
	assert_string_equal(cfg.ca, file);
	assert_string_equal(cfg.cert, file);
	assert_string_equal(cfg.key, file);
	assert_string_equal(cfg.user, "u");
	assert_int_equal(cfg.lease_s, 2);
	assert_int_equal(cfg.timeout_ms, 600000);
	etcd_config_free(&cfg);
}

static void test_faults(void **state)
{
	static const char *const faults[][2] = {
		{ "[]", "is no object" }, { "{ ", "line 1: " }, { "{ } x", "line 1: " },
		{ "{ \"prefix\": \"/h/\" }", "endpoints is missing" },
		{ "{ \"endpoints\": [ \"http://a:1\" ] }", "prefix is missing" },
		{ "{ \"endpoints\": [ ] }", "endpoints is no list" },
		{ "{ \"endpoints\": \"http://a:1\" }", "endpoints is no list" },
		{ "{ \"endpoints\": [ 7 ] }", "endpoints is no text" },
		{ "{ \"endpoints\": [ \"\" ] }", "endpoints is no text" },
		{ "{ \"endpoints\": [ \"a:1\" ] }", "endpoints has an entry" },
		{ "{ \"endpoints\": [ \"ftp://a:1\" ] }", "endpoints has an entry" },
		{ "{ \"endpoints\": [ \"http://a\" ] }", "endpoints has an entry" },
		{ "{ \"endpoints\": [ \"http://:1\" ] }", "endpoints has an entry" },
		{ "{ \"endpoints\": [ \"http://a:0\" ] }", "endpoints has an entry" },
		{ "{ \"endpoints\": [ \"http://a:65536\" ] }", "endpoints has an entry" },
		{ "{ \"endpoints\": [ \"http://a:1x\" ] }", "endpoints has an entry" },
		{ "{ \"endpoints\": [ \"http://a:1/\" ] }", "endpoints has an entry" },
		{ "{ \"endpoints\": [ \"http://u@a:1\" ] }", "endpoints has an entry" },
		{ "{ \"endpoints\": [ \"http://a\\n:1\" ] }", "endpoints has an entry" },
		{ "{ " ONE ", \"prefix\": \"/h/\" }", "duplicate" },
		{ "{ \"prefix\": \"h/\" }", "prefix is not like" }, { "{ \"prefix\": \"/h\" }", "prefix is not like" },
		{ "{ \"prefix\": \"/h \\u00e9/\" }", "prefix is not like" }, { "{ \"prefix\": 1 }", "prefix is no text" },
		{ "{ " ONE ", \"lease_s\": 1 }", "lease_s is not a number from 2 to 600" },
		{ "{ " ONE ", \"lease_s\": \"5\" }", "lease_s is not a number" },
		{ "{ " ONE ", \"lease_s\": 5.5 }", "lease_s is not a number" },
		{ "{ " ONE ", \"timeout_ms\": 99 }", "timeout_ms is not a number from 100 to 600000" },
		{ "{ " ONE ", \"timeout_ms\": 99999999999 }", "timeout_ms is not a number" },
		{ "{ " ONE ", \"ca\": \"$no\" }", "ca names a file that cannot be read: No such file" },
		{ "{ " ONE ", \"cert\": \"$\" }", "key is missing" }, { "{ " ONE ", \"key\": \"$\" }", "cert is missing" },
		{ "{ " ONE ", \"user\": \"u\" }", "password_file is missing" },
		{ "{ " ONE ", \"password_file\": \"$\" }", "user is missing" },
		{ "{ " ONE ", \"user\": \"u\", \"password_file\": \"$no\" }", "password_file names a file that cannot" },
		{ "{ " ONE ", \"user\": \"u\", \"password_file\": \"/dev/null\" }", "password_file names a file" },
		{ "{ \"endpoints\": [ \"http://a:1\" ], \"prefix\": \"/h/\", \"ca\": \"$\" }", "endpoints has an http:" },
		{ "{ " ONE ", \"leases\": 5 }", "leases is no field" }, { "{ " ONE ", \"a b\": 5 }", "? is no field" },
	};
	const char *file = scratch(*state, "file");
	struct etcd_config cfg;

	file_write(file, "x\n", 2);
	chmod(file, 0600);
	for (size_t i = 0; i < LENGTH(faults); i++) {
		if (!read_text(state, &cfg, faults[i][0], "file"))
			fail_msg("taken: %s", faults[i][0]);
		if (!strstr(err, faults[i][1]) || !strstr(err, path))
			fail_msg("%s: %s", faults[i][0], err);
		assert_int_equal(cfg.n_endpoints, 0);
	}
}

static void test_password_files(void **state)
{
	static const char text[] = "{ " ONE ", \"user\": \"u\", \"password_file\": \"$\" }";
	const char *file = scratch(*state, "file");
	struct etcd_config cfg;
	char *large = malloc(2000);

	file_write(file, "x\n", 2);
	chmod(file, 0604);
	assert_int_equal(read_text(state, &cfg, text, "file"), -1);
	assert_non_null(strstr(err, "password_file names a file that everybody may use: chmod 600 it"));
	chmod(file, 0600);
	file_write(file, "\nx\n", 3);
	assert_int_equal(read_text(state, &cfg, text, "file"), -1);
	assert_non_null(strstr(err, "whose first line is no password"));
	memset(large, 'x', 2000);
	file_write(file, large, 2000);
	assert_int_equal(read_text(state, &cfg, text, "file"), -1);
	free(large);
}

static void test_no_file(void **state)
{
	struct etcd_config cfg;

	assert_int_equal(etcd_config_read(&cfg, scratch(*state, "none"), err, sizeof(err)), -1);
	assert_non_null(strstr(err, "none"));
	assert_non_null(strstr(err, "No such file"));
}

static void test_many_endpoints(void **state)
{
	char text[2000] = "{ \"prefix\": \"/h/\", \"endpoints\": [ \"http://a:1\"";
	struct etcd_config cfg;

	for (int i = 0; i < 15; i++)
		strncat(text, ", \"http://a:1\"", sizeof(text) - strlen(text) - 1);
	strncat(text, "] }", sizeof(text) - strlen(text) - 1);
	assert_int_equal(read_text(state, &cfg, text, ""), 0);
	assert_int_equal(cfg.n_endpoints, 16);
	etcd_config_free(&cfg);
	text[strlen(text) - 3] = 0;
	strncat(text, ", \"http://a:1\"] }", sizeof(text) - strlen(text) - 1);
	assert_int_equal(read_text(state, &cfg, text, ""), -1);
	assert_non_null(strstr(err, "endpoints has more than 16 entries"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_least), TEST(test_all), TEST(test_faults), TEST(test_password_files),
		TEST(test_no_file), TEST(test_many_endpoints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
