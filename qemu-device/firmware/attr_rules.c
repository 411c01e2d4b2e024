// SPDX-License-Identifier: GPL-2.0-or-later
/* attr_rules.c - what values attributes may be born with, and how they may change. */
#include "attr_int.h"
#include "tlv.h"

#define BIT(name)	(1u << BIT_##name)

/* What the strict policy takes away from the values at birth, unless asked for. */
static const uint32_t strict_loses[KINDS] = {
	[KIND_AES] = BIT(WRAP) | BIT(UNWRAP),
	[KIND_RSA_PUBLIC] = BIT(ENCRYPT),
	[KIND_RSA_PRIVATE] = BIT(DECRYPT),
};

/*
 * Strict: what may never meet in one key, for a wrapped key could be decrypted, or a
 * chosen value encrypted and unwrapped. The halves of an RSA pair are one key here,
 * so each must not have what would meet in the other. An AES key that encrypts decrypts
 * as well: what it wrapped by GCM comes out in the clear under the same counter.
 */
static const struct {
	enum attr_bit wraps, crypts;
	uint32_t kinds;
} apart[] = {
	{ BIT_WRAP, BIT_DECRYPT, ~0u },
	{ BIT_UNWRAP, BIT_ENCRYPT, ~0u },
	{ BIT_WRAP, BIT_ENCRYPT, 1u << KIND_RSA_PUBLIC | 1u << KIND_AES },
	{ BIT_UNWRAP, BIT_DECRYPT, 1u << KIND_RSA_PRIVATE },
};

#define N_APART (sizeof(apart) / sizeof(apart[0]))
#define ROLES	(BIT(ENCRYPT) | BIT(DECRYPT) | BIT(WRAP) | BIT(UNWRAP))
#define WAS_SHIFT (BIT_WAS_ENCRYPT - BIT_ENCRYPT)

/* The roles that the key has or ever had. */
static uint32_t ever(uint32_t flags)
{
	return (flags | flags >> WAS_SHIFT) & ROLES;
}

static uint32_t remember(uint32_t flags)
{
	return flags | (flags & ROLES) << WAS_SHIFT;
}

static bool meets(enum key_kind kind, uint32_t roles, enum attr_bit bit)
{
	size_t i;

	for (i = 0; i < N_APART; i++) {
		uint32_t both = 1u << apart[i].wraps | 1u << apart[i].crypts;

		if (apart[i].kinds >> kind & 1 && both >> bit & 1 && (roles & both) == both)
			return true;
	}
	return false;
}

/*
 * An imported key may be known outside, or be in the card twice with other roles: it
 * wraps nothing, unless an officer trusts it.
 */
bool attr_strict_ok(enum key_kind kind, uint32_t flags, enum attr_bit bit)
{
	bool vouched = flags & (BIT(LOCAL) | BIT(TRUSTED));

	if ((bit == BIT_WRAP || bit == BIT_UNWRAP) && !vouched)
		return false;
	return !meets(kind, ever(flags | 1u << bit), bit);
}

bool attr_wish_bit(uint32_t number, enum attr_bit *bit)
{
	const struct attr_def *a = attr_find(number);

	if (!a || !a->wish)
		return false;
	*bit = a->bit;
	return true;
}

static bool birth_value(const struct attr_def *a, enum key_kind kind, const struct attr_wish *wish,
			uint32_t flags)
{
	switch (a->birth[kind]) {
	case '1':
		return !wish->strict || !(strict_loses[kind] >> a->bit & 1);
	case 'l':
		return wish->local;
	case 'a':
		return wish->local && flags & BIT(SENSITIVE);
	case 'n':
		return wish->local && !(flags & BIT(EXTRACTABLE));
	default:
		return false;
	}
}

/* Computed attributes come after what they are computed from. */
uint32_t attr_birth_flags(enum key_kind kind, const struct attr_wish *wish)
{
	uint32_t flags = 0;
	size_t i;

	for (i = 0; i < attr_count; i++) {
		const struct attr_def *a = &attr_table[i];
		bool v;

		if (a->get)
			continue;
		if (wish->asked >> a->bit & 1 && attr_may(a, kind))
			v = wish->values >> a->bit & 1;
		else
			v = birth_value(a, kind, wish, flags);
		flags |= (uint32_t)v << a->bit;
	}
	/* An imported key wraps nothing: no need to ask for that. */
	if (wish->strict && !wish->local)
		flags &= ~((BIT(WRAP) | BIT(UNWRAP)) & ~wish->asked);
	return remember(flags);
}

/* Whether a key of @kind can be born with @v: its birth value, or a step away from it. */
static bool born_with(const struct attr_def *a, enum key_kind kind, bool v)
{
	if (a->bit == BIT_TOKEN || a->birth[kind] == (v ? '1' : '0'))
		return true;
	return a->steps & (v ? STEP_UP : STEP_DOWN);
}

/* It goes to the half that can have it; if none can, it must be what all are born with. */
static bool wish_ok(const struct attr_def *a, const enum key_kind *kinds, size_t n, bool v)
{
	bool any = false, birth = true;
	size_t i;

	for (i = 0; i < n; i++) {
		birth = birth && a->birth[kinds[i]] == (v ? '1' : '0');
		any = any || attr_may(a, kinds[i]);
		if (attr_may(a, kinds[i]) && !born_with(a, kinds[i], v))
			return false;
	}
	return any || birth;
}

