// SPDX-License-Identifier: GPL-2.0-or-later
/* outfile.c - writes without a name where the file system can, and renames. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "outfile.h"

/* What would stop the file from taking its place, told before anything is asked. */
static int check_names(const struct outfile *o)
{
	if (access(o->target, W_OK) && errno != ENOENT)
		return -errno;
	return access(o->temp, F_OK) && errno != ENOENT ? -errno : 0;
}

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
	if (stat(o->target, &st) || S_ISREG(st.st_mode))
		return check_names(o);
	o->temp[0] = '\0';
	return 0;
}

/* The length of the folder's part of @path, with its slash. */
static size_t folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) + 1 : 0;
}

static void folder_of(const struct outfile *o, char folder[PATH_MAX])
{
	const size_t len = folder_len(o->target);

	snprintf(folder, PATH_MAX, "%.*s", len ? (int)len : 1, len ? o->target : ".");
}

bool outfile_same(const char *path, const char *other)
{
	struct outfile a = { 0 }, b = { 0 };
	char folder[PATH_MAX];
	struct stat in_a, in_b;

	if (open_names(&a, path) || open_names(&b, other) ||
	    strcmp(a.target + folder_len(a.target), b.target + folder_len(b.target)) != 0)
		return false;
	folder_of(&a, folder);
	if (stat(folder, &in_a))
		return false;
	folder_of(&b, folder);
	return !stat(folder, &in_b) && in_a.st_dev == in_b.st_dev && in_a.st_ino == in_b.st_ino;
}

#define FD_NAME_MAX	32

/* Where a file without a name can be given one. */
static void fd_name(int fd, char name[FD_NAME_MAX])
{
	snprintf(name, FD_NAME_MAX, "/proc/self/fd/%d", fd);
}

/* A file without a name in the target's folder, or -1: not every file system has them. */
static int open_unnamed(const struct outfile *o)
{
	char folder[PATH_MAX], name[FD_NAME_MAX];
	int fd;

	folder_of(o, folder);
	fd = open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	fd_name(fd, name);
	if (!access(name, F_OK))
		return fd;
	close(fd);
	return -1;
}

static int open_file(struct outfile *o)
{
	int fd;

	if (!*o->temp)
		return open(o->target, O_WRONLY | O_CLOEXEC);
	fd = open_unnamed(o);
	o->unnamed = fd >= 0;
	return o->unnamed ? fd : mkostemp(o->temp, O_CLOEXEC);
}

/* Gives the file the name @temp, whose end is made up. */
static int give_name(struct outfile *o)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
	char name[FD_NAME_MAX], *end = o->temp + strlen(o->temp);
	unsigned char random[6];	/* as many as there are X */

	if (getentropy(random, sizeof(random)))
		return -errno;
	for (size_t i = 0; i < sizeof(random); i++)
		*--end = letters[random[i] % 32];
	fd_name(fileno(o->f), name);
	if (linkat(AT_FDCWD, name, AT_FDCWD, o->temp, AT_SYMLINK_FOLLOW))
		return -errno;
	o->unnamed = false;
	return 0;
}

static void remove_temp(const struct outfile *o)
{
	if (*o->temp && !o->unnamed)
		unlink(o->temp);
}

int outfile_open(struct outfile *o, const char *path, unsigned int flags)
{
	int fd, err;

	*o = (struct outfile){ .flags = flags };
	err = open_names(o, path);
	if (err)
		return err;
	fd = open_file(o);
	if (fd < 0)
		return -errno;
	o->f = fdopen(fd, "w");
	if (!o->f) {
		err = -errno;
		close(fd);
		remove_temp(o);
	} else if (flags & OUTFILE_SECRET) {
		setvbuf(o->f, NULL, _IONBF, 0);
	}
	return err;
}

/* Both kinds begin with 0600: secret files stay so. */
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

	if (fflush(o->f) && !err)
		err = -errno;
	if (ferror(o->f) && !err)
		err = -EIO;
	if (!err && o->unnamed)
		err = give_name(o);
	if (fclose(o->f) && !err)
		err = -errno;
	if (!err && *o->temp && rename(o->temp, o->target))
		err = -errno;
	if (err)
		remove_temp(o);
	return err;
}

void outfile_drop(struct outfile *o)
{
	remove_temp(o);
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
