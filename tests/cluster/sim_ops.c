// SPDX-License-Identifier: GPL-2.0-or-later
/* sim_ops.c - the random requests of a history. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim_history.h"
#include "sim_image.h"

static const char *const kind_name[] = {
	[OP_SESSION] = "session", [OP_LOGIN] = "login", [OP_CREATE] = "create",
	[OP_SESSION_KEY] = "session key", [OP_DELETE] = "delete", [OP_LABEL] = "label",
	[OP_SHARE] = "share", [OP_USER_CREATE] = "user", [OP_USER_DELETE] = "user delete",
	[OP_PASSWORD] = "password", [OP_GUESS] = "guess", [OP_RIGHT] = "right login",
};

static struct op *op_new(struct history *h, enum op_kind kind, uint32_t node, uint32_t seat)
{
	struct op *o;

	if (h->n_ops == OPS_MAX)
		return NULL;
	o = &h->ops[h->n_ops];
	*o = (struct op){ .kind = kind, .node = node, .seat = seat, .no = (uint32_t)h->n_ops++,
			  .key = -1, .user = -1, .h = h, .begin = sim_now(h->w),
			  .life = h->w->node[node].proc.life };
	o->m = malloc(sizeof(*o->m));
	return o;
}

static enum outcome judge(const struct op *o, bool died)
{
	if (died)
		return UNKNOWN;
	if (o->result != FW_OK)
		return FAILED;
	if (o->status == HSM_RV_SUCCESS)
		return ACKED;
	return o->status == HSM_RV_CLUSTER_UNAVAILABLE || o->status == HSM_RV_STORE_FAILED ?
	       DOUBT : FAILED;
}

static void say_answer(const struct op *o)
{
	static const char *const names[] = { "open", "acked", "failed", "in doubt", "unknown" };
	char nodes[256] = "";
	size_t at = 0;

	for (size_t i = 0; i < o->n_nodes && at < sizeof(nodes) - 24; i++)
		at += (size_t)snprintf(nodes + at, sizeof(nodes) - at, " %u:%x", o->nodes[i].node,
				       o->nodes[i].status);
	sim_say(o->h->w, "card %u: op %u %s %s: %s, result %d status 0x%x handle %llu nodes%s",
		o->node, o->no, kind_name[o->kind], o->text, names[o->outcome], o->result, o->status,
		(unsigned long long)o->handle, nodes);
}

static uint32_t success_bits(const struct op *o)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < o->n_nodes; i++)
		if (o->nodes[i].status == HSM_RV_SUCCESS && o->nodes[i].node < SIM_NODES_MAX)
			bits |= 1u << o->nodes[i].node;
	return bits;
}

/* What the answer means for the models. */
static void learn(struct history *h, struct op *o)
{
	struct key_model *k = o->key >= 0 ? &h->keys[o->key] : NULL;

	if (o->kind == OP_CREATE && o->outcome == ACKED) {
		k->handle = o->handle;
		k->have = success_bits(o);
	} else if (o->kind == OP_DELETE && o->outcome != FAILED) {
		k->delete_tried = true;
		k->delete_acked |= o->outcome == ACKED;
		if (o->outcome == ACKED)
			k->without |= success_bits(o);
	} else if (o->kind == OP_USER_DELETE && o->outcome != FAILED) {
		h->users[o->user].delete_tried = true;
		h->users[o->user].delete_acked |= o->outcome == ACKED;
	}
}

static void send_login(struct history *h, uint32_t node, uint32_t seat);

static void go_on(struct history *h, const struct op *o)
{
	if (o->outcome != ACKED || h->w->node[o->node].proc.life != o->life)
		return;
	if (o->kind == OP_SESSION) {
		h->ready[o->node][o->seat] = 1;
	} else if (o->kind == OP_LOGIN) {
		h->ready[o->node][o->seat] = 2;
	}
}

static void op_done(struct call_msg *m)
{
	struct op *o = m->arg;
	struct history *h = o->h;

	o->end = sim_now(h->w);
	o->result = m->result;
	o->status = m->status;
	o->outcome = judge(o, h->w->node[o->node].killing);
	if (o->outcome == ACKED && (o->kind == OP_CREATE || o->kind == OP_SESSION_KEY))
		o->handle = call_reply_u64(m, o->key >= 0 && h->keys[o->key].pair ?
					   HSM_TAG_HANDLE_PUBLIC : HSM_TAG_HANDLE);
	o->n_nodes = call_nodes(m, o->nodes);
	o->disk_failed = sim_disk_fails(h->w->node[o->node].disk);
	o->m = NULL;
	say_answer(o);
	learn(h, o);
	if (o->outcome != UNKNOWN)
		checker_answer(h, o);
	go_on(h, o);
	free(m);
}

