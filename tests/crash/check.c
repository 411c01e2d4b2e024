// SPDX-License-Identifier: GPL-2.0-or-later
/* check.c - what is wrong, and how many cases had something wrong. */
#include <stdarg.h>
#include <stdio.h>

#include "check.h"

static unsigned int passed, failed, wrong;

unsigned int check_wrong(void)
{
	return wrong;
}

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

int check_end(const char *name)
{
	printf("%s: %u passed, %u failed\n", name, passed, failed);
	return failed > 0;
}
