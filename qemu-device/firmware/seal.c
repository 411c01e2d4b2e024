// SPDX-License-Identifier: GPL-2.0-or-later
/* seal.c - sealing of records, and the root over all of them. Format: docs/store.md. */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "seal.h"
#include "seal_map.h"
#include "secmem.h"
#include "tlv.h"

#define VERSION		1
#define KEY_LEN		32

/* Records of STORE_META up to this one the root is not made over: the salt's, and the root. */
#define ROOT_ID		1

/* A sealed record: version, sequence number, IV, ciphertext, tag. */
#define SEQ_AT		1
#define IV_AT		(SEQ_AT + 8)
#define TEXT_AT		(IV_AT + FC_GCM_IV_LEN)
#define OVERHEAD	(TEXT_AT + FC_GCM_TAG_LEN)
#define AAD_LEN		(1 + 1 + 8 + 8)

/* Plaintext of the root: number of records, set hash. */
#define ROOT_LEN	(8 + SEAL_MAC_LEN)

/* SP 800-38D, 8.3: so many random IVs, no more, under one key. */
#define SEQ_MAX		UINT32_MAX

/* How many IVs are drawn at once. */
#define IV_BATCH	64

const size_t seal_overhead = OVERHEAD;

/* What a batch changed, to take it back. */
struct undo {
	enum store_kind kind;
	uint64_t id;
	bool had;
	uint8_t mac[SEAL_MAC_LEN];
};

struct seal {
	struct fc_gcm *gcm;
	uint8_t *set_key;
	_Atomic uint64_t seq;		/* the last one given out */
	uint64_t seq_seen;		/* largest in the records that were loaded */
	/* The rest is used while loading, then on the commit thread only. */
	struct seal_map macs;
	uint8_t set[SEAL_MAC_LEN];	/* exclusive or of all in macs */
	struct undo *undo;
	size_t n_undo, undo_room;
	struct sealed root;
	struct store_op root_op;
	bool load_failed;		/* without memory: nothing can be vouched for */
};

static bool derive_keys(struct seal *s, const void *secret, size_t secret_len,
			const uint8_t salt[32], const char *what)
{
	uint8_t *key = secmem_alloc(KEY_LEN);

	s->set_key = secmem_alloc(KEY_LEN);
	if (key && s->set_key && fc_hkdf(secret, secret_len, salt, 32, what, key, KEY_LEN) &&
	    fc_hkdf(secret, secret_len, salt, 32, "hsm set key 1", s->set_key, KEY_LEN))
		s->gcm = fc_gcm_new(key);
	secmem_free(key);
	return s->gcm;
}

static struct seal *seal_for(const void *secret, size_t secret_len, const uint8_t salt[32],
			     const char *what)
{
	struct seal *s = calloc(1, sizeof(*s));

	if (s && !derive_keys(s, secret, secret_len, salt, what)) {
		seal_free(s);
		s = NULL;
	}
	return s;
}

struct seal *seal_new(const void *secret, size_t secret_len, const uint8_t salt[32])
{
	return seal_for(secret, secret_len, salt, "hsm record key 1");
}

struct seal *seal_new_audit(const void *secret, size_t secret_len, const uint8_t salt[32])
{
	return seal_for(secret, secret_len, salt, "hsm audit key 1");
}

void seal_free(struct seal *s)
{
	if (!s)
		return;
	fc_gcm_free(s->gcm);
	secmem_free(s->set_key);
	seal_map_clear(&s->macs);
	free(s->undo);
	free(s->root.data);
	free(s);
}

static void make_aad(uint8_t aad[AAD_LEN], enum store_kind kind, uint64_t id, uint64_t seq)
{
	aad[0] = VERSION;
	aad[1] = (uint8_t)kind;
	put_le64(aad + 2, id);
	put_le64(aad + 10, seq);
}

/*
 * IVs are random, not counted: sequence numbers of records that a crash kept from
 * the disk are given out again, and an IV must not be. They are no secrets, so a
 * thread may keep some.
 */
static bool next_iv(uint8_t iv[FC_GCM_IV_LEN])
{
	static _Thread_local uint8_t ivs[IV_BATCH][FC_GCM_IV_LEN];
	static _Thread_local unsigned int left;

	if (!left) {
		if (!fc_random(ivs, sizeof(ivs)))
			return false;
		left = IV_BATCH;
	}
	memcpy(iv, ivs[--left], FC_GCM_IV_LEN);
	return true;
}

bool seal_record(struct seal *s, enum store_kind kind, uint64_t id, const void *plain, size_t len,
		 struct sealed *out)
{
	uint64_t seq = atomic_fetch_add(&s->seq, 1) + 1;
	uint8_t aad[AAD_LEN], *data;

