/* SPDX-License-Identifier: GPL-2.0-or-later */
/* keyop.h - whole operations with prepared keys, for the tests of them. */
#ifndef TESTS_KEYOP_H
#define TESTS_KEYOP_H

#include "crypto_key.h"

/*
 * An operation in updates of @step bytes, 0 = all at once; then its end with @sig.
 * Outputs go to @out (NULL to verify), which has room for @len + 1024 bytes.
 */
int keyop(struct fc_key *k, uint32_t use, const struct fc_params *p, const uint8_t *in, size_t len,
	  size_t step, const uint8_t *sig, size_t sig_len, uint8_t *out, size_t *out_len);

/* The same all at once, for mechanisms without parameters. */
int keyop_sign(struct fc_key *k, uint32_t mechanism, const void *in, size_t len, uint8_t *sig,
	       size_t *sig_len);
int keyop_verify(struct fc_key *k, uint32_t mechanism, const void *in, size_t len,
		 const uint8_t *sig, size_t sig_len);

/* A key of the bytes that @hex says; asserts that there is one. */
struct fc_key *keyop_secret(uint32_t key_type, const char *hex);

#endif /* TESTS_KEYOP_H */
