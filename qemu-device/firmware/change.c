// SPDX-License-Identifier: GPL-2.0-or-later
/* change.c - the one road by which stored state changes: lines, the store, the answer. */
#include "change_int.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "funnel.h"
#include "secmem.h"

struct change *change_new(const struct call *c)
{
	struct change *ch = secmem_alloc(sizeof(*ch));

	if (ch)
		ch->call = *c;
	return ch;
}

struct change *change_own(struct fw *fw)
{
	const struct call nobody = { .fw = fw };
	struct change *ch = change_new(&nobody);

	if (ch)
		ch->quiet = true;
	return ch;
}

void change_free(struct change *ch)
{
	size_t i;

	for (i = 0; i < CHANGE_OPS; i++)
		free(ch->sealed[i].data);
	free(ch->extra);
	secmem_free(ch);
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

struct change *change_next_in_line(struct change *ch)
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

/* What the call answers, or CALL_ASYNC if that is somebody else's business from now on. */
static int answer(struct change *ch, int rc)
{
	if (ch->then)
		rc = ch->then(ch, rc);
	if (rc == CALL_ASYNC || !ch->call.req)
		return CALL_ASYNC;
	if (!rc && ch->reply)
		ch->reply(ch);
	if (told_otherwise(ch, rc) && record(&ch->call, rc, ch->err) == CALL_ASYNC)
		return CALL_ASYNC;
	return rc;
}

bool change_end(struct change *ch, int rc, enum fw_result *result)
{
	struct fw *fw = ch->call.fw;
	bool in_gate = ch->in_gate, done;

	rc = answer(ch, rc);
	done = rc != CALL_ASYNC;
	user_put(ch->user);
	if (done)
		*result = call_end(&ch->call, rc);
	change_free(ch);
	if (in_gate)
		fw_leave(fw);
	return done;
}

static void log_failure(struct change *ch)
{
	fw_log(ch->call.fw, FW_LOG_ERROR, "%s: key store could not be written: error %d",
	       ch->call.cmd ? ch->call.cmd->name : "a change of the card's own", -ch->err);
}

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
		log_failure(ch);
	fw_lock_write(fw);
	rc = ch->err || ch->refused ? change_put_back(ch) : change_apply(ch);
	next = change_next_in_line(ch);
	fw_unlock(fw);
	done = change_end(ch, rc, &result);
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

void change_go(struct change *ch)
{
	if (ch && submit(ch))
		finish(ch);
}

void change_refuse(struct change *ch, int rc)
{
	ch->refused = rc;
	finish(ch);
}

/*
 * The store may be done before its caller has let go of fw.commit, even on the same
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

void change_store(struct change *ch)
{
	struct fw *fw = ch->call.fw;
	bool sealed = !ch->refused && change_seal(ch, ch->card);

	ch->txn.ops = ch->ops;
	ch->txn.done = stored;
	if (ch->refused)
		ch->txn.n_ops = 0;
	if (ch->mends)
		change_seal_card(ch);
	if (!ch->quiet)
		audit_call(&ch->journal, &ch->call, ch, ch->refused ? ch->refused : ch->status);
	ch->txn.journal = &ch->journal;
	if (!sealed && !ch->refused)
		txn_done(&ch->txn, -ENOMEM);
	else if (!ch->txn.n_ops && !ch->journal.n)
		txn_done(&ch->txn, 0);
	else
		fw->store->ops->submit(fw->store, &ch->txn);
}

void change_let_go(struct change *ch)
{
	if (meet(ch))
		finish(ch);
}

/* Whether the cluster has a say in it at all. */
static bool clustered(const struct change *ch)
{
	return ch->call.fw->cluster && !ch->local && replica_wanted(ch->call.fw);
}

/* What may turn out to be about this card alone: it has to work without the others, too. */
static bool may_be_own(const struct change *ch)
{
	struct fw *fw = ch->call.fw;
	const struct object *o;
	bool own;

	if (!ch->prepare && (!ch->user || ch->user_kept))
		return true;
	if (!ch->handle)
		return false;
	fw_lock_read(fw);
	o = object_by_handle(&fw->objects, ch->handle);
	own = o && o->ctx;
	fw_unlock(fw);
	return own;
}

/* True if it is the cluster's after all: then it has not begun. */
static bool is_shared(struct change *ch)
{
	if (ch->refused || !clustered(ch) || !change_has_image(ch))
		return false;
	fw_lock_write(ch->call.fw);
	change_rewind(ch);
	fw_unlock(ch->call.fw);
	return true;
}

/* True if it is done already: the caller finishes it. */
static bool submit(struct change *ch)
{
	struct fw *fw = ch->call.fw;
	void *opaque = fw->platform.opaque;
	bool shared = clustered(ch) && !may_be_own(ch);

	if (!shared) {
		fw->platform.lock_write(opaque, fw->commit);
		change_ready(ch);
		shared = is_shared(ch);
		if (!shared)
			change_store(ch);
		fw->platform.unlock(opaque, fw->commit);
	}
	if (!shared)
		return meet(ch);
	funnel_add(fw, ch);
	return false;
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

	memcpy(ch->claims, ch->call.claims, sizeof(ch->claims));
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
	if (!line)
		change_go(ch);
	return CALL_ASYNC;
}

static int record(struct call *c, int rc, bool mends)
{
	struct change *ch = change_new(c);

	if (!ch)
		return HSM_RV_STORE_FAILED;
	ch->refused = rc;
	ch->mends = mends;
	change_go(ch);
	return CALL_ASYNC;
}

int change_record(struct call *c, int rc)
{
	return record(c, rc, false);
}
