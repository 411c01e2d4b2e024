// SPDX-License-Identifier: GPL-2.0-or-later
/* key_use.c - how a command gets at the prepared form of a key. */
#include "key_use.h"

#include "key_cache.h"
#include "key_numbers.h"

int key_may(struct call *c, uint32_t tag, const struct object *o, enum attr_bit bit)
{
	int rc = policy_use(c->fw, o, bit);

	if (!rc)
		rc = new_key_fips(c, o->kind, object_curve(o));
	return rc ? call_bad(c, tag, rc) : 0;
}

int key_quorum(struct call *c, uint32_t tag, const struct object *o, uint32_t service)
{
	int rc = quorum_claim(c, service, o);

	return rc ? call_bad(c, tag, rc) : 0;
}

int key_hold(struct call *c, const struct object *o, struct key_hold *h)
{
	h->handle = o->handle;
	h->key = key_cache_get(c->fw->objects.prepared, o->handle);
	h->copy = h->key ? NULL : object_copy(o);
	return h->key || h->copy ? 0 : HSM_RV_NO_MEMORY;
}

static struct fc_key *prepare(const struct object *o)
{
	const struct kind_def *kind = &key_kinds[o->kind];
	struct fc_numbers n;

	if (kind->class == HSM_KEY_CLASS_SECRET)
		return fc_key_secret(kind->key_type, o->secret, o->secret_len);
	object_numbers(o, &n);
	return kind->class == HSM_KEY_CLASS_PUBLIC ? fc_key_public(&n) : fc_key_private(&n);
}

/* Not for a key that was deleted while it was prepared. */
static void keep(struct fw *fw, const struct key_hold *h)
{
	fw_lock_read(fw);
	if (object_by_handle(&fw->objects, h->handle))
		key_cache_add(fw->objects.prepared, h->handle, h->key);
	fw_unlock(fw);
}

int key_ready(struct call *c, struct key_hold *h)
{
	if (h->key)
		return 0;
	h->key = prepare(h->copy);
	object_free(h->copy);
	h->copy = NULL;
	if (!h->key)
		return HSM_RV_CRYPTO_FAILED;
	keep(c->fw, h);
	return 0;
}

void key_let_go(struct key_hold *h)
{
	fc_key_put(h->key);
	object_free(h->copy);
	*h = (struct key_hold){ 0 };
}

int key_take(struct call *c, uint32_t tag, enum attr_bit bit, struct key_hold *h)
{
	struct object *o;
	int rc;

	fw_lock_read(c->fw);
	rc = key_find(c, tag, KEY_SEE, &o);
	if (!rc)
		rc = key_may(c, tag, o, bit);
	if (!rc)
		rc = key_quorum(c, tag, o, HSM_SERVICE_KEY_USE);
	if (!rc)
		rc = key_hold(c, o, h);
	fw_unlock(c->fw);
	return rc ? rc : key_ready(c, h);
}
