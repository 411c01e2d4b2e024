// SPDX-License-Identifier: GPL-2.0-or-later
/* fresh.c - the first users and records of a card whose store is empty. */
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "identity.h"
#include "record.h"
#include "secmem.h"
#include "store.h"

#define FRESH_TIMEOUT_MS 60000
#define FRESH_OPS	5	/* header, card, identity, two users */

struct fresh {
	struct store_txn txn;
	struct store_op ops[FRESH_OPS];
	uint8_t header[RECORD_HEADER_LEN];
	struct sealed sealed[FRESH_OPS];
	atomic_bool done;
	int err;
};

static void fresh_done(struct store_txn *txn, int err)
{
	struct fresh *f = container_of(txn, struct fresh, txn);

	f->err = err;
	atomic_store(&f->done, true);
}

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
static bool fresh_identity(struct fw *fw, struct fresh *f)
{
	struct record rec;

	if (!identity_make(fw, &rec))
		return false;
	fw->identity = identity_read(rec.w.p, rec.w.len);
	return fresh_op(f, fw->seal, STORE_META, RECORD_IDENTITY, &rec) && fw->identity;
}

static bool fresh_records(struct fw *fw, struct fresh *f)
{
	struct record rec;
	size_t i;

	f->ops[f->txn.n_ops++] = (struct store_op){ STORE_META, RECORD_HEADER, f->header,
						    sizeof(f->header) };
	record_put_card(&rec, fw);
	if (!fresh_op(f, fw->seal, STORE_META, RECORD_CARD, &rec) || !fresh_identity(fw, f))
		return false;
	for (i = 0; i < fw->users.n; i++) {
		record_put_user(&rec, &fw->users.v[i]->rec);
		if (!fresh_op(f, fw->seal, STORE_USER, fw->users.v[i]->rec.id, &rec))
			return false;
	}
	return true;
}

/*
 * Waits for the one transaction that nobody could be told about later. It happens
 * once in the life of a store (once more in that of one from before there were
 * identities) and takes as long as one sync to disk; the platform has no way to
 * sleep, and needs none but for this.
 */
static bool fresh_commit(struct fw *fw, struct fresh *f)
{
	const struct fw_platform *p = &fw->platform;
	uint64_t end = p->now_ms(p->opaque) + FRESH_TIMEOUT_MS;

	f->txn.ops = f->ops;
	f->txn.done = fresh_done;
	fw->store->ops->submit(fw->store, &f->txn);
	while (!atomic_load(&f->done) && p->now_ms(p->opaque) < end)
		;
	return atomic_load(&f->done) && !f->err;
}

static void fresh_free(struct fresh *f)
{
	size_t i;

	for (i = 0; i < FRESH_OPS; i++)
		free(f->sealed[i].data);
}

bool fw_add_identity(struct fw *fw)
{
	struct fresh f = { 0 };
	bool ok = fresh_identity(fw, &f) && fresh_commit(fw, &f);

	fresh_free(&f);
	return ok;
}

static bool fresh_write(struct fw *fw, struct fresh *f, const char **wrong)
{
	*wrong = "cannot make the first records";
	if (!fresh_users(fw) || !fresh_records(fw, f))
		return false;
	*wrong = "the key store cannot be written";
	return fresh_commit(fw, f);
}

bool fw_make_fresh(struct fw *fw, const struct fw_config *cfg, const char **wrong)
{
	uint8_t salt[RECORD_SALT_LEN];
	struct fresh f = { 0 };
	bool ok = false;

	fw->objects.next_handle = HSM_FIRST_HANDLE;
	fw->users.next_id = FW_FIRST_USER;
	*wrong = "cannot make the key store's seal";
	if (fc_random(salt, sizeof(salt)))
		fw->seal = seal_new(cfg->secret, cfg->secret_len, salt);
	if (!fw->seal)
		return false;
	record_put_header(f.header, salt);
	fw->hooks.opaque = fw->seal;
	if (!fw->store->ops->start(fw->store, &fw->hooks)) {
		ok = fresh_write(fw, &f, wrong);
		if (!ok)
			fw->store->ops->stop(fw->store);
	}
	fresh_free(&f);
	return ok;
}
