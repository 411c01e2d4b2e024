// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * kv_mem_data.c - what a group's kv holds: keys in order, each with the revision of its
 * last change, and the last changes for those who watch. A transaction allocates before it
 * changes anything, so that it happens whole or not at all.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kv_mem.h"

static struct mem_rec *rec_new(const char *key, const void *value, size_t len, const void *owner)
{
	size_t key_len = strlen(key) + 1;
	struct mem_rec *rec = malloc(sizeof(*rec) + key_len + (value ? len : 0));
	char *p;

	if (!rec)
		return NULL;
	p = (char *)(rec + 1);
	memcpy(p, key, key_len);
	*rec = (struct mem_rec){ .refs = 1, .owner = owner, .item = { .key = p } };
	if (value) {
		rec->item.value = memcpy(p + key_len, value, len);
		rec->item.len = len;
	}
	return rec;
}

static struct mem_rec *rec_get(struct mem_rec *rec)
{
	rec->refs++;
	return rec;
}

static void rec_put(struct mem_rec *rec)
{
	if (rec && --rec->refs == 0)
		free(rec);
}

static void change_free(struct mem_change *ch)
{
	if (!ch)
		return;
	for (size_t i = 0; i < ch->n; i++)
		rec_put(ch->recs[i]);
	free(ch);
}

void mem_data_init(struct mem_data *d)
{
	memset(d, 0, sizeof(*d));
	d->revision = 1;
	d->oldest = 2;
}

void mem_data_free(struct mem_data *d)
{
	for (size_t i = 0; i < d->n; i++)
		rec_put(d->recs[i]);
	free(d->recs);
	for (size_t i = 0; i < KV_MEM_HISTORY; i++)
		change_free(d->history[i]);
}

