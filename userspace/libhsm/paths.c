// SPDX-License-Identifier: LGPL-2.1-or-later
/* paths.c - the cards of this machine. */
#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "hsm.h"

#define NODES	"/dev/hsm"

/* A name of the driver's: digits behind NODES. By number, which is by length first. */
static bool is_card(const char *path)
{
	const char *number = path + strlen(NODES);

	return *number && !number[strspn(number, "0123456789")];
}

static int by_number(const void *a, const void *b)
{
	const char *x = *(char *const *)a, *y = *(char *const *)b;
	const size_t len = strlen(x), other = strlen(y);

	return len != other ? (len > other) - (len < other) : strcmp(x, y);
}

int hsm_paths(char ***paths, size_t *n)
{
	glob_t found = { 0 };
	int rc = glob(NODES "[0-9]*", 0, NULL, &found);

	*n = 0;
	*paths = rc ? NULL : calloc(found.gl_pathc, sizeof(**paths));
	if (rc)
		return rc == GLOB_NOMATCH ? 0 : -ENOMEM;
	rc = *paths ? 0 : -ENOMEM;
	for (size_t i = 0; !rc && i < found.gl_pathc; i++) {
		if (!is_card(found.gl_pathv[i]))
			continue;
		(*paths)[*n] = strdup(found.gl_pathv[i]);
		if (!(*paths)[*n])
			rc = -ENOMEM;
		else
			++*n;
	}
	globfree(&found);
	if (rc) {
		hsm_paths_free(*paths, *n);
		*paths = NULL;
		*n = 0;
		return rc;
	}
	qsort(*paths, *n, sizeof(**paths), by_number);
	return 0;
}

void hsm_paths_free(char **paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(paths[i]);
	free(paths);
}
