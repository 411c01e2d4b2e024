// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sim_kv.c - a card's connection to the simulated etcd (kv.h). Every request goes by itself:
 * it may be late, get lost, or have its answer lost, and may overtake another. What was sent
 * into a cut may arrive when that is over, long after the card gave up waiting. Watch events
 * come in order: sim_watch.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim_kv_int.h"

void sim_kv_put(struct sim_kv *k)
{
	if (!--k->refs)
		free(k);
}

static void free_txn(struct sim_txn *t)
{
	for (size_t i = 0; i < t->n_cmp; i++)
		free((void *)t->cmp[i].key);
	for (size_t i = 0; i < t->n_op; i++) {
		free((void *)t->op[i].key);
		free((void *)t->op[i].value);
	}
	free(t->cmp);
	free(t->op);
}

static void request_put(void *arg)
{
	struct sim_request *r = arg;

	if (--r->refs)
		return;
	free_txn(&r->txn);
	free(r->prefix);
	sim_items_free(r->reply.items, r->reply.n_items);
	sim_kv_put(r->kv);
	free(r);
}

struct sim_request *sim_request_new(struct sim_kv *k, enum sim_what what)
{
	struct sim_request *r = calloc(1, sizeof(*r));

	r->kv = k;
	r->what = what;
	r->refs = 1;
	k->refs++;
	return r;
}

uint64_t sim_delay(struct sim_kv *k)
{
	return 100 + sim_random(k->w, (uint32_t)k->w->weather.slow_us);
}

bool sim_lost(struct sim_kv *k)
{
	return sim_chance(k->w, k->w->weather.lose);
}

/* Something of @r will happen in @us microseconds: in the card, or with @proc NULL outside. */
static void later(struct sim_request *r, struct sim_proc *proc, uint64_t us, sim_fn fn)
{
	r->refs++;
	sim_at(r->kv->w, proc, us, fn, request_put, r);
}

static void hand_over(struct sim_request *r)
{
	int err = r->reply.err;

	r->answered = true;
	if (r->what == TXN)
		r->done(r->arg, err, r->reply.revision);
	else if (r->what == RANGE)
		r->items(r->arg, err, r->reply.revision, r->reply.items, r->reply.n_items);
	else
		sim_lease_answer(r);
}

static void answer(void *arg)
{
	struct sim_request *r = arg;

	if (!r->answered && !r->kv->closed && !r->kv->killed)
		hand_over(r);
	request_put(r);
}

/* The card gives up: what may have been done is of unknown outcome. */
static void give_up(void *arg)
{
	struct sim_request *r = arg;

	if (!r->answered && !r->kv->closed) {
		struct sim_reply late = { .err = r->what == TXN ? -ETIMEDOUT : -EHOSTUNREACH };
		struct sim_reply kept = r->reply;

		sim_detail(r->kv->w, "card %u: no answer in time", r->kv->proc->id);
		r->reply = late;
		hand_over(r);
		r->reply = kept;
	}
	request_put(r);
}

static void carry_out(struct sim_request *r)
{
	struct sim_etcd *e = r->kv->w->etcd;

	switch (r->what) {
	case TXN:
		sim_etcd_txn(e, &r->txn, &r->reply);
		sim_detail(r->kv->w, "etcd: card %u: %s%s and %zu more: %d, revision %llu",
			   r->kv->proc->id, r->txn.n_op ? r->txn.op[0].key : "", r->txn.n_op &&
			   r->txn.op[0].what != KV_PUT ? " goes" : "", r->txn.n_op ? r->txn.n_op - 1 : 0,
			   r->reply.err, (unsigned long long)r->reply.revision);
		break;
	case RANGE:
		sim_etcd_range(e, r->prefix, &r->reply);
		break;
	case GRANT:
		sim_etcd_grant(e, LEASE_US, &r->reply);
		break;
	case KEEPALIVE:
		sim_etcd_keepalive(e, r->txn.lease, &r->reply);
		break;
	case REVOKE:
		sim_etcd_revoke(e, r->txn.lease);
		break;
	}
}

/* Without a quorum it waits, as a proposal does that may yet be decided; or goes for good. */
static void arrive(void *arg)
{
	struct sim_request *r = arg;
	struct sim_kv *k = r->kv;

	if (sim_is_cut(k) || k->w->weather.no_quorum) {
		if (sim_chance(k->w, 50))
			later(r, NULL, SIM_S / 2 + sim_random(k->w, 2 * SIM_S), arrive);
	} else {
		carry_out(r);
		if (!sim_lost(k) && !sim_is_cut(k))
			later(r, k->proc, sim_delay(k), answer);
	}
	request_put(r);
}

