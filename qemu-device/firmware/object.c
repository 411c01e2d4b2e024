// SPDX-License-Identifier: GPL-2.0-or-later
/* object.c - keys and the table that holds them. */
#include "object.h"

#include <stdlib.h>
#include <string.h>

#include "key_cache.h"
#include "secmem.h"

#define PARTS 7

static void get_parts(const struct object_init *init, struct bytes part[PARTS])
{
	const struct bytes parts[PARTS] = {
		init->label, init->id, init->modulus, init->exponent, init->params,
		init->wrap_template, init->unwrap_template,
	};

	memcpy(part, parts, sizeof(parts));
}

static void set_fields(struct object *o, const struct object_init *init)
{
	o->label_len = (uint8_t)init->label.len;
	o->id_len = (uint8_t)init->id.len;
	o->modulus_len = (uint16_t)init->modulus.len;
	o->exponent_len = (uint8_t)init->exponent.len;
	o->params_len = (uint16_t)init->params.len;
	o->wrap_template_len = (uint16_t)init->wrap_template.len;
	o->unwrap_template_len = (uint16_t)init->unwrap_template.len;
	o->kind = (uint8_t)init->kind;
	o->flags = init->flags;
	o->owner = init->owner;
	o->value_len = init->value_len;
	o->m_value = init->m_value;
	memcpy(o->kcv, init->kcv, sizeof(o->kcv));
	o->secret_len = (uint32_t)init->secret.len;
	o->n_shares = (uint16_t)init->n_shares;
}

struct object *object_new(const struct object_init *init)
{
	struct bytes part[PARTS];
	size_t i, at = 0, len = 0;
	struct object *o;

	get_parts(init, part);
	for (i = 0; i < PARTS; i++)
		len += part[i].len;
	o = calloc(1, sizeof(*o) + len);
	if (!o)
		return NULL;
	for (i = 0; i < PARTS; at += part[i].len, i++) {
		if (part[i].len)
			memcpy(o->data + at, part[i].p, part[i].len);
	}
	set_fields(o, init);
	if (init->secret.len)
		o->secret = secmem_dup(init->secret.p, init->secret.len);
	if (init->n_shares)
		o->shares = calloc(init->n_shares, sizeof(*o->shares));
	if ((init->secret.len && !o->secret) || (init->n_shares && !o->shares)) {
		object_free(o);
		return NULL;
	}
	if (init->n_shares)
		memcpy(o->shares, init->shares, init->n_shares * sizeof(*o->shares));
	return o;
}

void object_free(struct object *o)
{
	if (!o)
		return;
	secmem_free(o->secret);
	free(o->shares);
	free(o);
}

struct bytes object_label(const struct object *o)
{
	return (struct bytes){ o->data, o->label_len };
}

struct bytes object_id(const struct object *o)
{
	return (struct bytes){ o->data + o->label_len, o->id_len };
}

struct bytes object_modulus(const struct object *o)
{
	return (struct bytes){ o->data + o->label_len + o->id_len, o->modulus_len };
}

struct bytes object_exponent(const struct object *o)
{
	return (struct bytes){ o->data + o->label_len + o->id_len + o->modulus_len,
			       o->exponent_len };
}

struct bytes object_params(const struct object *o)
{
	struct bytes before = object_exponent(o);

	return (struct bytes){ before.p + before.len, o->params_len };
}

struct bytes object_wrap_template(const struct object *o)
{
	struct bytes before = object_params(o);

	return (struct bytes){ before.p + before.len, o->wrap_template_len };
}

struct bytes object_unwrap_template(const struct object *o)
{
	struct bytes before = object_wrap_template(o);

	return (struct bytes){ before.p + before.len, o->unwrap_template_len };
}

bool object_flag(const struct object *o, enum attr_bit bit)
{
	return o->flags >> bit & 1;
}

bool object_shared_with(const struct object *o, uint32_t user)
{
	size_t i;

	for (i = 0; i < o->n_shares; i++) {
		if (o->shares[i] == user)
			return true;
	}
	return false;
}

size_t object_size(const struct object *o)
{
	return sizeof(*o) + o->label_len + o->id_len + o->modulus_len + o->exponent_len +
	       o->params_len + o->wrap_template_len + o->unwrap_template_len +
	       o->n_shares * sizeof(*o->shares);
}

bool object_table_init(struct object_table *t, uint64_t seed)
{
	size_t i;

	*t = (struct object_table){ .seed = seed };
	for (i = 0; i < OBJECT_INDEXES; i++) {
		if (!index_init(&t->index[i]))
			return false;
	}
	return true;
}

void object_table_free(struct object_table *t)
{
	struct object *o, *next;
	size_t i;

	for (o = t->first; o; o = next) {
		next = o->next;
		object_free(o);
	}
	for (i = 0; i < OBJECT_INDEXES; i++)
		index_free(&t->index[i]);
	secmem_free(t->damaged);
}

static uint32_t hash_bytes(const struct object_table *t, struct bytes b)
{
	return index_hash(t->seed, b.p, b.len);
}

/* What @o is indexed by; not the handle. */
static struct bytes index_key(const struct object *o, enum object_index by)
{
	switch (by) {
	case BY_ID:
		return object_id(o);
	case BY_MODULUS:
		return object_modulus(o);
	case BY_KCV:
		return (struct bytes){ o->kcv, sizeof(o->kcv) };
	default:
		return object_label(o);
	}
}

