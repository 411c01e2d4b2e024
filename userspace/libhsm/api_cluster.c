// SPDX-License-Identifier: LGPL-2.1-or-later
/* api_cluster.c - the cluster of a card: its members, and putting a damaged key back. */
#include <errno.h>
#include <string.h>

#include "msg.h"

/*
 * Others than the card wrote it, and tools print it: not trusted to be terminated, nor to be
 * without control characters.
 */
static void text_put(char *dst, size_t room, const uint8_t *src)
{
	memcpy(dst, src, room);
	dst[room - 1] = '\0';
	for (; *dst; dst++)
		if (*dst < ' ' || *dst > '~')
			*dst = '?';
}

static int put_cluster(void *dst, const uint8_t *v, size_t len)
{
	struct hsm_membership *m = dst;

	(void)len;
	memcpy(m->id, v + offsetof(struct hsm_cluster_info, id), sizeof(m->id));
	m->mode = msg_get32(v + offsetof(struct hsm_cluster_info, mode));
	m->state = msg_get32(v + offsetof(struct hsm_cluster_info, state));
	m->position = msg_get64(v + offsetof(struct hsm_cluster_info, position));
	m->known = msg_get32(v + offsetof(struct hsm_cluster_info, members));
	m->live = msg_get32(v + offsetof(struct hsm_cluster_info, live));
	text_put(m->reason, sizeof(m->reason), v + offsetof(struct hsm_cluster_info, reason));
	return 0;
}

static int put_member(void *dst, const uint8_t *v, size_t len)
{
	struct hsm_membership *m = dst;
	struct hsm_member_info *new = &m->members[m->n];
	const uint32_t node = msg_get32(v + offsetof(struct hsm_member, node));

	(void)len;
	if (m->n == HSM_MEMBERS_MAX)
		return -EPROTO;
	for (uint32_t i = 0; i < m->n; i++)
		if (m->members[i].node == node)
			return -EPROTO;
	new->node = node;
	new->status = msg_get32(v + offsetof(struct hsm_member, status));
	new->position = msg_get64(v + offsetof(struct hsm_member, position));
	new->flags = msg_get32(v + offsetof(struct hsm_member, flags));
	text_put(new->serial, sizeof(new->serial), v + offsetof(struct hsm_member, serial));
	text_put(new->address, sizeof(new->address), v + offsetof(struct hsm_member, address));
	m->n++;
	return 0;
}

int hsm_cluster_info(struct hsm *h, struct hsm_membership *info, struct hsm_result *res)
{
	const struct reply_field fields[] = {
		{ HSM_TAG_CLUSTER, sizeof(struct hsm_cluster_info), true, put_cluster, info },
		{ HSM_TAG_MEMBER, sizeof(struct hsm_member), false, put_member, info },
	};
	struct msg m;
	int rc;

	memset(info, 0, sizeof(*info));
	msg_begin(&m, h, HSM_CMD_CLUSTER_INFO, 0, 3 * REPLY_ROOM);
	rc = msg_finish(&m, fields, ARRAY_LEN(fields), res);
	if (rc)
		memset(info, 0, sizeof(*info));
	return rc;
}

bool hsm_same_cluster(const struct hsm_membership *a, const struct hsm_membership *b)
{
	static const uint8_t none[sizeof(a->id)];

	return memcmp(a->id, none, sizeof(none)) != 0 && !memcmp(a->id, b->id, sizeof(a->id));
}

int hsm_key_restore(struct hsm *h, uint32_t session, const void *masked, size_t len,
		    uint64_t handle, struct hsm_result *res)
{
	struct hsm_result local;
	uint64_t put;
	struct msg m;
	int rc;

	if (!res)
		res = &local;
	msg_begin(&m, h, HSM_CMD_KEY_UNMASK, session, REPLY_ROOM);
	msg_bytes(&m, HSM_TAG_DATA, masked, len);
	msg_u64(&m, HSM_TAG_HANDLE, handle);
	rc = msg_finish_handle(&m, &put, res);
	if (!rc && put != handle)
		rc = res->rc = -EPROTO;
	return rc;
}
