// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_key_list.c - KEY_LIST: whose keys there are, for those who manage users. */
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "policy.h"
#include "replica.h"

#define KEY_REF_LEN	(TLV_HEAD + sizeof(struct hsm_key_ref))
#define HASH_LEN	(TLV_HEAD + HSM_DIGEST_LEN)

/* What KEY_HASH is made of, collected under the lock: bytes, little-endian. */
struct hashed {
	uint8_t *p;		/* NULL: only measures */
	size_t len;
};

static void hash_u32(struct hashed *h, uint32_t v)
{
	if (h->p)
		put_le32(h->p + h->len, v);
	h->len += 4;
}

static void hash_user(struct hashed *h, const struct user_rec *u)
{
	hash_u32(h, u->id);
	hash_u32(h, u->type);
	if (h->p) {
		memset(h->p + h->len, 0, sizeof(u->name));
		memcpy(h->p + h->len, u->name, strlen(u->name));
	}
	h->len += sizeof(u->name);
}

static void hash_key(struct hashed *h, const struct object *o)
{
	size_t i;

	hash_u32(h, (uint32_t)o->handle);
	hash_u32(h, (uint32_t)(o->handle >> 32));
	hash_u32(h, o->owner);
	hash_u32(h, o->m_value);
	hash_u32(h, o->n_shares);
	for (i = 0; i < o->n_shares; i++)
		hash_u32(h, o->shares[i]);
}

/* On the disk, or no more than about to go from there. */
static bool stored(const struct object *o)
{
	return !o->ctx && o->state != OBJECT_PENDING && o->state != OBJECT_ORPHAN;
}

static void hash_all(const struct fw *fw, struct hashed *h)
{
	const struct object *o;
	size_t i;

	hash_u32(h, (uint32_t)fw->users.live);
	for (i = 0; i < fw->users.n; i++) {
		if (!fw->users.v[i]->pending)
			hash_user(h, &fw->users.v[i]->rec);
	}
	for (o = fw->objects.first; o; o = o->next) {
		if (stored(o))
			hash_key(h, o);
	}
}

/* fw.lock held. False without memory. */
static bool collect(const struct fw *fw, struct hashed *h)
{
	hash_all(fw, h);
	h->p = malloc(h->len);
	h->len = 0;
	if (h->p)
		hash_all(fw, h);
	return h->p;
}

/* A public key has no shares: it is listed for its owner only. */
static bool wanted(const struct object *o, uint32_t id)
{
	return stored(o) && (!id || o->owner == id || object_shared_with(o, id));
}

static void put_ref(struct call *c, const struct object *o, uint32_t id)
{
	uint8_t *p = tlv_reserve(&c->out, HSM_TAG_KEY_REF, sizeof(struct hsm_key_ref));

	if (!p)
		return;
	put_le64(p + offsetof(struct hsm_key_ref, handle), o->handle);
	put_le32(p + offsetof(struct hsm_key_ref, flags),
		 (o->owner == id ? HSM_KEY_REF_OWNED : 0) |
		 (o->n_shares ? HSM_KEY_REF_SHARED : 0));
	put_le32(p + offsetof(struct hsm_key_ref, owner), o->owner);
}

/* fw.lock held: as many as fit, from START on. Returns how many there are in all. */
static uint32_t list(struct call *c, uint32_t id)
{
	size_t room = (c->out.room - call_nodes_len(c) - HASH_LEN - TLV_HEAD - 4) / KEY_REF_LEN;
	uint32_t start = call_u32(c, HSM_TAG_START, 0), n = 0;
	const struct object *o;

	if (id && !user_by_id(&c->fw->users, id))
		return 0;
	for (o = c->fw->objects.first; o; o = o->next) {
		if (!wanted(o, id))
			continue;
		if (n >= start && n - start < room)
			put_ref(c, o, id);
		n++;
	}
	return n;
}

static int put_hash(struct call *c, const struct hashed *h)
{
	uint8_t digest[FC_SHA256_LEN];

	if (!fc_sha256(h->p, h->len, digest))
		return HSM_RV_CRYPTO_FAILED;
	tlv_put(&c->out, HSM_TAG_KEY_HASH, digest, sizeof(digest));
	return 0;
}

int cmd_key_list(struct call *c)
{
	uint32_t id = call_u32(c, HSM_TAG_USER_ID, 0);
	uint8_t *total = tlv_reserve(&c->out, HSM_TAG_TOTAL, 4);
	struct hashed h = { 0 };
	uint32_t n = 0;
	int rc;

	fw_lock_read(c->fw);
	rc = call_recheck(c);
	if (!rc)
		n = list(c, id);
	if (!rc && call_bool(c, HSM_TAG_KEY_HASH, false) && (n || !id) && !collect(c->fw, &h))
		rc = HSM_RV_NO_MEMORY;
	fw_unlock(c->fw);
	put_le32(total, n);
	if (!rc && h.p)
		rc = put_hash(c, &h);
	free(h.p);
	return rc;
}

/* Position first: what the hash has besides is newer, and is in it the next time. */
bool fw_state(struct fw *fw, uint64_t *position, uint8_t sha256[HSM_DIGEST_LEN])
{
	struct hashed h = { 0 };
	bool ok;

	fw_lock_read(fw);
	*position = replica_position(fw);
	ok = collect(fw, &h);
	fw_unlock(fw);
	ok = ok && fc_sha256(h.p, h.len, sha256);
	free(h.p);
	return ok;
}
