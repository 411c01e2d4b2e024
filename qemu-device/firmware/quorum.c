// SPDX-License-Identifier: GPL-2.0-or-later
/* quorum.c - tokens by which others approve what one user is about to do. */
#include "quorum_int.h"

#include <stdlib.h>
#include <string.h>

#include "members.h"
#include "policy.h"

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

uint32_t quorum_m_value(const struct fw *fw, uint32_t service)
{
	size_t i = service - HSM_SERVICE_USER_MGMT;

	return max_u32(max_u32(fw->quorum.m_value[i], fw->quorum.m_coming[i]), 1);
}

bool quorum_asked_by(const struct ctx *ctx, const struct quorum_token *t)
{
	return ctx->user && ctx->user->rec.id == t->user && (t->ctx == ctx || t->shared);
}

bool quorum_mine(const struct ctx *ctx, const struct quorum_token *t)
{
	return quorum_asked_by(ctx, t) && (t->ctx == ctx || quorum_of_officers(t->service));
}

/* The login that it belongs to cannot outlive its card. */
static bool card_runs(const struct fw *fw, const struct quorum_token *t)
{
	return !t->shared || members_running(fw, quorum_node(t), t->incarnation);
}

bool quorum_alive(const struct fw *fw, const struct quorum_token *t)
{
	if (atomic_load(&t->state) & (TOKEN_DEAD | TOKEN_COMING) ||
	    fw->platform.now_ms(fw->platform.opaque) >= t->expires_ms || !card_runs(fw, t))
		return false;
	return !t->handle || object_by_handle(&fw->objects, t->handle);
}

/* Of a key: those who may use it. */
static bool key_wants(const struct fw *fw, uint64_t handle, uint32_t user)
{
	const struct object *o = object_by_handle(&fw->objects, handle);

	return o && (o->owner == user || object_shared_with(o, user));
}

bool quorum_may_approve(const struct fw *fw, const struct quorum_token *t, const struct user *u)
{
	if (u->pending || !u->rec.public_key_len)
		return false;
	if (quorum_of_officers(t->service))
		return user_is_officer(&u->rec);
	return u->rec.type == HSM_USER_CU && key_wants(fw, t->handle, u->rec.id);
}

const struct user *quorum_approver(const struct fw *fw, const struct quorum_token *t,
				   const struct approval *a)
{
	const struct user *u = user_by_id(&fw->users, a->user);

	if (!u || !quorum_may_approve(fw, t, u) || u->rec.public_key_len != a->key_len ||
	    memcmp(u->rec.public_key, a->key, a->key_len))
		return NULL;
	return u;
}

uint32_t quorum_approvals(const struct fw *fw, const struct quorum_token *t)
{
	uint32_t i, n = 0;

	for (i = 0; i < t->n_approvals; i++)
		n += quorum_approver(fw, t, &t->approval[i]) ? 1 : 0;
	return n;
}

/* True for one of those that ask for the same token. */
static bool claim(struct quorum_token *t)
{
	unsigned int idle = 0;

	return atomic_compare_exchange_strong(&t->state, &idle, TOKEN_CLAIMED);
}

static bool fits(const struct call *c, const struct quorum_token *t, uint32_t service,
		 uint64_t handle, uint32_t m)
{
	return t->service == service && t->handle == handle && quorum_mine(c->ctx, t) &&
	       quorum_alive(c->fw, t) && quorum_approvals(c->fw, t) >= max_u32(m, t->m_value);
}

int quorum_claim_m(struct call *c, uint32_t service, const struct object *o, uint32_t m)
{
	size_t slot = c->claims[0] ? 1 : 0;
	struct quorum_token *t = c->fw->quorum.first;

	if (m <= 1 && !o)
		return 0;
	while (t && !(fits(c, t, service, o ? o->handle : 0, m) && claim(t)))
		t = t->next;
	c->claims[slot] = t;
	return t ? 0 : HSM_RV_MXN_AUTH_FAILED;
}

