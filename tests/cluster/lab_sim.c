// SPDX-License-Identifier: GPL-2.0-or-later
/* lab_sim.c - the simulated etcd as an engine of the conformance suite. */
#include <stdlib.h>

#include "lab.h"
#include "sim.h"

static bool sim_open(struct lab *l)
{
	struct sim_world *w = sim_world_new(getenv("SEED") ? strtoull(getenv("SEED"), NULL, 0) : 1,
					    false);

	w->lasting = true;
	w->n_nodes = LAB_CARDS;
	w->etcd = sim_etcd_new(w);
	sim_random_source(w);
	l->engine = w;
	return true;
}

static void sim_close(struct lab *l)
{
	sim_random_source(NULL);
	sim_world_free(l->engine);
}

/* Which of the lab's cards it is, whatever its number in the cluster. */
static uint32_t index_of(struct lab *l, const struct lab_card *c)
{
	return (uint32_t)(c - l->card);
}

static struct cluster *sim_cluster(struct lab *l, struct lab_card *c)
{
	struct sim_world *w = l->engine;
	uint32_t i = index_of(l, c);

	w->node[i].kv = sim_kv_open(w, i);
	return member_open(w->node[i].kv);
}

static void pass(struct lab *l)
{
	struct sim_world *w = l->engine;

	sim_run_until(w, w->now + SIM_MS);
}

static uint64_t now_ms(struct lab *l)
{
	return ((struct sim_world *)l->engine)->now / SIM_MS;
}

static void cut(struct lab *l, struct lab_card *c, bool off)
{
	struct sim_world *w = l->engine;

	w->weather.cut[index_of(l, c)] = off;
	sim_kv_weather(w);
	sim_etcd_weather(w->etcd, false);
}

static void compact(struct lab *l)
{
	sim_etcd_compact(((struct sim_world *)l->engine)->etcd);
}

const struct lab_ops lab_sim = {
	.name = "sim", .cards = 3, .open = sim_open, .close = sim_close, .cluster = sim_cluster,
	.pass = pass, .now_ms = now_ms, .cut = cut, .compact = compact,
};
