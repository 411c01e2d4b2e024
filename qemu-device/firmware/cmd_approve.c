// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_approve.c - TOKEN_APPROVE: signatures of others over the file that holds a token. */
#include <string.h>

#include "policy.h"
#include "quorum_int.h"

#define AT(member)	offsetof(struct hsm_approval, member)
#define TOKEN_LEN	sizeof(struct hsm_token)

/* What a request brings, in its order. */
struct approvals {
	size_t n;
	struct approval by[HSM_M_VALUE_MAX];
	struct bytes signature[HSM_M_VALUE_MAX];
};

/* Records of this card in the file; @own is the last one. */
static size_t own_records(const struct call *c, const uint8_t **own)
{
	struct bytes file = call_bytes(c, HSM_TAG_DATA);
	char serial[sizeof(((struct hsm_token *)NULL)->serial)] = { 0 };
	size_t at, n = 0;

	memcpy(serial, c->fw->serial, strlen(c->fw->serial));
	for (at = 0; at < file.len; at += TOKEN_LEN) {
		if (memcmp(file.p + at + offsetof(struct hsm_token, serial), serial,
			   sizeof(serial)))
			continue;
		*own = file.p + at;
		n++;
	}
	return n;
}

/*
 * The caller's token of this card in the file, or NULL and a status. Only one record may be
 * of this card: with two, one signature would serve twice.
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
	while (t && !(n && quorum_mine(c->ctx, t) && quorum_alive(c->fw, t) &&
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

/* fw.lock held for writing: all of them, if everything is still as it was. */
static int enter(struct call *c, const struct approvals *list)
{
	struct quorum_token *t = NULL;
	int rc = call_recheck(c);
	size_t i;

	if (!rc)
		rc = find_token(c, &t);
	if (!t)
		return rc;
	drop_stale(c->fw, t);
	for (i = 0; i < list->n; i++) {
		if (!quorum_approver(c->fw, t, &list->by[i]) ||
		    clashes(t->approval, t->n_approvals, &list->by[i]))
			return call_bad(c, HSM_TAG_APPROVAL, HSM_RV_BAD_APPROVAL);
	}
	if (list->n > HSM_M_VALUE_MAX - t->n_approvals)
		return call_bad(c, HSM_TAG_APPROVAL, HSM_RV_LIMIT_REACHED);
	memcpy(t->approval + t->n_approvals, list->by, list->n * sizeof(*list->by));
	t->n_approvals += (uint32_t)list->n;
	return 0;
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
	fw_lock_write(c->fw);
	rc = enter(c, &list);
	fw_unlock(c->fw);
	return rc;
}
