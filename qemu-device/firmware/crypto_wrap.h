/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crypto_wrap.h - what the crypto_*.c files of key wrapping share. */
#ifndef HSM_CRYPTO_WRAP_H
#define HSM_CRYPTO_WRAP_H

#include "crypto_int.h"

#define FC_WRAP_MAX	(1u << 20)	/* bytes that are wrapped or unwrapped at once */

/*
 * TKW of SP 800-38F. @len: 4 times 2 or more bytes plain, 4 more wrapped; @w->iv is
 * NULL for A6A6A6A6. A wrong check value is BAD_PKCS_DATA.
 */
int fc_tkw_wrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
		uint8_t *out, size_t *out_len);
int fc_tkw_unwrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
		  uint8_t *out, size_t *out_len);

#endif /* HSM_CRYPTO_WRAP_H */
