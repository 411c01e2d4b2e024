// SPDX-License-Identifier: GPL-2.0-or-later
/* shim.c - the calls that change files, logged and passed on to the kernel. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "shim.h"

#define FDS	1024
#define FOLDER	DISK_FILES	/* in the place of a file's number */
#define NOBODY	(DISK_FILES + 1)

int open(const char *path, int flags, ...);
int open64(const char *path, int flags, ...);
int mkostemp(char *template, int flags);
int close(int fd);
ssize_t write(int fd, const void *p, size_t len);
ssize_t pwrite(int fd, const void *p, size_t len, off_t at);
ssize_t pwrite64(int fd, const void *p, size_t len, off_t at);
int ftruncate(int fd, off_t len);
int ftruncate64(int fd, off_t len);
int fsync(int fd);
int fdatasync(int fd);
int unlink(const char *path);
int link(const char *path, const char *to);
int rename(const char *path, const char *to);

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static struct {
	struct disk_log *log;		/* NULL: nothing is watched */
	char dir[512];
	unsigned int fd[FDS];		/* what it is open for */
	struct { char name[DISK_NAME]; unsigned int file; } name[DISK_FILES];
	size_t n_names;
	size_t limit;
	bool limited;
} watch = { .limit = SIZE_MAX };

static struct {
	enum shim_fault fault;
	size_t at, chances, failures, failed_at;
	bool forever;
} plan;

/* The last part of a path in the folder; "" for the folder; NULL for others. */
static const char *name_in(const char *path)
{
	size_t len = strlen(watch.dir);

	if (!watch.log || strncmp(path, watch.dir, len))
		return NULL;
	return path[len] == '/' ? path + len + 1 : path[len] ? NULL : "";
}

static void set_name(const char *name, unsigned int file)
{
	size_t i = 0;

	while (i < watch.n_names && strcmp(watch.name[i].name, name))
		i++;
	if (i == watch.n_names)
		snprintf(watch.name[watch.n_names++].name, DISK_NAME, "%s", name);
	watch.name[i].file = file;
}

static unsigned int find_name(const char *name)
{
	for (size_t i = 0; i < watch.n_names; i++)
		if (!strcmp(watch.name[i].name, name))
			return watch.name[i].file;
	return NOBODY;
}

static void note(enum disk_what what, unsigned int file, const char *name, const char *to)
{
	struct disk_op op = { .what = what, .file = file };

	snprintf(op.name, DISK_NAME, "%s", name ? name : "");
	snprintf(op.to, DISK_NAME, "%s", to ? to : "");
	disk_add(watch.log, &op);
}

void shim_begin(struct disk_log *log, const char *dir)
{
	pthread_mutex_lock(&lock);
	watch.log = log;
	watch.n_names = 0;
	watch.limited = false;
	snprintf(watch.dir, sizeof(watch.dir), "%s", dir);
	for (size_t i = 0; i < FDS; i++)
		watch.fd[i] = NOBODY;
	for (size_t i = 0; i < log->n; i++)
		if (log->op[i].what == DISK_CREATE)
			set_name(log->op[i].name, log->op[i].file);
	pthread_mutex_unlock(&lock);
}

void shim_end(void)
{
	pthread_mutex_lock(&lock);
	watch.log = NULL;
	watch.limited = false;
	watch.limit = SIZE_MAX;
	pthread_mutex_unlock(&lock);
}

void shim_limit(size_t calls)
{
	watch.limit = calls;
}

bool shim_limited(void)
{
	return watch.limited;
}

/* Whether the log takes no more of what is watched; errno is set. */
static bool over(void)
{
	if (watch.log->n < watch.limit)
		return false;
	watch.limited = true;
	errno = EIO;
	return true;
}

size_t shim_calls(void)
{
	size_t n;

	pthread_mutex_lock(&lock);
	n = watch.log ? watch.log->n : 0;
	pthread_mutex_unlock(&lock);
	return n;
}

void shim_fail(enum shim_fault fault, size_t at, bool forever)
{
	pthread_mutex_lock(&lock);
	plan.fault = fault;
	plan.at = at;
	plan.forever = forever;
	plan.chances = plan.failures = 0;
	pthread_mutex_unlock(&lock);
}

void shim_mend(void)
{
	pthread_mutex_lock(&lock);
	plan.fault = SHIM_NONE;
	pthread_mutex_unlock(&lock);
}

size_t shim_chances(void)
{
	return plan.chances;
}

size_t shim_failures(void)
{
	return plan.failures;
}

size_t shim_failed_at(void)
{
	return plan.failed_at;
}

/* Takes the lock. What the descriptor is open for; NOBODY if it is not watched. */
static unsigned int enter(int fd)
{
	pthread_mutex_lock(&lock);
	return watch.log && fd >= 0 && fd < FDS ? watch.fd[fd] : NOBODY;
}

static long leave(long ret)
{
	int err = errno;

	pthread_mutex_unlock(&lock);
	errno = err;
	return ret;
}

/* Whether this call fails; errno is set. */
static bool fails(void)
{
	size_t i = plan.chances++;

	if (over())
		return true;
	if (plan.fault == SHIM_NONE || i < plan.at || (i > plan.at && !plan.forever))
		return false;
	if (!plan.failures++)
		plan.failed_at = watch.log->n;
	errno = plan.fault == SHIM_EIO ? EIO : ENOSPC;
	return true;
}

