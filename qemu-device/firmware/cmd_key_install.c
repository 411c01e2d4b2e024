// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_key_install.c - finding a key for a call, and putting new keys into the card. */
#include "attest.h"
#include "change.h"
#include "cmd_key.h"
#include "members.h"
#include "replica.h"

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
		rc = object_damaged(t, handle) ? HSM_RV_RECORD_DAMAGED : HSM_RV_BAD_HANDLE;
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

static void free_keys(struct object *const *keys, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		object_free(keys[i]);
}

/* Of an unmasked key: it may have been deleted meanwhile, or be about to. */
static bool owner_stays(const struct fw *fw, uint32_t id)
{
	const struct user *owner = user_by_id(&fw->users, id);

	return owner && !owner->leaving;
}

/* fw.lock held: may they come? Both of a pair have the same id. */
static int check_install(struct call *c, const struct object *o)
{
	struct bytes id = object_id(o);
	int rc = call_recheck(c);

	if (!rc && id.len && object_id_taken(&c->fw->objects, id))
		rc = call_bad(c, HSM_ATTR_ID, HSM_RV_ID_EXISTS);
	if (!rc && !owner_stays(c->fw, o->owner))
		rc = call_bad(c, HSM_TAG_DATA, HSM_RV_USER_UNKNOWN);
	if (!rc && object_flag(o, BIT_TOKEN) && c->fw->card_damaged)
		rc = HSM_RV_RECORD_DAMAGED;
	return rc;
}

/* When their turn comes: they get handles, and are in the table. */
static int prepare_install(struct change *ch)
{
	struct object_table *t = &ch->call.fw->objects;
	int rc = check_install(&ch->call, ch->coming[0]);
	size_t i;

	if (rc)
		return rc;
	for (i = 0; i < CHANGE_KEYS && ch->coming[i]; i++) {
		change_insert(ch, i, t->next_handle++);
		if (ch->min_srv > 1)
			object_set_maker(t, ch->keys[i], ch->call.fw->node_id,
					 members_incarnation(ch->call.fw));
	}
	ch->card = true;
	return 0;
}

/* In a cluster they stay out of the way of the token keys that come from everywhere. */
static uint64_t session_handle(struct fw *fw)
{
	struct object_table *t = &fw->objects;
	uint64_t *next = &t->next_handle;

	if (replica_wanted(fw)) {
		next = &t->next_session;
		if (!*next)
			*next = ((uint64_t)fw->node_id + 1) << OBJECT_SESSION_BITS;
		while (object_by_handle(t, *next))
			++*next;
	}
	return (*next)++;
}

/* fw.lock held: session keys are there at once. */
static int install_session(struct call *c, struct change *ch, size_t n)
{
	struct object_table *t = &c->fw->objects;
	int rc = check_install(c, ch->coming[0]);
	size_t i;

	for (i = 0; i < n && !rc; i++) {
		change_insert(ch, i, session_handle(c->fw));
		object_go_live(t, ch->keys[i]);
		ctx_add_key(c->ctx, c->session, ch->keys[i]);
	}
	return rc;
}

/* MIN_SRV and TIMEOUT_S, for keys that other cards get, too. */
static void read_nodes(const struct call *c, struct change *ch)
{
	const struct fw_platform *p = &c->fw->platform;

	ch->min_srv = call_u32(c, HSM_TAG_MIN_SRV, 0);
	ch->until_ms = UINT64_MAX;
	if (call_has(c, HSM_TAG_TIMEOUT_S))
		ch->until_ms = p->now_ms(p->opaque) +
			       call_u32(c, HSM_TAG_TIMEOUT_S, 0) * UINT64_C(1000);
}

/* Takes the keys over; and @ch, if it is CALL_ASYNC. */
static int install(struct call *c, struct change *ch, struct object *const *keys, size_t n)
{
	int rc;

	fw_lock_write(c->fw);
	rc = change_bring(ch, keys, n);
	if (rc) {
		fw_unlock(c->fw);
		free_keys(keys, n);
		return rc;
	}
	if (object_flag(keys[0], BIT_TOKEN)) {
		read_nodes(c, ch);
		ch->prepare = prepare_install;
		ch->reply = reply_handles;
		return change_propose(ch);
	}
	c->local = true;
	rc = install_session(c, ch, n);
	change_drop_coming(ch);
	fw_unlock(c->fw);
	return rc;
}

int new_key_install(struct call *c, struct object *const *keys, size_t n)
{
	struct change *ch = change_new(c);
	int rc = HSM_RV_NO_MEMORY;

	if (ch && keys[0] && keys[n - 1] && describe(c, ch, keys, n))
		rc = install(c, ch, keys, n);
	else
		free_keys(keys, n);
	if (!rc) {
		reply_handles(ch);
		c->out = ch->call.out;
	}
	if (rc != CALL_ASYNC && ch)
		change_free(ch);
	return rc;
}
