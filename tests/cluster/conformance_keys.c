// SPDX-License-Identifier: GPL-2.0-or-later
/* conformance_keys.c - keys that are made on one card and seen on all. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lab.h"

static void test_create_here_see_there(void **state)
{
	struct lab *l = *state;
	uint64_t handle = lab_made(l, 0, "key");

	lab_check_nodes(l, 0, l->n, 0);
	for (unsigned int i = 0; i < l->n; i++) {
		assert_int_equal(lab_found(l, i, ALICE, "key"), 1);
		call_handle(lab_last(), HSM_CMD_KEY_INFO, LAB_SESSION, handle);
		assert_int_equal(lab_ask(l, i, ALICE, lab_last()), 0);
		assert_int_equal(lab_found(l, i, BOB, "key"), 0);
	}
	assert_true(lab_made(l, 2, "another") > handle);
	lab_same(l);
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* @n calls of each of @cards cards at once; handles of those that were made. */
static size_t create_many(struct lab *l, unsigned int cards, unsigned int n, bool same_id,
			  uint64_t *handles)
{
	struct call_msg *m = calloc(cards * n, sizeof(*m));
	char label[32], id[32];
	size_t made = 0;

	for (unsigned int k = 0; k < n; k++)
		for (unsigned int i = 0; i < cards; i++) {
			snprintf(label, sizeof(label), "many %u %u", i, k);
			snprintf(id, sizeof(id), "id %u", same_id ? k : k * cards + i);
			call_aes(&m[k * cards + i], LAB_SESSION, label, id);
			lab_send(l, i, ALICE, &m[k * cards + i]);
		}
	for (unsigned int k = 0; k < cards * n; k++) {
		uint32_t status = lab_await(l, &m[k]);

		assert_true(!status || (same_id && status == HSM_RV_ID_EXISTS));
		if (!status)
			handles[made++] = call_reply_u64(&m[k], HSM_TAG_HANDLE);
	}
	free(m);
	qsort(handles, made, sizeof(*handles), compare);
	for (size_t i = 1; i < made; i++)
		assert_true(handles[i] != handles[i - 1]);
	return made;
}

static void test_concurrent_creates(void **state)
{
	struct lab *l = *state;
	uint64_t handles[90];

	assert_int_equal(create_many(l, l->n, 30, false, handles), l->n * 30);
	lab_same(l);
}

static void test_one_id_once(void **state)
{
	struct lab *l = *state;
	uint64_t handles[60];

	assert_int_equal(create_many(l, l->n, 20, true, handles), 20);
	lab_same(l);
}

static void delete_key(struct lab *l, unsigned int i, uint64_t handle)
{
	call_handle(lab_last(), HSM_CMD_KEY_DELETE, LAB_SESSION, handle);
	assert_int_equal(lab_ask(l, i, ALICE, lab_last()), 0);
}

static void test_thousand_creates(void **state)
{
	struct lab *l = *state;
	unsigned int cards = l->n > 1 ? 2 : 1, n;
	uint64_t handles[100], last = 0;
	size_t made;

	for (n = 0; n < 1000; n += made) {
		made = create_many(l, cards, 50, false, handles);
		assert_int_equal(made, cards * 50);
		assert_true(handles[0] > last);
		last = handles[made - 1];
		for (size_t i = 0; i < made; i++)
			delete_key(l, (unsigned int)i % l->n, handles[i]);
	}
	lab_same(l);
}

static void test_delete(void **state)
{
	struct lab *l = *state;
	uint64_t handle = lab_made(l, 0, "key");

	call_handle(lab_last(), HSM_CMD_KEY_DELETE, LAB_SESSION, handle);
	assert_int_equal(lab_ask(l, 1, ALICE, lab_last()), 0);
	lab_check_nodes(l, 1, l->n, 0);
	for (unsigned int i = 0; i < l->n; i++)
		assert_int_equal(lab_found(l, i, ALICE, "key"), 0);
	call_handle(lab_last(), HSM_CMD_KEY_DELETE, LAB_SESSION, handle);
	assert_int_equal(lab_ask(l, 2, ALICE, lab_last()), HSM_RV_BAD_HANDLE);
	assert_true(lab_made(l, 2, "new") > handle);
	lab_same(l);
}

