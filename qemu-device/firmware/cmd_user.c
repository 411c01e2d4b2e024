// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_user.c - making users, setting passwords, listing users. */
#include <string.h>

#include "cmd_user.h"
#include "policy.h"
#include "two_factor.h"

static void reply_created(struct change *ch)
{
	tlv_put_u32(&ch->call.out, HSM_TAG_USER_ID, ch->rec.id);
}

int user_reserve(struct change *ch)
{
	struct fw *fw = ch->call.fw;
	struct user_table *users = &fw->users;
	int rc;

	if (fw->card_damaged)
		return HSM_RV_RECORD_DAMAGED;
	if (users->n >= HSM_USERS_MAX)
		return HSM_RV_LIMIT_REACHED;
	rc = quorum_claim(&ch->call, HSM_SERVICE_USER_MGMT, NULL);
	if (rc)
		return rc;
	ch->user = user_add(users, &ch->secret, true);
	if (!ch->user)
		return HSM_RV_NO_MEMORY;
	if (users->next_id <= ch->secret.id)
		users->next_id = ch->secret.id + 1;
	ch->card = true;
	return 0;
}

/* Takes name and id, or says why not. */
static int reserve_new(struct change *ch)
{
	struct call *c = &ch->call;
	struct user_table *users = &c->fw->users;
	int rc = call_recheck(c);

	if (rc)
		return rc;
	if (user_by_name(users, call_bytes(c, HSM_TAG_USER_NAME)))
		return call_bad(c, HSM_TAG_USER_NAME, HSM_RV_USER_EXISTS);
	if (user_key_taken(users, &ch->secret, NULL))
		return call_bad(c, HSM_TAG_PUBLIC_KEY, HSM_RV_KEY_REGISTERED);
	ch->secret.id = users->next_id;
	return user_reserve(ch);
}

static int check_new_user(struct call *c)
{
	uint32_t type = call_u32(c, HSM_TAG_USER_TYPE, 0);

	if (type != HSM_USER_CO && type != HSM_USER_CU && type != HSM_USER_AU)
		return call_bad(c, HSM_TAG_USER_TYPE, HSM_RV_BAD_USER_TYPE);
	if (!user_name_ok(call_bytes(c, HSM_TAG_USER_NAME)))
		return call_bad(c, HSM_TAG_USER_NAME, HSM_RV_INVALID_INPUT);
	if (!user_password_ok(call_bytes(c, HSM_TAG_PASSWORD)))
		return call_bad(c, HSM_TAG_PASSWORD, HSM_RV_BAD_PASSWORD);
	return 0;
}

/* The second factor and the password, into the change's secret. */
static int credentials(struct call *c, struct change *ch)
{
	int rc = two_factor_args(c, call_u32(c, HSM_TAG_USER_TYPE, 0), &ch->secret);

	if (!rc && !user_set_password(&ch->secret, call_bytes(c, HSM_TAG_PASSWORD)))
		rc = HSM_RV_CRYPTO_FAILED;
	return rc;
}

int cmd_user_create(struct call *c)
{
	struct bytes name = call_bytes(c, HSM_TAG_USER_NAME);
	int rc = check_new_user(c);
	struct change *ch;

	if (rc)
		return rc;
	ch = change_new(c);
	if (!ch)
		return HSM_RV_NO_MEMORY;
	ch->secret.type = call_u32(c, HSM_TAG_USER_TYPE, 0);
	memcpy(ch->secret.name, name.p, name.len);
	rc = credentials(c, ch);
	if (rc) {
		change_free(ch);
		return rc;
	}
	ch->prepare = reserve_new;
	ch->reply = reply_created;
	fw_lock_write(c->fw);
	return change_propose(ch);
}

struct user *call_named_user(const struct call *c)
{
	struct user *u = user_by_name(&c->fw->users, call_bytes(c, HSM_TAG_USER_NAME));

	if (!u || u->pending || !user_type_is(&u->rec, call_u32(c, HSM_TAG_USER_TYPE, 0)))
		return NULL;
	return u;
}

