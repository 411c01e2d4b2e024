// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * wipe.c - the gate of the card, and what happens behind it when it is shut: every key,
 * user and token goes, from memory and from the store, and a fresh card is there.
 *
 * A card that is zeroized forgets when the store has; if the store fails, it is the old
 * card. One that was tampered with forgets first.
 */
#include "wipe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "fresh.h"
#include "funnel.h"
#include "identity.h"
#include "replica.h"
#include "secmem.h"
#include "transport.h"

#define GATE_CALLS	(~(FW_TAMPERED | FW_WIPING))

struct wipe {
	struct fresh fresh;
	struct fw *fw;
	struct fw card;			/* the fresh one, before it takes the place in fw */
	bool tampered;
	struct call call;		/* who asked, if it was not a tamper */
};

static void wipe_run(struct fw *fw);

static int refusal(unsigned int gate)
{
	if (gate & FW_TAMPERED)
		return HSM_RV_CARD_TAMPERED;
	return gate & FW_WIPING ? HSM_RV_CARD_ZEROIZING : 0;
}

int fw_gate_status(const struct fw *fw)
{
	return refusal(atomic_load(&fw->gate));
}

int fw_enter(struct fw *fw)
{
	unsigned int gate = atomic_load(&fw->gate);
	int rc;

	do {
		rc = refusal(gate);
	} while (!rc && !atomic_compare_exchange_weak(&fw->gate, &gate, gate + 1));
	return rc;
}

void fw_leave(struct fw *fw)
{
	unsigned int gate = atomic_fetch_sub(&fw->gate, 1);

	if ((gate & GATE_CALLS) == 1 && gate & FW_WIPING)
		wipe_run(fw);
}

static struct wipe *wipe_new(struct fw *fw)
{
	struct wipe *w = secmem_alloc(sizeof(*w));

	if (w)
		w->fw = fw;
	return w;
}

static void wipe_free(struct wipe *w)
{
	fresh_free(&w->fresh);
	seal_free(w->card.seal);
	user_table_free(&w->card.users);
	identity_free(w->card.identity);
	secmem_free(w);
}

/* Nothing but fw.lock keeps those out who open and close contexts. */
static void forget(struct fw *fw)
{
	struct object_table *t = &fw->objects;
	struct object *o;

	ctx_end_all(fw);
	while ((o = t->first)) {
		object_remove(t, o);
		object_free(o);
	}
	secmem_free(t->damaged);
	t->damaged = NULL;
	t->n_damaged = 0;
	user_table_free(&fw->users);
	fw->users = (struct user_table){ 0 };
}

static void forget_all(struct fw *fw)
{
	fw_lock_write(fw);
	forget(fw);
	fw_unlock(fw);
	if (!transport_new_key(fw))
		fw_log(fw, FW_LOG_ERROR, "wipe: no new transport key");
}

/* The fresh card takes the place of the old one, in memory. */
static void install(struct fw *fw, struct fw *card)
{
	struct identity *identity = fw->identity;

	forget_all(fw);
	fw_lock_write(fw);
	fw->users = card->users;
	card->users = (struct user_table){ 0 };
	fw->objects.next_handle = card->objects.next_handle;
	memset(fw->quorum.m_value, 0, sizeof(fw->quorum.m_value));
	memset(fw->quorum.m_coming, 0, sizeof(fw->quorum.m_coming));
	fw->identity = card->identity;
	card->identity = identity;
	fw->damaged = 0;
	fw->card_damaged = false;
	fw_unlock(fw);
}

/* The seal that records are under from now on; the old one goes with @card. */
static void install_seal(struct fw *fw, struct fw *card)
{
	struct seal *seal = fw->seal;

	fw->seal = card->seal;
	card->seal = seal;
}

static bool prepare(struct wipe *w)
{
	struct fw *fw = w->fw;

	w->card.platform = fw->platform;
	w->card.node_id = fw->node_id;
	memcpy(w->card.serial, fw->serial, sizeof(fw->serial));
	return fresh_make(&w->card, &fw->secret, fw->identity, &w->fresh);
}

/*
 * Opens the gate again, for a call that is in it from now on, to be answered; it stays
 * shut if the card was tampered with meanwhile, and then that call's end starts the wipe.
 */
