// SPDX-License-Identifier: GPL-2.0-or-later
/* test_store_file.c - the SQLite engine's file: who may open it, and what is in it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch.h"
#include "store_file.h"

static void survives_reopening(void **state)
{
	const char *path = scratch(*state, "store");
	struct store *st = start_store(path);
	struct stat file;

	assert_int_equal(put_text(st, STORE_OBJECT, 6, "first"), 0);
	end_store(st);
	st = start_store(path);
	assert_int_equal(put_text(st, STORE_OBJECT, 7, "second"), 0);
	end_store(st);
	st = open_store(path);
	assert_string_equal(dump(st), "0/1=root 1 2/6=first 2/7=second ");
	st->ops->close(st);
	assert_int_equal(stat(path, &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	/* An orderly end leaves one file. */
	assert_int_equal(scratch_files(*state), 1);
}

static void private_while_open(void **state)
{
	mode_t old = umask(0);
	struct store *st = start_store(scratch(*state, "store"));
	struct stat file;

	assert_int_equal(put_text(st, STORE_OBJECT, 6, "first"), 0);
	assert_int_equal(scratch_files(*state), 2);
	assert_int_equal(stat(scratch(*state, "store"), &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	assert_int_equal(stat(scratch(*state, "store-wal"), &file), 0);
	assert_int_equal(file.st_mode & 07777, 0600);
	end_store(st);
	umask(old);
}

/* Also the log of a file that was there with another mode, and a log that was. */
static void private_from_a_public_file(void **state)
{
	mode_t old = umask(0);
	const char *path = scratch(*state, "store");
	const char *log = scratch(*state, "store-wal");
	struct store *st;

	for (int i = 0; i < 2; i++) {
		if (!i)
			file_write(path, "", 0);
		assert_int_equal(chmod(path, 0644), 0);
		if (i) {
			file_write(log, "", 0);
			assert_int_equal(chmod(log, 0644), 0);
		}
		st = start_store(path);
		assert_int_equal(put_text(st, STORE_OBJECT, 6, "first"), 0);
		check_private(path);
		check_private(log);
		end_store(st);
	}
	umask(old);
}

static void second_card_refused(void **state)
{
	const char *path = scratch(*state, "store");
	struct store *st = open_store(path);

	refused(path, "in use by another");
	refused(path, "in use by another");
	st->ops->close(st);
	end_store(start_store(path));
}

/* A child holds the store until its pipe is closed. */
static pid_t hold_in_child(const char *path, int *release)
{
	int ready[2], hold[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready) + pipe(hold), 0);
	pid = fork();
	if (!pid) {
		char err[256];

		close(hold[1]);
		if (!store_sqlite_open(path, err, sizeof(err)) || write(ready[1], "r", 1) != 1)
			_exit(1);
		_exit(read(hold[0], &c, 1) != 0);
	}
	close(hold[0]);
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
	*release = hold[1];
	return pid;
}

static void second_process_refused(void **state)
{
	const char *path = scratch(*state, "store");
	int release, status;
	pid_t pid = hold_in_child(path, &release);

	refused(path, "in use by another");
	close(release);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	end_store(start_store(path));
}

static void other_versions(void **state)
{
	const char *path = scratch(*state, "store");

	end_store(start_store(path));
	sql(path, "PRAGMA user_version = 2");
	refused(path, "format version 2, known is 1");
	sql(path, "PRAGMA user_version = 0");
	refused(path, "format version 0");
	sql(path, "PRAGMA user_version = 1");
	end_store(start_store(path));
}

static int ignore(void *opaque, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	(void)opaque;
	(void)kind;
	(void)id;
	(void)data;
	(void)len;
	return 0;
}

/* A page of the tree overwritten: said, not served. */
static void broken_structure(void **state)
{
	const char *path = scratch(*state, "store");
	struct store *st = start_store(path);
	char big[3000], junk[4096], err[256] = "";
	int fd;

	memset(big, 'b', sizeof(big) - 1);
	big[sizeof(big) - 1] = 0;
	memset(junk, 0xee, sizeof(junk));
	for (uint64_t id = 1; id < 50; id++)
		assert_int_equal(put_text(st, STORE_OBJECT, id, big), 0);
	end_store(st);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, junk, sizeof(junk), 4096), sizeof(junk));
	close(fd);
	st = store_sqlite_open(path, err, sizeof(err));
	if (st) {
		assert_int_equal(st->ops->load(st, ignore, NULL), -EUCLEAN);
		st->ops->close(st);
	} else {
		assert_non_null(strstr(err, "damaged"));
	}
}

/*
 * In a child, since the limit is for good: writes until the file may grow no more,
 * then goes on with the limit lifted. Exit status 0 if all went as it should.
 */
