// SPDX-License-Identifier: GPL-2.0-or-later
/* tlv.c - bounded cursors over tag-length-value lists. */
#include "tlv.h"

#include <string.h>

void tlv_read_init(struct tlv_reader *r, const void *buf, size_t len)
{
	*r = (struct tlv_reader){ .p = buf, .left = len };
}

bool tlv_next(struct tlv_reader *r, struct tlv *t)
{
	if (r->bad || !r->left)
		return false;
	if (r->left < TLV_HEAD) {
		r->bad = true;
		return false;
	}
	t->tag = get_le32(r->p);
	t->len = get_le32(r->p + 4);
	t->p = r->p + TLV_HEAD;
	if (t->len > r->left - TLV_HEAD) {
		r->bad = true;
		r->has_bad_tag = true;
		r->bad_tag = t->tag;
		return false;
	}
	r->p = t->p + t->len;
	r->left -= TLV_HEAD + t->len;
	return true;
}

bool tlv_next_tag(struct tlv_reader *r, uint32_t tag, struct tlv *t)
{
	while (tlv_next(r, t)) {
		if (t->tag == tag)
			return true;
	}
	return false;
}

void tlv_write_init(struct tlv_writer *w, void *buf, size_t room)
{
	*w = (struct tlv_writer){ .p = buf, .room = room };
}

uint8_t *tlv_reserve(struct tlv_writer *w, uint32_t tag, size_t len)
{
	uint8_t *value;

	w->need += TLV_HEAD + len;
	if (w->full || w->room - w->len < TLV_HEAD || len > w->room - w->len - TLV_HEAD ||
	    len > UINT32_MAX) {
		w->full = true;
		return NULL;
	}
	put_le32(w->p + w->len, tag);
	put_le32(w->p + w->len + 4, (uint32_t)len);
	value = w->p + w->len + TLV_HEAD;
	w->len += TLV_HEAD + len;
	return value;
}

void tlv_put(struct tlv_writer *w, uint32_t tag, const void *p, size_t len)
{
	uint8_t *value = tlv_reserve(w, tag, len);

	if (value && len)
		memcpy(value, p, len);
}

void tlv_put_u8(struct tlv_writer *w, uint32_t tag, uint8_t v)
{
	tlv_put(w, tag, &v, sizeof(v));
}

void tlv_put_u32(struct tlv_writer *w, uint32_t tag, uint32_t v)
{
	uint8_t b[4];

	put_le32(b, v);
	tlv_put(w, tag, b, sizeof(b));
}

void tlv_put_u64(struct tlv_writer *w, uint32_t tag, uint64_t v)
{
	uint8_t b[8];

	put_le64(b, v);
	tlv_put(w, tag, b, sizeof(b));
}
