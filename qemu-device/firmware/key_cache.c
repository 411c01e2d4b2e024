// SPDX-License-Identifier: GPL-2.0-or-later
/* key_cache.c - prepared keys, by handle. */
#include "key_cache.h"

#include <stdlib.h>

#include "index.h"

struct entry {
	struct index_node node;
	struct entry *newer, *older;
	uint64_t handle;
	struct fc_key *key;
};

struct key_cache {
	const struct fw_platform *platform;
	void *lock;
	uint64_t seed;
	struct index keys;
	struct entry *newest, *oldest;
};

static void lock(struct key_cache *k)
{
	k->platform->lock_write(k->platform->opaque, k->lock);
}

static void unlock(struct key_cache *k)
{
	k->platform->unlock(k->platform->opaque, k->lock);
}

struct key_cache *key_cache_new(const struct fw_platform *platform, uint64_t seed)
{
	struct key_cache *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	k->platform = platform;
	k->seed = seed;
	k->lock = platform->lock_new(platform->opaque);
	if (k->lock && index_init(&k->keys))
		return k;
	key_cache_free(k);
	return NULL;
}

static struct entry *find(const struct key_cache *k, uint64_t handle)
{
	struct index_node *n = index_first(&k->keys, index_hash_u64(k->seed, handle));

	for (; n; n = index_next(n)) {
		struct entry *e = container_of(n, struct entry, node);

		if (e->handle == handle)
			return e;
	}
	return NULL;
}

static void unlink_entry(struct key_cache *k, struct entry *e)
{
	*(e->newer ? &e->newer->older : &k->newest) = e->older;
	*(e->older ? &e->older->newer : &k->oldest) = e->newer;
}

static void link_newest(struct key_cache *k, struct entry *e)
{
	e->newer = NULL;
	e->older = k->newest;
	*(k->newest ? &k->newest->newer : &k->oldest) = e;
	k->newest = e;
}

static struct entry *make(struct key_cache *k, uint64_t handle)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (e) {
		e->handle = handle;
		index_add(&k->keys, &e->node, index_hash_u64(k->seed, handle));
	}
	return e;
}

static void drop(struct key_cache *k, struct entry *e)
{
	unlink_entry(k, e);
	index_del(&k->keys, &e->node);
	fc_key_put(e->key);
	free(e);
}

void key_cache_free(struct key_cache *k)
{
	if (!k)
		return;
	while (k->oldest)
		drop(k, k->oldest);
	index_free(&k->keys);
	if (k->lock)
		k->platform->lock_free(k->platform->opaque, k->lock);
	free(k);
}

struct fc_key *key_cache_get(struct key_cache *k, uint64_t handle)
{
	struct fc_key *key = NULL;
	struct entry *e;

	lock(k);
	e = find(k, handle);
	if (e) {
		if (e != k->newest) {
			unlink_entry(k, e);
			link_newest(k, e);
		}
		key = fc_key_get(e->key);
	}
	unlock(k);
	return key;
}

void key_cache_add(struct key_cache *k, uint64_t handle, struct fc_key *key)
{
	struct entry *e;

	lock(k);
	e = find(k, handle) ? NULL : make(k, handle);
	if (e) {
		e->key = fc_key_get(key);
		link_newest(k, e);
	}
	if (k->keys.count > KEY_CACHE_MAX)
		drop(k, k->oldest);
	unlock(k);
}

void key_cache_forget(struct key_cache *k, uint64_t handle)
{
	struct entry *e;

	if (!k)
		return;
	lock(k);
	e = find(k, handle);
	if (e)
		drop(k, e);
	unlock(k);
}
