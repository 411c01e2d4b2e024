// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_user_change.c - USER_REGISTER and USER_DELETE: changes of a user that is there. */
#include <string.h>

#include "change.h"
#include "policy.h"
#include "two_factor.h"

/* One registers for oneself. fw.lock held. */
static int check_self(struct call *c)
{
	int rc = call_recheck(c);

	if (!rc && call_named_user(c) != c->ctx->user)
		rc = call_bad(c, HSM_TAG_USER_NAME, HSM_RV_NOT_AUTHORIZED);
	return rc;
}

static int edit_registration(struct change *ch)
{
	struct call *c = &ch->call;
	int rc = call_recheck(c);

	if (rc)
		return rc;
	if (ch->rec.flags & HSM_USER_F_2FA)
		return HSM_RV_TWO_FACTOR_KEY;
	if (user_key_taken(&c->fw->users, &ch->secret, ch->user))
		return call_bad(c, HSM_TAG_PUBLIC_KEY, HSM_RV_KEY_REGISTERED);
	memcpy(ch->rec.public_key, ch->secret.public_key, sizeof(ch->rec.public_key));
	ch->rec.public_key_len = ch->secret.public_key_len;
	ch->rec.flags |= HSM_USER_F_MOFN;
	return 0;
}

/* The key, and that its owner has it. */
static int check_registration(struct call *c, struct user_rec *rec)
{
	int rc;

	fw_lock_read(c->fw);
	rc = check_self(c);
	fw_unlock(c->fw);
	if (!rc)
		rc = public_key_arg(c, rec);
	if (!rc && !user_verify(rec, call_bytes(c, HSM_TAG_DATA),
				call_bytes(c, HSM_TAG_SIGNATURE)))
		rc = call_bad(c, HSM_TAG_SIGNATURE, HSM_RV_BAD_PKCS_DATA);
	return rc;
}

/* Takes @ch over: a change of the user that the call names, if @check says 0. */
static int propose(struct call *c, struct change *ch, int (*check)(struct call *c))
{
	int rc;

	fw_lock_write(c->fw);
	rc = check(c);
	if (!rc) {
		ch->user = call_named_user(c);
		return change_propose(ch);
	}
	fw_unlock(c->fw);
	change_free(ch);
	return rc;
}

static int check_type(struct call *c)
{
	if (user_type_known(call_u32(c, HSM_TAG_USER_TYPE, 0)))
		return 0;
	return call_bad(c, HSM_TAG_USER_TYPE, HSM_RV_BAD_USER_TYPE);
}

int cmd_user_register(struct call *c)
{
	struct change *ch;
	int rc = check_type(c);

	if (rc)
		return rc;
	ch = change_new(c);
	if (!ch)
		return HSM_RV_NO_MEMORY;
	rc = check_registration(c, &ch->secret);
	if (!rc) {
		ch->edit = edit_registration;
		return propose(c, ch, check_self);
	}
	change_free(ch);
	return rc;
}

static int check_there(struct call *c)
{
	int rc = call_recheck(c);

	return rc || call_named_user(c) ? rc : HSM_RV_USER_UNKNOWN;
}

/* Also keys on their way to the disk, in or out, and what is left of a session's. */
static bool owns_keys(const struct fw *fw, uint32_t id)
{
	const struct object *o;

	for (o = fw->objects.first; o && o->owner != id; o = o->next)
		;
	return o;
}

/* Whether the quorums could still be reached without @u. */
static bool officers_left(const struct fw *fw, const struct user *u)
{
	uint32_t users = quorum_m_value(fw, HSM_SERVICE_USER_MGMT);
	uint32_t misc = quorum_m_value(fw, HSM_SERVICE_MISC_CO);

	return !user_is_officer(&u->rec) ||
	       user_officers(&fw->users) > (users > misc ? users : misc);
}

static int may_delete(struct call *c, const struct user *u)
{
	int rc = call_recheck(c);

	if (rc)
		return rc;
	if (u->gone)
		return HSM_RV_USER_UNKNOWN;
	if (u->logins)
		return HSM_RV_USER_LOGGED_IN;
	if (owns_keys(c->fw, u->rec.id))
		return HSM_RV_USER_OWNS_KEYS;
	if (!officers_left(c->fw, u))
		return HSM_RV_QUORUM_OFFICERS;
	return quorum_claim(c, HSM_SERVICE_USER_MGMT, NULL);
}

/* From now on nobody logs in as this user before it is known whether it is gone. */
static int prepare_delete(struct change *ch)
{
	int rc = may_delete(&ch->call, ch->user);

	ch->user->leaving = !rc;
	return rc;
}

static int forget(struct change *ch)
{
	quorum_forget_user(ch->call.fw, ch->rec.id);
	return 0;
}

int cmd_user_delete(struct call *c)
{
	struct change *ch;
	int rc = check_type(c);

	if (rc)
		return rc;
	ch = change_new(c);
	if (!ch)
		return HSM_RV_NO_MEMORY;
	ch->prepare = prepare_delete;
	ch->applied = forget;
	ch->removes = true;
	return propose(c, ch, check_there);
}
