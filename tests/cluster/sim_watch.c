// SPDX-License-Identifier: GPL-2.0-or-later
/* sim_watch.c - a card's watch: events in order, as on one TCP connection. */
#include <errno.h>
#include <stdlib.h>

#include "sim_kv_int.h"

/* A watch's message on its way, or its end. */
struct message {
	struct sim_kv *kv;
	uint64_t watch;
	struct sim_reply reply;
};

static void message_free(void *arg)
{
	struct message *m = arg;

	sim_items_free(m->reply.items, m->reply.n_items);
	sim_kv_put(m->kv);
	free(m);
}

static void pump(void *arg);

static void deliver(void *arg)
{
	struct message *m = arg;
	struct sim_kv *k = m->kv;

	k->pumping = false;
	if (!k->killed && !k->closed && m->watch == k->watch) {
		struct sim_reply *r = &m->reply;

		if (r->err)
			k->watch = 0;
		else
			k->from = r->revision + 1;
		k->events(k->events_arg, r->err, r->revision, r->items, r->n_items);
	}
	pump(k);
	message_free(m);
}

static void message_dropped(void *arg)
{
	struct message *m = arg;

	m->kv->pumping = false;
	message_free(m);
}

static void post_message(struct sim_kv *k, struct sim_reply *r, uint64_t us)
{
	struct message *m = malloc(sizeof(*m));

	*m = (struct message){ k, k->watch, *r };
	k->refs++;
	k->pumping = true;
	sim_at(k->w, k->proc, us, deliver, message_dropped, m);
}

/* Sends the next revision's events, if the line is free and there are any. */
static void pump(void *arg)
{
	struct sim_kv *k = arg;
	struct sim_reply r = { 0 };

	if (k->killed || k->closed || !k->watch || k->pumping || sim_is_cut(k))
		return;
	if (sim_lost(k)) {
		r.err = -EIO;
		post_message(k, &r, SIM_S);
	} else if (sim_etcd_events(k->w->etcd, k->from, &r)) {
		post_message(k, &r, sim_delay(k));
	}
}

void sim_watch(struct kv *kv, uint64_t from, kv_events events, void *arg)
{
	struct sim_kv *k = sim_to_kv(kv);

	k->watch = ++k->watches;
	k->from = from;
	k->events = events;
	k->events_arg = arg;
	sim_etcd_listen(k->w->etcd, k->proc->id, pump, k);
	pump(k);
}

void sim_unwatch(struct kv *kv)
{
	sim_to_kv(kv)->watch = 0;
}

/* A cut that lasts ends the watch. */
static void check_watch(void *arg)
{
	struct sim_kv *k = arg;
	struct sim_reply r = { .err = -EIO };

	if (!k->killed && !k->closed && k->watch && sim_is_cut(k) && !k->pumping)
		post_message(k, &r, 0);
	sim_kv_put(k);
}

static void kv_dropped(void *arg)
{
	sim_kv_put(arg);
}

void sim_kv_weather(struct sim_world *w)
{
	for (uint32_t i = 0; i < w->n_nodes; i++) {
		struct sim_kv *k = sim_to_kv(w->node[i].kv);

		if (!k || !sim_is_cut(k))
			continue;
		k->refs++;
		sim_at(w, k->proc, SIM_TIMEOUT_MS * SIM_MS, check_watch, kv_dropped, k);
	}
}
