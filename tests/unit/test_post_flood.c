// SPDX-License-Identifier: GPL-2.0-or-later
/* test_post_flood.c - who ends sessions faster than the disk writes does not fill the memory. */
#include "auditing.h"
#include "fw_int.h"

#define ROUNDS	3000
#define FEW	1024	/* records that may be on their way without anybody who waits */

static struct msg *begun(struct card *c, uint32_t ctx, struct msg *m)
{
	struct msg *own = malloc(sizeof(*own));

	assert_non_null(own);
	memcpy(own, m, sizeof(*own));
	exec_begin(c, ctx, own);
	return own;
}

/* The one that has to wait is answered when its record is there. */
static void sessions(void **state)
{
	struct card *c = *state;
	struct msg *m = NULL;
	unsigned int i;

	c->gate->hold = true;
	for (i = 0; i < ROUNDS && !m; i++) {
		m = begun(c, ALICE, begin(HSM_CMD_SESSION_CLOSE, open_session(c, ALICE)));
		if (m->done) {
			assert_int_equal(wait_status(m), 0);
			m = NULL;
		}
	}
	assert_non_null(m);
	assert_int_equal(i, FEW + 1);
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(m), 0);
	assert_int_equal(send(c, ALICE, begin(HSM_CMD_SESSION_CLOSE, open_session(c, ALICE))), 0);
}

/* It is the same record, whether anybody waits for it or not. */
static void same_record(void **state)
{
	static struct hsm_audit_rec a, b;
	struct card *c = *state;

	assert_int_equal(send(c, ALICE, begin(HSM_CMD_SESSION_CLOSE, open_session(c, ALICE))), 0);
	a = *last_rec(c, 0);
	atomic_store(&c->fw->posts, FEW);
	assert_int_equal(send(c, ALICE, begin(HSM_CMD_SESSION_CLOSE, open_session(c, ALICE))), 0);
	atomic_store(&c->fw->posts, 0);
	b = *last_rec(c, 0);
	assert_int_equal(b.sequence, a.sequence + 1);
	assert_int_equal(b.session, a.session + 1);
	a.session = b.session;
	assert_memory_equal(&a.command_type, &b.command_type,
			    offsetof(struct hsm_audit_rec, hash) -
			    offsetof(struct hsm_audit_rec, command_type));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		T(sessions), T(same_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
