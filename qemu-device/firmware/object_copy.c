// SPDX-License-Identifier: GPL-2.0-or-later
/* object_copy.c - copies of keys: to change them, and to work on them without a lock. */
#include <string.h>

#include "object.h"

void object_describe(const struct object *o, struct object_init *init)
{
	*init = (struct object_init){
		.kind = (enum key_kind)o->kind,
		.flags = o->flags,
		.owner = o->owner,
		.value_len = o->value_len,
		.m_value = o->m_value,
		.label = object_label(o),
		.id = object_id(o),
		.modulus = object_modulus(o),
		.exponent = object_exponent(o),
		.params = object_params(o),
		.wrap_template = object_wrap_template(o),
		.unwrap_template = object_unwrap_template(o),
		.secret = { o->secret, o->secret_len },
		.shares = o->shares,
		.n_shares = o->n_shares,
	};
	memcpy(init->kcv, o->kcv, sizeof(init->kcv));
}

struct object *object_again(const struct object *o, const struct object_init *init)
{
	struct object *copy = object_new(init);

	if (!copy)
		return NULL;
	copy->handle = o->handle;
	copy->maker = o->maker;
	copy->maker_node = o->maker_node;
	return copy;
}

struct object *object_copy(const struct object *o)
{
	struct object_init init;

	object_describe(o, &init);
	return object_again(o, &init);
}
