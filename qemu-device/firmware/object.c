// SPDX-License-Identifier: GPL-2.0-or-later
/* object.c - keys and the table that holds them. */
#include "object.h"

#include <stdlib.h>
#include <string.h>

#include "secmem.h"

struct object *object_new(const struct object_init *init)
{
	const struct bytes part[] = { init->label, init->id, init->modulus, init->exponent };
	size_t i, at = 0, len = 0;
	struct object *o;

	for (i = 0; i < 4; i++)
		len += part[i].len;
	o = calloc(1, sizeof(*o) + len);
	if (!o)
		return NULL;
	for (i = 0; i < 4; at += part[i].len, i++) {
		if (part[i].len)
			memcpy(o->data + at, part[i].p, part[i].len);
	}
	o->label_len = (uint8_t)init->label.len;
	o->id_len = (uint8_t)init->id.len;
	o->modulus_len = (uint16_t)init->modulus.len;
	o->exponent_len = (uint8_t)init->exponent.len;
	o->kind = (uint8_t)init->kind;
	o->flags = init->flags;
	o->owner = init->owner;
	o->value_len = init->value_len;
	o->m_value = init->m_value;
	memcpy(o->kcv, init->kcv, sizeof(o->kcv));
	o->secret_len = (uint32_t)init->secret.len;
	o->n_shares = (uint16_t)init->n_shares;
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
	       o->n_shares * sizeof(*o->shares);
}

bool object_table_init(struct object_table *t, uint64_t seed)
{
	*t = (struct object_table){ .seed = seed };
	return index_init(&t->by_handle) && index_init(&t->by_label) && index_init(&t->by_id);
}

void object_table_free(struct object_table *t)
{
	struct object *o, *next;

	for (o = t->first; o; o = next) {
		next = o->next;
		object_free(o);
	}
	index_free(&t->by_handle);
	index_free(&t->by_label);
	index_free(&t->by_id);
	free(t->damaged);
}

static uint32_t hash_bytes(const struct object_table *t, struct bytes b)
{
	return index_hash(t->seed, b.p, b.len);
}

void object_insert(struct object_table *t, struct object *o)
{
	o->prev = t->last;
	o->next = NULL;
	*(t->last ? &t->last->next : &t->first) = o;
	t->last = o;
	index_add(&t->by_handle, &o->by_handle, index_hash_u64(t->seed, o->handle));
	index_add(&t->by_label, &o->by_label, hash_bytes(t, object_label(o)));
	if (o->id_len)
		index_add(&t->by_id, &o->by_id, hash_bytes(t, object_id(o)));
	t->bytes += object_size(o);
	t->live += o->state != OBJECT_PENDING;
}

void object_remove(struct object_table *t, struct object *o)
{
	*(o->prev ? &o->prev->next : &t->first) = o->next;
	*(o->next ? &o->next->prev : &t->last) = o->prev;
	index_del(&t->by_handle, &o->by_handle);
	index_del(&t->by_label, &o->by_label);
	index_del(&t->by_id, &o->by_id);
	if (o->session_prev) {
		*o->session_prev = o->session_next;
		if (o->session_next)
			o->session_next->session_prev = o->session_prev;
	}
	t->bytes -= object_size(o);
	t->live -= o->state != OBJECT_PENDING;
}

void object_go_live(struct object_table *t, struct object *o)
{
	t->live += o->state == OBJECT_PENDING;
	o->state = OBJECT_LIVE;
}

struct object *object_by_handle(const struct object_table *t, uint64_t handle)
{
	struct index_node *n = index_first(&t->by_handle, index_hash_u64(t->seed, handle));

	for (; n; n = index_next(n)) {
		struct object *o = container_of(n, struct object, by_handle);

		if (o->handle == handle)
			return o;
	}
	return NULL;
}

bool object_id_taken(const struct object_table *t, struct bytes id)
{
	struct index_node *n = index_first(&t->by_id, hash_bytes(t, id));

	for (; n; n = index_next(n)) {
		if (bytes_equal(object_id(container_of(n, struct object, by_id)), id))
			return true;
	}
	return false;
}

bool object_add_damaged(struct object_table *t, uint64_t handle)
{
	uint64_t *grown = realloc(t->damaged, (t->n_damaged + 1) * sizeof(*grown));

	if (!grown)
		return false;
	t->damaged = grown;
	t->damaged[t->n_damaged++] = handle;
	return true;
}

static int compare_u64(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

bool object_is_damaged(const struct object_table *t, uint64_t handle)
{
	return t->n_damaged && bsearch(&handle, t->damaged, t->n_damaged, sizeof(handle),
				       compare_u64);
}

const struct object *object_candidate(const struct object_table *t, const struct bytes *label,
				      const struct bytes *id, struct object_cursor *c)
{
	const struct index *ix = id ? &t->by_id : &t->by_label;
	const struct bytes *key = id ? id : label;
	size_t node = id ? offsetof(struct object, by_id) : offsetof(struct object, by_label);
	const struct index_node *n;

	if (!key)
		c->last = c->begun ? c->last->next : t->first;
	else {
		n = c->begun ? (const void *)((const char *)c->last + node) : NULL;
		n = n ? index_next(n) : index_first(ix, hash_bytes(t, *key));
		c->last = n ? (const void *)((const char *)n - node) : NULL;
	}
	c->begun = true;
	return c->last;
}
