/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hsm_attest.h - part of hsm.h, which includes it: statements of cards about themselves and
 * their keys, and what they are checked against.
 */
#ifndef HSM_ATTEST_H
#define HSM_ATTEST_H

#include "hsm.h"

/*
 * A card's statement about itself and up to HSM_ATTEST_KEYS_MAX keys (struct
 * hsm_attestation), as it came. hsm_attest_begin() fills in the nonce that is sent;
 * without an answer the lengths stay 0. Nothing of it counts before hsm_attest_check().
 */
#define HSM_ATTEST_KEYS_MAX	2
#define HSM_SIGNATURE_ROOM	80
struct hsm_attest {
	uint8_t nonce[HSM_NONCE_LEN];
	size_t statement_len;
	size_t signature_len;
	uint8_t statement[sizeof(struct hsm_attestation) +
			  HSM_ATTEST_KEYS_MAX * sizeof(struct hsm_attested_key)];
	uint8_t signature[HSM_SIGNATURE_ROOM];
};

/* What statements are checked against. Zero-initialise. */
struct hsm_trust {
	struct hsm_bytes hardware;	/* certificate of the card, DER */
	struct hsm_bytes root;		/* of the manufacturer, DER */
	struct hsm_bytes measurements;	/* published firmware: HSM_DIGEST_LEN bytes each */
};

/* A key that a statement has to be about. */
struct hsm_attest_key {
	uint64_t handle;
	uint32_t origin;		/* HSM_CMD_* that made it; 0 of hsm_attest() */
	uint8_t attrs[HSM_DIGEST_LEN];	/* hsm_attest_attrs() */
};

/* The parts of a check. */
enum hsm_attest_part {
	HSM_ATTEST_FORM,
	HSM_ATTEST_NONCE,
	HSM_ATTEST_ROOT,
	HSM_ATTEST_CHAIN,
	HSM_ATTEST_SIGNATURE,
	HSM_ATTEST_SERIAL,
	HSM_ATTEST_MEASUREMENT,
	HSM_ATTEST_OF_KEYS,
	HSM_ATTEST_PARTS
};

/*
 * Attestation (docs/attestation.md). hsm_attest_begin() empties @a and gives it a fresh nonce:
 * 0 or -errno. hsm_attest() has the card answer it, with a statement about the @n keys
 * @handles, at most HSM_ATTEST_KEYS_MAX; without keys it needs no session.
 */
int hsm_attest_begin(struct hsm_attest *a);
int hsm_attest(struct hsm *h, uint32_t session, const uint64_t *handles, size_t n,
	       struct hsm_attest *a, struct hsm_result *res);

/*
 * hsm_trust_files() reads the published firmware (lines of 64 hexadecimal digits, comments
 * begin with #) and the manufacturer root (PEM): from the files given, else from those of the
 * environment, else from /opt/cloudhsm/etc/firmware.sha256 and manufacturer_root.pem, of which
 * the last may be missing. False with a line in @err. hsm_trust_card() then asks the card for
 * its hardware certificate, and for the root if there is none yet, which proves less.
 */
#define HSM_MEASUREMENT_ENV	"HSM_MEASUREMENT"
#define HSM_ROOT_ENV		"HSM_ROOT"
bool hsm_trust_files(struct hsm_trust *t, const char *measurement, const char *root, char *err,
		     size_t err_len);
int hsm_trust_card(struct hsm *h, struct hsm_trust *t, struct hsm_result *res);
void hsm_trust_clear(struct hsm_trust *t);

/*
 * The parts (1u << HSM_ATTEST_*) that do not hold for @a, which has to be about exactly the
 * @n keys @keys; 0 = all is well. Asks nobody.
 */
uint32_t hsm_attest_check(const struct hsm_attest *a, const struct hsm_trust *trust,
			  const struct hsm_attest_key *keys, size_t n);
/* What a part looks at; what is wrong, by the first part of @failed, "" if it is 0. */
const char *hsm_attest_part_text(enum hsm_attest_part part);
const char *hsm_attest_why(uint32_t failed);

/* Digest of all attributes of a key, as hsm_key_attrs() gave them. False: libcrypto failed. */
bool hsm_attest_attrs(const struct hsm_attrs *attrs, uint8_t digest[HSM_DIGEST_LEN]);

#endif /* HSM_ATTEST_H */
