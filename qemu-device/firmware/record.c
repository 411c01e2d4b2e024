// SPDX-License-Identifier: GPL-2.0-or-later
/* record.c - stored records, inside their seal. */
#include "record.h"

#include <stdlib.h>
#include <string.h>

#include "crypto_key.h"
#include "secmem.h"

#define HEADER_MAGIC	"HSMS"
#define HEADER_VERSION	1

enum {
	CARD_SERIAL = 1,
	CARD_NEXT_HANDLE,
	CARD_NEXT_USER,
	CARD_M_USER_MGMT,	/* these two: absent if no quorum is set */
	CARD_M_MISC_CO,
};

enum {
	USER_TYPE = 1,
	USER_FAILURES,
	USER_FLAGS,
	USER_ITERATION_COUNT,
	USER_NAME,
	USER_SALT,
	USER_HASH,
	USER_PUBLIC_KEY,	/* absent: none */
};

enum { DEBT_COUNT = 1 };

/* Beside attributes and HSM_TAG_* under their own numbers. */
#define OBJECT_FLAGS	0xc0000001u
#define OBJECT_SECRET	0xc0000002u
#define OBJECT_PARAMS	0xc0000003u
#define OBJECT_WRAP_TEMPLATE	0xc0000004u
#define OBJECT_UNWRAP_TEMPLATE	0xc0000005u
#define OBJECT_MAKER	0xc0000006u	/* absent: the key waits for no nodes */
#define MAKER_LEN	12		/* le32 node, le64 incarnation */

#define PARAMS_MAX	1024	/* bytes: more than p, q and g of a DSA key */
#define TEMPLATE_MAX	512	/* every attribute once */

#define SMALL_RECORD	1024	/* bytes: more than the fixed part of any record */

bool record_begin(struct record *rec, size_t room)
{
	uint8_t *buf = secmem_alloc(room);

	tlv_write_init(&rec->w, buf, buf ? room : 0);
	return buf;
}

bool record_ok(const struct record *rec)
{
	return rec->w.p && !rec->w.full;
}

void record_free(struct record *rec)
{
	secmem_free(rec->w.p);
	rec->w.p = NULL;
}

static void put_bytes(struct tlv_writer *w, uint32_t tag, struct bytes b)
{
	if (b.len)
		tlv_put(w, tag, b.p, b.len);
}

static void put_maker(struct tlv_writer *w, const struct object *o)
{
	uint8_t *p = o->maker ? tlv_reserve(w, OBJECT_MAKER, MAKER_LEN) : NULL;

	if (!p)
		return;
	put_le32(p, o->maker_node);
	put_le64(p + 4, o->maker);
}

void record_put_object(struct record *rec, const struct object *o)
{
	const struct kind_def *kind = &key_kinds[o->kind];
	struct tlv_writer *w = &rec->w;
	size_t i;

	record_begin(rec, SMALL_RECORD + object_size(o) + o->secret_len + o->n_shares * TLV_HEAD);
	tlv_put_u32(w, HSM_ATTR_CLASS, kind->class);
	tlv_put_u32(w, HSM_ATTR_KEY_TYPE, kind->key_type);
	tlv_put_u32(w, OBJECT_FLAGS, o->flags);
	tlv_put_u32(w, HSM_TAG_OWNER, o->owner);
	tlv_put_u32(w, HSM_TAG_M_VALUE, o->m_value);
	tlv_put_u32(w, HSM_ATTR_VALUE_LEN, o->value_len);
	tlv_put(w, HSM_ATTR_KCV, o->kcv, sizeof(o->kcv));
	put_bytes(w, HSM_ATTR_LABEL, object_label(o));
	put_bytes(w, HSM_ATTR_ID, object_id(o));
	put_bytes(w, HSM_ATTR_MODULUS, object_modulus(o));
	put_bytes(w, HSM_ATTR_PUBLIC_EXPONENT, object_exponent(o));
	put_bytes(w, OBJECT_PARAMS, object_params(o));
	put_bytes(w, OBJECT_WRAP_TEMPLATE, object_wrap_template(o));
	put_bytes(w, OBJECT_UNWRAP_TEMPLATE, object_unwrap_template(o));
	put_bytes(w, OBJECT_SECRET, (struct bytes){ o->secret, o->secret_len });
	put_maker(w, o);
	for (i = 0; i < o->n_shares; i++)
		tlv_put_u32(w, HSM_TAG_SHARE_USER, o->shares[i]);
}

bool record_hash(const struct object *o, uint8_t hash[32])
{
	struct record rec;
	bool ok;

	record_put_object(&rec, o);
	ok = record_ok(&rec) && fc_sha256(rec.w.p, rec.w.len, hash);
	record_free(&rec);
	return ok;
}

