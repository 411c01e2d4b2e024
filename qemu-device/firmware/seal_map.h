/* SPDX-License-Identifier: GPL-2.0-or-later */
/* seal_map.h - (kind, id) -> MAC of the record as it stands in the store. Not locked. */
#ifndef HSM_SEAL_MAP_H
#define HSM_SEAL_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

/* Enough: nobody sees the MACs, so a forger has one guess per start of a card. */
#define SEAL_MAC_LEN	16
#define SEAL_KINDS	(STORE_TOKEN + 1)

struct seal_map_slot {
	uint64_t id;			/* SEAL_MAP_EMPTY: free */
	uint8_t mac[SEAL_MAC_LEN];
};

#define SEAL_MAP_EMPTY	UINT64_MAX

/* One open-addressed table per kind; all zero is an empty map. */
struct seal_map {
	struct {
		struct seal_map_slot *slots;
		size_t mask;		/* number of slots less 1 */
		size_t used;
	} kinds[SEAL_KINDS];
};

void seal_map_clear(struct seal_map *m);
size_t seal_map_count(const struct seal_map *m);

/* False if there is none. */
bool seal_map_get(const struct seal_map *m, enum store_kind kind, uint64_t id,
		  uint8_t mac[SEAL_MAC_LEN]);

/* False without memory or for an unknown kind or the id SEAL_MAP_EMPTY; never for a replacement. */
bool seal_map_put(struct seal_map *m, enum store_kind kind, uint64_t id,
		  const uint8_t mac[SEAL_MAC_LEN]);
void seal_map_remove(struct seal_map *m, enum store_kind kind, uint64_t id);

#endif /* HSM_SEAL_MAP_H */
