// SPDX-License-Identifier: GPL-2.0-or-later
/* policy.c - who may do what, in one place. */
#include "policy.h"

static uint32_t role_of(const struct ctx *ctx)
{
	return ctx->user ? 1u << ctx->user->rec.type : ROLE_NOBODY;
}

/* An open card is as the vendor's: whoever reaches it may zeroize it. */
static uint32_t roles_of(const struct fw *fw, const struct cmd *cmd)
{
	return cmd->opcode == HSM_CMD_ZEROIZE && fw->open_zeroize ? ROLE_ANY : cmd->roles;
}

int policy_command(const struct fw *fw, const struct cmd *cmd, const struct ctx *ctx)
{
	if (roles_of(fw, cmd) & role_of(ctx))
		return HSM_RV_SUCCESS;
	if (cmd->roles == ROLE_NOBODY)
		return HSM_RV_ALREADY_LOGGED_IN;
	return ctx->user ? HSM_RV_NOT_AUTHORIZED : HSM_RV_NOT_LOGGED_IN;
}

int policy_set_password(const struct ctx *ctx, const struct user *target)
{
	if (target && target == ctx->user)
		return HSM_RV_SUCCESS;
	if (!(role_of(ctx) & (ROLE_CO | ROLE_PCO)))
		return HSM_RV_NOT_AUTHORIZED;
	if (!target)
		return HSM_RV_USER_UNKNOWN;
	return target->logins ? HSM_RV_USER_LOGGED_IN : HSM_RV_SUCCESS;
}

bool policy_key_usable_by(const struct object *o, uint32_t id)
{
	return o->owner == id || key_kinds[o->kind].class == HSM_KEY_CLASS_PUBLIC ||
	       object_shared_with(o, id);
}

/* Officers and the appliance user: what they may do with token keys that are not theirs. */
static uint32_t roles_for(enum key_right right)
{
	switch (right) {
	case KEY_SET:
		return ROLE_CO | ROLE_PCO;
	case KEY_MASK:
		return ROLE_CO | ROLE_PCO | ROLE_AU;
	default:
		return 0;
	}
}

int policy_key(const struct ctx *ctx, const struct object *o, enum key_right right)
{
	uint32_t me = ctx->user ? ctx->user->rec.id : 0;

	if (o->state == OBJECT_PENDING || o->state == OBJECT_ORPHAN || (o->ctx && o->ctx != ctx))
		return HSM_RV_BAD_HANDLE;
	if (roles_for(right) & role_of(ctx))
		return HSM_RV_SUCCESS;
	if (!policy_key_usable_by(o, me))
		return HSM_RV_BAD_HANDLE;
	if (right != KEY_SEE && o->owner != me)
		return HSM_RV_ACCESS_DENIED;
	return HSM_RV_SUCCESS;
}

int policy_use(const struct fw *fw, const struct object *o, enum attr_bit bit)
{
	if (!object_flag(o, bit))
		return HSM_RV_KEY_FUNCTION;
	if (fw->policy == FW_POLICY_STRICT && (bit == BIT_WRAP || bit == BIT_UNWRAP) &&
	    !attr_strict_ok((enum key_kind)o->kind, o->flags, bit))
		return HSM_RV_STRICT_POLICY;
	return HSM_RV_SUCCESS;
}

int policy_leave(const struct fw *fw, const struct object *o)
{
	uint32_t wraps = 1u << BIT_WRAP | 1u << BIT_UNWRAP | 1u << BIT_WAS_WRAP |
			 1u << BIT_WAS_UNWRAP;

	if (!object_flag(o, BIT_EXTRACTABLE))
		return HSM_RV_KEY_NOT_EXTRACTABLE;
	if (fw->policy == FW_POLICY_STRICT && o->flags & wraps)
		return HSM_RV_STRICT_POLICY;
	return HSM_RV_SUCCESS;
}
