// SPDX-License-Identifier: GPL-2.0-or-later
/* change.c - the one road by which stored state changes. */
#include "change.h"

#include <errno.h>
#include <stdlib.h>

#include "record.h"
#include "secmem.h"

struct change *change_new(const struct call *c)
{
	struct change *ch = secmem_alloc(sizeof(*ch));

	if (ch)
		ch->call = *c;
	return ch;
}

void change_free(struct change *ch)
{
	size_t i;

	for (i = 0; i < CHANGE_OPS; i++)
		free(ch->sealed[i].data);
	secmem_free(ch);
}

/* Seals @rec, whose buffer it frees, as the next operation. */
static bool add_record(struct change *ch, enum store_kind kind, uint64_t id, struct record *rec)
{
	size_t n = ch->txn.n_ops;
	bool ok = record_ok(rec) && seal_record(ch->call.fw->seal, kind, id, rec->w.p,
						rec->w.len, &ch->sealed[n]);

	record_free(rec);
	if (!ok)
		return false;
	ch->ops[n] = (struct store_op){ kind, id, ch->sealed[n].data, ch->sealed[n].len };
	ch->txn.n_ops = n + 1;
	return true;
}

static bool add_key(struct change *ch, const struct object *o)
{
	struct record rec;

	if (ch->deletes) {
		ch->ops[ch->txn.n_ops++] = (struct store_op){ STORE_OBJECT, o->handle, NULL, 0 };
		return true;
	}
	record_put_object(&rec, o);
	return add_record(ch, STORE_OBJECT, o->handle, &rec);
}

static bool add_user(struct change *ch)
{
	struct record rec;

	fw_lock_read(ch->call.fw);
	ch->rec = ch->user->rec;
	if (ch->clears)
		ch->rec.failures = 0;
	if (ch->edit)
		ch->refused = ch->edit(ch);
	fw_unlock(ch->call.fw);
	if (ch->refused)
		return false;
	record_put_user(&rec, &ch->rec);
	return add_record(ch, STORE_USER, ch->rec.id, &rec);
}

static bool add_card(struct change *ch)
{
	struct record rec;

	fw_lock_read(ch->call.fw);
	record_put_card(&rec, ch->call.fw);
	fw_unlock(ch->call.fw);
	return add_record(ch, STORE_META, RECORD_CARD, &rec);
}

static bool build(struct change *ch)
{
	size_t i;

	for (i = 0; i < CHANGE_KEYS && ch->keys[i]; i++) {
		if (!add_key(ch, ch->keys[i]))
			return false;
	}
	return (!ch->user || add_user(ch)) && (!ch->card || add_card(ch));
}

/* What a committed change does to the tables; returns the status. */
static int apply(struct change *ch)
{
	struct fw *fw = ch->call.fw;
	uint32_t failures;
	size_t i;

	for (i = 0; i < CHANGE_KEYS && ch->keys[i]; i++) {
		if (!ch->deletes) {
			object_go_live(&fw->objects, ch->keys[i]);
			continue;
		}
		object_remove(&fw->objects, ch->keys[i]);
		object_free(ch->keys[i]);
	}
	if (ch->user) {
		failures = ch->clears ? 0 : ch->user->rec.failures;
		ch->user->rec = ch->rec;
		ch->user->rec.failures = failures;
		fw->users.live += ch->user->pending;
		ch->user->pending = false;
	}
	return ch->applied ? ch->applied(ch) : HSM_RV_SUCCESS;
}

/* Takes a pending key out again; its handle is given back if it was the newest. */
static void drop_key(struct fw *fw, struct object *o)
{
	uint64_t handle = o->handle;

	object_remove(&fw->objects, o);
	object_free(o);
	if (fw->objects.next_handle == handle + 1)
		fw->objects.next_handle = handle;
}

static int put_back(struct change *ch)
{
	struct fw *fw = ch->call.fw;
	size_t i;

	for (i = CHANGE_KEYS; i-- > 0;) {
		if (ch->keys[i] && ch->deletes)
			ch->keys[i]->state = OBJECT_LIVE;
		else if (ch->keys[i])
			drop_key(fw, ch->keys[i]);
	}
	if (ch->user && ch->user->pending) {
		if (fw->users.next_id == ch->user->rec.id + 1)
			fw->users.next_id--;
		user_drop(&fw->users, ch->user);
		ch->user = NULL;
	}
	return ch->refused ? ch->refused : HSM_RV_STORE_FAILED;
}

/* The next change of the user, which is busy no more if there is none. */
static struct change *next_in_line(struct user *u)
{
	struct change *next = u ? u->waiting : NULL;

	if (next)
		u->waiting = next->next;
	else if (u)
		u->busy = false;
	return next;
}

static bool submit(struct change *ch);

/* Returns the next change of the same user if that is done already, too. */
static struct change *finish_one(struct change *ch)
{
	struct fw *fw = ch->call.fw;
	struct fw_req *req = ch->call.req;
	struct change *next;
	enum fw_result result;
	int rc;

	if (ch->err && !ch->refused)
		fw_log(fw, FW_LOG_ERROR, "%s: key store could not be written: error %d",
		       ch->call.cmd->name, -ch->err);
	fw_lock_write(fw);
	rc = ch->err ? put_back(ch) : apply(ch);
	next = next_in_line(ch->user);
	fw_unlock(fw);
	if (!rc && ch->reply)
		ch->reply(ch);
	result = call_end(&ch->call, rc);
	change_free(ch);
	if (next && !submit(next))
		next = NULL;
	req->done(req, result);
	return next;
}

/* A loop, for any number of them may be waiting. */
static void finish(struct change *ch)
{
	while (ch)
		ch = finish_one(ch);
}

/*
 * The store may be done before submit() has let go of fw.commit, even on the same
 * thread; nobody is called back until both have happened. True for the second.
 */
static bool meet(struct change *ch)
{
	return atomic_fetch_add(&ch->met, 1) == 1;
}

static void txn_done(struct store_txn *txn, int err)
{
	struct change *ch = container_of(txn, struct change, txn);

	ch->err = err;
	if (meet(ch))
		finish(ch);
}

/* True if it is done already: the caller finishes it. */
static bool submit(struct change *ch)
{
	struct fw *fw = ch->call.fw;
	void *opaque = fw->platform.opaque;

	fw->platform.lock_write(opaque, fw->commit);
	ch->txn.ops = ch->ops;
	ch->txn.done = txn_done;
	if (build(ch))
		fw->store->ops->submit(fw->store, &ch->txn);
	else
		txn_done(&ch->txn, -ENOMEM);
	fw->platform.unlock(opaque, fw->commit);
	return meet(ch);
}

int change_propose(struct change *ch)
{
	struct change **end;

	if (ch->user && ch->user->busy) {
		for (end = &ch->user->waiting; *end; end = &(*end)->next)
			;
		*end = ch;
		fw_unlock(ch->call.fw);
		return CALL_ASYNC;
	}
	if (ch->user)
		ch->user->busy = true;
	fw_unlock(ch->call.fw);
	if (submit(ch))
		finish(ch);
	return CALL_ASYNC;
}
