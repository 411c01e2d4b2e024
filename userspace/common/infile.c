// SPDX-License-Identifier: GPL-2.0-or-later
/* infile.c - reads a file up to a bound, into one block that can be wiped. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "infile.h"

int in_complain(const struct cli_args *a, const char *name, const char *why)
{
	const struct cli_value *v = cli_get(a, name);

	printf("\nError: %s (%s) \"%s\" %s.\n", v->opt->what, name, v->text, why);
	return CLI_USAGE;
}

/* At most @room bytes of @fd. Their number, or -errno. */
static ssize_t read_up_to(int fd, uint8_t *p, size_t room)
{
	size_t len = 0;

	while (len < room) {
		ssize_t n = read(fd, p + len, room - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* One byte more than @max tells that the file is too long. */
static ssize_t slurp(const char *path, size_t max, struct hsm_bytes *data)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -ENOMEM;

	if (fd < 0)
		return -errno;
	data->p = malloc(max + 1);
	if (data->p) {
		data->len = max + 1;	/* what is to be wiped if this fails */
		n = read_up_to(fd, data->p, max + 1);
	}
	close(fd);
	return n;
}

bool in_load(const char *path, size_t min, size_t max, struct hsm_bytes *data, char *why,
	     size_t why_len)
{
	ssize_t n;

	*data = (struct hsm_bytes){ 0 };
	n = slurp(path, max, data);
	if (n >= 0 && (size_t)n >= min && (size_t)n <= max && n) {
		data->len = (size_t)n;
		return true;
	}
	if (n < 0)
		snprintf(why, why_len, "cannot be read: %s", strerror((int)-n));
	else if (!n)
		snprintf(why, why_len, "is empty");
	else if ((size_t)n > max)
		snprintf(why, why_len, "is too long: more than %zu bytes", max);
	else
		snprintf(why, why_len, "is too short: %zd bytes, at least %zu", n, min);
	hsm_bytes_clear(data);
	return false;
}

int in_read(const struct cli_args *a, const char *name, size_t min, size_t max,
	    struct hsm_bytes *data)
{
	char why[80];

	if (in_load(cli_text(a, name), min, max, data, why, sizeof(why)))
		return CLI_OK;
	return in_complain(a, name, why);
}
