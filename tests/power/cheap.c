// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cheap.c - what the linker puts in the place of two functions of the firmware: a password is
 * hashed in one round, and the self-tests are run once. Everything else is the product's.
 */
#include "crypto.h"

bool __real_fc_pbkdf2(const char *pw, size_t pw_len, const uint8_t *salt, size_t salt_len,
		      uint32_t iterations, uint8_t *out, size_t out_len);
bool __wrap_fc_pbkdf2(const char *pw, size_t pw_len, const uint8_t *salt, size_t salt_len,
		      uint32_t iterations, uint8_t *out, size_t out_len);
const char *__real_fc_selftest(const char *fault);
const char *__wrap_fc_selftest(const char *fault);

bool __wrap_fc_pbkdf2(const char *pw, size_t pw_len, const uint8_t *salt, size_t salt_len,
		      uint32_t iterations, uint8_t *out, size_t out_len)
{
	(void)iterations;
	return __real_fc_pbkdf2(pw, pw_len, salt, salt_len, 1, out, out_len);
}

const char *__wrap_fc_selftest(const char *fault)
{
	static bool passed;
	const char *failed = passed && !fault ? NULL : __real_fc_selftest(fault);

	passed |= !failed;
	return failed;
}
