// SPDX-License-Identifier: GPL-2.0-or-later
/* held.c - what a context holds under a number for calls to come. */
#include "held.h"

#include <stddef.h>

#include "hsm/hsm_cmd.h"

_Static_assert(HELD_MAX == HSM_OPERATIONS_MAX && HELD_MAX == HSM_TEMPLATES_MAX, "one limit");

static struct held **slot_of(struct held_table *t, const struct held *h)
{
	size_t i;

	for (i = 0; i < HELD_MAX; i++) {
		if (t->slot[i] == h)
			return &t->slot[i];
	}
	return NULL;
}

static struct held *by_id(const struct held_table *t, uint32_t id)
{
	size_t i;

	for (i = 0; i < HELD_MAX; i++) {
		if (t->slot[i] && t->slot[i]->id == id)
			return t->slot[i];
	}
	return NULL;
}

bool held_add(struct held_table *t, struct held *h)
{
	struct held **slot = slot_of(t, NULL);

	if (!slot)
		return false;
	do {
		t->last++;
	} while (!t->last || by_id(t, t->last));
	h->id = t->last;
	*slot = h;
	return true;
}

struct held *held_take(struct held_table *t, uint32_t id)
{
	struct held *h = by_id(t, id);

	return h && !atomic_exchange(&h->taken, true) ? h : NULL;
}

bool held_release(struct held *h)
{
	if (h->orphan)
		return true;
	atomic_store(&h->taken, false);
	return false;
}

void held_remove(struct held_table *t, struct held *h)
{
	struct held **slot = slot_of(t, h);

	if (slot)
		*slot = NULL;
}

void held_end(struct held_table *t, uint32_t session)
{
	size_t i;

	for (i = 0; i < HELD_MAX; i++) {
		struct held *h = t->slot[i];

		if (!h || (session && h->session != session))
			continue;
		t->slot[i] = NULL;
		if (atomic_load(&h->taken))
			h->orphan = true;
		else
			h->free(h);
	}
}
