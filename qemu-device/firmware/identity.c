// SPDX-License-Identifier: GPL-2.0-or-later
/* identity.c - certificates and keys of the card. */
#include "identity.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "secmem.h"

/* Tags of the record: certificates are 1 to 5, in this order. */
enum {
	ID_CERT = 1,
	ID_CARD_KEY = ID_CERT + IDENTITY_CERTS,		/* private number, P-256 */
	ID_CARD_POINT,
	ID_CLUSTER_KEY,
	ID_CLUSTER_POINT,
	ID_MASKING_KEY,
	ID_CLUSTER_NAME,	/* absent: the card's own serial */
	ID_END
};

#define POINT_LEN	65
#define P256_LEN	32
#define CERT_MAX	2048		/* bytes of DER */
#define IDENTITY_ROOM	((size_t)IDENTITY_CERTS * (CERT_MAX + TLV_HEAD) + 1024)
#define CN_MAX		64
#define SECOND_US	1000000u
#define DAY_S		86400u		/* the clocks of those who look may be behind */

enum who { ROOT_KEY, CARD, CUSTOMER, CLUSTER, NAMES };

static const char *const names[NAMES] = {
	"TEST Manufacturer Root", "TEST HSM", "TEST Customer Root", "TEST Cluster",
};

static const struct cert_def {
	uint32_t number;
	enum who subject, issuer;
	bool ca;
} certs[IDENTITY_CERTS] = {
	{ HSM_CERT_MANUFACTURER_ROOT, ROOT_KEY, ROOT_KEY, true },
	{ HSM_CERT_HARDWARE, CARD, ROOT_KEY, true },
	{ HSM_CERT_CUSTOMER_ROOT, CUSTOMER, CUSTOMER, true },
	{ HSM_CERT_CLUSTER_CUSTOMER, CLUSTER, CUSTOMER, false },
	{ HSM_CERT_CLUSTER_MANUFACTURER, CLUSTER, CARD, false },
};

/* @name: the serial number in the subject. */
static bool put_cert(struct fw *fw, size_t i, const struct fc_numbers *keys, const char *name,
		     struct tlv_writer *w)
{
	const struct cert_def *def = &certs[i];
	char subject[CN_MAX], issuer[CN_MAX];
	struct fc_cert_spec spec = {
		.subject = &keys[def->subject], .issuer = &keys[def->issuer],
		.subject_cn = subject, .issuer_cn = issuer,
		.not_before = fw->platform.wall_us(fw->platform.opaque) / SECOND_US - DAY_S,
		.ca = def->ca,
	};
	uint8_t *der;
	size_t len;

	snprintf(subject, sizeof(subject), "%s %s", names[def->subject], name);
	snprintf(issuer, sizeof(issuer), "%s %s", names[def->issuer], fw->serial);
	if (!fc_cert_make(&spec, &der, &len))
		return false;
	tlv_put(w, ID_CERT + (uint32_t)i, der, len);
	free(der);
	return true;
}

static void put_key(struct tlv_writer *w, uint32_t tag, const struct fc_numbers *n)
{
	tlv_put(w, tag, n->part[FC_D].p, n->part[FC_D].len);
	tlv_put(w, tag + 1, n->part[FC_POINT].p, n->part[FC_POINT].len);
}

/* What comes with the hardware: it outlives what the card is filled with. */
static bool of_hardware(enum who who)
{
	return who == ROOT_KEY || who == CARD;
}

static bool put_all(struct fw *fw, const struct identity *old, const struct fc_numbers *keys,
		    struct tlv_writer *w)
{
	uint8_t *masking;
	size_t i;

	for (i = 0; i < IDENTITY_CERTS; i++) {
		if (old && of_hardware(certs[i].subject))
			tlv_put(w, ID_CERT + (uint32_t)i, old->cert[i].p, old->cert[i].len);
		else if (!put_cert(fw, i, keys, fw->serial, w))
			return false;
	}
	put_key(w, ID_CARD_KEY, &keys[CARD]);
	put_key(w, ID_CLUSTER_KEY, &keys[CLUSTER]);
	masking = tlv_reserve(w, ID_MASKING_KEY, MASKING_KEY_LEN);
	return masking && fc_random(masking, MASKING_KEY_LEN);
}

static struct fc_num dup_num(struct bytes b)
{
	uint8_t *p = secmem_dup(b.p, b.len);

	return (struct fc_num){ p, p ? b.len : 0 };
}

