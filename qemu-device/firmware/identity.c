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
		.not_before = fw->platform.wall_s(fw->platform.opaque) - DAY_S,
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

static bool put_all(struct fw *fw, const struct fc_numbers *keys, struct tlv_writer *w)
{
	uint8_t *masking;
	size_t i;

	for (i = 0; i < IDENTITY_CERTS; i++) {
		if (!put_cert(fw, i, keys, w))
			return false;
	}
	put_key(w, ID_CARD_KEY, &keys[CARD]);
	put_key(w, ID_CLUSTER_KEY, &keys[CLUSTER]);
	masking = tlv_reserve(w, ID_MASKING_KEY, MASKING_KEY_LEN);
	return masking && fc_random(masking, MASKING_KEY_LEN);
}

bool identity_make(struct fw *fw, struct record *rec)
{
	static const struct fc_pair_spec spec = {
		.key_type = HSM_KEY_EC, .curve = HSM_CURVE_PRIME256V1,
	};
	struct fc_numbers keys[NAMES];
	bool ok = record_begin(rec, IDENTITY_ROOM);
	size_t i, made;

	for (made = 0; ok && made < NAMES; made++)
		ok = fc_pair_generate(&spec, &keys[made]);
	ok = ok && put_all(fw, keys, &rec->w) && record_ok(rec);
	for (i = 0; i < made; i++)
		fc_numbers_clear(&keys[i]);
	if (!ok)
		record_free(rec);
	return ok;
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
	return true;
}

struct identity *identity_read(const uint8_t *p, size_t len)
{
	struct identity *id = secmem_alloc(sizeof(*id));

	if (!id)
		return NULL;
	id->block = secmem_dup(p, len);
	if (id->block && parse(id, len))
		return id;
	identity_free(id);
	return NULL;
}

void identity_free(struct identity *id)
{
	if (!id)
		return;
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
