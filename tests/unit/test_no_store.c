// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_no_store.c - every command with a store that cannot be written: it is answered
 * STORE_FAILED and nothing has changed, or it writes nothing. Then the store can, and the same
 * request does what it should.
 */
#include <errno.h>

#include "approving.h"
#include "works.h"

static unsigned int refused;

static void without(struct card *c, const struct work *k)
{
	struct snapshot was, is;
	uint32_t status;

	if (k->before)
		k->before(c);
	works_look(c, &was);
	c->gate->fail = EIO;
	status = work_send(c, k);
	c->gate->fail = 0;
	works_look(c, &is);
	if (status == k->status || (k->stays && status == HSM_RV_STORE_FAILED)) {
		if (k->undo)
			k->undo(c);
		return;
	}
	refused++;
	if (status != HSM_RV_STORE_FAILED)
		fail_msg("opcode %#x: status %#x", k->opcode, status);
	if (memcmp(&was, &is, sizeof(was)))
		fail_msg("opcode %#x: something changed", k->opcode);
	work_run(c, k);
}

/* In the order of the table, and once more: what a failed one left would be in the way. */
static void every_command(void **state)
{
	works_setup(*state);
	refused = 0;
	works_each(*state, without);
	works_each(*state, without);
	assert_true(refused > 2 * 15);
}

static int nothing_left(void **state)
{
	(void)state;
	free_signers();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(every_command, setup_users, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, nothing_left);
}
