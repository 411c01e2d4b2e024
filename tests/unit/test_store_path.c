// SPDX-License-Identifier: GPL-2.0-or-later
/* test_store_path.c - what a name of a key store may lead to, and what is beside the file. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "posix.h"
#include "scratch.h"
#include "store_file.h"

/* Names that SQLite would take for something else than a file. */
static void odd_names(void **state)
{
	static const char * const names[] = { ":memory:", "file:x?mode=memory", "a b'c%20" };
	int back = open(".", O_RDONLY | O_DIRECTORY);

	assert_int_equal(chdir(*state), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct store *st = start_store(names[i]);

		assert_int_equal(put_text(st, STORE_OBJECT, 6, "kept"), 0);
		end_store(st);
		st = open_store(names[i]);
		assert_non_null(strstr(dump(st), "kept"));
		st->ops->close(st);
	}
	assert_int_equal(fchdir(back), 0);
	close(back);
}

/* What is not ours is refused, and stays as it was to the byte and the mode. */
static void foreign_files(void **state)
{
	char junk[5000];
	const char *path = scratch(*state, "junk");
	size_t len;
	char *after;
	struct stat st;

	memset(junk, 'j', sizeof(junk));
	file_write(path, junk, sizeof(junk));
	assert_int_equal(chmod(path, 0644), 0);
	refused(path, "not an SQLite file");
	after = file_read(path, &len);
	assert_int_equal(len, sizeof(junk));
	assert_memory_equal(after, junk, len);
	free(after);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	file_write(scratch(*state, "short"), "x", 1);
	refused(scratch(*state, "short"), "not an SQLite file");
	sql(scratch(*state, "other"), "CREATE TABLE t(x)");
	refused(scratch(*state, "other"), "not a key store");
	sql(scratch(*state, "app"), "PRAGMA application_id = 5; CREATE TABLE t(x)");
	refused(scratch(*state, "app"), "not a key store");
	assert_int_equal(mkdir(scratch(*state, "folder"), 0700), 0);
	refused(scratch(*state, "folder"), "not a regular file");
	refused(scratch(*state, "missing/store"), strerror(ENOENT));
	refused(scratch(*state, "junk/store"), strerror(ENOTDIR));
}

static void write_half_a_page(const char *path)
{
	static const char page[] = "SQLite format 3\0\x10\0\2\2\0\x40\x20\x20";

	file_write(path, page, sizeof(page));
}

/* Sector size 512, page size 4096; no page was there before. */
static void write_first_journal(const char *path)
{
	char journal[1024] = "\xd9\xd5\x05\xf9\x20\xa1\x63\xd7";

	journal[22] = 2;
	journal[26] = 0x10;
	file_write(path, journal, sizeof(journal));
}

/* The power went in the first page of a new store: SQLite's journal takes it back. */
static void half_a_first_page(void **state)
{
	const char *path = scratch(*state, "store");

	write_half_a_page(path);
	refused(path, "not an SQLite file");
	file_write(scratch(*state, "store-journal"), "another", 7);
	refused(path, "not an SQLite file");
	write_first_journal(scratch(*state, "store-journal"));
	end_store(start_store(path));
	assert_int_equal(scratch_files(*state), 1);
}

/* Log and journal are beside the file, wherever the link is. */
static void through_a_link(void **state)
{
	const char *link = scratch(*state, "link"), *path = scratch(*state, "there/store");
	struct store *st;

	assert_int_equal(mkdir(scratch(*state, "there"), 0700), 0);
	write_half_a_page(path);
	assert_int_equal(symlink("there/store", link), 0);
	refused(link, "not an SQLite file");
	write_first_journal(scratch(*state, "there/store-journal"));
	st = start_store(link);
	assert_int_equal(put_text(st, STORE_OBJECT, 6, "first"), 0);
	check_private(path);
	check_private(scratch(*state, "there/store-wal"));
	end_store(st);
	assert_int_equal(scratch_files(*state), 2);
	assert_int_equal(scratch_files(scratch(*state, "there")), 1);
}

/* What of root remains once its rights are given up is an owner as any other. */
static int give_up_rights(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capset, &head, none);
}

/* In a child, as no folder is closed to root. 0 if all went as it should. */
static int open_in_closed(const char *link, const char *path)
{
	char err[256] = "";
	struct store *st;

	if (give_up_rights())
		return 1;
	st = store_sqlite_open(link, err, sizeof(err));
	if (!st)
		return 2;
	st->ops->close(st);
	if (store_sqlite_open(path, err, sizeof(err)))
		return 3;
	return strstr(err, path) && strstr(err, "its folder may not be read") ? 0 : 4;
}

/* The folder of the file is what is synced, not that of a link; and for that it is read. */
static void folder_that_is_not_read(void **state)
{
	const char *closed = scratch(*state, "closed"), *there = scratch(*state, "there");
	const char *link = scratch(*state, "closed/link"), *path = scratch(*state, "closed/store");
	int status;
	pid_t pid;

	assert_int_equal(mkdir(closed, 0700) + mkdir(there, 0700), 0);
	file_write(scratch(*state, "there/store"), "", 0);
	assert_int_equal(symlink("../there/store", link), 0);
	assert_int_equal(chmod(closed, 0300), 0);
	pid = fork();
	if (!pid)
		_exit(open_in_closed(link, path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(chmod(closed, 0700), 0);
	assert_int_equal(status, 0);
}

/* /proc has no sync of folders; what is no folder at all is still told. */
static void folder_that_has_no_sync(void **state)
{
	int fd = open("/proc", O_RDONLY | O_DIRECTORY);
	bool has_none = fd >= 0 && fsync(fd) && errno == EINVAL;

	(void)state;
	if (fd >= 0)
		close(fd);
	if (!has_none)
		skip();
	assert_null(posix_sync_folder("/proc/store"));
	assert_non_null(posix_sync_folder("/proc/version/store"));
	assert_int_equal(errno, ENOTDIR);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_make, scratch_remove)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_FOLDER(odd_names),
		IN_FOLDER(foreign_files),
		IN_FOLDER(half_a_first_page),
		IN_FOLDER(through_a_link),
		IN_FOLDER(folder_that_is_not_read),
		cmocka_unit_test(folder_that_has_no_sync),
	};

	return cmocka_run_group_tests_name("store path", tests, NULL, NULL);
}
