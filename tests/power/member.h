/* SPDX-License-Identifier: GPL-2.0-or-later */
/* member.h - a card of a simulated cluster whose store is in files, and its power. */
#ifndef POWER_MEMBER_H
#define POWER_MEMBER_H

#include "disk.h"
#include "sim.h"

#define MEMBER	1	/* its node; 0 and 2 are the others */

/* The folder of the card's store; NULL: it is the simulator's. */
void member_store_in(const char *dir);

/* Whether it was given debts and doubts to keep: the life would be a poor one without. */
bool member_store_saw_all(void);

/* What to try, and how much came of it. */
struct member_cuts {
	const char *dir;		/* to play in; exists */
	uint64_t seed;
	unsigned int rounds;
	long only;			/* this call; below 0: all */
	unsigned int part, parts;	/* every parts-th call, from part on */
	size_t calls, cards;		/* of a life; cards found */
};

/* False if something was wrong, which was told. */
bool member_run(struct member_cuts *c);

#endif /* POWER_MEMBER_H */
