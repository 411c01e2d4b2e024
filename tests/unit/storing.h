/* SPDX-License-Identifier: GPL-2.0-or-later */
/* storing.h - transactions that a test waits for, and what it finds in a store. */
#ifndef TESTS_STORING_H
#define TESTS_STORING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

/* Hooks that count. The root is "root N" for the Nth batch; @err fails batches. */
struct counting {
	struct store_hooks hooks;
	unsigned int batches, txns, aborts;
	int err;
	char root[32];
	struct store_op op;
};

void counting_init(struct counting *c);

/* Submits and waits; what done said. */
int commit_wait(struct store *st, const struct store_op *ops, size_t n);

/* One record with a text, or NULL to delete it. */
int put_text(struct store *st, enum store_kind kind, uint64_t id, const char *text);

/* Everything in @st, as "kind/id=text " of each, in static memory. */
const char *dump(struct store *st);

/* Runs SQL on a store that nobody has open, as a thief would. */
void sql(const char *path, const char *text);

#endif /* TESTS_STORING_H */
