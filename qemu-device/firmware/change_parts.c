// SPDX-License-Identifier: GPL-2.0-or-later
/* change_parts.c - the parts of a change's life: ready, sealed, applied, put back. */
#include <stdlib.h>

#include "change_int.h"
#include "members.h"

static int edit_user(struct change *ch)
{
	int rc = 0;

	ch->rec = ch->user->rec;
	if (!ch->local)
		ch->paid = user_settle(&ch->rec, ch->user, ch->clears);
	if (ch->user->gone)
		rc = ch->gone ? ch->gone : HSM_RV_USER_UNKNOWN;
	else if (ch->edit)
		rc = ch->edit(ch);
	ch->user->coming = rc ? NULL : &ch->rec;
	return rc;
}

/* In the order in which they are stored: what it reserves goes into no record before its own. */
int change_ready(struct change *ch)
{
	struct fw *fw = ch->call.fw;
	bool known = ch->user;

	if (!ch->prepare && !known)
		return ch->refused;
	fw_lock_write(fw);
	if (ch->prepare)
		ch->refused = ch->prepare(ch);
	if (!known)
		user_get(ch->user);
	if (!ch->refused && ch->user)
		ch->refused = edit_user(ch);
	fw_unlock(fw);
	return ch->refused;
}

bool change_has_image(const struct change *ch)
{
	return ch->keys[0] || (ch->user && !ch->user_kept) || ch->card || ch->image_ops;
}

static bool put_key(const struct change *ch, const struct object *o, change_sink sink, void *arg)
{
	struct record rec;

	if (ch->deletes)
		return sink(arg, STORE_OBJECT, o->handle, NULL);
	record_put_object(&rec, o);
	return sink(arg, STORE_OBJECT, o->handle, &rec);
}

static bool put_user(const struct change *ch, change_sink sink, void *arg)
{
	struct record rec;

	if (ch->removes)
		return sink(arg, STORE_USER, ch->rec.id, NULL);
	record_put_user(&rec, &ch->rec);
	return sink(arg, STORE_USER, ch->rec.id, &rec);
}

bool change_records(struct change *ch, change_sink sink, void *arg)
{
	size_t i;

	for (i = 0; i < CHANGE_KEYS && ch->keys[i]; i++) {
		if (!put_key(ch, ch->keys[i], sink, arg))
			return false;
	}
	return !ch->user || ch->user_kept || ch->local || put_user(ch, sink, arg);
}

/* Seals @rec, whose buffer it frees, as the next operation. */
static bool seal_op(void *arg, enum store_kind kind, uint64_t id, struct record *rec)
{
	struct change *ch = arg;
	struct sealed *s = &ch->sealed[ch->txn.n_ops];
	bool ok = !rec || (record_ok(rec) && seal_record(ch->call.fw->seal, kind, id, rec->w.p,
							 rec->w.len, s));

	if (rec)
		record_free(rec);
	if (ok)
		ch->ops[ch->txn.n_ops++] = (struct store_op){ kind, id, s->data, s->len };
	return ok;
}

bool change_seal_card(struct change *ch)
{
	struct record rec;

	fw_lock_read(ch->call.fw);
	record_put_card(&rec, ch->call.fw);
	fw_unlock(ch->call.fw);
	return seal_op(ch, STORE_META, RECORD_CARD, &rec);
}

/* What the cluster has not heard of yet; a card on its own owes nothing. */
static bool seal_debt(struct change *ch)
{
	struct record rec;
	uint32_t left;

	if (!ch->user || ch->user_kept || !ch->call.fw->cluster ||
	    !(ch->local || ch->paid || ch->removes))
		return true;
	fw_lock_read(ch->call.fw);
	left = ch->removes ? 0 : ch->user->debt - ch->paid;
	fw_unlock(ch->call.fw);
	if (!left)
		return seal_op(ch, STORE_META, RECORD_DEBT(ch->rec.id), NULL);
	record_put_debt(&rec, left);
	return seal_op(ch, STORE_META, RECORD_DEBT(ch->rec.id), &rec);
}

bool change_seal(struct change *ch, bool card)
{
	return change_records(ch, seal_op, ch) && seal_debt(ch) &&
	       (!card || change_seal_card(ch));
}

void change_unseal(struct change *ch)
{
	size_t i;

	for (i = 0; i < CHANGE_OPS; i++) {
		free(ch->sealed[i].data);
		ch->sealed[i] = (struct sealed){ NULL, 0 };
	}
	ch->txn.n_ops = 0;
}

static void apply_keys(struct change *ch)
{
	struct object_table *t = &ch->call.fw->objects;
	size_t i;

	if (ch->old) {
		object_replace(t, ch->old, ch->keys[0]);
		return;
	}
	for (i = 0; i < CHANGE_KEYS && ch->keys[i]; i++) {
		if (!ch->deletes) {
			object_go_live(t, ch->keys[i]);
			continue;
		}
		object_remove(t, ch->keys[i]);
		object_free(ch->keys[i]);
	}
}

static void forget_keys(struct change *ch)
{
	size_t i;

	ch->old = NULL;
	for (i = 0; i < CHANGE_KEYS; i++)
		ch->keys[i] = NULL;
}

