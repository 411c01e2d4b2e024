// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_unwrap.c - the attributes of an unwrapped key: the union of request, TEMPLATE,
 * UNWRAP_TEMPLATE and header, where no two may disagree (S4).
 */
#include "using.h"

static struct blob wrapped, bare;

enum source { REQUEST, TEMPLATE, UNWRAP_TEMPLATE, HEADER, SOURCES };

/* Booleans that an AES key may have either way. */
static const struct {
	uint32_t attr;
	bool waivable;		/* a request of 0 wins over a header of 1 */
	bool header[2];		/* a wrapped key can have that value */
} bools[] = {
	{ HSM_ATTR_ENCRYPT, false, { true, true } },
	{ HSM_ATTR_DECRYPT, false, { true, true } },
	{ HSM_ATTR_WRAP, false, { true, true } },
	{ HSM_ATTR_UNWRAP, false, { true, true } },
	{ HSM_ATTR_SIGN, false, { true, true } },
	{ HSM_ATTR_VERIFY, false, { true, true } },
	{ HSM_ATTR_DESTROYABLE, false, { true, true } },
	{ HSM_ATTR_WRAP_WITH_TRUSTED, false, { true, false } },
	{ HSM_ATTR_TOKEN, true, { true, true } },
	{ HSM_ATTR_EXTRACTABLE, true, { false, true } },
};
#define N_BOOLS (sizeof(bools) / sizeof(bools[0]))

static uint32_t make_template(struct card *c, uint32_t attr, uint8_t v)
{
	struct msg *m = begin(HSM_CMD_TEMPLATE, FIRST_SESSION);

	add_u8(m, attr, v);
	assert_int_equal(send(c, ALICE, m), 0);
	return reply_u32(m, HSM_TAG_TEMPLATE);
}

static void set_unwrap_template(struct card *c, uint64_t kek, const void *tlvs, size_t len)
{
	assert_int_equal(set_bytes(c, ALICE, kek, HSM_ATTR_UNWRAP_TEMPLATE, tlvs, len), 0);
}

static void put_tlv(uint8_t *p, uint32_t tag, const void *v, size_t len)
{
	put_le32(p, tag);
	put_le32(p + 4, (uint32_t)len);
	memcpy(p + 8, v, len);
}

struct pair {
	enum source a, b;
	uint8_t va, vb;
};

/* The value that @source has, or -1. */
static int value(const struct pair *p, enum source source)
{
	return source == p->a ? p->va : source == p->b ? p->vb : -1;
}

/* A key to unwrap, in @wrapped: with a header that says @v of @attr, or without any. */
static void make_wrapped(struct card *c, uint64_t kek, uint32_t attr, int v)
{
	struct msg *m;

	set_unwrap_template(c, kek, "", 0);
	if (v < 0) {
		wrapped = bare;
		return;
	}
	m = begin_aes("wrapped");
	if (attr != HSM_ATTR_TOKEN)
		add_u8(m, HSM_ATTR_TOKEN, 0);
	add_u8(m, attr, (uint8_t)v);
	wrap_key(c, made(c, ALICE, m), kek, HSM_WRAP_AES_PAD, &wrapped);
}

static uint32_t unwrap_pair(struct card *c, uint64_t kek, uint32_t attr, const struct pair *p)
{
	int header = value(p, HEADER), template = value(p, TEMPLATE), request = value(p, REQUEST);
	uint8_t tlv[9], v = (uint8_t)value(p, UNWRAP_TEMPLATE);
	uint32_t id = 0;
	struct msg *m;

	make_wrapped(c, kek, attr, header);
	if (value(p, UNWRAP_TEMPLATE) >= 0) {
		put_tlv(tlv, attr, &v, 1);
		set_unwrap_template(c, kek, tlv, sizeof(tlv));
	}
	if (template >= 0)
		id = make_template(c, attr, (uint8_t)template);
	m = begin_unwrap(kek, HSM_WRAP_AES_PAD, &wrapped);
	if (id)
		add_u32(m, HSM_TAG_TEMPLATE, id);
	if (request >= 0)
		add_u8(m, attr, (uint8_t)request);
	if (header < 0) {
		add_u32(m, HSM_ATTR_CLASS, HSM_KEY_CLASS_SECRET);
		add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
		add_text(m, HSM_ATTR_LABEL, "bare");
		add_no_header(m);
	}
	return send(c, ALICE, m);
}