/* Index of @key, or of where it belongs. */
static size_t find(const struct mem_data *d, const char *key, bool *found)
{
	size_t lo = 0, hi = d->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(d->recs[mid]->item.key, key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*found = lo < d->n && !strcmp(d->recs[lo]->item.key, key);
	return lo;
}

static bool has_prefix(const char *key, const char *prefix)
{
	return !strncmp(key, prefix, strlen(prefix));
}

/* The first of @prefix in @first; returns how many there are. */
static size_t span(const struct mem_data *d, const char *prefix, size_t *first)
{
	bool found;
	size_t end = *first = find(d, prefix, &found);

	while (end < d->n && has_prefix(d->recs[end]->item.key, prefix))
		end++;
	return end - *first;
}

static bool compares(const struct mem_data *d, const struct kv_cmp *cmp)
{
	bool found;
	size_t i = find(d, cmp->key, &found);

	return (found ? d->recs[i]->item.mod : 0) == cmp->mod;
}

static bool clash(const struct mem_op *a, const struct mem_op *b)
{
	const char *one = a->rec->item.key, *other = b->rec->item.key;

	return !strcmp(one, other) || (a->what == KV_DELETE_PREFIX && has_prefix(other, one)) ||
	       (b->what == KV_DELETE_PREFIX && has_prefix(one, other));
}

/* As etcd has it: no key twice, none both put and under a prefix that goes. */
static bool well_made(const struct mem_txn *txn)
{
	for (size_t i = 0; i < txn->n_op; i++)
		for (size_t j = 0; j < i; j++)
			if (clash(&txn->op[i], &txn->op[j]))
				return false;
	return true;
}

/* How many records an operation changes, and the first of those that it deletes. */
static size_t reach(const struct mem_data *d, const struct mem_op *op, size_t *first)
{
	bool found;

	if (op->what == KV_PUT)
		return 1;
	if (op->what == KV_DELETE_PREFIX)
		return span(d, op->rec->item.key, first);
	*first = find(d, op->rec->item.key, &found);
	return found;
}

static bool add_op(const struct mem_data *d, struct mem_change *ch, const struct mem_op *op)
{
	size_t first = 0, n = reach(d, op, &first);

	for (size_t i = 0; i < n; i++) {
		struct mem_rec *rec = op->what == KV_PUT ? rec_get(op->rec) :
				      rec_new(d->recs[first + i]->item.key, NULL, 0, NULL);

		if (!rec)
			return false;
		ch->bytes += sizeof(*rec) + rec->item.len;
		ch->recs[ch->n++] = rec;
	}
	return true;
}

/* What @txn would change. NULL without memory. */
static struct mem_change *plan(const struct mem_data *d, const struct mem_txn *txn)
{
	size_t n = 0, first;
	struct mem_change *ch;

	for (size_t i = 0; i < txn->n_op; i++)
		n += reach(d, &txn->op[i], &first);
	ch = calloc(1, sizeof(*ch) + n * sizeof(ch->recs[0]));
	for (size_t i = 0; ch && i < txn->n_op; i++) {
		if (!add_op(d, ch, &txn->op[i])) {
			change_free(ch);
			return NULL;
		}
	}
	return ch;
}

static bool reserve(struct mem_data *d, size_t more)
{
	size_t room = d->room ? d->room : 64;
	struct mem_rec **recs;

	while (room < d->n + more)
		room *= 2;
	if (room == d->room)
		return true;
	recs = realloc(d->recs, room * sizeof(struct mem_rec *));
	if (!recs)
		return false;
	d->recs = recs;
	d->room = room;
	return true;
}

static void apply(struct mem_data *d, struct mem_rec *rec)
{
	bool found;
	size_t i = find(d, rec->item.key, &found);

	rec->item.mod = d->revision;
	if (found)
		rec_put(d->recs[i]);
	if (rec->item.value) {
		if (!found)
			memmove(&d->recs[i + 1], &d->recs[i], (d->n++ - i) * sizeof(*d->recs));
		d->recs[i] = rec_get(rec);
	} else if (found) {
		memmove(&d->recs[i], &d->recs[i + 1], (--d->n - i) * sizeof(*d->recs));
	}
}

static void forget_oldest(struct mem_data *d)
{
	struct mem_change **slot = &d->history[d->oldest++ % KV_MEM_HISTORY];

	d->bytes -= (*slot)->bytes;
	change_free(*slot);
	*slot = NULL;
}

static void remember(struct mem_data *d, struct mem_change *ch)
{
	while (d->oldest < d->revision && (d->revision - d->oldest >= KV_MEM_HISTORY ||
					   d->bytes + ch->bytes > KV_MEM_BYTES))
		forget_oldest(d);
	ch->revision = d->revision;
	d->bytes += ch->bytes;
	d->history[d->revision % KV_MEM_HISTORY] = ch;
}

/* Takes over @ch; what changes nothing makes no revision. */
static void commit(struct mem_data *d, struct mem_change *ch)
{
	if (!ch->n) {
		change_free(ch);
		return;
	}
	d->revision++;
	for (size_t i = 0; i < ch->n; i++)
		apply(d, ch->recs[i]);
	remember(d, ch);
}

int mem_data_commit(struct mem_data *d, struct mem_txn *txn)
{
	struct mem_change *ch;

	if (!well_made(txn))
		return -EINVAL;
	for (size_t i = 0; i < txn->n_cmp; i++)
		if (!compares(d, &txn->cmp[i]))
			return -EAGAIN;
	ch = plan(d, txn);
	if (!ch)
		return -EHOSTUNREACH;
	if (!reserve(d, ch->n)) {
		change_free(ch);
		return -EHOSTUNREACH;
	}
	commit(d, ch);
	return 0;
}

void mem_data_drop(struct mem_data *d, const void *owner)
{
	size_t n = 0;
	struct mem_change *ch;

	for (size_t i = 0; i < d->n; i++)
		n += d->recs[i]->owner == owner;
	ch = calloc(1, sizeof(*ch) + n * sizeof(ch->recs[0]));
	for (size_t i = 0; ch && i < d->n; i++) {
		struct mem_rec *rec = d->recs[i];

		if (rec->owner == owner && (rec = rec_new(rec->item.key, NULL, 0, NULL)))
			ch->recs[ch->n++] = rec;
	}
	if (ch)
		commit(d, ch);
}

struct kv_item *mem_data_range(const struct mem_data *d, const char *prefix, size_t *n)
{
	size_t first = 0;
	struct kv_item *items;

	*n = span(d, prefix, &first);
	items = calloc(*n + 1, sizeof(*items));
	for (size_t i = 0; items && i < *n; i++)
		items[i] = d->recs[first + i]->item;
	return items;
}

const struct mem_change *mem_data_at(const struct mem_data *d, uint64_t revision)
{
	return revision >= d->oldest && revision <= d->revision ?
	       d->history[revision % KV_MEM_HISTORY] : NULL;
}

static bool copy_ops(struct mem_txn *txn, const struct kv_op *op, const void *owner)
{
	for (size_t i = 0; i < txn->n_op; i++) {
		bool put = op[i].what == KV_PUT;

		txn->op[i].what = op[i].what;
		txn->op[i].rec = rec_new(op[i].key, put ? op[i].value ?: "" : NULL, op[i].len,
					 put && op[i].leased ? owner : NULL);
		if (!txn->op[i].rec)
			return false;
	}
	return true;
}

static bool copy_cmp(struct mem_txn *txn, const struct kv_cmp *cmp)
{
	for (size_t i = 0; i < txn->n_cmp; i++) {
		txn->cmp[i] = (struct kv_cmp){ strdup(cmp[i].key), cmp[i].mod };
		if (!txn->cmp[i].key)
			return false;
	}
	return true;
}

bool mem_txn_copy(struct mem_txn *txn, const struct kv_cmp *cmp, size_t n_cmp,
		  const struct kv_op *op, size_t n_op, const void *owner)
{
	*txn = (struct mem_txn){
		.n_cmp = n_cmp, .n_op = n_op,
		.cmp = calloc(n_cmp + 1, sizeof(*cmp)),
		.op = calloc(n_op + 1, sizeof(*txn->op)),
	};
	if (txn->cmp && txn->op && copy_cmp(txn, cmp) && copy_ops(txn, op, owner))
		return true;
	mem_txn_free(txn);
	return false;
}

void mem_txn_free(struct mem_txn *txn)
{
	for (size_t i = 0; txn->cmp && i < txn->n_cmp; i++)
		free((char *)txn->cmp[i].key);
	for (size_t i = 0; txn->op && i < txn->n_op; i++)
		rec_put(txn->op[i].rec);
	free(txn->cmp);
	free(txn->op);
	*txn = (struct mem_txn){ 0 };
}
