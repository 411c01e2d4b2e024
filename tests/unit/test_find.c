// SPDX-License-Identifier: GPL-2.0-or-later
/* test_find.c - KEY_FIND: filters, what is seen, order, paging, the indexes. */
#include <stdio.h>

#include "fixture.h"
#include "fw_int.h"

static uint32_t find_text(struct card *c, uint32_t tag, const char *text)
{
	struct msg *m = begin_find();

	add_text(m, tag, text);
	return found(c, ALICE, m);
}

static uint32_t find_u32(struct card *c, uint32_t tag, uint32_t v)
{
	struct msg *m = begin_find();

	add_u32(m, tag, v);
	return found(c, ALICE, m);
}

static uint32_t find_token(struct card *c, uint8_t token)
{
	struct msg *m = begin_find();

	add_u8(m, HSM_ATTR_TOKEN, token);
	return found(c, ALICE, m);
}

/* Handle number @i of the last reply. */
static uint64_t hit(size_t i)
{
	struct tlv t;

	assert_true(reply_find(last(), HSM_TAG_HANDLES, &t));
	assert_true(t.len >= (i + 1) * 8);
	return get_le64(t.p + i * 8);
}

static size_t hits(void)
{
	struct tlv t;

	return reply_find(last(), HSM_TAG_HANDLES, &t) ? t.len / 8 : 0;
}

static void make_some(struct card *c)
{
	struct msg *m = begin_aes("one");

	add_text(m, HSM_ATTR_ID, "id-1");
	made(c, ALICE, m);						/* 6 */
	made(c, ALICE, begin_sym(HSM_KEY_DES3, 24, "two"));		/* 7 */
	m = begin_rsa("one");
	add_text(m, HSM_ATTR_ID, "id-rsa");
	made(c, ALICE, m);						/* 8, 9 */
	m = begin_aes("two");
	add_u8(m, HSM_ATTR_TOKEN, 0);
	made(c, ALICE, m);						/* 10 */
	m = begin_aes("shared");
	add_u32(m, HSM_TAG_SHARE_USER, ID_ALICE);
	made(c, BOB, m);						/* 11 */
	made(c, BOB, begin_aes("one"));					/* 12 */
}

static void nothing(void **state)
{
	assert_int_equal(found(*state, ALICE, begin_find()), 0);
	assert_int_equal(reply_count(last(), HSM_TAG_HANDLES), 0);
}

static void everything_in_order(void **state)
{
	size_t i;

	make_some(*state);
	assert_int_equal(found(*state, ALICE, begin_find()), 6);
	for (i = 0; i < 6; i++)
		assert_int_equal(hit(i), 6 + i);
	assert_int_equal(found(*state, BOB, begin_find()), 3);	/* 8, 11, 12 */
	assert_int_equal(hit(0), 8);
	assert_int_equal(hit(2), 12);
}

static void by_label(void **state)
{
	make_some(*state);
	assert_int_equal(find_text(*state, HSM_ATTR_LABEL, "one"), 3);
	assert_int_equal(hit(0), 6);
	assert_int_equal(hit(1), 8);
	assert_int_equal(hit(2), 9);
	assert_int_equal(find_text(*state, HSM_ATTR_LABEL, "On"), 0);
	assert_int_equal(find_text(*state, HSM_ATTR_LABEL, "ONE"), 0);
}

static void by_id(void **state)
{
	make_some(*state);
	assert_int_equal(find_text(*state, HSM_ATTR_ID, "id-1"), 1);
	assert_int_equal(hit(0), 6);
	assert_int_equal(find_text(*state, HSM_ATTR_ID, "id-rsa"), 2);
	assert_int_equal(find_text(*state, HSM_ATTR_ID, "id"), 0);
}

