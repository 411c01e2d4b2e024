/* SPDX-License-Identifier: GPL-2.0-or-later */
/* evidence.h - what a card stated, in a file, for those who have no card (docs/attestation.md). */
#ifndef HSM_EVIDENCE_H
#define HSM_EVIDENCE_H

#include "hsm.h"

/* Frozen. */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_CARD = 3 };

struct evidence {
	struct hsm_attest attest;
	struct hsm_bytes hardware, root;	/* certificates, DER */
	size_t n_keys;
	struct hsm_bytes attrs[HSM_ATTEST_KEYS_MAX];	/* TLVs that KEY_ATTRS gave */
};

/* What the command line says. */
struct options {
	const char *file;
	const char *user;			/* TYPE:name */
	const char *measurement, *root, *serial;
	uint8_t nonce[HSM_NONCE_LEN];
	bool has_nonce;
	uint64_t handles[HSM_ATTEST_KEYS_MAX];
	size_t n_handles;
};

/* Both print what is wrong. EXIT_*. The caller clears @e. */
int evidence_write(const char *path, const struct evidence *e);
int evidence_read(const char *path, struct evidence *e);
void evidence_clear(struct evidence *e);

/* Asks the card and writes the file; EXIT_*. */
int run_get(const struct options *opt);
/* Reads the file and prints what holds; EXIT_*. */
int run_verify(const struct options *opt);

/* 64 hexadecimal digits and nothing else. */
bool parse_digest(const char *text, uint8_t out[HSM_DIGEST_LEN]);
void print_hex(const uint8_t *p, size_t len);

/* "hsm_attest: WHAT: WHY" on standard error; @code. */
int complain(int code, const char *what, const char *why);

#endif /* HSM_EVIDENCE_H */
