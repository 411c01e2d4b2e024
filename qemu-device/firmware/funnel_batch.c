// SPDX-License-Identifier: GPL-2.0-or-later
/* funnel_batch.c - what becomes of a batch: the cluster's word, then the store's. */
#include "funnel_int.h"

#include <errno.h>
#include <stdlib.h>

static void lock_commit(struct fw *fw)
{
	fw->platform.lock_write(fw->platform.opaque, fw->commit);
}

static void unlock_commit(struct fw *fw)
{
	fw->platform.unlock(fw->platform.opaque, fw->commit);
}

static void event(struct fw *fw, int err)
{
	fw->funnel->err = err;
	atomic_store(&fw->funnel->event, true);
	funnel_kick(fw);
}

static void txn_done(struct store_txn *txn, int err)
{
	struct fw *fw = container_of(txn, struct funnel, txn)->fw;

	if (!err)
		audit_committed(fw);
	event(fw, err);
}

/* A key that is not confirmed yet is not told of: it may never have been. */
static void note(struct change *ch)
{
	ch->journal.n = 0;
	if (!ch->quiet && !(ch->min_srv > 1 && ch->stage == CHANGE_MAKES))
		audit_call(&ch->journal, &ch->call, ch, ch->status);
}

static bool seal_card(struct fw *fw)
{
	struct sealed *s = &fw->funnel->sealed_card;
	struct record rec;
	bool ok;

	free(s->data);
	*s = (struct sealed){ NULL, 0 };
	fw_lock_read(fw);
	record_put_card(&rec, fw);
	fw_unlock(fw);
	ok = record_ok(&rec) &&
	     seal_record(fw->seal, STORE_META, RECORD_CARD, rec.w.p, rec.w.len, s);
	record_free(&rec);
	return ok;
}

static void add_op(struct funnel *f, struct store_op op)
{
	f->ops[f->txn.n_ops++] = op;
}

/* All of the batch is one transaction: position and records are there together. */
static bool gather(struct fw *fw)
{
	struct funnel *f = fw->funnel;
	struct audit_journal **at = (struct audit_journal **)&f->txn.journal;
	struct change *ch;
	size_t i;

	f->txn = (struct store_txn){ .ops = f->ops, .done = txn_done };
	for (ch = f->batched.first; ch; ch = ch->next) {
		if (!change_seal(ch, false))
			return false;
		for (i = 0; i < ch->txn.n_ops; i++)
			add_op(f, ch->ops[i]);
		note(ch);
		*at = &ch->journal;
		at = &ch->journal.more;
		*at = NULL;
	}
	if (f->card) {
		if (!seal_card(fw))
			return false;
		add_op(f, (struct store_op){ STORE_META, RECORD_CARD, f->sealed_card.data,
					     f->sealed_card.len });
	}
	add_op(f, replica_store_op(&f->batch));
	return true;
}

static void ordered(struct fw *fw)
{
	struct funnel *f = fw->funnel;

	f->state = FUNNEL_STORING;
	lock_commit(fw);
	if (gather(fw))
		fw->store->ops->submit(fw->store, &f->txn);
	else
		event(fw, -ENOMEM);
	unlock_commit(fw);
}

static void give_up_pipe(struct fw *fw)
{
	replica_abort(fw, &fw->funnel->batch);
	replica_batch_free(&fw->funnel->batch);
}

/* Somebody else was first: the same again, with what that has changed. */
static void came_second(struct fw *fw)
{
	struct funnel *f = fw->funnel;
	struct change *ch;

	funnel_uncut(fw);
	give_up_pipe(fw);
	list_prepend(&f->waiting, &f->batched);
	f->state = FUNNEL_IDLE;
	for (ch = f->waiting.first; ch; ch = ch->next)
		funnel_leave(ch);
}

static void end_batch(struct fw *fw, int rc)
{
	struct funnel *f = fw->funnel;
	struct change_list over = f->batched;
	struct change *ch;

	f->batched = (struct change_list){ NULL, NULL };
	f->state = FUNNEL_IDLE;
	while ((ch = list_take(&over)))
		funnel_unordered(fw, ch, rc);
}

static void not_ordered(struct fw *fw, int err)
{
	if (err == -ENOSPC)
		fw_log(fw, FW_LOG_ERROR, "cluster: it is full: nothing can be changed");
	else if (err == -EACCES)
		fw_log(fw, FW_LOG_ERROR, "cluster: it does not accept changes of this card");
	funnel_uncut(fw);
	give_up_pipe(fw);
	end_batch(fw, HSM_RV_CLUSTER_UNAVAILABLE);
}