void record_put_user(struct record *rec, const struct user_rec *u)
{
	struct tlv_writer *w = &rec->w;

	record_begin(rec, SMALL_RECORD);
	tlv_put_u32(w, USER_TYPE, u->type);
	tlv_put_u32(w, USER_FAILURES, u->failures);
	tlv_put_u32(w, USER_FLAGS, u->flags);
	tlv_put_u32(w, USER_ITERATION_COUNT, u->iterations);
	tlv_put(w, USER_NAME, u->name, strlen(u->name));
	tlv_put(w, USER_SALT, u->salt, sizeof(u->salt));
	tlv_put(w, USER_HASH, u->hash, sizeof(u->hash));
	put_bytes(w, USER_PUBLIC_KEY, (struct bytes){ u->public_key, u->public_key_len });
}

void record_put_debt(struct record *rec, uint32_t debt)
{
	record_begin(rec, SMALL_RECORD);
	tlv_put_u32(&rec->w, DEBT_COUNT, debt);
}

void record_put_card_as(struct record *rec, const struct record_card *card)
{
	uint32_t i;

	record_begin(rec, SMALL_RECORD);
	if (*card->serial)
		tlv_put(&rec->w, CARD_SERIAL, card->serial, strlen(card->serial));
	tlv_put_u64(&rec->w, CARD_NEXT_HANDLE, card->next_handle);
	tlv_put_u32(&rec->w, CARD_NEXT_USER, card->next_user);
	for (i = 0; i < 2; i++) {
		if (card->m_value[i])
			tlv_put_u32(&rec->w, CARD_M_USER_MGMT + i, card->m_value[i]);
	}
}

/* Without serial. */
static struct record_card card_now(const struct fw *fw)
{
	return (struct record_card){
		.next_handle = fw->objects.next_handle, .next_user = fw->users.next_id,
		.m_value = { fw->quorum.m_coming[0], fw->quorum.m_coming[1] },
	};
}

void record_put_counters(struct record *rec, const struct fw *fw)
{
	struct record_card card = card_now(fw);

	record_put_card_as(rec, &card);
}

void record_put_card(struct record *rec, const struct fw *fw)
{
	struct record_card card = card_now(fw);

	memcpy(card.serial, fw->serial, sizeof(card.serial));
	record_put_card_as(rec, &card);
}

void record_put_header(uint8_t header[RECORD_HEADER_LEN], const uint8_t salt[RECORD_SALT_LEN])
{
	memcpy(header, HEADER_MAGIC, 4);
	put_le32(header + 4, HEADER_VERSION);
	memcpy(header + 8, salt, RECORD_SALT_LEN);
}

bool record_get_header(const uint8_t **salt, const uint8_t *p, size_t len)
{
	*salt = p + 8;
	return len == RECORD_HEADER_LEN && !memcmp(p, HEADER_MAGIC, 4) &&
	       get_le32(p + 4) == HEADER_VERSION;
}

/* Where a TLV of a record goes: @offset into the struct that is filled. */
struct field {
	uint32_t tag;
	enum { FIELD_U32, FIELD_OPTIONAL_U32, FIELD_U64, FIELD_BYTES } kind;
	size_t offset;
	size_t min, max;	/* FIELD_BYTES: of the length; min 0 = may be absent */
};

static bool may_be_absent(const struct field *f)
{
	return f->kind == FIELD_OPTIONAL_U32 || (f->kind == FIELD_BYTES && !f->min);
}

static bool take(const struct field *f, const struct tlv *t, void *into)
{
	char *at = (char *)into + f->offset;

	if (f->kind == FIELD_BYTES) {
		*(struct bytes *)at = (struct bytes){ t->p, t->len };
		return t->len >= f->min && t->len <= f->max;
	}
	if ((f->kind == FIELD_U32 || f->kind == FIELD_OPTIONAL_U32) && t->len == 4)
		*(uint32_t *)at = get_le32(t->p);
	else if (f->kind == FIELD_U64 && t->len == 8)
		*(uint64_t *)at = get_le64(t->p);
	else
		return false;
	return true;
}

/* Fills @into; every field at most once, none missing, no other tags but @many. */
static bool parse(const struct field *f, size_t n, void *into, uint32_t many, const uint8_t *p,
		  size_t len)
{
	struct tlv_reader r;
	uint32_t seen = 0;
	struct tlv t;
	size_t i;

	tlv_read_init(&r, p, len);
	while (tlv_next(&r, &t)) {
		for (i = 0; i < n && f[i].tag != t.tag; i++)
			;
		if (i == n && many && t.tag == many && t.len == 4)
			continue;
		if (i == n || seen >> i & 1 || !take(&f[i], &t, into))
			return false;
		seen |= 1u << i;
	}
	for (i = 0; i < n; i++) {
		if (!(seen >> i & 1) && !may_be_absent(&f[i]))
			return false;
	}
	return !r.bad;
}

