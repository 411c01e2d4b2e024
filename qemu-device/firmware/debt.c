// SPDX-License-Identifier: GPL-2.0-or-later
/* debt.c - wrong passwords that the cluster has to hear of. */
#include "debt.h"
#include "funnel.h"

#include "replica.h"

#define RETRY_MS	1000

static uint64_t now_ms(const struct fw *fw)
{
	return fw->platform.now_ms(fw->platform.opaque);
}

void debt_later(struct fw *fw)
{
	atomic_store(&fw->debt_retry_ms, now_ms(fw) + RETRY_MS);
	replica_owes(fw, true);
}

/*
 * In the order of the cluster: another one may have paid meanwhile, or so many wrong ones may
 * have come first that this one finds the account locked, and is not looked at.
 */
static int settle(struct change *ch)
{
	const struct user *u = ch->user;

	ch->user_kept = ch->clears ? !user_guesses(u) : !ch->paid;
	if (!ch->clears && u->rec.failures >= HSM_LOGIN_TRIES) {
		ch->rec.failures = u->rec.failures;
		ch->status = HSM_RV_USER_LOCKED;
	}
	return 0;
}

/* The login is over whatever became of it; what is owed still is tried again. */
static int answer(struct change *ch, int rc)
{
	if (rc && !ch->clears)
		debt_later(ch->call.fw);
	return ch->status;
}

/* Takes @ch over. False if the user has nothing to settle. */
static bool propose(struct change *ch, uint32_t id)
{
	struct fw *fw = ch->call.fw;
	struct user *u;

	fw_lock_write(fw);
	u = user_by_id(&fw->users, id);
	if (!u || !(ch->clears ? user_guesses(u) : u->debt)) {
		fw_unlock(fw);
		change_free(ch);
		return false;
	}
	ch->user = u;
	ch->edit = settle;
	change_propose(ch);
	return true;
}

int debt_tell(struct change *ch, int rc)
{
	bool told = !rc || rc == HSM_RV_LOGIN_FAILURE;
	struct change *next = told ? change_new(&ch->call) : NULL;

	if (!next || replica_status(ch->call.fw)) {
		debt_later(ch->call.fw);
		if (next)
			change_free(next);
		return rc;
	}
	next->clears = !rc;
	next->status = rc;
	next->quiet = true;
	next->rec = ch->rec;
	next->reply = ch->reply;
	next->then = answer;
	return propose(next, ch->rec.id) ? CALL_ASYNC : rc;
}

/* The user with the lowest id above @id who owes something; 0: none. */
static uint32_t next_debtor(struct fw *fw, uint32_t id)
{
	uint32_t found = 0;
	size_t i;

	fw_lock_read(fw);
	for (i = 0; i < fw->users.n && !found; i++) {
		if (fw->users.v[i]->rec.id > id && fw->users.v[i]->debt)
			found = fw->users.v[i]->rec.id;
	}
	fw_unlock(fw);
	return found;
}

void debt_pay_all(struct fw *fw)
{
	struct change *ch;
	uint32_t id = 0;

	if (replica_status(fw) || !funnel_settled(fw)) {
		debt_later(fw);
		return;
	}
	while ((id = next_debtor(fw, id))) {
		ch = change_own(fw);
		if (!ch)
			break;
		ch->then = answer;
		propose(ch, id);
	}
	/* Tokens that went while the cluster was away. */
	quorum_sweep(fw);
}

void debt_tick(struct fw *fw)
{
	uint64_t due = atomic_load(&fw->debt_retry_ms);

	if (!due || now_ms(fw) < due)
		return;
	atomic_store(&fw->debt_retry_ms, 0);
	replica_owes(fw, false);
	debt_pay_all(fw);
}
