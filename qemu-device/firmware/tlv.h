/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tlv.h - bounded cursors over tag-length-value lists (hsm_cmd.h). The one place
 * where lengths are compared with what is there.
 *
 * Both have a sticky error: after the first mistake every call is harmless, and
 * the caller looks at the error once, at the end.
 */
#ifndef HSM_TLV_H
#define HSM_TLV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint16_t get_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get_le32(const uint8_t *p)
{
	return get_le16(p) | (uint32_t)get_le16(p + 2) << 16;
}

static inline uint64_t get_le64(const uint8_t *p)
{
	return get_le32(p) | (uint64_t)get_le32(p + 4) << 32;
}

static inline void put_le16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void put_le32(uint8_t *p, uint32_t v)
{
	put_le16(p, (uint16_t)v);
	put_le16(p + 2, (uint16_t)(v >> 16));
}

static inline void put_le64(uint8_t *p, uint64_t v)
{
	put_le32(p, (uint32_t)v);
	put_le32(p + 4, (uint32_t)(v >> 32));
}

#define TLV_HEAD 8	/* bytes before a value */

struct tlv {
	uint32_t tag;
	uint32_t len;
	const uint8_t *p;	/* into the message */
};

struct tlv_reader {
	const uint8_t *p;
	size_t left;
	uint32_t bad_tag;	/* tag of the TLV that ran past the end, if its head was whole */
	bool has_bad_tag;
	bool bad;
};

void tlv_read_init(struct tlv_reader *r, const void *buf, size_t len);

/* The next TLV; false at the end and on error (r->bad tells which). */
bool tlv_next(struct tlv_reader *r, struct tlv *t);

/* The next one with @tag, skipping others. */
bool tlv_next_tag(struct tlv_reader *r, uint32_t tag, struct tlv *t);

struct tlv_writer {
	uint8_t *p;
	size_t room;
	size_t len;	/* written */
	size_t need;	/* what everything so far would take, written or not */
	bool full;	/* something did not fit; from then on nothing is written */
};

void tlv_write_init(struct tlv_writer *w, void *buf, size_t room);

/* Space for a value of @len bytes under @tag, NULL if it does not fit. */
uint8_t *tlv_reserve(struct tlv_writer *w, uint32_t tag, size_t len);

void tlv_put(struct tlv_writer *w, uint32_t tag, const void *p, size_t len);
void tlv_put_u8(struct tlv_writer *w, uint32_t tag, uint8_t v);
void tlv_put_u32(struct tlv_writer *w, uint32_t tag, uint32_t v);
void tlv_put_u64(struct tlv_writer *w, uint32_t tag, uint64_t v);

#endif /* HSM_TLV_H */
