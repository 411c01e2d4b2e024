// SPDX-License-Identifier: GPL-2.0-or-later
/* quorum_record.c - tokens as records of a cluster's image. */
#include <stdlib.h>
#include <string.h>

#include "quorum_int.h"

enum { TOKEN_WIRE = 1, TOKEN_INCARNATION, TOKEN_APPROVAL };

#define AT(member)	offsetof(struct hsm_token, member)
#define APPROVAL_ROOM	(TLV_HEAD + 4 + HSM_PUBLIC_KEY_MAX)

void quorum_put(struct record *rec, const struct quorum_token *t)
{
	const struct approval *a;
	uint8_t *p;

	record_begin(rec, 2 * TLV_HEAD + sizeof(t->wire) + 8 + t->n_approvals * APPROVAL_ROOM);
	tlv_put(&rec->w, TOKEN_WIRE, t->wire, sizeof(t->wire));
	tlv_put_u64(&rec->w, TOKEN_INCARNATION, t->incarnation);
	for (a = t->approval; a < t->approval + t->n_approvals; a++) {
		p = tlv_reserve(&rec->w, TOKEN_APPROVAL, 4 + a->key_len);
		if (!p)
			return;
		put_le32(p, a->user);
		memcpy(p + 4, a->key, a->key_len);
	}
}

static bool take_approval(struct quorum_token *t, const struct tlv *tlv)
{
	struct approval *a = &t->approval[t->n_approvals];

	if (t->n_approvals == HSM_M_VALUE_MAX || tlv->len <= 4 ||
	    tlv->len - 4 > HSM_PUBLIC_KEY_MAX)
		return false;
	t->n_approvals++;
	a->user = get_le32(tlv->p);
	a->key_len = tlv->len - 4;
	memcpy(a->key, tlv->p + 4, a->key_len);
	return true;
}

static bool take(struct quorum_token *t, const struct tlv *tlv)
{
	switch (tlv->tag) {
	case TOKEN_WIRE:
		if (tlv->len == sizeof(t->wire))
			memcpy(t->wire, tlv->p, sizeof(t->wire));
		return tlv->len == sizeof(t->wire);
	case TOKEN_INCARNATION:
		t->incarnation = tlv->len == 8 ? get_le64(tlv->p) : 0;
		return t->incarnation;
	case TOKEN_APPROVAL:
		return take_approval(t, tlv);
	default:
		return false;
	}
}

/* What the token itself says, out of its wire form. */
static bool decode(struct quorum_token *t, uint64_t id)
{
	t->shared = true;
	t->service = get_le16(t->wire + AT(service));
	t->id = get_le32(t->wire + AT(id));
	t->handle = get_le64(t->wire + AT(handle));
	t->user = get_le32(t->wire + AT(user));
	t->m_value = get_le32(t->wire + AT(m_value));
	return !memcmp(t->wire, QUORUM_MAGIC, 4) && t->id && t->id == id && t->incarnation &&
	       t->service >= HSM_SERVICE_KEY_USE && t->service <= HSM_SERVICE_MISC_CO &&
	       quorum_of_officers(t->service) == !t->handle;
}

struct quorum_token *quorum_get(uint64_t id, const uint8_t *p, size_t len)
{
	struct quorum_token *t = calloc(1, sizeof(*t));
	struct tlv_reader r;
	struct tlv tlv;
	bool ok = t;

	tlv_read_init(&r, p, len);
	while (ok && tlv_next(&r, &tlv))
		ok = take(t, &tlv);
	if (ok && !r.bad && decode(t, id))
		return t;
	free(t);
	return NULL;
}
