/* SPDX-License-Identifier: GPL-2.0-or-later */
/* operation.h - open operations of a context: CRYPT_INIT to CRYPT_FINAL. */
#ifndef HSM_OPERATION_H
#define HSM_OPERATION_H

#include "call.h"
#include "crypto_key.h"
#include "held.h"

struct operation {
	struct held held;
	uint32_t use;		/* HSM_USE_* */
	uint64_t handle;	/* of its key; 0 = none */
	struct fc_op *op;
};

/* The attribute that a key needs for a use. */
enum attr_bit operation_bit(uint32_t use);

/*
 * Opens one with @op, which it takes over in any case, in the call's session. Looks
 * again whether the caller may. LIMIT_REACHED, NO_MEMORY.
 */
int operation_open(struct call *c, uint32_t use, uint64_t handle, struct fc_op *op, uint32_t *id);

/*
 * Takes the one that the call names, to work with it without a lock. NO_OPERATION; or
 * what is wrong with its key by now, and then it has ended.
 */
int operation_take(struct call *c, struct operation **o);

/* Gives it back to go on later, or ends it. */
void operation_give_back(struct call *c, struct operation *o);
void operation_end(struct call *c, struct operation *o);

#endif /* HSM_OPERATION_H */
