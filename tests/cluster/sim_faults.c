// SPDX-License-Identifier: GPL-2.0-or-later
/* sim_faults.c - what goes wrong in a history, and how all of it is mended. */
#include <stdio.h>

#include "sim_history.h"

static struct sim_node *some_card(struct history *h)
{
	return &h->w->node[sim_random(h->w, h->w->n_nodes)];
}

static bool chance(struct history *h, uint32_t percent)
{
	return sim_chance(h->w, percent);
}

static void cut_or_join(struct history *h)
{
	uint32_t i = some_card(h)->proc.id;
	bool *cut = &h->w->weather.cut[i];

	*cut = !*cut;
	sim_say(h->w, "card %u: %s", i, *cut ? "cut off" : "reachable again");
	sim_kv_weather(h->w);
	sim_etcd_weather(h->w->etcd, false);
}

static void quorum(struct history *h)
{
	bool *none = &h->w->weather.no_quorum;

	*none = !*none;
	sim_say(h->w, "etcd: %s quorum", *none ? "no" : "a");
	sim_etcd_weather(h->w->etcd, !*none);
}

static void lose(struct history *h)
{
	static const unsigned int percent[] = { 0, 0, 1, 5, 20 };

	h->w->weather.lose = percent[sim_random(h->w, 5)];
	sim_say(h->w, "network: loses %u%%", h->w->weather.lose);
}

static void slow(struct history *h)
{
	static const unsigned int ms[] = { 1, 2, 20, 200, 1500, 3000 };

	h->w->weather.slow_us = ms[sim_random(h->w, 6)] * SIM_MS;
	sim_say(h->w, "network: up to %llu ms", (unsigned long long)(h->w->weather.slow_us / 1000));
}

static void pause(struct history *h)
{
	struct sim_node *n = some_card(h);

	if (!n->fw)
		return;
	sim_say(h->w, "card %u: %s", n->proc.id, n->proc.paused ? "continued" : "stopped");
	if (n->proc.paused)
		sim_resume(&n->proc);
	else
		sim_pause(&n->proc);
}

void faults_start_card(struct history *h, uint32_t node)
{
	struct sim_node *n = &h->w->node[node];

	sim_say(h->w, "card %u: starts", node);
	if (sim_card_start(h->w, n))
		history_card_started(h, node);
	else
		sim_fail(h->w, "card %u does not start: %s", node, n->err);
}

void faults_kill_card(struct history *h, struct sim_node *n)
{
	sim_say(h->w, "card %u: killed", n->proc.id);
	sim_card_kill(h->w, n);
	history_card_died(h, n->proc.id);
}

/* The cards of a group are one process. */
static void kill_all(struct history *h)
{
	for (uint32_t i = 0; i < h->w->n_nodes; i++)
		if (h->w->node[i].fw)
			faults_kill_card(h, &h->w->node[i]);
	sim_etcd_wipe(h->w->etcd);
	sim_run_until(h->w, sim_now(h->w) + SIM_S);
	for (uint32_t i = 0; i < h->w->n_nodes; i++)
		if (!h->w->node[i].gone)
			faults_start_card(h, i);
}

static void kill_or_start(struct history *h)
{
	struct sim_node *n = some_card(h);

	if (!h->w->lasting)
		kill_all(h);
	else if (n->fw)
		faults_kill_card(h, n);
	else if (!n->gone)
		faults_start_card(h, n->proc.id);
}

static void end_calls(struct history *h, uint32_t node)
{
	uint64_t end = sim_now(h->w) + 20 * SIM_S;

	history_cancel(h, (int)node, true);
	while (history_open(h, (int)node) && sim_step(h->w, end))
		;
	if (history_open(h, (int)node))
		sim_fail(h->w, "card %u: a call does not end though it is asked to", node);
}

