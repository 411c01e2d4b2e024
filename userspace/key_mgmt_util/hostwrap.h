/* SPDX-License-Identifier: GPL-2.0-or-later */
/* hostwrap.h - AES key wrap on the host, for keys in files (-wk). */
#ifndef KMU_HOSTWRAP_H
#define KMU_HOSTWRAP_H

#include "infile.h"

/* The AES key in the file of option @name: 16, 24 or 32 bytes. As in_read(). */
int hostwrap_key(const struct cli_args *a, const char *name, struct hsm_bytes *key);

/*
 * Mechanism 4: RFC 3394 over PKCS#5 padded data, of which it takes two blocks at least. False if
 * @plain is shorter than HOSTWRAP_MIN, @wrapped is not of @key, or without memory; @out is empty
 * then.
 */
#define HOSTWRAP_MIN	8	/* bytes */
bool hostwrap(const struct hsm_bytes *key, const struct hsm_bytes *plain, struct hsm_bytes *out);
bool hostunwrap(const struct hsm_bytes *key, const struct hsm_bytes *wrapped,
		struct hsm_bytes *out);

#endif /* KMU_HOSTWRAP_H */
