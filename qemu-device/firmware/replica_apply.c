// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * replica_apply.c - entries on their way into this card's store, one after the other, and
 * then into its tables.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "replica_int.h"
#include "secmem.h"

#define PIECE_OPS	2000		/* of one transaction of the store */
#define RETRY_MS	1000
#define MORE_OPS	3		/* first position, last one, a user's debt */

static void commit_lock(struct fw *fw)
{
	fw->platform.lock_write(fw->platform.opaque, fw->commit);
}

static void commit_unlock(struct fw *fw)
{
	fw->platform.unlock(fw->platform.opaque, fw->commit);
}

static uint64_t now_ms(const struct fw *fw)
{
	return fw->platform.now_ms(fw->platform.opaque);
}

void replica_enqueue(struct replica *r, struct replica_entry *e)
{
	e->fw = r->fw;
	*r->last = e;
	r->last = &e->next;
}

void replica_first(struct replica *r, struct replica_entry *e)
{
	e->fw = r->fw;
	e->next = r->first;
	if (!r->first)
		r->last = &e->next;
	r->first = e;
}

static void drop_ops(struct replica_entry *e)
{
	size_t i;

	for (i = 0; i < e->n_ops; i++)
		free(e->sealed[i].data);
	free(e->sealed);
	free(e->ops);
	e->sealed = NULL;
	e->ops = NULL;
	e->n_ops = 0;
	e->at = 0;
}

static void add_sealed(struct replica_entry *e, enum store_kind kind, uint64_t id)
{
	const struct sealed *s = &e->sealed[e->n_ops];

	e->ops[e->n_ops++] = (struct store_op){ kind, id, s->data, s->len };
}

static void add_gone(struct replica_entry *e, enum store_kind kind, uint64_t id)
{
	e->sealed[e->n_ops] = (struct sealed){ NULL, 0 };
	add_sealed(e, kind, id);
}

static bool add_record(struct replica_entry *e, enum store_kind kind, uint64_t id,
		       const uint8_t *p, size_t len)
{
	if (!seal_record(e->fw->seal, kind, id, p, len, &e->sealed[e->n_ops]))
		return false;
	add_sealed(e, kind, id);
	return true;
}

static bool add_made(struct replica_entry *e, enum store_kind kind, uint64_t id, struct record *rec)
{
	bool ok = record_ok(rec) && add_record(e, kind, id, rec->w.p, rec->w.len);

	record_free(rec);
	return ok;
}

static bool add_position(struct replica_entry *e, const struct replica_position *pos)
{
	if (!replica_seal_position(e->fw, pos, &e->sealed[e->n_ops]))
		return false;
	add_sealed(e, STORE_META, RECORD_CLUSTER);
	return true;
}

static bool add_card(struct replica_entry *e, const struct replica_item *it)
{
	struct record_card card;
	struct record rec;

	if (!record_get_card(&card, it->plain, it->len))
		return false;
	memcpy(card.serial, e->fw->serial, sizeof(card.serial));
	record_put_card_as(&rec, &card);
	return add_made(e, STORE_META, RECORD_CARD, &rec);
}

/* The cluster's part with this card's own; kept for when it is stored. */
static bool add_identity(struct replica_entry *e, const struct replica_item *it)
{
	struct fw *fw = e->fw;
	struct record rec;

	if (!identity_adopt(fw, fw->identity, it->plain, it->len, &rec))
		return false;
	identity_free(e->identity);
	e->identity = identity_read(rec.w.p, rec.w.len);
	if (!e->identity) {
		record_free(&rec);
		return false;
	}
	return add_made(e, STORE_META, RECORD_IDENTITY, &rec);
}

static bool add_meta(struct replica_entry *e, const struct replica_item *it)
{
	if (it->id == RECORD_CARD)
		return add_card(e, it);
	return it->id != RECORD_IDENTITY || add_identity(e, it);
}

static bool add_item(struct replica_entry *e, const struct replica_item *it)
{
	static const uint8_t mark[1];	/* no record: found damaged at the next start as well */
	struct record rec;

	if (it->skip || it->kind == STORE_TOKEN)
		return true;
	if (it->gone) {
		add_gone(e, it->kind, it->id);
		if (it->kind == STORE_USER)
			add_gone(e, STORE_META, RECORD_DEBT(it->id));
		return true;
	}
	if (it->lost)
		return add_record(e, it->kind, it->id, mark, sizeof(mark));
	switch (it->kind) {
	case STORE_META:
		return add_meta(e, it);
	case STORE_OBJECT:
		record_put_object(&rec, it->object);
		return add_made(e, STORE_OBJECT, it->id, &rec);
	default:
		return add_record(e, it->kind, it->id, it->plain, it->len);
	}
}

