// SPDX-License-Identifier: GPL-2.0-or-later
/* secret.c - the secret of hsm-node's store. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "node.h"
#include "posix.h"

#define KEY_LEN		32
#define SECRET_MAX	4096

static bool fail(char *err, size_t err_len, const char *path, const char *what)
{
	snprintf(err, err_len, "%s: %s", path, what);
	return false;
}

/* The bytes of the file, as QEMU's -object secret,file= takes them. */
static bool read_secret(const char *path, unsigned char *buf, size_t *len, char *err,
			size_t err_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, buf, SECRET_MAX);
	char more;

	if (n < 0)
		fail(err, err_len, path, strerror(errno));
	else if (!n)
		fail(err, err_len, path, "is empty");
	else if (n == SECRET_MAX && read(fd, &more, 1) != 0)
		fail(err, err_len, path, "is longer than 4096 bytes");
	else
		*len = (size_t)n;
	if (fd >= 0)
		close(fd);
	return *len;
}

static bool read_key(const struct options *o, unsigned char *buf, char *err, size_t err_len)
{
	char beside[PATH_MAX];
	const char *path = o->key_file ? o->key_file : beside;
	struct stat store, file;
	bool made;

	if (snprintf(beside, sizeof(beside), "%s.key", o->store) >= (int)sizeof(beside))
		return fail(err, err_len, o->store, strerror(ENAMETOOLONG));
	if (stat(path, &file) && !stat(o->store, &store) && store.st_size) {
		snprintf(err, err_len, "store %s exists, but neither --secret-file nor its key file %s does",
			 o->store, path);
		return false;
	}
	return posix_key_file(path, buf, &made, err, err_len);
}

bool node_secret(const struct options *o, unsigned char **secret, size_t *len, char *err,
		 size_t err_len)
{
	bool ok;

	*len = 0;
	*secret = malloc(SECRET_MAX);
	if (!*secret)
		return fail(err, err_len, "secret", strerror(ENOMEM));
	if (o->secret_file) {
		ok = read_secret(o->secret_file, *secret, len, err, err_len);
	} else {
		*len = KEY_LEN;
		ok = read_key(o, *secret, err, err_len);
	}
	return ok;
}
