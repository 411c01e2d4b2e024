/* SPDX-License-Identifier: GPL-2.0-or-later */
/* outfile.h - a file that becomes visible whole or not at all. */
#ifndef CLI_OUTFILE_H
#define CLI_OUTFILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli.h"

#define OUTFILE_SECRET	0x1	/* mode 0600, and no copy of the content stays in memory */

struct outfile {
	char temp[PATH_MAX];	/* "" if the target is written directly */
	bool unnamed;		/* @temp is yet to be: nothing stays if the tool is killed */
	char target[PATH_MAX];
	unsigned int flags;
	FILE *f;		/* to write to */
};

/* Whether both paths would end in one file; it need not be there yet. */
bool outfile_same(const char *path, const char *other);

/*
 * Begins to write @path. Devices and pipes are written directly; a link's target is
 * replaced, not the link. 0, or -errno with nothing to end. Else it ends with
 * commit or drop.
 */
int outfile_open(struct outfile *o, const char *path, unsigned int flags);
/* Closes and puts the file in place. 0, or -errno, in which case nothing is left behind. */
int outfile_commit(struct outfile *o);
/* Closes and leaves no trace. */
void outfile_drop(struct outfile *o);

/* The end of a file of exactly these bytes: writes them and commits. 0 or -errno. */
int outfile_finish(struct outfile *o, const void *data, size_t len);

/*
 * The same for the file that option @name of @a names, telling what is wrong with it:
 * CLI_OK or CLI_FAILED. To be opened before anything is sent, so that no answer is
 * lost for want of a place.
 */
int out_open(struct outfile *o, const struct cli_args *a, const char *name, unsigned int flags);
int out_finish(struct outfile *o, const struct cli_args *a, const char *name, const void *data,
	       size_t len);
int out_complain(const struct cli_args *a, const char *name, int err);
/* For a file that the user did not name: the output file @path instead of @name's value. */
int outfile_complain(const char *name, const char *path, int err);

#endif /* CLI_OUTFILE_H */
