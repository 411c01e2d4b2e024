/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * identity.h - who the card is: certificates, card and cluster key, masking key. Made
 * once in the life of a store, kept as META record RECORD_IDENTITY.
 *
 *	manufacturer root --> card (hardware) --> cluster (by the manufacturer)
 *	customer root ----> cluster (by the customer)
 *
 * The keys of the roots are thrown away as soon as they have signed.
 */
#ifndef HSM_IDENTITY_H
#define HSM_IDENTITY_H

#include "crypto_key.h"
#include "record.h"

#define IDENTITY_CERTS	5
#define MASKING_KEY_LEN	32

/* In secret memory. What it points to is in its block. */
struct identity {
	struct bytes cert[IDENTITY_CERTS];	/* DER, in the order of HSM_CERT_* */
	struct bytes masking_key;
	uint8_t *block;				/* the record */
};

/* Makes a new one as a record; false without memory or if the library failed. */
bool identity_make(struct fw *fw, struct record *rec);

/* Copies and checks a record; NULL for one that makes no sense. */
struct identity *identity_read(const uint8_t *p, size_t len);
void identity_free(struct identity *id);	/* NULL is allowed */

/* HSM_CERT_*; len 0 if there is no such certificate. */
struct bytes identity_cert(const struct identity *id, uint32_t number);

#endif /* HSM_IDENTITY_H */
