/* SPDX-License-Identifier: GPL-2.0-or-later */
/* parts.h - work that is shared by processes, and what a run is told. */
#ifndef POWER_PARTS_H
#define POWER_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "check.h"

#define PARTS	2	/* processes */

/*
 * From the environment: SEED=n chooses what the disk keeps; POWER_ROUNDS=n how often that is
 * drawn for each call; CALL=n, FAULT=n, MEMBER_CALL=n look at one call of a life only.
 */
struct setting {
	const char *dir;	/* the argument: exists, ends up full of stores */
	uint64_t seed;
	unsigned int rounds;
	long call, fault, member_call;	/* below 0: all */
};

/* False with a line on standard error. */
bool setting_read(struct setting *s, int argc, char **argv);

/* Checks that @only, which the variable @name gave, is below 0 or one of @n calls. */
void check_range(const char *name, long only, size_t n);

/* What the parts count; calls: those of which such a variable chooses one. */
struct counts {
	size_t a, b, c, calls;
};

/*
 * Each part in a process of its own, which the firmware's memory would not follow: so a part
 * begins everything anew. The sum; calls of the last one. What goes wrong is told.
 */
typedef bool (*part_fn)(const struct setting *s, unsigned int i, struct counts *n);
struct counts parts_run(const struct setting *s, part_fn part);

/* A folder of the part's own; stays. */
char *part_folder(const struct setting *s, const char *name, unsigned int part);

#endif /* POWER_PARTS_H */