static bool reserve(struct replica_entry *e)
{
	size_t n = e->n * 2 + MORE_OPS;

	e->ops = calloc(n, sizeof(*e->ops));
	e->sealed = calloc(n, sizeof(*e->sealed));
	return e->ops && e->sealed;
}

/*
 * The position goes last. But a card that has just begun to take in a cluster's records
 * says so first, for if it stops half-way it is no fresh one any more.
 */
static bool build(struct replica *r, struct replica_entry *e)
{
	struct replica_position begun = e->position;
	size_t i;

	begun.number = 0;
	drop_ops(e);
	if (e->whole && !replica_diff(r, e))
		return false;
	if (!reserve(e) || (e->whole && !e->known && !add_position(e, &begun)))
		return false;
	for (i = 0; i < e->n; i++) {
		if (!add_item(e, &e->items[i]))
			return false;
	}
	return add_position(e, &e->position);
}

static void apply_object(struct fw *fw, struct replica_item *it)
{
	struct object_table *t = &fw->objects;
	struct object *old = object_by_handle(t, it->id), *o = it->object;

	fw->damaged -= object_mend(t, it->id);
	it->object = NULL;
	if (old && o && o->state == OBJECT_LIVE) {
		object_replace(t, old, o);
		return;
	}
	if (old) {
		object_remove(t, old);
		object_free(old);
	}
	if (o)
		object_insert(t, o);
}

/* Nobody stays logged in as a user that is not there any more. */
static void log_out(struct fw *fw, const struct user *u)
{
	struct index_node *n;
	size_t i;

	for (i = 0; u->logins && i <= fw->contexts.mask; i++) {
		for (n = fw->contexts.bucket[i]; n; n = n->next) {
			struct ctx *ctx = container_of(n, struct ctx, node);

			if (ctx->user == u)
				ctx_logout(fw, ctx);
		}
	}
}

static void apply_user(struct fw *fw, const struct replica_item *it)
{
	struct user *u = user_by_id(&fw->users, (uint32_t)it->id);
	struct user_rec rec;

	fw->damaged -= user_mend(&fw->users, (uint32_t)it->id);
	if (it->gone && u) {
		log_out(fw, u);
		quorum_forget_user(fw, u->rec.id);
		user_drop(&fw->users, u);
	}
	if (it->gone || !record_get_user(&rec, it->id, it->plain, it->len))
		return;
	if (u)
		u->rec = rec;
	else if (!user_add(&fw->users, &rec, false))
		fw_log(fw, FW_LOG_ERROR, "cluster: out of memory: user %llu is not served before "
		       "the next start", (unsigned long long)it->id);
	secmem_wipe(&rec, sizeof(rec));
}

static void apply_card(struct fw *fw, const struct replica_item *it)
{
	struct record_card card;

	if (!record_get_card(&card, it->plain, it->len))
		return;
	if (card.next_handle > fw->objects.next_handle)
		fw->objects.next_handle = card.next_handle;
	if (card.next_user > fw->users.next_id)
		fw->users.next_id = card.next_user;
	memcpy(fw->quorum.m_value, card.m_value, sizeof(card.m_value));
	memcpy(fw->quorum.m_coming, card.m_value, sizeof(card.m_value));
	fw->damaged -= fw->card_damaged;
	fw->card_damaged = false;
}

static void apply_identity(struct replica *r, struct replica_entry *e)
{
	struct replica_old *old = calloc(1, sizeof(*old));

	/* Without memory the old one is lost, not freed: somebody may be reading it. */
	if (old) {
		*old = (struct replica_old){ r->old, r->fw->identity };
		r->old = old;
	}
	r->fw->identity = e->identity;
	e->identity = NULL;
}

static void apply_item(struct fw *fw, struct replica_item *it)
{
	if (it->skip)
		return;
	if (it->lost) {
		replica_lost(fw, it);
		return;
	}
	switch (it->kind) {
	case STORE_META:
		if (it->id == RECORD_CARD)
			apply_card(fw, it);
		return;
	case STORE_USER:
		apply_user(fw, it);
		return;
	case STORE_OBJECT:
		apply_object(fw, it);
		return;
	default:
		quorum_take(fw, it->id, it->plain, it->len);
	}
}

static void apply(struct replica *r, struct replica_entry *e)
{
	struct fw *fw = r->fw;
	size_t i;

	fw_lock_write(fw);
	if (e->identity)
		apply_identity(r, e);
	if (e->whole)
		quorum_snapshot(fw, true);
	for (i = 0; i < e->n; i++)
		apply_item(fw, &e->items[i]);
	if (e->whole)
		quorum_snapshot(fw, false);
	fw_unlock(fw);
}

