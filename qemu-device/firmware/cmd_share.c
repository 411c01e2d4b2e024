// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_share.c - KEY_SHARE: who else may use a key. */
#include <string.h>

#include "change.h"
#include "key_use.h"

/* The users of a key as they will be, ascending. */
struct shares {
	uint32_t v[HSM_USERS_MAX];
	size_t n;
};

/* Where @id is, or belongs. */
static size_t place(const struct shares *s, uint32_t id)
{
	size_t i;

	for (i = 0; i < s->n && s->v[i] < id; i++)
		;
	return i;
}

static bool has(const struct shares *s, uint32_t id)
{
	size_t i = place(s, id);

	return i < s->n && s->v[i] == id;
}

static int insert(struct shares *s, uint32_t id)
{
	size_t i = place(s, id);

	if (has(s, id))
		return HSM_RV_INVALID_INPUT;
	if (s->n == HSM_USERS_MAX)
		return HSM_RV_LIMIT_REACHED;
	memmove(s->v + i + 1, s->v + i, (s->n - i) * sizeof(*s->v));
	s->v[i] = id;
	s->n++;
	return 0;
}

static int take_out(struct shares *s, uint32_t id)
{
	size_t i = place(s, id);

	if (!has(s, id))
		return HSM_RV_INVALID_INPUT;
	s->n--;
	memmove(s->v + i, s->v + i + 1, (s->n - i) * sizeof(*s->v));
	return 0;
}

/* One whom the key is shared with may have been deleted: it can still be taken from him. */
static int change_one(const struct call *c, const struct object *o, struct shares *s, uint32_t id)
{
	const struct user *u = user_by_id(&c->fw->users, id);
	bool share = call_bool(c, HSM_TAG_SHARE, false);

	if (!share && has(s, id))
		return take_out(s, id);
	if (!u || u->rec.type != HSM_USER_CU)
		return HSM_RV_USER_UNKNOWN;
	if (id == o->owner)
		return HSM_RV_SHARE_OWNER;
	return share ? insert(s, id) : HSM_RV_INVALID_INPUT;
}

static int change_shares(struct call *c, const struct object *o, struct shares *s)
{
	struct tlv_reader r;
	struct tlv t;
	int rc = 0;

	s->n = o->n_shares;
	if (s->n)
		memcpy(s->v, o->shares, s->n * sizeof(*s->v));
	call_each(c, &r);
	while (!rc && tlv_next_tag(&r, HSM_TAG_SHARE_USER, &t))
		rc = change_one(c, o, s, get_le32(t.p));
	if (rc)
		return call_bad(c, HSM_TAG_SHARE_USER, rc);
	return o->m_value > s->n + 1 ? HSM_RV_BAD_M_VALUE : 0;
}

static int check_key(struct call *c, const struct object *o)
{
	if (key_kinds[o->kind].class == HSM_KEY_CLASS_PUBLIC)
		return call_bad(c, HSM_TAG_HANDLE, HSM_RV_BAD_KEY_TYPE);
	if (!object_flag(o, BIT_TOKEN))
		return call_bad(c, HSM_TAG_HANDLE, HSM_RV_INVALID_INPUT);
	return 0;
}

static struct object *with_shares(const struct object *o, const struct shares *s)
{
	struct object_init init;

	object_describe(o, &init);
	init.shares = s->v;
	init.n_shares = s->n;
	return object_again(o, &init);
}

static int prepare_share(struct change *ch)
{
	struct call *c = &ch->call;
	struct object *o;
	struct shares s;
	int rc = key_find_to_change(c, KEY_MANAGE, &o);

	if (!rc)
		rc = check_key(c, o);
	if (!rc)
		rc = change_shares(c, o, &s);
	if (!rc)
		rc = key_quorum(c, HSM_TAG_HANDLE, o, HSM_SERVICE_KEY_MGMT);
	if (rc)
		return rc;
	return key_replace(ch, o, with_shares(o, &s));
}

int cmd_key_share(struct call *c)
{
	return key_propose(c, KEY_MANAGE, prepare_share);
}
