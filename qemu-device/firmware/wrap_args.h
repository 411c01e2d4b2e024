/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap_args.h - the mechanisms of key wrapping, and what a request says about one. */
#ifndef HSM_WRAP_ARGS_H
#define HSM_WRAP_ARGS_H

#include "attr.h"
#include "call.h"
#include "crypto_key.h"

enum wrap_direction { WRAPS, UNWRAPS };

/* What a mechanism takes; kinds and IVs by direction. */
struct wrap_mech {
	uint32_t number;		/* HSM_WRAP_* */
	enum key_kind kind[2];		/* of the wrapping key */
	uint8_t iv_len[2];		/* that the request may give; 0 = none */
	bool iv_needed;			/* and must give, to unwrap */
	bool makes_iv;			/* the card makes the IV to wrap */
	bool hash;
	bool gcm;			/* AAD, tag length */
	bool fips;
};

struct wrap_args {
	const struct wrap_mech *mech;
	enum wrap_direction direction;
	bool header;
	struct fc_wrap wrap;		/* points into the request */
};

/*
 * Reads and checks the options of KEY_WRAP, KEY_UNWRAP, HOST_WRAP, HOST_UNWRAP;
 * @header: a header goes along. Wrong ones are INVALID_INPUT with bad tag.
 */
int wrap_args(struct call *c, enum wrap_direction direction, bool header, struct wrap_args *w);

/* BAD_KEY_TYPE if @o is no wrapping key for the mechanism. */
int wrap_args_key(struct call *c, const struct wrap_args *w, const struct object *o);

#endif /* HSM_WRAP_ARGS_H */
