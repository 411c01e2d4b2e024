// SPDX-License-Identifier: GPL-2.0-or-later
/* test_tamper_stop.c - a card that is switched off before its last call let the wipe begin. */
#include <pthread.h>
#include <sched.h>
#include <time.h>

#include "fw_int.h"
#include "wiped.h"

static struct before before;
static atomic_bool holding, let_go;

/* Somebody reads slowly: the store commits nothing meanwhile. */
static int slowly(void *opaque, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	(void)opaque, (void)kind, (void)id, (void)data, (void)len;
	atomic_store(&holding, true);
	while (!atomic_load(&let_go))
		sched_yield();
	return 1;
}

static void *read_slowly(void *arg)
{
	struct card *c = arg;

	c->store->ops->scan(c->store, STORE_META, 0, slowly, NULL);
	return NULL;
}

static void *let_go_later(void *arg)
{
	const struct timespec moment = { 0, 300000000 };

	nanosleep(&moment, NULL);
	atomic_store(&let_go, true);
	return arg;
}

/*
 * The record of a session that ended is on its way when the tamper comes, so the wipe has
 * to wait; nobody waits for that record, and the card goes.
 */
static void with_a_record_on_its_way(void **state)
{
	struct card *c = *state;
	pthread_t reader, timer;

	fill_card(c, &before);
	assert_int_equal(pthread_create(&reader, NULL, read_slowly, c), 0);
	while (!atomic_load(&holding))
		sched_yield();
	assert_int_equal(send(c, ALICE, begin(HSM_CMD_SESSION_CLOSE, FIRST_SESSION)), 0);
	fw_tamper(c->fw);
	assert_true(atomic_load(&c->fw->gate) & FW_WIPING);
	assert_int_equal(pthread_create(&timer, NULL, let_go_later, NULL), 0);
	fw_free(c->fw);
	c->fw = NULL;
	pthread_join(timer, NULL);
	pthread_join(reader, NULL);
	c->store->ops->close(c->store);
	c->store = NULL;
	assert_non_null(strstr(c->log, "are destroyed"));
	if (!card_start(c))
		fail_msg("%s", c->err);
	check_fresh(c, &before);
}

int main(void)
{
#define F(f) cmocka_unit_test_setup_teardown(f, setup_users_sqlite, teardown)
	const struct CMUnitTest tests[] = {
		F(with_a_record_on_its_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