	*out = (struct sealed){ NULL, 0 };
	if (seq > SEQ_MAX || len > SIZE_MAX - OVERHEAD)
		return false;
	data = malloc(len + OVERHEAD);
	if (!data)
		return false;
	data[0] = VERSION;
	put_le64(data + SEQ_AT, seq);
	make_aad(aad, kind, id, seq);
	if (!next_iv(data + IV_AT) ||
	    !fc_gcm_seal(s->gcm, data + IV_AT, aad, sizeof(aad), plain, len, data + TEXT_AT,
			 data + TEXT_AT + len)) {
		free(data);
		return false;
	}
	out->data = data;
	out->len = len + OVERHEAD;
	return true;
}

bool seal_open(struct seal *s, enum store_kind kind, uint64_t id, const void *data, size_t len,
	       uint8_t **plain, size_t *plain_len)
{
	const uint8_t *in = data;
	uint8_t aad[AAD_LEN], *out;
	size_t n = len - OVERHEAD;

	*plain = NULL;
	*plain_len = 0;
	if (len < OVERHEAD || in[0] != VERSION)
		return false;
	out = secmem_alloc(n ? n : 1);
	if (!out)
		return false;
	make_aad(aad, kind, id, get_le64(in + SEQ_AT));
	if (!fc_gcm_open(s->gcm, in + IV_AT, aad, sizeof(aad), in + TEXT_AT, n, out,
			 in + TEXT_AT + n)) {
		secmem_free(out);
		return false;
	}
	*plain = out;
	*plain_len = n;
	return true;
}

void seal_go_on(struct seal *s, const void *data, size_t len)
{
	if (len >= OVERHEAD)
		atomic_store(&s->seq, get_le64((const uint8_t *)data + SEQ_AT));
}

/*
 * The set hash of one record: HMAC over kind, id, and sequence number and tag of a
 * sealed record. One that was cut too short to have them goes in by its digest.
 */
static bool record_mac(const struct seal *s, enum store_kind kind, uint64_t id, const void *data,
		       size_t len, uint8_t mac[SEAL_MAC_LEN])
{
	uint8_t in[1 + 1 + 8 + FC_SHA256_LEN] = { 0, (uint8_t)kind };
	uint8_t full[FC_SHA256_LEN];
	const uint8_t *at = data;

	put_le64(in + 2, id);
	if (len >= OVERHEAD) {
		in[0] = 1;
		memcpy(in + 10, at + SEQ_AT, 8);
		memcpy(in + 18, at + len - FC_GCM_TAG_LEN, FC_GCM_TAG_LEN);
	} else if (!fc_sha256(data, len, in + 10)) {
		return false;
	}
	if (!fc_hmac_sha256(s->set_key, KEY_LEN, in, sizeof(in), full))
		return false;
	memcpy(mac, full, SEAL_MAC_LEN);
	return true;
}

static bool outside(enum store_kind kind, uint64_t id)
{
	return kind == STORE_AUDIT || (kind == STORE_META && id <= ROOT_ID);
}

static void toggle(struct seal *s, const uint8_t mac[SEAL_MAC_LEN])
{
	for (size_t i = 0; i < SEAL_MAC_LEN; i++)
		s->set[i] ^= mac[i];
}

/*
 * Puts @mac (NULL: none) in the place of the record's MAC and tells in @undo what
 * stood there. False without memory, and then nothing changed.
 */
static bool replace(struct seal *s, enum store_kind kind, uint64_t id, const uint8_t *mac,
		    struct undo *undo)
{
	*undo = (struct undo){ .kind = kind, .id = id };
	undo->had = seal_map_get(&s->macs, kind, id, undo->mac);
	if (mac && !seal_map_put(&s->macs, kind, id, mac))
		return false;
	if (!mac)
		seal_map_remove(&s->macs, kind, id);
	if (undo->had)
		toggle(s, undo->mac);
	if (mac)
		toggle(s, mac);
	return true;
}

void seal_load_add(struct seal *s, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	const uint8_t *in = data;
	uint8_t mac[SEAL_MAC_LEN];
	struct undo undo;

	if (outside(kind, id))
		return;
	if (!record_mac(s, kind, id, data, len, mac) || !replace(s, kind, id, mac, &undo))
		s->load_failed = true;
	if (len >= OVERHEAD && get_le64(in + SEQ_AT) > s->seq_seen)
		s->seq_seen = get_le64(in + SEQ_AT);
}

static void make_root(const struct seal *s, uint8_t root[ROOT_LEN])
{
	put_le64(root, seal_map_count(&s->macs));
	memcpy(root + 8, s->set, SEAL_MAC_LEN);
}

