/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * members.h - who is in the cluster, who is alive, and what each has on its disk. The table
 * has a lock of its own, inside all others. Of a card on its own it says: one, this card.
 */
#ifndef HSM_MEMBERS_H
#define HSM_MEMBERS_H

#include "cluster.h"
#include "fw_int.h"

struct members;

/* NULL without memory; cfg->address is copied. */
struct members *members_new(const struct fw_config *cfg);
void members_free(struct members *m);

/* A note of the cluster, opened by replica.c; @p NULL: it went. False: it makes no sense. */
bool members_note(struct fw *fw, enum cluster_note kind, uint32_t node, const uint8_t *p,
		  size_t len);
/* What this card has to say of itself, as TLVs; the room is CLUSTER_NOTE_MAX less a seal's. */
void members_say(struct fw *fw, enum cluster_note kind, struct tlv_writer *w);

/* This card has everything up to @position on its disk, or @status (HSM_RV_*) why not. */
void members_applied(struct fw *fw, uint64_t position, uint32_t status);

size_t members_known(const struct fw *fw);
size_t members_live(const struct fw *fw);
/* Live ones, this card among them, that have everything up to @position on their disks. */
size_t members_have(const struct fw *fw, uint64_t position);
/* Whether @node runs as the very start @incarnation of a card; true for this card's own. */
bool members_running(const struct fw *fw, uint32_t node, uint64_t incarnation);
/* Of this start of this card: random, not zero. */
uint64_t members_incarnation(const struct fw *fw);

/*
 * What a reply says of the nodes: this card first, with @status, then the others by ascending
 * id. One that has everything up to @position on its disk answers SUCCESS (or @status, if
 * @same); one whose lease has ended CLUSTER_UNAVAILABLE, one whose store failed STORE_FAILED; one
 * that is alive and has not come so far yet is left out, or with @late CLUSTER_UNAVAILABLE.
 * Returns how many.
 */
struct members_ask {
	uint64_t position;
	uint32_t status;
	bool same, late;
};

size_t members_answer(const struct fw *fw, const struct members_ask *ask,
		      struct hsm_node_status v[HSM_MEMBERS_MAX]);

/* For CLUSTER_INFO: this card first, then by ascending id. */
size_t members_list(const struct fw *fw, struct hsm_member v[HSM_MEMBERS_MAX]);

#endif /* HSM_MEMBERS_H */
