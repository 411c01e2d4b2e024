// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_token.c - TOKEN_NEW, TOKEN_LIST, TOKEN_DELETE. */
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "cmd_key.h"
#include "crypto.h"
#include "members.h"
#include "quorum_int.h"
#include "replica.h"

#define AT(member)	offsetof(struct hsm_token, member)

/* Whether the caller may ask for a token of a key, and how many have to approve. */
static int look_at_key(struct call *c, uint32_t service, uint32_t *m)
{
	struct object *o;
	int rc;

	if (!call_has(c, HSM_TAG_HANDLE))
		return call_bad(c, HSM_TAG_HANDLE, HSM_RV_BAD_MESSAGE);
	rc = key_find(c, HSM_TAG_HANDLE, service == HSM_SERVICE_KEY_USE ? KEY_SEE : KEY_SET, &o);
	if (rc)
		return rc;
	*m = o->m_value;
	return *m ? 0 : call_bad(c, HSM_TAG_HANDLE, HSM_RV_NO_QUORUM);
}

static int look_at_service(struct call *c, uint32_t service, uint32_t *m)
{
	int rc = call_recheck(c);

	if (rc)
		return rc;
	if (!user_is_officer(&c->user->rec))
		return call_bad(c, HSM_TAG_SERVICE, HSM_RV_NOT_AUTHORIZED);
	if (call_has(c, HSM_TAG_HANDLE))
		return call_bad(c, HSM_TAG_HANDLE, HSM_RV_INVALID_INPUT);
	*m = quorum_m_value(c->fw, service);
	return *m > 1 ? 0 : call_bad(c, HSM_TAG_SERVICE, HSM_RV_NO_QUORUM);
}

/* What is signed; the nonce is in it already. */
static void encode(const struct fw *fw, const struct user *u, struct quorum_token *t)
{
	uint8_t *p = t->wire;

	memcpy(p + AT(magic), QUORUM_MAGIC, 4);
	put_le16(p + AT(version), QUORUM_VERSION);
	put_le16(p + AT(service), (uint16_t)t->service);
	put_le32(p + AT(id), t->id);
	put_le32(p + AT(node), fw->node_id);
	put_le64(p + AT(handle), t->handle);
	put_le32(p + AT(user), t->user);
	put_le32(p + AT(m_value), t->m_value);
	memcpy(p + AT(user_name), u->rec.name, strlen(u->rec.name));
	memcpy(p + AT(serial), fw->serial, strlen(fw->serial));
}

/* fw.lock held for writing. */
static int make(struct call *c, struct quorum_token *t)
{
	const struct fw_platform *p = &c->fw->platform;
	int rc;

	t->service = call_u32(c, HSM_TAG_SERVICE, 0);
	rc = quorum_of_officers(t->service) ? look_at_service(c, t->service, &t->m_value)
				     : look_at_key(c, t->service, &t->m_value);
	if (rc)
		return rc;
	t->ctx = c->ctx;
	t->user = c->user->rec.id;
	t->handle = quorum_of_officers(t->service) ? 0 : call_u64(c, HSM_TAG_HANDLE);
	t->expires_ms = p->now_ms(p->opaque) + HSM_TOKEN_VALID_S * 1000ull;
	rc = quorum_add(c->fw, t);
	if (!rc)
		encode(c->fw, c->user, t);
	return rc;
}

static struct quorum_token *begin_token(int *rc)
{
	struct quorum_token *t = calloc(1, sizeof(*t));

	*rc = t ? 0 : HSM_RV_NO_MEMORY;
	if (t && !fc_random(t->wire + AT(nonce), HSM_NONCE_LEN))
		*rc = HSM_RV_CRYPTO_FAILED;
	return t;
}

static int new_here(struct call *c, struct quorum_token *t)
{
	int rc;

	fw_lock_write(c->fw);
	rc = make(c, t);
	if (!rc)
		tlv_put(&c->out, HSM_TAG_TOKEN, t->wire, sizeof(t->wire));
	fw_unlock(c->fw);
	if (rc)
		free(t);
	return rc;
}

/* It takes its number, and is nobody's before it is there. */
static int prepare_new(struct change *ch)
{
	struct quorum_token *t = ch->extra;

	t->shared = true;
	t->incarnation = members_incarnation(ch->call.fw);
	atomic_store(&t->state, TOKEN_COMING);
	return make(&ch->call, t);
}

static bool image_new(struct change *ch, struct replica_batch *b)
{
	const struct quorum_token *t = ch->extra;
	struct record rec;

	quorum_put(&rec, t);
	return replica_add(ch->call.fw, b, STORE_TOKEN, t->id, &rec);
}

/* Its login may have ended meanwhile. */
static int applied_new(struct change *ch)
{
	struct quorum_token *t = ch->extra;

	ch->extra = NULL;
	atomic_fetch_and(&t->state, ~TOKEN_COMING);
	tlv_put(&ch->call.out, HSM_TAG_TOKEN, t->wire, sizeof(t->wire));
	return 0;
}

static void failed_new(struct change *ch)
{
	struct quorum_token *t = ch->extra;

	if (t->id)
		quorum_remove(ch->call.fw, t);
	t->id = 0;
}

