/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * held.h - what a context holds under a number for calls to come: open operations,
 * unwrap templates. Guarded by fw.lock.
 *
 * A call that works with one takes it, so that it has it to itself without the
 * lock. If the session ends meanwhile, it is nobody's any more, and the one who took
 * it frees it.
 */
#ifndef HSM_HELD_H
#define HSM_HELD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define HELD_MAX 16	/* of one table */

struct held {
	uint32_t id;
	uint32_t session;		/* ends with it */
	atomic_bool taken;
	bool orphan;			/* its session is gone while it was taken */
	void (*free)(struct held *h);
};

struct held_table {
	struct held *slot[HELD_MAX];
	uint32_t last;			/* id given last */
};

/* fw.lock held for writing. Gives an id; false if the table is full. */
bool held_add(struct held_table *t, struct held *h);

/* fw.lock held. NULL if there is no such one or somebody has taken it. */
struct held *held_take(struct held_table *t, uint32_t id);

/*
 * fw.lock held. Gives back what was taken. True if its session is gone: the caller
 * frees it, after letting go of the lock.
 */
bool held_release(struct held *h);

/* fw.lock held for writing. Takes out what was taken, for the caller to free. */
void held_remove(struct held_table *t, struct held *h);

/* fw.lock held for writing. Frees what belongs to @session, or all if it is 0. */
void held_end(struct held_table *t, uint32_t session);

#endif /* HSM_HELD_H */
