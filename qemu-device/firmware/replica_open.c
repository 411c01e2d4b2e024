// SPDX-License-Identifier: GPL-2.0-or-later
/* replica_open.c - records of the image, opened and checked. */
#include <stdlib.h>

#include "replica_int.h"
#include "secmem.h"

struct replica_entry *entry_new(size_t room)
{
	struct replica_entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->items = calloc(room ? room : 1, sizeof(*e->items));
	e->room = room;
	if (e->items)
		return e;
	free(e);
	return NULL;
}

static void item_clear(struct replica_item *it)
{
	object_free(it->object);
	secmem_free(it->plain);
}

void entry_free(struct replica_entry *e)
{
	size_t i;

	if (!e)
		return;
	for (i = 0; i < e->n; i++)
		item_clear(&e->items[i]);
	for (i = 0; i < e->n_ops; i++)
		free(e->sealed[i].data);
	identity_free(e->identity);
	free(e->sealed);
	free(e->ops);
	free(e->items);
	free(e);
}

bool entry_add_gone(struct replica_entry *e, enum store_kind kind, uint64_t id)
{
	size_t room = e->room ? e->room * 2 : 16;
	struct replica_item *grown;

	if (e->n == e->room) {
		grown = realloc(e->items, room * sizeof(*grown));
		if (!grown)
			return false;
		e->items = grown;
		e->room = room;
	}
	e->items[e->n++] = (struct replica_item){ .kind = kind, .id = id, .gone = true };
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct replica_item *x = a, *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

struct replica_item *entry_find(struct replica_entry *e, enum store_kind kind, uint64_t id)
{
	struct replica_item key = { .kind = kind, .id = id };

	return bsearch(&key, e->items, e->n_image, sizeof(key), compare);
}

static bool may_go(enum store_kind kind)
{
	return kind == STORE_USER || kind == STORE_OBJECT || kind == STORE_TOKEN;
}

static bool meta_sane(const struct replica_item *it)
{
	struct record_card card;

	switch (it->id) {
	case RECORD_CARD:
		return record_get_card(&card, it->plain, it->len);
	case RECORD_IDENTITY:
		return identity_shared_ok(it->plain, it->len);
	case RECORD_CLUSTER:
		return it->len == POSITION_LEN && it->plain[POSITION_LEN - 1] <= 1;
	default:
		return false;
	}
}

/* Whether the record inside the seal makes sense. */
static bool sane(struct replica_item *it)
{
	struct user_rec u;
	bool ok;

	switch (it->kind) {
	case STORE_META:
		return meta_sane(it);
	case STORE_USER:
		ok = record_get_user(&u, it->id, it->plain, it->len);
		secmem_wipe(&u, sizeof(u));
		return ok;
	case STORE_OBJECT:
		it->object = it->id ? record_get_object(it->id, it->plain, it->len) : NULL;
		secmem_free(it->plain);
		it->plain = NULL;
		return it->object;
	default:
		return it->kind == STORE_TOKEN;
	}
}

static bool is_mark(const struct store_op *op, size_t len)
{
	return len == WRAP_LEN && op->id && (op->kind == STORE_USER || op->kind == STORE_OBJECT);
}

bool replica_open_item(struct seal *s, const struct store_op *op, struct replica_item *it)
{
	uint8_t *plain;
	size_t len;

	*it = (struct replica_item){ .kind = op->kind, .id = op->id, .gone = !op->data };
	if (it->gone)
		return may_go(op->kind);
	if (!seal_open(s, op->kind, op->id, op->data, op->len, &plain, &len))
		return false;
	if (len > WRAP_LEN) {
		it->number = get_le64(plain);
		it->len = len - WRAP_LEN;
		it->plain = secmem_dup(plain + WRAP_LEN, it->len);
	}
	it->lost = is_mark(op, len);
	if (it->lost)
		it->number = get_le64(plain);
	secmem_free(plain);
	if (it->lost || (it->plain && sane(it)))
		return true;
	item_clear(it);
	*it = (struct replica_item){ .kind = op->kind };
	return false;
}

static bool outside(const struct store_op *op)
{
	return op->kind == STORE_META && (op->id == CLUSTER_HEADER || op->id == CLUSTER_ROOT);
}

static const char *kind_name(enum store_kind kind)
{
	switch (kind) {
	case STORE_META:
		return "meta";
	case STORE_USER:
		return "user";
	case STORE_OBJECT:
		return "key";
	case STORE_TOKEN:
		return "token";
	default:
		return "unknown";
	}
}

bool replica_open_all(struct replica *r, struct seal *s, const struct store_op *ops, size_t n,
		      struct replica_entry *e)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (outside(&ops[i]))
			continue;
		if (replica_open_item(s, &ops[i], &e->items[e->n])) {
			e->n++;
			continue;
		}
		replica_refuse(r, "record %s %llu of the cluster is damaged, or sealed with "
			       "another secret", kind_name(ops[i].kind),
			       (unsigned long long)ops[i].id);
		return false;
	}
	qsort(e->items, e->n, sizeof(*e->items), compare);
	e->n_image = e->n;
	return true;
}
