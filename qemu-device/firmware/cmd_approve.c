// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_approve.c - TOKEN_APPROVE: signatures of others over the file that holds a token. */
#include <stdlib.h>
#include <string.h>

#include "change.h"
#include "members.h"
#include "policy.h"
#include "quorum_int.h"
#include "replica.h"

#define AT(member)	offsetof(struct hsm_approval, member)
#define TOKEN_LEN	sizeof(struct hsm_token)

/* What a request brings, in its order. */
struct approvals {
	size_t n;
	struct approval by[HSM_M_VALUE_MAX];
	struct bytes signature[HSM_M_VALUE_MAX];
};

/* Whether @record is one of this card, or of another of its cluster. */
static bool of_cluster(const struct hsm_member *cards, size_t n, const uint8_t *record)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!memcmp(record + offsetof(struct hsm_token, serial), cards[i].serial,
			    sizeof(cards[i].serial)))
			return true;
	}
	return false;
}

/* Records of this card, or of its cluster, in the file; @own is the last one. */
static size_t own_records(const struct call *c, const uint8_t **own)
{
	struct bytes file = call_bytes(c, HSM_TAG_DATA);
	struct hsm_member cards[HSM_MEMBERS_MAX];
	size_t at, n = 0, n_cards = members_list(c->fw, cards);

	for (at = 0; at < file.len; at += TOKEN_LEN) {
		if (!of_cluster(cards, n_cards, file.p + at))
			continue;
		*own = file.p + at;
		n++;
	}
	return n;
}

/*
 * The caller's token in the file, or NULL and a status. Only one record may be of this card or
 * its cluster: with two, one signature would serve twice.
 */
static int find_token(struct call *c, struct quorum_token **found)
{
	struct quorum_token *t = c->fw->quorum.first;
	const uint8_t *own = NULL;
	size_t n;

	*found = NULL;
	if (call_bytes(c, HSM_TAG_DATA).len % TOKEN_LEN)
		return call_bad(c, HSM_TAG_DATA, HSM_RV_INVALID_INPUT);
	n = own_records(c, &own);
	if (n > 1)
		return call_bad(c, HSM_TAG_DATA, HSM_RV_INVALID_INPUT);
	while (t && !(n && quorum_asked_by(c->ctx, t) && quorum_alive(c->fw, t) &&
		      !memcmp(t->wire, own, TOKEN_LEN)))
		t = t->next;
	*found = t;
	return t ? 0 : call_bad(c, HSM_TAG_DATA, HSM_RV_NO_TOKEN);
}

/* A user counts once, and so does a key. */
static bool clashes(const struct approval *list, size_t n, const struct approval *a)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (list[i].user == a->user || (list[i].key_len == a->key_len &&
						!memcmp(list[i].key, a->key, a->key_len)))
			return true;
	}
	return false;
}

/* The user that an approval names, if he is one of those who are asked. */
static int find_approver(struct call *c, const struct quorum_token *t, const uint8_t *p,
			 const struct user **found)
{
	size_t len = strnlen((const char *)p + AT(name), 32);
	struct bytes name = { p + AT(name), len };
	const struct user *u = len && len < 32 ? user_by_name(&c->fw->users, name) : NULL;

	if (!u || !user_type_is(&u->rec, get_le32(p + AT(type))) ||
	    get_le32(p + AT(len)) != HSM_QUORUM_RSA_BITS / 8)
		return HSM_RV_BAD_APPROVAL;
	if (c->fw->policy == FW_POLICY_STRICT && u->rec.id == t->user)
		return HSM_RV_STRICT_POLICY;
	*found = u;
	return quorum_may_approve(c->fw, t, u) ? 0 : HSM_RV_BAD_APPROVAL;
}

static int take_approval(struct call *c, const struct quorum_token *t, const uint8_t *p,
			 struct approvals *list)
{
	const struct user *u = NULL;
	struct approval *a = &list->by[list->n];
	int rc;

	if (list->n == HSM_M_VALUE_MAX)
		return HSM_RV_LIMIT_REACHED;
	rc = find_approver(c, t, p, &u);
	if (rc)
		return rc;
	a->user = u->rec.id;
	a->key_len = u->rec.public_key_len;
	memcpy(a->key, u->rec.public_key, a->key_len);
	if (clashes(list->by, list->n, a))
		return HSM_RV_BAD_APPROVAL;
	list->signature[list->n++] = (struct bytes){ p + AT(signature), HSM_QUORUM_RSA_BITS / 8 };
	return 0;
}

static int look(struct call *c, struct approvals *list)
{
	struct quorum_token *t = NULL;
	struct tlv_reader r;
	struct tlv tlv;
	int rc = call_recheck(c);

	if (!rc)
		rc = find_token(c, &t);
	if (!t)
		return rc;
	call_each(c, &r);
	while (!rc && tlv_next_tag(&r, HSM_TAG_APPROVAL, &tlv))
		rc = take_approval(c, t, tlv.p, list);
	return rc ? call_bad(c, HSM_TAG_APPROVAL, rc) : 0;
}

