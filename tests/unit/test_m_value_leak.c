// SPDX-License-Identifier: GPL-2.0-or-later
/* test_m_value_leak.c - an m value that was refused gets to no disk. */
#include <errno.h>

#include "approving.h"
#include "auditing.h"
#include "fw_int.h"
#include "posix.h"

#define USERS	HSM_SERVICE_USER_MGMT

static struct msg *begun(struct card *c, uint32_t ctx, struct msg *m)
{
	struct msg *own = malloc(sizeof(*own));

	assert_non_null(own);
	memcpy(own, m, sizeof(*own));
	exec_begin(c, ctx, own);
	return own;
}

static struct msg *begin_set(uint32_t m_value)
{
	struct msg *m = begin(HSM_CMD_M_VALUE_SET, FIRST_SESSION);

	add_u32(m, HSM_TAG_SERVICE, USERS);
	add_u32(m, HSM_TAG_M_VALUE, m_value);
	return m;
}

/* What the store holds is served again, as after a power cut. */
static void serve_again(struct card *c)
{
	fw_free(c->fw);
	c->fw = fw_new(&c->cfg, c->err, sizeof(c->err));
	if (!c->fw)
		fail_msg("%s", c->err);
	card_login_all(c);
}

/* The store fails the first one that it holds, and takes the others, and what comes of that. */
static void fail_first(struct gate *g)
{
	struct store_txn *first = g->held;

	g->held = first->next;
	if (!g->held)
		g->end = &g->held;
	first->next = NULL;
	first->done(first, -EIO);
	gate_let_go(g, 0);
}

/* The key's card record was made while the m value was on its way. */
static void with_a_later_change(void **state)
{
	struct card *c = *state;
	struct msg *set, *later;

	c->gate->hold = true;
	set = begun(c, ADMIN, begin_set(2));
	later = begun(c, ALICE, begin_aes("later"));
	fail_first(c->gate);
	assert_int_equal(wait_status(later), 0);
	assert_int_equal(wait_status(set), HSM_RV_STORE_FAILED);
	assert_int_equal(m_value(c, USERS), 1);
	check_last(c, HSM_CN_SET_M_VALUE, HSM_RV_STORE_FAILED, ID_ADMIN);
	serve_again(c);
	assert_int_equal(m_value(c, USERS), 1);
}

/* Alone it has nothing to mend, but that it failed is on record. */
static void alone(void **state)
{
	struct card *c = *state;
	struct msg *set;

	c->gate->hold = true;
	set = begun(c, ADMIN, begin_set(2));
	fail_first(c->gate);
	assert_int_equal(wait_status(set), HSM_RV_STORE_FAILED);
	check_last(c, HSM_CN_SET_M_VALUE, HSM_RV_STORE_FAILED, ID_ADMIN);
	serve_again(c);
	assert_int_equal(m_value(c, USERS), 1);
}

static struct card *the_card;
static struct msg *key;
static bool armed;

/* Somebody else is faster, right where the m value is about to be written. */
static void lock_write(void *opaque, void *lock)
{
	if (armed && lock == the_card->fw->commit) {
		armed = false;
		key = begun(the_card, ALICE, begin_aes("faster"));
	}
	fw_platform_posix.lock_write(opaque, lock);
}

/* The power goes after the faster one: the m value is not stored, and neither is its record. */
static void with_a_faster_change(void **state)
{
	struct card *c = the_card = *state;
	struct store_txn *second;
	struct msg *set;

	c->fw->platform.lock_write = lock_write;
	c->gate->hold = true;
	armed = true;
	set = begun(c, ADMIN, begin_set(2));
	assert_false(armed);
	second = c->gate->held->next;
	c->gate->held->next = NULL;
	gate_let_go(c->gate, 0);
	assert_int_equal(wait_status(key), 0);
	c->gate->fail = -EIO;
	second->done(second, -EIO);
	assert_int_equal(wait_status(set), HSM_RV_STORE_FAILED);
	c->gate->fail = 0;
	c->fw->platform.lock_write = fw_platform_posix.lock_write;
	serve_again(c);
	assert_int_equal(m_value(c, USERS), 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		T(with_a_later_change), T(alone), T(with_a_faster_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