/* The debt may have grown meanwhile: what was paid is gone, the rest stays. */
static void apply_user(struct change *ch)
{
	struct user_table *users = &ch->call.fw->users;

	if (ch->removes) {
		user_drop(users, ch->user);
		return;
	}
	if (ch->user_kept)
		return;
	ch->user->debt -= ch->paid;
	if (ch->local)
		return;
	ch->user->rec = ch->rec;
	users->live += ch->user->pending;
	ch->user->pending = false;
}

int change_apply(struct change *ch)
{
	apply_keys(ch);
	forget_keys(ch);
	ch->card = false;
	if (ch->user)
		apply_user(ch);
	return ch->applied ? ch->applied(ch) : HSM_RV_SUCCESS;
}

/* Takes a pending key out again; its handle is given back if it was the newest. */
static void take_out(struct fw *fw, struct object *o)
{
	uint64_t handle = o->handle;

	object_remove(&fw->objects, o);
	if (fw->objects.next_handle == handle + 1 && !object_damaged(&fw->objects, handle))
		fw->objects.next_handle = handle;
}

int change_bring(struct change *ch, struct object *const *keys, size_t n)
{
	struct object_table *t = &ch->call.fw->objects;
	size_t i, size = 0;

	for (i = 0; i < n; i++)
		size += object_size(keys[i]);
	if (size > OBJECT_BUDGET - t->bytes)
		return HSM_RV_NO_MEMORY;
	t->bytes += size;
	for (i = 0; i < n; i++)
		ch->coming[i] = keys[i];
	return 0;
}

void change_insert(struct change *ch, size_t i, uint64_t handle)
{
	struct object_table *t = &ch->call.fw->objects;
	struct object *o = ch->coming[i];

	t->bytes -= object_size(o);
	ch->coming[i] = NULL;
	ch->keys[i] = o;
	ch->handles[i] = handle;
	o->handle = handle;
	o->state = OBJECT_PENDING;
	object_insert(t, o);
}

void change_drop_coming(struct change *ch)
{
	size_t i;

	for (i = 0; i < CHANGE_KEYS; i++) {
		if (!ch->coming[i])
			continue;
		ch->call.fw->objects.bytes -= object_size(ch->coming[i]);
		object_free(ch->coming[i]);
		ch->coming[i] = NULL;
	}
}

/* The replacement goes; and so does the key, if its session ended meanwhile. */
static void keep_old(struct fw *fw, struct change *ch)
{
	struct object *old = ch->old;

	object_free(ch->keys[0]);
	if (old->state != OBJECT_ORPHAN) {
		old->state = OBJECT_LIVE;
		return;
	}
	object_remove(&fw->objects, old);
	object_free(old);
}

/* Back to where it waits for its turn. */
static void put_back_key(struct change *ch, size_t i)
{
	struct fw *fw = ch->call.fw;
	struct object *o = ch->keys[i];

	if (ch->deletes) {
		o->state = o->maker ? OBJECT_PENDING : OBJECT_LIVE;
		o->leaving = false;
	} else if (ch->stage == CHANGE_CONFIRMS) {
		object_set_maker(&fw->objects, o, fw->node_id, members_incarnation(fw));
	} else {
		take_out(fw, o);
		fw->objects.bytes += object_size(o);
		ch->coming[i] = o;
	}
}

static void put_back_keys(struct change *ch)
{
	size_t i;

	if (ch->old) {
		keep_old(ch->call.fw, ch);
	} else {
		for (i = CHANGE_KEYS; i-- > 0;) {
			if (ch->keys[i])
				put_back_key(ch, i);
		}
	}
	forget_keys(ch);
	if (ch->deletes && ch->prepare)
		ch->deletes = false;
}

/* True if there was one on its way in. */
static bool put_back_user(struct change *ch)
{
	struct fw *fw = ch->call.fw;

	if (!ch->user)
		return false;
	if (ch->removes)
		ch->user->leaving = false;
	ch->user->coming = NULL;
	if (!ch->user->pending)
		return false;
	if (fw->users.next_id == ch->user->rec.id + 1)
		fw->users.next_id--;
	user_drop(&fw->users, ch->user);
	return true;
}

int change_put_back(struct change *ch)
{
	put_back_keys(ch);
	change_drop_coming(ch);
	if (ch->failed)
		ch->failed(ch);
	put_back_user(ch);
	return ch->err || !ch->refused ? HSM_RV_STORE_FAILED : ch->refused;
}

/* Claims of the turn that is over; those that the call came with stay. */
static void end_claims(struct change *ch)
{
	struct call turn = ch->call;
	size_t i;

	for (i = 0; i < QUORUM_CLAIMS; i++) {
		if (turn.claims[i] == ch->claims[i])
			turn.claims[i] = NULL;
		ch->call.claims[i] = ch->claims[i];
	}
	quorum_end(&turn, CALL_FW(FW_CANCELED));
}

void change_rewind(struct change *ch)
{
	put_back_keys(ch);
	end_claims(ch);
	if (ch->failed)
		ch->failed(ch);
	if (put_back_user(ch)) {
		user_put(ch->user);
		ch->user = NULL;
	}
	change_unseal(ch);
	ch->card = false;
	ch->refused = 0;
}
