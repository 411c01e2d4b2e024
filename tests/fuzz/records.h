/* SPDX-License-Identifier: GPL-2.0-or-later */
/* records.h - what a store holds, as a list that a target makes up or copies. */
#ifndef FUZZ_RECORDS_H
#define FUZZ_RECORDS_H

#include "fuzzing.h"
#include "store.h"

#define RECORDS_MAX	256

/* In order of kind and id; the data is the list's. Zero-initialise. */
struct records {
	struct store_op op[RECORDS_MAX];
	size_t n;
};

/* Puts a copy in its place; one that is there is replaced. NULL takes it away. */
void records_put(struct records *r, enum store_kind kind, uint64_t id, const void *data,
		 size_t len);
void records_clear(struct records *r);

/* Everything that @st holds, audit log and all. */
void records_take(struct records *r, struct store *st);

/* A store in memory that holds them; not started. */
struct store *records_store(const struct records *r);

#endif /* FUZZ_RECORDS_H */
