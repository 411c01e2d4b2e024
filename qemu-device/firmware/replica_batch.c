// SPDX-License-Identifier: GPL-2.0-or-later
/* replica_batch.c - batches of this card's own, on their way to the cluster and back. */
#include <stdlib.h>
#include <string.h>

#include "replica_int.h"
#include "secmem.h"

/* Position, root. */
#define OWN_OPS 2

static void commit_lock(struct fw *fw)
{
	fw->platform.lock_write(fw->platform.opaque, fw->commit);
}

static void commit_unlock(struct fw *fw)
{
	fw->platform.unlock(fw->platform.opaque, fw->commit);
}

bool replica_begin(struct fw *fw, struct replica_batch *b)
{
	struct replica *r = fw->replica;

	if (replica_status(fw) || atomic_load(&r->left) || r->stopping || !r->seal ||
	    r->pipe != PIPE_FREE || r->first)
		return false;
	memset(b, 0, sizeof(*b));
	b->position = r->position;
	b->position.number++;
	b->position.node = fw->node_id;
	b->position.incarnation = members_incarnation(fw);
	b->position.batch = ++r->batches;
	b->position.waits = false;
	b->txn.base = r->revision;
	b->txn.ops = b->ops;
	r->pipe = PIPE_BATCH;
	return true;
}

static bool add_op(struct replica_batch *b, enum store_kind kind, uint64_t id)
{
	const struct sealed *s = &b->sealed[b->txn.n_ops];

	b->ops[b->txn.n_ops++] = (struct store_op){ kind, id, s->data, s->len };
	b->bytes += s->len;
	return true;
}

bool replica_add(struct fw *fw, struct replica_batch *b, enum store_kind kind, uint64_t id,
		 struct record *rec)
{
	struct sealed *s = &b->sealed[b->txn.n_ops];

	if (!rec) {
		*s = (struct sealed){ NULL, 0 };
		return add_op(b, kind, id);
	}
	return replica_seal_record(fw->replica->seal, kind, id, b->position.number, rec, s) &&
	       add_op(b, kind, id);
}

bool replica_full(const struct replica_batch *b, size_t n, size_t bytes)
{
	return b->txn.n_ops + n + OWN_OPS > CLUSTER_OPS_MAX ||
	       b->bytes + bytes + n * (seal_overhead + WRAP_LEN) > CLUSTER_BYTES_MAX;
}

static bool add_position(struct fw *fw, struct replica_batch *b)
{
	struct record rec;

	if (!record_begin(&rec, POSITION_LEN))
		return false;
	position_write(rec.w.p, &b->position);
	rec.w.len = POSITION_LEN;
	return replica_add(fw, b, STORE_META, RECORD_CLUSTER, &rec);
}

static bool add_root(struct replica *r, struct replica_batch *b)
{
	struct sealed *s = &b->sealed[b->txn.n_ops];
	const struct store_op *root;
	size_t n;

	if (seal_root_hook(r->seal, &(struct store_txn){ .ops = b->ops, .n_ops = b->txn.n_ops },
			   &root, &n))
		return false;
	s->data = malloc(root->len);
	if (!s->data) {
		seal_root_abort(r->seal);
		return false;
	}
	memcpy(s->data, root->data, root->len);
	s->len = root->len;
	return add_op(b, STORE_META, CLUSTER_ROOT);
}

bool replica_close(struct fw *fw, struct replica_batch *b)
{
	struct replica *r = fw->replica;

	if (!add_position(fw, b) || !replica_seal_position(fw, &b->position, &b->stored_position) ||
	    !add_root(r, b))
		return false;
	r->batch = b;
	return true;
}

/* fw.commit held: what is not ordered is not in the image's set. */
void replica_revert(struct replica *r)
{
	if (r->batch)
		seal_root_abort(r->seal);
	r->batch = NULL;
}

void replica_abort(struct fw *fw, struct replica_batch *b)
{
	struct replica *r = fw->replica;

	(void)b;
	commit_lock(fw);
	replica_revert(r);
	r->pipe = PIPE_FREE;
	commit_unlock(fw);
	replica_pump(r);
}

void replica_ordered(struct fw *fw, struct replica_batch *b, uint64_t revision)
{
	struct replica *r = fw->replica;

	commit_lock(fw);
	r->batch = NULL;
	/* Unless a snapshot had it already. */
	if (revision > r->revision) {
		r->position = b->position;
		r->revision = revision;
	}
	commit_unlock(fw);
}

/* An own batch that this card could not store is taken in like that of another. */
static struct replica_entry *again(struct replica *r, const struct replica_batch *b)
{
	struct replica_entry *e = entry_new(b->txn.n_ops);

	if (!e)
		return NULL;
	e->position = b->position;
	if (replica_open_all(r, r->seal, b->ops, b->txn.n_ops, e))
		return e;
	entry_free(e);
	return NULL;
}

void replica_end(struct fw *fw, struct replica_batch *b, int err)
{
	struct replica *r = fw->replica;
	struct replica_entry *e;
	bool lost = false;

	commit_lock(fw);
	if (!err) {
		r->stored = b->position;
		r->belongs = true;
		atomic_store(&r->applied, b->position.number);
	} else {
		e = again(r, b);
		if (e)
			replica_first(r, e);
		else
			lost = true;
	}
	if (lost)
		atomic_store(&r->refused, true);
	r->pipe = PIPE_FREE;
	commit_unlock(fw);
	if (lost)
		replica_silent(r);
	/* Nobody but this card waits for what is its own. */
	if (err)
		replica_tell(r);
	else
		replica_tell_later(r);
	replica_pump(r);
}

void replica_batch_free(struct replica_batch *b)
{
	size_t i;

	for (i = 0; i < b->txn.n_ops; i++)
		free(b->sealed[i].data);
	free(b->stored_position.data);
	memset(b, 0, sizeof(*b));
}

struct store_op replica_store_op(const struct replica_batch *b)
{
	return (struct store_op){ STORE_META, RECORD_CLUSTER, b->stored_position.data,
				  b->stored_position.len };
}
