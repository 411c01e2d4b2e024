// SPDX-License-Identifier: GPL-2.0-or-later
/* test_attr.c - KEY_SET_ATTRS, every kind, attribute, value, step and role, both policies. */
#include <stdio.h>

#include "fixture.h"
#include "fw_int.h"

/* In the order of enum key_kind. */
static const struct kind {
	uint32_t class, key_type;
	const char *name;
} kinds[] = {
	{ 4, HSM_KEY_AES, "AES" }, { 4, HSM_KEY_DES3, "DES3" }, { 4, HSM_KEY_GENERIC, "generic" },
	{ 4, HSM_KEY_RC4, "RC4" }, { 2, HSM_KEY_RSA, "RSA public" },
	{ 3, HSM_KEY_RSA, "RSA private" }, { 2, HSM_KEY_EC, "EC public" },
	{ 3, HSM_KEY_EC, "EC private" }, { 2, HSM_KEY_DSA, "DSA public" },
	{ 3, HSM_KEY_DSA, "DSA private" },
};

#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

/*
 * From docs/hsm-firmware.rst, "Changing attributes", kinds as above: f fixed; b owner,
 * both ways; u owner, up; d owner, down; o officer, both ways; - has it, but cannot
 * have it changed; . has not got it.
 */
static const struct rule {
	uint32_t number;
	int bit;
	char by_kind[N_KINDS + 1];
} rules[] = {
	{ HSM_ATTR_TOKEN, 0,			"uuuuuuuuuu" },
	{ HSM_ATTR_PRIVATE, 1,			"ffffffffff" },
	{ HSM_ATTR_ENCRYPT, 2,			"bbbbb-----" },
	{ HSM_ATTR_DECRYPT, 3,			"bbbb-b----" },
	{ HSM_ATTR_WRAP, 4,			"bb--b-----" },
	{ HSM_ATTR_UNWRAP, 5,			"bb---b----" },
	{ HSM_ATTR_SIGN, 6,			"bbb--b-b-b" },
	{ HSM_ATTR_VERIFY, 7,			"bbb-b-b-b-" },
	{ HSM_ATTR_LOCAL, 8,			"ffffffffff" },
	{ HSM_ATTR_SENSITIVE, 9,		"uuuu-u-u-u" },
	{ HSM_ATTR_EXTRACTABLE, 10,		"dddd-d-d-d" },
	{ HSM_ATTR_TRUSTED, 11,			"oo--oo----" },
	{ HSM_ATTR_WRAP_WITH_TRUSTED, 12,	"uuuu-u-u-u" },
	{ HSM_ATTR_DESTROYABLE, 13,		"bbbbbbbbbb" },
	{ HSM_ATTR_DERIVE, 14,			"ffffffffff" },
	{ HSM_ATTR_ALWAYS_SENSITIVE, 15,	"ffffffffff" },
	{ HSM_ATTR_NEVER_EXTRACTABLE, 16,	"ffffffffff" },
};

/* Attributes that are no booleans, with a value of the right size. */
static const struct {
	uint32_t number;
	const char *value;
	size_t len;
	char by_kind[N_KINDS + 1];	/* f, ., or b for what the owner sets, - for nobody */
} others[] = {
	{ HSM_ATTR_CLASS, "\4\0\0\0", 4,		"ffffffffff" },
	{ HSM_ATTR_KEY_TYPE, "\x1f\0\0\0", 4,		"ffffffffff" },
	{ HSM_ATTR_LABEL, "another", 7,			"bbbbbbbbbb" },
	{ HSM_ATTR_ID, "id", 2,				"ffffffffff" },
	{ HSM_ATTR_VALUE_LEN, "\x20\0\0\0", 4,		"ffffffffff" },
	{ HSM_ATTR_KCV, "abc", 3,			"ffffffffff" },
	{ HSM_ATTR_MODULUS, "\x80", 1,			"....ffffff" },
	{ HSM_ATTR_MODULUS_BITS, "\0\x08\0\0", 4,	"....ffffff" },
	{ HSM_ATTR_PUBLIC_EXPONENT, "\1\0\1", 3,	"....ff...." },
	{ HSM_ATTR_WRAP_TEMPLATE, "\3\1\0\0\1\0\0\0\1", 9, "bb..b....." },
	{ HSM_ATTR_UNWRAP_TEMPLATE, "\3\1\0\0\1\0\0\0\1", 9, "bb...b...." },
};

