/* SPDX-License-Identifier: GPL-2.0-or-later */
/* faults.h - a life on a disk that fails in one call, or from one call on until it is mended. */
#ifndef POWER_FAULTS_H
#define POWER_FAULTS_H

#include "shim.h"

struct faults {
	const char *dir, *dir_cut;	/* to live and to be looked at in; exist */
	uint64_t seed;
	bool every;			/* every fault in every call; else two of them */
	long only;			/* this call; below 0: all */
	unsigned int part, parts;	/* every parts-th call, from part on */
	size_t lives, failed, images;	/* lives; those in which a step failed; cards looked at */
	size_t chances;			/* calls that can fail */
};

/* False if something was wrong, which was told. */
bool faults_run(struct faults *f);

#endif /* POWER_FAULTS_H */
