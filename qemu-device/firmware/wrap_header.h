/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * wrap_header.h - the header before a wrapped key (docs/hsm-firmware.rst, "Wrapped
 * keys"): what the key was, under a MAC that only who has the key can make.
 */
#ifndef HSM_WRAP_HEADER_H
#define HSM_WRAP_HEADER_H

#include "call.h"

#define WRAP_HEADER_LEN		267
#define WRAP_HEADER_MAC_LEN	32
#define WRAP_HEADER_IV_MAX	16

struct wrap_header {
	uint16_t mechanism;
	uint32_t class, key_type;
	uint32_t flags;			/* 1 << enum attr_bit */
	uint32_t value_len;		/* bytes of the payload, unwrapped */
	uint32_t hash;			/* HSM_HASH_*, 0 where the mechanism has none */
	uint8_t tag_len;		/* GCM, else 0 */
	uint8_t iv_len;			/* AES_GCM, else 0 */
	uint8_t iv[WRAP_HEADER_IV_MAX];
	uint8_t kcv[3];
	uint8_t label_len;
	uint8_t label[HSM_LABEL_MAX];
};

/* Writes all but the MAC, which becomes zero. */
void wrap_header_encode(const struct wrap_header *h, uint8_t out[WRAP_HEADER_LEN]);

/* BAD_WRAP_HEADER for anything that wrap_header_encode() does not write. */
int wrap_header_decode(const uint8_t in[WRAP_HEADER_LEN], struct wrap_header *h);

/* The MAC over an encoded header, keyed with the payload in the clear. */
bool wrap_header_mac(const uint8_t header[WRAP_HEADER_LEN], const uint8_t *payload, size_t len,
		     uint8_t mac[WRAP_HEADER_MAC_LEN]);
/* Where it stands. */
static inline const uint8_t *wrap_header_mac_of(const uint8_t header[WRAP_HEADER_LEN])
{
	return header + WRAP_HEADER_LEN - WRAP_HEADER_MAC_LEN;
}

#endif /* HSM_WRAP_HEADER_H */