static int opened(const char *path, int flags, unsigned int mode)
{
	const char *name;
	unsigned int file;
	int fd;

	pthread_mutex_lock(&lock);
	name = name_in(path);
	if (name && *name && flags & O_CREAT && find_name(name) >= DISK_FILES && over())
		return (int)leave(-1);
	fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	if (fd < 0 || fd >= FDS || !name)
		return (int)leave(fd);
	file = *name ? find_name(name) : FOLDER;
	if (file >= DISK_FILES && *name) {
		file = watch.log->files++;
		set_name(name, file);
		note(DISK_CREATE, file, name, NULL);
	} else if (flags & O_TRUNC) {
		note(DISK_SIZE, file, NULL, NULL);
	}
	watch.fd[fd] = file;
	return (int)leave(fd);
}

static unsigned int mode_of(int flags, va_list ap)
{
	return flags & O_CREAT ? va_arg(ap, unsigned int) : 0;
}

int open(const char *path, int flags, ...)
{
	va_list ap;
	int fd;

	va_start(ap, flags);
	fd = opened(path, flags, mode_of(flags, ap));
	va_end(ap);
	return fd;
}

int open64(const char *path, int flags, ...)
{
	va_list ap;
	int fd;

	va_start(ap, flags);
	fd = opened(path, flags, mode_of(flags, ap));
	va_end(ap);
	return fd;
}

int mkostemp(char *template, int flags)
{
	static unsigned int n;
	int fd;

	do {
		snprintf(template + strlen(template) - 6, 7, "%06u", n++);
		fd = opened(template, O_RDWR | O_CREAT | O_EXCL | flags, 0600);
	} while (fd < 0 && errno == EEXIST);
	return fd;
}

int close(int fd)
{
	enter(fd);
	if (fd >= 0 && fd < FDS)
		watch.fd[fd] = NOBODY;
	return (int)leave(syscall(SYS_close, fd));
}

static ssize_t write_at(int fd, const void *p, size_t len, off_t at, bool here)
{
	unsigned int file = enter(fd);
	struct disk_op op = { .what = DISK_WRITE, .file = file, .at = (uint64_t)at };
	bool bad = file < DISK_FILES && fails();
	long n;

	if (bad && plan.fault == SHIM_SHORT && plan.failures == 1 && len > 1)
		len /= 2;
	else if (bad)
		return leave(-1);
	if (here)
		op.at = (uint64_t)syscall(SYS_lseek, fd, 0, SEEK_CUR);
	n = here ? syscall(SYS_write, fd, p, len) : syscall(SYS_pwrite64, fd, p, len, at);
	if (file < DISK_FILES && n > 0) {
		op.data = (uint8_t *)p;
		op.len = (size_t)n;
		disk_add(watch.log, &op);
	}
	return leave(n);
}

ssize_t write(int fd, const void *p, size_t len)
{
	return write_at(fd, p, len, 0, true);
}

ssize_t pwrite(int fd, const void *p, size_t len, off_t at)
{
	return write_at(fd, p, len, at, false);
}

ssize_t pwrite64(int fd, const void *p, size_t len, off_t at)
{
	return write_at(fd, p, len, at, false);
}

int ftruncate64(int fd, off_t len)
{
	unsigned int file = enter(fd);
	long ret;

	if (file < DISK_FILES && fails())
		return (int)leave(-1);
	ret = syscall(SYS_ftruncate, fd, len);
	if (file < DISK_FILES && !ret)
		disk_add(watch.log, &(struct disk_op){ .what = DISK_SIZE, .file = file,
						       .at = (uint64_t)len });
	return (int)leave(ret);
}

int ftruncate(int fd, off_t len)
{
	return ftruncate64(fd, len);
}

/* It is logged when it is done: until then the writes are not safe. */
static int synced(int fd, long number)
{
	unsigned int file = enter(fd);
	struct disk_op op = { .what = file == FOLDER ? DISK_SYNC_DIR : DISK_SYNC };
	long ret = 0;

	if (file == NOBODY)
		return (int)leave(syscall(number, fd));
	op.file = file == FOLDER ? 0 : file;
	op.failed = fails();
	if (op.failed)
		ret = -1;
	disk_add(watch.log, &op);
	return (int)leave(ret);
}

int fsync(int fd)
{
	return synced(fd, SYS_fsync);
}

int fdatasync(int fd)
{
	return synced(fd, SYS_fdatasync);
}

/* A call that changes the folder. */
static int move(enum disk_what what, const char *path, const char *to, long number)
{
	const char *name, *new;
	unsigned int file;
	long ret = -1;

	pthread_mutex_lock(&lock);
	name = name_in(path);
	new = to ? name_in(to) : NULL;
	if (!name || !over())
		ret = to ? syscall(number, path, to) : syscall(number, path);
	if (ret || !name)
		return (int)leave(ret);
	file = find_name(name);
	note(what, file, name, new);
	if (what != DISK_LINK)
		set_name(name, NOBODY);
	if (new)
		set_name(new, file);
	return (int)leave(ret);
}

int unlink(const char *path)
{
	return move(DISK_UNLINK, path, NULL, SYS_unlink);
}

int link(const char *path, const char *to)
{
	return move(DISK_LINK, path, to, SYS_link);
}

int rename(const char *path, const char *to)
{
	return move(DISK_RENAME, path, to, SYS_rename);
}
