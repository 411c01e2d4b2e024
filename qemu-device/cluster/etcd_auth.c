// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * etcd_auth.c - the token of the user that the cluster file names. It is asked for when a
 * call needs one, and again when etcd does not accept it any more; calls wait meanwhile.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "etcd_int.h"

static void set_token(struct etcd *e, char *token)
{
	if (e->token)
		explicit_bzero(e->token, strlen(e->token));
	free(e->token);
	e->token = token;
}

static void login_done(struct etcd_call *call, int err)
{
	struct etcd *e = call->etcd;
	struct etcd_answer a = { 0 };
	char *token = NULL;

	e->auth = NULL;
	if (!err)
		err = etcd_decode(ETCD_TOKEN, "", call->answer.data, call->answer.len, &a);
	if (!err)
		token = strdup(a.token);
	else if (err == -ENOTSUP)
		token = strdup("");
	if (call->answer.data)
		explicit_bzero(call->answer.data, call->answer.len);
	etcd_answer_free(&a);
	etcd_call_free(call);
	set_token(e, token);
	e->token_gen++;
	etcd_calls_go_on(e, token ? 0 : err == -EACCES ? -EACCES : -EHOSTUNREACH);
}

bool etcd_auth_ready(struct etcd *e)
{
	if (!e->cfg.user || e->token)
		return true;
	if (e->auth)
		return false;
	e->auth = etcd_call_new(e, sizeof(*e->auth), "/v3/auth/authenticate");
	if (!e->auth)
		return false;
	e->auth->nobody = true;
	e->auth->patience = e->kv.timeout_ms / 2;
	e->auth->done = login_done;
	etcd_body_login(&e->auth->body, e->cfg.user, e->cfg.password);
	etcd_call_start(e->auth);
	return false;
}

void etcd_auth_drop(struct etcd *e, unsigned int gen)
{
	if (gen == e->token_gen)
		set_token(e, NULL);
}
