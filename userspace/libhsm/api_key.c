// SPDX-License-Identifier: LGPL-2.1-or-later
/* api_key.c - keys: find, look at, change, delete. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"

struct handle_list {
	uint64_t *v;
	size_t n;
};

static int put_handles(void *dst, const uint8_t *value, size_t len)
{
	struct handle_list *list = dst;
	size_t n = len / sizeof(uint64_t);
	uint64_t *v;

	if (len % sizeof(uint64_t))
		return -EPROTO;
	if (!n)
		return 0;
	v = realloc(list->v, (list->n + n) * sizeof(*v));
	if (!v)
		return -ENOMEM;
	list->v = v;
	for (size_t i = 0; i < n; i++)
		v[list->n++] = msg_get64(value + i * sizeof(uint64_t));
	return 0;
}

/* One page of the matches, from the first that @list does not hold. */
static int find_page(struct hsm *h, uint32_t session, const struct hsm_attr *match, size_t n_match,
		     const uint32_t *users, size_t n_users, struct handle_list *list,
		     uint32_t *total, struct hsm_result *res)
{
	const struct reply_field fields[] = {
		{ HSM_TAG_TOTAL, 4, true, msg_put32, total },
		{ HSM_TAG_HANDLES, 0, false, put_handles, list },
	};
	struct msg m;

	msg_begin(&m, h, HSM_CMD_KEY_FIND, session, list->n ? HSM_MSG_MAX : REPLY_ROOM);
	msg_attrs(&m, match, n_match);
	msg_u32_each(&m, HSM_TAG_SHARE_USER, users, n_users);
	if (list->n)
		msg_u32(&m, HSM_TAG_START, (uint32_t)list->n);
	return msg_finish(&m, fields, ARRAY_LEN(fields), res);
}

/* Ends also when keys vanish between two pages: a page that adds nothing is the last. */
int hsm_key_find(struct hsm *h, uint32_t session, const struct hsm_attr *match, size_t n_match,
		 const uint32_t *users, size_t n_users, uint64_t **handles, size_t *n,
		 struct hsm_result *res)
{
	struct handle_list list = { 0 };
	uint32_t total;
	size_t before;
	int rc;

	do {
		before = list.n;
		rc = find_page(h, session, match, n_match, users, n_users, &list, &total, res);
	} while (!rc && list.n > before && list.n < total);
	if (rc) {
		free(list.v);
		list = (struct handle_list){ 0 };
	}
	*handles = list.v;
	*n = list.n;
	return rc;
}

/* Counts attributes and their bytes, so that the caller gets one block. */
static int attrs_size(const struct msg *m, size_t *n, size_t *bytes)
{
	const uint8_t *pos = m->rep + sizeof(struct hsm_msg_rep), *value;
	size_t left = m->rep_len - sizeof(struct hsm_msg_rep), len;
	uint32_t tag;
	int rc;

	*n = 0;
	*bytes = 0;
	while ((rc = msg_next(&pos, &left, &tag, &value, &len)) > 0) {
		if (tag & 0x80000000u)
			continue;
		(*n)++;
		*bytes += len;
	}
	return rc;
}

static void attrs_copy(const struct msg *m, struct hsm_attrs *attrs)
{
	const uint8_t *pos = m->rep + sizeof(struct hsm_msg_rep), *value;
	size_t left = m->rep_len - sizeof(struct hsm_msg_rep), len, i = 0;
	uint8_t *room = (uint8_t *)&attrs->v[attrs->n];
	uint32_t tag;

	while (msg_next(&pos, &left, &tag, &value, &len) > 0) {
		if (tag & 0x80000000u)
			continue;
		memcpy(room, value, len);
		attrs->v[i++] = (struct hsm_attr){ tag, (uint32_t)len, room };
		room += len;
	}
}

static int attrs_take(const struct msg *m, struct hsm_attrs **out)
{
	struct hsm_attrs *attrs;
	size_t n, bytes;
	int rc;

	rc = attrs_size(m, &n, &bytes);
	if (rc)
		return rc;
	attrs = malloc(sizeof(*attrs) + n * sizeof(attrs->v[0]) + bytes);
	if (!attrs)
		return -ENOMEM;
	attrs->n = n;
	attrs_copy(m, attrs);
	*out = attrs;
	return 0;
}

int hsm_key_attrs(struct hsm *h, uint32_t session, uint64_t handle, const uint32_t *ids,
		  size_t n_ids, struct hsm_attrs **attrs, struct hsm_result *res)
{
	struct hsm_result local;
	struct msg m;
	int rc;

	if (!res)
		res = &local;
	*attrs = NULL;
	msg_begin(&m, h, HSM_CMD_KEY_ATTRS, session, REPLY_ROOM);
	msg_u64(&m, HSM_TAG_HANDLE, handle);
	msg_u32_each(&m, HSM_TAG_ATTR, ids, n_ids);
	rc = msg_run(&m, NULL, 0, res);
	if (!rc)
		rc = attrs_take(&m, attrs);
	msg_end(&m);
	res->rc = rc;
	return rc;
}

const struct hsm_attr *hsm_attrs_get(const struct hsm_attrs *attrs, uint32_t id)
{
	for (size_t i = 0; i < attrs->n; i++)
		if (attrs->v[i].id == id)
			return &attrs->v[i];
	return NULL;
}

static int put_share(void *dst, const uint8_t *value, size_t len)
{
	struct hsm_key_info **info = dst, *grown;
	uint32_t n = (*info)->n_users;

	(void)len;
	grown = realloc(*info, sizeof(**info) + (n + 1) * sizeof(uint32_t));
	if (!grown)
		return -ENOMEM;
	grown->users[n] = msg_get32(value);
	grown->n_users = n + 1;
	*info = grown;
	return 0;
}

int hsm_key_info(struct hsm *h, uint32_t session, uint64_t handle, struct hsm_key_info **info,
		 struct hsm_result *res)
{
	uint32_t owner = 0, m_value = 0;
	struct hsm_key_info *shared = calloc(1, sizeof(*shared));
	const struct reply_field fields[] = {
		{ HSM_TAG_OWNER, 4, true, msg_put32, &owner },
		{ HSM_TAG_M_VALUE, 4, false, msg_put32, &m_value },
		{ HSM_TAG_SHARE_USER, 4, false, put_share, &shared },
	};
	struct msg m;
	int rc;

	msg_begin(&m, h, HSM_CMD_KEY_INFO, session, REPLY_ROOM);
	if (!shared)
		m.err = -ENOMEM;
	msg_u64(&m, HSM_TAG_HANDLE, handle);
	rc = msg_finish(&m, fields, ARRAY_LEN(fields), res);
	if (rc) {
		free(shared);
		shared = NULL;
	} else {
		shared->owner = owner;
		shared->m_value = m_value;
	}
	*info = shared;
	return rc;
}

int hsm_key_delete(struct hsm *h, uint32_t session, uint64_t handle, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_KEY_DELETE, session, REPLY_ROOM);
	msg_u64(&m, HSM_TAG_HANDLE, handle);
	return msg_finish(&m, NULL, 0, res);
}

int hsm_key_set_attrs(struct hsm *h, uint32_t session, uint64_t handle,
		      const struct hsm_attr *attrs, size_t n_attrs, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_KEY_SET_ATTRS, session, REPLY_ROOM);
	msg_u64(&m, HSM_TAG_HANDLE, handle);
	msg_attrs(&m, attrs, n_attrs);
	return msg_finish(&m, NULL, 0, res);
}
