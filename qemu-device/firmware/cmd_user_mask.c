// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_user_mask.c - USER_MASK and USER_UNMASK: users between cards of one cluster. */
#include <string.h>

#include "cmd_user.h"
#include "mask.h"
#include "record.h"
#include "reply.h"
#include "secmem.h"

#define ID_LEN	(TLV_HEAD + 4)	/* the user's id, before its record */

/* Seals id and record, which is wiped with @rec. */
static int write_masked(struct call *c, const struct user_rec *u, const struct record *rec)
{
	size_t len = ID_LEN + rec->w.len, room = len + MASK_EXTRA;
	struct record whole;
	uint8_t *p;
	int rc;

	if (!record_begin(&whole, len))
		return HSM_RV_NO_MEMORY;
	tlv_put_u32(&whole.w, HSM_TAG_USER_ID, u->id);
	memcpy(whole.w.p + ID_LEN, rec->w.p, rec->w.len);
	rc = reply_begin(c, HSM_TAG_DATA, room, 0, &p);
	if (!rc && !mask_seal(c->fw->identity, MASK_USER, whole.w.p, len, p)) {
		reply_end(c, p, room, 0);
		rc = HSM_RV_CRYPTO_FAILED;
	}
	record_free(&whole);
	return rc;
}

/* fw.lock is taken for as long as it takes to copy the user. */
static int copy_user(struct call *c, struct user_rec *rec)
{
	const struct user *u;
	int rc;

	fw_lock_read(c->fw);
	rc = call_recheck(c);
	u = user_by_id(&c->fw->users, call_u32(c, HSM_TAG_USER_ID, 0));
	if (!rc && u) {
		*rec = u->rec;
		rec->failures = user_guesses(u);
	}
	fw_unlock(c->fw);
	if (!rc && !u)
		rc = call_bad(c, HSM_TAG_USER_ID, HSM_RV_USER_UNKNOWN);
	return rc;
}

int cmd_user_mask(struct call *c)
{
	struct user_rec u = { 0 };
	struct record rec;
	int rc;

	if (!c->fw->identity)
		return HSM_RV_RECORD_DAMAGED;
	rc = copy_user(c, &u);
	if (rc)
		return rc;
	record_put_user(&rec, &u);
	rc = record_ok(&rec) ? write_masked(c, &u, &rec) : HSM_RV_NO_MEMORY;
	record_free(&rec);
	secmem_wipe(&u, sizeof(u));
	return rc;
}

static bool read_masked(struct user_rec *u, const uint8_t *p, size_t len)
{
	struct tlv_reader r;
	struct tlv t;

	tlv_read_init(&r, p, len);
	return tlv_next(&r, &t) && t.tag == HSM_TAG_USER_ID && t.len == 4 &&
	       get_le32(t.p) < UINT32_MAX &&
	       record_get_user(u, get_le32(t.p), p + ID_LEN, len - ID_LEN);
}

static int open_masked(struct call *c, struct user_rec *u)
{
	size_t len = 0;
	uint8_t *plain = mask_open(c->fw->identity, MASK_USER, call_bytes(c, HSM_TAG_DATA), &len);
	bool ok = plain && read_masked(u, plain, len);

	secmem_free(plain);
	return ok ? 0 : call_bad(c, HSM_TAG_DATA, HSM_RV_BAD_MASKED_OBJECT);
}

/* Whether the user may come: also in the place of one whose record is damaged. */
static int check_new(struct call *c, const struct user_rec *rec)
{
	const struct user_table *users = &c->fw->users;
	struct bytes name = { (const uint8_t *)rec->name, strlen(rec->name) };
	int rc = call_recheck(c);

	if (rc)
		return rc;
	if (user_id_taken(users, rec->id) || user_by_name(users, name))
		return call_bad(c, HSM_TAG_DATA, HSM_RV_USER_EXISTS);
	if (user_key_taken(users, rec, NULL))
		return call_bad(c, HSM_TAG_DATA, HSM_RV_KEY_REGISTERED);
	return 0;
}

static int reserve_masked(struct change *ch)
{
	int rc = check_new(&ch->call, &ch->secret);

	return rc ? rc : user_reserve(ch);
}

static int mend(struct change *ch)
{
	struct fw *fw = ch->call.fw;

	fw->damaged -= user_mend(&fw->users, ch->rec.id);
	return 0;
}

int cmd_user_unmask(struct call *c)
{
	struct change *ch;
	int rc;

	if (!c->fw->identity)
		return HSM_RV_RECORD_DAMAGED;
	ch = change_new(c);
	if (!ch)
		return HSM_RV_NO_MEMORY;
	rc = open_masked(c, &ch->secret);
	if (rc) {
		change_free(ch);
		return rc;
	}
	ch->prepare = reserve_masked;
	ch->applied = mend;
	fw_lock_write(c->fw);
	return change_propose(ch);
}
