// SPDX-License-Identifier: GPL-2.0-or-later
/* replica_take.c - what comes from the cluster: whether it is taken in, or why not. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "replica_int.h"
#include "secmem.h"

/* A snapshot, looked at. */
struct shot {
	const struct store_op *header, *root;
	struct seal *seal;
	struct replica_entry *e;
};

static bool two_first_users(const struct user_table *t)
{
	return t->n == 2 && t->v[0]->rec.type == HSM_USER_PRECO && !t->v[0]->pending &&
	       t->v[1]->rec.type == HSM_USER_AU && !t->v[1]->pending;
}

static bool has_token_keys(const struct object_table *t)
{
	const struct object *o = t->first;

	while (o && (o->ctx || !object_flag(o, BIT_TOKEN)))
		o = o->next;
	return o || t->n_damaged;
}

bool replica_is_fresh(const struct fw *fw)
{
	return !fw->damaged && !fw->card_damaged && two_first_users(&fw->users) &&
	       fw->users.next_id == FW_FIRST_USER && !has_token_keys(&fw->objects) &&
	       fw->objects.next_handle == HSM_FIRST_HANDLE;
}

static bool user_type_in(struct replica_entry *e, uint64_t id, uint32_t type)
{
	const struct replica_item *it = entry_find(e, STORE_USER, id);
	struct user_rec u;
	bool ok = it && it->plain && record_get_user(&u, id, it->plain, it->len) && u.type == type;

	secmem_wipe(&u, sizeof(u));
	return ok;
}

static bool shot_is_fresh(struct replica_entry *e)
{
	const struct replica_item *it = entry_find(e, STORE_META, RECORD_CARD);
	struct record_card card;

	return record_get_card(&card, it->plain, it->len) && card.next_user == FW_FIRST_USER &&
	       card.next_handle == HSM_FIRST_HANDLE && user_type_in(e, 1, HSM_USER_PRECO) &&
	       user_type_in(e, 2, HSM_USER_AU);
}

static const struct store_op *find_meta(const struct store_op *ops, size_t n, uint64_t id)
{
	size_t i;

	for (i = 0; i < n && (ops[i].kind != STORE_META || ops[i].id != id || !ops[i].data); i++)
		;
	return i < n ? &ops[i] : NULL;
}

static bool position_of(struct replica_entry *e)
{
	const struct replica_item *it = entry_find(e, STORE_META, RECORD_CLUSTER);
	size_t i;

	if (!it)
		return false;
	position_read(&e->position, it->plain);
	for (i = 0; i < e->n_image; i++) {
		if (e->items[i].number > e->position.number)
			return false;
	}
	return e->position.number;
}

static int open_seal(struct replica *r, struct shot *s, const struct store_op *ops, size_t n)
{
	const uint8_t *salt;

	s->header = find_meta(ops, n, CLUSTER_HEADER);
	s->root = find_meta(ops, n, CLUSTER_ROOT);
	if (!s->header || !record_get_header(&salt, s->header->data, s->header->len))
		return replica_refuse(r, "the header of the cluster's records is missing, damaged "
				      "or of another version");
	s->seal = seal_new(r->fw->secret.p, r->fw->secret.len, salt);
	return s->seal ? 0 : -ENOMEM;
}

static bool any_opens(struct shot *s, const struct store_op *ops, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		uint8_t *plain = NULL;
		size_t len;
		bool ok = ops[i].data && seal_open(s->seal, ops[i].kind, ops[i].id, ops[i].data,
						   ops[i].len, &plain, &len);

		secmem_free(plain);
		if (ok)
			return true;
	}
	return false;
}

static int check_set(struct replica *r, struct shot *s, const struct store_op *ops, size_t n)
{
	enum seal_verdict v;
	size_t i;

	for (i = 0; i < n; i++)
		seal_load_add(s->seal, ops[i].kind, ops[i].id, ops[i].data, ops[i].len);
	v = seal_load_root(s->seal, s->root ? s->root->data : NULL, s->root ? s->root->len : 0);
	if (v == SEAL_WHOLE || v == SEAL_SET_DIFFERS)
		return v == SEAL_WHOLE ? 0 : replica_refuse(r, "records of the cluster were "
			"removed, or put back from an older copy");
	if (!any_opens(s, ops, n))
		return replica_refuse(r, "the cluster's records are sealed with another secret");
	return replica_refuse(r, "the root of the cluster's records is missing or damaged: records "
			      "may have been removed, or put back from an older copy");
}

/* Garbage among the records is named; a sound set is not enough. */
static int open_shot(struct replica *r, struct shot *s, const struct store_op *ops, size_t n)
{
	int err = open_seal(r, s, ops, n);

	if (err)
		return err;
	if (s->root && any_opens(s, ops, n) && !replica_open_all(r, s->seal, ops, n, s->e))
		return -EPERM;
	err = check_set(r, s, ops, n);
	if (err)
		return err;
	s->e->whole = true;
	if (position_of(s->e) && entry_find(s->e, STORE_META, RECORD_CARD) &&
	    entry_find(s->e, STORE_META, RECORD_IDENTITY))
		return 0;
	return replica_refuse(r, "the cluster's records lack some that all cards share");
}

static bool same_change(const struct replica_position *a, const struct replica_position *b)
{
	return a->number == b->number && a->node == b->node &&
	       a->incarnation == b->incarnation && a->batch == b->batch;
}

static bool same_cluster(const struct replica_position *a, const uint8_t id[16])
{
	return !memcmp(a->cluster, id, sizeof(a->cluster));
}

