/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cluster_fixture.h - several cards of one group, in one process. Users and contexts are
 * those of fixture.h; a card's node id is its index.
 */
#ifndef HSM_CLUSTER_FIXTURE_H
#define HSM_CLUSTER_FIXTURE_H

#include "cluster.h"
#include "fixture.h"

#define CARDS_MAX	5

struct cards {
	size_t n;
	bool sqlite;			/* stores that survive cards_leave() */
	char group[32];
	struct card card[CARDS_MAX];
	struct cluster *cluster[CARDS_MAX];	/* NULL: the card is not running */
	char path[CARDS_MAX][128];
};

/* @n cards that are not started yet, of a group of their own. */
struct cards *cards_new(size_t n, bool sqlite);
void cards_free(struct cards *cs);

/*
 * Starts card @i as a member of the group and waits until it is ONLINE; or until it is
 * REFUSED: false, the reason is in card[i].err. With a store in memory it is a fresh one.
 */
bool cards_join(struct cards *cs, size_t i);
/* Stops card @i. */
void cards_leave(struct cards *cs, size_t i);

/*
 * cmocka setups: three cards of a group, in memory (or in SQLite), with the users and
 * contexts of setup_users() on each. *state is a struct cards.
 */
int setup_three_users(void **state);
int setup_three_users_sqlite(void **state);
int teardown_cards(void **state);

/* Waits (at most 10 s) until each running card counts all of them as live. */
void cards_see_each_other(struct cards *cs);
/* Waits (at most 10 s) until all running cards are at the position of card @i. */
void cards_settle(struct cards *cs, size_t i);
/* CLUSTER_INFO's position of card @i. */
uint64_t cards_position(struct cards *cs, size_t i);

/* Makes an AES key on card @i as ALICE; its handle. */
uint64_t cards_make_key(struct cards *cs, size_t i, const char *label);
/* How many of the running cards show ALICE the key. */
size_t cards_seeing(struct cards *cs, uint64_t handle);

/* The node line of @node in @m's reply: its status; UINT32_MAX: there is none. */
uint32_t node_status(const struct msg *m, uint32_t node);

#endif /* HSM_CLUSTER_FIXTURE_H */