#define FIELDS(table) table, sizeof(table) / sizeof((table)[0])

struct raw_object {
	uint32_t class, key_type, flags, owner, m_value, value_len;
	struct bytes kcv, label, id, modulus, exponent, params, wrap_template, unwrap_template;
	struct bytes secret, maker;
};

#define AT(member) offsetof(struct raw_object, member)

static const struct field object_fields[] = {
	{ HSM_ATTR_CLASS, FIELD_U32, AT(class), 0, 0 },
	{ HSM_ATTR_KEY_TYPE, FIELD_U32, AT(key_type), 0, 0 },
	{ OBJECT_FLAGS, FIELD_U32, AT(flags), 0, 0 },
	{ HSM_TAG_OWNER, FIELD_U32, AT(owner), 0, 0 },
	{ HSM_TAG_M_VALUE, FIELD_U32, AT(m_value), 0, 0 },
	{ HSM_ATTR_VALUE_LEN, FIELD_U32, AT(value_len), 0, 0 },
	{ HSM_ATTR_KCV, FIELD_BYTES, AT(kcv), 3, 3 },
	{ HSM_ATTR_LABEL, FIELD_BYTES, AT(label), 1, HSM_LABEL_MAX },
	{ HSM_ATTR_ID, FIELD_BYTES, AT(id), 0, HSM_ID_MAX },
	{ HSM_ATTR_MODULUS, FIELD_BYTES, AT(modulus), 0, HSM_RSA_BITS_MAX / 8 },
	{ HSM_ATTR_PUBLIC_EXPONENT, FIELD_BYTES, AT(exponent), 0, 8 },
	{ OBJECT_PARAMS, FIELD_BYTES, AT(params), 0, PARAMS_MAX },
	{ OBJECT_WRAP_TEMPLATE, FIELD_BYTES, AT(wrap_template), 0, TEMPLATE_MAX },
	{ OBJECT_UNWRAP_TEMPLATE, FIELD_BYTES, AT(unwrap_template), 0, TEMPLATE_MAX },
	{ OBJECT_SECRET, FIELD_BYTES, AT(secret), 0, HSM_MSG_MAX },
	{ OBJECT_MAKER, FIELD_BYTES, AT(maker), 0, MAKER_LEN },
};

#undef AT

static bool sizes_sane(const struct raw_object *raw, enum key_kind kind)
{
	switch (key_kinds[kind].key_type) {
	case HSM_KEY_RSA:
		return !raw->params.len && key_size_ok(kind, (uint32_t)raw->modulus.len * 8);
	case HSM_KEY_EC:
		return raw->params.len == 4 && raw->modulus.len &&
		       fc_curve_by_id(get_le32(raw->params.p));
	case HSM_KEY_DSA:
		return raw->params.len && raw->modulus.len;
	default:
		return !raw->params.len && !raw->modulus.len &&
		       raw->value_len == raw->secret.len && key_size_ok(kind, raw->value_len);
	}
}

static bool raw_sane(const struct raw_object *raw, enum key_kind kind)
{
	bool rsa = kind == KIND_RSA_PUBLIC || kind == KIND_RSA_PRIVATE;

	if (kind == KINDS || raw->m_value > HSM_M_VALUE_MAX || !raw->kcv.len ||
	    (raw->secret.len != 0) != (key_kinds[kind].class != HSM_KEY_CLASS_PUBLIC) ||
	    (raw->exponent.len != 0) != rsa || raw->flags >> ATTR_BITS ||
	    (raw->maker.len && (raw->maker.len != MAKER_LEN || !get_le64(raw->maker.p + 4))))
		return false;
	return sizes_sane(raw, kind);
}

/* @shares: room for all that @p can hold; returns how many. */
static size_t read_shares(uint32_t *shares, const uint8_t *p, size_t len)
{
	struct tlv_reader r;
	struct tlv t;
	size_t n = 0;

	tlv_read_init(&r, p, len);
	while (n < HSM_USERS_MAX && tlv_next_tag(&r, HSM_TAG_SHARE_USER, &t))
		shares[n++] = get_le32(t.p);
	return n;
}

struct object *record_get_object(uint64_t handle, const uint8_t *p, size_t len)
{
	struct raw_object raw = { 0 };
	uint32_t shares[HSM_USERS_MAX];
	struct object_init init;
	enum key_kind kind;
	struct object *o;