static int fill_up(const char *path)
{
	struct rlimit small = { 400000, RLIM_INFINITY }, large = { RLIM_INFINITY, RLIM_INFINITY };
	struct store *st = start_store(path);
	char text[2000];
	uint64_t id = 1;
	int err = 0;

	memset(text, 't', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	while (id < 1000 && !(err = put_text(st, STORE_OBJECT, id, text)))
		id++;
	if (id < 20 || id == 1000 || err >= 0 || file_hooks.aborts != 1)
		return 1;
	if (put_text(st, STORE_OBJECT, 5000, text) >= 0 || file_hooks.aborts != 2)
		return 2;
	setrlimit(RLIMIT_FSIZE, &large);
	if (put_text(st, STORE_OBJECT, 6000, "after") || file_hooks.aborts != 2)
		return 3;
	if (put_text(st, STORE_USER, 1, "written"))
		return 4;
	end_store(st);
	return id < 255 ? (int)id : 5;
}

static void disk_full(void **state)
{
	const char *path = scratch(*state, "store");
	uint64_t failed;
	struct store *st;
	char mark[32];
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(fill_up(path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	failed = (uint64_t)WEXITSTATUS(status);
	assert_true(failed >= 20);
	st = open_store(path);
	assert_non_null(strstr(dump(st), "1/1=written"));
	assert_non_null(strstr(dump(st), "2/6000=after"));
	assert_null(strstr(dump(st), "2/5000="));
	snprintf(mark, sizeof(mark), "2/%u=t", (unsigned int)failed);
	assert_null(strstr(dump(st), mark));
	snprintf(mark, sizeof(mark), "2/%u=t", (unsigned int)failed - 1);
	assert_non_null(strstr(dump(st), mark));
	st->ops->close(st);
}

/* A transaction that fails half way leaves nothing, and the next one finds the way free. */
static void half_bad(void **state)
{
	const struct store_op ops[] = {
		{ STORE_OBJECT, 6, "x", 1 }, { STORE_OBJECT, UINT64_MAX, "y", 1 },
	};
	struct store *st = start_store(scratch(*state, "store"));

	assert_int_equal(commit_wait(st, ops, 2), -EINVAL);
	assert_int_equal(file_hooks.aborts, 1);
	assert_int_equal(put_text(st, STORE_OBJECT, 7, "next"), 0);
	st->ops->stop(st);
	assert_string_equal(dump(st), "0/1=root 2 2/7=next ");
	st->ops->close(st);
}

static bool contains(const char *path, const char *needle)
{
	size_t len;
	char *data = file_read(path, &len);
	bool found = memmem(data, len, needle, strlen(needle)) != NULL;

	free(data);
	return found;
}

/* What was deleted or replaced is not in the file afterwards. */
static void deletes_for_good(void **state)
{
	const char *path = scratch(*state, "store");
	struct store *st = start_store(path);
	char big[6000];

	memset(big, 0, sizeof(big));
	for (size_t i = 0; i + 16 < sizeof(big); i += 16)
		memcpy(big + i, "needle-in-store-", 16);
	assert_int_equal(put_text(st, STORE_OBJECT, 6, big), 0);
	assert_int_equal(put_text(st, STORE_OBJECT, 7, "needle-small"), 0);
	assert_int_equal(put_text(st, STORE_OBJECT, 8, "needle-replaced"), 0);
	end_store(st);
	assert_true(contains(path, "needle"));
	st = start_store(path);
	assert_int_equal(put_text(st, STORE_OBJECT, 6, NULL), 0);
	assert_int_equal(put_text(st, STORE_OBJECT, 7, NULL), 0);
	assert_int_equal(put_text(st, STORE_OBJECT, 8, "other"), 0);
	end_store(st);
	assert_false(contains(path, "needle"));
}

/* The log goes into the file now and then, under load and when idle. */
static void log_stays_small(void **state)
{
	const char *path = scratch(*state, "store");
	struct store *st = start_store(path);
	char text[12000];
	struct stat wal;

	memset(text, 't', sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	for (uint64_t id = 1; id < 4000; id++)
		assert_int_equal(put_text(st, STORE_OBJECT, id, text), 0);
	assert_int_equal(stat(scratch(*state, "store-wal"), &wal), 0);
	assert_true(wal.st_size < 10 * 1000 * 1000);
	/* Idle, it is brought in whole, so that the main file alone has everything. */
	usleep(300000);
	assert_int_equal(put_text(st, STORE_USER, 1, "x"), 0);
	usleep(300000);
	end_store(st);
	st = open_store(path);
	st->ops->close(st);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(survives_reopening),
		IN_FOLDER(private_while_open),
		IN_FOLDER(private_from_a_public_file),
		IN_FOLDER(second_card_refused),
		IN_FOLDER(second_process_refused),
		IN_FOLDER(other_versions),
		IN_FOLDER(broken_structure),
		IN_FOLDER(disk_full),
		IN_FOLDER(half_bad),
		IN_FOLDER(deletes_for_good),
		IN_FOLDER(log_stays_small),
	};

	return cmocka_run_group_tests_name("store file", tests, NULL, NULL);
}
