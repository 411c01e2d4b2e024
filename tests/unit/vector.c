// SPDX-License-Identifier: GPL-2.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vector.h"

const uint8_t *unhex(const char *hex, size_t *len)
{
	static uint8_t bufs[8][1280];
	static unsigned int next;
	uint8_t *buf = bufs[next++ % 8];
	size_t n = strlen(hex) / 2;

	assert_true(n <= sizeof(bufs[0]));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &buf[i]), 1);
	*len = n;
	return buf;
}

void assert_hex(const uint8_t *got, const char *hex)
{
	size_t len;
	const uint8_t *want = unhex(hex, &len);

	assert_memory_equal(got, want, len);
}
