// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_key_read.c - KEY_ATTRS, KEY_INFO: what one key is. */
#include "cmd_key.h"

/* Writes what is asked for. */
static int write_attrs(struct call *c, const struct object *o, struct tlv_writer *w)
{
	uint32_t number = call_u32(c, HSM_TAG_ATTR, 0);
	struct tlv_reader r;
	struct tlv t;

	if (call_count(c, HSM_TAG_ATTR) == 1 && number == HSM_ATTR_ALL) {
		attr_write_all(o, w);
		return 0;
	}
	call_each(c, &r);
	while (tlv_next_tag(&r, HSM_TAG_ATTR, &t)) {
		number = get_le32(t.p);
		if (number == HSM_ATTR_ALL)
			return call_bad(c, HSM_TAG_ATTR, HSM_RV_INVALID_INPUT);
		if (!attr_write(o, number, w))
			return call_bad(c, number, HSM_RV_NO_ATTRIBUTE);
	}
	return 0;
}

int cmd_key_attrs(struct call *c)
{
	struct tlv_writer size;
	struct object *o;
	int rc;

	tlv_write_init(&size, NULL, 0);
	fw_lock_read(c->fw);
	rc = key_find(c, HSM_TAG_HANDLE, KEY_SEE, &o);
	if (!rc)
		rc = write_attrs(c, o, &size);
	if (!rc)
		rc = call_room(c, size.need);
	if (!rc)
		rc = write_attrs(c, o, &c->out);
	fw_unlock(c->fw);
	return rc;
}

static void write_info(const struct object *o, struct tlv_writer *w)
{
	size_t i;

	tlv_put_u32(w, HSM_TAG_OWNER, o->owner);
	if (key_kinds[o->kind].class == HSM_KEY_CLASS_PUBLIC)
		return;
	for (i = 0; i < o->n_shares; i++)
		tlv_put_u32(w, HSM_TAG_SHARE_USER, o->shares[i]);
	tlv_put_u32(w, HSM_TAG_M_VALUE, o->m_value);
}

int cmd_key_info(struct call *c)
{
	struct tlv_writer size;
	struct object *o;
	int rc;

	tlv_write_init(&size, NULL, 0);
	fw_lock_read(c->fw);
	rc = key_find(c, HSM_TAG_HANDLE, KEY_SEE, &o);
	if (!rc) {
		write_info(o, &size);
		rc = call_room(c, size.need);
	}
	if (!rc)
		write_info(o, &c->out);
	fw_unlock(c->fw);
	return rc;
}
