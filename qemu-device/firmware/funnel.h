/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * funnel.h - changes of a card that is in a cluster: they wait here, are made ready in
 * order, go to the cluster many at a time, then to this card's store, and are answered when
 * as many nodes have them as was asked for. change.c hands over what concerns the cluster;
 * what concerns this card alone (session keys, audit records) goes to the store at once.
 */
#ifndef HSM_FUNNEL_H
#define HSM_FUNNEL_H

#include "change.h"
#include "replica.h"

struct funnel;

struct funnel *funnel_new(struct fw *fw);
/* From now on nothing new goes to the cluster. Before replica_stop(). */
void funnel_close(struct fw *fw);
/* No call may be in it. Waits for whoever is about to leave it. */
void funnel_free(struct funnel *f);

/* Takes @ch, whose turn it is (of its key or user). No lock held. */
void funnel_add(struct fw *fw, struct change *ch);

/*
 * Something may go on: the pipe is free again, the members' table or the state of the cluster
 * changed, 20 ms have passed. Without locks, from any thread.
 */
void funnel_look(struct fw *fw);

/*
 * Whether the card has been ONLINE for a while: before that it changes nothing of its own
 * accord, since another that comes may know more than the image that this one has made.
 */
bool funnel_settled(const struct fw *fw);

/*
 * At start: what this card's store says (META RECORD_DOUBT, opened) of keys that may yet turn
 * up although their makers were told that they failed. False if it makes no sense.
 */
bool funnel_recall(struct fw *fw, const uint8_t *p, size_t len);

#endif /* HSM_FUNNEL_H */
