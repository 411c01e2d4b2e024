// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_mask.c - KEY_MASK and KEY_UNMASK: keys between cards of one cluster. */
#include "cmd_key.h"
#include "key_numbers.h"
#include "mask.h"
#include "reply.h"
#include "secmem.h"

static int write_masked(struct call *c, const struct object *o)
{
	int rc = HSM_RV_NO_MEMORY;
	struct record rec;
	uint8_t *p;
	size_t room;

	record_put_object(&rec, o);
	if (record_ok(&rec)) {
		room = rec.w.len + MASK_EXTRA;
		rc = reply_begin(c, HSM_TAG_DATA, room, 0, &p);
		if (!rc && !mask_seal(c->fw->identity, MASK_KEY, rec.w.p, rec.w.len, p)) {
			reply_end(c, p, room, 0);
			rc = HSM_RV_CRYPTO_FAILED;
		}
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

static int open_masked(struct call *c, struct object **o)
{
	size_t len = 0;
	uint8_t *plain = mask_open(c->fw->identity, MASK_KEY, call_bytes(c, HSM_TAG_DATA), &len);

	*o = plain ? record_get_object(0, plain, len) : NULL;
	secmem_free(plain);
	if (*o)
		return 0;
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

int cmd_key_unmask(struct call *c)
{
	struct object *o;
	int rc;

	if (!c->fw->identity)
		return HSM_RV_RECORD_DAMAGED;
	rc = open_masked(c, &o);
	if (rc)
		return rc;
	check_trust(c, o);
	rc = check_masked(c, o);
	if (!rc)
		rc = new_key_available(c);
	if (!rc)
		return new_key_install(c, &o, 1);
	object_free(o);
	return rc;
}
