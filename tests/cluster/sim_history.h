/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sim_history.h - what was asked of the cards in one history and what they answered, for the
 * checker to judge.
 *
 * Each key's label begins with its number ("12.0"), so that whoever sees the key, under
 * whatever handle, knows which creation it comes from.
 */
#ifndef HSM_SIM_HISTORY_H
#define HSM_SIM_HISTORY_H

#include "sim.h"
#include "sim_call.h"

#define OPS_MAX		400
#define KEYS_MAX	200
#define USERS_MAX	40

/* Contexts of each card, and who is logged in. */
enum seat { SEAT_ALICE = 1, SEAT_BOB, SEAT_ADMIN, SEAT_GUESSER, SEATS };

enum op_kind {
	OP_SESSION, OP_LOGIN, OP_CREATE, OP_SESSION_KEY, OP_DELETE, OP_LABEL, OP_SHARE,
	OP_USER_CREATE, OP_USER_DELETE, OP_PASSWORD, OP_GUESS, OP_RIGHT
};

enum outcome {
	OPEN,		/* no answer yet */
	ACKED,
	FAILED,		/* told that nothing was changed */
	DOUBT,		/* told that the cluster or the store failed: creations are withdrawn */
	UNKNOWN		/* the card died first */
};

struct op {
	enum op_kind kind;
	uint32_t node, seat, no;
	uint64_t begin, end, life;
	int key, user;			/* of the history's; -1 none */
	uint32_t min_srv, shared_with;
	bool share;
	bool disk_failed;		/* when it was answered */
	bool knows;			/* the card had heard of who logs in */
	char text[24];			/* label, password, name */
	enum outcome outcome;
	enum fw_result result;
	uint32_t status;
	uint64_t handle;		/* of a pair: the public one's */
	struct hsm_node_status nodes[HSM_MEMBERS_MAX];
	size_t n_nodes;
	struct call_msg *m;		/* while it is open */
	struct history *h;
};

struct key_model {
	struct op *create;
	char id[16];
	bool pair;
	uint64_t handle, handle_private;	/* 0: never seen */
	uint32_t have;			/* cards that were printed SUCCESS, as bits */
	bool delete_tried;		/* and may have happened */
	bool delete_acked;
	uint32_t without;		/* cards that were printed SUCCESS for the deletion */
};

struct user_model {
	struct op *create;
	char name[24];
	bool delete_tried, delete_acked;
};

struct history {
	struct sim_world *w;
	struct op ops[OPS_MAX];
	size_t n_ops;
	struct key_model keys[KEYS_MAX];
	size_t n_keys;
	struct user_model users[USERS_MAX];
	size_t n_users;
	int ready[SIM_NODES_MAX][SEATS];	/* 1: session, 2: logged in */
	uint32_t destroyed;			/* cards, as bits */
	uint32_t replaced;			/* of those, that an empty one will take the place of */
	bool forgives;				/* right logins of the guesser, too */
	bool healing;
	bool calm;				/* nothing goes wrong in it */
};

/* sim_ops.c */
void history_random_op(struct history *h);
void history_card_died(struct history *h, uint32_t node);
void history_card_started(struct history *h, uint32_t node);
/* Asks a random open call, or with @all every one (of @node, or of all: -1), to end. */
void history_cancel(struct history *h, int node, bool all);
size_t history_open(const struct history *h, int node);

/* sim_faults.c */
struct faults {
	uint32_t kinds;			/* which happen, as bits */
};
void faults_choose(struct history *h, struct faults *f);
void faults_random(struct history *h, const struct faults *f);
void faults_heal(struct history *h);
void faults_kill_card(struct history *h, struct sim_node *n);
void faults_start_card(struct history *h, uint32_t node);

/* checker*.c: report to sim_fail(). */
void checker_answer(struct history *h, const struct op *o);	/* when it comes */
void checker_look(struct history *h);				/* at any time */
bool checker_converged(struct history *h, bool say);
void checker_end(struct history *h);				/* once healed */
/* Somebody still has what @o was acknowledged for: the etcd, or a card that said so. */
bool checker_survives(const struct history *h, const struct op *o);
bool checker_knows(const struct history *h, uint32_t node, const char *name);
void checker_end_users(struct history *h);

#endif /* HSM_SIM_HISTORY_H */
