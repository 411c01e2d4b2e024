// SPDX-License-Identifier: GPL-2.0-or-later
/* sealing.c - a seal for tests, and what is in a sealed record. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "sealing.h"
#include "secmem.h"

const uint8_t seal_salt[32] = "salt of a store in a unit test";

struct seal *new_seal(void)
{
	struct seal *s = seal_new("secret", 6, seal_salt);

	assert_non_null(s);
	return s;
}

bool opens(struct seal *s, enum store_kind kind, uint64_t id, const struct sealed *rec,
	   const char *want)
{
	uint8_t *plain;
	size_t len;

	if (!seal_open(s, kind, id, rec->data, rec->len, &plain, &len))
		return false;
	assert_int_equal(len, strlen(want));
	assert_memory_equal(plain, want, len);
	secmem_free(plain);
	return true;
}
