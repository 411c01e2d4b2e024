// SPDX-License-Identifier: GPL-2.0-or-later
/* test_selftest.c - the self-tests pass, and each of them can fail: then there is no card. */
#include <stdio.h>

#include "crypto.h"
#include "fixture.h"
#include "posix.h"
#include "selftest.h"

const char *__real_fc_selftest(const char *fault);
const char *__wrap_fc_selftest(const char *fault);

/* The test that goes wrong when a card starts. */
static const char *spoilt;

const char *__wrap_fc_selftest(const char *fault)
{
	return __real_fc_selftest(fault ? fault : spoilt);
}

static void passes(void **state)
{
	(void)state;
	assert_null(fc_selftest(NULL));
	assert_null(fc_selftest("no such test"));
	assert_null(fc_selftest(""));
}

static unsigned int each(const struct selftest *t, void (*fn)(const char *name))
{
	unsigned int n = 0;

	for (; t->name; t++, n++)
		fn(t->name);
	return n;
}

static void for_each(void (*fn)(const char *name))
{
	/* As many as there were: none got lost. */
	assert_true(each(selftests, fn) >= 9);
	assert_true(each(selftests_key, fn) >= 9);
}

static void fails(const char *name)
{
	const char *failed = fc_selftest(name);

	assert_non_null(failed);
	assert_string_equal(failed, name);
}

/* A fault in one is reported under its name, and does not last. */
static void each_can_fail(void **state)
{
	(void)state;
	for_each(fails);
	assert_null(fc_selftest(NULL));
}

static struct card card;

static void no_card(const char *name)
{
	char want[128];
	bool started;

	spoilt = name;
	started = card_start(&card);
	spoilt = NULL;
	assert_false(started);
	snprintf(want, sizeof(want), "self-test failed: %s", name);
	assert_string_equal(card.err, want);
}

static void no_card_if_one_fails(void **state)
{
	(void)state;
	card_init(&card, NULL);
	for_each(no_card);
	assert_true(card_start(&card));
	card_free(&card);
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
		cmocka_unit_test(no_card_if_one_fails),
		cmocka_unit_test(is_short),
	};

	return cmocka_run_group_tests_name("selftest", tests, NULL, NULL);
}
