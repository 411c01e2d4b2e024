// SPDX-License-Identifier: GPL-2.0-or-later
/* test_outfile.c - files that become visible whole or not at all. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outfile.h"

static char folder[] = "/tmp/outfile.XXXXXX";
static char path[64];

static int setup(void **state)
{
	(void)state;
	memcpy(folder + sizeof(folder) - 7, "XXXXXX", 6);
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/out", folder);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return rmdir(folder);
}

/* Names in the folder. */
static int names(void)
{
	DIR *d = opendir(folder);
	const struct dirent *e;
	int n = 0;

	assert_non_null(d);
	while ((e = readdir(d)))
		n += e->d_name[0] != '.';
	closedir(d);
	return n;
}

static void check_content(const char *want, mode_t mode)
{
	char got[64] = "";
	FILE *f = fopen(path, "r");
	struct stat st;

	assert_non_null(f);
	assert_int_equal(fstat(fileno(f), &st), 0);
	assert_int_equal(st.st_mode & 07777, mode);
	assert_true(fread(got, 1, sizeof(got) - 1, f) <= sizeof(got) - 1);
	fclose(f);
	assert_string_equal(got, want);
}

/* A tool that is killed while it writes leaves nothing: there is no name yet. */
static void test_no_name_before_commit(void **state)
{
	struct outfile o;
	int fd = open(folder, O_TMPFILE | O_WRONLY, 0600);

	(void)state;
	if (fd < 0)
		skip();	/* this file system has no files without names */
	close(fd);
	assert_int_equal(outfile_open(&o, path, OUTFILE_SECRET), 0);
	assert_int_equal(fwrite("secret", 1, 6, o.f), 6);
	assert_int_equal(names(), 0);
	assert_int_equal(outfile_commit(&o), 0);
	assert_int_equal(names(), 1);
	check_content("secret", 0600);
}

static void test_replaces(void **state)
{
	const mode_t mask = umask(027);
	struct outfile o;

	(void)state;
	assert_int_equal(outfile_open(&o, path, OUTFILE_SECRET), 0);
	assert_int_equal(outfile_finish(&o, "old", 3), 0);
	assert_int_equal(outfile_open(&o, path, 0), 0);
	assert_int_equal(fwrite("new", 1, 3, o.f), 3);
	check_content("old", 0600);
	assert_int_equal(outfile_commit(&o), 0);
	check_content("new", 0640);
	assert_int_equal(names(), 1);
	umask(mask);
}

static void test_drop(void **state)
{
	struct outfile o;

	(void)state;
	assert_int_equal(outfile_open(&o, path, 0), 0);
	assert_int_equal(outfile_finish(&o, "old", 3), 0);
	assert_int_equal(outfile_open(&o, path, OUTFILE_SECRET), 0);
	assert_int_equal(fwrite("new", 1, 3, o.f), 3);
	outfile_drop(&o);
	assert_int_equal(names(), 1);
	check_content("old", 0666 & ~022);
}

/* What makes a path impossible is told at the beginning. */
static void test_refused_paths(void **state)
{
	char longest[sizeof(folder) + 256], *end;
	struct outfile o;

	(void)state;
	assert_int_equal(outfile_open(&o, folder, 0), -EISDIR);
	assert_int_equal(outfile_open(&o, "/nowhere/out", 0), -ENOENT);
	end = longest + snprintf(longest, sizeof(longest), "%s/", folder);
	memset(end, 'x', 255);
	end[255] = '\0';
	assert_int_equal(outfile_open(&o, longest, 0), -ENAMETOOLONG);
	assert_int_equal(names(), 0);
}

/* One file under two names, also before it is there. */
static void test_same(void **state)
{
	char here[64], link[64];

	(void)state;
	snprintf(here, sizeof(here), "%s/./out", folder);
	snprintf(link, sizeof(link), "%s/link", folder);
	assert_true(outfile_same(path, path));
	assert_true(outfile_same(path, here));
	assert_false(outfile_same(path, link));
	assert_int_equal(symlink("out", link), 0);
	assert_int_equal(close(creat(path, 0600)), 0);
	assert_true(outfile_same(path, link));
	assert_int_equal(unlink(link), 0);
	assert_true(outfile_same("out", "./out"));
	assert_false(outfile_same(path, "out"));
}

static void test_full(void **state)
{
	static const unsigned int flags[] = { 0, OUTFILE_SECRET };
	struct outfile o;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(outfile_open(&o, "/dev/full", flags[i]), 0);
		assert_int_equal(outfile_finish(&o, "x", 1), -ENOSPC);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_no_name_before_commit),
		TEST(test_replaces),
		TEST(test_drop),
		TEST(test_refused_paths),
		TEST(test_same),
		TEST(test_full),
	};

	umask(022);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
