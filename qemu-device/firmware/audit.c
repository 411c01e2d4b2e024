// SPDX-License-Identifier: GPL-2.0-or-later
/* audit.c - the audit log as it is written: numbers, chain, head. */
#include "audit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "audit_int.h"
#include "crypto.h"
#include "hsm/hsm_audit.h"
#include "record.h"

#define AT(member) offsetof(struct hsm_audit_rec, member)

bool audit_chain(uint8_t hash[HSM_DIGEST_LEN], const uint8_t rec[AUDIT_REC_LEN])
{
	uint8_t in[HSM_DIGEST_LEN + AUDIT_HASHED];

	memcpy(in, hash, HSM_DIGEST_LEN);
	memcpy(in + HSM_DIGEST_LEN, rec, AUDIT_HASHED);
	return fc_sha256(in, sizeof(in), hash);
}

/* Writes the record behind @at and moves @at on. */
static bool make_record(const struct fw *fw, const struct audit_entry *e, uint64_t time_us,
			struct audit_point *at, uint8_t rec[AUDIT_REC_LEN])
{
	memset(rec, 0, AUDIT_REC_LEN);
	memcpy(rec, "HSMA", 4);
	put_le16(rec + AT(version), HSM_AUDIT_VERSION);
	put_le16(rec + AT(log_type), e->log_type);
	put_le64(rec + AT(sequence), at->next);
	put_le64(rec + AT(time_us), time_us);
	put_le32(rec + AT(reboot), fw->audit->reboot);
	put_le32(rec + AT(command_type), HSM_AUDIT_MGMT_CMD);
	put_le32(rec + AT(opcode), e->opcode);
	put_le32(rec + AT(session), e->session);
	put_le32(rec + AT(status), e->status);
	put_le32(rec + AT(caller), e->caller);
	put_le64(rec + AT(handle), e->handle);
	put_le64(rec + AT(handle_public), e->handle_public);
	put_le32(rec + AT(user_type), e->user_type);
	put_le32(rec + AT(user_id), e->user_id);
	memcpy(rec + AT(user_name), e->user_name, strlen(e->user_name));
	if (!audit_chain(at->hash, rec))
		return false;
	memcpy(rec + AT(hash), at->hash, HSM_DIGEST_LEN);
	at->next++;
	return true;
}

static const struct audit_journal *journal_of(const struct store_txn *txn)
{
	return txn->journal;
}

static size_t count_entries(const struct store_txn *batch)
{
	const struct audit_journal *j;
	size_t n = 0;

	for (; batch; batch = batch->next) {
		for (j = journal_of(batch); j; j = j->more)
			n += j->n;
	}
	return n;
}

static void drop_ops(struct audit *a)
{
	size_t i;

	for (i = 0; i < a->n_ops; i++)
		free(a->sealed[i].data);
	a->n_ops = 0;
}

/* Room for @n operations of ours, and the root's. */
static bool reserve(struct audit *a, size_t n)
{
	struct sealed *sealed;
	struct store_op *ops;

	if (n <= a->room)
		return true;
	sealed = realloc(a->sealed, n * sizeof(*sealed));
	if (sealed)
		a->sealed = sealed;
	ops = realloc(a->ops, (n + 1) * sizeof(*ops));
	if (ops)
		a->ops = ops;
	if (!sealed || !ops)
		return false;
	a->room = n;
	return true;
}

static bool add_op(struct audit *a, enum store_kind kind, uint64_t id, const void *p, size_t len)
{
	struct sealed *s = &a->sealed[a->n_ops];

	if (!seal_record(a->seal, kind, id, p, len, s))
		return false;
	a->ops[a->n_ops++] = (struct store_op){ kind, id, s->data, s->len };
	return true;
}

static bool add_head(struct audit *a)
{
	uint8_t head[AUDIT_HEAD_LEN];

	put_le64(head, a->coming.next);
	put_le32(head + 8, a->reboot);
	memcpy(head + 12, a->coming.hash, HSM_DIGEST_LEN);
	return add_op(a, STORE_META, RECORD_AUDIT_HEAD, head, sizeof(head));
}

