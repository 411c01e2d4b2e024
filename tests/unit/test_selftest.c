// SPDX-License-Identifier: GPL-2.0-or-later
/* test_selftest.c - the self-tests pass, and each of them can fail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto.h"
#include "posix.h"

static void passes(void **state)
{
	(void)state;
	assert_null(fc_selftest(NULL));
	assert_null(fc_selftest("no such test"));
	assert_null(fc_selftest(""));
}

/* A fault in one is reported under its name, and does not last. */
static void each_can_fail(void **state)
{
	static const char * const names[] = {
		"SHA-1", "SHA-256", "HMAC-SHA-256", "HKDF", "PBKDF2", "AES-256-GCM", "AES", "3DES",
		"random generator", "SHA-2", "HMAC-SHA-512", "AES-CMAC", "AES key wrap",
		"AES key wrap with padding", "TDEA key wrap", "RSA", "RSA signature", "ECDSA",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *failed = fc_selftest(names[i]);

		assert_non_null(failed);
		assert_string_equal(failed, names[i]);
	}
	assert_null(fc_selftest(NULL));
}

/* The start of a card waits for them. */
static void is_short(void **state)
{
	const struct fw_platform *p = &fw_platform_posix;
	uint64_t start = p->now_ms(NULL);

	(void)state;
	for (unsigned int i = 0; i < 10; i++)
		assert_null(fc_selftest(NULL));
	assert_true(p->now_ms(NULL) - start < 10 * 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passes),
		cmocka_unit_test(each_can_fail),
		cmocka_unit_test(is_short),
	};

	return cmocka_run_group_tests_name("selftest", tests, NULL, NULL);
}
