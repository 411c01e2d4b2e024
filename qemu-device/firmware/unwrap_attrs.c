// SPDX-License-Identifier: GPL-2.0-or-later
/* unwrap_attrs.c - the attributes of a key that comes in by KEY_UNWRAP. */
#include "unwrap_attrs.h"

/* What a header says of the new key. */
struct header_attr {
	uint32_t number;
	enum attr_bit bit;
	bool may_waive;		/* a request that says 0 asks for less: it wins */
};

static const struct header_attr bools[] = {
	{ HSM_ATTR_TOKEN, BIT_TOKEN, true },
	{ HSM_ATTR_EXTRACTABLE, BIT_EXTRACTABLE, true },
	{ HSM_ATTR_ENCRYPT, BIT_ENCRYPT, false },
	{ HSM_ATTR_DECRYPT, BIT_DECRYPT, false },
	{ HSM_ATTR_WRAP, BIT_WRAP, false },
	{ HSM_ATTR_UNWRAP, BIT_UNWRAP, false },
	{ HSM_ATTR_SIGN, BIT_SIGN, false },
	{ HSM_ATTR_VERIFY, BIT_VERIFY, false },
	{ HSM_ATTR_DERIVE, BIT_DERIVE, false },
	{ HSM_ATTR_SENSITIVE, BIT_SENSITIVE, false },
	{ HSM_ATTR_WRAP_WITH_TRUSTED, BIT_WRAP_WITH_TRUSTED, false },
	{ HSM_ATTR_DESTROYABLE, BIT_DESTROYABLE, false },
};

static int add(struct call *c, struct new_key *k, uint32_t tag, const void *p, size_t len)
{
	struct tlv t = { .tag = tag, .len = (uint32_t)len, .p = p };

	return new_key_add(c, k, &t);
}

static int add_u32(struct call *c, struct new_key *k, uint32_t tag, uint32_t v)
{
	uint8_t b[4];

	put_le32(b, v);
	return add(c, k, tag, b, sizeof(b));
}

static int add_header(struct call *c, struct new_key *k, const struct wrap_header *h)
{
	int rc = add_u32(c, k, HSM_ATTR_CLASS, h->class);
	size_t i;

	if (!rc)
		rc = add_u32(c, k, HSM_ATTR_KEY_TYPE, h->key_type);
	for (i = 0; !rc && i < sizeof(bools) / sizeof(bools[0]); i++) {
		uint8_t v = h->flags >> bools[i].bit & 1;

		if (!bools[i].may_waive || call_bool(c, bools[i].number, true))
			rc = add(c, k, bools[i].number, &v, 1);
	}
	if (!rc && !call_has(c, HSM_ATTR_LABEL))
		rc = add(c, k, HSM_ATTR_LABEL, h->label, h->label_len);
	return rc;
}

static int add_all(struct call *c, const struct unwrap_sources *from, struct unwrap_attrs *a)
{
	const uint8_t yes = 1;
	int rc;

	new_key_begin(&a->key, false);
	rc = new_key_args(c, &a->key);
	if (!rc)
		rc = new_key_add_list(c, &a->key, from->template);
	if (!rc)
		rc = new_key_add_list(c, &a->key, from->unwrap_template);
	if (!rc && from->with_trusted)
		rc = add(c, &a->key, HSM_ATTR_WRAP_WITH_TRUSTED, &yes, 1);
	if (!rc && a->has_header)
		rc = add_header(c, &a->key, &a->header);
	return rc;
}

static int check_kind(struct call *c, struct unwrap_attrs *a)
{
	struct new_key *k = &a->key;

	if (!k->named_class)
		return call_bad(c, HSM_ATTR_CLASS, HSM_RV_BAD_MESSAGE);
	if (!k->named_type)
		return call_bad(c, HSM_ATTR_KEY_TYPE, HSM_RV_BAD_MESSAGE);
	if (!k->label.len)
		return call_bad(c, HSM_ATTR_LABEL, HSM_RV_BAD_MESSAGE);
	if (k->class == HSM_KEY_CLASS_PUBLIC)
		return call_bad(c, HSM_ATTR_CLASS, HSM_RV_BAD_ATTRIBUTE);
	a->kind = key_kind_of(k->class, k->key_type);
	return a->kind == KINDS ? call_bad(c, HSM_ATTR_KEY_TYPE, HSM_RV_BAD_ATTRIBUTE) : 0;
}

int unwrap_attrs(struct call *c, const struct unwrap_sources *from, struct unwrap_attrs *a)
{
	int rc = add_all(c, from, a);

	if (!rc)
		rc = check_kind(c, a);
	return rc ? rc : new_key_check(c, &a->key, &a->kind, 1);
}

int unwrap_attrs_fit(const struct wrap_args *w, const struct wrap_header *h)
{
	const struct wrap_mech *m = w->mech;
	bool iv_apart = m->iv_needed;
	bool ok = h->mechanism == m->number &&
		  (m->hash ? h->hash >= HSM_HASH_SHA1 && h->hash <= HSM_HASH_SHA224 : !h->hash) &&
		  h->tag_len == (m->gcm ? FC_GCM_TAG_LEN : 0) &&
		  h->iv_len == (iv_apart ? FC_GCM_IV_LEN : 0) &&
		  (h->class == HSM_KEY_CLASS_PRIVATE || h->class == HSM_KEY_CLASS_SECRET) &&
		  key_kind_of(h->class, h->key_type) != KINDS;

	return ok ? 0 : HSM_RV_BAD_WRAP_HEADER;
}
