// SPDX-License-Identifier: GPL-2.0-or-later
/* etcd_txn.c - transactions. */
#include <errno.h>

#include "etcd_int.h"

struct txn {
	struct etcd_call call;
	kv_done done;
	void *arg;
	uint64_t lease;		/* that puts go with, or 0 */
	bool puts;
};

void etcd_forsake(struct etcd *e, kv_done done, kv_items items, void *arg)
{
	if (e->n_forsaken < sizeof(e->forsaken) / sizeof(e->forsaken[0]))
		e->forsaken[e->n_forsaken++] = (struct etcd_forsaken){ done, items, arg };
}

static void txn_done(struct etcd_call *call, int err)
{
	struct etcd *e = call->etcd;
	struct txn was = *(struct txn *)call;
	struct etcd_answer a = { 0 };

	if (!err)
		err = etcd_decode(ETCD_TXN, "", call->answer.data, call->answer.len, &a);
	etcd_call_free(call);
	if (!err && !a.succeeded)
		err = -EAGAIN;
	if (!err && was.puts)
		etcd_watch_expect(e, a.revision);
	if (err == -ENOKEY && was.lease)
		etcd_lease_lost(e, was.lease);
	was.done(was.arg, etcd_kv_err(err), a.revision);
}

void etcd_txn(struct kv *kv, const struct kv_cmp *cmp, size_t n_cmp, const struct kv_op *op,
	      size_t n_op, kv_done done, void *arg)
{
	struct etcd *e = etcd_of(kv);
	struct txn *t = etcd_call_new(e, sizeof(*t), "/v3/kv/txn");
	bool leased = false;

	if (!t) {
		etcd_forsake(e, done, NULL, arg);
		return;
	}
	for (size_t i = 0; i < n_op; i++) {
		t->puts |= op[i].what == KV_PUT;
		leased |= op[i].what == KV_PUT && op[i].leased;
	}
	t->done = done;
	t->arg = arg;
	t->lease = leased ? e->lease.id : 0;
	t->call.once = true;
	t->call.done = txn_done;
	if (leased && !e->lease.id)
		t->call.failed = -EHOSTUNREACH;
	etcd_body_txn(&t->call.body, e->cfg.prefix, cmp, n_cmp, op, n_op, e->lease.id);
	etcd_call_start(&t->call);
}