/* For the engine to go back on, if it may; the reason is there if it may not. */
static int stale(struct replica *r, const char *why)
{
	replica_because(r, why);
	return -ESTALE;
}

/* Of a cluster that this card is of. */
static int decide_own(struct replica *r, struct replica_entry *e)
{
	const struct replica_position *own = &r->position, *theirs = &e->position;

	if (theirs->number < own->number)
		return stale(r, "the cluster's records are older than this card's (restored from "
			     "a backup?)");
	if (theirs->number == own->number && own->number && !same_change(own, theirs))
		return replica_refuse(r, "the cluster has another history than this card: the same "
				      "number of changes, but not the same last one");
	return replica_goes_on(r, e);
}

static int decide(struct replica *r, struct replica_entry *e)
{
	const struct replica_position *theirs = &e->position;
	bool fresh;

	if (r->belongs && same_cluster(&r->position, theirs->cluster))
		return decide_own(r, e);
	if (same_cluster(theirs, r->made))
		return 0;
	fw_lock_read(r->fw);
	fresh = replica_is_fresh(r->fw);
	fw_unlock(r->fw);
	if (fresh)
		return 0;
	if (shot_is_fresh(e))
		return stale(r, "this card holds keys or users, and the cluster is a fresh one: "
			     "start it with an empty store");
	if (r->belongs)
		return replica_refuse(r, "this card holds keys or users of another cluster");
	return replica_refuse(r, "this card holds keys or users of its own: start it with an "
			      "empty store");
}

static void shown(struct replica *r)
{
	r->fw->platform.lock_write(r->fw->platform.opaque, r->lock);
	memcpy(r->shown_id, r->position.cluster, sizeof(r->shown_id));
	r->fw->platform.unlock(r->fw->platform.opaque, r->lock);
}

/* fw.commit held. */
static void accept(struct replica *r, struct shot *s, uint64_t revision)
{
	struct replica_entry *e = s->e;

	if (r->belongs && same_cluster(&r->stored, e->position.cluster))
		e->known = r->stored.number;
	seal_free(r->seal);
	r->seal = s->seal;
	s->seal = NULL;
	r->batch = NULL;
	r->position = e->position;
	r->revision = revision;
	shown(r);
	replica_enqueue(r, e);
	s->e = NULL;
}

int replica_snapshot(void *opaque, uint64_t revision, const struct store_op *ops, size_t n_ops)
{
	struct replica *r = opaque;
	struct fw *fw = r->fw;
	struct shot s = { 0 };
	int err;

	if (atomic_load(&r->left) || atomic_load(&r->refused))
		return 0;
	s.e = entry_new(n_ops);
	if (!s.e)
		return -ENOMEM;
	fw->platform.lock_write(fw->platform.opaque, fw->commit);
	err = open_shot(r, &s, ops, n_ops);
	if (!err)
		err = decide(r, s.e);
	if (!err && !atomic_load(&r->left)) {
		accept(r, &s, revision);
		replica_because(r, NULL);
	}
	fw->platform.unlock(fw->platform.opaque, fw->commit);
	seal_free(s.seal);
	entry_free(s.e);
	replica_pump(r);
	return err;
}

/* What a transaction of a member is made of, and nothing else. */
static bool plausible(const struct store_op *ops, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (ops[i].kind == STORE_META && ops[i].id != CLUSTER_ROOT &&
		    ops[i].id != RECORD_CARD && ops[i].id != RECORD_CLUSTER)
			return false;
	}
	return find_meta(ops, n, CLUSTER_ROOT) && find_meta(ops, n, RECORD_CLUSTER);
}

/* 0; -ESTALE: something is missing before it. */
static int follows(struct replica *r, struct replica_entry *e)
{
	const struct replica_item *it = entry_find(e, STORE_META, RECORD_CLUSTER);
	size_t i;

	for (i = 0; i < e->n; i++) {
		if (e->items[i].lost)
			return replica_refuse(r, "a change of the cluster makes no sense");
	}
	position_read(&e->position, it->plain);
	if (!same_cluster(&r->position, e->position.cluster) ||
	    e->position.number != r->position.number + 1)
		return -ESTALE;
	return 0;
}

static int take(struct replica *r, struct replica_entry *e, uint64_t revision,
		const struct store_op *ops, size_t n_ops)
{
	int err;

	if (!r->seal)
		return -ESTALE;
	if (!replica_open_all(r, r->seal, ops, n_ops, e))
		return -EPERM;
	err = follows(r, e);
	if (err)
		return err;
	replica_revert(r);
	if (seal_take(r->seal, ops, n_ops) != SEAL_WHOLE)
		return replica_refuse(r, "change %llu of the cluster does not fit the ones before: "
				      "records were removed, or put back from an older copy",
				      (unsigned long long)e->position.number);
	r->position = e->position;
	r->revision = revision;
	replica_enqueue(r, e);
	return 0;
}

int replica_deliver(void *opaque, uint64_t revision, const struct store_op *ops, size_t n_ops)
{
	struct replica *r = opaque;
	struct fw *fw = r->fw;
	struct replica_entry *e;
	int err;

	if (atomic_load(&r->left) || atomic_load(&r->refused))
		return 0;
	if (!plausible(ops, n_ops))
		return -ESTALE;
	e = entry_new(n_ops);
	if (!e)
		return -ENOMEM;
	fw->platform.lock_write(fw->platform.opaque, fw->commit);
	err = take(r, e, revision, ops, n_ops);
	fw->platform.unlock(fw->platform.opaque, fw->commit);
	if (err)
		entry_free(e);
	replica_pump(r);
	return err;
}
