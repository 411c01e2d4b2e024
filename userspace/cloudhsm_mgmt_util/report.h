/* SPDX-License-Identifier: GPL-2.0-or-later */
/* report.h - commands whose answer may go to a file. */
#ifndef CMU_REPORT_H
#define CMU_REPORT_H

#include <stdio.h>

#include "cmu.h"

/* The last option of such a command. */
#define REPORT_OPT_FILE \
	{ .name = "<output-file>", .kind = CLI_FILE_OUT, .flags = CLI_POSITIONAL, \
	  .what = "Output file", .min = 1, \
	  .help = "File to write or overwrite. Default: the answer is printed." }

/* What the job of such a command gets as its argument. */
struct report {
	FILE *f;		/* where the answer goes */
	const struct cli_args *args;
};

/*
 * cmu_each() with what the servers answer in the file that was named: all of it, or no
 * file if the command fails. @flags: CMU_*.
 */
int report_each(struct cmu *cmu, const struct cli_args *a, const char *op, unsigned int flags,
		int (*run)(struct cmu_server *s, void *arg, struct hsm_result *res));

#endif /* CMU_REPORT_H */