/* Not sealed: the key that it is needed for seals the rest. */
static bool add_salt(struct audit *a)
{
	struct sealed *s = &a->sealed[a->n_ops];

	s->data = malloc(AUDIT_SALT_LEN);
	if (!s->data)
		return false;
	memcpy(s->data, a->salt, AUDIT_SALT_LEN);
	s->len = AUDIT_SALT_LEN;
	a->ops[a->n_ops++] = (struct store_op){ STORE_META, RECORD_AUDIT_SALT, s->data, s->len };
	return true;
}

static bool add_entries(struct fw *fw, const struct audit_journal *j, uint64_t now)
{
	struct audit *a = fw->audit;
	uint8_t rec[AUDIT_REC_LEN];
	size_t i;

	for (i = 0; i < j->n; i++) {
		if (!make_record(fw, &j->e[i], now, &a->coming, rec) ||
		    !add_op(a, STORE_AUDIT, a->coming.next - 1, rec, sizeof(rec)))
			return false;
	}
	return true;
}

static bool add_records(struct fw *fw, const struct store_txn *batch)
{
	uint64_t now = fw->platform.wall_us(fw->platform.opaque);
	const struct audit_journal *j;

	for (; batch; batch = batch->next) {
		for (j = journal_of(batch); j; j = j->more) {
			if (!add_entries(fw, j, now))
				return false;
		}
	}
	return true;
}

static bool build(struct fw *fw, const struct store_txn *batch)
{
	struct audit *a = fw->audit;
	size_t n = count_entries(batch);

	if (!reserve(a, n + 2))
		return false;
	if (!n)
		return true;
	if ((!a->stored || batch->wipe) && !add_salt(a))
		return false;
	return add_records(fw, batch) && add_head(a);
}

/* The root is made over salt and head as well, so that none of them can be put back. */
static int make_root(struct audit *a, const struct store_txn *batch)
{
	struct store_txn ours = {
		.ops = a->ops, .n_ops = a->n_ops, .next = (struct store_txn *)batch,
	};
	const struct store_op *root;
	size_t n;
	int err = seal_root_hook(a->root_seal, &ours, &root, &n);

	if (!err)
		a->ops[a->n_ops] = *root;
	return err;
}

int audit_hook(void *opaque, const struct store_txn *batch, const struct store_op **ops,
	       size_t *n_ops)
{
	struct fw *fw = opaque;
	struct audit *a = fw->audit;
	int err;

	audit_committed(fw);
	drop_ops(a);
	a->coming = a->there;
	a->old_seal = a->root_seal;
	if (batch->wipe && batch->journal)
		a->root_seal = journal_of(batch)->seal;
	err = build(fw, batch) ? make_root(a, batch) : -EIO;
	if (err) {
		a->root_seal = a->old_seal;
		return err;
	}
	a->pending = true;
	*ops = a->ops;
	*n_ops = a->n_ops + 1;
	return 0;
}

void audit_abort(void *opaque)
{
	struct fw *fw = opaque;
	struct audit *a = fw->audit;

	a->pending = false;
	if (a->root_seal == a->old_seal)
		seal_root_abort(a->root_seal);
	a->root_seal = a->old_seal;
}

void audit_committed(struct fw *fw)
{
	struct audit *a = fw->audit;

	if (!a->pending)
		return;
	a->pending = false;
	fw->platform.lock_write(fw->platform.opaque, a->lock);
	a->stored = a->stored || a->coming.next;
	a->there = a->coming;
	fw->platform.unlock(fw->platform.opaque, a->lock);
}

void audit_state(struct fw *fw, uint32_t *reboot, uint64_t *next, uint8_t hash[HSM_DIGEST_LEN])
{
	struct audit *a = fw->audit;

	fw->platform.lock_read(fw->platform.opaque, a->lock);
	*reboot = a->reboot;
	*next = a->there.next;
	memcpy(hash, a->there.hash, HSM_DIGEST_LEN);
	fw->platform.unlock(fw->platform.opaque, a->lock);
}