	if (!parse(FIELDS(object_fields), &raw, HSM_TAG_SHARE_USER, p, len))
		return NULL;
	kind = key_kind_of(raw.class, raw.key_type);
	if (!raw_sane(&raw, kind))
		return NULL;
	init = (struct object_init){
		.kind = kind, .flags = raw.flags, .owner = raw.owner,
		.value_len = raw.value_len, .m_value = (uint8_t)raw.m_value,
		.label = raw.label, .id = raw.id, .modulus = raw.modulus,
		.exponent = raw.exponent, .params = raw.params,
		.wrap_template = raw.wrap_template, .unwrap_template = raw.unwrap_template,
		.secret = raw.secret, .shares = shares,
		.n_shares = read_shares(shares, p, len),
	};
	memcpy(init.kcv, raw.kcv.p, sizeof(init.kcv));
	o = object_new(&init);
	if (!o)
		return NULL;
	o->handle = handle;
	if (raw.maker.len) {
		o->maker_node = get_le32(raw.maker.p);
		o->maker = get_le64(raw.maker.p + 4);
	}
	o->state = o->maker ? OBJECT_PENDING : OBJECT_LIVE;
	return o;
}

struct raw_user {
	uint32_t type, failures, flags, iterations;
	struct bytes name, salt, hash, public_key;
};

#define AT(member) offsetof(struct raw_user, member)

static const struct field user_fields[] = {
	{ USER_TYPE, FIELD_U32, AT(type), 0, 0 },
	{ USER_FAILURES, FIELD_U32, AT(failures), 0, 0 },
	{ USER_FLAGS, FIELD_U32, AT(flags), 0, 0 },
	{ USER_ITERATION_COUNT, FIELD_U32, AT(iterations), 0, 0 },
	{ USER_NAME, FIELD_BYTES, AT(name), 1, HSM_NAME_MAX },
	{ USER_SALT, FIELD_BYTES, AT(salt), USER_SALT_LEN, USER_SALT_LEN },
	{ USER_HASH, FIELD_BYTES, AT(hash), USER_HASH_LEN, USER_HASH_LEN },
	{ USER_PUBLIC_KEY, FIELD_BYTES, AT(public_key), 0, HSM_PUBLIC_KEY_MAX },
};

#undef AT

bool record_get_user(struct user_rec *u, uint64_t id, const uint8_t *p, size_t len)
{
	struct raw_user raw = { 0 };

	if (!parse(FIELDS(user_fields), &raw, 0, p, len) || !id || id > UINT32_MAX ||
	    !user_type_known(raw.type) || !raw.iterations || !user_name_ok(raw.name))
		return false;
	*u = (struct user_rec){
		.id = (uint32_t)id, .type = raw.type, .failures = raw.failures,
		.flags = raw.flags, .iterations = raw.iterations,
		.public_key_len = (uint32_t)raw.public_key.len,
	};
	memcpy(u->name, raw.name.p, raw.name.len);
	memcpy(u->salt, raw.salt.p, sizeof(u->salt));
	memcpy(u->hash, raw.hash.p, sizeof(u->hash));
	if (raw.public_key.len)
		memcpy(u->public_key, raw.public_key.p, raw.public_key.len);
	return true;
}

bool record_get_debt(uint32_t *debt, const uint8_t *p, size_t len)
{
	static const struct field debt_fields[] = { { DEBT_COUNT, FIELD_U32, 0, 0, 0 } };

	return parse(FIELDS(debt_fields), debt, 0, p, len) && *debt;
}

struct raw_card {
	struct bytes serial;
	uint64_t next_handle;
	uint32_t next_user, m_value[2];
};

#define AT(member) offsetof(struct raw_card, member)

static const struct field card_fields[] = {
	{ CARD_SERIAL, FIELD_BYTES, AT(serial), 0, FW_SERIAL_MAX },
	{ CARD_NEXT_HANDLE, FIELD_U64, AT(next_handle), 0, 0 },
	{ CARD_NEXT_USER, FIELD_U32, AT(next_user), 0, 0 },
	{ CARD_M_USER_MGMT, FIELD_OPTIONAL_U32, AT(m_value[0]), 0, 0 },
	{ CARD_M_MISC_CO, FIELD_OPTIONAL_U32, AT(m_value[1]), 0, 0 },
};

#undef AT

bool record_get_card(struct record_card *card, const uint8_t *p, size_t len)
{
	struct raw_card raw = { 0 };

	if (!parse(FIELDS(card_fields), &raw, 0, p, len) ||
	    raw.m_value[0] > HSM_M_VALUE_MAX || raw.m_value[1] > HSM_M_VALUE_MAX)
		return false;
	*card = (struct record_card){
		.next_handle = raw.next_handle, .next_user = raw.next_user,
		.m_value = { raw.m_value[0], raw.m_value[1] },
	};
	if (raw.serial.len)
		memcpy(card->serial, raw.serial.p, raw.serial.len);
	return true;
}
