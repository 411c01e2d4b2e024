// SPDX-License-Identifier: GPL-2.0-or-later
/* test_tlv.c - limits of the TLV reader and writer. */
#include "fixture.h"

static const uint8_t two[] = {
	1, 0, 0, 0, 2, 0, 0, 0, 0xaa, 0xbb,
	2, 0, 0, 0x80, 0, 0, 0, 0,
};

static void read_list(void **state)
{
	struct tlv_reader r;
	struct tlv t;

	(void)state;
	tlv_read_init(&r, two, sizeof(two));
	assert_true(tlv_next(&r, &t));
	assert_int_equal(t.tag, 1);
	assert_int_equal(t.len, 2);
	assert_ptr_equal(t.p, two + 8);
	assert_true(tlv_next(&r, &t));
	assert_int_equal(t.tag, 0x80000002u);
	assert_int_equal(t.len, 0);
	assert_false(tlv_next(&r, &t));
	assert_false(r.bad);
}

static void read_nothing(void **state)
{
	struct tlv_reader r;
	struct tlv t;

	(void)state;
	tlv_read_init(&r, NULL, 0);
	assert_false(tlv_next(&r, &t));
	assert_false(r.bad);
}

/* Every length that cuts the list somewhere: whole TLVs are read, the cut one is bad. */
static void read_cut_anywhere(void **state)
{
	size_t len;

	(void)state;
	for (len = 1; len < sizeof(two); len++) {
		uint8_t *copy = malloc(len);
		struct tlv_reader r;
		struct tlv t;
		size_t n = 0;

		assert_non_null(copy);
		memcpy(copy, two, len);
		tlv_read_init(&r, copy, len);
		while (tlv_next(&r, &t))
			n++;
		assert_int_equal(n, len >= 10 ? 1 : 0);
		assert_int_equal(r.bad, len != 10);
		assert_int_equal(r.has_bad_tag, len == 8 || len == 9);
		assert_false(tlv_next(&r, &t));
		free(copy);
	}
}

static void read_length_wraps(void **state)
{
	const uint8_t huge[] = { 7, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 2 };
	struct tlv_reader r;
	struct tlv t;

	(void)state;
	tlv_read_init(&r, huge, sizeof(huge));
	assert_false(tlv_next(&r, &t));
	assert_true(r.bad && r.has_bad_tag);
	assert_int_equal(r.bad_tag, 7);
}

static void read_by_tag(void **state)
{
	struct tlv_reader r;
	struct tlv t;

	(void)state;
	tlv_read_init(&r, two, sizeof(two));
	assert_true(tlv_next_tag(&r, 0x80000002u, &t));
	assert_int_equal(t.len, 0);
	tlv_read_init(&r, two, sizeof(two));
	assert_false(tlv_next_tag(&r, 3, &t));
	assert_false(r.bad);
}

static void write_exact(void **state)
{
	static const uint8_t expect[] = { 4, 3, 2, 1, 4, 0, 0, 0, 0x44, 0x33, 0x22, 0x11 };
	uint8_t buf[sizeof(expect)];
	struct tlv_writer w;

	(void)state;
	tlv_write_init(&w, buf, sizeof(buf));
	tlv_put_u32(&w, 0x01020304, 0x11223344);
	assert_false(w.full);
	assert_int_equal(w.len, sizeof(expect));
	assert_memory_equal(buf, expect, sizeof(expect));
}

static void write_one_byte_short(void **state)
{
	uint8_t buf[20];
	struct tlv_writer w;

	(void)state;
	memset(buf, 0x5a, sizeof(buf));
	tlv_write_init(&w, buf, 11);
	tlv_put_u32(&w, 1, 2);
	assert_true(w.full);
	assert_int_equal(w.len, 0);
	assert_int_equal(w.need, 12);
	assert_int_equal(buf[0], 0x5a);
}

static void write_full_is_sticky(void **state)
{
	uint8_t buf[24];
	struct tlv_writer w;

	(void)state;
	tlv_write_init(&w, buf, sizeof(buf));
	tlv_put_u64(&w, 1, 2);
	tlv_put_u64(&w, 2, 3);
	assert_true(w.full);
	tlv_put(&w, 3, NULL, 0);	/* would fit */
	assert_int_equal(w.len, 16);
	assert_int_equal(w.need, 40);
}

static void write_without_buffer(void **state)
{
	struct tlv_writer w;

	(void)state;
	tlv_write_init(&w, NULL, 0);
	assert_null(tlv_reserve(&w, 1, 100));
	tlv_put_u8(&w, 2, 1);
	assert_int_equal(w.need, 117);
}

static void write_length_wraps(void **state)
{
	uint8_t buf[16];
	struct tlv_writer w;

	(void)state;
	tlv_write_init(&w, buf, sizeof(buf));
	assert_null(tlv_reserve(&w, 1, SIZE_MAX));
	assert_true(w.full);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(read_list),
		cmocka_unit_test(read_nothing),
		cmocka_unit_test(read_cut_anywhere),
		cmocka_unit_test(read_length_wraps),
		cmocka_unit_test(read_by_tag),
		cmocka_unit_test(write_exact),
		cmocka_unit_test(write_one_byte_short),
		cmocka_unit_test(write_full_is_sticky),
		cmocka_unit_test(write_without_buffer),
		cmocka_unit_test(write_length_wraps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
