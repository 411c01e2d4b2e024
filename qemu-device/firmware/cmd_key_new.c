// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_key_new.c - what the commands that make keys share. */
#include "cmd_key.h"

#include <stdlib.h>
#include <string.h>

#include "change.h"

#define CARDS 1		/* that a key can be on */

static int check_share(struct call *c, const struct new_key *k, uint32_t id)
{
	const struct user *u = user_by_id(&c->fw->users, id);
	uint32_t i;

	if (u && u == c->user)
		return HSM_RV_SHARE_OWNER;
	if (!u)
		return HSM_RV_USER_UNKNOWN;
	if (u->rec.type != HSM_USER_CU)
		return HSM_RV_BAD_USER_TYPE;
	for (i = 0; i < k->n_shares; i++) {
		if (k->shares[i] == id)
			return HSM_RV_INVALID_INPUT;
	}
	return 0;
}

static int compare_u32(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* As each id must be that of another user, there is room for all that pass. */
static int read_shares(struct call *c, struct new_key *k)
{
	struct tlv_reader r;
	struct tlv t;
	int rc = 0;

	call_each(c, &r);
	fw_lock_read(c->fw);
	while (!rc && tlv_next_tag(&r, HSM_TAG_SHARE_USER, &t)) {
		rc = check_share(c, k, get_le32(t.p));
		if (!rc)
			k->shares[k->n_shares++] = get_le32(t.p);
	}
	fw_unlock(c->fw);
	qsort(k->shares, k->n_shares, sizeof(k->shares[0]), compare_u32);
	return rc ? call_bad(c, HSM_TAG_SHARE_USER, rc) : 0;
}

static int check_quorum(struct call *c, const struct new_key *k)
{
	uint32_t m = call_u32(c, HSM_TAG_M_VALUE, 0);

	if (m && (!k->n_shares || m > k->n_shares + 1))
		return call_bad(c, HSM_TAG_M_VALUE, HSM_RV_BAD_M_VALUE);
	if (call_has(c, HSM_TAG_TIMEOUT_S) && !call_has(c, HSM_TAG_MIN_SRV))
		return call_bad(c, HSM_TAG_TIMEOUT_S, HSM_RV_INVALID_INPUT);
	return 0;
}

static int check_available(struct call *c)
{
	if (call_u32(c, HSM_TAG_M_VALUE, 0))
		return call_bad(c, HSM_TAG_M_VALUE, HSM_RV_NOT_AVAILABLE);
	if (call_u32(c, HSM_TAG_MIN_SRV, CARDS) > CARDS)
		return call_bad(c, HSM_TAG_MIN_SRV, HSM_RV_NOT_AVAILABLE);
	if (call_has(c, HSM_TAG_ATTEST_NONCE))
		return call_bad(c, HSM_TAG_ATTEST_NONCE, HSM_RV_NOT_AVAILABLE);
	return 0;
}

/* fw.lock held. */
static int check_id(struct call *c, const struct new_key *k)
{
	if (k->id.len && object_id_taken(&c->fw->objects, k->id))
		return call_bad(c, HSM_ATTR_ID, HSM_RV_ID_EXISTS);
	return 0;
}

int new_key_args(struct call *c, struct new_key *k)
{
	int rc;

	k->token = call_bool(c, HSM_ATTR_TOKEN, true);
	k->extractable = call_bool(c, HSM_ATTR_EXTRACTABLE, true);
	k->label = call_bytes(c, HSM_ATTR_LABEL);
	k->id = call_bytes(c, HSM_ATTR_ID);
	k->n_shares = 0;
	rc = read_shares(c, k);
	if (!rc)
		rc = check_quorum(c, k);
	if (!rc) {
		fw_lock_read(c->fw);
		rc = check_id(c, k);
		fw_unlock(c->fw);
	}
	return rc ? rc : check_available(c);
}

void new_key_init(const struct call *c, const struct new_key *k, enum key_kind kind,
		  struct object_init *init)
{
	*init = (struct object_init){
		.kind = kind,
		.flags = attr_birth_flags(kind, k->token, k->extractable),
		.owner = c->user->rec.id,
		.label = k->label,
		.id = k->id,
	};
	if (key_kinds[kind].class != HSM_KEY_CLASS_PUBLIC) {
		init->shares = k->shares;
		init->n_shares = k->n_shares;
	}
}

static void put_handles(struct tlv_writer *w, const uint64_t *handles, size_t n)
{
	tlv_put_u64(w, n == 1 ? HSM_TAG_HANDLE : HSM_TAG_HANDLE_PUBLIC, handles[0]);
	if (n > 1)
		tlv_put_u64(w, HSM_TAG_HANDLE_PRIVATE, handles[1]);
}

static void reply_handles(struct change *ch)
{
	put_handles(&ch->call.out, ch->handles, ch->handles[1] ? 2 : 1);
}

/* fw.lock held: may they come? */
static int check_install(struct call *c, const struct new_key *k, struct object *const *keys,
			 size_t n)
{
	size_t i, size = 0;
	int rc = call_recheck(c);

	if (!rc)
		rc = check_id(c, k);
	if (!rc && k->token && c->fw->card_damaged)
		rc = HSM_RV_RECORD_DAMAGED;
	for (i = 0; i < n; i++)
		size += object_size(keys[i]);
	if (!rc && size > OBJECT_BUDGET - c->fw->objects.bytes)
		rc = HSM_RV_NO_MEMORY;
	return rc;
}

/* fw.lock held: gives handles and puts the keys into the table. */
static void insert(struct call *c, struct change *ch, bool token, struct object *const *keys,
		   size_t n)
{
	struct object_table *t = &c->fw->objects;
	size_t i;

	for (i = 0; i < n; i++) {
		keys[i]->handle = t->next_handle++;
		keys[i]->state = token ? OBJECT_PENDING : OBJECT_LIVE;
		ch->keys[i] = keys[i];
		ch->handles[i] = keys[i]->handle;
		object_insert(t, keys[i]);
		if (!token)
			ctx_add_key(c->ctx, c->session, keys[i]);
	}
}

static int install(struct call *c, const struct new_key *k, struct change *ch,
		   struct object *const *keys, size_t n)
{
	int rc;

	fw_lock_write(c->fw);
	rc = check_install(c, k, keys, n);
	if (!rc)
		insert(c, ch, k->token, keys, n);
	if (!rc && k->token) {
		ch->card = true;
		ch->reply = reply_handles;
		return change_propose(ch);
	}
	fw_unlock(c->fw);
	if (!rc)
		put_handles(&c->out, ch->handles, n);
	return rc;
}

int new_key_install(struct call *c, const struct new_key *k, struct object *const *keys, size_t n)
{
	struct change *ch = change_new(c);
	int rc = HSM_RV_NO_MEMORY;
	size_t i;

	if (ch && keys[0] && keys[n - 1])
		rc = install(c, k, ch, keys, n);
	if (rc != CALL_ASYNC && ch)
		change_free(ch);
	for (i = 0; i < n && rc && rc != CALL_ASYNC; i++)
		object_free(keys[i]);
	return rc;
}
