// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_codec.c - the decoders of the firmware: whatever bytes they are given, and what they
 * take has to come out of the encoder as it went in. An input is the number of a codec (1
 * byte) and what it is given; for records a list of TLVs (input_tlvs()).
 */
#include <stdlib.h>
#include <string.h>

#include "attr_int.h"
#include "crypto_key.h"
#include "fuzzing.h"
#include "identity.h"
#include "key_numbers.h"
#include "mask.h"
#include "member_key.h"
#include "quorum_int.h"
#include "record.h"
#include "replica_int.h"
#include "secmem.h"
#include "tags.h"
#include "wrap_header.h"

static uint8_t first[16384], again[16384];

static void must_equal(const void *a, size_t a_len, const void *b, size_t b_len, const char *what)
{
	must(a_len == b_len && (!a_len || !memcmp(a, b, a_len)), what);
}

/* A list that is whole comes out of a writer as it was, if there is room, and never longer. */
static void codec_tlv(struct input *in)
{
	size_t room = input_u16(in) % sizeof(again);
	const struct input all = *in;
	struct tlv_reader r;
	struct tlv_writer w;
	struct tlv t;

	tlv_read_init(&r, in->p, in->left);
	tlv_write_init(&w, again, room);
	while (tlv_next(&r, &t)) {
		must(t.p >= all.p && t.p + t.len <= all.p + all.left, "a value outside the list");
		tlv_put(&w, t.tag, t.p, t.len);
	}
	must(w.len <= room && w.full == (w.need > room), "a writer that does not see its end");
	must(!r.bad || w.need < all.left, "more than there was");
	if (!r.bad && !w.full)
		must_equal(w.p, w.len, all.p, all.left, "TLVs are not what they were");
}

static void codec_wrap_header(struct input *in)
{
	uint8_t header[WRAP_HEADER_LEN] = "HSMW\1", out[WRAP_HEADER_LEN];
	struct input body;
	struct wrap_header h;

	if (input_u8(in) & 1)
		header[0] = input_u8(in);
	body = input_bytes(in, sizeof(header) - 6);
	if (body.left)
		memcpy(header + 6, body.p, body.left);
	if (wrap_header_decode(header, &h))
		return;
	must(h.label_len && h.label_len <= sizeof(h.label) && h.iv_len <= sizeof(h.iv),
	     "lengths of a header");
	wrap_header_encode(&h, out);
	must(!memcmp(header, out, WRAP_HEADER_LEN - WRAP_HEADER_MAC_LEN),
	     "a header is not what it was");
}

/* Takes what was written for a key that was read: it has to be the same key. */
static size_t write_object(const struct object *o)
{
	struct record rec;
	size_t len;

	record_put_object(&rec, o);
	must(record_ok(&rec) && rec.w.len <= sizeof(again), "a key cannot be written");
	len = rec.w.len;
	memcpy(again, rec.w.p, len);
	record_free(&rec);
	return len;
}

/* Two ways to read the attributes, and changes that must go one way only. */
static void use_object(const struct object *o, struct input *in)
{
	struct attr_edit edit = { .flags = o->flags };
	struct object_init init;
	struct tlv_writer w;

	tlv_write_init(&w, again, sizeof(again));
	attr_write_all(o, &w);
	must(!w.full, "attributes do not fit");
	while (in->left) {
		const struct attr_def *a = &attr_table[input_u8(in) % attr_count];
		struct input v = input_piece(in);
		struct bytes value = { v.p, v.left };
		uint32_t was = edit.flags;
		int rc = attr_set(o, &edit, a->number, &value, (enum attr_who)(input_u8(in) % 3),
				  false);
		uint32_t up = edit.flags & ~was, down = was & ~edit.flags;

		must(!rc || (!up && !down), "an attribute that was refused has changed");
		must(!(down &
		       (1u << BIT_SENSITIVE | 1u << BIT_WRAP_WITH_TRUSTED | 1u << BIT_TOKEN)),
		     "an attribute goes down that may not");
		must(!(up & (1u << BIT_EXTRACTABLE | 1u << BIT_ALWAYS_SENSITIVE |
			     1u << BIT_NEVER_EXTRACTABLE | 1u << BIT_LOCAL)),
		     "an attribute comes up that may not");
	}
	object_describe(o, &init);
	must(init.label.len && init.label.len <= HSM_LABEL_MAX, "the label of a key");
}