static void op_send(struct op *o, uint64_t timeout_ms)
{
	struct sim_node *n = &o->h->w->node[o->node];

	o->m->on_done = op_done;
	o->m->arg = o;
	sim_say(o->h->w, "card %u: op %u %s %s key %d handle %llu min_srv %u asked", o->node, o->no,
		kind_name[o->kind], o->text, o->key,
		(unsigned long long)(o->key >= 0 ? o->h->keys[o->key].handle : 0), o->min_srv);
	call_send(n->fw, o->seat, o->m, timeout_ms ? sim_clock_ms(&n->proc) + timeout_ms : 0);
}

static void send_session(struct history *h, uint32_t node, uint32_t seat)
{
	struct op *o = op_new(h, OP_SESSION, node, seat);

	if (!o)
		return;
	call_begin(o->m, HSM_CMD_SESSION_OPEN, 0);
	op_send(o, 0);
}

static void send_login(struct history *h, uint32_t node, uint32_t seat)
{
	static const char *const names[] = { "", "alice", "bob", "admin" };
	struct op *o = op_new(h, OP_LOGIN, node, seat);

	if (!o)
		return;
	call_user(o->m, HSM_CMD_LOGIN, SIM_SESSION, seat == SEAT_ADMIN ? HSM_USER_CO : HSM_USER_CU,
		  names[seat], SIM_PASSWORD);
	op_send(o, 0);
}

void history_card_started(struct history *h, uint32_t node)
{
	for (uint32_t seat = SEAT_ALICE; seat < SEATS; seat++) {
		h->ready[node][seat] = 0;
		fw_ctx_open(h->w->node[node].fw, seat);
		send_session(h, node, seat);
	}
}

static void create(struct history *h, uint32_t node, uint32_t seat)
{
	struct op *o = h->n_keys < KEYS_MAX ? op_new(h, OP_CREATE, node, seat) : NULL;
	struct sim_world *w = h->w;
	struct key_model *k = &h->keys[h->n_keys];

	if (!o)
		return;
	o->key = (int)h->n_keys++;
	*k = (struct key_model){ .create = o };
	if (sim_chance(w, 30))	/* of a few that are fought for */
		snprintf(k->id, sizeof(k->id), "shared%u", sim_random(w, 3));
	else if (sim_chance(w, 60))
		snprintf(k->id, sizeof(k->id), "id%d", o->key);
	snprintf(o->text, sizeof(o->text), "%d.%u", o->key, o->no);
	k->pair = sim_chance(w, 10);
	if (k->pair)
		call_ec(o->m, SIM_SESSION, o->text, k->id[0] ? k->id : NULL);
	else
		call_aes(o->m, SIM_SESSION, o->text, k->id[0] ? k->id : NULL);
	if (sim_chance(w, 50)) {
		o->min_srv = 1 + sim_random(w, w->n_nodes);
		call_add_u32(o->m, HSM_TAG_MIN_SRV, o->min_srv);
		if (sim_chance(w, 70))
			call_add_u32(o->m, HSM_TAG_TIMEOUT_S, sim_random(w, 6));
	}
	op_send(o, sim_chance(w, 10) ? 1 + sim_random(w, 3000) : 0);
}

static void session_key(struct history *h, uint32_t node, uint32_t seat)
{
	struct op *o = op_new(h, OP_SESSION_KEY, node, seat);

	if (!o)
		return;
	call_aes(o->m, SIM_SESSION, "session", NULL);
	call_add_u8(o->m, HSM_ATTR_TOKEN, 0);
	op_send(o, 0);
}

/* A key of @seat's user that was acknowledged; -1: there is none. */
static int some_key(struct history *h, uint32_t seat)
{
	for (int tries = 0; h->n_keys && tries < 8; tries++) {
		uint32_t i = sim_random(h->w, (uint32_t)h->n_keys);

		if (h->keys[i].handle && !h->keys[i].pair && h->keys[i].create->seat == seat &&
		    (!h->keys[i].delete_tried || sim_chance(h->w, 10)))
			return (int)i;
	}
	return -1;
}

static void change_key(struct history *h, enum op_kind kind, uint32_t node, uint32_t seat)
{
	int key = some_key(h, seat);
	struct op *o = key >= 0 ? op_new(h, kind, node, seat) : NULL;

	if (!o)
		return;
	o->key = key;
	o->handle = h->keys[key].handle;
	call_handle(o->m, kind == OP_DELETE ? HSM_CMD_KEY_DELETE : kind == OP_LABEL ?
		    HSM_CMD_KEY_SET_ATTRS : HSM_CMD_KEY_SHARE, SIM_SESSION, o->handle);
	if (kind == OP_LABEL) {
		snprintf(o->text, sizeof(o->text), "%d.%u", key, o->no);
		call_add_text(o->m, HSM_ATTR_LABEL, o->text);
	} else if (kind == OP_SHARE) {
		o->share = sim_chance(h->w, 60);
		o->shared_with = SIM_CAROL;
		call_add_u32(o->m, HSM_TAG_SHARE_USER, o->shared_with);
		call_add_u8(o->m, HSM_TAG_SHARE, o->share);
	}
	op_send(o, sim_chance(h->w, 10) ? 1 + sim_random(h->w, 3000) : 0);
}

