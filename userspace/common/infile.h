/* SPDX-License-Identifier: GPL-2.0-or-later */
/* infile.h - files that commands read whole. */
#ifndef CLI_INFILE_H
#define CLI_INFILE_H

#include "cli.h"
#include "hsm.h"

/*
 * Reads the file that option @name of @a names: @min to @max bytes. CLI_OK with
 * @data, for hsm_bytes_clear(); else prints the option, the file and what is wrong,
 * and returns CLI_USAGE: nothing was sent.
 */
int in_read(const struct cli_args *a, const char *name, size_t min, size_t max,
	    struct hsm_bytes *data);

/*
 * The same for a file that no option names: true with @data; else false with what is
 * wrong with the file, the end of a sentence, in @why.
 */
bool in_load(const char *path, size_t min, size_t max, struct hsm_bytes *data, char *why,
	     size_t why_len);

/* Prints "Error: <what> (<name>) "<file>" <why>." CLI_USAGE. */
int in_complain(const struct cli_args *a, const char *name, const char *why);

#endif /* CLI_INFILE_H */