static void by_class_and_type(void **state)
{
	make_some(*state);
	assert_int_equal(find_u32(*state, HSM_ATTR_CLASS, HSM_KEY_CLASS_PUBLIC), 1);
	assert_int_equal(hit(0), 8);
	assert_int_equal(find_u32(*state, HSM_ATTR_CLASS, HSM_KEY_CLASS_PRIVATE), 1);
	assert_int_equal(hit(0), 9);
	assert_int_equal(find_u32(*state, HSM_ATTR_CLASS, HSM_KEY_CLASS_SECRET), 4);
	assert_int_equal(find_u32(*state, HSM_ATTR_KEY_TYPE, HSM_KEY_DES3), 1);
	assert_int_equal(hit(0), 7);
	assert_int_equal(find_u32(*state, HSM_ATTR_KEY_TYPE, HSM_KEY_RSA), 2);
	assert_int_equal(find_u32(*state, HSM_ATTR_KEY_TYPE, 99), 0);
}

static void by_token(void **state)
{
	make_some(*state);
	assert_int_equal(find_token(*state, 0), 1);
	assert_int_equal(hit(0), 10);
	assert_int_equal(find_token(*state, 1), 5);
}

static void by_kcv(void **state)
{
	struct msg *m;
	uint8_t kcv[3];
	struct tlv t;

	make_some(*state);
	assert_int_equal(attrs(*state, ALICE, 6, HSM_ATTR_KCV), 0);
	assert_true(reply_find(last(), HSM_ATTR_KCV, &t) && t.len == 3);
	memcpy(kcv, t.p, 3);
	m = begin_find();
	add(m, HSM_ATTR_KCV, kcv, 3);
	assert_int_equal(found(*state, ALICE, m), 1);
	assert_int_equal(hit(0), 6);
}

static void by_modulus(void **state)
{
	uint8_t modulus[256];
	struct msg *m;
	struct tlv t;

	make_some(*state);
	assert_int_equal(attrs(*state, ALICE, 8, HSM_ATTR_MODULUS), 0);
	assert_true(reply_find(last(), HSM_ATTR_MODULUS, &t) && t.len == 256);
	memcpy(modulus, t.p, 256);
	m = begin_find();
	add(m, HSM_ATTR_MODULUS, modulus, 256);
	assert_int_equal(found(*state, ALICE, m), 2);
	assert_int_equal(hit(0), 8);
	m = begin_find();
	add(m, HSM_ATTR_MODULUS, modulus, 255);
	assert_int_equal(found(*state, ALICE, m), 0);
}

/* Keys that each of the users may use; public keys are anyone's who exists. */
static void by_users(void **state)
{
	struct msg *m;

	make_some(*state);
	assert_int_equal(find_u32(*state, HSM_TAG_SHARE_USER, ID_BOB), 2);
	assert_int_equal(hit(0), 8);
	assert_int_equal(hit(1), 11);
	m = begin_find();
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u32(m, HSM_TAG_SHARE_USER, ID_ALICE);
	assert_int_equal(found(*state, ALICE, m), 2);
	m = begin_find();
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u32(m, HSM_TAG_SHARE_USER, 77);
	assert_int_equal(found(*state, ALICE, m), 0);
}

static void filters_together(void **state)
{
	struct msg *m = begin_find();

	make_some(*state);
	m = begin_find();
	add_text(m, HSM_ATTR_LABEL, "one");
	add_u32(m, HSM_ATTR_CLASS, HSM_KEY_CLASS_PRIVATE);
	assert_int_equal(found(*state, ALICE, m), 1);
	assert_int_equal(hit(0), 9);
	m = begin_find();
	add_text(m, HSM_ATTR_LABEL, "two");
	add_text(m, HSM_ATTR_ID, "id-1");
	assert_int_equal(found(*state, ALICE, m), 0);
}

static void start_and_room(void **state)
{
	struct msg *m;

	make_some(*state);
	assert_int_equal(find_u32(*state, HSM_TAG_START, 4), 6);
	assert_int_equal(hits(), 2);
	assert_int_equal(hit(0), 10);
	assert_int_equal(find_u32(*state, HSM_TAG_START, 6), 6);
	assert_int_equal(hits(), 0);
	assert_int_equal(find_u32(*state, HSM_TAG_START, 0xffffffffu), 6);
	assert_int_equal(hits(), 0);
	m = begin_find();
	m->room = 16 + 12 + 16 + 8 + 3 * 8 + 7;
	assert_int_equal(found(*state, ALICE, m), 6);
	assert_int_equal(hits(), 3);
	assert_int_equal(hit(2), 8);
	m = begin_find();
	add_u32(m, HSM_TAG_START, 2);
	m->room = 16 + 12 + 16 + 8 + 3 * 8 + 7;
	assert_int_equal(found(*state, ALICE, m), 6);
	assert_int_equal(hits(), 3);
	m = begin_find();
	m->room = 16 + 12 + 16 + 8 + 8 - 1;
	assert_int_equal(exec(*state, ALICE, m), FW_NO_ROOM);
}

