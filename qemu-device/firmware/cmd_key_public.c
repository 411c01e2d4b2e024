// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_key_public.c - KEY_PUT_PUBLIC and KEY_GET_PUBLIC. */
#include "cmd_key.h"
#include "key_numbers.h"
#include "secmem.h"

static int put_public(struct call *c, struct new_key *k, const struct fc_numbers *n)
{
	const enum key_kind kind = key_kind_of(HSM_KEY_CLASS_PUBLIC, n->key_type);
	struct object_init init;
	struct object *o = NULL;
	int rc;

	if (kind == KINDS)
		return call_bad(c, HSM_TAG_DATA, HSM_RV_BAD_PKCS_DATA);
	rc = new_key_check(c, k, &kind, 1);
	if (rc)
		return rc;
	new_key_init(c, k, kind, &init);
	rc = new_key_from_numbers(c, n, &init, &o);
	return rc ? call_bad(c, HSM_TAG_DATA, rc) : new_key_install(c, &o, 1);
}

int cmd_key_put_public(struct call *c)
{
	struct bytes der = call_bytes(c, HSM_TAG_DATA);
	struct fc_numbers n;
	struct new_key k;
	int rc;

	new_key_begin(&k, false);
	rc = new_key_args(c, &k);
	if (rc)
		return rc;
	rc = fc_spki_decode(der.p, der.len, &n);
	if (rc)
		return call_bad(c, HSM_TAG_DATA, rc);
	rc = put_public(c, &k, &n);
	fc_numbers_clear(&n);
	return rc;
}

static int write_spki(struct call *c, const struct object *o)
{
	struct fc_numbers n;
	uint8_t *der;
	size_t len;
	int rc;

	object_numbers(o, &n);
	if (!fc_spki_encode(&n, &der, &len))
		return HSM_RV_CRYPTO_FAILED;
	rc = call_room(c, TLV_HEAD + len);
	if (!rc)
		tlv_put(&c->out, HSM_TAG_DATA, der, len);
	secmem_free(der);
	return rc;
}

int cmd_key_get_public(struct call *c)
{
	struct object *o, *copy = NULL;
	int rc;

	fw_lock_read(c->fw);
	rc = key_find(c, HSM_TAG_HANDLE, KEY_SEE, &o);
	if (!rc && key_kinds[o->kind].class != HSM_KEY_CLASS_PUBLIC)
		rc = call_bad(c, HSM_TAG_HANDLE, HSM_RV_BAD_KEY_TYPE);
	if (!rc) {
		copy = object_copy(o);
		rc = copy ? 0 : HSM_RV_NO_MEMORY;
	}
	fw_unlock(c->fw);
	if (!rc)
		rc = write_spki(c, copy);
	object_free(copy);
	return rc;
}
