/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * two_factor.h - public keys of users, as commands bring them, and the challenges that a
 * second factor signs.
 */
#ifndef HSM_TWO_FACTOR_H
#define HSM_TWO_FACTOR_H

#include "call.h"

/*
 * For a request with SIGNATURE: copies the challenge of its session, which is used up, or
 * zeros if there is none that is fresh. Takes fw.lock. Whether there was one.
 */
bool challenge_take(struct call *c, uint8_t nonce[HSM_NONCE_LEN]);

/* PUBLIC_KEY into @rec: BAD_KEY_SIZE, BAD_PKCS_DATA, with bad tag. Slow: no lock. */
int public_key_arg(struct call *c, struct user_rec *rec);

/*
 * PUBLIC_KEY and SIGNATURE of the challenge, if the request has them, into key and flags of
 * @rec, a user of @type; a status with bad tag if they are not in order. Slow: no lock.
 */
int two_factor_args(struct call *c, uint32_t type, struct user_rec *rec);

#endif /* HSM_TWO_FACTOR_H */