/* True for the second of two: submitted, and done. */
static bool meet(struct replica_entry *e)
{
	return atomic_fetch_add(&e->met, 1) == 1;
}

static void hold_up(struct replica *r)
{
	atomic_store(&r->held_up, true);
	replica_tick_store(r, true);
}

/* It could not be stored: all of it is tried again. Own changes do not overtake it. */
static void failed(struct replica *r, struct replica_entry *e)
{
	bool first = !atomic_exchange(&r->store_failed, true);

	if (first)
		fw_log(r->fw, FW_LOG_ERROR, "cluster: change %llu could not be stored: error %d; "
		       "trying again", (unsigned long long)e->position.number, -e->err);
	commit_lock(r->fw);
	drop_ops(e);
	r->retry_ms = now_ms(r->fw) + RETRY_MS;
	r->pipe = PIPE_FREE;
	commit_unlock(r->fw);
	hold_up(r);
	replica_tell(r);
}

static void stored(struct replica *r, struct replica_entry *e)
{
	struct fw *fw = r->fw;
	bool idle, joins, urgent;

	commit_lock(fw);
	apply(r, e);
	r->first = e->next;
	if (!r->first)
		r->last = &r->first;
	r->stored = e->position;
	r->belongs = true;
	r->pipe = PIPE_FREE;
	idle = !r->first;
	atomic_store(&r->applied, e->position.number);
	joins = !atomic_exchange(&r->joined, true);
	commit_unlock(fw);
	atomic_store(&r->store_failed, false);
	urgent = atomic_exchange(&r->held_up, false);
	if (urgent)
		replica_tick_store(r, false);
	if (joins)
		fw_log(fw, FW_LOG_INFO, "cluster: joined at change %llu",
		       (unsigned long long)e->position.number);
	if (joins)
		replica_came_online(r);
	else if (urgent || e->whole || e->position.waits)
		replica_tell(r);
	else
		replica_tell_later(r);
	entry_free(e);
	if (idle)
		funnel_look(fw);
}

static void txn_done(struct store_txn *txn, int err);

static void submit_piece(struct replica_entry *e)
{
	struct fw *fw = e->fw;
	size_t left = e->n_ops - e->at;

	atomic_store(&e->met, 0);
	e->txn = (struct store_txn){
		.ops = e->ops + e->at, .n_ops = left < PIECE_OPS ? left : PIECE_OPS,
		.done = txn_done,
	};
	e->at += e->txn.n_ops;
	fw->store->ops->submit(fw->store, &e->txn);
}

static bool may_start(struct replica *r)
{
	if (r->stopping || r->pipe != PIPE_FREE || !r->first || atomic_load(&r->left))
		return false;
	if (atomic_load(&r->store_failed) && now_ms(r->fw) < r->retry_ms)
		return false;
	/* A card that is being wiped takes nothing in; if that fails it goes on. */
	if (!fw_enter(r->fw))
		return true;
	hold_up(r);
	return false;
}

/* The next entry, with its first piece submitted; NULL if there is none, or not now. */
static struct replica_entry *start_next(struct replica *r)
{
	struct fw *fw = r->fw;
	struct replica_entry *e = NULL;

	commit_lock(fw);
	if (may_start(r)) {
		e = r->first;
		r->pipe = PIPE_ENTRY;
		e->err = 0;
		if (build(r, e)) {
			submit_piece(e);
		} else {
			e->err = -ENOMEM;
			atomic_store(&e->met, 1);
		}
	}
	commit_unlock(fw);
	return e;
}

/* A piece is done. Returns @e if another one was submitted, else the next entry or NULL. */
static struct replica_entry *go_on(struct replica *r, struct replica_entry *e)
{
	struct fw *fw = r->fw;

	if (!e->err && e->at < e->n_ops) {
		commit_lock(fw);
		submit_piece(e);
		commit_unlock(fw);
		return e;
	}
	if (e->err)
		failed(r, e);
	else
		stored(r, e);
	/* A wipe may have waited for this one. */
	fw_leave(fw);
	return start_next(r);
}

static void run(struct replica *r, struct replica_entry *e)
{
	while (e && meet(e))
		e = go_on(r, e);
}

static void txn_done(struct store_txn *txn, int err)
{
	struct replica_entry *e = container_of(txn, struct replica_entry, txn);
	struct replica *r = e->fw->replica;

	e->err = err;
	if (!err)
		audit_committed(e->fw);
	if (meet(e))
		run(r, go_on(r, e));
}

void replica_pump(struct replica *r)
{
	run(r, start_next(r));
}
