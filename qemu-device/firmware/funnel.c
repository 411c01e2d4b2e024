// SPDX-License-Identifier: GPL-2.0-or-later
/* funnel.c - the way of changes through the cluster: who is inside, and what is next. */
#include "funnel_int.h"

#include <stdlib.h>

#define SETTLE_MS	2000

struct funnel *funnel_new(struct fw *fw)
{
	struct funnel *f = calloc(1, sizeof(*f));

	if (f)
		f->fw = fw;
	return f;
}

void list_push(struct change_list *l, struct change *ch)
{
	ch->next = NULL;
	*(l->last ? &l->last->next : &l->first) = ch;
	l->last = ch;
}

struct change *list_take(struct change_list *l)
{
	struct change *ch = l->first;

	if (!ch)
		return NULL;
	l->first = ch->next;
	if (!l->first)
		l->last = NULL;
	ch->next = NULL;
	return ch;
}

void list_prepend(struct change_list *l, struct change_list *more)
{
	if (!more->first)
		return;
	more->last->next = l->first;
	l->first = more->first;
	if (!l->last)
		l->last = more->last;
	*more = (struct change_list){ NULL, NULL };
}

uint64_t funnel_now(const struct fw *fw)
{
	return fw->platform.now_ms(fw->platform.opaque);
}

void funnel_end(struct change *ch, int rc)
{
	struct fw_req *req = ch->call.req;
	enum fw_result result;

	if (change_end(ch, rc, &result))
		req->done(req, result);
}

static void free_list(struct change_list *l)
{
	struct change *ch;
	size_t i;

	while ((ch = list_take(l))) {
		for (i = 0; i < CHANGE_KEYS; i++)
			object_free(ch->coming[i]);
		user_put(ch->user);
		change_free(ch);
	}
}

void funnel_free(struct funnel *f)
{
	if (!f)
		return;
	while (atomic_load(&f->kicks))
		;
	free_list(&f->arrived);
	free_list(&f->waiting);
	free_list(&f->batched);
	free_list(&f->spreading);
	replica_batch_free(&f->batch);
	free(f->sealed_card.data);
	free(f->sealed_doubts.data);
	funnel_forget_doubts(f);
	free(f);
}

static void take_arrived(struct fw *fw)
{
	struct funnel *f = fw->funnel;
	struct change_list arrived;
	struct change *ch;

	fw_lock_write(fw);
	arrived = f->arrived;
	f->arrived = (struct change_list){ NULL, NULL };
	fw_unlock(fw);
	while ((ch = list_take(&arrived)))
		list_push(&f->waiting, ch);
}

static void take_event(struct fw *fw)
{
	static void (*const next[])(struct fw *) = {
		[FUNNEL_PROPOSED] = funnel_decided,
		[FUNNEL_STORING] = funnel_stored,
		[FUNNEL_DOUBTING] = funnel_doubted,
	};
	struct funnel *f = fw->funnel;

	if (f->state != FUNNEL_IDLE && atomic_exchange(&f->event, false))
		next[f->state](fw);
}

/* Only ticks show that a call was canceled, is late, or that its nodes do not come. */
static void set_tick(struct fw *fw, bool on)
{
	struct funnel *f = fw->funnel;

	on = on || f->waiting.first || f->spreading.first;
	if (on == f->ticking || atomic_load(&f->closed))
		return;
	f->ticking = on;
	replica_ticks(fw, on);
}

bool funnel_settled(const struct fw *fw)
{
	uint64_t since = atomic_load(&fw->funnel->online_ms);

	return since && funnel_now(fw) >= since + SETTLE_MS;
}

static void note_online(struct fw *fw)
{
	uint64_t now = funnel_now(fw);

	if (!atomic_load(&fw->funnel->online_ms) && !replica_status(fw))
		atomic_store(&fw->funnel->online_ms, now ? now : 1);
}

static void go_round(struct fw *fw)
{
	struct funnel *f = fw->funnel;
	bool orphans;

	note_online(fw);
	take_arrived(fw);
	take_event(fw);
	if (!replica_wanted(fw))
		funnel_forget_doubts(f);
	funnel_spread(fw);
	funnel_sweep_waiting(fw);
	orphans = funnel_orphans(fw);
	if (f->state == FUNNEL_IDLE && !atomic_load(&f->closed))
		funnel_cut(fw);
	set_tick(fw, orphans || (f->n_doubts && !funnel_settled(fw)));
}

void funnel_kick(struct fw *fw)
{
	struct funnel *f = fw->funnel;
	unsigned int n;

	if (atomic_fetch_add(&f->kicks, 1))
		return;
	do {
		n = atomic_load(&f->kicks);
		go_round(fw);
	} while (atomic_fetch_sub(&f->kicks, n) != n);
}

void funnel_add(struct fw *fw, struct change *ch)
{
	fw_lock_write(fw);
	list_push(&fw->funnel->arrived, ch);
	fw_unlock(fw);
	funnel_kick(fw);
}

void funnel_close(struct fw *fw)
{
	if (fw->funnel)
		atomic_store(&fw->funnel->closed, true);
}

void funnel_look(struct fw *fw)
{
	funnel_kick(fw);
}
