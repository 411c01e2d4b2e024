// SPDX-License-Identifier: GPL-2.0-or-later
/* mask.c - masked objects. */
#include "mask.h"

#include <string.h>

#include "crypto.h"
#include "secmem.h"

#define VERSION		1
#define HEAD_LEN	8
#define IV_AT		HEAD_LEN
#define DATA_AT		(IV_AT + FC_GCM_IV_LEN)

static const struct {
	const char *magic, *info;
} kinds[] = {
	[MASK_KEY] = { "HSMO", "hsm masked object 1" },
	[MASK_USER] = { "HSMU", "hsm masked user 1" },
};

static void put_head(enum mask_kind kind, uint8_t head[HEAD_LEN])
{
	memcpy(head, kinds[kind].magic, 4);
	put_le16(head + 4, VERSION);
	put_le16(head + 6, 0);
}

static struct fc_gcm *key_for(const struct identity *id, enum mask_kind kind,
			      const uint8_t iv[FC_GCM_IV_LEN])
{
	uint8_t key[FC_GCM_KEY_LEN];
	struct fc_gcm *g = NULL;

	if (fc_hkdf(id->masking_key.p, id->masking_key.len, iv, FC_GCM_IV_LEN,
		    kinds[kind].info, key, sizeof(key)))
		g = fc_gcm_new(key);
	secmem_wipe(key, sizeof(key));
	return g;
}

bool mask_seal(const struct identity *id, enum mask_kind kind, const uint8_t *plain, size_t len,
	       uint8_t *out)
{
	struct fc_gcm *g = NULL;
	bool ok;

	put_head(kind, out);
	if (fc_random(out + IV_AT, FC_GCM_IV_LEN))
		g = key_for(id, kind, out + IV_AT);
	ok = g && fc_gcm_seal(g, out + IV_AT, out, HEAD_LEN, plain, len, out + DATA_AT,
			      out + DATA_AT + len);
	fc_gcm_free(g);
	return ok;
}

uint8_t *mask_open(const struct identity *id, enum mask_kind kind, struct bytes blob, size_t *len)
{
	uint8_t head[HEAD_LEN];
	struct fc_gcm *g;
	uint8_t *plain;
	bool ok;

	put_head(kind, head);
	if (blob.len <= MASK_EXTRA || memcmp(blob.p, head, HEAD_LEN))
		return NULL;
	*len = blob.len - MASK_EXTRA;
	plain = secmem_alloc(*len);
	g = key_for(id, kind, blob.p + IV_AT);
	ok = plain && g && fc_gcm_open(g, blob.p + IV_AT, head, HEAD_LEN, blob.p + DATA_AT, *len,
				       plain, blob.p + DATA_AT + *len);
	fc_gcm_free(g);
	if (ok)
		return plain;
	secmem_free(plain);
	return NULL;
}
