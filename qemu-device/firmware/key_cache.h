/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * key_cache.h - prepared keys (crypto_key.h), by handle, so that a key is decoded
 * once and not for every operation. Bounded: the one not used for longest goes.
 *
 * It has a lock of its own, inside fw.lock. A key is in it only while its object is
 * in the table: key_cache_add() and the removal of an object both have fw.lock.
 */
#ifndef HSM_KEY_CACHE_H
#define HSM_KEY_CACHE_H

#include "crypto_key.h"
#include "fw.h"

#define KEY_CACHE_MAX 4096

struct key_cache;

/* @platform stays the caller's and must outlive it. NULL without memory. */
struct key_cache *key_cache_new(const struct fw_platform *platform, uint64_t seed);
void key_cache_free(struct key_cache *k);	/* NULL is allowed */

/* A reference on the prepared key of @handle; NULL if it is not here. */
struct fc_key *key_cache_get(struct key_cache *k, uint64_t handle);

/* Keeps a reference of its own. fw.lock held, the object is in the table. */
void key_cache_add(struct key_cache *k, uint64_t handle, struct fc_key *key);

/* The object leaves the table: fw.lock held for writing. @k may be NULL. */
void key_cache_forget(struct key_cache *k, uint64_t handle);

#endif /* HSM_KEY_CACHE_H */
