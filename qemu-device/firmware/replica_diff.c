// SPDX-License-Identifier: GPL-2.0-or-later
/* replica_diff.c - what of a snapshot is other than what this card has. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replica_int.h"
#include "secmem.h"

static bool same_bytes(const struct record *rec, const uint8_t *p, size_t len)
{
	return record_ok(rec) && rec->w.len == len && !memcmp(rec->w.p, p, len);
}

static bool same_object(const struct object *a, const struct object *b)
{
	struct record x, y;
	bool same;

	record_put_object(&x, a);
	record_put_object(&y, b);
	same = record_ok(&x) && same_bytes(&y, x.w.p, x.w.len);
	record_free(&x);
	record_free(&y);
	return same;
}

static bool same_user(const struct user *u, const struct replica_item *it)
{
	struct record rec;
	bool same;

	record_put_user(&rec, &u->rec);
	same = same_bytes(&rec, it->plain, it->len);
	record_free(&rec);
	return same;
}

/* A record that this card had and cannot open any more is not put right without a word. */
static bool stays_damaged(struct fw *fw, const struct replica_entry *e,
			  const struct replica_item *it, bool damaged)
{
	if (!damaged)
		return false;
	if (it->lost || it->number <= e->known)
		return true;
	fw_log(fw, FW_LOG_WARNING, "cluster: damaged record %s %llu has changed elsewhere, and is "
	       "replaced", it->kind == STORE_USER ? "user" : "key", (unsigned long long)it->id);
	return false;
}

static bool object_here(struct fw *fw, const struct replica_entry *e,
			const struct replica_item *it, size_t *damaged)
{
	const struct object *o = object_by_handle(&fw->objects, it->id);
	bool stays;

	if (o && !o->ctx)
		return it->lost || same_object(o, it->object);
	stays = stays_damaged(fw, e, it, object_damaged(&fw->objects, it->id));
	*damaged += stays;
	return stays;
}

static bool user_is_damaged(const struct user_table *t, uint32_t id)
{
	size_t i;

	for (i = 0; i < t->n_damaged && t->damaged[i] != id; i++)
		;
	return i < t->n_damaged;
}

static bool user_here(struct fw *fw, const struct replica_entry *e, const struct replica_item *it,
		      size_t *damaged)
{
	const struct user *u = user_by_id(&fw->users, (uint32_t)it->id);
	bool stays;

	if (u)
		return it->lost || same_user(u, it);
	stays = stays_damaged(fw, e, it, user_is_damaged(&fw->users, (uint32_t)it->id));
	*damaged += stays;
	return stays;
}

/* A card without its identity record stays so: its own key cannot come from elsewhere. */
static bool identity_here(const struct fw *fw, const struct replica_item *it)
{
	struct record rec;
	bool same;

	if (!fw->identity)
		return true;
	if (!identity_share(fw->identity, fw->serial, &rec))
		return false;
	same = same_bytes(&rec, it->plain, it->len);
	record_free(&rec);
	return same;
}

static bool card_here(const struct fw *fw, const struct replica_item *it)
{
	struct record rec;
	bool same;

	record_put_counters(&rec, fw);
	same = same_bytes(&rec, it->plain, it->len);
	record_free(&rec);
	return same && !fw->card_damaged;
}

static bool is_here(struct fw *fw, const struct replica_entry *e, const struct replica_item *it,
		    size_t *damaged)
{
	switch (it->kind) {
	case STORE_META:
		if (it->id == RECORD_CARD)
			return card_here(fw, it);
		return it->id != RECORD_IDENTITY || identity_here(fw, it);
	case STORE_USER:
		return user_here(fw, e, it, damaged);
	case STORE_OBJECT:
		return object_here(fw, e, it, damaged);
	default:
		return false;
	}
}

static bool goes(struct replica_entry *e, enum store_kind kind, uint64_t id)
{
	return entry_find(e, kind, id) || entry_add_gone(e, kind, id);
}

/* Users and keys of this card that the cluster has not. */
static bool find_gone(const struct fw *fw, struct replica_entry *e)
{
	const struct object *o;
	size_t i;

	for (o = fw->objects.first; o; o = o->next) {
		if (!o->ctx && object_flag(o, BIT_TOKEN) && !goes(e, STORE_OBJECT, o->handle))
			return false;
	}
	for (i = 0; i < fw->users.n; i++) {
		if (!fw->users.v[i]->pending && !goes(e, STORE_USER, fw->users.v[i]->rec.id))
			return false;
	}
	for (i = 0; i < fw->objects.n_damaged; i++) {
		if (e->known && !goes(e, STORE_OBJECT, fw->objects.damaged[i].handle))
			return false;
	}
	for (i = 0; i < fw->users.n_damaged; i++) {
		if (e->known && !goes(e, STORE_USER, fw->users.damaged[i]))
			return false;
	}
	return true;
}

