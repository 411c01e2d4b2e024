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
#define IDENTITY_SIG_MAX 72	/* bytes of a signature: DER of two numbers of P-256 */

/* In secret memory. What it points to is in its block. */
struct identity {
	struct bytes cert[IDENTITY_CERTS];	/* DER, in the order of HSM_CERT_* */
	struct bytes masking_key;
	struct bytes card_d, card_point;	/* numbers of the card's key */
	struct bytes cluster_d, cluster_point;
	struct bytes cluster_name;		/* serial of who made it; empty: this card */
	struct fc_key *card_key;
	uint8_t *block;				/* the record */
};

/* Makes a new one as a record; false without memory or if the library failed. */
bool identity_make(struct fw *fw, struct record *rec);
/*
 * The same, but what comes with the hardware is taken from @old: manufacturer root, hardware
 * certificate, card key. Customer root, cluster key and masking key are new.
 */
bool identity_renew(struct fw *fw, const struct identity *old, struct record *rec);

/*
 * What the cards of a cluster have in common, as a record: customer root, cluster key and its
 * certificate by the customer, masking key, and the serial number that the cluster is named
 * by (@serial, unless @id has it from another card). False without memory.
 */
bool identity_share(const struct identity *id, const char *serial, struct record *rec);
bool identity_shared_ok(const uint8_t *p, size_t len);
/*
 * A record of what is common (as identity_share() made it), and of @own what is not: the
 * card's key and what comes with the hardware. The manufacturer's certificate of the cluster
 * is made anew by the card's key. False if a record makes no sense or the library failed.
 */
bool identity_adopt(struct fw *fw, const struct identity *own, const uint8_t *p, size_t len,
		    struct record *rec);

/* Copies and checks a record; NULL for one that makes no sense. */
struct identity *identity_read(const uint8_t *p, size_t len);
void identity_free(struct identity *id);	/* NULL is allowed */

/* HSM_CERT_*; len 0 if there is no such certificate. */
struct bytes identity_cert(const struct identity *id, uint32_t number);

/*
 * Signs @len bytes with the card key, which the hardware certificate is of: ECDSA on P-256
 * with SHA-256, DER. False without an identity or if the library failed. Slow: no lock.
 */
bool identity_sign(struct fw *fw, const uint8_t *p, size_t len, uint8_t sig[IDENTITY_SIG_MAX],
		   size_t *sig_len);

#endif /* HSM_IDENTITY_H */