/* A token that may have been used is used. */
static void spend_claims(struct fw *fw)
{
	struct change *ch;
	size_t i;

	for (ch = fw->funnel->batched.first; ch; ch = ch->next) {
		quorum_end(&ch->call, 0);
		for (i = 0; i < QUORUM_CLAIMS; i++)
			ch->claims[i] = NULL;
	}
}

static void doubts_stored(struct store_txn *txn, int err)
{
	struct fw *fw = container_of(txn, struct funnel, txn)->fw;

	if (err)
		fw_log(fw, FW_LOG_ERROR, "cluster: keys in doubt could not be noted: error %d",
		       -err);
	else
		audit_committed(fw);
	event(fw, 0);
}

void funnel_note_doubts(struct fw *fw)
{
	struct funnel *f = fw->funnel;
	bool changed = f->doubts_changed;

	f->state = FUNNEL_DOUBTING;
	f->doubts_changed = false;
	if (!changed || !funnel_store_doubts(fw, doubts_stored))
		event(fw, 0);
}

/* What may turn up is noted in the store before anybody is told that it failed. */
static void nobody_knows(struct fw *fw)
{
	struct funnel *f = fw->funnel;
	struct change *ch;
	bool any = false;

	for (ch = f->batched.first; ch; ch = ch->next)
		any = funnel_doubt(fw, ch) || any;
	spend_claims(fw);
	funnel_uncut(fw);
	give_up_pipe(fw);
	lock_commit(fw);
	f->doubts_changed = f->doubts_changed || any;
	funnel_note_doubts(fw);
	unlock_commit(fw);
}

void funnel_doubted(struct fw *fw)
{
	end_batch(fw, HSM_RV_CLUSTER_UNAVAILABLE);
}

void funnel_decided(struct fw *fw)
{
	int err = fw->funnel->err;

	if (!err)
		ordered(fw);
	else if (err == -EAGAIN)
		came_second(fw);
	else if (err == -EHOSTUNREACH || err == -ENOSPC || err == -EACCES)
		not_ordered(fw, err);
	else
		nobody_knows(fw);
}

/* Keys that the cluster has and this card could not store: their maker is told that they failed. */
static void withdraw_keys(struct fw *fw, const struct change *ch)
{
	size_t i;

	if (ch->deletes || ch->old)
		return;
	for (i = 0; i < CHANGE_KEYS && ch->keys[i]; i++)
		funnel_withdraw_key(fw, ch->keys[i]->handle);
}

/* Applies what is stored, or puts it back; the next ones in line onto @next. */
static void settle(struct fw *fw, int err, struct change_list *next)
{
	struct funnel *f = fw->funnel;
	struct change *ch, *follows;

	fw_lock_write(fw);
	for (ch = f->batched.first; ch; ch = ch->next) {
		ch->err = err;
		ch->rc = err ? change_put_back(ch) : change_apply(ch);
		change_unseal(ch);
		follows = change_next_in_line(ch);
		if (follows)
			list_push(next, follows);
	}
	fw_unlock(fw);
}

static void go_on(struct fw *fw, int err)
{
	struct funnel *f = fw->funnel;
	uint64_t position = f->batch.position.number;
	struct change_list batched = f->batched;
	struct change *ch;

	f->batched = (struct change_list){ NULL, NULL };
	f->state = FUNNEL_IDLE;
	while ((ch = list_take(&batched))) {
		ch->position = position;
		if (ch->stage == CHANGE_MAKES)
			ch->call.position = position;
		if (err || !ch->call.req || ch->stage == CHANGE_WITHDRAWS)
			funnel_end(ch, ch->rc);
		else
			list_push(&f->spreading, ch);
	}
}

void funnel_stored(struct fw *fw)
{
	struct funnel *f = fw->funnel;
	struct change_list next = { NULL, NULL };
	struct change *ch;
	int err = f->err;

	if (err)
		fw_log(fw, FW_LOG_ERROR, "cluster: change %llu could not be stored: error %d",
		       (unsigned long long)f->batch.position.number, -err);
	for (ch = f->batched.first; err && ch; ch = ch->next)
		withdraw_keys(fw, ch);
	settle(fw, err, &next);
	replica_end(fw, &f->batch, err);
	go_on(fw, err);
	replica_batch_free(&f->batch);
	while ((ch = list_take(&next)))
		change_go(ch);
	funnel_kick(fw);
}