static void let_in(struct fw *fw)
{
	unsigned int gate = atomic_load(&fw->gate), next;

	do {
		next = gate & FW_TAMPERED ? gate + 1 : (gate & ~FW_WIPING) + 1;
	} while (!atomic_compare_exchange_weak(&fw->gate, &gate, next));
}

static void end_zeroize(struct wipe *w, int err)
{
	struct fw_req *req = w->call.req;
	enum fw_result result;

	if (err)
		fw_log(w->fw, FW_LOG_ERROR, "ZEROIZE: key store could not be wiped: error %d",
		       -err);
	else
		fw_log(w->fw, FW_LOG_WARNING, "the card was zeroized");
	let_in(w->fw);
	result = call_end(&w->call, err ? HSM_RV_STORE_FAILED : 0);
	wipe_free(w);
	req->done(req, result);
}

static void end_tamper(struct wipe *w, int err)
{
	struct fw *fw = w->fw;

	if (err)
		fw_log(fw, FW_LOG_ERROR, "tampering: keys are gone from memory, but the key store "
		       "could not be wiped: error %d", -err);
	else
		fw_log(fw, FW_LOG_ERROR, "tampering: all keys, users and tokens are destroyed");
	atomic_store(&fw->unwiped, err);
	wipe_free(w);
	atomic_fetch_and(&fw->gate, ~FW_WIPING);
}

static void wipe_done(struct store_txn *txn, int err)
{
	struct wipe *w = container_of(txn, struct wipe, fresh.txn);

	if (!err) {
		audit_committed(w->fw);
		install_seal(w->fw, &w->card);
	}
	if (!err && !w->tampered)
		replica_leave(w->fw, true);
	if (!err || w->tampered)
		install(w->fw, &w->card);
	/* What still waits for the cluster is about keys that were. */
	if (w->fw->cluster)
		funnel_look(w->fw);
	if (w->tampered)
		end_tamper(w, err);
	else
		end_zeroize(w, err);
}

static void wipe_submit(struct wipe *w)
{
	struct store_txn *txn = &w->fresh.txn;

	txn->wipe = true;
	txn->done = wipe_done;
	if (prepare(w))
		w->fw->store->ops->submit(w->fw->store, txn);
	else
		wipe_done(txn, -ENOMEM);
}

static void tamper_run(struct fw *fw)
{
	struct wipe *w = wipe_new(fw);

	replica_leave(fw, false);
	forget_all(fw);
	if (w) {
		w->tampered = true;
		audit_zeroize(&w->fresh.journal, NULL);
		wipe_submit(w);
		return;
	}
	fw_log(fw, FW_LOG_ERROR, "tampering: the key store could not be wiped: out of memory");
	atomic_store(&fw->unwiped, true);
}

/* With no call in flight. The call of one that a tamper has overtaken is not counted. */
static void wipe_run(struct fw *fw)
{
	struct wipe *w = fw->wipe;
	enum fw_result result;
	struct fw_req *req;

	fw->wipe = NULL;
	if (!(atomic_load(&fw->gate) & FW_TAMPERED)) {
		wipe_submit(w);
		return;
	}
	tamper_run(fw);
	if (!w)
		return;
	req = w->call.req;
	w->call.entered = false;
	result = call_end(&w->call, HSM_RV_CARD_TAMPERED);
	wipe_free(w);
	req->done(req, result);
}

void fw_tamper(struct fw *fw)
{
	unsigned int gate = atomic_fetch_or(&fw->gate, FW_TAMPERED | FW_WIPING);

	if (gate & FW_TAMPERED)
		return;
	fw_log(fw, FW_LOG_ERROR, "tampering: every key and user is being destroyed");
	if (!(gate & (FW_WIPING | GATE_CALLS)))
		wipe_run(fw);
}

void wipe_leftovers(struct fw *fw)
{
	if (atomic_load(&fw->unwiped))
		tamper_run(fw);
}

int wipe_zeroize(struct call *c)
{
	struct wipe *w = wipe_new(c->fw);
	unsigned int gate;

	if (!w)
		return HSM_RV_NO_MEMORY;
	gate = atomic_fetch_or(&c->fw->gate, FW_WIPING);
	if (refusal(gate)) {
		wipe_free(w);
		return refusal(gate);
	}
	w->call = *c;
	audit_zeroize(&w->fresh.journal, c);
	c->fw->wipe = w;
	fw_leave(c->fw);
	return CALL_ASYNC;
}
