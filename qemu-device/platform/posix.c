// SPDX-License-Identifier: GPL-2.0-or-later
/* posix.c - the firmware's host services on a POSIX system, and its key file. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "crypto.h"
#include "measure.h"
#include "posix.h"
#include "secmem.h"

#define KEY_LEN 32

static uint64_t posix_now_ms(void *opaque)
{
	struct timespec ts;

	(void)opaque;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static uint64_t posix_wall_us(void *opaque)
{
	struct timespec ts;

	(void)opaque;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void posix_log(void *opaque, enum fw_log_level level, const char *line)
{
	static const char * const name[] = {
		[FW_LOG_ERROR] = "error", [FW_LOG_WARNING] = "warning", [FW_LOG_INFO] = "info",
	};

	(void)opaque;
	fprintf(stderr, "hsm: %s: %s\n", name[level], line);
}

static void *posix_lock_new(void *opaque)
{
	pthread_rwlock_t *lock = malloc(sizeof(*lock));
	pthread_rwlockattr_t attr;

	(void)opaque;
	pthread_rwlockattr_init(&attr);
	/* By default a stream of readers would keep writers out for good. */
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	if (lock && pthread_rwlock_init(lock, &attr)) {
		free(lock);
		lock = NULL;
	}
	pthread_rwlockattr_destroy(&attr);
	return lock;
}

static void posix_lock_free(void *opaque, void *lock)
{
	(void)opaque;
	if (!lock)
		return;
	pthread_rwlock_destroy(lock);
	free(lock);
}

/* Misuse of a lock cannot be survived: two writers would corrupt the card. */
static void must(int err)
{
	if (err)
		abort();
}

static void posix_lock_read(void *opaque, void *lock)
{
	(void)opaque;
	must(pthread_rwlock_rdlock(lock));
}

static void posix_lock_write(void *opaque, void *lock)
{
	(void)opaque;
	must(pthread_rwlock_wrlock(lock));
}

static void posix_unlock(void *opaque, void *lock)
{
	(void)opaque;
	must(pthread_rwlock_unlock(lock));
}

const struct fw_platform fw_platform_posix = {
	.size = sizeof(struct fw_platform),
	.now_ms = posix_now_ms,
	.wall_us = posix_wall_us,
	.measure = measure_self,
	.log = posix_log,
	.lock_new = posix_lock_new,
	.lock_free = posix_lock_free,
	.lock_read = posix_lock_read,
	.lock_write = posix_lock_write,
	.unlock = posix_unlock,
};

struct report {
	const char *path;
	char *err;
	size_t len;
};

static bool fail(const struct report *r, const char *what, int errnum)
{
	if (r->len)
		snprintf(r->err, r->len, "key file %s: %s%s%s", r->path, what,
			 errnum ? ": " : "", errnum ? strerror(errnum) : "");
	return false;
}

static bool write_all(int fd, const unsigned char *buf, size_t len)
{
	while (len) {
		ssize_t n = write(fd, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		buf += n;
		len -= (size_t)n;
	}
	return true;
}

static ssize_t read_all(int fd, unsigned char *buf, size_t len)
{
	size_t have = 0;

	while (have < len) {
		ssize_t n = read(fd, buf + have, len - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (!n)
			break;
		have += (size_t)n;
	}
	return (ssize_t)have;
}

static bool check_key_file(int fd, const struct report *r)
{
	struct stat st;

	if (fstat(fd, &st))
		return fail(r, "cannot be examined", errno);
	if (!S_ISREG(st.st_mode))
		return fail(r, "is not a regular file", 0);
	if (st.st_mode & 077)
		return fail(r, "may be read by others, its mode must be 0600", 0);
	if (st.st_uid != geteuid())
		return fail(r, "belongs to another user", 0);
	if (st.st_size != KEY_LEN)
		return fail(r, "is not 32 bytes long", 0);
	return true;
}

static bool read_key_file(int fd, unsigned char buf[KEY_LEN], const struct report *r)
{
	bool ok = check_key_file(fd, r);

	if (ok && read_all(fd, buf, KEY_LEN) != KEY_LEN) {
		secmem_wipe(buf, KEY_LEN);
		ok = fail(r, "cannot be read", errno);
	}
	close(fd);
	return ok;
}

const char *posix_sync_folder(const char *path)
{
	char copy[PATH_MAX];
	int fd, err;

	if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy)) {
		errno = ENAMETOOLONG;
		return "its folder cannot be synced";
	}
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == EACCES ? "its folder may not be read, and so not be synced" :
					 "its folder cannot be opened to be synced";
	err = fsync(fd) ? errno : 0;
	close(fd);
	/* So says a file system that has no sync of folders, and no other way to it. */
	if (!err || err == EINVAL || err == ENOTSUP)
		return NULL;
	errno = err;
	return "its folder cannot be synced";
}

static bool fill_key_file(int fd, const unsigned char buf[KEY_LEN])
{
	bool ok = fchmod(fd, 0600) == 0 && write_all(fd, buf, KEY_LEN) && fsync(fd) == 0;

	return close(fd) == 0 && ok;
}

/*
 * Written under another name and linked into place: a crash leaves no short key
 * file, and of two makers one wins and the other is told.
 */
static bool make_key_file(const char *path, unsigned char buf[KEY_LEN], const struct report *r)
{
	const char *unsynced;
	char tmp[PATH_MAX];
	bool ok;
	int fd;

	if (snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path) >= (int)sizeof(tmp))
		return fail(r, "cannot be made", ENAMETOOLONG);
	if (!fc_random(buf, KEY_LEN))
		return fail(r, "the random generator failed", 0);
	fd = mkostemp(tmp, O_CLOEXEC);
	if (fd < 0)
		return fail(r, "cannot be made", errno);
	ok = fill_key_file(fd, buf) && link(tmp, path) == 0;
	if (!ok)
		fail(r, "cannot be made", errno);
	unlink(tmp);
	unsynced = ok ? posix_sync_folder(path) : NULL;
	if (unsynced)
		ok = fail(r, unsynced, errno);
	if (!ok)
		secmem_wipe(buf, KEY_LEN);
	return ok;
}

bool posix_key_file(const char *path, unsigned char buf[32], bool *made, char *err, size_t err_len)
{
	struct report r = { path, err, err_len };
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	*made = false;
	if (fd >= 0)
		return read_key_file(fd, buf, &r);
	if (errno != ENOENT)
		return fail(&r, "cannot be opened", errno);
	*made = make_key_file(path, buf, &r);
	return *made;
}
