// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * funnel_doubt.c - keys of transactions of which nobody knows whether the cluster has made
 * them. Who asked for them was told that they failed; so if they turn up, they are taken
 * away. The transaction was for one position: once that is taken in, the tables show it.
 */
#include "funnel_int.h"

#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "secmem.h"

#define DOUBT_LEN	(8 + 8 + HSM_DIGEST_LEN)

/* Of what makes it this key, and does not change. */
static bool digest_of(const struct object *o, uint8_t digest[HSM_DIGEST_LEN])
{
	struct bytes modulus = object_modulus(o);
	size_t len = 1 + modulus.len + o->secret_len;
	uint8_t *buf = secmem_alloc(len);
	bool ok;

	if (!buf)
		return false;
	buf[0] = o->kind;
	if (modulus.len)
		memcpy(buf + 1, modulus.p, modulus.len);
	if (o->secret_len)
		memcpy(buf + 1 + modulus.len, o->secret, o->secret_len);
	ok = fc_sha256(buf, len, digest);
	secmem_free(buf);
	return ok;
}

static bool grow(struct funnel *f)
{
	size_t room = f->doubts_room ? 2 * f->doubts_room : 8;
	struct doubt *grown = secmem_alloc(room * sizeof(*grown));

	if (!grown)
		return false;
	if (f->n_doubts)
		memcpy(grown, f->doubts, f->n_doubts * sizeof(*grown));
	secmem_free(f->doubts);
	f->doubts = grown;
	f->doubts_room = room;
	return true;
}

static struct doubt *add(struct funnel *f)
{
	if (f->n_doubts == f->doubts_room && !grow(f))
		return NULL;
	f->doubts[f->n_doubts] = (struct doubt){ 0 };
	return &f->doubts[f->n_doubts];
}

static bool doubt_key(struct fw *fw, const struct object *o, uint64_t number)
{
	struct funnel *f = fw->funnel;
	struct doubt *d = add(f);

	if (!d || !digest_of(o, d->digest)) {
		fw_log(fw, FW_LOG_ERROR, "cluster: key %llu may turn up: out of memory",
		       (unsigned long long)o->handle);
		return false;
	}
	d->number = number;
	d->handle = o->handle;
	f->n_doubts++;
	f->weighed = 0;
	return true;
}

/* One that was to be confirmed is there in any case, and has to go. */
bool funnel_doubt(struct fw *fw, struct change *ch)
{
	uint64_t number = fw->funnel->batch.position.number;
	bool any = false;
	size_t i;

	if (ch->stage == CHANGE_WITHDRAWS || ch->deletes || ch->old)
		return false;
	if (ch->stage == CHANGE_CONFIRMS)
		number = ch->call.position;
	for (i = 0; i < CHANGE_KEYS && ch->keys[i]; i++)
		any = doubt_key(fw, ch->keys[i], number) || any;
	ch->doubtful = true;
	return any;
}

static bool seal_doubts(struct fw *fw)
{
	struct funnel *f = fw->funnel;
	struct sealed *s = &f->sealed_doubts;
	uint8_t *buf = secmem_alloc(f->n_doubts * DOUBT_LEN + 1);
	size_t i;
	bool ok;

	free(s->data);
	*s = (struct sealed){ NULL, 0 };
	for (i = 0; buf && i < f->n_doubts; i++) {
		put_le64(buf + i * DOUBT_LEN, f->doubts[i].number);
		put_le64(buf + i * DOUBT_LEN + 8, f->doubts[i].handle);
		memcpy(buf + i * DOUBT_LEN + 16, f->doubts[i].digest, HSM_DIGEST_LEN);
	}
	ok = buf && (!f->n_doubts || seal_record(fw->seal, STORE_META, RECORD_DOUBT, buf,
						 f->n_doubts * DOUBT_LEN, s));
	secmem_free(buf);
	return ok;
}

bool funnel_store_doubts(struct fw *fw, void (*done)(struct store_txn *txn, int err))
{
	struct funnel *f = fw->funnel;

	if (!seal_doubts(fw))
		return false;
	f->ops[0] = (struct store_op){ STORE_META, RECORD_DOUBT, f->sealed_doubts.data,
				       f->sealed_doubts.len };
	f->txn = (struct store_txn){ .ops = f->ops, .n_ops = 1, .done = done };
	fw->store->ops->submit(fw->store, &f->txn);
	return true;
}

bool funnel_recall(struct fw *fw, const uint8_t *p, size_t len)
{
	struct funnel *f = fw->funnel;
	struct doubt *d;

	if (len % DOUBT_LEN)
		return false;
	for (; len; p += DOUBT_LEN, len -= DOUBT_LEN) {
		d = add(f);
		if (!d)
			return false;
		d->number = get_le64(p);
		d->handle = get_le64(p + 8);
		memcpy(d->digest, p + 16, HSM_DIGEST_LEN);
		f->n_doubts++;
	}
	return true;
}

/* fw.lock held. */
static bool is_there(const struct fw *fw, const struct doubt *d)
{
	const struct object *o = object_by_handle(&fw->objects, d->handle);
	uint8_t digest[HSM_DIGEST_LEN];
	bool same;

	same = o && !o->ctx && digest_of(o, digest) &&
	       secmem_equal(digest, d->digest, HSM_DIGEST_LEN);
	secmem_wipe(digest, sizeof(digest));
	return same;
}

/* The same position has the same tables: it is not looked at over and over. */
bool funnel_wants_to_weigh(const struct fw *fw)
{
	const struct funnel *f = fw->funnel;

	return f->doubts_changed || (f->n_doubts && f->weighed != replica_position(fw));
}

void funnel_forget_doubts(struct funnel *f)
{
	secmem_free(f->doubts);
	f->doubts = NULL;
	f->n_doubts = 0;
	f->doubts_room = 0;
	f->doubts_changed = false;
}

void funnel_weigh_doubts(struct fw *fw)
{
	struct funnel *f = fw->funnel;
	uint64_t position = replica_position(fw);
	size_t i;

	f->weighed = position;
	fw_lock_read(fw);
	for (i = 0; i < f->n_doubts;) {
		struct doubt *d = &f->doubts[i];

		if (d->number > position) {
			i++;
		} else if (is_there(fw, d)) {
			d->due = true;
			i++;
		} else {
			*d = f->doubts[--f->n_doubts];
			f->doubts_changed = true;
		}
	}
	fw_unlock(fw);
}

void funnel_withdraw_doubts(struct fw *fw)
{
	struct funnel *f = fw->funnel;
	size_t i;

	for (i = 0; funnel_settled(fw) && i < f->n_doubts; i++) {
		struct doubt *d = &f->doubts[i];

		if (d->due && !d->asked)
			d->asked = funnel_withdraw_key(fw, d->handle);
	}
}
