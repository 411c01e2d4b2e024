// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_key_set.c - KEY_SET_ATTRS and KEY_DELETE: changes of a key that is there. */
#include "change.h"
#include "key_use.h"

int key_find_to_change(struct call *c, enum key_right right, struct object **o)
{
	int rc = key_find(c, HSM_TAG_HANDLE, right, o);

	if (!rc && (*o)->state == OBJECT_DELETING)
		rc = call_bad(c, HSM_TAG_HANDLE, HSM_RV_BAD_HANDLE);
	return rc;
}

int key_propose(struct call *c, enum key_right right, int (*prepare)(struct change *ch))
{
	struct change *ch = change_new(c);
	struct object *o;
	int rc;

	if (!ch)
		return HSM_RV_NO_MEMORY;
	fw_lock_write(c->fw);
	rc = key_find_to_change(c, right, &o);
	if (!rc) {
		ch->handle = o->handle;
		ch->prepare = prepare;
		return change_propose(ch);
	}
	fw_unlock(c->fw);
	change_free(ch);
	return rc;
}

/* What the request wants, one by one; @edit is good for nothing if one is refused. */
static int read_edit(struct call *c, const struct object *o, struct attr_edit *edit)
{
	bool strict = c->fw->policy == FW_POLICY_STRICT;
	enum attr_who who = c->user->rec.type == HSM_USER_CU ? WHO_OWNER : WHO_OFFICER;
	struct tlv_reader r;
	struct tlv t;
	int rc = 0;

	*edit = (struct attr_edit){ .flags = o->flags };
	call_each(c, &r);
	while (!rc && tlv_next(&r, &t)) {
		struct bytes value = { t.p, t.len };

		if (t.tag == HSM_TAG_HANDLE)
			continue;
		rc = attr_set(o, edit, t.tag, &value, who, strict);
		if (rc)
			call_bad(c, t.tag, rc);
	}
	return rc;
}

static struct object *changed_copy(const struct object *o, const struct attr_edit *edit)
{
	struct object_init init;

	object_describe(o, &init);
	init.flags = edit->flags;
	if (edit->label)
		init.label = (struct bytes){ edit->label, edit->label_len };
	if (edit->wrap_template)
		init.wrap_template = (struct bytes){ edit->wrap_template,
						     edit->wrap_template_len };
	if (edit->unwrap_template)
		init.unwrap_template = (struct bytes){ edit->unwrap_template,
						       edit->unwrap_template_len };
	return object_again(o, &init);
}

static int replace(struct change *ch, struct object *old, struct object *o)
{
	struct fw *fw = ch->call.fw;
	bool token = object_flag(o, BIT_TOKEN);

	if (object_size(o) > object_size(old) + OBJECT_BUDGET - fw->objects.bytes)
		return HSM_RV_NO_MEMORY;
	if (old->ctx && token && fw->card_damaged)
		return HSM_RV_RECORD_DAMAGED;
	if (!token) {
		ch->call.local = true;
		object_replace(&fw->objects, old, o);
		return 0;
	}
	ch->card = old->ctx;
	ch->old = old;
	ch->keys[0] = o;
	old->state = OBJECT_CHANGING;
	return 0;
}

int key_replace(struct change *ch, struct object *old, struct object *o)
{
	int rc = o ? replace(ch, old, o) : HSM_RV_NO_MEMORY;

	if (rc)
		object_free(o);
	return rc;
}

static int prepare_set(struct change *ch)
{
	struct attr_edit edit = { 0 };
	struct object *o;
	int rc = key_find_to_change(&ch->call, KEY_SET, &o);

	if (!rc)
		rc = read_edit(&ch->call, o, &edit);
	if (!rc)
		rc = key_quorum(&ch->call, HSM_TAG_HANDLE, o, HSM_SERVICE_KEY_MGMT);
	if (rc || !edit.changed)
		return rc;
	return key_replace(ch, o, changed_copy(o, &edit));
}

int cmd_key_set_attrs(struct call *c)
{
	return key_propose(c, KEY_SET, prepare_set);
}

/* A session key goes at once, a token key by the store. */
static int prepare_delete(struct change *ch)
{
	struct object *o;
	int rc = key_find_to_change(&ch->call, KEY_MANAGE, &o);

	if (!rc && !object_flag(o, BIT_DESTROYABLE))
		rc = call_bad(&ch->call, HSM_TAG_HANDLE, HSM_RV_NOT_DESTROYABLE);
	if (!rc)
		rc = key_quorum(&ch->call, HSM_TAG_HANDLE, o, HSM_SERVICE_KEY_MGMT);
	if (rc)
		return rc;
	if (o->ctx) {
		ch->call.local = true;
		object_remove(&ch->call.fw->objects, o);
		object_free(o);
		return 0;
	}
	o->state = OBJECT_DELETING;
	ch->keys[0] = o;
	ch->deletes = true;
	return 0;
}

int cmd_key_delete(struct call *c)
{
	return key_propose(c, KEY_MANAGE, prepare_delete);
}
