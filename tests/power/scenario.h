/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scenario.h - the life of a card, step by step, and what is known of it after each. */
#ifndef POWER_SCENARIO_H
#define POWER_SCENARIO_H

#include "card.h"
#include "disk.h"

/* What was known when a step had been answered. */
struct mark {
	char what[48];
	size_t calls;		/* in the log by then */
	struct state state;
	uint64_t told_handle;	/* the largest that was given to anybody since the last wipe */
	bool restart;		/* a start of the card: nothing of it is stored */
	bool wipe;		/* needles: of what was there before */
};

#define MARKS	160
#define WIPES	4

struct life {
	const char *dir;
	struct disk_log *log;
	struct mark mark[MARKS];
	size_t n;
	struct needles needles[WIPES];
	size_t wipe_at[WIPES], n_wipes;	/* marks */
	struct audit_copy audit;	/* at the end */
	bool brief;			/* fewer steps */
	/*
	 * The disk may fail (shim_fail()): then a step may fail, once, which is tried again when
	 * it is mended. @forever: it does not mend by itself. @failed: the mark of that step.
	 */
	bool forever;
	size_t failed;
};

/* Lives it, in l->dir, which is watched. False if it went wrong. */
bool life_run(struct life *l);
void life_free(struct life *l);

#endif /* POWER_SCENARIO_H */