/* The key of @who: that of @old, or a new one; the root's is not kept, and not needed again. */
static bool take_key(const struct identity *old, enum who who, struct fc_numbers *n)
{
	static const struct fc_pair_spec spec = {
		.key_type = HSM_KEY_EC, .curve = HSM_CURVE_PRIME256V1,
	};

	if (!old || !of_hardware(who))
		return fc_pair_generate(&spec, n);
	*n = (struct fc_numbers){ .key_type = spec.key_type, .curve = spec.curve };
	if (who == ROOT_KEY)
		return true;
	n->part[FC_D] = dup_num(old->card_d);
	n->part[FC_POINT] = dup_num(old->card_point);
	return n->part[FC_D].p && n->part[FC_POINT].p;
}

static bool make(struct fw *fw, const struct identity *old, struct record *rec)
{
	struct fc_numbers keys[NAMES] = { { 0 } };
	bool ok = record_begin(rec, IDENTITY_ROOM);
	size_t i;

	for (i = 0; ok && i < NAMES; i++)
		ok = take_key(old, (enum who)i, &keys[i]);
	ok = ok && put_all(fw, old, keys, &rec->w) && record_ok(rec);
	for (i = 0; i < NAMES; i++)
		fc_numbers_clear(&keys[i]);
	if (!ok)
		record_free(rec);
	return ok;
}

bool identity_make(struct fw *fw, struct record *rec)
{
	return make(fw, NULL, rec);
}

bool identity_renew(struct fw *fw, const struct identity *old, struct record *rec)
{
	return make(fw, old, rec);
}

static bool lengths_ok(const struct bytes v[ID_END])
{
	size_t i;

	for (i = 0; i < IDENTITY_CERTS; i++) {
		if (!v[ID_CERT + i].len || v[ID_CERT + i].len > CERT_MAX)
			return false;
	}
	return v[ID_CARD_KEY].len == P256_LEN && v[ID_CLUSTER_KEY].len == P256_LEN &&
	       v[ID_CARD_POINT].len == POINT_LEN && v[ID_CLUSTER_POINT].len == POINT_LEN &&
	       v[ID_MASKING_KEY].len == MASKING_KEY_LEN &&
	       v[ID_CLUSTER_NAME].len <= FW_SERIAL_MAX;
}

static bool take_apart(struct bytes v[ID_END], const uint8_t *p, size_t len)
{
	struct tlv_reader r;
	struct tlv t;

	memset(v, 0, ID_END * sizeof(*v));
	tlv_read_init(&r, p, len);
	while (tlv_next(&r, &t)) {
		if (!t.tag || t.tag >= ID_END || v[t.tag].p)
			return false;
		v[t.tag] = (struct bytes){ t.p, t.len };
	}
	return !r.bad;
}

static bool parse(struct identity *id, size_t len)
{
	struct bytes v[ID_END];
	size_t i;

	if (!take_apart(v, id->block, len) || !lengths_ok(v))
		return false;
	for (i = 0; i < IDENTITY_CERTS; i++)
		id->cert[i] = v[ID_CERT + i];
	id->masking_key = v[ID_MASKING_KEY];
	id->card_d = v[ID_CARD_KEY];
	id->card_point = v[ID_CARD_POINT];
	id->cluster_d = v[ID_CLUSTER_KEY];
	id->cluster_point = v[ID_CLUSTER_POINT];
	id->cluster_name = v[ID_CLUSTER_NAME];
	return true;
}

static struct fc_numbers p256(struct bytes d, struct bytes point)
{
	struct fc_numbers n = { .key_type = HSM_KEY_EC, .curve = HSM_CURVE_PRIME256V1 };

	n.part[FC_D] = (struct fc_num){ (uint8_t *)(uintptr_t)d.p, d.len };
	n.part[FC_POINT] = (struct fc_num){ (uint8_t *)(uintptr_t)point.p, point.len };
	return n;
}

/* The numbers point into the record. */
static bool prepare(struct identity *id)
{
	struct fc_numbers n = p256(id->card_d, id->card_point);

	id->card_key = fc_key_private(&n);
	return id->card_key;
}

/* Tags of what is common to the cards of a cluster. */
static const uint32_t shared[] = {
	ID_CERT + 2, ID_CERT + 3, ID_CLUSTER_KEY, ID_CLUSTER_POINT, ID_MASKING_KEY, ID_CLUSTER_NAME,
};

#define N_SHARED (sizeof(shared) / sizeof(shared[0]))

static void put_bytes(struct tlv_writer *w, uint32_t tag, struct bytes b)
{
	if (b.len)
		tlv_put(w, tag, b.p, b.len);
}

