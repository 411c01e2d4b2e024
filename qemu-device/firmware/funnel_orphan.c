// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * funnel_orphan.c - keys that wait for nodes, and whose maker runs no more, so that nobody
 * will ever confirm them. The live card with the lowest id takes them away; if it does not
 * for some time, the next one.
 */
#include "funnel_int.h"

#define GRACE_MS	600	/* a maker's note may come behind its key */
#define STEP_MS		400	/* for each card with a lower id */

static bool left_behind(const struct fw *fw, const struct object *o)
{
	return o->maker && !members_running(fw, o->maker_node, o->maker);
}

/* The newest keys come last, and only new ones wait. */
static uint64_t find_orphan(struct fw *fw)
{
	const struct object_table *t = &fw->objects;
	const struct object *o;
	uint64_t handle = 0;
	size_t left;

	fw_lock_read(fw);
	left = t->making;
	for (o = t->last; o && left && !handle; o = o->prev) {
		left -= o->maker != 0;
		if (left_behind(fw, o))
			handle = o->handle;
	}
	fw_unlock(fw);
	return handle;
}

/* Live cards with a lower id than this one's. */
static unsigned int rank(const struct fw *fw)
{
	struct hsm_member v[HSM_MEMBERS_MAX];
	size_t n = members_list(fw, v), i;
	unsigned int lower = 0;

	for (i = 0; i < n; i++)
		lower += get_le32((const uint8_t *)&v[i].flags) & HSM_MEMBER_F_LIVE &&
			 get_le32((const uint8_t *)&v[i].node) < fw->node_id;
	return lower;
}

/* When its turn comes: what this card had not heard of yet may have confirmed it. */
static int prepare(struct change *ch)
{
	struct fw *fw = ch->call.fw;
	const struct object *o = object_by_handle(&fw->objects, ch->handle);

	return o && left_behind(fw, o) ? funnel_prepare_withdraw(ch) : 0;
}

static int swept(struct change *ch, int rc)
{
	ch->call.fw->funnel->sweep = false;
	return rc;
}

/* It is found again at the next look, if it could not be withdrawn. */
static void withdraw(struct fw *fw, uint64_t handle)
{
	struct change *ch = change_own(fw);

	if (!ch)
		return;
	fw->funnel->sweep = true;
	fw->funnel->orphan_since_ms = 0;
	ch->then = swept;
	funnel_withdraw(ch, handle, prepare);
}

bool funnel_orphans(struct fw *fw)
{
	struct funnel *f = fw->funnel;
	uint64_t now, handle;

	if (f->sweep || replica_status(fw) || atomic_load(&f->closed))
		return f->sweep;
	handle = find_orphan(fw);
	now = funnel_now(fw);
	if (!handle)
		f->orphan_since_ms = 0;
	else if (!f->orphan_since_ms)
		f->orphan_since_ms = now ? now : 1;
	else if (funnel_settled(fw) && now >= f->orphan_since_ms + GRACE_MS + rank(fw) * STEP_MS)
		withdraw(fw, handle);
	return handle;
}
