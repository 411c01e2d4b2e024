/* SPDX-License-Identifier: GPL-2.0-or-later */
/* driver_card.h - a member of a cluster in this process, and one user of it. */
#ifndef HSM_DRIVER_CARD_H
#define HSM_DRIVER_CARD_H

#include "cluster.h"
#include "sim_call.h"
#include "store.h"

#define CARD_ADMIN	"admin"
#define CARD_USER	"driver_user"
#define CARD_PASSWORD	"driver_password"

struct card {
	struct cluster *cluster;
	struct store *store;
	struct fw *fw;
	uint32_t node;
	uint32_t session;
	char err[512];
};

/* False with c->err; the card is to be closed all the same. */
bool card_open(struct card *c, const char *store, const char *secret, const char *cluster);
void card_close(struct card *c);

/* Sends what was begun in @m, waits for its end, returns the status. */
uint32_t card_call(struct card *c, struct call_msg *m);

/*
 * Opens a session and logs the user in; on a fresh card makes the user first. Returns a status.
 */
uint32_t card_login(struct card *c, struct call_msg *m);
/* The same, with the password @pw and nothing made. */
uint32_t card_login_as(struct card *c, struct call_msg *m, const char *pw);

#endif /* HSM_DRIVER_CARD_H */