bool identity_share(const struct identity *id, const char *serial, struct record *rec)
{
	struct bytes name = { (const uint8_t *)serial, strlen(serial) };

	if (!record_begin(rec, IDENTITY_ROOM))
		return false;
	put_bytes(&rec->w, ID_CERT + 2, id->cert[2]);
	put_bytes(&rec->w, ID_CERT + 3, id->cert[3]);
	put_bytes(&rec->w, ID_CLUSTER_KEY, id->cluster_d);
	put_bytes(&rec->w, ID_CLUSTER_POINT, id->cluster_point);
	put_bytes(&rec->w, ID_MASKING_KEY, id->masking_key);
	put_bytes(&rec->w, ID_CLUSTER_NAME, id->cluster_name.len ? id->cluster_name : name);
	if (record_ok(rec))
		return true;
	record_free(rec);
	return false;
}

static bool is_shared(uint32_t tag)
{
	size_t i;

	for (i = 0; i < N_SHARED && shared[i] != tag; i++)
		;
	return i < N_SHARED;
}

/* All that is common, and nothing else. */
static bool shared_apart(struct bytes v[ID_END], const uint8_t *p, size_t len)
{
	uint32_t tag;

	if (!take_apart(v, p, len))
		return false;
	for (tag = 1; tag < ID_END; tag++) {
		if (is_shared(tag) != (v[tag].len != 0))
			return false;
	}
	return v[ID_CERT + 2].len <= CERT_MAX && v[ID_CERT + 3].len <= CERT_MAX &&
	       v[ID_CLUSTER_KEY].len == P256_LEN && v[ID_CLUSTER_POINT].len == POINT_LEN &&
	       v[ID_MASKING_KEY].len == MASKING_KEY_LEN &&
	       v[ID_CLUSTER_NAME].len <= FW_SERIAL_MAX;
}

bool identity_shared_ok(const uint8_t *p, size_t len)
{
	struct bytes v[ID_END];

	return shared_apart(v, p, len);
}

/* The cluster's certificate by the manufacturer: by this card's key. */
static bool put_manufacturers(struct fw *fw, const struct identity *own,
			      const struct bytes v[ID_END], struct tlv_writer *w)
{
	char name[FW_SERIAL_MAX + 1] = "";
	struct fc_numbers keys[NAMES] = { { 0 } };

	memcpy(name, v[ID_CLUSTER_NAME].p, v[ID_CLUSTER_NAME].len);
	keys[CARD] = p256(own->card_d, own->card_point);
	keys[CLUSTER] = p256(v[ID_CLUSTER_KEY], v[ID_CLUSTER_POINT]);
	return put_cert(fw, IDENTITY_CERTS - 1, keys, name, w);
}

bool identity_adopt(struct fw *fw, const struct identity *own, const uint8_t *p, size_t len,
		    struct record *rec)
{
	struct bytes v[ID_END];
	uint32_t tag;

	if (!own || !shared_apart(v, p, len) || !record_begin(rec, IDENTITY_ROOM))
		return false;
	v[ID_CERT] = own->cert[0];
	v[ID_CERT + 1] = own->cert[1];
	v[ID_CARD_KEY] = own->card_d;
	v[ID_CARD_POINT] = own->card_point;
	for (tag = 1; tag < ID_END; tag++)
		put_bytes(&rec->w, tag, v[tag]);
	if (put_manufacturers(fw, own, v, &rec->w) && record_ok(rec))
		return true;
	record_free(rec);
	return false;
}

struct identity *identity_read(const uint8_t *p, size_t len)
{
	struct identity *id = secmem_alloc(sizeof(*id));

	if (!id)
		return NULL;
	id->block = secmem_dup(p, len);
	if (id->block && parse(id, len) && prepare(id))
		return id;
	identity_free(id);
	return NULL;
}

void identity_free(struct identity *id)
{
	if (!id)
		return;
	fc_key_put(id->card_key);
	secmem_free(id->block);
	secmem_free(id);
}

struct bytes identity_cert(const struct identity *id, uint32_t number)
{
	size_t i;

	for (i = 0; i < IDENTITY_CERTS; i++) {
		if (certs[i].number == number)
			return id->cert[i];
	}
	return (struct bytes){ NULL, 0 };
}

bool identity_sign(struct fw *fw, const uint8_t *p, size_t len, uint8_t sig[IDENTITY_SIG_MAX],
		   size_t *sig_len)
{
	static const struct fc_params params = { .mechanism = HSM_CKM_ECDSA_SHA256 };
	struct fc_op *op = NULL;
	size_t n = 0;
	bool ok = fw->identity &&
		  !fc_op_new(fw->identity->card_key, HSM_USE_SIGN, &params, &op) &&
		  fc_op_room(op, 0) <= IDENTITY_SIG_MAX &&
		  !fc_op_update(op, p, len, sig, &n) && !fc_op_final(op, NULL, 0, sig, sig_len);

	fc_op_free(op);
	return ok;
}
