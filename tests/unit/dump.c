// SPDX-License-Identifier: GPL-2.0-or-later
/* dump.c - a key's attributes and inside. */
#include "dump.h"

const struct object *peek(struct card *c, uint64_t handle)
{
	const struct object *o = object_by_handle(&c->fw->objects, handle);

	assert_non_null(o);
	return o;
}

void check_all(struct card *c, uint64_t handle, const struct dump_line *e, size_t n)
{
	struct tlv_reader r;
	struct tlv t;
	size_t i, b;

	assert_int_equal(attrs(c, ALICE, handle, HSM_ATTR_ALL), 0);
	tlv_read_init(&r, last()->out + HEAD, last()->req.out_len - HEAD);
	for (i = 0; i < n; i++) {
		long v = 0;

		assert_true(tlv_next(&r, &t));
		assert_int_equal(t.tag, e[i].number);
		for (b = t.len; b-- > 0 && e[i].value >= 0;)
			v = v << 8 | t.p[b];
		if (e[i].value >= 0)
			assert_int_equal(v, e[i].value);
	}
	assert_true(tlv_next(&r, &t) && t.tag == HSM_TAG_NODE);
	assert_false(tlv_next(&r, &t));
}

void check_kcv(struct card *c, uint64_t h, const uint8_t want[3])
{
	struct tlv t;

	assert_int_equal(attrs(c, ALICE, h, HSM_ATTR_KCV), 0);
	assert_true(reply_find(last(), HSM_ATTR_KCV, &t) && t.len == 3);
	assert_memory_equal(t.p, want, 3);
}