static void test_attributes(void **state)
{
	struct lab *l = *state;
	uint64_t handle = lab_made(l, 0, "old");

	call_handle(lab_last(), HSM_CMD_KEY_SET_ATTRS, LAB_SESSION, handle);
	call_add_text(lab_last(), HSM_ATTR_LABEL, "new");
	assert_int_equal(lab_ask(l, 2, ALICE, lab_last()), 0);
	lab_check_nodes(l, 2, l->n, 0);
	for (unsigned int i = 0; i < l->n; i++) {
		assert_int_equal(lab_found(l, i, ALICE, "old"), 0);
		assert_int_equal(lab_found(l, i, ALICE, "new"), 1);
	}
	lab_same(l);
}

static void share(struct lab *l, unsigned int i, uint64_t handle, bool on)
{
	call_handle(lab_last(), HSM_CMD_KEY_SHARE, LAB_SESSION, handle);
	call_add_u32(lab_last(), HSM_TAG_SHARE_USER, 4);
	call_add_u8(lab_last(), HSM_TAG_SHARE, on);
	assert_int_equal(lab_ask(l, i, ALICE, lab_last()), 0);
}

static void test_share(void **state)
{
	struct lab *l = *state;
	uint64_t handle = lab_made(l, 0, "key");

	share(l, 1, handle, true);
	for (unsigned int i = 0; i < l->n; i++)
		assert_int_equal(lab_found(l, i, BOB, "key"), 1);
	share(l, 2, handle, false);
	for (unsigned int i = 0; i < l->n; i++)
		assert_int_equal(lab_found(l, i, BOB, "key"), 0);
	lab_same(l);
}

static void test_session_key_stays(void **state)
{
	struct lab *l = *state;
	uint64_t handle, token;

	call_aes(lab_last(), LAB_SESSION, "session", NULL);
	call_add_u8(lab_last(), HSM_ATTR_TOKEN, 0);
	assert_int_equal(lab_ask(l, 0, ALICE, lab_last()), 0);
	lab_check_nodes(l, 0, 1, 0);
	handle = call_reply_u64(lab_last(), HSM_TAG_HANDLE);
	assert_int_equal(lab_found(l, 0, ALICE, "session"), 1);
	for (unsigned int i = 1; i < l->n; i++)
		assert_int_equal(lab_found(l, i, ALICE, "session"), 0);
	token = lab_made(l, 1, "token");
	assert_true(token != handle);
	assert_int_equal(lab_found(l, 0, ALICE, "token"), 1);
	assert_int_equal(lab_found(l, 0, ALICE, "session"), 1);
	lab_same(l);
}

static void test_survives_restart(void **state)
{
	struct lab *l = *state;

	lab_made(l, 0, "key");
	for (unsigned int i = 0; i < l->n; i++)
		lab_stop(l, i);
	for (unsigned int i = l->n; i-- > 0;) {
		if (!lab_start(l, i))
			fail_msg("card %u: %s", i, lab_card(l, i)->err);
		lab_login_all(l, i);
		assert_int_equal(lab_found(l, i, ALICE, "key"), 1);
	}
	lab_same(l);
	lab_made(l, 1, "another");
	lab_same(l);
}

int conformance_keys(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_create_here_see_there, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(test_concurrent_creates, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(test_one_id_once, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(test_thousand_creates, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(test_delete, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(test_attributes, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(test_share, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(test_session_key_stays, lab_setup, lab_teardown),
		cmocka_unit_test_setup_teardown(test_survives_restart, lab_setup, lab_teardown),
	};

	return cmocka_run_group_tests_name("keys", tests, NULL, NULL);
}
