// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_key_new.c - what a new key is asked to be, from wherever that comes. */
#include "attest.h"
#include "cmd_key.h"

#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "key_numbers.h"
#include "members.h"
#include "secmem.h"

#define HANDLES_ROOM (2 * (TLV_HEAD + sizeof(uint64_t)))	/* of a pair */

void new_key_begin(struct new_key *k, bool local)
{
	/* The array of shares is large, and nothing of it counts yet. */
	memset(k, 0, offsetof(struct new_key, shares));
	k->local = local;
}

static int add_bool(struct new_key *k, enum attr_bit bit, bool v)
{
	uint32_t mask = 1u << bit;

	if (k->asked & mask && !(k->values & mask) == v)
		return HSM_RV_TEMPLATE_CONFLICT;
	k->asked |= mask;
	k->values |= v ? mask : 0;
	return 0;
}

static int add_number(bool *named, uint32_t *number, const struct tlv *t)
{
	uint32_t v = get_le32(t->p);

	if (*named && *number != v)
		return HSM_RV_TEMPLATE_CONFLICT;
	*named = true;
	*number = v;
	return 0;
}

static int add_bytes(struct bytes *b, const struct tlv *t)
{
	struct bytes v = { t->p, t->len };

	if (b->len && !bytes_equal(*b, v))
		return HSM_RV_TEMPLATE_CONFLICT;
	*b = v;
	return 0;
}

static int add_attr(struct new_key *k, const struct tlv *t)
{
	enum attr_bit bit;

	switch (t->tag) {
	case HSM_ATTR_CLASS:
		return add_number(&k->named_class, &k->class, t);
	case HSM_ATTR_KEY_TYPE:
		return add_number(&k->named_type, &k->key_type, t);
	case HSM_ATTR_LABEL:
		return add_bytes(&k->label, t);
	case HSM_ATTR_ID:
		return add_bytes(&k->id, t);
	default:
		return attr_wish_bit(t->tag, &bit) ? add_bool(k, bit, t->p[0]) : 0;
	}
}

int new_key_add(struct call *c, struct new_key *k, const struct tlv *t)
{
	int rc = add_attr(k, t);

	return rc ? call_bad(c, t->tag, rc) : 0;
}

static int add_all(struct call *c, struct new_key *k, struct tlv_reader *r)
{
	struct tlv t;
	int rc = 0;

	while (!rc && tlv_next(r, &t))
		rc = new_key_add(c, k, &t);
	return rc;
}

int new_key_add_list(struct call *c, struct new_key *k, struct bytes tlvs)
{
	struct tlv_reader r;

	tlv_read_init(&r, tlvs.p, tlvs.len);
	return add_all(c, k, &r);
}

static int check_share(struct call *c, const struct new_key *k, uint32_t id)
{
	const struct user *u = user_by_id(&c->fw->users, id);
	uint32_t i;

	if (u && u == c->user)
		return HSM_RV_SHARE_OWNER;
	if (!u)
		return HSM_RV_USER_UNKNOWN;
	if (u->rec.type != HSM_USER_CU)
		return HSM_RV_BAD_USER_TYPE;
	for (i = 0; i < k->n_shares; i++) {
		if (k->shares[i] == id)
			return HSM_RV_INVALID_INPUT;
	}
	return 0;
}

