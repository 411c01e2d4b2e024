/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * load.h - everything that users of a card do, at once, for a while.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define LOAD_WORKERS	4

/* What came of a load. */
struct load {
	uint64_t end;		/* when to stop, now_ms() */
	uint32_t max;		/* largest message of the card */
	uint32_t max_call_ms;	/* the longest a call may take */
	atomic_int calls;
	atomic_int replies;	/* of EXEC */
	atomic_bool stop;
	char wrong[256];	/* the first thing that must not be; "": none */
};

/* Runs for ms milliseconds; false if something does not come back in time. */
bool load_run(struct load *l, unsigned int ms, int fd, unsigned int seed);

__attribute__((format(printf, 2, 3)))
void load_wrong(struct load *l, const char *fmt, ...);

#endif /* LOAD_H */
