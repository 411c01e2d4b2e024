// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_session.c - sessions, login, logout. */
#include <string.h>

#include "change.h"
#include "debt.h"
#include "replica.h"
#include "secmem.h"
#include "two_factor.h"

int cmd_session_open(struct call *c)
{
	uint32_t session;
	int rc;

	fw_lock_write(c->fw);
	rc = call_stopped(c);
	session = rc ? 0 : ctx_open_session(c->fw, c->ctx);
	fw_unlock(c->fw);
	if (!session)
		return rc ? rc : HSM_RV_LIMIT_REACHED;
	tlv_put_u32(&c->out, HSM_TAG_SESSION, session);
	return HSM_RV_SUCCESS;
}

int cmd_session_close(struct call *c)
{
	int rc;

	fw_lock_write(c->fw);
	rc = call_recheck(c);
	if (!rc)
		ctx_close_session(c->fw, c->ctx, c->session);
	fw_unlock(c->fw);
	return rc;
}

int cmd_logout(struct call *c)
{
	int rc;

	fw_lock_write(c->fw);
	rc = call_recheck(c);
	if (!rc)
		ctx_logout(c->fw, c->ctx);
	fw_unlock(c->fw);
	quorum_sweep(c->fw);
	return rc;
}

int cmd_login_status(struct call *c)
{
	const struct user *u;

	fw_lock_read(c->fw);
	u = c->ctx->user;
	if (u) {
		tlv_put_u32(&c->out, HSM_TAG_USER_ID, u->rec.id);
		tlv_put_u32(&c->out, HSM_TAG_USER_TYPE, u->rec.type);
		tlv_put(&c->out, HSM_TAG_USER_NAME, u->rec.name, strlen(u->rec.name));
	}
	fw_unlock(c->fw);
	return HSM_RV_SUCCESS;
}

/* Copies the record of the user that the call names, or one that nobody can match. */
static bool look_up(struct call *c, struct user_rec *rec)
{
	const struct user *u;
	bool found;

	fw_lock_read(c->fw);
	u = user_by_name(&c->fw->users, call_bytes(c, HSM_TAG_USER_NAME));
	found = u && !u->pending && user_type_is(&u->rec, call_u32(c, HSM_TAG_USER_TYPE, 0));
	*rec = found ? u->rec : c->fw->nobody;
	fw_unlock(c->fw);
	return found;
}

static int wrong_password(struct change *ch)
{
	(void)ch;
	return HSM_RV_LOGIN_FAILURE;
}

/*
 * When its turn comes: a new password that was on its way before has taken the place of
 * the one checked, and a second factor with it; or so many wrong ones came, on any card, that
 * the account is locked. With no wrong ones to forget nothing is written of the user.
 */
static int still_right(struct change *ch)
{
	if (!secmem_equal(ch->secret.hash, ch->rec.hash, sizeof(ch->rec.hash)))
		return HSM_RV_LOGIN_FAILURE;
	if (ch->local && ch->rec.failures >= HSM_LOGIN_TRIES)
		return HSM_RV_USER_LOCKED;
	if (ch->local)
		ch->paid = ch->user->debt;
	ch->clears = ch->local ? ch->paid : ch->rec.failures;
	ch->user_kept = !ch->clears;
	ch->rec.failures = ch->local ? ch->rec.failures : 0;
	return 0;
}

static int log_in(struct change *ch)
{
	int rc = call_allowed(&ch->call);

	if (!rc)
		ctx_login(ch->call.ctx, ch->user);
	return rc;
}

static void reply_login(struct change *ch)
{
	tlv_put_u32(&ch->call.out, HSM_TAG_USER_ID, ch->rec.id);
	tlv_put_u32(&ch->call.out, HSM_TAG_USER_TYPE, ch->rec.type);
}

/*
 * The count of wrong passwords moves in memory at once, so that guesses made at the
 * same time cannot be more than HSM_LOGIN_TRIES; the answer waits for the disk. A card of a
 * cluster writes it into its own store first, so that it counts also where the cluster
 * cannot be reached, and then tells the others.
 */
static int count_login(struct change *ch, struct user *u, bool right)
{
	ch->user = u;
	ch->applied = right ? log_in : wrong_password;
	ch->edit = right ? still_right : NULL;
	ch->gone = HSM_RV_LOGIN_FAILURE;
	ch->status = right ? 0 : HSM_RV_LOGIN_FAILURE;
	ch->reply = reply_login;
	ch->local = replica_wanted(ch->call.fw);
	ch->then = ch->local ? debt_tell : NULL;
	memcpy(ch->secret.hash, u->rec.hash, sizeof(u->rec.hash));
	if (!right)
		u->debt++;
	return change_propose(ch);
}

/* With the password checked against @rec, as it was then. Takes @ch over. */
static int decide_login(struct call *c, struct change *ch, const struct user_rec *rec, bool right)
{
	struct user *u;
	int rc;

	fw_lock_write(c->fw);
	rc = call_recheck(c);
	u = rc ? NULL : user_by_id(&c->fw->users, rec->id);
	if (u && user_guesses(u) >= HSM_LOGIN_TRIES)
		rc = HSM_RV_USER_LOCKED;
	right = right && u && secmem_equal(rec->hash, u->rec.hash, sizeof(rec->hash));
	if (!rc && u)
		return count_login(ch, u, right);
	fw_unlock(c->fw);
	change_free(ch);
	if (!rc)
		c->log_status = HSM_RV_NO_SUCH_USER;
	return rc ? rc : HSM_RV_LOGIN_FAILURE;
}

/*
 * Password and second factor, with the same work whether the other one is right. False in
 * @ok if the KDF failed.
 */
static bool check_factors(struct call *c, const struct user_rec *rec, bool *ok)
{
	bool right = user_check_password(rec, call_bytes(c, HSM_TAG_PASSWORD), ok);
	uint8_t nonce[HSM_NONCE_LEN];
	bool fresh = challenge_take(c, nonce);

	if (!(rec->flags & HSM_USER_F_2FA))
		return right;
	return user_verify_digest(rec, nonce, call_bytes(c, HSM_TAG_SIGNATURE)) && fresh && right;
}

int cmd_login(struct call *c)
{
	struct change *ch;
	struct user_rec rec;
	bool found, right, ok;
	int rc;

	if (!user_type_known(call_u32(c, HSM_TAG_USER_TYPE, 0)))
		return call_bad(c, HSM_TAG_USER_TYPE, HSM_RV_BAD_USER_TYPE);
	ch = change_new(c);
	if (!ch)
		return HSM_RV_NO_MEMORY;
	found = look_up(c, &rec);
	right = check_factors(c, &rec, &ok) && found;
	if (ok) {
		rc = decide_login(c, ch, &rec, right);
	} else {
		change_free(ch);
		rc = HSM_RV_CRYPTO_FAILED;
	}
	secmem_wipe(&rec, sizeof(rec));
	return rc;
}
