// SPDX-License-Identifier: GPL-2.0-or-later
/* replica_image.c - an image of what this card keeps, for a cluster that has none. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "replica_int.h"
#include "secmem.h"

struct replica_image {
	struct fw *fw;
	struct seal *seal;
	uint64_t number;
	uint8_t header[RECORD_HEADER_LEN];
	struct store_op *ops;
	struct sealed *sealed;
	size_t n, room;
};

bool replica_seal_record(struct seal *s, enum store_kind kind, uint64_t id, uint64_t number,
			 struct record *rec, struct sealed *out)
{
	size_t len = rec->w.len + WRAP_LEN;
	uint8_t *p = record_ok(rec) ? secmem_alloc(len) : NULL;
	bool ok = false;

	*out = (struct sealed){ NULL, 0 };
	if (p) {
		put_le64(p, number);
		memcpy(p + WRAP_LEN, rec->w.p, rec->w.len);
		ok = seal_record(s, kind, id, p, len, out);
	}
	secmem_free(p);
	record_free(rec);
	return ok;
}

static bool grow(struct replica_image *im)
{
	size_t room = im->room ? im->room * 2 : 64;
	struct sealed *sealed;
	struct store_op *ops;

	if (im->n < im->room)
		return true;
	ops = realloc(im->ops, room * sizeof(*ops));
	if (ops)
		im->ops = ops;
	sealed = realloc(im->sealed, room * sizeof(*sealed));
	if (sealed)
		im->sealed = sealed;
	if (!ops || !sealed)
		return false;
	im->room = room;
	return true;
}

static bool add(struct replica_image *im, enum store_kind kind, uint64_t id, struct record *rec)
{
	struct sealed *s;

	if (!grow(im)) {
		record_free(rec);
		return false;
	}
	s = &im->sealed[im->n];
	if (!replica_seal_record(im->seal, kind, id, im->number, rec, s))
		return false;
	im->ops[im->n++] = (struct store_op){ kind, id, s->data, s->len };
	return true;
}

static bool add_position(struct replica_image *im, const struct replica_position *pos)
{
	struct record rec;
	uint8_t p[POSITION_LEN];

	if (!record_begin(&rec, sizeof(p)))
		return false;
	position_write(p, pos);
	memcpy(rec.w.p, p, sizeof(p));
	rec.w.len = sizeof(p);
	return add(im, STORE_META, RECORD_CLUSTER, &rec);
}

static bool add_meta(struct replica_image *im, const struct replica_position *pos)
{
	struct record rec;

	if (!grow(im))
		return false;
	im->sealed[im->n] = (struct sealed){ NULL, 0 };
	im->ops[im->n++] = (struct store_op){ STORE_META, CLUSTER_HEADER, im->header,
					      sizeof(im->header) };
	record_put_counters(&rec, im->fw);
	return add(im, STORE_META, RECORD_CARD, &rec) &&
	       identity_share(im->fw->identity, im->fw->serial, &rec) &&
	       add(im, STORE_META, RECORD_IDENTITY, &rec) && add_position(im, pos);
}

/* What is damaged here only is no deletion for those who have it: a mark stands for it. */
static bool add_mark(struct replica_image *im, enum store_kind kind, uint64_t id)
{
	struct record none;

	return record_begin(&none, 1) && add(im, kind, id, &none);
}

static bool add_damaged(struct replica_image *im)
{
	const struct fw *fw = im->fw;
	size_t i;

	for (i = 0; i < fw->users.n_damaged; i++) {
		if (!add_mark(im, STORE_USER, fw->users.damaged[i]))
			return false;
	}
	for (i = 0; i < fw->objects.n_damaged; i++) {
		if (!add_mark(im, STORE_OBJECT, fw->objects.damaged[i].handle))
			return false;
	}
	return true;
}

