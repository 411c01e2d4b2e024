// SPDX-License-Identifier: GPL-2.0-or-later
/* sim_image.c - worlds to begin with: made once for each number of cards, then copied. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"
#include "sim_call.h"
#include "sim_image.h"

static struct sim_world *images[SIM_NODES_MAX + 1];

/* Sends and runs the world until the answer comes. */
static uint32_t ask(struct sim_world *w, struct sim_node *n, struct call_msg *m)
{
	uint64_t end = w->now + 60 * SIM_S;

	call_send(n->fw, 1, m, 0);
	while (!m->done && sim_step(w, end))
		;
	return m->done ? m->status : NO_STATUS;
}

static bool ask_user(struct sim_world *w, uint16_t opcode, uint32_t type, const char *name,
		     const char *pw)
{
	struct call_msg *m = calloc(1, sizeof(*m));
	uint32_t status;

	call_user(m, opcode, SIM_SESSION, type, name, pw);
	status = ask(w, &w->node[0], m);
	free(m);
	if (status)
		fprintf(stderr, "image: command 0x%x of %s: status 0x%x\n%s", opcode, name, status,
			w->trace);
	return !status;
}

static bool open_session(struct sim_world *w)
{
	struct call_msg *m = calloc(1, sizeof(*m));
	bool ok;

	call_begin(m, HSM_CMD_SESSION_OPEN, 0);
	ok = fw_ctx_open(w->node[0].fw, 1) && !ask(w, &w->node[0], m);
	free(m);
	return ok;
}

static bool activate(struct sim_world *w)
{
	return open_session(w) &&
	       ask_user(w, HSM_CMD_LOGIN, HSM_USER_PRECO, "admin", "password") &&
	       ask_user(w, HSM_CMD_USER_PASSWORD, HSM_USER_PRECO, "admin", SIM_PASSWORD) &&
	       ask_user(w, HSM_CMD_USER_CREATE, HSM_USER_CU, "alice", SIM_PASSWORD) &&
	       ask_user(w, HSM_CMD_USER_CREATE, HSM_USER_CU, "bob", SIM_PASSWORD) &&
	       ask_user(w, HSM_CMD_USER_CREATE, HSM_USER_CU, "carol", SIM_PASSWORD) &&
	       ask_user(w, HSM_CMD_USER_CREATE, HSM_USER_CU, "dave", SIM_PASSWORD);
}

static bool all_online(struct sim_world *w)
{
	char why[160];

	for (uint32_t i = 0; i < w->n_nodes; i++) {
		struct sim_node *n = &w->node[i];
		uint32_t state = n->fw ? fw_membership(n->fw, why, sizeof(why)) : 0;

		if (n->fw && state != HSM_MEMBERSHIP_ONLINE && state != HSM_MEMBERSHIP_REFUSED)
			return false;
	}
	return true;
}

bool sim_wait_online(struct sim_world *w, unsigned int seconds)
{
	uint64_t end = w->now + seconds * SIM_S;

	while (w->now < end) {
		if (all_online(w))
			return true;
		sim_run_until(w, w->now + 20 * SIM_MS);
	}
	return all_online(w);
}

/* One that never was in a cluster. */
static bool make_fresh(struct sim_world *w, struct sim_node *n)
{
	struct sim_etcd *etcd = w->etcd;
	bool ok;

	w->etcd = NULL;
	ok = sim_card_start(w, n);
	if (ok)
		sim_card_stop(w, n);
	w->etcd = etcd;
	return ok;
}

static bool start(struct sim_world *w, uint32_t i)
{
	struct sim_node *n = &w->node[i];

	if (sim_card_start(w, n) && sim_wait_online(w, 30))
		return true;
	fprintf(stderr, "image: card %u: %s\n%s", i, n->err[0] ? n->err : "not online", w->trace);
	return false;
}

static bool fill(struct sim_world *w, uint32_t n)
{
	for (uint32_t i = 0; i < SIM_NODES_MAX; i++) {
		w->node[i].disk = sim_disk_new(w);
		if (!make_fresh(w, &w->node[i]))
			return false;
	}
	w->n_nodes = n;
	if (!start(w, 0) || !activate(w))
		return false;
	for (uint32_t i = 1; i < n; i++)
		if (!start(w, i))
			return false;
	sim_run_until(w, w->now + SIM_S);
	for (uint32_t i = 0; i < n; i++)
		sim_card_stop(w, &w->node[i]);
	return true;
}

static struct sim_world *image(uint32_t n)
{
	struct sim_world *w = images[n];

	if (w)
		return w;
	w = sim_world_new(n, false);
	w->lasting = true;
	w->weather.slow_us = 200;
	w->etcd = sim_etcd_new(w);
	if (!fill(w, n))
		exit(2);
	images[n] = w;
	return w;
}

struct sim_world *sim_clone(uint64_t seed, uint32_t n, bool verbose)
{
	struct sim_world *from = image(n), *w = sim_world_new(seed, verbose);

	w->n_nodes = n;
	w->lasting = true;
	for (uint32_t i = 0; i < SIM_NODES_MAX; i++)
		w->node[i].disk = sim_disk_clone(w, from->node[i].disk);
	w->etcd = sim_etcd_clone(w, from->etcd);
	sim_random_source(w);
	return w;
}

void sim_images_free(void)
{
	for (uint32_t i = 0; i <= SIM_NODES_MAX; i++)
		sim_world_free(images[i]);
}