static int new_in_cluster(struct call *c, struct quorum_token *t)
{
	struct change *ch = change_new(c);

	if (!ch) {
		free(t);
		return HSM_RV_NO_MEMORY;
	}
	ch->extra = t;
	ch->prepare = prepare_new;
	ch->image = image_new;
	ch->image_ops = 1;
	ch->applied = applied_new;
	ch->failed = failed_new;
	fw_lock_write(c->fw);
	return change_propose(ch);
}

int cmd_token_new(struct call *c)
{
	struct quorum_token *t;
	int rc;

	quorum_sweep(c->fw);
	t = begin_token(&rc);
	if (!rc)
		return replica_wanted(c->fw) ? new_in_cluster(c, t) : new_here(c, t);
	free(t);
	return rc;
}

/* Officers look after all of them, others after their own. */
static bool looks_after(const struct call *c, const struct quorum_token *t)
{
	return user_is_officer(&c->user->rec) || t->user == c->user->rec.id;
}

static bool listed(const struct call *c, const struct quorum_token *t)
{
	return looks_after(c, t) && quorum_alive(c->fw, t);
}

static uint32_t seconds_left(const struct fw *fw, const struct quorum_token *t)
{
	uint64_t now = fw->platform.now_ms(fw->platform.opaque);

	return now < t->expires_ms ? (uint32_t)((t->expires_ms - now + 999) / 1000) : 0;
}

static void put_info(struct call *c, const struct quorum_token *t)
{
	uint8_t *p = tlv_reserve(&c->out, HSM_TAG_TOKEN_INFO, sizeof(struct hsm_token_info));
	uint32_t i, n = 0;

	if (!p)
		return;
	memset(p, 0, sizeof(struct hsm_token_info));
	memcpy(p, t->wire, sizeof(t->wire));
	for (i = 0; i < t->n_approvals; i++) {
		const struct user *u = quorum_approver(c->fw, t, &t->approval[i]);

		if (u)
			memcpy(p + offsetof(struct hsm_token_info, approver[0]) + 32 * n++,
			       u->rec.name, strlen(u->rec.name));
	}
	put_le32(p + offsetof(struct hsm_token_info, valid_s), seconds_left(c->fw, t));
	put_le32(p + offsetof(struct hsm_token_info, approvals), n);
}

/* As many as fit, from START on; the table has seen to it that one does. */
static void put_list(struct call *c)
{
	size_t one = TLV_HEAD + sizeof(struct hsm_token_info);
	uint32_t start = call_u32(c, HSM_TAG_START, 0), n = 0;
	const struct quorum_token *t;

	for (t = c->fw->quorum.first; t; t = t->next) {
		if (!listed(c, t) || n++ < start)
			continue;
		if (c->out.room - c->out.len >= one + call_nodes_len(c))
			put_info(c, t);
		else
			start = UINT32_MAX;
	}
}

static uint32_t count(const struct call *c)
{
	const struct quorum_token *t;
	uint32_t n = 0;

	for (t = c->fw->quorum.first; t; t = t->next)
		n += listed(c, t);
	return n;
}

int cmd_token_list(struct call *c)
{
	int rc;

	fw_lock_read(c->fw);
	rc = call_recheck(c);
	if (!rc) {
		tlv_put_u32(&c->out, HSM_TAG_TOTAL, count(c));
		put_list(c);
	}
	fw_unlock(c->fw);
	quorum_sweep(c->fw);
	return rc;
}

/* Whether the call names @t, or all that the caller looks after; fw.lock held. */
static bool named(const struct call *c, const struct quorum_token *t)
{
	return listed(c, t) && (!call_has(c, HSM_TAG_TOKEN_ID) ||
				t->id == call_u32(c, HSM_TAG_TOKEN_ID, 0));
}

/* fw.lock held for writing. */
static int delete(struct call *c)
{
	bool found = !call_has(c, HSM_TAG_TOKEN_ID);
	struct quorum_token *t;
	int rc = call_recheck(c);

	if (rc)
		return rc;
	for (t = c->fw->quorum.first; t; t = t->next) {
		if (named(c, t)) {
			quorum_drop(t);
			found = true;
		}
	}
	quorum_reap(c->fw);
	return found ? 0 : call_bad(c, HSM_TAG_TOKEN_ID, HSM_RV_NO_TOKEN);
}

static int check_delete(struct call *c)
{
	bool found = !call_has(c, HSM_TAG_TOKEN_ID);
	const struct quorum_token *t;
	int rc = call_recheck(c);

	for (t = c->fw->quorum.first; t && !found; t = t->next)
		found = named(c, t);
	return rc || found ? rc : call_bad(c, HSM_TAG_TOKEN_ID, HSM_RV_NO_TOKEN);
}

static int delete_in_cluster(struct call *c)
{
	struct change *ch = quorum_delete_change(change_new(c), check_delete, named);

	if (!ch)
		return HSM_RV_NO_MEMORY;
	fw_lock_write(c->fw);
	return change_propose(ch);
}

int cmd_token_delete(struct call *c)
{
	int rc;

	if (replica_wanted(c->fw))
		return delete_in_cluster(c);
	fw_lock_write(c->fw);
	rc = delete(c);
	fw_unlock(c->fw);
	return rc;
}
