// SPDX-License-Identifier: GPL-2.0-or-later
/* test_many_contexts.c - a reset with many contexts and many tokens does not look at each pair. */
#include "approving.h"
#include "fw_int.h"

#define CONTEXTS	1000
#define TOKENS		200
#define FIRST		1000

/* Every look at a token's age asks for the time. */
static void reset(void **state)
{
	struct card *c = *state;
	uint64_t key = quorum_key(c, 2);
	uint32_t i;

	for (i = 0; i < TOKENS; i++)
		assert_int_equal(token_new(c, ALICE, HSM_SERVICE_KEY_USE, key), 0);
	for (i = 0; i < CONTEXTS; i++)
		assert_true(fw_ctx_open(c->fw, FIRST + i));
	atomic_store(&c->clock_reads, 0);
	fw_reset(c->fw);
	assert_int_equal(c->fw->quorum.n, 0);
	assert_true(atomic_load(&c->clock_reads) < 10 * TOKENS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reset, setup_users, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
