// SPDX-License-Identifier: GPL-2.0-or-later
/* context.c - contexts and their sessions. */
#include <stdlib.h>

#include "audit.h"
#include "fw_int.h"
#include "hsm/hsm_audit.h"

static struct ctx *find(struct fw *fw, uint32_t id)
{
	struct index_node *n = index_first(&fw->contexts, index_hash_u64(fw->seed, id));

	for (; n; n = index_next(n)) {
		struct ctx *ctx = container_of(n, struct ctx, node);

		if (ctx->id == id)
			return ctx;
	}
	return NULL;
}

struct ctx *ctx_get(struct fw *fw, uint32_t id)
{
	struct ctx *ctx;

	fw_lock_read(fw);
	ctx = find(fw, id);
	if (ctx)
		atomic_fetch_add(&ctx->refs, 1);
	fw_unlock(fw);
	return ctx;
}

void ctx_put(struct ctx *ctx)
{
	if (atomic_fetch_sub(&ctx->refs, 1) == 1)
		free(ctx);
}

bool fw_ctx_open(struct fw *fw, uint32_t id)
{
	struct ctx *ctx = calloc(1, sizeof(*ctx));
	bool opened;

	if (!ctx)
		return false;
	ctx->id = id;
	ctx->next_session = FW_FIRST_SESSION;
	atomic_init(&ctx->refs, 1);
	fw_lock_write(fw);
	opened = !find(fw, id);
	if (opened)
		index_add(&fw->contexts, &ctx->node, index_hash_u64(fw->seed, id));
	fw_unlock(fw);
	if (!opened)
		free(ctx);
	return opened;
}

/* Requests that still run hold references; they see @closed and end. */
static void close_ctx(struct fw *fw, struct ctx *ctx, struct audit_post **posts)
{
	struct audit_caller who = { 0 };

	audit_who(&who, ctx->user);
	if (who.id)
		*posts = audit_note(fw, HSM_CN_APP_FINALIZE, ctx->n_sessions ? ctx->session[0] : 0,
				    &who, *posts);
	atomic_store(&ctx->closed, true);
	index_del(&fw->contexts, &ctx->node);
	ctx_logout(fw, ctx);
	fw->sessions -= ctx->n_sessions;
	ctx->n_sessions = 0;
	ctx_put(ctx);
}

bool fw_ctx_close(struct fw *fw, uint32_t id)
{
	struct audit_post *posts = NULL;
	struct ctx *ctx;

	fw_lock_write(fw);
	ctx = find(fw, id);
	if (ctx)
		close_ctx(fw, ctx, &posts);
	fw_unlock(fw);
	audit_post(fw, posts);
	quorum_sweep(fw);
	return ctx;
}

void ctx_close_all(struct fw *fw)
{
	struct audit_post *posts = NULL;
	struct index_node *n;
	size_t i;

	fw_lock_write(fw);
	for (i = 0; i <= fw->contexts.mask; i++) {
		while ((n = fw->contexts.bucket[i]))
			close_ctx(fw, container_of(n, struct ctx, node), &posts);
	}
	fw_unlock(fw);
	audit_post(fw, posts);
	quorum_sweep(fw);
}

void ctx_end_all(struct fw *fw)
{
	struct index_node *n;
	struct ctx *ctx;
	size_t i;

	for (i = 0; i <= fw->contexts.mask; i++) {
		for (n = fw->contexts.bucket[i]; n; n = n->next) {
			ctx = container_of(n, struct ctx, node);
			ctx_logout(fw, ctx);
			fw->sessions -= ctx->n_sessions;
			ctx->n_sessions = 0;
		}
	}
}

static unsigned int session_index(const struct ctx *ctx, uint32_t session)
{
	unsigned int i;

	for (i = 0; i < ctx->n_sessions && ctx->session[i] != session; i++)
		;
	return i;
}

bool ctx_has_session(const struct ctx *ctx, uint32_t session)
{
	return session_index(ctx, session) < ctx->n_sessions;
}

uint32_t ctx_open_session(struct fw *fw, struct ctx *ctx)
{
	if (ctx->n_sessions == HSM_SESSIONS_MAX || !ctx->next_session)
		return 0;
	fw->sessions++;
	ctx->session[ctx->n_sessions++] = ctx->next_session;
	return ctx->next_session++;
}

/*
 * Destroys the session keys of @session, or all of the context if it is 0. One that is
 * on its way to be a token key is left to that change.
 */
static void destroy_keys(struct fw *fw, struct ctx *ctx, uint32_t session)
{
	struct object *o, *next;

	for (o = ctx->keys; o; o = next) {
		next = o->session_next;
		if (session && o->session != session)
			continue;
		if (o->state == OBJECT_CHANGING) {
			object_leave_session(o);
			o->state = OBJECT_ORPHAN;
			continue;
		}
		object_remove(&fw->objects, o);
		object_free(o);
	}
}

void ctx_close_session(struct fw *fw, struct ctx *ctx, uint32_t session)
{
	ctx->session[session_index(ctx, session)] = ctx->session[ctx->n_sessions - 1];
	ctx->n_sessions--;
	fw->sessions--;
	if (ctx->challenge.session == session)
		ctx->challenge.session = 0;
	ctx_end_operations(ctx, session);
	destroy_keys(fw, ctx, session);
}

void ctx_login(struct ctx *ctx, struct user *u)
{
	ctx->user = u;
	u->logins++;
}

void ctx_logout(struct fw *fw, struct ctx *ctx)
{
	if (ctx->user) {
		ctx->user->logins--;
		quorum_forget_ctx(fw, ctx);
	}
	ctx->user = NULL;
	ctx->challenge.session = 0;
	ctx_end_operations(ctx, 0);
	destroy_keys(fw, ctx, 0);
}

void ctx_add_key(struct ctx *ctx, uint32_t session, struct object *o)
{
	o->ctx = ctx;
	o->session = session;
	o->session_next = ctx->keys;
	o->session_prev = &ctx->keys;
	if (ctx->keys)
		ctx->keys->session_prev = &o->session_next;
	ctx->keys = o;
}