static void check_pair(struct card *c, uint64_t kek, size_t i, const struct pair *p)
{
	bool waived = bools[i].waivable && p->a == REQUEST && p->b == HEADER && !p->va;
	uint32_t status;

	if (p->b == HEADER && !bools[i].header[p->vb])
		return;
	status = unwrap_pair(c, kek, bools[i].attr, p);
	if (p->va != p->vb && !waived) {
		if (status != HSM_RV_TEMPLATE_CONFLICT)
			fail_msg("0x%x: %d says %d, %d says %d: 0x%x", bools[i].attr, p->a, p->va, p->b,
				 p->vb, status);
		assert_int_equal(bad_tag(last()), bools[i].attr);
		return;
	}
	if (status)
		fail_msg("0x%x: %d and %d say %d: 0x%x", bools[i].attr, p->a, p->b, p->va, status);
	assert_int_equal(attr_u32(c, ALICE, reply_u64(last(), HSM_TAG_HANDLE), bools[i].attr), p->va);
}

static void every_pair_of_sources(void **state)
{
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32), key = make_secret(c, HSM_KEY_AES, 32);
	struct msg *m = begin_wrap(key, kek, HSM_WRAP_AES_PAD);
	struct pair p;
	size_t i;
	int v;

	add_no_header(m);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &bare);
	for (i = 0; i < N_BOOLS; i++) {
		for (p.a = REQUEST; p.a < SOURCES; p.a++) {
			for (p.b = p.a + 1; p.b < SOURCES; p.b++) {
				for (v = 0; v < 4; v++) {
					p.va = v & 1;
					p.vb = v >> 1 & 1;
					check_pair(c, kek, i, &p);
				}
			}
		}
	}
}

/* What nobody names is as at birth. */
static void defaults(void **state)
{
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32), in;
	struct msg *m = begin_unwrap(kek, HSM_WRAP_AES_PAD, &bare);

	add_kind(m, HSM_KEY_CLASS_SECRET, HSM_KEY_AES);
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_PKCS_DATA);	/* another kek's */
	m = begin_wrap(make_secret(c, HSM_KEY_AES, 32), kek, HSM_WRAP_AES_PAD);
	add_no_header(m);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &bare);
	m = begin_unwrap(kek, HSM_WRAP_AES_PAD, &bare);
	add_u32(m, HSM_ATTR_CLASS, HSM_KEY_CLASS_SECRET);
	add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
	add_text(m, HSM_ATTR_LABEL, "in");
	add_no_header(m);
	in = made(c, ALICE, m);
	assert_int_equal(attr_u32(c, ALICE, in, HSM_ATTR_TOKEN), 1);
	assert_int_equal(attr_u32(c, ALICE, in, HSM_ATTR_EXTRACTABLE), 1);
	assert_int_equal(attr_u32(c, ALICE, in, HSM_ATTR_SENSITIVE), 1);
	assert_int_equal(attr_u32(c, ALICE, in, HSM_ATTR_ENCRYPT), 1);
	assert_int_equal(attr_u32(c, ALICE, in, HSM_ATTR_LOCAL), 0);
	assert_int_equal(attr_u32(c, ALICE, in, HSM_ATTR_ALWAYS_SENSITIVE), 0);
	assert_int_equal(info(c, ALICE, in), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_OWNER), ID_ALICE);
}

