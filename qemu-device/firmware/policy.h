/* SPDX-License-Identifier: GPL-2.0-or-later */
/* policy.h - who may do what, in one place. Everything needs fw.lock. */
#ifndef HSM_POLICY_H
#define HSM_POLICY_H

#include "call.h"

/* Roles: a bit per user type, bit 0 for nobody logged in. */
#define ROLE_NOBODY	(1u << 0)
#define ROLE_CU		(1u << HSM_USER_CU)
#define ROLE_CO		(1u << HSM_USER_CO)
#define ROLE_PCO	(1u << HSM_USER_PCO)
#define ROLE_AU		(1u << HSM_USER_AU)
#define ROLE_PRECO	(1u << HSM_USER_PRECO)
#define ROLE_USERS	(ROLE_CU | ROLE_CO | ROLE_PCO | ROLE_AU | ROLE_PRECO)
#define ROLE_ANY	(ROLE_NOBODY | ROLE_USERS)

/* Status for the one logged in to @ctx who wants to run @cmd. */
int policy_command(const struct fw *fw, const struct cmd *cmd, const struct ctx *ctx);

/* Whether the one logged in to @ctx may set the password of @target. */
int policy_set_password(const struct ctx *ctx, const struct user *target);

/*
 * What one may want of a key. Officers and the appliance user may do no more than
 * SET and MASK, with token keys.
 */
enum key_right {
	KEY_SEE,	/* find it, read its attributes, use it */
	KEY_MANAGE,	/* wrap it, delete it */
	KEY_SET,	/* change attributes: the owner, or CO and PCO */
	KEY_MASK,	/* mask it: the owner, or CO, PCO and AU */
};

/* SUCCESS, BAD_HANDLE if the key may not even be seen, ACCESS_DENIED. */
int policy_key(const struct ctx *ctx, const struct object *o, enum key_right right);

/*
 * Whether @o may be used for what @bit (WRAP, DECRYPT, ...) says: KEY_FUNCTION if it is
 * not set; STRICT_POLICY for WRAP and UNWRAP with a key that the strict policy would
 * not have let become what it is (made before the card was strict).
 */
int policy_use(const struct fw *fw, const struct object *o, enum attr_bit bit);

/*
 * Whether the value of @o may leave the card wrapped: KEY_NOT_EXTRACTABLE; STRICT_POLICY
 * for a key that wraps or ever did, on a strict card: it would come back as one that decrypts.
 */
int policy_leave(const struct fw *fw, const struct object *o);

/* Whether user @id could use the key: owner, sharer, or it is public. */
bool policy_key_usable_by(const struct object *o, uint32_t id);

#endif /* HSM_POLICY_H */
