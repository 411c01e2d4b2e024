// SPDX-License-Identifier: GPL-2.0-or-later
/* identity.c - certificates and keys of the card. */
#include "identity.h"

#include <stdio.h>
#include <stdlib.h>

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

static bool put_cert(struct fw *fw, size_t i, const struct fc_numbers *keys, struct tlv_writer *w)
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

	snprintf(subject, sizeof(subject), "%s %s", names[def->subject], fw->serial);
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
		else if (!put_cert(fw, i, keys, w))
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
	       v[ID_MASKING_KEY].len == MASKING_KEY_LEN;
}

static bool parse(struct identity *id, size_t len)
{
	struct bytes v[ID_END] = { { NULL, 0 } };
	struct tlv_reader r;
	struct tlv t;
	size_t i;

	tlv_read_init(&r, id->block, len);
	while (tlv_next(&r, &t)) {
		if (!t.tag || t.tag >= ID_END || v[t.tag].p)
			return false;
		v[t.tag] = (struct bytes){ t.p, t.len };
	}
	if (r.bad || !lengths_ok(v))
		return false;
	for (i = 0; i < IDENTITY_CERTS; i++)
		id->cert[i] = v[ID_CERT + i];
	id->masking_key = v[ID_MASKING_KEY];
	id->card_d = v[ID_CARD_KEY];
	id->card_point = v[ID_CARD_POINT];
	return true;
}

/* The numbers point into the record. */
static bool prepare(struct identity *id)
{
	struct fc_numbers n = { .key_type = HSM_KEY_EC, .curve = HSM_CURVE_PRIME256V1 };

	n.part[FC_D] = (struct fc_num){ (uint8_t *)(uintptr_t)id->card_d.p, id->card_d.len };
	n.part[FC_POINT] = (struct fc_num){ (uint8_t *)(uintptr_t)id->card_point.p,
					    id->card_point.len };
	id->card_key = fc_key_private(&n);
	return id->card_key;
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
