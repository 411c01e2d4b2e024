/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab.h - cards of a cluster over any engine, for the conformance suite. */
#ifndef HSM_LAB_H
#define HSM_LAB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "cluster.h"
#include "fw.h"
#include "sim_call.h"

#define LAB_CARDS	4
#define LAB_SESSION	0x01000000u
#define LAB_PASSWORD	"Secret_123"
#define LAB_SECRET	"the secret of the cluster"

/* Contexts of a card and who is logged in. */
enum { ALICE = 1, BOB, ADMIN, NOBODY, LAST = NOBODY };

struct lab;

struct lab_card {
	struct lab *lab;
	uint32_t id;
	struct fw *fw;			/* NULL: off */
	struct cluster *cluster;
	struct store *store;
	struct fw_platform platform;
	char serial[16];
	const char *secret;
	char err[256];			/* why it did not start, or is refused */
	void *engine;
};

struct lab_ops {
	const char *name;
	unsigned int cards;		/* that lab_new() starts: 1 on its own */
	bool (*open)(struct lab *l);
	void (*close)(struct lab *l);
	struct cluster *(*cluster)(struct lab *l, struct lab_card *c);
	/* Lets the world go on for about a millisecond. */
	void (*pass)(struct lab *l);
	uint64_t (*now_ms)(struct lab *l);
	/* The card loses its cluster, or has it again. NULL: cannot be done. */
	void (*cut)(struct lab *l, struct lab_card *c, bool off);
	void (*compact)(struct lab *l);	/* may be NULL */
};

struct lab {
	const struct lab_ops *ops;
	struct lab_card card[LAB_CARDS];
	unsigned int n;			/* cards that run by default */
	void *engine;
};

extern const struct lab_ops lab_solo, lab_group, lab_etcd, lab_sim;
/* NULL: its environment is not there. */
const struct lab_ops *lab_by_name(const char *name);
extern const struct lab_ops *lab_engine;

/* cmocka's setup and teardown: cards 0.., activated, all logged in. */
int lab_setup(void **state);
int lab_teardown(void **state);

/* The card @i; on its own always the one there is. */
struct lab_card *lab_card(struct lab *l, unsigned int i);
/* Starts it and waits until it is online: true; or with c->err why not. */
bool lab_start(struct lab *l, unsigned int i);
void lab_stop(struct lab *l, unsigned int i);
/* Until all that run know of each other. */
void lab_wait_members(struct lab *l);
void lab_login_all(struct lab *l, unsigned int i);
bool lab_wait(struct lab *l, bool (*until)(void *arg), void *arg, unsigned int ms);
/* All cards that run have the same state; fails if that does not come to be. */
void lab_same(struct lab *l);

/* Sends and waits; @m's status, NO_STATUS if there is no reply. */
uint32_t lab_ask(struct lab *l, unsigned int i, uint32_t seat, struct call_msg *m);
void lab_send(struct lab *l, unsigned int i, uint32_t seat, struct call_msg *m);
uint32_t lab_await(struct lab *l, struct call_msg *m);

/* Whole requests, by the static message lab_last(). */
struct call_msg *lab_last(void);
uint32_t lab_create(struct lab *l, unsigned int i, const char *label, const char *id);
uint64_t lab_made(struct lab *l, unsigned int i, const char *label);
uint32_t lab_user(struct lab *l, unsigned int i, uint32_t seat, uint16_t opcode, uint32_t type,
		  const char *name, const char *pw);
/* How many keys with the label alice or bob (@seat) sees on the card. */
uint32_t lab_found(struct lab *l, unsigned int i, uint32_t seat, const char *label);
/* That the last reply's lines are the first @n cards that run, beginning with @i, all @status. */
void lab_check_nodes(struct lab *l, unsigned int i, size_t n, uint32_t status);

/* The tests, by file. */
int conformance_keys(void);
int conformance_users(void);
int conformance_members(void);

#endif /* HSM_LAB_H */