/* A second factor comes and goes with the password; a key for the quorum alone stays. */
static void edit_key(struct user_rec *rec, const struct user_rec *secret)
{
	if (!secret->public_key_len && !(rec->flags & HSM_USER_F_2FA))
		return;
	rec->flags &= ~(uint32_t)(HSM_USER_F_2FA | HSM_USER_F_MOFN);
	rec->flags |= secret->flags;
	memcpy(rec->public_key, secret->public_key, sizeof(rec->public_key));
	rec->public_key_len = secret->public_key_len;
}

/*
 * Asks again, since the user may have logged in meanwhile, or the caller out. The
 * first officer's own choice of a password is what activates the card.
 */
static int may_set_password(struct change *ch)
{
	struct call *c = &ch->call;
	int rc = call_recheck(c);

	if (!rc)
		rc = policy_set_password(c->ctx, ch->user);
	if (!rc && user_key_taken(&c->fw->users, &ch->secret, ch->user))
		rc = call_bad(c, HSM_TAG_PUBLIC_KEY, HSM_RV_KEY_REGISTERED);
	if (!rc && ch->user != c->user)
		rc = quorum_claim(c, HSM_SERVICE_USER_MGMT, NULL);
	return rc;
}

static int edit_password(struct change *ch)
{
	struct user_rec *rec = &ch->rec;
	int rc = may_set_password(ch);

	if (rc)
		return rc;
	memcpy(rec->salt, ch->secret.salt, sizeof(rec->salt));
	memcpy(rec->hash, ch->secret.hash, sizeof(rec->hash));
	rec->iterations = ch->secret.iterations;
	edit_key(rec, &ch->secret);
	if (rec->type == HSM_USER_PRECO)
		rec->type = HSM_USER_PCO;
	return 0;
}

/* Takes @ch over, which holds the new password in its secret. */
static int change_password(struct call *c, struct change *ch)
{
	int rc;

	fw_lock_write(c->fw);
	rc = call_recheck(c);
	if (!rc) {
		ch->user = call_named_user(c);
		rc = policy_set_password(c->ctx, ch->user);
	}
	if (!rc) {
		ch->clears = true;
		ch->edit = edit_password;
		return change_propose(ch);
	}
	fw_unlock(c->fw);
	change_free(ch);
	return rc;
}

static int check_password_change(struct call *c)
{
	int rc;

	if (!user_type_known(call_u32(c, HSM_TAG_USER_TYPE, 0)))
		return call_bad(c, HSM_TAG_USER_TYPE, HSM_RV_BAD_USER_TYPE);
	if (!user_password_ok(call_bytes(c, HSM_TAG_PASSWORD)))
		return call_bad(c, HSM_TAG_PASSWORD, HSM_RV_BAD_PASSWORD);
	fw_lock_read(c->fw);
	rc = policy_set_password(c->ctx, call_named_user(c));
	fw_unlock(c->fw);
	return rc;
}

int cmd_user_password(struct call *c)
{
	int rc = check_password_change(c);
	struct change *ch;

	if (rc)
		return rc;
	ch = change_new(c);
	if (!ch)
		return HSM_RV_NO_MEMORY;
	rc = credentials(c, ch);
	if (!rc)
		return change_password(c, ch);
	change_free(ch);
	return rc;
}

static void put_user(struct tlv_writer *w, const struct user *user)
{
	const struct user_rec *u = &user->rec;
	uint8_t *p = tlv_reserve(w, HSM_TAG_USER, sizeof(struct hsm_user_rec));

	if (!p)
		return;
	memset(p, 0, sizeof(struct hsm_user_rec));
	put_le32(p + offsetof(struct hsm_user_rec, id), u->id);
	put_le32(p + offsetof(struct hsm_user_rec, type), u->type);
	put_le32(p + offsetof(struct hsm_user_rec, failures), user_guesses(user));
	put_le32(p + offsetof(struct hsm_user_rec, flags), u->flags);
	memcpy(p + offsetof(struct hsm_user_rec, name), u->name, strlen(u->name));
}

int cmd_user_list(struct call *c)
{
	const struct user_table *users = &c->fw->users;
	size_t i;
	int rc;

	fw_lock_read(c->fw);
	rc = call_room(c, users->live * (TLV_HEAD + sizeof(struct hsm_user_rec)));
	for (i = 0; !rc && i < users->n; i++) {
		if (!users->v[i]->pending)
			put_user(&c->out, users->v[i]);
	}
	fw_unlock(c->fw);
	return rc;
}
