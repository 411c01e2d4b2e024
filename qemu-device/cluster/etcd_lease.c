// SPDX-License-Identifier: GPL-2.0-or-later
/* etcd_lease.c - the lease: asked for, kept alive in thirds of its time, given back. */
#include <errno.h>

#include "etcd_int.h"

static void report(struct etcd *e, int err)
{
	struct etcd_lease was = e->lease;

	if (err)
		e->lease = (struct etcd_lease){ 0 };
	was.done(was.arg, err, 0);
}

static void granted(struct etcd_call *call, int err)
{
	struct etcd *e = call->etcd;
	struct etcd_lease *l = &e->lease;
	struct etcd_answer a = { 0 };

	if (!err)
		err = etcd_decode(ETCD_GRANT, "", call->answer.data, call->answer.len, &a);
	if (!err && !a.ttl)
		err = -EPROTO;
	l->id = a.lease;
	l->ttl = a.ttl * 1000;
	l->until = call->begun + l->ttl;
	l->renew_at = call->begun + l->ttl / 3;
	l->call = NULL;
	etcd_answer_free(&a);
	etcd_call_free(call);
	report(e, etcd_kv_err(err));
}

void etcd_lease(struct kv *kv, kv_done done, void *arg)
{
	struct etcd *e = etcd_of(kv);
	struct etcd_lease *l = &e->lease;

	etcd_call_free(l->call);
	*l = (struct etcd_lease){ .done = done, .arg = arg };
	l->call = etcd_call_new(e, sizeof(*l->call), "/v3/lease/grant");
	if (!l->call) {
		l->id = UINT64_MAX;	/* of a time that is over: told at the next tick */
		return;
	}
	l->call->done = granted;
	l->call->patience = kv->timeout_ms / 2;
	etcd_buf_printf(&l->call->body, "{\"TTL\":\"%u\"}", e->cfg.lease_s);
	etcd_call_start(l->call);
}

static void kept(struct etcd_call *call, int err)
{
	struct etcd *e = call->etcd;
	struct etcd_lease *l = &e->lease;
	struct etcd_answer a = { 0 };

	if (!err)
		err = etcd_decode(ETCD_KEEPALIVE, "", call->answer.data, call->answer.len, &a);
	if (!err && (a.fault || a.lease != l->id))
		err = -EPROTO;
	if (!err && a.ttl) {
		l->ttl = a.ttl * 1000;
		l->until = call->begun + l->ttl;
		l->renew_at = call->begun + l->ttl / 3;
	} else if (!err) {
		etcd_lease_lost(e, l->id);
	} else {
		l->renew_at = etcd_now() + l->ttl / 10 + 1;
	}
	l->call = NULL;
	etcd_answer_free(&a);
	etcd_call_free(call);
}

static void renew(struct etcd *e)
{
	struct etcd_lease *l = &e->lease;

	l->renew_at = 0;
	l->call = etcd_call_new(e, sizeof(*l->call), "/v3/lease/keepalive");
	if (!l->call) {
		l->renew_at = etcd_now() + l->ttl / 10 + 1;
		return;
	}
	l->call->done = kept;
	l->call->deadline = l->until;
	l->call->patience = (unsigned int)l->ttl / 4 + 1;
	etcd_buf_printf(&l->call->body, "{\"ID\":\"%llu\"}", (unsigned long long)l->id);
	etcd_call_start(l->call);
}

uint64_t etcd_lease_tick(struct etcd *e, uint64_t wake)
{
	struct etcd_lease *l = &e->lease;
	uint64_t now = etcd_now();

	if (!l->id)
		return wake;
	if (l->until <= now) {
		etcd_call_free(l->call);
		report(e, -ETIMEDOUT);
		return 0;
	}
	if (l->renew_at && l->renew_at <= now) {
		renew(e);
		return 0;
	}
	if (l->renew_at && l->renew_at < wake)
		wake = l->renew_at;
	return l->until < wake ? l->until : wake;
}

void etcd_lease_lost(struct etcd *e, uint64_t id)
{
	if (e->lease.id != id)
		return;
	e->lease.until = 0;
	e->hurry = true;
}

static void revoked(struct etcd_call *call, int err)
{
	(void)err;
	call->etcd->revoke = NULL;
	etcd_call_free(call);
}

void etcd_unlease(struct kv *kv)
{
	struct etcd *e = etcd_of(kv);
	uint64_t id = e->lease.id;

	etcd_call_free(e->lease.call);
	e->lease = (struct etcd_lease){ 0 };
	if (!id || e->revoke)
		return;
	e->revoke = etcd_call_new(e, sizeof(*e->revoke), "/v3/lease/revoke");
	if (!e->revoke)
		return;
	e->revoke->done = revoked;
	e->revoke->deadline = etcd_now() + ETCD_UNLEASE_MS;
	etcd_buf_printf(&e->revoke->body, "{\"ID\":\"%llu\"}", (unsigned long long)id);
	etcd_call_start(e->revoke);
}
