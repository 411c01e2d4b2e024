// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * funnel_wait.c - changes that wait: for their turn, and for other nodes.
 *
 * A key that was asked for on k nodes comes in two transactions: pending, and when k have
 * that on their disks, without the mark. Then it is answered, when k have that, too, or the
 * time is over. A key that has not come so far in time is taken away by another transaction.
 */
#include "funnel_int.h"

#include <stdlib.h>
#include <string.h>

#define REST_MS	500	/* between tries of what nobody waits for */

/* No other node is asked again whether it has it; those that are dead or failing count, too. */
static bool all_have_answered(const struct fw *fw, const struct change *ch)
{
	struct hsm_node_status v[HSM_MEMBERS_MAX];
	const struct members_ask ask = { .position = ch->position };

	return members_answer(fw, &ask, v) >= members_known(fw);
}

static bool enough(const struct fw *fw, const struct change *ch)
{
	if (ch->min_srv)
		return members_have(fw, ch->position) >= ch->min_srv;
	return all_have_answered(fw, ch);
}

/* Why a change that wants several nodes has to be given up; 0: it has not. */
static int too_late(struct fw *fw, const struct change *ch)
{
	int rc = call_stopped(&ch->call);

	if (rc)
		return rc;
	fw_lock_read(fw);
	rc = call_allowed(&ch->call);
	fw_unlock(fw);
	return rc || funnel_now(fw) >= ch->until_ms ? HSM_RV_CLUSTER_INCOMPLETE : 0;
}

/*
 * One that is gone already, or about to go, needs nothing. When the card was wiped, another
 * key may have the handle.
 */
int funnel_prepare_withdraw(struct change *ch)
{
	struct fw *fw = ch->call.fw;
	size_t i, n = 0;

	if (!replica_wanted(fw))
		return HSM_RV_CLUSTER_UNAVAILABLE;
	for (i = 0; i < CHANGE_KEYS && ch->handles[i]; i++) {
		struct object *o = object_by_handle(&fw->objects, ch->handles[i]);

		if (!o || o->state == OBJECT_DELETING || o->leaving)
			continue;
		o->leaving = o->state == OBJECT_PENDING;
		if (!o->leaving)
			o->state = OBJECT_DELETING;
		ch->keys[n++] = o;
	}
	ch->deletes = n;
	return 0;
}

static int withdrawn(struct change *ch)
{
	return ch->outcome;
}

static void set_withdrawal(struct change *ch, int outcome)
{
	ch->stage = CHANGE_WITHDRAWS;
	ch->prepare = funnel_prepare_withdraw;
	ch->applied = withdrawn;
	ch->reply = NULL;
	ch->outcome = outcome;
	ch->quiet = outcome < 0;
	ch->status = outcome < 0 ? 0 : outcome;
	ch->call.late = true;
}

/* Looks for them again: somebody may have withdrawn one; then the other goes, too. */
static int prepare_confirm(struct change *ch)
{
	struct fw *fw = ch->call.fw;
	uint64_t me = members_incarnation(fw);
	size_t i;

	for (i = 0; i < CHANGE_KEYS && ch->handles[i]; i++) {
		struct object *o = object_by_handle(&fw->objects, ch->handles[i]);

		if (!o || o->maker != me) {
			set_withdrawal(ch, HSM_RV_CLUSTER_INCOMPLETE);
			return funnel_prepare_withdraw(ch);
		}
	}
	for (i = 0; i < CHANGE_KEYS && ch->handles[i]; i++) {
		ch->keys[i] = object_by_handle(&fw->objects, ch->handles[i]);
		object_set_maker(&fw->objects, ch->keys[i], 0, 0);
	}
	return 0;
}

/* Who has the key now; without memory the reply tells who has it then. */
static void remember_nodes(struct change *ch)
{
	struct members_ask ask = { .position = ch->position, .same = true };
	struct hsm_node_status v[HSM_MEMBERS_MAX];
	struct call_nodes *had = calloc(1, sizeof(*had));
	size_t i, n = members_answer(ch->call.fw, &ask, v);

	for (i = 0; had && i < n; i++) {
		if (!get_le32((const uint8_t *)&v[i].status))
			had->node[had->n++] = get_le32((const uint8_t *)&v[i].node);
	}
	ch->call.had = had;
}

static void confirm(struct change *ch)
{
	remember_nodes(ch);
	ch->stage = CHANGE_CONFIRMS;
	ch->prepare = prepare_confirm;
}

void funnel_withdraw(struct change *ch, uint64_t handle, int (*prepare)(struct change *ch))
{
	struct fw *fw = ch->call.fw;

	set_withdrawal(ch, 0);
	ch->prepare = prepare;
	ch->quiet = true;
	ch->handle = handle;
	ch->handles[0] = handle;
	fw_lock_write(fw);
	change_propose(ch);
}

bool funnel_withdraw_key(struct fw *fw, uint64_t handle)
{
	struct change *ch = change_own(fw);

	if (!ch) {
		fw_log(fw, FW_LOG_ERROR, "cluster: key %llu is not withdrawn: out of memory",
		       (unsigned long long)handle);
		return false;
	}
	ch->stays = true;
	funnel_withdraw(ch, handle, funnel_prepare_withdraw);
	return true;
}