static void codec_object(struct input *in)
{
	struct bytes rec = input_record(in, &object_tags);
	struct object *o = record_get_object(6, rec.p, rec.len), *twin;
	size_t len;

	if (!o)
		return;
	len = write_object(o);
	memcpy(first, again, len);
	twin = record_get_object(6, first, len);
	must(twin, "a key that was written cannot be read");
	must(o->n_shares == twin->n_shares && o->secret_len == twin->secret_len &&
	     o->maker == twin->maker && o->flags == twin->flags && o->kind == twin->kind &&
	     o->m_value == twin->m_value && o->owner == twin->owner, "a key is not what it was");
	must_equal(first, len, again, write_object(twin), "a key is not what it was");
	use_object(o, in);
	object_free(twin);
	object_free(o);
}

static void codec_numbers(struct input *in)
{
	struct bytes rec = input_record(in, &object_tags);
	struct object *o = record_get_object(6, rec.p, rec.len);
	struct fc_numbers n;
	uint8_t *p = NULL;
	size_t len;

	if (!o)
		return;
	if (key_kinds[o->kind].class != HSM_KEY_CLASS_SECRET)
		object_numbers(o, &n);
	if (!object_payload(o, &p, &len))
		secmem_free(p);
	object_free(o);
}

static void codec_user(struct input *in)
{
	uint64_t id = input_u8(in);
	struct bytes p = input_record(in, &plain_tags);
	struct user_rec u, twin;
	struct record rec;

	if (!record_get_user(&u, id, p.p, p.len))
		return;
	must(memchr(u.name, 0, sizeof(u.name)) && u.public_key_len <= sizeof(u.public_key) &&
		     u.id == id,
	     "a user that makes no sense");
	record_put_user(&rec, &u);
	must(record_ok(&rec) && record_get_user(&twin, id, rec.w.p, rec.w.len),
	     "a user that was written cannot be read");
	must(!strcmp(u.name, twin.name) && u.type == twin.type && u.flags == twin.flags &&
		     u.failures == twin.failures && u.iterations == twin.iterations,
	     "a user is not who it was");
	must_equal(u.public_key, u.public_key_len, twin.public_key, twin.public_key_len,
		   "a user is not who it was");
	record_free(&rec);
}

static void codec_card(struct input *in)
{
	struct bytes p = input_record(in, &plain_tags);
	struct record_card card, twin;
	struct record rec;

	if (!record_get_card(&card, p.p, p.len))
		return;
	must(memchr(card.serial, 0, sizeof(card.serial)), "a serial number without end");
	record_put_card_as(&rec, &card);
	must(record_ok(&rec) && record_get_card(&twin, rec.w.p, rec.w.len),
	     "a card record that was written cannot be read");
	must(!strcmp(card.serial, twin.serial) && card.next_handle == twin.next_handle &&
	     card.next_user == twin.next_user && card.m_value[0] == twin.m_value[0] &&
	     card.m_value[1] == twin.m_value[1], "a card record is not what it was");
	record_free(&rec);
}

static void codec_small(struct input *in)
{
	struct bytes p = input_record(in, &plain_tags);
	const uint8_t *salt;
	uint32_t debt = 0;
	struct record rec;

	record_get_header(&salt, in->p, in->left);
	if (!record_get_debt(&debt, p.p, p.len))
		return;
	record_put_debt(&rec, debt);
	must(record_ok(&rec), "a debt cannot be written");
	must_equal(rec.w.p, rec.w.len, p.p, p.len, "a debt is not what it was");
	record_free(&rec);
}

/* The fields that a token has to have are put right if the input says so. */
static void codec_token(struct input *in)
{
	uint8_t id = input_u8(in);
	struct bytes p = input_record(in, &token_tags);
	struct quorum_token *t, *twin;
	struct record rec;

	if (p.len > 32 && id & 1) {
		memcpy((uint8_t *)(uintptr_t)p.p + 8, "HSMT\1", 6);
		put_le32((uint8_t *)(uintptr_t)p.p + 16, id);
	}
	t = quorum_get(id, p.p, p.len);
	if (!t)
		return;
	must(t->n_approvals <= HSM_M_VALUE_MAX, "too many approvals");
	quorum_put(&rec, t);
	twin = record_ok(&rec) ? quorum_get(id, rec.w.p, rec.w.len) : NULL;
	must(twin && twin->n_approvals == t->n_approvals && twin->incarnation == t->incarnation &&
	     !memcmp(t->wire, twin->wire, sizeof(t->wire)), "a token is not what it was");
	must(!memcmp(t->approval, twin->approval, sizeof(t->approval)),
	     "approvals are not what they were");
	record_free(&rec);
	free(twin);
	free(t);
}

