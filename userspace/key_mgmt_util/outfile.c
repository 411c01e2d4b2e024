// SPDX-License-Identifier: GPL-2.0-or-later
/* outfile.c - writes beside the target and renames. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outfile.h"

static int open_names(struct outfile *o, const char *path)
{
	char *real = realpath(path, NULL);
	const char *target = real ? real : path;
	struct stat st;
	int n;

	n = snprintf(o->temp, sizeof(o->temp), "%s.XXXXXX", target);
	snprintf(o->target, sizeof(o->target), "%s", target);
	free(real);
	if (n < 0 || (size_t)n >= sizeof(o->temp))
		return -ENAMETOOLONG;
	if (!stat(o->target, &st) && !S_ISREG(st.st_mode))
		o->temp[0] = '\0';
	else if (!access(o->target, F_OK) && access(o->target, W_OK))
		return -errno;
	return 0;
}

int outfile_open(struct outfile *o, const char *path, unsigned int flags)
{
	int fd, err;

	*o = (struct outfile){ .flags = flags };
	err = open_names(o, path);
	if (err)
		return err;
	fd = *o->temp ? mkostemp(o->temp, O_CLOEXEC) : open(o->target, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	o->f = fdopen(fd, "w");
	if (!o->f) {
		err = -errno;
		close(fd);
		if (*o->temp)
			unlink(o->temp);
	} else if (flags & OUTFILE_SECRET) {
		setvbuf(o->f, NULL, _IONBF, 0);
	}
	return err;
}

/* mkostemp() gives 0600: secret files stay so. */
static int set_mode(const struct outfile *o)
{
	mode_t mask;

	if (!*o->temp || o->flags & OUTFILE_SECRET)
		return 0;
	mask = umask(0);
	umask(mask);
	return fchmod(fileno(o->f), 0666 & ~mask) ? -errno : 0;
}

int outfile_commit(struct outfile *o)
{
	int err = set_mode(o);

	if (ferror(o->f))
		err = -EIO;
	if (fclose(o->f) && !err)
		err = -errno;
	if (!err && *o->temp && rename(o->temp, o->target))
		err = -errno;
	if (err && *o->temp)
		unlink(o->temp);
	return err;
}

void outfile_drop(struct outfile *o)
{
	if (*o->temp)
		unlink(o->temp);
	fclose(o->f);
}

int outfile_finish(struct outfile *o, const void *data, size_t len)
{
	int err;

	if (fwrite(data, 1, len, o->f) == len)
		return outfile_commit(o);
	err = errno ? -errno : -EIO;
	outfile_drop(o);
	return err;
}

static int complain(const char *what, const char *name, const char *path, int err)
{
	printf("\nError: %s (%s) \"%s\": %s.\n", what, name, path, strerror(-err));
	return CLI_FAILED;
}

int outfile_complain(const char *name, const char *path, int err)
{
	return complain("Output file", name, path, err);
}

int out_complain(const struct cli_args *a, const char *name, int err)
{
	const struct cli_value *v = cli_get(a, name);

	return complain(v->opt->what, name, v->text, err);
}

int out_open(struct outfile *o, const struct cli_args *a, const char *name, unsigned int flags)
{
	int err = outfile_open(o, cli_text(a, name), flags);

	return err ? out_complain(a, name, err) : CLI_OK;
}

int out_finish(struct outfile *o, const struct cli_args *a, const char *name, const void *data,
	       size_t len)
{
	int err = outfile_finish(o, data, len);

	return err ? out_complain(a, name, err) : CLI_OK;
}