/* The caller is told now, and the keys go when they can: until then nobody sees them. */
static void detach(struct fw *fw, struct change *ch)
{
	const struct call nobody = { .fw = fw };
	struct fw_req *req = ch->call.req;
	struct call call = ch->call;
	enum fw_result result;
	int rc = ch->outcome;

	ch->call = nobody;
	/* They go with the answer. */
	memset(ch->claims, 0, sizeof(ch->claims));
	ch->stays = true;
	ch->quiet = true;
	list_push(&fw->funnel->waiting, ch);
	if (rc >= 0)
		rc = change_record(&call, rc);
	if (rc == CALL_ASYNC)
		return;
	result = call_end(&call, rc);
	req->done(req, result);
}

/* What is ordered and stored here: true if it has come to an end, or goes on elsewhere. */
static bool look_at(struct fw *fw, struct change *ch)
{
	struct funnel *f = fw->funnel;
	bool done = enough(fw, ch);
	int rc = done ? 0 : ch->min_srv > 1 ? too_late(fw, ch) : call_stopped(&ch->call);

	if (!done && !rc)
		return false;
	if (ch->min_srv <= 1 || ch->stage == CHANGE_CONFIRMS) {
		funnel_end(ch, ch->rc);
		return true;
	}
	if (done) {
		confirm(ch);
	} else {
		remember_nodes(ch);
		set_withdrawal(ch, rc);
	}
	list_push(&f->waiting, ch);
	return true;
}

void funnel_spread(struct fw *fw)
{
	struct funnel *f = fw->funnel;
	struct change_list all = f->spreading;
	struct change *ch;

	f->spreading = (struct change_list){ NULL, NULL };
	while ((ch = list_take(&all))) {
		if (!look_at(fw, ch))
			list_push(&f->spreading, ch);
	}
}

/* One that is not part of the cluster yet. */
static int why_not(struct fw *fw, const struct change *ch)
{
	int rc = replica_wanted(fw) ? 0 : HSM_RV_CLUSTER_UNAVAILABLE;

	if (ch->stays)
		return rc;
	if (!rc && ch->call.req)
		rc = call_stopped(&ch->call);
	if (!rc)
		rc = replica_status(fw);
	return rc;
}

static bool nothing_goes(const struct fw *fw)
{
	return replica_status(fw) || atomic_load(&fw->funnel->closed);
}

/* Whether somebody who has to be answered is behind it in the line of its key. */
static bool holds_up(struct fw *fw, const struct change *ch)
{
	const struct change *behind;

	if (!ch->stays || !ch->handle)
		return false;
	fw_lock_read(fw);
	for (behind = ch->waiting; behind && behind->stays; behind = behind->next)
		;
	fw_unlock(fw);
	return behind;
}

/* To the end of that line, which goes on without it. */
static void step_back(struct fw *fw, struct change *ch)
{
	struct change *next, **at;

	fw_lock_write(fw);
	next = change_next_in_line(ch);
	ch->waiting = NULL;
	ch->next = NULL;
	for (at = &next->waiting; *at; at = &(*at)->next)
		;
	*at = ch;
	fw_unlock(fw);
	change_go(next);
}

static void look_at_makes(struct fw *fw, struct change *ch)
{
	int rc = why_not(fw, ch);

	if (rc)
		change_refuse(ch, rc);
	else if (nothing_goes(fw) && holds_up(fw, ch))
		step_back(fw, ch);
	else
		list_push(&fw->funnel->waiting, ch);
}

static void look_at_waiting(struct fw *fw, struct change *ch)
{
	int rc;

	if (ch->stage == CHANGE_MAKES || !ch->call.req) {
		look_at_makes(fw, ch);
		return;
	}
	rc = ch->stage == CHANGE_CONFIRMS ? too_late(fw, ch) : 0;
	if (rc)
		set_withdrawal(ch, rc);
	if (ch->stage == CHANGE_WITHDRAWS && nothing_goes(fw))
		detach(fw, ch);
	else
		list_push(&fw->funnel->waiting, ch);
}

void funnel_sweep_waiting(struct fw *fw)
{
	struct funnel *f = fw->funnel;
	struct change_list all = f->waiting;
	struct change *ch;

	f->waiting = (struct change_list){ NULL, NULL };
	while ((ch = list_take(&all)))
		look_at_waiting(fw, ch);
}

void funnel_leave(struct change *ch)
{
	if (!ch->in_gate)
		return;
	ch->in_gate = false;
	fw_leave(ch->call.fw);
}

void funnel_unordered(struct fw *fw, struct change *ch, int rc)
{
	struct funnel *f = fw->funnel;

	funnel_leave(ch);
	if (ch->stays) {
		f->rest_until_ms = funnel_now(fw) + REST_MS;
		list_push(&f->waiting, ch);
		return;
	}
	if (!ch->call.req || ch->stage == CHANGE_MAKES || ch->doubtful) {
		change_refuse(ch, rc);
		return;
	}
	if (ch->stage == CHANGE_CONFIRMS)
		set_withdrawal(ch, HSM_RV_CLUSTER_INCOMPLETE);
	detach(fw, ch);
}
