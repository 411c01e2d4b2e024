// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_key_find.c - KEY_FIND. */
#include <stdlib.h>
#include <string.h>

#include "policy.h"

struct handles {
	uint64_t *v;
	size_t n, room;
	bool no_memory;
};

static void add_handle(struct handles *h, uint64_t handle)
{
	size_t room = h->room ? h->room * 2 : 64;
	uint64_t *grown;

	if (h->n == h->room) {
		grown = realloc(h->v, room * sizeof(*grown));
		if (!grown) {
			h->no_memory = true;
			return;
		}
		h->v = grown;
		h->room = room;
	}
	h->v[h->n++] = handle;
}

static bool match_number(const struct call *c, uint32_t tag, uint32_t v)
{
	return !call_has(c, tag) || call_u32(c, tag, 0) == v;
}

static bool match_bytes(const struct call *c, uint32_t tag, struct bytes b)
{
	return !call_has(c, tag) || bytes_equal(call_bytes(c, tag), b);
}

static bool match_users(const struct call *c, const struct object *o)
{
	struct tlv_reader r;
	struct tlv t;

	if (!call_has(c, HSM_TAG_SHARE_USER))
		return true;
	call_each(c, &r);
	while (tlv_next_tag(&r, HSM_TAG_SHARE_USER, &t)) {
		if (!policy_key_usable_by(o, get_le32(t.p)))
			return false;
	}
	return true;
}

static bool matches(const struct call *c, const struct object *o)
{
	const struct kind_def *kind = &key_kinds[o->kind];
	bool token = object_flag(o, BIT_TOKEN);

	return match_bytes(c, HSM_ATTR_ID, object_id(o)) &&
	       match_bytes(c, HSM_ATTR_LABEL, object_label(o)) &&
	       match_number(c, HSM_ATTR_CLASS, kind->class) &&
	       match_number(c, HSM_ATTR_KEY_TYPE, kind->key_type) &&
	       call_bool(c, HSM_ATTR_TOKEN, token) == token &&
	       match_bytes(c, HSM_ATTR_KCV, (struct bytes){ o->kcv, sizeof(o->kcv) }) &&
	       match_bytes(c, HSM_ATTR_MODULUS, object_modulus(o)) &&
	       match_users(c, o);
}

static void consider(const struct call *c, struct handles *h, const struct object *o)
{
	if (matches(c, o) && !policy_key(c->ctx, o, KEY_SEE))
		add_handle(h, o->handle);
}

/* The first index that a filter of the call can use; OBJECT_INDEXES if there is none. */
static enum object_index best_index(const struct call *c, struct bytes *key)
{
	static const uint32_t filters[OBJECT_INDEXES] = {
		[BY_ID] = HSM_ATTR_ID, [BY_MODULUS] = HSM_ATTR_MODULUS,
		[BY_KCV] = HSM_ATTR_KCV, [BY_LABEL] = HSM_ATTR_LABEL,
	};
	size_t i;

	for (i = BY_ID; i < OBJECT_INDEXES; i++) {
		*key = call_bytes(c, filters[i]);
		if (key->len)
			break;
	}
	return (enum object_index)i;
}

static void collect_indexed(const struct call *c, struct handles *h, enum object_index by,
			    struct bytes key)
{
	const struct object *o = NULL;

	while ((o = object_candidate(&c->fw->objects, by, key, o)))
		consider(c, h, o);
}

/* A user that does not exist can use nothing, not even public keys. */
static bool users_exist(const struct call *c)
{
	struct tlv_reader r;
	struct tlv t;

	if (!call_has(c, HSM_TAG_SHARE_USER))
		return true;
	call_each(c, &r);
	while (tlv_next_tag(&r, HSM_TAG_SHARE_USER, &t)) {
		if (!user_by_id(&c->fw->users, get_le32(t.p)))
			return false;
	}
	return true;
}

/* fw.lock held. */
static void collect(const struct call *c, struct handles *h)
{
	struct bytes key;
	enum object_index by = best_index(c, &key);
	const struct object *o;

	if (!users_exist(c))
		return;
	if (by < OBJECT_INDEXES) {
		collect_indexed(c, h, by, key);
	} else if (!call_bool(c, HSM_ATTR_TOKEN, true)) {
		for (o = c->ctx->keys; o; o = o->session_next)
			consider(c, h, o);
	} else {
		for (o = c->fw->objects.first; o; o = o->next)
			consider(c, h, o);
	}
}

static int compare_u64(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* As many as fit, from @start on; the table has seen to it that one does. */
static void put_handles(struct call *c, const struct handles *h, size_t start)
{
	size_t room = (c->out.room - c->out.len - call_nodes_len(c) - TLV_HEAD) / 8;
	size_t i, n = start < h->n ? h->n - start : 0;
	uint8_t *p;

	if (!n)
		return;
	if (n > room)
		n = room;
	p = tlv_reserve(&c->out, HSM_TAG_HANDLES, n * 8);
	for (i = 0; i < n; i++)
		put_le64(p + i * 8, h->v[start + i]);
}

int cmd_key_find(struct call *c)
{
	struct handles h = { 0 };
	int rc;

	fw_lock_read(c->fw);
	rc = call_recheck(c);
	if (!rc)
		collect(c, &h);
	fw_unlock(c->fw);
	if (!rc && h.no_memory)
		rc = HSM_RV_NO_MEMORY;
	if (!rc) {
		if (h.n)
			qsort(h.v, h.n, sizeof(*h.v), compare_u64);
		tlv_put_u32(&c->out, HSM_TAG_TOTAL, (uint32_t)h.n);
		put_handles(c, &h, call_u32(c, HSM_TAG_START, 0));
	}
	free(h.v);
	return rc;
}
