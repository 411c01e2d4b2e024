/* SPDX-License-Identifier: GPL-2.0-or-later */
/* crypt_args.h - what a request to CRYPT or CRYPT_INIT asks for, checked. */
#ifndef HSM_CRYPT_ARGS_H
#define HSM_CRYPT_ARGS_H

#include "call.h"
#include "crypto_key.h"

struct crypt_args {
	uint32_t use;				/* HSM_USE_* */
	const struct fc_mechanism *mech;
	struct fc_params params;		/* points into the request and iv */
	bool makes_iv;				/* the card makes the IV: GCM, ENCRYPT */
	uint8_t iv[FC_GCM_IV_LEN];
};

/* @whole: the request is all of the operation. Status, with bad tag. */
int crypt_args(struct call *c, bool whole, struct crypt_args *x);

#endif /* HSM_CRYPT_ARGS_H */