static int compare_u32(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* As each id must be that of another user, there is room for all that pass. */
static int read_shares(struct call *c, struct new_key *k)
{
	struct tlv_reader r;
	struct tlv t;
	int rc = 0;

	if (!call_has(c, HSM_TAG_SHARE_USER))
		return 0;
	call_each(c, &r);
	fw_lock_read(c->fw);
	while (!rc && tlv_next_tag(&r, HSM_TAG_SHARE_USER, &t)) {
		rc = check_share(c, k, get_le32(t.p));
		if (!rc)
			k->shares[k->n_shares++] = get_le32(t.p);
	}
	fw_unlock(c->fw);
	qsort(k->shares, k->n_shares, sizeof(k->shares[0]), compare_u32);
	return rc ? call_bad(c, HSM_TAG_SHARE_USER, rc) : 0;
}

static int check_quorum(struct call *c, struct new_key *k)
{
	uint32_t m = call_u32(c, HSM_TAG_M_VALUE, 0);

	if (m && (!k->n_shares || m > k->n_shares + 1))
		return call_bad(c, HSM_TAG_M_VALUE, HSM_RV_BAD_M_VALUE);
	k->m_value = (uint8_t)m;
	return 0;
}

static int check_timeout(struct call *c)
{
	if (call_has(c, HSM_TAG_TIMEOUT_S) && !call_has(c, HSM_TAG_MIN_SRV))
		return call_bad(c, HSM_TAG_TIMEOUT_S, HSM_RV_INVALID_INPUT);
	return 0;
}

static int check_id(struct call *c, const struct new_key *k)
{
	bool taken;

	if (!k->id.len)
		return 0;
	fw_lock_read(c->fw);
	taken = object_id_taken(&c->fw->objects, k->id);
	fw_unlock(c->fw);
	return taken ? call_bad(c, HSM_ATTR_ID, HSM_RV_ID_EXISTS) : 0;
}

int new_key_available(struct call *c)
{
	int rc = check_timeout(c);

	if (rc)
		return rc;
	if (call_u32(c, HSM_TAG_MIN_SRV, 1) > members_known(c->fw))
		return call_bad(c, HSM_TAG_MIN_SRV, HSM_RV_INVALID_INPUT);
	return call_has(c, HSM_TAG_ATTEST_NONCE) ? attest_ready(c, HANDLES_ROOM) : 0;
}

int new_key_args(struct call *c, struct new_key *k)
{
	struct tlv_reader r;
	int rc;

	call_each(c, &r);
	rc = add_all(c, k, &r);
	if (!rc)
		rc = read_shares(c, k);
	if (!rc)
		rc = check_quorum(c, k);
	if (!rc)
		rc = check_timeout(c);
	return rc ? rc : check_id(c, k);
}

static struct attr_wish wish_of(const struct call *c, const struct new_key *k)
{
	return (struct attr_wish){
		.local = k->local,
		.strict = c->fw->policy == FW_POLICY_STRICT,
		.asked = k->asked,
		.values = k->values,
	};
}

int new_key_check(struct call *c, const struct new_key *k, const enum key_kind *kinds, size_t n)
{
	struct attr_wish wish = wish_of(c, k);
	uint32_t bad = 0;
	int rc = attr_check_birth(kinds, n, &wish, &bad);

	return rc ? call_bad(c, bad, rc) : new_key_available(c);
}

int new_key_fips(const struct call *c, enum key_kind kind, uint32_t curve)
{
	const struct fc_curve *found;

	if (!c->fw->fips)
		return 0;
	if (!key_kinds[kind].fips)
		return HSM_RV_FIPS_VIOLATION;
	if (key_kinds[kind].key_type != HSM_KEY_EC || !curve)
		return 0;
	found = fc_curve_by_id(curve);
	return found && found->fips ? 0 : HSM_RV_FIPS_VIOLATION;
}

void new_key_init(const struct call *c, const struct new_key *k, enum key_kind kind,
		  struct object_init *init)
{
	struct attr_wish wish = wish_of(c, k);

	*init = (struct object_init){
		.kind = kind,
		.flags = attr_birth_flags(kind, &wish),
		.owner = c->caller.id,
		.label = k->label,
		.id = k->id,
	};
	if (key_kinds[kind].class != HSM_KEY_CLASS_PUBLIC) {
		init->shares = k->shares;
		init->n_shares = k->n_shares;
		init->m_value = k->m_value;
	}
}

bool key_check_value(enum key_kind kind, struct bytes value, uint8_t kcv[FC_KCV_LEN])
{
	uint8_t digest[FC_SHA1_LEN];
	bool ok;

	if (kind == KIND_AES || kind == KIND_DES3)
		return fc_kcv_cipher(key_kinds[kind].key_type, value.p, value.len, kcv);
	ok = fc_sha1(value.p, value.len, digest);
	memcpy(kcv, digest, FC_KCV_LEN);
	secmem_wipe(digest, sizeof(digest));
	return ok;
}

/* DES parity and equal parts are the business of who made the key. */
static int from_raw(struct object_init *init, struct bytes value, struct object **out)
{
	if (value.len > HSM_GENERIC_MAX || !key_size_ok(init->kind, (uint32_t)value.len))
		return HSM_RV_BAD_PKCS_DATA;
	init->value_len = (uint32_t)value.len;
	init->secret = value;
	if (!key_check_value(init->kind, value, init->kcv))
		return HSM_RV_CRYPTO_FAILED;
	*out = object_new(init);
	return *out ? 0 : HSM_RV_NO_MEMORY;
}

int new_key_from_numbers(struct call *c, const struct fc_numbers *n, struct object_init *init,
			 struct object **out)
{
	const struct kind_def *kind = &key_kinds[init->kind];
	const struct fc_num *modulus = &n->part[FC_N];
	struct key_parts parts = { 0 };
	int rc;

	if (n->key_type != kind->key_type)
		return HSM_RV_BAD_PKCS_DATA;
	if (n->key_type == HSM_KEY_RSA &&
	    (!modulus->len || !(modulus->p[0] & 0x80) || !n->part[FC_E].len ||
	     n->part[FC_E].len > 8 || !key_size_ok(init->kind, (uint32_t)modulus->len * 8)))
		return HSM_RV_BAD_PKCS_DATA;
	rc = new_key_fips(c, init->kind, n->curve);
	if (!rc)
		rc = key_parts_make(&parts, init->kind, n);
	if (!rc) {
		key_parts_use(&parts, init);
		*out = object_new(init);
		rc = *out ? 0 : HSM_RV_NO_MEMORY;
	}
	key_parts_free(&parts);
	return rc;
}

int new_key_from_value(struct call *c, const struct new_key *k, enum key_kind kind,
		       struct bytes value, struct object **out)
{
	struct object_init init;
	struct fc_numbers n;
	int rc = new_key_fips(c, kind, 0);

	*out = NULL;
	if (rc)
		return rc;
	new_key_init(c, k, kind, &init);
	if (key_kinds[kind].class == HSM_KEY_CLASS_SECRET)
		return from_raw(&init, value, out);
	rc = fc_pkcs8_decode(value.p, value.len, &n);
	if (rc)
		return rc;
	rc = new_key_from_numbers(c, &n, &init, out);
	fc_numbers_clear(&n);
	return rc;
}
