// SPDX-License-Identifier: GPL-2.0-or-later
/* seal_map.c - hash tables with linear probing; see seal_map.h. */
#include <stdlib.h>
#include <string.h>

#include "seal_map.h"

#define FIRST_SLOTS 64

/* Handles count up: a multiplication spreads them. */
static size_t home(uint64_t id, size_t mask)
{
	return (size_t)((id * 0x9e3779b97f4a7c15ull) >> 20) & mask;
}

void seal_map_clear(struct seal_map *m)
{
	for (size_t i = 0; i < SEAL_KINDS; i++)
		free(m->kinds[i].slots);
	memset(m, 0, sizeof(*m));
}

size_t seal_map_count(const struct seal_map *m)
{
	size_t n = 0;

	for (size_t i = 0; i < SEAL_KINDS; i++)
		n += m->kinds[i].used;
	return n;
}

/* The slot of @id, or the free one where it belongs. There always is a free one. */
static struct seal_map_slot *probe(struct seal_map_slot *slots, size_t mask, uint64_t id)
{
	size_t i = home(id, mask);

	while (slots[i].id != id && slots[i].id != SEAL_MAP_EMPTY)
		i = (i + 1) & mask;
	return &slots[i];
}

bool seal_map_get(const struct seal_map *m, enum store_kind kind, uint64_t id,
		  uint8_t mac[SEAL_MAC_LEN])
{
	const struct seal_map_slot *slot;

	if (kind >= SEAL_KINDS || !m->kinds[kind].slots || id == SEAL_MAP_EMPTY)
		return false;
	slot = probe(m->kinds[kind].slots, m->kinds[kind].mask, id);
	if (slot->id != id)
		return false;
	memcpy(mac, slot->mac, SEAL_MAC_LEN);
	return true;
}

/* Room for one more with a quarter of the slots free. */
static bool grow(struct seal_map *m, enum store_kind kind)
{
	struct seal_map_slot *old = m->kinds[kind].slots, *slots;
	size_t n = old ? m->kinds[kind].mask + 1 : 0;
	size_t room = n ? n * 2 : FIRST_SLOTS;

	if (old && m->kinds[kind].used + 1 <= n / 4 * 3)
		return true;
	slots = malloc(room * sizeof(*slots));
	if (!slots)
		return false;
	for (size_t i = 0; i < room; i++)
		slots[i].id = SEAL_MAP_EMPTY;
	for (size_t i = 0; i < n; i++)
		if (old[i].id != SEAL_MAP_EMPTY)
			*probe(slots, room - 1, old[i].id) = old[i];
	free(old);
	m->kinds[kind].slots = slots;
	m->kinds[kind].mask = room - 1;
	return true;
}

bool seal_map_put(struct seal_map *m, enum store_kind kind, uint64_t id,
		  const uint8_t mac[SEAL_MAC_LEN])
{
	struct seal_map_slot *slot = NULL;

	if (kind >= SEAL_KINDS || id == SEAL_MAP_EMPTY)
		return false;
	if (m->kinds[kind].slots)
		slot = probe(m->kinds[kind].slots, m->kinds[kind].mask, id);
	if (!slot || slot->id != id) {
		if (!grow(m, kind))
			return false;
		slot = probe(m->kinds[kind].slots, m->kinds[kind].mask, id);
		slot->id = id;
		m->kinds[kind].used++;
	}
	memcpy(slot->mac, mac, SEAL_MAC_LEN);
	return true;
}

/* Moves up those that stood behind @id for want of a better place, so no gap is left. */
void seal_map_remove(struct seal_map *m, enum store_kind kind, uint64_t id)
{
	struct seal_map_slot *slots, *slot;
	size_t mask, hole;

	if (kind >= SEAL_KINDS || !m->kinds[kind].slots || id == SEAL_MAP_EMPTY)
		return;
	slots = m->kinds[kind].slots;
	mask = m->kinds[kind].mask;
	slot = probe(slots, mask, id);
	if (slot->id != id)
		return;
	hole = (size_t)(slot - slots);
	for (size_t i = (hole + 1) & mask; slots[i].id != SEAL_MAP_EMPTY; i = (i + 1) & mask) {
		size_t way = (i - home(slots[i].id, mask)) & mask;

		if (way >= ((i - hole) & mask)) {
			slots[hole] = slots[i];
			hole = i;
		}
	}
	slots[hole].id = SEAL_MAP_EMPTY;
	m->kinds[kind].used--;
}
