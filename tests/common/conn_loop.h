/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conn_loop.h - a libhsm transport straight into the firmware: no driver, no VM. */
#ifndef CONN_LOOP_H
#define CONN_LOOP_H

#include <stdbool.h>
#include <stddef.h>

struct cluster;
struct hsm;
struct loop_card;

/*
 * A card over the SQLite store @path, or over memory if it is NULL; an empty
 * store is made a fresh card. @flags: LOOP_*. NULL with a line in @err (@err_len
 * bytes).
 */
#define LOOP_FIPS	0x1	/* fips=on */
#define LOOP_STRICT	0x2	/* policy=strict */
#define LOOP_SECOND	0x4	/* another serial number: LOOP0002 */
struct loop_card *loop_card_new(const char *path, unsigned int flags, char *err, size_t err_len);

/*
 * The same as member @node of the group @group of this process: returns when it is one, or
 * cannot be. Members of a group have one secret. @address: what the others list it under.
 */
struct loop_card *loop_member_new(const char *path, unsigned int flags, const char *group,
				  unsigned int node, const char *address, char *err,
				  size_t err_len);

/* The same as a member of @cluster, which it closes; also when it cannot be one. */
struct loop_card *loop_cluster_new(const char *path, unsigned int flags, struct cluster *cluster,
				   unsigned int node, const char *address, char *err,
				   size_t err_len);

/* No connection may be open. A member leaves its group as one that ends. */
void loop_card_free(struct loop_card *card);

/* What a reset of the card does: connections answer ESTALE from now on. */
void loop_card_reset(struct loop_card *card);

/*
 * Opens a context on @card, with all rights. @owned: closing the connection frees
 * the card too. 0 or -errno.
 */
int loop_connect(struct loop_card *card, bool owned, struct hsm **out);

/* @closed is called behind each connection of @card that is closed; it may free the card. */
void loop_on_close(struct loop_card *card, void (*closed)(struct loop_card *card));

#endif /* CONN_LOOP_H */