/*
 * Nothing but the record that the cluster has may be put in the place of a damaged one. False
 * without memory.
 */
static bool expect(struct fw *fw, const struct replica_entry *e)
{
	struct damaged_key *d;
	bool ok = true;
	size_t i;

	fw_lock_write(fw);
	for (i = 0; ok && fw->objects.n_damaged && i < e->n_image; i++) {
		const struct replica_item *it = &e->items[i];

		if (it->kind != STORE_OBJECT || it->lost)
			continue;
		d = object_damaged(&fw->objects, it->id);
		if (d)
			ok = d->expected = record_hash(it->object, d->hash);
	}
	fw_unlock(fw);
	return ok;
}

bool replica_diff(struct replica *r, struct replica_entry *e)
{
	struct fw *fw = r->fw;
	size_t i, damaged = 0;
	bool ok;

	e->n = e->n_image;
	fw_lock_read(fw);
	for (i = 0; i < e->n_image; i++)
		e->items[i].skip = is_here(fw, e, &e->items[i], &damaged);
	ok = find_gone(fw, e);
	fw_unlock(fw);
	if (damaged)
		fw_log(fw, FW_LOG_WARNING, "cluster: %zu damaged records of this card stay as they "
		       "are: syncKey and syncUser put them right", damaged);
	return expect(fw, e) && ok;
}

static bool is_whole_here(const struct fw *fw, const struct replica_item *it)
{
	const struct object *o;

	if (it->kind == STORE_USER)
		return user_by_id(&fw->users, (uint32_t)it->id);
	o = object_by_handle(&fw->objects, it->id);
	return o && !o->ctx;
}

static int item_goes_on(struct replica *r, const struct replica_entry *e,
			const struct replica_item *it)
{
	size_t damaged = 0;

	if (it->kind != STORE_USER && it->kind != STORE_OBJECT)
		return 0;
	if (it->lost && it->number > e->known && is_whole_here(r->fw, it))
		return replica_refuse(r, "%s %llu is damaged on the card that made the cluster's "
				      "records, and may have changed: start one first that has it",
				      it->kind == STORE_USER ? "user" : "key",
				      (unsigned long long)it->id);
	if (it->lost || it->number > e->known || is_here(r->fw, e, it, &damaged))
		return 0;
	return replica_refuse(r, "the cluster has another history than this card: %s %llu is not "
			      "what it was", it->kind == STORE_USER ? "user" : "key",
			      (unsigned long long)it->id);
}

/* With as many changes as this card has seen, nothing that it has can have been deleted. */
static int none_gone(struct replica *r, struct replica_entry *e)
{
	bool ok = find_gone(r->fw, e), gone = e->n > e->n_image;

	e->n = e->n_image;
	if (!ok)
		return -ENOMEM;
	return gone ? replica_refuse(r, "the cluster has another history than this card: records "
				     "of this card are not in it") : 0;
}

int replica_goes_on(struct replica *r, struct replica_entry *e)
{
	size_t i;
	int err = 0;

	/* The tables are at r->stored only while nothing is on its way there. */
	if (r->pipe != PIPE_FREE || r->first || !r->stored.number)
		return 0;
	e->known = r->stored.number;
	fw_lock_read(r->fw);
	for (i = 0; !err && i < e->n_image; i++)
		err = item_goes_on(r, e, &e->items[i]);
	if (!err && e->position.number == e->known)
		err = none_gone(r, e);
	fw_unlock(r->fw);
	return err;
}

/* Neither this card nor who made the image has it whole. */
void replica_lost(struct fw *fw, const struct replica_item *it)
{
	if (it->kind == STORE_USER)
		fw->damaged += user_add_damaged(&fw->users, (uint32_t)it->id);
	else
		fw->damaged += object_add_damaged(&fw->objects, it->id);
	fw_log(fw, FW_LOG_WARNING, "cluster: record %s %llu is damaged on the card that made the "
	       "cluster's records", it->kind == STORE_USER ? "user" : "key",
	       (unsigned long long)it->id);
}
