// SPDX-License-Identifier: GPL-2.0-or-later
/* sim_lease.c - a card's lease, kept alive three times in its length. */
#include <errno.h>
#include <stdlib.h>

#include "sim_kv_int.h"

static void lease_lost(struct sim_kv *k, int err)
{
	kv_done done = k->lease_done;

	k->lease = 0;
	k->leases++;
	k->lease_done = NULL;
	sim_detail(k->w, "card %u: no lease any more: %d", k->proc->id, err);
	if (done)
		done(k->lease_arg, err, 0);
}

static void keep_alive(void *arg);

struct beat {
	struct sim_kv *kv;
	uint64_t lease;
};

static void beat_free(void *arg)
{
	struct beat *b = arg;

	sim_kv_put(b->kv);
	free(b);
}

static void next_beat(struct sim_kv *k)
{
	struct beat *b = malloc(sizeof(*b));

	*b = (struct beat){ k, k->leases };
	k->refs++;
	sim_at(k->w, k->proc, LEASE_US / 3, keep_alive, beat_free, b);
}

static void keep_alive(void *arg)
{
	struct beat *b = arg;
	struct sim_kv *k = b->kv;
	struct sim_request *r;

	if (!k->killed && !k->closed && k->lease && b->lease == k->leases) {
		if (k->w->now - k->last_alive > LEASE_US) {
			lease_lost(k, -ETIMEDOUT);
		} else {
			r = sim_request_new(k, KEEPALIVE);
			r->lease = k->leases;
			r->txn.lease = k->lease;
			sim_send_off(r);
			next_beat(k);
		}
	}
	beat_free(b);
}

void sim_lease_answer(struct sim_request *r)
{
	struct sim_kv *k = r->kv;

	if (r->lease != k->leases || r->what == REVOKE)
		return;
	if (r->what == GRANT && r->reply.err) {
		lease_lost(k, r->reply.err);
	} else if (r->what == GRANT) {
		k->lease = r->reply.lease;
		k->last_alive = k->w->now;
		next_beat(k);
		k->lease_done(k->lease_arg, 0, 0);
	} else if (r->reply.err == -ESTALE) {
		lease_lost(k, -ETIMEDOUT);
	} else if (!r->reply.err) {
		k->last_alive = k->w->now;
	}
}

void sim_lease(struct kv *kv, kv_done done, void *arg)
{
	struct sim_kv *k = sim_to_kv(kv);
	struct sim_request *r = sim_request_new(k, GRANT);

	k->lease_done = done;
	k->lease_arg = arg;
	k->lease = 0;
	r->lease = ++k->leases;
	sim_send_off(r);
}

void sim_unlease(struct kv *kv)
{
	struct sim_kv *k = sim_to_kv(kv);
	struct sim_request *r;

	if (k->lease) {
		r = sim_request_new(k, REVOKE);
		r->txn.lease = k->lease;
		sim_send_off(r);
	}
	k->lease = 0;
	k->leases++;
	k->lease_done = NULL;
}
