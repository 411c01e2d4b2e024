// SPDX-License-Identifier: GPL-2.0-or-later
/* fresh.c - the first users and records of a card. */
#include "fresh.h"

#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "crypto.h"
#include "identity.h"
#include "secmem.h"

#define FRESH_TIMEOUT_MS 60000

static bool fresh_user(struct fw *fw, uint32_t id, uint32_t type, const char *name,
		       struct bytes pw)
{
	struct user_rec rec = { .id = id, .type = type };
	bool ok;

	memcpy(rec.name, name, strlen(name));
	ok = user_set_password(&rec, pw) && user_add(&fw->users, &rec, false);
	secmem_wipe(&rec, sizeof(rec));
	return ok;
}

/* The officer's password is the documented one; the appliance user's nobody knows. */
static bool fresh_users(struct fw *fw)
{
	static const char known[] = "password";
	uint8_t random[HSM_PASSWORD_MAX];
	bool ok = fc_random(random, sizeof(random)) &&
		  fresh_user(fw, 1, HSM_USER_PRECO, "admin",
			     (struct bytes){ (const uint8_t *)known, sizeof(known) - 1 }) &&
		  fresh_user(fw, 2, HSM_USER_AU, "app_user",
			     (struct bytes){ random, sizeof(random) });

	secmem_wipe(random, sizeof(random));
	return ok;
}

static bool fresh_op(struct fresh *f, struct seal *seal, enum store_kind kind, uint64_t id,
		     struct record *rec)
{
	size_t n = f->txn.n_ops++;
	bool ok = record_ok(rec) &&
		  seal_record(seal, kind, id, rec->w.p, rec->w.len, &f->sealed[n]);

	f->ops[n] = (struct store_op){ kind, id, f->sealed[n].data, f->sealed[n].len };
	record_free(rec);
	return ok;
}

/* The identity of the card, into its place in the firmware as well. */
static bool fresh_identity(struct fw *fw, const struct identity *old, struct fresh *f)
{
	struct record rec;

	if (old ? !identity_renew(fw, old, &rec) : !identity_make(fw, &rec))
		return false;
	fw->identity = identity_read(rec.w.p, rec.w.len);
	return fresh_op(f, fw->seal, STORE_META, RECORD_IDENTITY, &rec) && fw->identity;
}

static bool fresh_records(struct fw *fw, const struct identity *old, struct fresh *f)
{
	struct record rec;
	size_t i;

	f->ops[f->txn.n_ops++] = (struct store_op){ STORE_META, RECORD_HEADER, f->header,
						    sizeof(f->header) };
	record_put_card(&rec, fw);
	if (!fresh_op(f, fw->seal, STORE_META, RECORD_CARD, &rec) || !fresh_identity(fw, old, f))
		return false;
	for (i = 0; i < fw->users.n; i++) {
		record_put_user(&rec, &fw->users.v[i]->rec);
		if (!fresh_op(f, fw->seal, STORE_USER, fw->users.v[i]->rec.id, &rec))
			return false;
	}
	return true;
}

bool fresh_make(struct fw *card, const struct bytes *secret, const struct identity *old,
		struct fresh *f)
{
	uint8_t salt[RECORD_SALT_LEN];

	f->txn.ops = f->ops;
	card->objects.next_handle = HSM_FIRST_HANDLE;
	card->users.next_id = FW_FIRST_USER;
	if (fc_random(salt, sizeof(salt)))
		card->seal = seal_new(secret->p, secret->len, salt);
	record_put_header(f->header, salt);
	f->txn.journal = &f->journal;
	f->journal.seal = card->seal;
	audit_fresh(&f->journal);
	return card->seal && fresh_users(card) && fresh_records(card, old, f);
}

void fresh_free(struct fresh *f)
{
	size_t i;

	for (i = 0; i < FRESH_OPS; i++)
		free(f->sealed[i].data);
}

/* A transaction that is waited for. */
struct waited {
	struct fresh fresh;
	struct fw *fw;
	atomic_bool done;
	int err;
};

static void waited_done(struct store_txn *txn, int err)
{
	struct waited *w = container_of(txn, struct waited, fresh.txn);

	w->err = err;
	if (!err)
		audit_committed(w->fw);
	atomic_store(&w->done, true);
}

/*
 * Waits for the one transaction that nobody could be told about later. It happens
 * once in the life of a store (once more in that of one from before there were
 * identities) and takes as long as one sync to disk; the platform has no way to
 * sleep, and needs none but for this.
 */
static bool commit_and_wait(struct fw *fw, struct waited *w)
{
	const struct fw_platform *p = &fw->platform;
	uint64_t end = p->now_ms(p->opaque) + FRESH_TIMEOUT_MS;

	w->fw = fw;
	w->fresh.txn.done = waited_done;
	fw->store->ops->submit(fw->store, &w->fresh.txn);
	while (!atomic_load(&w->done) && p->now_ms(p->opaque) < end)
		;
	return atomic_load(&w->done) && !w->err;
}

bool fw_add_identity(struct fw *fw)
{
	struct waited w = { 0 };
	bool ok;

	w.fresh.txn.ops = w.fresh.ops;
	ok = fresh_identity(fw, NULL, &w.fresh) && commit_and_wait(fw, &w);
	fresh_free(&w.fresh);
	return ok;
}

bool fw_forget_cluster(struct fw *fw)
{
	static const uint64_t ids[] = { RECORD_CLUSTER, RECORD_DOUBT };
	struct waited w = { 0 };
	size_t i;

	w.fresh.txn.ops = w.fresh.ops;
	for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
		w.fresh.ops[w.fresh.txn.n_ops++] = (struct store_op){ STORE_META, ids[i], NULL, 0 };
	return commit_and_wait(fw, &w);
}

bool fw_make_fresh(struct fw *fw, const char **wrong)
{
	struct waited w = { 0 };
	bool ok = false;

	*wrong = "cannot make the first records";
	if (fresh_make(fw, &fw->secret, NULL, &w.fresh) && audit_new(fw)) {
		*wrong = "the key store cannot be written";
		if (!fw->store->ops->start(fw->store, &fw->hooks)) {
			ok = commit_and_wait(fw, &w);
			if (!ok)
				fw->store->ops->stop(fw->store);
		}
	}
	fresh_free(&w.fresh);
	return ok;
}
