// SPDX-License-Identifier: GPL-2.0-or-later
/* policy.c - who may do what, in one place. */
#include "policy.h"

static uint32_t role_of(const struct ctx *ctx)
{
	return ctx->user ? 1u << ctx->user->rec.type : ROLE_NOBODY;
}

int policy_command(const struct cmd *cmd, const struct ctx *ctx)
{
	if (cmd->roles & role_of(ctx))
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
	return target->logins ? HSM_RV_ALREADY_LOGGED_IN : HSM_RV_SUCCESS;
}

bool policy_key_usable_by(const struct object *o, uint32_t id)
{
	return o->owner == id || key_kinds[o->kind].class == HSM_KEY_CLASS_PUBLIC ||
	       object_shared_with(o, id);
}

int policy_key(const struct ctx *ctx, const struct object *o, enum key_right right)
{
	uint32_t me = ctx->user ? ctx->user->rec.id : 0;

	if (o->state == OBJECT_PENDING || (o->ctx && o->ctx != ctx) ||
	    !policy_key_usable_by(o, me))
		return HSM_RV_BAD_HANDLE;
	if (right == KEY_MANAGE && o->owner != me)
		return HSM_RV_ACCESS_DENIED;
	return HSM_RV_SUCCESS;
}