/* Without a lock: the signatures are over the whole file. */
static bool verify(const struct call *c, const struct approvals *list)
{
	struct user_rec rec = { 0 };
	size_t i;

	for (i = 0; i < list->n; i++) {
		rec.public_key_len = list->by[i].key_len;
		memcpy(rec.public_key, list->by[i].key, rec.public_key_len);
		if (!user_verify(&rec, call_bytes(c, HSM_TAG_DATA), list->signature[i]))
			return false;
	}
	return true;
}

/* Those that count no more make room: their users may approve again. */
static void drop_stale(const struct fw *fw, struct quorum_token *t)
{
	uint32_t i = 0;

	while (i < t->n_approvals) {
		if (quorum_approver(fw, t, &t->approval[i]))
			i++;
		else
			t->approval[i] = t->approval[--t->n_approvals];
	}
}

/* fw.lock held for writing: all of them, if everything is still as it was, into @to. */
static int enter(struct call *c, const struct approvals *list, const struct quorum_token *t,
		 struct quorum_token *to)
{
	size_t i;

	drop_stale(c->fw, to);
	for (i = 0; i < list->n; i++) {
		if (!quorum_approver(c->fw, t, &list->by[i]) ||
		    clashes(to->approval, to->n_approvals, &list->by[i]))
			return call_bad(c, HSM_TAG_APPROVAL, HSM_RV_BAD_APPROVAL);
	}
	if (list->n > HSM_M_VALUE_MAX - to->n_approvals)
		return call_bad(c, HSM_TAG_APPROVAL, HSM_RV_LIMIT_REACHED);
	memcpy(to->approval + to->n_approvals, list->by, list->n * sizeof(*list->by));
	to->n_approvals += (uint32_t)list->n;
	return 0;
}

static int enter_here(struct call *c, const struct approvals *list)
{
	struct quorum_token *t = NULL;
	int rc;

	fw_lock_write(c->fw);
	rc = call_recheck(c);
	if (!rc)
		rc = find_token(c, &t);
	if (t)
		rc = enter(c, list, t, t);
	fw_unlock(c->fw);
	return rc;
}

/* In a cluster: the token with the approvals that it will have. */
struct approving {
	struct approvals list;
	struct quorum_token coming;
};

/* One that a command is about to use takes no more of them. */
static int prepare_approve(struct change *ch)
{
	struct approving *a = ch->extra;
	struct call *c = &ch->call;
	struct quorum_token *t = NULL;
	unsigned int idle = 0;
	int rc = call_recheck(c);

	a->coming.id = 0;
	if (!rc)
		rc = find_token(c, &t);
	if (!t)
		return rc;
	memcpy(a->coming.wire, t->wire, sizeof(t->wire));
	a->coming.incarnation = t->incarnation;
	a->coming.service = t->service;
	a->coming.handle = t->handle;
	a->coming.n_approvals = t->n_approvals;
	memcpy(a->coming.approval, t->approval, sizeof(t->approval));
	rc = enter(c, &a->list, t, &a->coming);
	if (!rc && !atomic_compare_exchange_strong(&t->state, &idle, TOKEN_CHANGING))
		rc = call_bad(c, HSM_TAG_DATA, HSM_RV_NO_TOKEN);
	a->coming.id = rc ? 0 : t->id;
	return rc;
}

static bool image_approve(struct change *ch, struct replica_batch *b)
{
	const struct approving *a = ch->extra;
	struct record rec;

	quorum_put(&rec, &a->coming);
	return replica_add(ch->call.fw, b, STORE_TOKEN, a->coming.id, &rec);
}

/* The token itself, which nobody works with any more. */
static struct quorum_token *let_go(struct change *ch)
{
	struct approving *a = ch->extra;
	struct quorum_token *t = a->coming.id ? quorum_by_id(ch->call.fw, a->coming.id) : NULL;

	a->coming.id = 0;
	if (t)
		atomic_fetch_and(&t->state, ~TOKEN_CHANGING);
	return t;
}

static int applied_approve(struct change *ch)
{
	const struct approving *a = ch->extra;
	struct quorum_token *t = let_go(ch);

	if (!t)
		return 0;
	memcpy(t->approval, a->coming.approval, sizeof(t->approval));
	t->n_approvals = a->coming.n_approvals;
	return 0;
}

static void failed_approve(struct change *ch)
{
	let_go(ch);
}

static int enter_in_cluster(struct call *c, const struct approvals *list)
{
	struct approving *a = calloc(1, sizeof(*a));
	struct change *ch = a ? change_new(c) : NULL;

	if (!ch) {
		free(a);
		return HSM_RV_NO_MEMORY;
	}
	a->list = *list;
	ch->extra = a;
	ch->handle = CHANGE_TOKENS;
	ch->prepare = prepare_approve;
	ch->image = image_approve;
	ch->image_ops = 1;
	ch->applied = applied_approve;
	ch->failed = failed_approve;
	fw_lock_write(c->fw);
	return change_propose(ch);
}

int cmd_token_approve(struct call *c)
{
	struct approvals list = { 0 };
	int rc;

	fw_lock_read(c->fw);
	rc = look(c, &list);
	fw_unlock(c->fw);
	if (rc)
		return rc;
	if (!verify(c, &list))
		return call_bad(c, HSM_TAG_APPROVAL, HSM_RV_BAD_APPROVAL);
	return replica_wanted(c->fw) ? enter_in_cluster(c, &list) : enter_here(c, &list);
}
