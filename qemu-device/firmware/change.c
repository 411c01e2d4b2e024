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
	if (ch->user->gone)
		ch->refused = ch->gone ? ch->gone : HSM_RV_USER_UNKNOWN;
	else if (ch->edit)
		ch->refused = ch->edit(ch);
	ch->user->coming = ch->refused ? NULL : &ch->rec;
	fw_unlock(ch->call.fw);
	if (ch->refused)
		return false;
	if (ch->user_kept)
		return true;
	if (ch->removes) {
		ch->ops[ch->txn.n_ops++] = (struct store_op){ STORE_USER, ch->rec.id, NULL, 0 };
		return true;
	}
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

static void apply_user(struct change *ch)
{
	struct user_table *users = &ch->call.fw->users;
	uint32_t failures = ch->clears ? 0 : ch->user->rec.failures;

	if (ch->removes) {
		user_drop(users, ch->user);
		return;
	}
	ch->user->rec = ch->rec;
	ch->user->rec.failures = failures;
	users->live += ch->user->pending;
	ch->user->pending = false;
}

/* What a committed change does to the tables; returns the status. */
static int apply(struct change *ch)
{
	apply_keys(ch);
	if (ch->user)
		apply_user(ch);
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

static void put_back_keys(struct change *ch)
{
	struct fw *fw = ch->call.fw;
	size_t i;

	if (ch->old) {
		keep_old(fw, ch);
		return;
	}
	for (i = CHANGE_KEYS; i-- > 0;) {
		if (ch->keys[i] && ch->deletes)
			ch->keys[i]->state = OBJECT_LIVE;
		else if (ch->keys[i])
			drop_key(fw, ch->keys[i]);
	}
}

static int put_back(struct change *ch)
{
	struct fw *fw = ch->call.fw;

	put_back_keys(ch);
	if (ch->failed)
		ch->failed(ch);
	if (ch->user && ch->user->pending) {
		if (fw->users.next_id == ch->user->rec.id + 1)
			fw->users.next_id--;
		user_drop(&fw->users, ch->user);
	}
	if (ch->user && ch->removes)
		ch->user->leaving = false;
	return ch->err || !ch->refused ? HSM_RV_STORE_FAILED : ch->refused;
}

static void enter_key(struct fw *fw, struct change *ch)
{
	index_add(&fw->changing, &ch->node, index_hash_u64(fw->seed, ch->handle));
}

/* The change of the same key that is on its way, or NULL. */
static struct change *find_changing(struct fw *fw, uint64_t handle)
{
	struct index_node *n = index_first(&fw->changing, index_hash_u64(fw->seed, handle));

	while (n && container_of(n, struct change, node)->handle != handle)
		n = index_next(n);
	return n ? container_of(n, struct change, node) : NULL;
}

/* The next change of the same key; it leads the line. */
static struct change *next_of_key(struct change *ch)
{
	struct fw *fw = ch->call.fw;
	struct change *next = ch->waiting;

	index_del(&fw->changing, &ch->node);
	if (next) {
		next->waiting = next->next;
		enter_key(fw, next);
	}
	return next;
}

/* The next change of the user, which is busy no more if there is none. */
static struct change *next_of_user(struct user *u)
{
	struct change *next = u->waiting;

	u->coming = NULL;
	if (next)
		u->waiting = next->next;
	else
		u->busy = false;
	return next;
}

static struct change *next_in_line(struct change *ch)
{
	if (ch->handle)
		return next_of_key(ch);
	return ch->user ? next_of_user(ch->user) : NULL;
}

static bool submit(struct change *ch);

static bool moved_card(const struct change *ch)
{
	return ch->failed && ch->card;
}

/*
 * What was committed turned out to have no effect after all: that is told in a second record.
 * And so is the failure of one that has moved the card: card records of others, made
 * meanwhile, have what it put back, and the second one comes with a card record, too.
 */
static bool told_otherwise(const struct change *ch, int rc)
{
	if (ch->err)
		return moved_card(ch);
	return !ch->refused && ch->journal.n && rc != ch->status;
}

static int record(struct call *c, int rc, bool mends);

/* Returns the next change of the same user or key if that is done already, too. */
static struct change *finish_one(struct change *ch)
{
	struct fw *fw = ch->call.fw;
	struct fw_req *req = ch->call.req;
	struct change *next;
	enum fw_result result;
	bool done;
	int rc;

	if (ch->err)
		fw_log(fw, FW_LOG_ERROR, "%s: key store could not be written: error %d",
		       ch->call.cmd->name, -ch->err);
	fw_lock_write(fw);
	rc = ch->err || ch->refused ? put_back(ch) : apply(ch);
	next = next_in_line(ch);
	fw_unlock(fw);
	if (!rc && ch->reply)
		ch->reply(ch);
	user_put(ch->user);
	done = !told_otherwise(ch, rc) || record(&ch->call, rc, ch->err) != CALL_ASYNC;
	if (done)
		result = call_end(&ch->call, rc);
	change_free(ch);
	if (next && !submit(next))
		next = NULL;
	if (done)
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

static void stored(struct store_txn *txn, int err)
{
	struct change *ch = container_of(txn, struct change, txn);

	if (!err)
		audit_committed(ch->call.fw);
	txn_done(txn, err);
}

/* In the order in which they are stored: what it reserves goes into no record before its own. */
static void prepare(struct change *ch)
{
	if (!ch->prepare)
		return;
	fw_lock_write(ch->call.fw);
	ch->refused = ch->prepare(ch);
	fw_unlock(ch->call.fw);
}

/* True if it is done already: the caller finishes it. */
static bool submit(struct change *ch)
{
	struct fw *fw = ch->call.fw;
	void *opaque = fw->platform.opaque;
	bool built;

	fw->platform.lock_write(opaque, fw->commit);
	prepare(ch);
	ch->txn.ops = ch->ops;
	ch->txn.done = stored;
	built = !ch->refused && build(ch);
	if (ch->refused)
		ch->txn.n_ops = 0;
	if (ch->mends)
		add_card(ch);
	audit_call(&ch->journal, &ch->call, ch, ch->refused ? ch->refused : ch->status);
	ch->txn.journal = &ch->journal;
	if (!built && !ch->refused)
		txn_done(&ch->txn, -ENOMEM);
	else if (!ch->txn.n_ops && !ch->journal.n)
		txn_done(&ch->txn, 0);
	else
		fw->store->ops->submit(fw->store, &ch->txn);
	fw->platform.unlock(opaque, fw->commit);
	return meet(ch);
}

/* Where changes wait that have to come after others; NULL if it is its turn. */
static struct change **line_of(struct change *ch)
{
	struct change *first = ch->handle ? find_changing(ch->call.fw, ch->handle) : NULL;

	if (first)
		return &first->waiting;
	return ch->user && ch->user->busy ? &ch->user->waiting : NULL;
}

int change_propose(struct change *ch)
{
	struct fw *fw = ch->call.fw;
	struct change **line = line_of(ch);

	user_get(ch->user);
	if (line) {
		while (*line)
			line = &(*line)->next;
		*line = ch;
	} else if (ch->handle) {
		enter_key(fw, ch);
	} else if (ch->user) {
		ch->user->busy = true;
	}
	fw_unlock(fw);
	if (!line && submit(ch))
		finish(ch);
	return CALL_ASYNC;
}

static int record(struct call *c, int rc, bool mends)
{
	struct change *ch = change_new(c);

	if (!ch)
		return HSM_RV_STORE_FAILED;
	ch->refused = rc;
	ch->mends = mends;
	if (submit(ch))
		finish(ch);
	return CALL_ASYNC;
}

int change_record(struct call *c, int rc)
{
	return record(c, rc, false);
}