/*
 * Without a root that can be trusted the sequence goes on behind the records', as
 * far as one may believe them.
 */
static enum seal_verdict no_root(struct seal *s, enum seal_verdict why)
{
	atomic_store(&s->seq, s->seq_seen < SEQ_MAX / 2 ? s->seq_seen : 0);
	return why;
}

static enum seal_verdict judge(struct seal *s, const void *data, size_t len)
{
	uint8_t want[ROOT_LEN], *root;
	size_t root_len;
	bool same;

	if (!data)
		return SEAL_NO_ROOT;
	if (!seal_open(s, STORE_META, ROOT_ID, data, len, &root, &root_len))
		return SEAL_ROOT_DAMAGED;
	make_root(s, want);
	same = root_len == sizeof(want) && secmem_equal(root, want, sizeof(want));
	secmem_free(root);
	return same && !s->load_failed ? SEAL_WHOLE : SEAL_SET_DIFFERS;
}

enum seal_verdict seal_load_root(struct seal *s, const void *data, size_t len)
{
	enum seal_verdict v = judge(s, data, len);

	if (v == SEAL_NO_ROOT || v == SEAL_ROOT_DAMAGED)
		return no_root(s, v);
	/* The root is sealed last: no record that was committed with it has a later number. */
	seal_go_on(s, data, len);
	return v;
}

static bool undo_reserve(struct seal *s, const struct store_txn *batch)
{
	size_t n = 0;
	struct undo *undo;

	for (; batch; batch = batch->next)
		n += batch->n_ops;
	if (n <= s->undo_room)
		return true;
	undo = realloc(s->undo, n * sizeof(*undo));
	if (!undo)
		return false;
	s->undo = undo;
	s->undo_room = n;
	return true;
}

static int apply_op(struct seal *s, const struct store_op *op)
{
	uint8_t mac[SEAL_MAC_LEN];

	if (outside(op->kind, op->id))
		return 0;
	if (op->data && !record_mac(s, op->kind, op->id, op->data, op->len, mac))
		return -EIO;
	if (!replace(s, op->kind, op->id, op->data ? mac : NULL, &s->undo[s->n_undo]))
		return -ENOMEM;
	s->n_undo++;
	return 0;
}

static int apply_batch(struct seal *s, const struct store_txn *batch)
{
	int err = 0;

	for (; !err && batch; batch = batch->next)
		for (size_t i = 0; !err && i < batch->n_ops; i++)
			err = apply_op(s, &batch->ops[i]);
	return err;
}

int seal_root_hook(void *opaque, const struct store_txn *batch, const struct store_op **ops,
		   size_t *n_ops)
{
	struct seal *s = opaque;
	uint8_t plain[ROOT_LEN];
	int err;

	s->n_undo = 0;
	if (!undo_reserve(s, batch))
		return -ENOMEM;
	err = apply_batch(s, batch);
	free(s->root.data);
	s->root.data = NULL;
	make_root(s, plain);
	if (!err && !seal_record(s, STORE_META, ROOT_ID, plain, sizeof(plain), &s->root))
		err = -EIO;
	if (err) {
		seal_root_abort(s);
		return err;
	}
	s->root_op = (struct store_op){ STORE_META, ROOT_ID, s->root.data, s->root.len };
	*ops = &s->root_op;
	*n_ops = 1;
	return 0;
}

static const struct store_op *find_root(const struct store_op *ops, size_t n)
{
	const struct store_op *end = ops + n;

	while (ops < end && (ops->kind != STORE_META || ops->id != ROOT_ID))
		ops++;
	return ops < end ? ops : NULL;
}

enum seal_verdict seal_take(struct seal *s, const struct store_op *ops, size_t n_ops)
{
	const struct store_txn txn = { .ops = ops, .n_ops = n_ops };
	const struct store_op *root = find_root(ops, n_ops);
	enum seal_verdict v = SEAL_SET_DIFFERS;

	s->n_undo = 0;
	if (!root || !root->data)
		return SEAL_NO_ROOT;
	if (undo_reserve(s, &txn) && !apply_batch(s, &txn))
		v = judge(s, root->data, root->len);
	if (v != SEAL_WHOLE)
		seal_root_abort(s);
	else
		seal_go_on(s, root->data, root->len);
	return v;
}

/* Backwards, for a record may have changed more than once in a batch. */
void seal_root_abort(void *opaque)
{
	struct seal *s = opaque;
	struct undo now;

	while (s->n_undo) {
		const struct undo *u = &s->undo[--s->n_undo];

		/*
		 * Cannot fail: a put after a removal finds the slot that the removal
		 * left, since tables do not shrink.
		 */
		replace(s, u->kind, u->id, u->had ? u->mac : NULL, &now);
	}
}