/* @roles are those of all halves together. */
static int check_strict(const enum key_kind *kinds, size_t n, const struct attr_wish *wish,
			uint32_t *bad)
{
	uint32_t roles = 0;
	size_t i, j;

	for (i = 0; i < n; i++)
		roles |= attr_birth_flags(kinds[i], wish);
	for (i = attr_count; i-- > 0;) {
		const struct attr_def *a = &attr_table[i];
		bool ok = true;

		if (a->get || !(wish->asked & wish->values & roles & ROLES & 1u << a->bit))
			continue;
		for (j = 0; j < n; j++)
			ok = ok && (!attr_may(a, kinds[j]) ||
				    attr_strict_ok(kinds[j], roles, a->bit));
		if (!ok) {
			*bad = a->number;
			return HSM_RV_STRICT_POLICY;
		}
	}
	return 0;
}

int attr_check_birth(const enum key_kind *kinds, size_t n, const struct attr_wish *wish,
		     uint32_t *bad)
{
	size_t i;

	for (i = 0; i < attr_count; i++) {
		const struct attr_def *a = &attr_table[i];

		if (a->wish && wish->asked >> a->bit & 1 &&
		    !wish_ok(a, kinds, n, wish->values >> a->bit & 1)) {
			*bad = a->number;
			return HSM_RV_BAD_ATTRIBUTE;
		}
	}
	return wish->strict ? check_strict(kinds, n, wish, bad) : 0;
}

/*
 * A half of an RSA pair knows nothing of the other, and a key nothing of copies of it
 * that came back wrapped or masked before it was one that wraps: each gets back what it
 * was born with, but nothing new that could meet something there.
 */
static bool strict_up(enum key_kind kind, uint32_t flags, enum attr_bit bit)
{
	bool rsa = kind == KIND_RSA_PUBLIC || kind == KIND_RSA_PRIVATE;
	bool wraps = bit == BIT_WRAP || bit == BIT_UNWRAP;

	if (!(ROLES >> bit & 1))
		return true;
	if ((rsa || wraps) && !(flags & BIT(TRUSTED)) && !(ever(flags) >> bit & 1))
		return false;
	return attr_strict_ok(kind, flags, bit);
}

static int set_bool(const struct object *o, struct attr_edit *edit, const struct attr_def *a,
		    bool v, bool strict)
{
	if ((edit->flags >> a->bit & 1) == v)
		return 0;
	if (!attr_may(a, o->kind))
		return HSM_RV_BAD_ATTRIBUTE;
	if (!(a->steps & (v ? STEP_UP : STEP_DOWN)))
		return HSM_RV_ATTRIBUTE_FIXED;
	if (strict && v && !strict_up(o->kind, edit->flags, a->bit))
		return HSM_RV_STRICT_POLICY;
	edit->flags = remember(remember(edit->flags) ^ 1u << a->bit);
	edit->changed = true;
	return 0;
}

/* One row of a template; @seen collects what was there before. */
static bool template_row_ok(const struct tlv *t, bool unwrap, uint64_t *seen)
{
	const struct attr_def *a = attr_find(t->tag);
	uint64_t row = a ? 1ull << (a - attr_table) : 0;
	bool number = t->tag == HSM_ATTR_CLASS || t->tag == HSM_ATTR_KEY_TYPE;

	if (!a || *seen & row || (!number && (a->get || (unwrap && !a->wish))))
		return false;
	*seen |= row;
	return number ? t->len == 4 : t->len == 1 && t->p[0] <= 1;
}

static bool template_ok(const struct bytes *value, bool unwrap)
{
	struct tlv_reader r;
	uint64_t seen = 0;
	struct tlv t;

	tlv_read_init(&r, value->p, value->len);
	while (tlv_next(&r, &t)) {
		if (!template_row_ok(&t, unwrap, &seen))
			return false;
	}
	return !r.bad;
}

static int set_bytes(const struct object *o, struct attr_edit *edit, const struct attr_def *a,
		     const struct bytes *value)
{
	bool unwrap = a->number == HSM_ATTR_UNWRAP_TEMPLATE;
	uint8_t scratch[4];

	if (!attr_may(a, o->kind))
		return HSM_RV_BAD_ATTRIBUTE;
	if (a->number != HSM_ATTR_LABEL && !template_ok(value, unwrap))
		return HSM_RV_BAD_ATTRIBUTE;
	if (a->number == HSM_ATTR_LABEL)
		edit->label = value->p, edit->label_len = value->len;
	else if (unwrap)
		edit->unwrap_template = value->p, edit->unwrap_template_len = value->len;
	else
		edit->wrap_template = value->p, edit->wrap_template_len = value->len;
	edit->changed |= !bytes_equal(a->get(o, scratch), *value);
	return 0;
}

int attr_set(const struct object *o, struct attr_edit *edit, uint32_t number,
	     const struct bytes *value, enum attr_who who, bool strict)
{
	const struct attr_def *a = attr_find(number);

	if (!a || a->birth[o->kind] == '-')
		return HSM_RV_BAD_ATTRIBUTE;
	if (a->who == WHO_NOBODY || a->who != who)
		return HSM_RV_ATTRIBUTE_FIXED;
	if (a->get)
		return set_bytes(o, edit, a, value);
	return set_bool(o, edit, a, value->p[0], strict);
}