static void deleted_key_is_not_found(void **state)
{
	make_some(*state);
	assert_int_equal(delete_key(*state, ALICE, 8), 0);
	assert_int_equal(find_text(*state, HSM_ATTR_LABEL, "one"), 2);
	assert_int_equal(find_text(*state, HSM_ATTR_ID, "id-rsa"), 1);
	assert_int_equal(found(*state, ALICE, begin_find()), 5);
}

static void pending_key_is_not_found(void **state)
{
	struct card *c = *state;
	struct msg *m = malloc(sizeof(*m));

	assert_non_null(m);
	memcpy(m, begin_aes("soon"), sizeof(*m));
	c->gate->hold = true;
	exec_begin(c, ALICE, m);
	assert_false(m->done);
	assert_int_equal(found(c, ALICE, begin_find()), 0);
	assert_int_equal(find_text(c, HSM_ATTR_LABEL, "soon"), 0);
	assert_int_equal(info(c, ALICE, 6), HSM_RV_BAD_HANDLE);
	gate_let_go(c->gate, 0);
	wait_done(m);
	assert_int_equal(find_text(c, HSM_ATTR_LABEL, "soon"), 1);
	free(m);
}

static void many_keys_in_pages(void **state)
{
	struct card *c = *state;
	uint64_t next = 6;
	uint32_t start = 0, i;
	struct msg *m;

	for (i = 0; i < 9000; i++) {
		m = begin_aes("bulk");
		add_u8(m, HSM_ATTR_TOKEN, 0);
		assert_int_equal(send(c, ALICE, m), 0);
	}
	while (start < 9000) {
		m = begin_find();
		add_text(m, HSM_ATTR_LABEL, "bulk");
		add_u32(m, HSM_TAG_START, start);
		assert_int_equal(found(c, ALICE, m), 9000);
		for (i = 0; i < hits(); i++)
			assert_int_equal(hit(i), next++);
		start += hits();
	}
	assert_int_equal(next, 9006);
}

static unsigned int candidates(struct card *c, enum object_index by, const void *p, size_t len)
{
	const struct object *o = NULL;
	unsigned int n = 0;

	while ((o = object_candidate(&c->fw->objects, by, (struct bytes){ p, len }, o)))
		n++;
	return n;
}

/* All that an index search looks at: as many candidates as there are matches. */
static void index_is_used(void **state)
{
	struct card *c = *state;
	struct object *o;
	uint64_t h = 0;
	unsigned int i;
	char name[16];

	for (i = 0; i < 500; i++) {
		struct msg *m;

		snprintf(name, sizeof(name), "label-%u", i);
		m = begin_aes(name);
		add_u8(m, HSM_ATTR_TOKEN, 0);
		add_text(m, HSM_ATTR_ID, name);
		h = made(c, ALICE, m);
	}
	assert_int_equal(candidates(c, BY_LABEL, "label-77", 8), 1);
	assert_int_equal(candidates(c, BY_ID, "label-77", 8), 1);
	o = object_by_handle(&c->fw->objects, h);
	assert_int_equal(candidates(c, BY_KCV, o->kcv, 3), 1);
	assert_int_equal(find_text(c, HSM_ATTR_LABEL, "label-77"), 1);
	o = object_by_handle(&c->fw->objects, made(c, ALICE, begin_rsa("pair")));
	assert_int_equal(candidates(c, BY_MODULUS, object_modulus(o).p, 256), 2);
	assert_int_equal(candidates(c, BY_KCV, o->kcv, 3), 2);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		T(nothing), T(everything_in_order), T(by_label), T(by_id), T(by_class_and_type),
		T(by_token), T(by_kcv), T(by_modulus), T(by_users), T(filters_together),
		T(start_and_room), T(deleted_key_is_not_found), T(pending_key_is_not_found),
		T(many_keys_in_pages), T(index_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
