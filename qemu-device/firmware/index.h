/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * index.h - an intrusive hash index of many entries per key: nodes live in what
 * they index, chains are found by a 32-bit hash, equality is the caller's.
 */
#ifndef HSM_INDEX_H
#define HSM_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define container_of(ptr, type, member) ((type *)((char *)(ptr) - offsetof(type, member)))

struct index_node {
	struct index_node *next;
	struct index_node **prev;	/* what points here; NULL = not in an index */
	uint32_t hash;
};

struct index {
	struct index_node **bucket;
	size_t mask;
	size_t count;
};

/* False without memory. */
bool index_init(struct index *ix);
void index_free(struct index *ix);

/* Cannot fail: if the table cannot grow, its chains do. */
void index_add(struct index *ix, struct index_node *n, uint32_t hash);
void index_del(struct index *ix, struct index_node *n);

/* The first node with @hash, and the next one after @n. */
struct index_node *index_first(const struct index *ix, uint32_t hash);
struct index_node *index_next(const struct index_node *n);

/* Hash of bytes and numbers under a random @seed, so that chains cannot be aimed at. */
uint32_t index_hash(uint64_t seed, const void *p, size_t len);
uint32_t index_hash_u64(uint64_t seed, uint64_t v);

#endif /* HSM_INDEX_H */
