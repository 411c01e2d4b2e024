/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pem.h - keys and certificates as text. */
#ifndef CLI_PEM_H
#define CLI_PEM_H

#include <openssl/evp.h>

#include "hsm.h"
#include "outfile.h"

/* Certificates of a card, HSM_CERT_*. */
extern const struct cli_choice cert_choices[];

#define PEM_FILE_MAX	65536	/* bytes of a file that is worth reading */

/*
 * The first private or public key in a PEM file: RSA, DSA or EC. They return NULL,
 * or what is wrong with the file, as the end of a sentence. Key files under a password
 * are refused.
 */
const char *pem_private_key(const struct hsm_bytes *file, EVP_PKEY **key);
const char *pem_public_key(const struct hsm_bytes *file, EVP_PKEY **key);

/* The same as DER: PKCS#8 PrivateKeyInfo, of a key of type HSM_KEY_@type; X.509 SPKI. */
const char *pem_private_der(const struct hsm_bytes *file, struct hsm_bytes *pkcs8,
			    uint32_t *type);
const char *pem_public_der(const struct hsm_bytes *file, struct hsm_bytes *spki);

/* A PEM block: @name is "PRIVATE KEY", "PUBLIC KEY", "CERTIFICATE". False without memory. */
bool pem_encode(const char *name, const struct hsm_bytes *der, struct hsm_bytes *text);

/* out_finish() with such a block. */
int pem_finish(struct outfile *o, const struct cli_args *a, const char *opt, const char *name,
	       const struct hsm_bytes *der);

#endif /* CLI_PEM_H */
