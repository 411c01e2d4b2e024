// SPDX-License-Identifier: GPL-2.0-or-later
/* hsm_measure.c - prints what a card inside a program attests to: hsm-measure PROGRAM... */
#include <stdio.h>

#include "measure.h"

static bool print(const char *path)
{
	uint8_t sha256[32];
	char err[4096];

	if (!measure_file(path, sha256, err, sizeof(err))) {
		fprintf(stderr, "hsm-measure: %s\n", err);
		return false;
	}
	for (size_t i = 0; i < sizeof(sha256); i++)
		printf("%02x", sha256[i]);
	printf("\n");
	return true;
}

int main(int argc, char **argv)
{
	bool ok = true;

	if (argc < 2) {
		fprintf(stderr, "usage: hsm-measure PROGRAM...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++)
		ok = print(argv[i]) && ok;
	return ok && !fflush(stdout) ? 0 : 1;
}
