// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_mask.c - KEY_MASK and KEY_UNMASK: keys between cards of one cluster. */
#include <string.h>

#include "change.h"
#include "cmd_key.h"
#include "key_numbers.h"
#include "mask.h"
#include "replica.h"
#include "reply.h"
#include "secmem.h"

/* Before the record: which key of what cluster, or of what card on its own, it is. */
#define MASK_ORIGIN	0xc0000010u
#define ORIGIN_MAX	(FW_SERIAL_MAX + 1)
#define HEAD_MAX	(TLV_HEAD + 8 + TLV_HEAD + ORIGIN_MAX)

static size_t origin_of(struct fw *fw, uint8_t origin[ORIGIN_MAX])
{
	static const uint8_t none[16];
	struct hsm_cluster_info info = { 0 };

	replica_cluster(fw, &info);
	if (memcmp(info.id, none, sizeof(none))) {
		memcpy(origin, info.id, sizeof(info.id));
		return sizeof(info.id);
	}
	memcpy(origin, fw->serial, strlen(fw->serial));
	return strlen(fw->serial);
}

/* Head and record of @o, in secret memory. False without memory. */
static bool put_masked(struct fw *fw, const struct object *o, struct record *whole)
{
	uint8_t origin[ORIGIN_MAX];
	struct record rec;
	bool ok;

	record_put_object(&rec, o);
	ok = record_ok(&rec) && record_begin(whole, HEAD_MAX + rec.w.len);
	if (ok) {
		tlv_put_u64(&whole->w, HSM_TAG_HANDLE, o->handle);
		tlv_put(&whole->w, MASK_ORIGIN, origin, origin_of(fw, origin));
		memcpy(whole->w.p + whole->w.len, rec.w.p, rec.w.len);
		whole->w.len += rec.w.len;
	}
	record_free(&rec);
	return ok;
}

static int write_masked(struct call *c, const struct object *o)
{
	struct record rec;
	uint8_t *p;
	size_t room;
	int rc;

	if (!put_masked(c->fw, o, &rec))
		return HSM_RV_NO_MEMORY;
	room = rec.w.len + MASK_EXTRA;
	rc = reply_begin(c, HSM_TAG_DATA, room, 0, &p);
	if (!rc && !mask_seal(c->fw->identity, MASK_KEY, rec.w.p, rec.w.len, p)) {
		reply_end(c, p, room, 0);
		rc = HSM_RV_CRYPTO_FAILED;
	}
	record_free(&rec);
	return rc;
}

int cmd_key_mask(struct call *c)
{
	struct object *o, *copy = NULL;
	int rc;

	if (!c->fw->identity)
		return HSM_RV_RECORD_DAMAGED;
	fw_lock_read(c->fw);
	rc = key_find(c, HSM_TAG_HANDLE, KEY_MASK, &o);
	if (!rc && o->ctx)
		rc = call_bad(c, HSM_TAG_HANDLE, HSM_RV_INVALID_INPUT);
	if (!rc) {
		copy = object_copy(o);
		rc = copy ? 0 : HSM_RV_NO_MEMORY;
	}
	fw_unlock(c->fw);
	if (!rc)
		rc = write_masked(c, copy);
	object_free(copy);
	return rc;
}

/* Reads what stands before the record; *@known: it is key @handle of this very cluster. */
static size_t read_head(struct fw *fw, const uint8_t *p, size_t len, uint64_t handle, bool *known)
{
	uint8_t origin[ORIGIN_MAX];
	struct tlv_reader r;
	struct tlv h, o;

	*known = false;
	tlv_read_init(&r, p, len);
	if (!tlv_next(&r, &h) || h.tag != HSM_TAG_HANDLE || h.len != 8 || !tlv_next(&r, &o) ||
	    o.tag != MASK_ORIGIN)
		return 0;
	*known = get_le64(h.p) == handle && o.len == origin_of(fw, origin) &&
		 !memcmp(o.p, origin, o.len);
	return (size_t)(o.p - p) + o.len;
}

static int open_masked(struct call *c, struct object **o)
{
	struct bytes data = call_bytes(c, HSM_TAG_DATA);
	uint64_t handle = call_has(c, HSM_TAG_HANDLE) ? call_u64(c, HSM_TAG_HANDLE) : 0;
	size_t len = 0, head;
	uint8_t *plain = mask_open(c->fw->identity, MASK_KEY, data, &len);
	bool known = false;

	*o = NULL;
	if (plain) {
		head = read_head(c->fw, plain, len, handle, &known);
		*o = record_get_object(0, plain + head, len - head);
	}
	secmem_free(plain);
	if (*o && (known || !handle))
		return 0;
	object_free(*o);
	call_bad(c, HSM_TAG_DATA, HSM_RV_BAD_MASKED_OBJECT);
	return HSM_RV_BAD_MASKED_OBJECT;
}