#define N_RULES (sizeof(rules) / sizeof(rules[0]))
#define N_OTHERS (sizeof(others) / sizeof(others[0]))

#define LOCAL	(1u << 8)
#define TRUSTED	(1u << 11)
#define ROLES	0x3cu		/* ENCRYPT, DECRYPT, WRAP, UNWRAP: bits 2 to 5 */
#define WRAPS	0x30u		/* WRAP, UNWRAP */
#define WAS(roles) ((roles) << 15)

/* Parts that are enough for the rules; nothing is computed with these keys. */
static struct object *put_key(struct card *c, size_t kind)
{
	static const uint8_t curve[4] = { HSM_CURVE_PRIME256V1 };
	struct object_init init = {
		.kind = (enum key_kind)kind, .owner = ID_ALICE, .value_len = 24,
		.label = { (const uint8_t *)"label", 5 },
	};
	struct object *o;

	if (kinds[kind].class != 2)
		init.secret = (struct bytes){ (const uint8_t *)"0123456789abcdef01234567", 24 };
	if (kinds[kind].class != 4)
		init.modulus = (struct bytes){ (const uint8_t *)"\x80modulus", 8 };
	if (kinds[kind].key_type == HSM_KEY_EC)
		init.params = (struct bytes){ curve, 4 };
	o = object_new(&init);
	assert_non_null(o);
	o->handle = c->fw->objects.next_handle++;
	o->state = OBJECT_LIVE;
	object_insert(&c->fw->objects, o);
	return o;
}

static uint32_t set(struct card *c, uint32_t ctx, uint64_t h, uint32_t number, const void *value,
		    size_t len)
{
	struct msg *m = begin(HSM_CMD_KEY_SET_ATTRS, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, h);
	add(m, number, value, len);
	return send(c, ctx, m);
}

/* The status that the table asks for. */
static uint32_t expected(char rule, bool officer, bool from, bool to)
{
	if (rule == 'f' || officer != (rule == 'o')) {
		/* What nobody could change is not the officer's either. */
		return HSM_RV_ATTRIBUTE_FIXED;
	}
	if (from == to)
		return 0;
	if (rule == '-')
		return HSM_RV_BAD_ATTRIBUTE;
	return rule == 'b' || rule == 'o' || rule == (to ? 'u' : 'd') ? 0 : HSM_RV_ATTRIBUTE_FIXED;
}

/* TRUSTED is the officer's for kinds that cannot have it, too. */
static char rule_of(const struct rule *r, size_t kind, bool *officers)
{
	*officers = r->number == HSM_ATTR_TRUSTED;
	return r->by_kind[kind];
}

static uint32_t expected_bool(const struct rule *r, size_t kind, bool officer, bool from, bool to)
{
	bool officers;
	char rule = rule_of(r, kind, &officers);

	if (rule == '-' && officers)
		return officer ? from == to ? 0 : HSM_RV_BAD_ATTRIBUTE : HSM_RV_ATTRIBUTE_FIXED;
	return expected(rule, officer, from, to);
}

static bool rsa(size_t kind)
{
	return kinds[kind].key_type == HSM_KEY_RSA;
}

/* One step of one attribute of a key that is nothing else; a fresh card would be slower. */
static void check_step(struct card *c, uint64_t h, size_t kind, const struct rule *r, bool officer,
		       bool from, bool to)
{
	struct object *o = object_by_handle(&c->fw->objects, h);
	uint32_t bit = 1u << r->bit, want = expected_bool(r, kind, officer, from, to), got;
	uint32_t before = (from ? bit : 0) | (r->number == HSM_ATTR_LOCAL ? 0 : LOCAL);

	/* WRAP, UNWRAP, and any role of an RSA half: not later if the key was not born with it. */
	if (!want && to && !from && bit & ROLES && (rsa(kind) || bit & WRAPS) &&
	    c->fw->policy == FW_POLICY_STRICT)
		want = HSM_RV_STRICT_POLICY;
	o->flags = before;
	got = set(c, officer ? OFFICER : ALICE, h, r->number, to ? "\1" : "", 1);
	if (got != want)
		fail_msg("%s, attribute %#x, %s, %d to %d: %#x, not %#x", kinds[kind].name,
			 r->number, officer ? "officer" : "owner", from, to, got, want);
	if (got)
		assert_int_equal(bad_tag(last()), r->number);
	o = object_by_handle(&c->fw->objects, h);
	assert_int_equal(o->flags & 0x1ffff, want || from == to ? before : before ^ bit);
	if (bit & ROLES && !want && from != to)
		assert_int_equal(o->flags >> 17, bit >> 2);
}