static void refused(void *arg)
{
	struct sim_request *r = arg;

	if (!r->answered && !r->kv->closed) {
		r->reply.err = -EHOSTUNREACH;
		hand_over(r);
	}
	request_put(r);
}

void sim_send_off(struct sim_request *r)
{
	struct sim_kv *k = r->kv;

	if (!k->closed) {
		if (k->killed || (sim_is_cut(k) && sim_chance(k->w, 30))) {
			later(r, k->proc, sim_delay(k), refused);
		} else {
			if (!sim_lost(k))
				later(r, NULL, sim_delay(k), arrive);
			later(r, k->proc, (uint64_t)k->kv.timeout_ms * SIM_MS, give_up);
		}
	}
	request_put(r);
}

static void sim_txn(struct kv *kv, const struct kv_cmp *cmp, size_t n_cmp, const struct kv_op *op,
		    size_t n_op, kv_done done, void *arg)
{
	struct sim_request *r = sim_request_new(sim_to_kv(kv), TXN);
	struct sim_txn *t = &r->txn;

	*t = (struct sim_txn){ calloc(n_cmp + 1, sizeof(*cmp)), n_cmp,
			       calloc(n_op + 1, sizeof(*op)), n_op, sim_to_kv(kv)->lease };
	for (size_t i = 0; i < n_cmp; i++)
		t->cmp[i] = (struct kv_cmp){ strdup(cmp[i].key), cmp[i].mod };
	for (size_t i = 0; i < n_op; i++) {
		t->op[i] = op[i];
		t->op[i].key = strdup(op[i].key);
		t->op[i].value = op[i].value || op[i].what == KV_PUT ?
				 sim_dup(op[i].value, op[i].len) : NULL;
	}
	r->done = done;
	r->arg = arg;
	sim_send_off(r);
}

static void sim_range(struct kv *kv, const char *prefix, kv_items items, void *arg)
{
	struct sim_request *r = sim_request_new(sim_to_kv(kv), RANGE);

	r->prefix = strdup(prefix);
	r->items = items;
	r->arg = arg;
	sim_send_off(r);
}

struct posted {
	struct sim_kv *kv;
	kv_call fn;
	void *arg;
};

static void posted_free(void *arg)
{
	struct posted *p = arg;

	sim_kv_put(p->kv);
	free(p);
}

static void posted_run(void *arg)
{
	struct posted *p = arg;

	if (!p->kv->closed)
		p->fn(p->arg);
	posted_free(p);
}

static void run_in(struct sim_kv *k, uint64_t us, kv_call fn, void *arg)
{
	struct posted *p = malloc(sizeof(*p));

	*p = (struct posted){ k, fn, arg };
	k->refs++;
	sim_at(k->w, k->proc, us, posted_run, posted_free, p);
}

static void sim_after(struct kv *kv, unsigned int ms, kv_call fn, void *arg)
{
	struct sim_kv *k = sim_to_kv(kv);

	run_in(k, ms * SIM_MS * 100 / k->proc->rate, fn, arg);
}

static void sim_post(struct kv *kv, kv_call fn, void *arg)
{
	run_in(sim_to_kv(kv), 0, fn, arg);
}

void sim_kv_kill(struct kv *kv)
{
	struct sim_kv *k = sim_to_kv(kv);

	k->killed = true;
	sim_etcd_listen(k->w->etcd, k->proc->id, NULL, NULL);
}

/* A killed card has no time left: what it still waits for fails now. */
static void sim_pump(struct kv *kv)
{
	struct sim_kv *k = sim_to_kv(kv);

	if (k->killed)
		sim_step_of(k->w, k->proc);
	else
		sim_step(k->w, UINT64_MAX);
}

static void sim_close(struct kv *kv)
{
	struct sim_kv *k = sim_to_kv(kv);

	sim_kv_kill(kv);
	k->closed = true;
	k->w->node[k->proc->id].kv = NULL;
	sim_kv_put(k);
}

struct kv *sim_kv_open(struct sim_world *w, uint32_t node)
{
	static const struct kv_ops ops = {
		.name = "sim", .txn = sim_txn, .range = sim_range, .watch = sim_watch,
		.unwatch = sim_unwatch, .lease = sim_lease, .unlease = sim_unlease,
		.after = sim_after, .post = sim_post, .close = sim_close, .pump = sim_pump,
	};
	struct sim_kv *k = calloc(1, sizeof(*k));

	k->kv = (struct kv){ .ops = &ops, .timeout_ms = SIM_TIMEOUT_MS, .lasting = w->lasting };
	k->w = w;
	k->proc = &w->node[node].proc;
	k->refs = 1;
	return &k->kv;
}
