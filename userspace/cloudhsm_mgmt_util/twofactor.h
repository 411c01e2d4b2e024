/* SPDX-License-Identifier: GPL-2.0-or-later */
/* twofactor.h - the second factor: digests out, signatures in, through a file. */
#ifndef CMU_TWOFACTOR_H
#define CMU_TWOFACTOR_H

#include "cmu.h"

#define TWOFACTOR_SIG_MAX	(HSM_QUORUM_RSA_BITS / 8)

/* What the user's device signed, per server. */
struct twofactor {
	bool used;			/* -2fa was given */
	struct hsm_bytes public_key;	/* SubjectPublicKeyInfo; empty for a login */
	struct {
		uint8_t digest[HSM_NONCE_LEN];
		uint8_t signature[TWOFACTOR_SIG_MAX];
		size_t len;
	} of[CMU_SERVERS_MAX];
};

/*
 * If -2fa was given: gets a challenge of every server in scope, writes them into that
 * file, waits for the user, and reads back what was signed (@new_key: and the public key).
 * CLI_OK or an exit code with a line printed. Ends with twofactor_free() in any case.
 */
int twofactor_get(struct cmu *cmu, const struct cli_args *a, bool new_key, struct twofactor *t);
void twofactor_free(struct twofactor *t);

/* The factor for server @s in @out; NULL if there is none. */
const struct hsm_factor *twofactor_for(const struct twofactor *t, const struct cmu_server *s,
				       struct hsm_factor *out);

#define CMU_OPT_2FA \
	{ .name = "-2fa", .kind = CLI_FILE_OUT, .what = "Authentication file", .arg = "<file>", \
	  .min = 1, .tag = HSM_TAG_SIGNATURE, \
	  .help = "Second factor of an officer: gets the digests to sign." }

#endif /* CMU_TWOFACTOR_H */
