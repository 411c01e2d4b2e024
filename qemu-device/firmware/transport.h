/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * transport.h - the envelope in which a host's key travels between client and card
 * (docs/hsm-firmware.rst, "Transport envelope"). The card's half of the first
 * direction is a key pair of this power-on.
 */
#ifndef HSM_TRANSPORT_H
#define HSM_TRANSPORT_H

#include "crypto_key.h"

struct fw;
struct call;
struct transport;

#define ENVELOPE_EXTRA FC_GCM_TAG_LEN	/* bytes that an envelope is longer than what is in it */

/* A new key pair in place of the one there is, if any; false: there is none now. */
bool transport_new_key(struct fw *fw);
void transport_free(struct fw *fw);

/* The point of the card's key; false if there is none. */
bool transport_point(struct fw *fw, uint8_t point[FC_POINT_LEN]);

/*
 * Opens the call's DATA, an envelope under POINT: @out has @len - ENVELOPE_EXTRA
 * bytes. BAD_PKCS_DATA whatever is wrong with it.
 */
int transport_open(struct call *c, uint8_t *out);

/* Seals @len bytes for the call's POINT: the card's point and an envelope of @len + ENVELOPE_EXTRA. */
int transport_seal(struct call *c, const uint8_t *in, size_t len, uint8_t point[FC_POINT_LEN],
		   uint8_t *out);

#endif /* HSM_TRANSPORT_H */
