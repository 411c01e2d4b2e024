// SPDX-License-Identifier: GPL-2.0-or-later
/* index.c - intrusive hash index. */
#include "index.h"

#include <stdlib.h>
#include <string.h>

#define INDEX_MIN 64	/* buckets; a power of two */

bool index_init(struct index *ix)
{
	ix->bucket = calloc(INDEX_MIN, sizeof(*ix->bucket));
	ix->mask = INDEX_MIN - 1;
	ix->count = 0;
	return ix->bucket;
}

void index_free(struct index *ix)
{
	free(ix->bucket);
	ix->bucket = NULL;
}

static void link_node(struct index *ix, struct index_node *n)
{
	struct index_node **head = &ix->bucket[n->hash & ix->mask];

	n->next = *head;
	n->prev = head;
	if (n->next)
		n->next->prev = &n->next;
	*head = n;
}

static void grow(struct index *ix)
{
	struct index old = *ix;
	size_t size = (old.mask + 1) * 2, i;
	struct index_node *n, *next;

	ix->bucket = calloc(size, sizeof(*ix->bucket));
	if (!ix->bucket) {
		*ix = old;
		return;
	}
	ix->mask = size - 1;
	for (i = 0; i <= old.mask; i++) {
		for (n = old.bucket[i]; n; n = next) {
			next = n->next;
			link_node(ix, n);
		}
	}
	free(old.bucket);
}

void index_add(struct index *ix, struct index_node *n, uint32_t hash)
{
	if (ix->count > ix->mask)
		grow(ix);
	n->hash = hash;
	link_node(ix, n);
	ix->count++;
}

void index_del(struct index *ix, struct index_node *n)
{
	if (!n->prev)
		return;
	*n->prev = n->next;
	if (n->next)
		n->next->prev = n->prev;
	n->prev = NULL;
	ix->count--;
}

static struct index_node *match(struct index_node *n, uint32_t hash)
{
	while (n && n->hash != hash)
		n = n->next;
	return n;
}

struct index_node *index_first(const struct index *ix, uint32_t hash)
{
	return match(ix->bucket[hash & ix->mask], hash);
}

struct index_node *index_next(const struct index_node *n)
{
	return match(n->next, n->hash);
}

uint32_t index_hash_u64(uint64_t seed, uint64_t v)
{
	uint64_t h = v ^ seed;

	h = (h ^ h >> 33) * 0xff51afd7ed558ccdull;
	h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53ull;
	return (uint32_t)(h ^ h >> 33);
}

uint32_t index_hash(uint64_t seed, const void *p, size_t len)
{
	const uint8_t *b = p;
	uint64_t h = seed ^ len * 0x9e3779b97f4a7c15ull, word;

	for (; len >= sizeof(word); b += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, b, sizeof(word));
		h = (h ^ word) * 0xff51afd7ed558ccdull;
		h ^= h >> 32;
	}
	word = 0;
	memcpy(&word, b, len);
	return index_hash_u64(h, word);
}