static void add_to_indexes(struct object_table *t, struct object *o)
{
	size_t i;

	index_add(&t->index[BY_HANDLE], &o->node[BY_HANDLE], index_hash_u64(t->seed, o->handle));
	for (i = BY_HANDLE + 1; i < OBJECT_INDEXES; i++) {
		struct bytes key = index_key(o, (enum object_index)i);

		if (key.len)
			index_add(&t->index[i], &o->node[i], hash_bytes(t, key));
	}
	t->bytes += object_size(o);
	t->live += o->state != OBJECT_PENDING;
	t->making += o->maker != 0;
}

static void drop_from_indexes(struct object_table *t, struct object *o)
{
	size_t i;

	for (i = 0; i < OBJECT_INDEXES; i++)
		index_del(&t->index[i], &o->node[i]);
	t->bytes -= object_size(o);
	t->live -= o->state != OBJECT_PENDING;
	t->making -= o->maker != 0;
	key_cache_forget(t->prepared, o->handle);
}

void object_insert(struct object_table *t, struct object *o)
{
	struct object *before = t->last;

	while (before && before->handle > o->handle)
		before = before->prev;
	o->prev = before;
	o->next = before ? before->next : t->first;
	*(before ? &before->next : &t->first) = o;
	*(o->next ? &o->next->prev : &t->last) = o;
	add_to_indexes(t, o);
}

void object_leave_session(struct object *o)
{
	if (!o->session_prev)
		return;
	*o->session_prev = o->session_next;
	if (o->session_next)
		o->session_next->session_prev = o->session_prev;
	o->session_prev = NULL;
}

void object_remove(struct object_table *t, struct object *o)
{
	*(o->prev ? &o->prev->next : &t->first) = o->next;
	*(o->next ? &o->next->prev : &t->last) = o->prev;
	drop_from_indexes(t, o);
	object_leave_session(o);
}

/* A session key that stays one takes the place in its context's list, too. */
static void take_session(struct object *old, struct object *o)
{
	o->ctx = old->ctx;
	o->session = old->session;
	o->session_prev = old->session_prev;
	o->session_next = old->session_next;
	*o->session_prev = o;
	if (o->session_next)
		o->session_next->session_prev = &o->session_next;
	old->session_prev = NULL;
}

void object_replace(struct object_table *t, struct object *old, struct object *o)
{
	drop_from_indexes(t, old);
	if (old->ctx && !object_flag(o, BIT_TOKEN))
		take_session(old, o);
	object_leave_session(old);
	o->state = o->maker ? OBJECT_PENDING : OBJECT_LIVE;
	o->prev = old->prev;
	o->next = old->next;
	*(o->prev ? &o->prev->next : &t->first) = o;
	*(o->next ? &o->next->prev : &t->last) = o;
	atomic_store(&o->warned, atomic_load(&old->warned));
	add_to_indexes(t, o);
	object_free(old);
}

void object_set_maker(struct object_table *t, struct object *o, uint32_t node, uint64_t maker)
{
	t->making += (maker != 0) - (o->maker != 0);
	o->maker_node = node;
	o->maker = maker;
}

void object_go_live(struct object_table *t, struct object *o)
{
	if (o->maker)
		return;
	t->live += o->state == OBJECT_PENDING;
	o->state = OBJECT_LIVE;
}

struct object *object_by_handle(const struct object_table *t, uint64_t handle)
{
	const struct index *ix = &t->index[BY_HANDLE];
	struct index_node *n = index_first(ix, index_hash_u64(t->seed, handle));

	for (; n; n = index_next(n)) {
		struct object *o = container_of(n, struct object, node[BY_HANDLE]);

		if (o->handle == handle)
			return o;
	}
	return NULL;
}

bool object_id_taken(const struct object_table *t, struct bytes id)
{
	const struct object *o = NULL;

	while ((o = object_candidate(t, BY_ID, id, o))) {
		if (bytes_equal(object_id(o), id))
			return true;
	}
	return false;
}

/* There is room up to the next power of two. */
static bool grow_damaged(struct object_table *t)
{
	size_t n = t->n_damaged;
	struct damaged_key *grown;

	if (n & (n - 1))
		return true;
	grown = secmem_alloc((n ? 2 * n : 1) * sizeof(*grown));
	if (!grown)
		return false;
	if (n)
		memcpy(grown, t->damaged, n * sizeof(*grown));
	secmem_free(t->damaged);
	t->damaged = grown;
	return true;
}

bool object_add_damaged(struct object_table *t, uint64_t handle)
{
	size_t i = t->n_damaged;

	if (!grow_damaged(t))
		return false;
	while (i && t->damaged[i - 1].handle > handle)
		i--;
	memmove(t->damaged + i + 1, t->damaged + i, (t->n_damaged++ - i) * sizeof(*t->damaged));
	t->damaged[i] = (struct damaged_key){ .handle = handle };
	return true;
}

static int compare_handle(const void *handle, const void *damaged)
{
	const uint64_t x = *(const uint64_t *)handle;
	const uint64_t y = ((const struct damaged_key *)damaged)->handle;

	return (x > y) - (x < y);
}

struct damaged_key *object_damaged(const struct object_table *t, uint64_t handle)
{
	if (!t->n_damaged)
		return NULL;
	return bsearch(&handle, t->damaged, t->n_damaged, sizeof(*t->damaged), compare_handle);
}

bool object_mend(struct object_table *t, uint64_t handle)
{
	struct damaged_key *d = object_damaged(t, handle);

	if (!d)
		return false;
	memmove(d, d + 1, (size_t)(t->damaged + --t->n_damaged - d) * sizeof(*d));
	return true;
}

const struct object *object_candidate(const struct object_table *t, enum object_index by,
				      struct bytes key, const struct object *last)
{
	const struct index_node *n;

	n = last ? index_next(&last->node[by]) : index_first(&t->index[by], hash_bytes(t, key));
	return n ? (const void *)((const char *)n - offsetof(struct object, node[by])) : NULL;
}
