// SPDX-License-Identifier: GPL-2.0-or-later
/* quorum_cluster.c - tokens that the cards of a cluster share. */
#include <stdlib.h>
#include <string.h>

#include "debt.h"
#include "members.h"
#include "quorum_int.h"
#include "replica.h"

#define DELETE_MAX	32	/* records of one change */

static void enter(struct fw *fw, struct quorum_token *t)
{
	struct quorum *q = &fw->quorum;
	struct quorum_token **at = &q->first;

	t->expires_ms = fw->platform.now_ms(fw->platform.opaque) + HSM_TOKEN_VALID_S * 1000ull;
	while (*at)
		at = &(*at)->next;
	*at = t;
	q->n++;
	if (q->last_id < t->id)
		q->last_id = t->id;
}

static void forget(struct fw *fw, uint64_t id)
{
	struct quorum_token *t = id <= UINT32_MAX ? quorum_by_id(fw, (uint32_t)id) : NULL;

	if (!t)
		return;
	t->gone = true;
	quorum_drop(t);
	quorum_reap(fw);
}

void quorum_take(struct fw *fw, uint64_t id, const uint8_t *p, size_t len)
{
	struct quorum_token *t = p ? quorum_get(id, p, len) : NULL, *old;

	if (!t) {
		forget(fw, id);
		return;
	}
	old = quorum_by_id(fw, t->id);
	if (!old) {
		enter(fw, t);
		return;
	}
	old->missing = false;
	memcpy(old->approval, t->approval, sizeof(t->approval));
	old->n_approvals = t->n_approvals;
	free(t);
}

void quorum_snapshot(struct fw *fw, bool begins)
{
	struct quorum_token *t;

	for (t = fw->quorum.first; t; t = t->next) {
		if (!begins && t->missing) {
			t->gone = true;
			quorum_drop(t);
		}
		t->missing = begins && t->shared && !(atomic_load(&t->state) & TOKEN_COMING);
	}
	if (!begins)
		quorum_reap(fw);
}

bool quorum_spend(struct change *ch, struct replica_batch *b)
{
	struct fw *fw = ch->call.fw;
	uint32_t id[QUORUM_CLAIMS];
	size_t i, n = 0;

	fw_lock_read(fw);
	for (i = 0; i < QUORUM_CLAIMS; i++) {
		const struct quorum_token *t = ch->call.claims[i];

		if (t && t->shared && !t->gone)
			id[n++] = t->id;
	}
	fw_unlock(fw);
	for (i = 0; i < n; i++) {
		if (!replica_add(fw, b, STORE_TOKEN, id[i], NULL))
			return false;
	}
	return true;
}

/* Records that go: those that are wanted when the turn of the change comes. */
struct doomed {
	int (*check)(struct call *c);
	quorum_pick wanted;
	bool more;
	size_t n;
	uint32_t id[DELETE_MAX];
};

/* What somebody is at work with settles itself. */
static bool can_go(const struct quorum_token *t)
{
	return t->shared && !t->gone && !(atomic_load(&t->state) & TOKEN_BUSY);
}

static int prepare_delete(struct change *ch)
{
	struct doomed *d = ch->extra;
	struct quorum_token *t;
	int rc = d->check(&ch->call);

	d->n = 0;
	d->more = false;
	for (t = ch->call.fw->quorum.first; t && !rc; t = t->next) {
		if (!can_go(t) || !d->wanted(&ch->call, t))
			continue;
		d->more = d->n == DELETE_MAX;
		if (d->more)
			break;
		atomic_fetch_or(&t->state, TOKEN_CHANGING);
		d->id[d->n++] = t->id;
	}
	return rc;
}

static bool image_delete(struct change *ch, struct replica_batch *b)
{
	const struct doomed *d = ch->extra;
	size_t i;

	for (i = 0; i < d->n; i++) {
		if (!replica_add(ch->call.fw, b, STORE_TOKEN, d->id[i], NULL))
			return false;
	}
	return true;
}

static void end_delete(struct change *ch, bool gone)
{
	struct doomed *d = ch->extra;
	struct quorum_token *t;
	size_t i;

	for (i = 0; i < d->n; i++) {
		t = quorum_by_id(ch->call.fw, d->id[i]);
		if (!t)
			continue;
		atomic_fetch_and(&t->state, ~TOKEN_CHANGING);
		if (gone)
			quorum_drop(t);
		t->gone |= gone;
	}
	d->n = 0;
	quorum_reap(ch->call.fw);
}

static int applied_delete(struct change *ch)
{
	end_delete(ch, true);
	return 0;
}

static void failed_delete(struct change *ch)
{
	end_delete(ch, false);
}

static int then_delete(struct change *ch, int rc)
{
	const struct doomed *d = ch->extra;
	struct change *next;

	if (rc || !d->more)
		return rc;
	next = quorum_delete_change(change_new(&ch->call), d->check, d->wanted);
	if (!next)
		return HSM_RV_NO_MEMORY;
	next->quiet = true;
	fw_lock_write(ch->call.fw);
	return change_propose(next);
}

struct change *quorum_delete_change(struct change *ch, int (*check)(struct call *c),
				    quorum_pick wanted)
{
	struct doomed *d;

	if (!ch)
		return NULL;
	d = calloc(1, sizeof(*d));
	if (!d) {
		change_free(ch);
		return NULL;
	}
	d->check = check;
	d->wanted = wanted;
	ch->extra = d;
	ch->prepare = prepare_delete;
	ch->image = image_delete;
	ch->image_ops = DELETE_MAX;
	ch->applied = applied_delete;
	ch->failed = failed_delete;
	ch->then = then_delete;
	return ch;
}

/*
 * What no card has a use for, by now or because of what happened here. Tokens of another card
 * that does not run are left to their time: it may only seem so from here.
 */
static bool useless(const struct call *c, const struct quorum_token *t)
{
	const struct fw *fw = c->fw;

	return !quorum_alive(fw, t) &&
	       (quorum_node(t) == fw->node_id ||
		members_running(fw, quorum_node(t), t->incarnation) ||
		fw->platform.now_ms(fw->platform.opaque) >= t->expires_ms);
}

static int any_useless(struct call *c)
{
	const struct quorum_token *t = c->fw->quorum.first;

	while (t && !(can_go(t) && useless(c, t)))
		t = t->next;
	return t ? 0 : HSM_RV_NO_TOKEN;
}

static int then_sweep(struct change *ch, int rc)
{
	struct fw *fw = ch->call.fw;

	fw_lock_write(fw);
	fw->quorum.sweeping = false;
	fw_unlock(fw);
	if (!rc)
		quorum_sweep(fw);
	else if (rc != HSM_RV_NO_TOKEN)
		debt_later(fw);
	return rc;
}

/* True for one of those who ask. fw.lock held for writing. */
static bool begin_sweep(struct fw *fw)
{
	struct call c = { .fw = fw };

	if (fw->quorum.sweeping || any_useless(&c))
		return false;
	fw->quorum.sweeping = true;
	return true;
}

void quorum_sweep(struct fw *fw)
{
	struct change *ch;
	bool begun;

	if (!replica_wanted(fw) || replica_status(fw))
		return;
	ch = quorum_delete_change(change_own(fw), any_useless, useless);
	if (!ch)
		return;
	ch->then = then_sweep;
	fw_lock_write(fw);
	begun = begin_sweep(fw);
	if (begun) {
		change_propose(ch);
		return;
	}
	fw_unlock(fw);
	change_free(ch);
}
