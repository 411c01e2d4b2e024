// SPDX-License-Identifier: GPL-2.0-or-later
/* crash_test.c - runs the crash tests: crash_test WRITER DIR ROUNDS SEED. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

static unsigned int passed, failed, wrong;

bool check(bool ok, const char *fmt, ...)
{
	va_list ap;

	if (ok)
		return true;
	/* The first few say what is the matter. */
	if (wrong++ < 10) {
		printf("  wrong: ");
		va_start(ap, fmt);
		vprintf(fmt, ap);
		va_end(ap);
		printf("\n");
	}
	return false;
}

void end_case(const char *fmt, ...)
{
	va_list ap;

	printf("%s: ", wrong ? "FAIL" : "ok");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	fflush(stdout);
	passed += !wrong;
	failed += wrong > 0;
	wrong = 0;
}

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
	printf("crash: %u passed, %u failed\n", passed, failed);
	return failed > 0;
}
