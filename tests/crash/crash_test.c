// SPDX-License-Identifier: GPL-2.0-or-later
/* crash_test.c - runs the crash tests: crash_test WRITER DIR ROUNDS SEED. */
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

int main(int argc, char **argv)
{
	struct crash cr;

	if (argc != 5) {
		fprintf(stderr, "usage: crash_test WRITER DIR ROUNDS SEED\n");
		return 2;
	}
	cr = (struct crash){ argv[1], argv[2], (unsigned int)atoi(argv[3]),
			     (unsigned int)atoi(argv[4]) };
	printf("crash: seed %u\n", cr.seed);
	test_kill(&cr);
	test_clear(&cr);
	test_damage(&cr);
	return check_end("crash");
}
