// SPDX-License-Identifier: GPL-2.0-or-later
/* wrap_header.c - the header before a wrapped key. */
#include "wrap_header.h"

#include <string.h>

#include "crypto.h"
#include "secmem.h"

#define MAGIC		"HSMW"
#define VERSION		1
#define SIGNED_LEN	(WRAP_HEADER_LEN - WRAP_HEADER_MAC_LEN)
#define MAC_INFO	"hsm wrapped key header 1"

enum offset {
	AT_VERSION = 4, AT_MECHANISM = 6, AT_CLASS = 8, AT_KEY_TYPE = 12, AT_FLAGS = 16,
	AT_VALUE_LEN = 20, AT_HASH = 24, AT_TAG_LEN = 28, AT_IV_LEN = 29, AT_IV = 30,
	AT_KCV = 46, AT_LABEL_LEN = 49, AT_LABEL = 50, AT_ZEROS = 178,
};

void wrap_header_encode(const struct wrap_header *h, uint8_t out[WRAP_HEADER_LEN])
{
	memset(out, 0, WRAP_HEADER_LEN);
	memcpy(out, MAGIC, 4);
	put_le16(out + AT_VERSION, VERSION);
	put_le16(out + AT_MECHANISM, h->mechanism);
	put_le32(out + AT_CLASS, h->class);
	put_le32(out + AT_KEY_TYPE, h->key_type);
	put_le32(out + AT_FLAGS, h->flags);
	put_le32(out + AT_VALUE_LEN, h->value_len);
	put_le32(out + AT_HASH, h->hash);
	out[AT_TAG_LEN] = h->tag_len;
	out[AT_IV_LEN] = h->iv_len;
	memcpy(out + AT_IV, h->iv, h->iv_len);
	memcpy(out + AT_KCV, h->kcv, sizeof(h->kcv));
	out[AT_LABEL_LEN] = h->label_len;
	memcpy(out + AT_LABEL, h->label, h->label_len);
}

/* Bounds that the encoder relies on. */
static bool lengths_ok(const struct wrap_header *h)
{
	return h->iv_len <= WRAP_HEADER_IV_MAX && h->label_len && h->label_len <= HSM_LABEL_MAX;
}

int wrap_header_decode(const uint8_t in[WRAP_HEADER_LEN], struct wrap_header *h)
{
	uint8_t again[WRAP_HEADER_LEN];

	memset(h, 0, sizeof(*h));
	h->mechanism = get_le16(in + AT_MECHANISM);
	h->class = get_le32(in + AT_CLASS);
	h->key_type = get_le32(in + AT_KEY_TYPE);
	h->flags = get_le32(in + AT_FLAGS);
	h->value_len = get_le32(in + AT_VALUE_LEN);
	h->hash = get_le32(in + AT_HASH);
	h->tag_len = in[AT_TAG_LEN];
	h->iv_len = in[AT_IV_LEN];
	memcpy(h->iv, in + AT_IV, sizeof(h->iv));
	memcpy(h->kcv, in + AT_KCV, sizeof(h->kcv));
	h->label_len = in[AT_LABEL_LEN];
	memcpy(h->label, in + AT_LABEL, sizeof(h->label));
	if (!lengths_ok(h))
		return HSM_RV_BAD_WRAP_HEADER;
	wrap_header_encode(h, again);
	return memcmp(in, again, SIGNED_LEN) ? HSM_RV_BAD_WRAP_HEADER : 0;
}

bool wrap_header_mac(const uint8_t header[WRAP_HEADER_LEN], const uint8_t *payload, size_t len,
		     uint8_t mac[WRAP_HEADER_MAC_LEN])
{
	uint8_t key[FC_SHA256_LEN];
	bool ok;

	ok = fc_hkdf(payload, len, NULL, 0, MAC_INFO, key, sizeof(key)) &&
	     fc_hmac_sha256(key, sizeof(key), header, SIGNED_LEN, mac);
	secmem_wipe(key, sizeof(key));
	return ok;
}
