// SPDX-License-Identifier: GPL-2.0-or-later
/* test_hostwrap.c - keys wrapped on the host: what RFC 3394 takes, and what it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "hostwrap.h"

static uint8_t key_bytes[32] = "a wrapping key of some length";
static uint8_t plain_bytes[64] = "what is wrapped, as long as it is to be";

static void test_round_trip(void **state)
{
	struct hsm_bytes wrapped, back;

	(void)state;
	for (size_t len = HOSTWRAP_MIN; len <= sizeof(plain_bytes); len++) {
		const struct hsm_bytes key = { key_bytes, 16 + len % 3 * 8 };
		const struct hsm_bytes plain = { plain_bytes, len };

		assert_true(hostwrap(&key, &plain, &wrapped));
		assert_true(hostunwrap(&key, &wrapped, &back));
		assert_int_equal(back.len, len);
		assert_memory_equal(back.p, plain_bytes, len);
		hsm_bytes_clear(&wrapped);
		hsm_bytes_clear(&back);
	}
}

static void test_too_short(void **state)
{
	const struct hsm_bytes key = { key_bytes, 16 };
	struct hsm_bytes wrapped;

	(void)state;
	for (size_t len = 1; len < HOSTWRAP_MIN; len++) {
		const struct hsm_bytes plain = { plain_bytes, len };

		assert_false(hostwrap(&key, &plain, &wrapped));
		assert_null(wrapped.p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_too_short),
	};

	return cmocka_run_group_tests_name("hostwrap", tests, NULL, NULL);
}