static void booleans(void **state)
{
	struct card *c = *state;
	size_t kind, i;
	int step;

	for (kind = 0; kind < N_KINDS; kind++) {
		uint64_t h = put_key(c, kind)->handle;

		for (i = 0; i < N_RULES; i++) {
			for (step = 0; step < 8; step++)
				check_step(c, h, kind, &rules[i], step & 4, step & 2, step & 1);
		}
	}
}

/* As an object whose session is that of ALICE: TOKEN is the only thing that differs. */
static void other_attributes(void **state)
{
	struct card *c = *state;
	size_t kind, i;
	int who;

	for (kind = 0; kind < N_KINDS; kind++) {
		uint64_t h = put_key(c, kind)->handle;

		for (i = 0; i < N_OTHERS * 2; i++) {
			char rule = others[i / 2].by_kind[kind];
			uint32_t want = rule == '.' ? HSM_RV_BAD_ATTRIBUTE : HSM_RV_ATTRIBUTE_FIXED;

			who = i & 1 ? OFFICER : ALICE;
			if (rule == 'b' && who == ALICE)
				want = 0;
			if (set(c, who, h, others[i / 2].number, others[i / 2].value,
				others[i / 2].len) != want)
				fail_msg("%s, attribute %#x: %#x, not %#x", kinds[kind].name,
					 others[i / 2].number, last()->status, want);
			if (want)
				assert_int_equal(bad_tag(last()), others[i / 2].number);
		}
	}
}

/* What the rule of the docs says about @bit going up, with all that the key is and was. */
static bool strict_allows(size_t kind, uint32_t ever, int bit, bool local, bool trusted)
{
	bool encrypt = ever & 4, decrypt = ever & 8, wrap = ever & 16, unwrap = ever & 32;

	if ((rsa(kind) || WRAPS >> bit & 1) && !trusted && !(ever >> bit & 1))
		return false;
	switch (bit) {
	case 2:
		return !unwrap && !((kind == KIND_RSA_PUBLIC || kind == KIND_AES) && wrap);
	case 3:
		return !wrap && !(kind == KIND_RSA_PRIVATE && unwrap);
	case 4:
		return (local || trusted) && !decrypt &&
		       !((kind == KIND_RSA_PUBLIC || kind == KIND_AES) && encrypt);
	default:
		return (local || trusted) && !encrypt && !(kind == KIND_RSA_PRIVATE && decrypt);
	}
}

static void check_roles(struct card *c, uint64_t h, size_t kind, uint32_t now, uint32_t was,
			int bit, uint32_t extra)
{
	struct object *o = object_by_handle(&c->fw->objects, h);
	bool may = rules[bit].by_kind[kind] == 'b';
	bool ok = strict_allows(kind, now | was, bit, extra & LOCAL, extra & TRUSTED);
	uint32_t want = !may ? HSM_RV_BAD_ATTRIBUTE : ok ? 0 : HSM_RV_STRICT_POLICY;

	if (now >> bit & 1)
		want = 0;
	o->flags = now | WAS(was) | extra;
	if (set(c, ALICE, h, rules[bit].number, "\1", 1) != want)
		fail_msg("%s, now %#x, was %#x, %#x, bit %d: %#x, not %#x", kinds[kind].name, now,
			 was, extra, bit, last()->status, want);
}

