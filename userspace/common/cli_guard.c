// SPDX-License-Identifier: GPL-2.0-or-later
/* cli_guard.c - a process that holds passwords and keys keeps them to itself. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "cli.h"

void cli_guard(const char *tool)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		fprintf(stderr, "%s: core dumps cannot be switched off: %s\n", tool, strerror(errno));
}
