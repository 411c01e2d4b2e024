/* SPDX-License-Identifier: GPL-2.0-or-later */
/* card.h - a card whose store and key file are in one folder, and what it knows. */
#ifndef POWER_CARD_H
#define POWER_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"
#include "client.h"
#include "hsm/hsm_audit.h"

/* Starts the card of the folder @dir as the device does; false with c->err. */
bool card_open(struct client *c, const char *dir);

/*
 * Waits until the store rests: everything is written, and the log is in the file. Without
 * this the log stays where it is, however long nothing is asked: a run is like the next one.
 */
void card_rest(void);

/* What a card holds, in lines that are the same for the same things. */
struct state {
	char *text;			/* users, keys, m values, certificate */
	uint64_t next_record;		/* of the audit log */
	uint32_t reboot;
	uint64_t next_handle;
};

void state_take(struct state *st, struct fw *fw);
void state_free(struct state *st);
/* A card that was just made, as far as can be told from outside. */
bool state_is_fresh(const struct fw *fw);

/* The whole audit log; false, and told, if it cannot be read or is no chain. */
struct audit_copy {
	struct hsm_audit_rec *rec;
	size_t n;
};

bool audit_copy(struct audit_copy *log, struct fw *fw);

/* Bytes of the store's sealed records, none of which may be found after a wipe. */
#define NEEDLES		64
#define NEEDLE_LEN	16

struct needles {
	uint8_t v[NEEDLES][NEEDLE_LEN];
	size_t n;
};

void needles_take(struct needles *ns, struct store *st);

#endif /* POWER_CARD_H */