/* Every set of roles that a key has and ever had, one more coming. */
static void strict_roles(void **state)
{
	static const uint32_t extras[] = { 0, LOCAL, TRUSTED, LOCAL | TRUSTED };
	static const size_t with_roles[] = { KIND_AES, KIND_DES3, KIND_GENERIC, KIND_RSA_PUBLIC,
					     KIND_RSA_PRIVATE };
	struct card *c = *state;
	uint32_t now, was;
	size_t k, e;
	int bit;

	for (k = 0; k < 5; k++) {
		uint64_t h = put_key(c, with_roles[k])->handle;

		for (now = 0; now <= ROLES; now += 4) {
			for (was = 0; was <= ROLES; was += 4) {
				for (bit = 2; bit < 6; bit++) {
					e = (now + was + (uint32_t)bit + was / 4) % 4;
					check_roles(c, h, with_roles[k], now, was, bit, extras[e]);
				}
			}
		}
	}
}

/* Both ever in one key: what a strict card promises never to be. */
static bool broken(size_t kind, uint32_t flags)
{
	uint32_t ever = flags | flags >> 15;
	bool encrypt = ever & 4, decrypt = ever & 8, wrap = ever & 16, unwrap = ever & 32;

	return (wrap && decrypt) || (unwrap && encrypt) ||
	       ((kind == KIND_RSA_PUBLIC || kind == KIND_AES) && wrap && encrypt) ||
	       (kind == KIND_RSA_PRIVATE && unwrap && decrypt);
}

static uint8_t seen[1 << 21];

/* Whatever owner and officer do, one step after the other, from @flags on. */
static void explore(struct object *o, uint32_t flags)
{
	static const uint8_t values[] = { 0, 1 };
	size_t i;
	int step;

	if (seen[flags])
		return;
	seen[flags] = 1;
	assert_false(broken(o->kind, flags));
	for (i = 0; i < N_RULES; i++) {
		for (step = 0; step < 4; step++) {
			struct attr_edit edit = { .flags = flags };
			struct bytes v = { &values[step & 1], 1 };

			o->flags = flags;
			if (!attr_set(o, &edit, rules[i].number, &v,
				      step & 2 ? WHO_OFFICER : WHO_OWNER, true))
				explore(o, edit.flags);
		}
	}
}

/* Every wish for a new key, made here or imported, and every way to go on from there. */
static void strict_forever(void **state)
{
	struct card *c = *state;
	size_t kind;

	for (kind = 0; kind < N_KINDS; kind++) {
		const enum key_kind k = (enum key_kind)kind;
		struct object *o = put_key(c, kind);
		uint32_t wish, bad;

		memset(seen, 0, sizeof(seen));
		for (wish = 0; wish < 0x200; wish++) {
			struct attr_wish w = {
				.local = wish & 1, .strict = true,
				.asked = (wish >> 1 & 15) << 2, .values = (wish >> 5 & 15) << 2,
			};

			if (!attr_check_birth(&k, 1, &w, &bad))
				explore(o, attr_birth_flags(k, &w));
		}
		assert_true(seen[attr_birth_flags(k, &(struct attr_wish){ .strict = true })]);
	}
}

/* The halves of an RSA pair: what one wraps the other never decrypts. */
static void strict_pairs(void **state)
{
	static const enum key_kind pair[] = { KIND_RSA_PUBLIC, KIND_RSA_PRIVATE };
	uint32_t wish, bad, born = 0;

	(void)state;
	for (wish = 0; wish < 0x100; wish++) {
		struct attr_wish w = { .local = true, .strict = true, .asked = (wish & 15) << 2,
				       .values = (wish >> 4) << 2 };

		if (attr_check_birth(pair, 2, &w, &bad))
			continue;
		born++;
		assert_false(broken(KIND_AES, attr_birth_flags(pair[0], &w) |
					      attr_birth_flags(pair[1], &w)) &&
			     w.asked & w.values);
		assert_false(broken(KIND_RSA_PUBLIC, attr_birth_flags(pair[0], &w)));
		assert_false(broken(KIND_RSA_PRIVATE, attr_birth_flags(pair[1], &w)));
	}
	assert_true(born > 20 && born < 0x100);
}

static int setup_strict(void **state)
{
	setup_users(state);
	((struct card *)*state)->fw->policy = FW_POLICY_STRICT;
	return 0;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
#define STRICT(f) cmocka_unit_test_setup_teardown(f, setup_strict, teardown)
	const struct CMUnitTest tests[] = {
		T(booleans), STRICT(booleans), T(other_attributes), STRICT(other_attributes),
		STRICT(strict_roles), STRICT(strict_forever), STRICT(strict_pairs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
