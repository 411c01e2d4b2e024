// SPDX-License-Identifier: GPL-2.0-or-later
/* funnel_cut.c - from changes that wait to a batch that is proposed. */
#include "funnel_int.h"

#define RECORD_ROOM	1024	/* bytes of a record beside what object_size() counts */

/* What comes behind it may be delivered as soon as this returns, whoever is inside then. */
static void proposed(struct cluster_txn *txn, int err, uint64_t revision)
{
	struct funnel *f = container_of(txn, struct funnel, batch.txn);

	if (!err)
		replica_ordered(f->fw, &f->batch, revision);
	f->err = err;
	atomic_store(&f->event, true);
	funnel_kick(f->fw);
}

static size_t bytes_of(const struct object *o)
{
	return o ? object_size(o) + o->secret_len + o->n_shares * (size_t)TLV_HEAD : 0;
}

/* What it will write is known only when it is ready; so a change of a key counts as a large one. */
static bool fits(const struct funnel *f, const struct change *ch)
{
	size_t n = CHANGE_OPS + ch->image_ops + QUORUM_CLAIMS, i, bytes = n * RECORD_ROOM;

	for (i = 0; i < CHANGE_KEYS; i++)
		bytes += bytes_of(ch->coming[i]);
	if (ch->handle)
		bytes += HSM_MSG_MAX;
	return !replica_full(&f->batch, n, bytes);
}

static bool to_image(void *arg, enum store_kind kind, uint64_t id, struct record *rec)
{
	struct fw *fw = arg;

	if (rec && !record_ok(rec)) {
		record_free(rec);
		return false;
	}
	return replica_add(fw, &fw->funnel->batch, kind, id, rec);
}

static bool add_records(struct fw *fw, struct change *ch)
{
	struct replica_batch *b = &fw->funnel->batch;

	return change_records(ch, to_image, fw) && (!ch->image || ch->image(ch, b)) &&
	       quorum_spend(ch, b);
}

static bool add_card(struct fw *fw)
{
	struct record rec;

	fw_lock_read(fw);
	record_put_counters(&rec, fw);
	fw_unlock(fw);
	return to_image(fw, STORE_META, RECORD_CARD, &rec);
}

/* What nobody asked for has to be counted, too, for as long as it holds on to keys. */
static int enter(struct change *ch)
{
	int rc;

	if (ch->call.req || ch->in_gate)
		return 0;
	rc = fw_enter(ch->call.fw);
	ch->in_gate = !rc;
	return rc;
}

/*
 * Into the batch; or onto @over, if it was refused or has nothing for the cluster: its way
 * into the store has begun. False without memory.
 */
static bool take_in(struct fw *fw, struct change *ch, struct change_list *over)
{
	struct funnel *f = fw->funnel;

	ch->refused = enter(ch);
	if (ch->refused || change_ready(ch) || !change_has_image(ch)) {
		list_push(over, ch);
		change_store(ch);
		return true;
	}
	list_push(&f->batched, ch);
	f->card = f->card || ch->card;
	f->batch.position.waits = f->batch.position.waits || ch->min_srv != 1;
	return add_records(fw, ch);
}

static bool fill(struct fw *fw, struct change_list *over)
{
	struct funnel *f = fw->funnel;
	bool ok = true;

	f->card = false;
	while (ok && f->waiting.first && fits(f, f->waiting.first))
		ok = take_in(fw, list_take(&f->waiting), over);
	if (!f->batched.first)
		return false;
	ok = ok && (!f->card || add_card(fw)) && replica_close(fw, &f->batch);
	if (!ok)
		fw_log(fw, FW_LOG_ERROR, "cluster: no batch can be made: out of memory");
	return ok;
}

void funnel_uncut(struct fw *fw)
{
	struct funnel *f = fw->funnel;
	struct change_list back = { NULL, NULL };
	struct change *ch;

	/* Numbers are given back in the order against that in which they were taken. */
	while ((ch = list_take(&f->batched))) {
		ch->next = back.first;
		back.first = ch;
		if (!back.last)
			back.last = ch;
	}
	fw_lock_write(fw);
	while ((ch = list_take(&back))) {
		change_rewind(ch);
		ch->next = f->batched.first;
		f->batched.first = ch;
		if (!f->batched.last)
			f->batched.last = ch;
	}
	fw_unlock(fw);
}

enum cut { NOTHING, EMPTY, MADE };

/* fw.commit held. EMPTY: the pipe is to be given up again. */
static enum cut make_batch(struct fw *fw, struct change_list *over)
{
	struct funnel *f = fw->funnel;

	if (!replica_begin(fw, &f->batch))
		return NOTHING;
	funnel_weigh_doubts(fw);
	if (fill(fw, over))
		return MADE;
	funnel_uncut(fw);
	return EMPTY;
}

/* fw.commit held, so that the engine is not stopped meanwhile; it calls nobody back here. */
static void propose(struct fw *fw)
{
	struct funnel *f = fw->funnel;

	f->state = FUNNEL_PROPOSED;
	f->batch.txn.done = proposed;
	fw->cluster->ops->propose(fw->cluster, &f->batch.txn);
}

/* Whether there is something that is not just to be tried again later. */
static bool wanted(const struct fw *fw)
{
	const struct funnel *f = fw->funnel;
	const struct change *ch = f->waiting.first;

	if (funnel_wants_to_weigh(fw))
		return true;
	while (ch && ch->stays)
		ch = ch->next;
	return ch || (f->waiting.first && f->rest_until_ms <= funnel_now(fw));
}

static void go_on(struct fw *fw, enum cut cut)
{
	struct funnel *f = fw->funnel;
	struct change_list back = { NULL, NULL };
	struct change *ch;

	if (cut == MADE)
		return;
	back = f->batched;
	f->batched = (struct change_list){ NULL, NULL };
	if (cut == EMPTY) {
		replica_abort(fw, &f->batch);
		replica_batch_free(&f->batch);
	}
	while ((ch = list_take(&back)))
		funnel_unordered(fw, ch, HSM_RV_NO_MEMORY);
}

static void cut_one(struct fw *fw)
{
	struct funnel *f = fw->funnel;
	struct change_list over = { NULL, NULL };
	struct change *ch;
	enum cut cut;

	fw->platform.lock_write(fw->platform.opaque, fw->commit);
	cut = make_batch(fw, &over);
	if (cut == MADE)
		propose(fw);
	else if (f->doubts_changed)
		funnel_note_doubts(fw);
	fw->platform.unlock(fw->platform.opaque, fw->commit);
	go_on(fw, cut);
	while ((ch = list_take(&over)))
		change_let_go(ch);
}

void funnel_cut(struct fw *fw)
{
	if (wanted(fw))
		cut_one(fw);
	funnel_withdraw_doubts(fw);
}