static void restart(struct history *h)
{
	struct sim_node *n = some_card(h);

	if (!n->fw || !h->w->lasting)
		return;
	if (n->proc.paused)
		sim_resume(&n->proc);
	end_calls(h, n->proc.id);
	sim_say(h->w, "card %u: switched off", n->proc.id);
	sim_card_stop(h->w, n);
	if (chance(h, 50))
		faults_start_card(h, n->proc.id);
}

static void compact(struct history *h)
{
	sim_say(h->w, "etcd: compacted");
	sim_etcd_compact(h->w->etcd);
	sim_etcd_weather(h->w->etcd, false);
}

static void clock_change(struct history *h)
{
	struct sim_node *n = some_card(h);
	unsigned int rate = 20 + sim_random(h->w, 300);
	uint64_t jump = chance(h, 50) ? sim_random(h->w, 100000) : 0;

	sim_say(h->w, "card %u: clock at %u%%, %llu ms on", n->proc.id, rate,
		(unsigned long long)jump);
	sim_clock_set(&n->proc, rate, jump);
}

static void disk(struct history *h)
{
	static const unsigned int ms[] = { 0, 1, 10, 300, 2000 };
	struct sim_node *n = some_card(h);
	unsigned int slow_ms = ms[sim_random(h->w, 5)];

	sim_say(h->w, "card %u: disk takes up to %u ms", n->proc.id, slow_ms);
	sim_disk_slow(n->disk, slow_ms * SIM_MS);
}

static void disk_fails(struct history *h)
{
	struct sim_node *n = some_card(h);
	bool fails = chance(h, 40);

	sim_say(h->w, "card %u: disk %s", n->proc.id, fails ? "fails" : "works");
	sim_disk_fail(n->disk, fails);
}

static void full(struct history *h)
{
	h->w->weather.full = chance(h, 40);
	sim_say(h->w, "etcd: %s", h->w->weather.full ? "full" : "has room");
}

/* An empty card joins. */
static void join(struct history *h)
{
	if (h->w->n_nodes == SIM_NODES_MAX || !chance(h, 30))
		return;
	sim_say(h->w, "card %u: new", h->w->n_nodes);
	faults_start_card(h, h->w->n_nodes++);
}

static void cancel(struct history *h)
{
	sim_say(h->w, "calls: some are asked to end");
	history_cancel(h, -1, false);
}

static const struct fault {
	void (*run)(struct history *h);
	bool network;		/* nothing that a group in one process knows */
} faults[] = {
	{ cut_or_join, true }, { quorum, true }, { lose, true }, { slow, true },
	{ pause, true }, { kill_or_start, false }, { restart, true }, { compact, false },
	{ clock_change, false }, { disk, false }, { disk_fails, false }, { full, true },
	{ join, false }, { cancel, false },
};

#define N_FAULTS (sizeof(faults) / sizeof(faults[0]))

void faults_choose(struct history *h, struct faults *f)
{
	unsigned int percent = sim_random(h->w, 80);

	f->kinds = 0;
	for (size_t i = 0; i < N_FAULTS; i++)
		if (chance(h, percent) && (h->w->lasting || !faults[i].network))
			f->kinds |= 1u << i;
	h->calm = !f->kinds;
}

void faults_random(struct history *h, const struct faults *f)
{
	size_t i = sim_random(h->w, N_FAULTS);

	if (f->kinds & 1u << i)
		faults[i].run(h);
}

void faults_heal(struct history *h)
{
	struct sim_world *w = h->w;

	sim_say(w, "everything is mended");
	h->healing = true;
	w->weather = (struct sim_weather){ .slow_us = 1500 };
	for (uint32_t i = 0; i < w->n_nodes; i++) {
		struct sim_node *n = &w->node[i];

		sim_disk_fail(n->disk, false);
		sim_disk_slow(n->disk, 0);
		sim_clock_set(&n->proc, 100, 0);
		if (n->proc.paused)
			sim_resume(&n->proc);
		if (!n->fw && !n->gone)
			faults_start_card(h, i);
	}
	sim_etcd_weather(w->etcd, true);
}