static void codec_position(struct input *in)
{
	uint8_t p[POSITION_LEN] = { 0 }, out[POSITION_LEN];
	struct input body = input_bytes(in, POSITION_LEN);
	struct replica_position pos;

	if (body.left)
		memcpy(p, body.p, body.left);
	p[POSITION_LEN - 1] &= 1;
	position_read(&pos, p);
	position_write(out, &pos);
	must(!memcmp(p, out, sizeof(p)), "a position is not what it was");
}

static void codec_note(struct input *in)
{
	enum cluster_note kind = input_u8(in) % CLUSTER_NOTES;
	struct bytes p = input_record(in, &note_tags);
	struct member_note n;

	if (!member_note_read(&n, kind, p.p, p.len))
		return;
	must(memchr(n.serial, 0, sizeof(n.serial)) && memchr(n.address, 0, sizeof(n.address)),
	     "a note without end");
}

static void codec_identity(struct input *in)
{
	struct bytes p = input_record(in, &plain_tags);
	struct identity *id = identity_read(p.p, p.len);

	identity_shared_ok(p.p, p.len);
	for (uint32_t n = 1; id && n < 32; n++)
		identity_cert(id, n);
	identity_free(id);
}

static void codec_mask(struct input *in)
{
	static const uint8_t key[MASKING_KEY_LEN] = "a masking key";
	const struct identity id = { .masking_key = { key, sizeof(key) } };
	enum mask_kind kind = input_u8(in) & 1;
	uint16_t at = input_u16(in);
	uint8_t change = input_u8(in), *plain;
	size_t len;

	plain = mask_open(&id, kind, (struct bytes){ in->p, in->left }, &len);
	secmem_free(plain);
	if (!in->left || in->left > 4096)
		return;
	must(mask_seal(&id, kind, in->p, in->left, again), "no mask");
	again[at % (in->left + MASK_EXTRA)] ^= change;
	plain = mask_open(&id, kind, (struct bytes){ again, in->left + MASK_EXTRA }, &len);
	must(!plain == !!change, "a mask that opens changed, or does not open");
	must(!plain || (len == in->left && !memcmp(plain, in->p, len)),
	     "a mask with something else");
	secmem_free(plain);
}

/* Decoded, encoded, decoded again: the same numbers. */
static void same_numbers(const struct fc_numbers *a, const struct fc_numbers *b)
{
	must(a->key_type == b->key_type && a->curve == b->curve, "a key of another type");
	for (size_t i = 0; i < FC_PARTS; i++)
		must_equal(a->part[i].p, a->part[i].len, b->part[i].p, b->part[i].len,
			   "a number is not what it was");
}

static void codec_der(struct input *in)
{
	bool private = input_u8(in) & 1;
	int (*decode)(const uint8_t *, size_t, struct fc_numbers *) =
		private ? fc_pkcs8_decode : fc_spki_decode;
	struct fc_numbers n, twin;
	uint8_t *der;
	size_t len;
	bool ok;

	if (decode(in->p, in->left, &n))
		return;
	ok = private ? fc_pkcs8_encode(&n, &der, &len) : fc_spki_encode(&n, &der, &len);
	must(ok && !decode(der, len, &twin), "a key that was encoded cannot be decoded");
	same_numbers(&n, &twin);
	fc_numbers_clear(&twin);
	fc_numbers_clear(&n);
	secmem_free(der);
}

/* A name of the cluster's store stands for one thing, and that has one name. */
static void codec_name(struct input *in)
{
	char key[64] = "", name[MEMBER_KEY_SIZE] = "";
	struct input text = input_bytes(in, sizeof(key) - 1);
	struct member_name n;

	if (text.left)
		memcpy(key, text.p, text.left);
	n = member_name_of(key);
	if (n.thing == MEMBER_RECORD)
		member_record_key(name, n.kind, n.id);
	else if (n.thing == MEMBER_NOTE)
		member_note_key(name, n.note, n.node);
	must(!*name || !strcmp(name, key), "a name of another thing");
}

static void (*const codecs[])(struct input *in) = {
	codec_tlv,	codec_wrap_header, codec_object, codec_numbers,	 codec_user,
	codec_card,	codec_small,	   codec_token,	 codec_position, codec_note,
	codec_identity, codec_mask,	   codec_der,	 codec_name,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	codecs[input_u8(&in) % COUNT(codecs)](&in);
	return 0;
}