static void names_and_numbers(void **state)
{
	static const struct {
		uint32_t tag;
		const char *template, *request;
		size_t len;
		uint32_t status;
	} cases[] = {
		{ HSM_ATTR_CLASS, "\4\0\0\0", "\4\0\0\0", 4, 0 },
		{ HSM_ATTR_CLASS, "\4\0\0\0", "\3\0\0\0", 4, HSM_RV_TEMPLATE_CONFLICT },
		{ HSM_ATTR_KEY_TYPE, "\x10\0\0\0", "\x1f\0\0\0", 4, HSM_RV_TEMPLATE_CONFLICT },
		{ HSM_ATTR_LABEL, "one", "one", 3, 0 },
		{ HSM_ATTR_LABEL, "one", "two", 3, HSM_RV_TEMPLATE_CONFLICT },
		{ HSM_ATTR_ID, "id1", "id2", 3, HSM_RV_TEMPLATE_CONFLICT },
	};
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32);
	struct msg *m = begin_wrap(make_secret(c, HSM_KEY_AES, 32), kek, HSM_WRAP_AES_PAD);
	size_t i;

	add_no_header(m);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &bare);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t id;

		m = begin(HSM_CMD_TEMPLATE, FIRST_SESSION);
		add(m, cases[i].tag, cases[i].template, cases[i].len);
		assert_int_equal(send(c, ALICE, m), 0);
		id = reply_u32(m, HSM_TAG_TEMPLATE);
		m = begin_unwrap(kek, HSM_WRAP_AES_PAD, &bare);
		add_u32(m, HSM_TAG_TEMPLATE, id);
		add_no_header(m);
		add(m, cases[i].tag, cases[i].request, cases[i].len);
		if (cases[i].tag != HSM_ATTR_CLASS)
			add_u32(m, HSM_ATTR_CLASS, HSM_KEY_CLASS_SECRET);
		if (cases[i].tag != HSM_ATTR_KEY_TYPE)
			add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
		if (cases[i].tag != HSM_ATTR_LABEL)
			add_text(m, HSM_ATTR_LABEL, "label");
		assert_int_equal(send(c, ALICE, m), cases[i].status);
		if (cases[i].status)
			assert_int_equal(bad_tag(m), cases[i].tag);
	}
}

/* The label of the request wins over the header's; that of a template may not differ. */
static void labels_and_headers(void **state)
{
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32), in;
	struct msg *m;
	struct tlv t;
	uint32_t id;

	wrap_key(c, make_secret(c, HSM_KEY_AES, 32), kek, HSM_WRAP_AES_PAD, &wrapped);
	m = begin_unwrap(kek, HSM_WRAP_AES_PAD, &wrapped);
	add_text(m, HSM_ATTR_LABEL, "mine");
	in = made(c, ALICE, m);
	assert_int_equal(attrs(c, ALICE, in, HSM_ATTR_LABEL), 0);
	assert_true(reply_find(last(), HSM_ATTR_LABEL, &t) && t.len == 4 && !memcmp(t.p, "mine", 4));
	m = begin(HSM_CMD_TEMPLATE, FIRST_SESSION);
	add_text(m, HSM_ATTR_LABEL, "mine");
	assert_int_equal(send(c, ALICE, m), 0);
	id = reply_u32(m, HSM_TAG_TEMPLATE);
	m = begin_unwrap(kek, HSM_WRAP_AES_PAD, &wrapped);
	add_u32(m, HSM_TAG_TEMPLATE, id);
	assert_int_equal(send(c, ALICE, m), HSM_RV_TEMPLATE_CONFLICT);
	m = begin_unwrap(kek, HSM_WRAP_AES_PAD, &wrapped);
	add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_GENERIC);
	assert_int_equal(send(c, ALICE, m), HSM_RV_TEMPLATE_CONFLICT);
}

static void missing_without_header(void **state)
{
	static const uint32_t needed[] = { HSM_ATTR_CLASS, HSM_ATTR_KEY_TYPE, HSM_ATTR_LABEL };
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32);
	size_t i;

	for (i = 0; i < 3; i++) {
		struct msg *m = begin_unwrap(kek, HSM_WRAP_AES_PAD, &bare);

		add_no_header(m);
		if (i != 0)
			add_u32(m, HSM_ATTR_CLASS, HSM_KEY_CLASS_SECRET);
		if (i != 1)
			add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
		if (i != 2)
			add_text(m, HSM_ATTR_LABEL, "label");
		assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_MESSAGE);
		assert_int_equal(bad_tag(m), needed[i]);
	}
}

