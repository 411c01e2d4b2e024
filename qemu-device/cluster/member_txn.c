// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * member_txn.c - own proposals, one at a time.
 *
 * A proposal compares the root's revision with its base, so at most one transaction
 * follows each base. Whichever is seen first, the answer or the entry, tells: an entry
 * with the proposal's root is the proposal; another one means that it has lost, whatever
 * the answer will be. Without either nobody knows, until something follows its base.
 */
#include <errno.h>
#include <string.h>

#include "member_int.h"

bool member_txn_out(const struct member *m)
{
	return m->txn && !m->beaten;
}

/* The call of what is out: from now on its answer does not matter. */
static void forget_call(struct member *m)
{
	for (size_t i = 0; i < sizeof(m->calls) / sizeof(m->calls[0]); i++)
		m->calls[i].txn = NULL;
}

void member_txn_end(struct member *m, int err, uint64_t revision)
{
	struct cluster_txn *txn = m->txn;

	forget_call(m);
	m->txn = NULL;
	m->beaten = false;
	if (txn)
		txn->done(txn, err, revision);
}

void member_txn_drop(struct member *m)
{
	if (m->txn)
		member_txn_end(m, m->beaten ? -EHOSTUNREACH : -ETIMEDOUT, 0);
}

void member_txn_beaten(struct member *m)
{
	forget_call(m);
	m->beaten = m->txn;
}

static const struct store_op *root_of(const struct cluster_txn *txn)
{
	for (size_t i = 0; i < txn->n_ops; i++)
		if (txn->ops[i].kind == STORE_META && txn->ops[i].id == CLUSTER_ROOT)
			return txn->ops[i].data ? &txn->ops[i] : NULL;
	return NULL;
}

/* The root is sealed with a nonce of its own: no two are alike. */
bool member_txn_is(const struct member *m, const void *root, size_t len)
{
	const struct store_op *own = member_txn_out(m) ? root_of(m->txn) : NULL;

	return own && own->len == len && !memcmp(own->data, root, len);
}

/* It was beaten by an entry that has yet to come, or by a change of the whole store. */
static void lost(struct member *m, uint64_t revision)
{
	m->beaten = true;
	if (m->phase != M_FOLLOW)
		return;
	if (revision < m->txn_seen) {
		member_go(m, M_RANGE);
	} else if (m->doubt) {
		member_txn_end(m, -EHOSTUNREACH, 0);
	} else {
		m->target = m->root + 1 > m->target ? m->root + 1 : m->target;
		member_patience(m, m->target);
	}
}

static void ordered(struct member *m, uint64_t revision)
{
	if (revision <= m->root) {
		member_txn_end(m, -ETIMEDOUT, 0);
		member_trouble(m, -EPROTO);
		return;
	}
	m->root = revision;
	member_txn_end(m, 0, revision);
}

static void failed(struct member *m, int err)
{
	bool known = err == -ENOSPC || err == -EACCES;

	if (!known)
		member_trouble(m, err);
	member_txn_end(m, known || err == -EHOSTUNREACH ? err : -ETIMEDOUT, 0);
}

static void on_answer(void *arg, int err, uint64_t revision)
{
	struct member_call *call = arg;
	struct member *m = call->m;
	struct cluster_txn *txn = call->txn;

	call->busy = false;
	call->txn = NULL;
	if (!txn || m->phase == M_GONE)
		return;
	if (!err)
		ordered(m, revision);
	else if (err == -EAGAIN)
		lost(m, revision);
	else
		failed(m, err);
	if (m->phase == M_RANGE)
		member_enter_range(m);
}

static struct member_call *free_call(struct member *m)
{
	for (size_t i = 0; i < sizeof(m->calls) / sizeof(m->calls[0]); i++)
		if (!m->calls[i].busy)
			return &m->calls[i];
	return NULL;
}

static void send(struct member *m, struct member_call *call, const struct cluster_txn *txn)
{
	struct kv_cmp cmp = { member_root_key(), txn->base };
	struct kv_op op[CLUSTER_OPS_MAX];
	char keys[CLUSTER_OPS_MAX][MEMBER_KEY_SIZE];

	for (size_t i = 0; i < txn->n_ops; i++) {
		const struct store_op *rec = &txn->ops[i];

		member_record_key(keys[i], rec->kind, rec->id);
		op[i] = (struct kv_op){ .what = rec->data ? KV_PUT : KV_DELETE, .key = keys[i],
					.value = rec->data, .len = rec->len };
	}
	m->txn_seen = m->seen;
	m->kv->ops->txn(m->kv, &cmp, 1, op, txn->n_ops, on_answer, call);
}

/* Why it cannot be sent, or 0. */
static int refusal(const struct member *m, const struct cluster_txn *txn)
{
	if (m->phase == M_REFUSED)
		return -EACCES;
	if (m->phase != M_FOLLOW || m->state != CLUSTER_ONLINE || m->txn)
		return -EHOSTUNREACH;
	if (txn->n_ops > CLUSTER_OPS_MAX || !root_of(txn))
		return -ENOSPC;
	return txn->base != m->root ? -EAGAIN : 0;
}

/*
 * A proposer who has the same old base again missed what came after it: it gets
 * everything once more.
 */
static void too_late(struct member *m, uint64_t base)
{
	if (base == m->old_base)
		member_go(m, M_RANGE);
	m->old_base = base == m->old_base ? 0 : base;
}

void member_propose(void *arg)
{
	struct cluster_txn *txn = arg;
	struct member *m = txn->engine;
	struct member_call *call = free_call(m);
	int err = refusal(m, txn);

	if (!err && !call)
		err = -EHOSTUNREACH;
	if (err) {
		uint64_t base = txn->base;

		txn->done(txn, err, 0);
		if (err == -EAGAIN)
			too_late(m, base);
		return;
	}
	m->old_base = 0;
	m->txn = txn;
	*call = (struct member_call){ m, true, txn };
	send(m, call, txn);
}