int quorum_claim(struct call *c, uint32_t service, const struct object *o)
{
	if (o)
		return o->m_value ? quorum_claim_m(c, service, o, o->m_value) : 0;
	if (c->fw->card_damaged)
		return HSM_RV_RECORD_DAMAGED;
	return quorum_claim_m(c, service, NULL, quorum_m_value(c->fw, service));
}

/*
 * What says something about the data, and so about the key, is a use of the key. What was
 * ordered and then withdrawn has taken the token with it.
 */
static bool served(const struct quorum_token *t, int rc)
{
	return !rc || rc == HSM_RV_CLUSTER_INCOMPLETE ||
	       (rc == HSM_RV_BAD_PKCS_DATA && t->service == HSM_SERVICE_KEY_USE);
}

bool quorum_end(struct call *c, int rc)
{
	bool spent = false;
	size_t i;

	for (i = 0; i < QUORUM_CLAIMS; i++) {
		struct quorum_token *t = c->claims[i];

		c->claims[i] = NULL;
		if (!t)
			continue;
		if (served(t, rc)) {
			spent |= t->shared;
			quorum_drop(t);
		}
		atomic_fetch_and(&t->state, ~TOKEN_CLAIMED);
	}
	return spent;
}

void quorum_drop(struct quorum_token *t)
{
	atomic_fetch_or(&t->state, TOKEN_DEAD);
}

/* Nobody is at work with it, and no record is left of it. */
static bool finished(const struct quorum_token *t)
{
	return atomic_load(&t->state) == TOKEN_DEAD && (!t->shared || t->gone);
}

void quorum_reap(struct fw *fw)
{
	struct quorum_token **at = &fw->quorum.first, *t;

	while ((t = *at)) {
		if (!t->shared && !quorum_alive(fw, t))
			quorum_drop(t);
		if (!finished(t)) {
			at = &t->next;
			continue;
		}
		*at = t->next;
		fw->quorum.n--;
		free(t);
	}
}

struct quorum_token *quorum_by_id(const struct fw *fw, uint32_t id)
{
	struct quorum_token *t = fw->quorum.first;

	while (t && (t->id != id || atomic_load(&t->state) & TOKEN_COMING))
		t = t->next;
	return t;
}

int quorum_add(struct fw *fw, struct quorum_token *t)
{
	struct quorum *q = &fw->quorum;
	struct quorum_token **at = &q->first;

	quorum_reap(fw);
	if (q->n >= HSM_TOKENS_MAX)
		return HSM_RV_LIMIT_REACHED;
	do {
		q->last_id++;
	} while (!q->last_id || quorum_by_id(fw, q->last_id));
	t->id = q->last_id;
	while (*at)
		at = &(*at)->next;
	*at = t;
	q->n++;
	return 0;
}

void quorum_remove(struct fw *fw, struct quorum_token *t)
{
	struct quorum_token **at = &fw->quorum.first;

	while (*at != t)
		at = &(*at)->next;
	*at = t->next;
	fw->quorum.n--;
}

void quorum_forget_ctx(struct fw *fw, const struct ctx *ctx)
{
	struct quorum_token *t;
	bool any = false;

	for (t = fw->quorum.first; t; t = t->next) {
		if (t->ctx == ctx) {
			quorum_drop(t);
			any = true;
		}
	}
	if (any)
		quorum_reap(fw);
}

void quorum_forget_user(struct fw *fw, uint32_t id)
{
	struct quorum_token *t;
	uint32_t i;

	for (t = fw->quorum.first; t; t = t->next) {
		if (t->user == id)
			quorum_drop(t);
		for (i = 0; i < t->n_approvals; i++) {
			if (t->approval[i].user == id)
				t->approval[i--] = t->approval[--t->n_approvals];
		}
	}
	quorum_reap(fw);
}

void quorum_free(struct fw *fw)
{
	struct quorum_token *t;

	for (t = fw->quorum.first; t; t = t->next) {
		atomic_store(&t->state, TOKEN_DEAD);
		t->gone = true;
	}
	quorum_reap(fw);
}