static bool add_records(struct replica_image *im)
{
	struct fw *fw = im->fw;
	const struct object *o;
	struct record rec;
	size_t i;

	for (i = 0; i < fw->users.n; i++) {
		if (fw->users.v[i]->pending)
			continue;
		record_put_user(&rec, &fw->users.v[i]->rec);
		if (!add(im, STORE_USER, fw->users.v[i]->rec.id, &rec))
			return false;
	}
	for (o = fw->objects.first; o; o = o->next) {
		if (o->ctx || !object_flag(o, BIT_TOKEN))
			continue;
		record_put_object(&rec, o);
		if (!add(im, STORE_OBJECT, o->handle, &rec))
			return false;
	}
	return add_damaged(im);
}

static bool add_root(struct replica_image *im)
{
	struct store_txn txn = { .ops = im->ops, .n_ops = im->n };
	const struct store_op *root;
	struct sealed *s;
	size_t n;

	if (!grow(im) || seal_root_hook(im->seal, &txn, &root, &n))
		return false;
	s = &im->sealed[im->n];
	s->data = malloc(root->len);
	if (!s->data)
		return false;
	memcpy(s->data, root->data, root->len);
	s->len = root->len;
	im->ops[im->n++] = (struct store_op){ STORE_META, CLUSTER_ROOT, s->data, s->len };
	return true;
}

/* A cluster of its own, or that which the card is of. */
static bool begin(struct replica *r, struct replica_position *pos)
{
	*pos = r->stored;
	if (r->belongs)
		return true;
	*pos = (struct replica_position){
		.number = 1, .node = r->fw->node_id, .incarnation = members_incarnation(r->fw),
	};
	if (!fc_random(pos->cluster, sizeof(pos->cluster)))
		return false;
	memcpy(r->made, pos->cluster, sizeof(r->made));
	return true;
}

static struct replica_image *make(struct replica *r)
{
	struct replica_image *im = calloc(1, sizeof(*im));
	uint8_t salt[RECORD_SALT_LEN];
	struct replica_position pos;
	bool ok;

	if (!im)
		return NULL;
	r->image = im;
	im->fw = r->fw;
	if (!begin(r, &pos) || !fc_random(salt, sizeof(salt)))
		return NULL;
	im->number = pos.number;
	record_put_header(im->header, salt);
	im->seal = seal_new(r->fw->secret.p, r->fw->secret.len, salt);
	if (!im->seal)
		return NULL;
	fw_lock_read(r->fw);
	ok = add_meta(im, &pos) && add_records(im);
	fw_unlock(r->fw);
	return ok && add_root(im) ? im : NULL;
}

static int refusal(struct replica *r)
{
	struct fw *fw = r->fw;

	if (atomic_load(&r->left) || r->pipe != PIPE_FREE || r->first)
		return -EBUSY;
	if (!fw->identity || fw->card_damaged)
		return replica_refuse(r, "a record that all cards share is damaged on this one: "
				      "it cannot be the first of a cluster");
	if (r->belongs && !r->stored.number)
		return replica_refuse(r, "this card has not taken in what its cluster holds yet: "
				      "start a card first that has");
	return 0;
}

int replica_image(void *opaque, const struct store_op **ops, size_t *n_ops)
{
	struct replica *r = opaque;
	struct fw *fw = r->fw;
	struct replica_image *im = NULL;
	int err;

	fw->platform.lock_write(fw->platform.opaque, fw->commit);
	err = refusal(r);
	if (!err) {
		im = make(r);
		err = im ? 0 : -ENOMEM;
	}
	fw->platform.unlock(fw->platform.opaque, fw->commit);
	if (err)
		return err;
	*ops = im->ops;
	*n_ops = im->n;
	return 0;
}

void replica_image_end(void *opaque)
{
	struct replica *r = opaque;
	struct replica_image *im = r->image;
	size_t i;

	r->image = NULL;
	if (!im)
		return;
	for (i = 0; i < im->n; i++)
		free(im->sealed[i].data);
	free(im->sealed);
	free(im->ops);
	seal_free(im->seal);
	free(im);
}
