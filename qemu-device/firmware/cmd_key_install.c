// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_key_install.c - finding a key for a call, and putting new keys into the card. */
#include "attest.h"
#include "change.h"
#include "cmd_key.h"

int key_find_handle(struct call *c, uint32_t tag, uint64_t handle, enum key_right right,
		    struct object **found)
{
	const struct object_table *t = &c->fw->objects;
	struct object *o = object_by_handle(t, handle);
	int rc = call_recheck(c);

	*found = o;
	if (rc)
		return rc;
	if (o)
		rc = policy_key(c->ctx, o, right);
	else
		rc = object_is_damaged(t, handle) ? HSM_RV_RECORD_DAMAGED : HSM_RV_BAD_HANDLE;
	return rc ? call_bad(c, tag, rc) : 0;
}

int key_find(struct call *c, uint32_t tag, enum key_right right, struct object **found)
{
	return key_find_handle(c, tag, call_u64(c, tag), right, found);
}

static void put_handles(struct tlv_writer *w, const uint64_t *handles, size_t n)
{
	tlv_put_u64(w, n == 1 ? HSM_TAG_HANDLE : HSM_TAG_HANDLE_PUBLIC, handles[0]);
	if (n > 1)
		tlv_put_u64(w, HSM_TAG_HANDLE_PRIVATE, handles[1]);
}

/*
 * The keys are there: a statement that cannot be signed is left out, and who wanted it
 * sees that it is missing.
 */
static void reply_handles(struct change *ch)
{
	struct call *c = &ch->call;
	size_t n = ch->handles[1] ? 2 : 1, i;

	put_handles(&c->out, ch->handles, n);
	if (!call_has(c, HSM_TAG_ATTEST_NONCE))
		return;
	for (i = 0; i < n; i++)
		put_le64((uint8_t *)&ch->attested[i].handle, ch->handles[i]);
	attest_put(c, call_bytes(c, HSM_TAG_ATTEST_NONCE).p, ch->attested, n);
}

/* While nobody else knows the keys. */
static bool describe(const struct call *c, struct change *ch, struct object *const *keys, size_t n)
{
	size_t i;

	if (!call_has(c, HSM_TAG_ATTEST_NONCE))
		return true;
	for (i = 0; i < n; i++) {
		if (!attest_key(keys[i], c->cmd->opcode, &ch->attested[i]))
			return false;
	}
	return true;
}

/* Of an unmasked key: it may have been deleted meanwhile, or be about to. */
static bool owner_stays(const struct fw *fw, uint32_t id)
{
	const struct user *owner = user_by_id(&fw->users, id);

	return owner && !owner->leaving;
}

/* fw.lock held: may they come? Both of a pair have the same id. */
static int check_install(struct call *c, struct object *const *keys, size_t n)
{
	const struct object_table *t = &c->fw->objects;
	struct bytes id = object_id(keys[0]);
	size_t i, size = 0;
	int rc = call_recheck(c);

	if (!rc && id.len && object_id_taken(t, id))
		rc = call_bad(c, HSM_ATTR_ID, HSM_RV_ID_EXISTS);
	if (!rc && !owner_stays(c->fw, keys[0]->owner))
		rc = call_bad(c, HSM_TAG_DATA, HSM_RV_USER_UNKNOWN);
	if (!rc && object_flag(keys[0], BIT_TOKEN) && c->fw->card_damaged)
		rc = HSM_RV_RECORD_DAMAGED;
	for (i = 0; i < n; i++)
		size += object_size(keys[i]);
	if (!rc && size > OBJECT_BUDGET - t->bytes)
		rc = HSM_RV_NO_MEMORY;
	return rc;
}

/* fw.lock held: gives handles and puts the keys into the table. */
static void insert(struct call *c, struct change *ch, bool token, struct object *const *keys,
		   size_t n)
{
	struct object_table *t = &c->fw->objects;
	size_t i;

	for (i = 0; i < n; i++) {
		keys[i]->handle = t->next_handle++;
		keys[i]->state = token ? OBJECT_PENDING : OBJECT_LIVE;
		ch->keys[i] = keys[i];
		ch->handles[i] = keys[i]->handle;
		object_insert(t, keys[i]);
		if (!token)
			ctx_add_key(c->ctx, c->session, keys[i]);
	}
}

static int install(struct call *c, struct change *ch, struct object *const *keys, size_t n)
{
	bool token = object_flag(keys[0], BIT_TOKEN);
	int rc;

	fw_lock_write(c->fw);
	rc = check_install(c, keys, n);
	if (!rc)
		insert(c, ch, token, keys, n);
	if (!rc && token) {
		ch->card = true;
		ch->reply = reply_handles;
		return change_propose(ch);
	}
	fw_unlock(c->fw);
	return rc;
}

int new_key_install(struct call *c, struct object *const *keys, size_t n)
{
	struct change *ch = change_new(c);
	int rc = HSM_RV_NO_MEMORY;
	size_t i;

	if (ch && keys[0] && keys[n - 1] && describe(c, ch, keys, n))
		rc = install(c, ch, keys, n);
	if (!rc) {
		reply_handles(ch);
		c->out = ch->call.out;
	}
	if (rc != CALL_ASYNC && ch)
		change_free(ch);
	for (i = 0; i < n && rc && rc != CALL_ASYNC; i++)
		object_free(keys[i]);
	return rc;
}
