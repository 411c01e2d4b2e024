/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * member_key.h - the names of what a cluster keeps in its kv.
 *
 *	r/<kind>/<id>	a record of the image: kind one hex digit, id sixteen
 *	m/<node>	the CARD note of a member
 *	a/<node>	its ALIVE note, under its lease
 *	seeding		the node that makes the image, under its lease, while it does
 */
#ifndef HSM_MEMBER_KEY_H
#define HSM_MEMBER_KEY_H

#include "cluster.h"

#define MEMBER_KEY_SIZE	24	/* of the longest name, with its end */
#define MEMBER_RECORDS	"r/"
#define MEMBER_SEEDING	"seeding"

enum member_thing {
	MEMBER_OTHER,		/* no name of ours */
	MEMBER_RECORD,
	MEMBER_NOTE,
	MEMBER_CLAIM
};

struct member_name {
	enum member_thing thing;
	enum store_kind kind;	/* of a record */
	uint64_t id;
	enum cluster_note note;	/* of a note */
	uint32_t node;
};

void member_record_key(char key[MEMBER_KEY_SIZE], enum store_kind kind, uint64_t id);
void member_note_key(char key[MEMBER_KEY_SIZE], enum cluster_note note, uint32_t node);

/* What @key, which anybody may have made, names. */
struct member_name member_name_of(const char *key);

#endif /* HSM_MEMBER_KEY_H */