static void create_user(struct history *h, uint32_t node)
{
	struct op *o = h->n_users < USERS_MAX ? op_new(h, OP_USER_CREATE, node, SEAT_ADMIN) : NULL;
	struct user_model *u = &h->users[h->n_users];

	if (!o)
		return;
	o->user = (int)h->n_users++;
	*u = (struct user_model){ .create = o };
	if (sim_chance(h->w, 40))
		snprintf(u->name, sizeof(u->name), "common%c", 'a' + sim_random(h->w, 2));
	else
		snprintf(u->name, sizeof(u->name), "user%d", o->user);
	memcpy(o->text, u->name, sizeof(o->text));
	call_user(o->m, HSM_CMD_USER_CREATE, SIM_SESSION, HSM_USER_CU, u->name, SIM_PASSWORD);
	op_send(o, 0);
}

static void delete_user(struct history *h, uint32_t node)
{
	uint32_t i = sim_random(h->w, (uint32_t)h->n_users);
	struct op *o;

	if (!h->n_users || h->users[i].create->outcome != ACKED)
		return;
	o = op_new(h, OP_USER_DELETE, node, SEAT_ADMIN);
	if (!o)
		return;
	o->user = (int)i;
	memcpy(o->text, h->users[i].name, sizeof(o->text));
	call_user(o->m, HSM_CMD_USER_DELETE, SIM_SESSION, HSM_USER_CU, h->users[i].name, NULL);
	op_send(o, 0);
}

static void password(struct history *h, uint32_t node)
{
	struct op *o = op_new(h, OP_PASSWORD, node, SEAT_ADMIN);

	if (!o)
		return;
	snprintf(o->text, sizeof(o->text), "Password_%u", o->no);
	call_user(o->m, HSM_CMD_USER_PASSWORD, SIM_SESSION, HSM_USER_CU, "dave", o->text);
	op_send(o, 0);
}

/* Logins of carol; a good one is logged out with the next card's start only. */
static void guess(struct history *h, uint32_t node)
{
	bool right = h->forgives && sim_chance(h->w, 20);
	struct op *o = op_new(h, right ? OP_RIGHT : OP_GUESS, node, SEAT_GUESSER);

	if (!o)
		return;
	o->knows = checker_knows(h, node, "carol");
	call_user(o->m, HSM_CMD_LOGIN, SIM_SESSION, HSM_USER_CU, "carol",
		  right ? SIM_PASSWORD : "Wrong_password");
	op_send(o, 0);
}

static void key_op(struct history *h, uint32_t node, uint32_t seat)
{
	uint32_t dice = sim_random(h->w, 100);

	if (dice < 55)
		create(h, node, seat);
	else if (dice < 60)
		session_key(h, node, seat);
	else if (dice < 78)
		change_key(h, OP_DELETE, node, seat);
	else if (dice < 92)
		change_key(h, OP_LABEL, node, seat);
	else
		change_key(h, OP_SHARE, node, seat);
}

static void admin_op(struct history *h, uint32_t node)
{
	uint32_t dice = sim_random(h->w, 100);

	if (dice < 50)
		create_user(h, node);
	else if (dice < 70)
		delete_user(h, node);
	else
		password(h, node);
}

void history_random_op(struct history *h)
{
	uint32_t node = sim_random(h->w, SIM_NODES_MAX), seat;
	struct sim_node *n = &h->w->node[node];

	if (!n->fw || n->proc.paused || node >= h->w->n_nodes)
		return;
	seat = sim_chance(h->w, 70) ? 1 + sim_random(h->w, 2) : 3 + sim_random(h->w, 2);
	if (seat == SEAT_GUESSER && h->ready[node][seat] == 1)
		guess(h, node);
	else if (h->ready[node][seat] == 1)
		send_login(h, node, seat);
	else if (h->ready[node][seat] == 2 && seat == SEAT_ADMIN)
		admin_op(h, node);
	else if (h->ready[node][seat] == 2)
		key_op(h, node, seat);
}

void history_cancel(struct history *h, int node, bool all)
{
	for (size_t i = 0; i < h->n_ops; i++) {
		struct op *o = &h->ops[i];

		if (o->m && (node < 0 || o->node == (uint32_t)node) &&
		    (all || sim_chance(h->w, 30)))
			atomic_store(&o->m->req.cancel, true);
	}
}

/* The card died with them. */
void history_card_died(struct history *h, uint32_t node)
{
	for (size_t i = 0; i < h->n_ops; i++) {
		struct op *o = &h->ops[i];

		if (!o->m || o->node != node)
			continue;
		sim_say(h->w, "card %u: op %u %s was not ended when the card went", node, o->no,
			kind_name[o->kind]);
		o->outcome = UNKNOWN;
		o->end = sim_now(h->w);
		free(o->m);
		o->m = NULL;
		learn(h, o);
	}
}

size_t history_open(const struct history *h, int node)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n_ops; i++)
		n += h->ops[i].m && (node < 0 || h->ops[i].node == (uint32_t)node);
	return n;
}
