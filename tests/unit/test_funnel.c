// SPDX-License-Identifier: GPL-2.0-or-later
/* test_funnel.c - changes of cards of one group. */
#include "cluster_fixture.h"

static void key_of_one_card_is_on_all(void **state)
{
	struct cards *cs = *state;
	uint64_t handle = cards_make_key(cs, 0, "everywhere");
	uint32_t node;

	assert_int_equal(handle, HSM_FIRST_HANDLE);
	assert_int_equal(reply_count(last(), HSM_TAG_NODE), 3);
	for (node = 0; node < 3; node++)
		assert_int_equal(node_status(last(), node), 0);
	assert_int_equal(cards_seeing(cs, handle), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(key_of_one_card_is_on_all, setup_three_users,
						teardown_cards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