static void refuse(struct card *c, struct msg *m, uint32_t status, uint32_t tag)
{
	uint32_t before = found(c, ALICE, begin_find());
	static struct msg kept;

	kept = *m;
	assert_int_equal(send(c, ALICE, &kept), status);
	assert_int_equal(bad_tag(&kept), tag);
	assert_int_equal(found(c, ALICE, begin_find()), before);
}

static struct msg *unwrap_as(uint64_t kek, uint32_t mech, uint32_t class, uint32_t type)
{
	struct msg *m = begin_unwrap(kek, mech, &bare);

	add_kind(m, class, type);
	return m;
}

static void refusals(void **state)
{
	struct card *c = *state;
	uint64_t kek = make_secret(c, HSM_KEY_AES, 32), rsa = make_pair(c, HSM_KEY_RSA, 0);
	uint64_t no_unwrap = make_with(c, HSM_KEY_AES, 32, HSM_ATTR_UNWRAP, 0);
	static struct msg m;

	m = *unwrap_as(no_unwrap, HSM_WRAP_AES_PAD, 4, HSM_KEY_AES);
	refuse(c, &m, HSM_RV_KEY_FUNCTION, HSM_TAG_WRAP_HANDLE);
	m = *unwrap_as(rsa, HSM_WRAP_RSA_OAEP, 4, HSM_KEY_AES);
	refuse(c, &m, HSM_RV_KEY_FUNCTION, HSM_TAG_WRAP_HANDLE);
	m = *unwrap_as(kek, HSM_WRAP_RSA_OAEP, 4, HSM_KEY_AES);
	refuse(c, &m, HSM_RV_BAD_KEY_TYPE, HSM_TAG_WRAP_HANDLE);
	m = *unwrap_as(kek, 3, 4, HSM_KEY_AES);
	refuse(c, &m, HSM_RV_BAD_MECHANISM, HSM_TAG_WRAP_MECHANISM);
	m = *unwrap_as(kek, HSM_WRAP_AES_PAD, 2, HSM_KEY_RSA);
	refuse(c, &m, HSM_RV_BAD_ATTRIBUTE, HSM_ATTR_CLASS);
	m = *unwrap_as(kek, HSM_WRAP_AES_PAD, 4, HSM_KEY_RSA);
	refuse(c, &m, HSM_RV_BAD_ATTRIBUTE, HSM_ATTR_KEY_TYPE);
	m = *unwrap_as(kek, HSM_WRAP_AES_PAD, 4, HSM_KEY_GENERIC);
	add_u8(&m, HSM_ATTR_WRAP, 1);
	refuse(c, &m, HSM_RV_BAD_ATTRIBUTE, HSM_ATTR_WRAP);
	m = *unwrap_as(kek, HSM_WRAP_AES_GCM, 4, HSM_KEY_AES);
	refuse(c, &m, HSM_RV_BAD_MESSAGE, HSM_TAG_IV);
	m = *unwrap_as(999, HSM_WRAP_AES_PAD, 4, HSM_KEY_AES);
	refuse(c, &m, HSM_RV_BAD_HANDLE, HSM_TAG_WRAP_HANDLE);
	m = *unwrap_as(kek, HSM_WRAP_AES_PAD, 4, HSM_KEY_AES);
	add_u32(&m, HSM_TAG_SHARE_USER, 77);
	refuse(c, &m, HSM_RV_USER_UNKNOWN, HSM_TAG_SHARE_USER);
	m = *unwrap_as(kek, HSM_WRAP_AES_PAD, 4, HSM_KEY_AES);
	add_u32(&m, HSM_TAG_TEMPLATE, 77);
	refuse(c, &m, HSM_RV_NO_OPERATION, HSM_TAG_TEMPLATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_of_sources),
		cmocka_unit_test(defaults),
		cmocka_unit_test(names_and_numbers),
		cmocka_unit_test(labels_and_headers),
		cmocka_unit_test(missing_without_header),
		cmocka_unit_test(refusals),
	};

	return cmocka_run_group_tests(tests, setup_users, teardown);
}
