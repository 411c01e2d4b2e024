// SPDX-License-Identifier: GPL-2.0-or-later
/* test_platform.c - clocks, locks, and the key file. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "posix.h"
#include "scratch.h"

static const struct fw_platform *p = &fw_platform_posix;

static void clocks(void **state)
{
	uint64_t a = p->now_ms(p->opaque), b;

	(void)state;
	usleep(20000);
	b = p->now_ms(p->opaque);
	assert_true(b - a >= 20 && b - a < 5000);
	assert_true(p->wall_us(p->opaque) / 1000000 - (uint64_t)time(NULL) <= 1);
	assert_int_equal(p->size, sizeof(*p));
}

static atomic_int step;
static void *shared_lock;

static void *writer(void *opaque)
{
	(void)opaque;
	p->lock_write(p->opaque, shared_lock);
	atomic_store(&step, 1);
	p->unlock(p->opaque, shared_lock);
	return NULL;
}

/* Two readers at once; a writer waits for both. */
static void locks(void **state)
{
	pthread_t thread;

	(void)state;
	shared_lock = p->lock_new(p->opaque);
	assert_non_null(shared_lock);
	p->lock_read(p->opaque, shared_lock);
	p->lock_read(p->opaque, shared_lock);
	pthread_create(&thread, NULL, writer, NULL);
	p->unlock(p->opaque, shared_lock);
	usleep(20000);
	assert_int_equal(atomic_load(&step), 0);
	p->unlock(p->opaque, shared_lock);
	pthread_join(thread, NULL);
	assert_int_equal(atomic_load(&step), 1);
	p->lock_free(p->opaque, shared_lock);
	p->lock_free(p->opaque, NULL);
}

static void key_made_once(void **state)
{
	unsigned char a[32], b[32], zero[32] = { 0 };
	char err[256] = "";
	struct stat st;
	bool made;

	assert_true(posix_key_file(scratch(*state, "key"), a, &made, err, sizeof(err)));
	assert_true(made);
	assert_memory_not_equal(a, zero, sizeof(a));
	assert_int_equal(stat(scratch(*state, "key"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(st.st_size, 32);
	assert_true(posix_key_file(scratch(*state, "key"), b, &made, err, sizeof(err)));
	assert_false(made);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(scratch_files(*state), 1);
}

static void write_file(const char *path, size_t len, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, (off_t)len), 0);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void refused(const char *path, const char *why)
{
	unsigned char buf[32];
	char err[256] = "";
	bool made = true;

	assert_false(posix_key_file(path, buf, &made, err, sizeof(err)));
	assert_false(made);
	assert_non_null(strstr(err, path));
	if (!strstr(err, why))
		fail_msg("\"%s\" does not say \"%s\"", err, why);
}

static void key_refused(void **state)
{
	write_file(scratch(*state, "short"), 31, 0600);
	refused(scratch(*state, "short"), "32 bytes");
	write_file(scratch(*state, "long"), 33, 0600);
	refused(scratch(*state, "long"), "32 bytes");
	write_file(scratch(*state, "empty"), 0, 0600);
	refused(scratch(*state, "empty"), "32 bytes");
	write_file(scratch(*state, "group"), 32, 0640);
	refused(scratch(*state, "group"), "read by others");
	write_file(scratch(*state, "world"), 32, 0604);
	refused(scratch(*state, "world"), "read by others");
	assert_int_equal(mkdir(scratch(*state, "folder"), 0700), 0);
	refused(scratch(*state, "folder"), "regular file");
	assert_int_equal(symlink("short", scratch(*state, "link")), 0);
	refused(scratch(*state, "link"), "opened");
	assert_int_equal(mkfifo(scratch(*state, "fifo"), 0600), 0);
	refused(scratch(*state, "fifo"), "regular file");
	refused(scratch(*state, "missing/key"), strerror(ENOENT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clocks),
		cmocka_unit_test(locks),
		cmocka_unit_test_setup_teardown(key_made_once, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(key_refused, scratch_make, scratch_remove),
	};

	return cmocka_run_group_tests_name("platform", tests, NULL, NULL);
}
