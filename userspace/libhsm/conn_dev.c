// SPDX-License-Identifier: LGPL-2.1-or-later
/* conn_dev.c - messages to /dev/hsmN by ioctl. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <linux/hsm.h>

#include "conn.h"
#include "hsm.h"

struct conn_dev {
	int fd;
	pid_t pid;			/* who opened it */
	uint32_t max_transfer;
};

static int dev_exec(void *conn, const void *in, size_t in_len, void *out, size_t *out_len,
		    uint32_t timeout_ms, uint64_t cookie)
{
	struct conn_dev *d = conn;
	struct hsm_exec x = {
		.size = sizeof(x),
		.in = (uintptr_t)in,
		.out = (uintptr_t)out,
		.timeout_ms = timeout_ms,
		.cookie = cookie,
	};
	int rc;

	if (getpid() != d->pid)
		return -EOWNERDEAD;
	if (in_len > d->max_transfer)
		return -EMSGSIZE;
	x.in_len = (uint32_t)in_len;
	x.out_len = *out_len < d->max_transfer ? (uint32_t)*out_len : d->max_transfer;
	do
		rc = ioctl(d->fd, HSM_IOC_EXEC, &x) ? -errno : 0;
	while (rc == -EINTR);		/* not handed to the card yet: nothing happened */
	*out_len = x.out_len;
	return rc;
}

static int dev_cancel(void *conn, uint64_t cookie)
{
	struct conn_dev *d = conn;
	struct hsm_cancel x = { .size = sizeof(x), .cookie = cookie };

	if (getpid() != d->pid)
		return -EOWNERDEAD;
	return ioctl(d->fd, HSM_IOC_CANCEL, &x) ? -errno : 0;
}

static void dev_close(void *conn)
{
	struct conn_dev *d = conn;

	close(d->fd);
	free(d);
}

static const struct hsm_conn_ops dev_ops = {
	.exec = dev_exec,
	.cancel = dev_cancel,
	.close = dev_close,
};

/* A read-only descriptor still serves for what needs no more than crypto rights. */
static int dev_open_fd(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0 && errno == EACCES)
		fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int dev_new(const char *path, struct conn_dev **out)
{
	struct hsm_info info = { .size = sizeof(info) };
	struct conn_dev *d;
	int fd, rc;

	fd = dev_open_fd(path);
	if (fd < 0)
		return fd;
	rc = ioctl(fd, HSM_IOC_INFO, &info) ? -errno : 0;
	if (rc)
		goto close_fd;
	d = malloc(sizeof(*d));
	if (!d) {
		rc = -ENOMEM;
		goto close_fd;
	}
	*d = (struct conn_dev){ .fd = fd, .pid = getpid(), .max_transfer = info.max_transfer };
	*out = d;
	return 0;

close_fd:
	close(fd);
	return rc;
}

const char *hsm_default_path(void)
{
	const char *path = secure_getenv(HSM_DEVICE_ENV);

	return path && *path ? path : HSM_DEVICE_DEFAULT;
}

int hsm_open(const char *path, struct hsm **out)
{
	struct conn_dev *d;
	int rc;

	*out = NULL;
	rc = dev_new(path ? path : hsm_default_path(), &d);
	if (rc)
		return rc;
	rc = hsm_open_conn(&dev_ops, d, out);
	if (rc)
		dev_close(d);
	return rc;
}
