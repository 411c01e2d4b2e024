/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cuts.h - a life is cut off at every call, and the card that is found is judged. */
#ifndef POWER_CUTS_H
#define POWER_CUTS_H

#include "scenario.h"

/* What to try, and how much came of it. */
struct cuts {
	const struct life *life;
	const char *dir;		/* to play in; exists */
	uint64_t seed;
	unsigned int rounds;		/* of every version that is drawn */
	long only;			/* this call; below 0: all */
	unsigned int part, parts;	/* every parts-th call, from part on */
	/* In these calls a step failed: it may be done all the same, whatever was answered. */
	size_t unsure_from, unsure_to;
	bool remains;			/* the disk kept the card from clearing what it wiped */
	size_t images, again, lived;	/* cards looked at; cut again; used on */
};

/* False if something was wrong, which was told. */
bool cuts_run(struct cuts *c);

/* The same with one version of one call. */
bool cuts_run_one(struct cuts *c, size_t n, enum disk_version version);

/* Whether nothing of what was wiped, and told to be, by then is in the image; else it is told. */
bool cuts_wiped(const struct life *l, size_t calls, const struct disk_image *image);

#endif /* POWER_CUTS_H */
