// SPDX-License-Identifier: GPL-2.0-or-later
/* store_file.c - opens stores in files. */
#include "store_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

struct counting file_hooks;

struct store *open_store(const char *path)
{
	char err[256] = "";
	struct store *st = store_sqlite_open(path, err, sizeof(err));

	if (!st)
		fail_msg("%s", err);
	return st;
}

struct store *start_store(const char *path)
{
	struct store *st = open_store(path);

	counting_init(&file_hooks);
	assert_int_equal(st->ops->start(st, &file_hooks.hooks), 0);
	return st;
}

void end_store(struct store *st)
{
	st->ops->stop(st);
	st->ops->close(st);
}

void refused(const char *path, const char *why)
{
	char err[256] = "";
	struct store *st = store_sqlite_open(path, err, sizeof(err));

	assert_null(st);
	assert_non_null(strstr(err, path));
	if (!strstr(err, why))
		fail_msg("\"%s\" does not say \"%s\"", err, why);
}

void check_private(const char *path)
{
	struct stat file;

	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
}