/* Whether this card may have the key, for itself. */
static int check_masked(struct call *c, const struct object *o)
{
	const struct user *owner;
	int rc = new_key_fips(c, (enum key_kind)o->kind, object_curve(o));

	if (rc)
		return call_bad(c, HSM_TAG_DATA, rc);
	fw_lock_read(c->fw);
	owner = user_by_id(&c->fw->users, o->owner);
	if (!owner || owner->rec.type != HSM_USER_CU)
		rc = call_bad(c, HSM_TAG_DATA, HSM_RV_USER_UNKNOWN);
	fw_unlock(c->fw);
	return rc;
}

/* TRUSTED is the word of an officer, who may have taken it back: nobody else renews it. */
static void check_trust(const struct call *c, struct object *o)
{
	if (c->caller.type != HSM_USER_CO && c->caller.type != HSM_USER_PCO)
		o->flags &= ~(1u << BIT_TRUSTED);
}

/*
 * Whether @o is the record that the cluster has, where that is known: an older one, with
 * attributes that were taken from the key since, must not come back over it.
 */
static int check_expected(struct call *c, const struct damaged_key *d, const struct object *o)
{
	uint8_t hash[sizeof(d->hash)];

	if (!d->expected)
		return 0;
	if (!record_hash(o, hash))
		return HSM_RV_NO_MEMORY;
	if (!secmem_equal(hash, d->hash, sizeof(hash)))
		return call_bad(c, HSM_TAG_DATA, HSM_RV_BAD_MASKED_OBJECT);
	return 0;
}

/* Its number is damaged, so it is nobody's, and the key may come. */
static int prepare_restore(struct change *ch)
{
	struct call *c = &ch->call;
	const struct object_table *t = &c->fw->objects;
	const struct damaged_key *d = object_damaged(t, ch->handle);
	const struct object *o = ch->coming[0];
	const struct user *owner = user_by_id(&c->fw->users, o->owner);
	struct bytes id = object_id(o);
	int rc = call_recheck(c);

	if (rc)
		return rc;
	if (object_by_handle(t, ch->handle))
		return call_bad(c, HSM_TAG_HANDLE, HSM_RV_INVALID_INPUT);
	if (!d)
		return call_bad(c, HSM_TAG_HANDLE, HSM_RV_BAD_HANDLE);
	rc = check_expected(c, d, o);
	if (rc)
		return rc;
	if (id.len && object_id_taken(t, id))
		return call_bad(c, HSM_ATTR_ID, HSM_RV_ID_EXISTS);
	if (!owner || owner->leaving)
		return call_bad(c, HSM_TAG_DATA, HSM_RV_USER_UNKNOWN);
	if (!d->expected)
		check_trust(c, ch->coming[0]);
	change_insert(ch, 0, ch->handle);
	return 0;
}

static int mend(struct change *ch)
{
	struct fw *fw = ch->call.fw;

	fw->damaged -= object_mend(&fw->objects, ch->handle);
	return 0;
}

static void reply_restored(struct change *ch)
{
	tlv_put_u64(&ch->call.out, HSM_TAG_HANDLE, ch->handle);
}

static int check_restore(struct call *c, const struct object *o)
{
	static const uint32_t others[] = { HSM_TAG_MIN_SRV, HSM_TAG_TIMEOUT_S,
					   HSM_TAG_ATTEST_NONCE };
	size_t i;

	for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (call_has(c, others[i]))
			return call_bad(c, others[i], HSM_RV_INVALID_INPUT);
	}
	if (c->caller.type == HSM_USER_CU && o->owner != c->caller.id)
		return call_bad(c, HSM_TAG_DATA, HSM_RV_ACCESS_DENIED);
	return 0;
}

/* Puts the key back under its own number, where the record is damaged. Takes @o over. */
static int restore(struct call *c, struct object *o)
{
	int rc = check_restore(c, o);
	struct change *ch = rc ? NULL : change_new(c);

	if (ch) {
		ch->handle = call_u64(c, HSM_TAG_HANDLE);
		ch->prepare = prepare_restore;
		ch->applied = mend;
		ch->reply = reply_restored;
		fw_lock_write(c->fw);
		rc = change_bring(ch, &o, 1);
		if (!rc)
			return change_propose(ch);
		fw_unlock(c->fw);
		change_free(ch);
	}
	object_free(o);
	return rc ? rc : HSM_RV_NO_MEMORY;
}

int cmd_key_unmask(struct call *c)
{
	bool again = call_has(c, HSM_TAG_HANDLE);
	struct object *o;
	int rc;

	if (!c->fw->identity)
		return HSM_RV_RECORD_DAMAGED;
	rc = open_masked(c, &o);
	if (rc)
		return rc;
	rc = check_masked(c, o);
	if (!rc && again)
		return restore(c, o);
	check_trust(c, o);
	if (!rc)
		rc = new_key_available(c);
	if (!rc)
		return new_key_install(c, &o, 1);
	object_free(o);
	return rc;
}
