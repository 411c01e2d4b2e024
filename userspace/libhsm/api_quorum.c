// SPDX-License-Identifier: LGPL-2.1-or-later
/* api_quorum.c - m values, quorum tokens and their approvals. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"

int hsm_m_value_set(struct hsm *h, uint32_t session, uint32_t service, uint32_t m_value,
		    struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_M_VALUE_SET, session, REPLY_ROOM);
	msg_u32(&m, HSM_TAG_SERVICE, service);
	msg_u32(&m, HSM_TAG_M_VALUE, m_value);
	return msg_finish(&m, NULL, 0, res);
}

int hsm_m_value_get(struct hsm *h, uint32_t session, uint32_t service, uint32_t *m_value,
		    struct hsm_result *res)
{
	const struct reply_field fields[] = {
		{ HSM_TAG_M_VALUE, 4, true, msg_put32, m_value },
	};
	struct msg m;

	*m_value = 0;
	msg_begin(&m, h, HSM_CMD_M_VALUE_GET, session, REPLY_ROOM);
	msg_u32(&m, HSM_TAG_SERVICE, service);
	return msg_finish(&m, fields, ARRAY_LEN(fields), res);
}

static int put_token(void *dst, const uint8_t *value, size_t len)
{
	memcpy(dst, value, len);
	return 0;
}

int hsm_token_new(struct hsm *h, uint32_t session, uint32_t service, uint64_t handle,
		  struct hsm_token *token, struct hsm_result *res)
{
	const struct reply_field fields[] = {
		{ HSM_TAG_TOKEN, sizeof(*token), true, put_token, token },
	};
	struct msg m;

	memset(token, 0, sizeof(*token));
	msg_begin(&m, h, HSM_CMD_TOKEN_NEW, session, REPLY_ROOM);
	msg_u32(&m, HSM_TAG_SERVICE, service);
	if (handle)
		msg_u64(&m, HSM_TAG_HANDLE, handle);
	return msg_finish(&m, fields, ARRAY_LEN(fields), res);
}

/* The card's text is not trusted to be terminated. */
static void text_read(char dst[32], const uint8_t src[32])
{
	memcpy(dst, src, 32);
	dst[31] = '\0';
}

void hsm_token_read(const struct hsm_token *token, struct hsm_quorum *q)
{
	*q = (struct hsm_quorum){
		.id = le32toh(token->id),
		.service = le16toh(token->service),
		.node = le32toh(token->node),
		.user = le32toh(token->user),
		.handle = le64toh(token->handle),
		.m_value = le32toh(token->m_value),
	};
	text_read(q->user_name, token->user_name);
	text_read(q->serial, token->serial);
}

static void approval_put(struct msg *m, const struct hsm_approver *a)
{
	struct hsm_approval wire = {
		.type = htole32(a->type),
		.len = htole32((uint32_t)a->signature_len),
	};
	size_t name_len = strlen(a->name);

	msg_check(m, name_len && name_len <= HSM_NAME_MAX);
	msg_check(m, a->signature_len <= sizeof(wire.signature));
	if (m->err)
		return;
	memcpy(wire.name, a->name, name_len);
	memcpy(wire.signature, a->signature, a->signature_len);
	msg_bytes(m, HSM_TAG_APPROVAL, &wire, sizeof(wire));
}

int hsm_token_approve(struct hsm *h, uint32_t session, const void *tokens, size_t len,
		      const struct hsm_approver *approvers, size_t n, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_TOKEN_APPROVE, session, REPLY_ROOM);
	msg_check(&m, len > 0 && len <= HSM_TOKEN_FILE_MAX && n > 0);
	msg_bytes(&m, HSM_TAG_DATA, tokens, len);
	for (size_t i = 0; i < n; i++)
		approval_put(&m, &approvers[i]);
	return msg_finish(&m, NULL, 0, res);
}

struct token_list {
	struct hsm_quorum *v;
	size_t n;
};

static int put_token_info(void *dst, const uint8_t *value, size_t len)
{
	struct token_list *list = dst;
	struct hsm_token_info wire;
	struct hsm_quorum *v;

	if (list->n == HSM_TOKENS_MAX)
		return -EPROTO;
	v = list_room(list->v, list->n, sizeof(*v));
	if (!v)
		return -ENOMEM;
	list->v = v;
	memcpy(&wire, value, len);
	hsm_token_read(&wire.token, &v[list->n]);
	v[list->n].valid_s = le32toh(wire.valid_s);
	v[list->n].approvals = le32toh(wire.approvals);
	for (size_t i = 0; i < HSM_M_VALUE_MAX; i++)
		text_read(v[list->n].approver[i], wire.approver[i]);
	list->n++;
	return 0;
}

/* One page, from the first token that @list does not hold. */
static int list_page(struct hsm *h, uint32_t session, struct token_list *list, uint32_t *total,
		     struct hsm_result *res)
{
	const struct reply_field fields[] = {
		{ HSM_TAG_TOTAL, 4, true, msg_put32, total },
		{ HSM_TAG_TOKEN_INFO, sizeof(struct hsm_token_info), false, put_token_info, list },
	};
	struct msg m;

	msg_begin(&m, h, HSM_CMD_TOKEN_LIST, session, list->n ? HSM_MSG_MAX : REPLY_ROOM);
	msg_maybe_u32(&m, HSM_TAG_START, (uint32_t)list->n);
	return msg_finish(&m, fields, ARRAY_LEN(fields), res);
}

/* Ends also when tokens vanish between two pages: a page that adds nothing is the last. */
int hsm_token_list(struct hsm *h, uint32_t session, struct hsm_quorum **tokens, size_t *n,
		   struct hsm_result *res)
{
	struct token_list list = { 0 };
	uint32_t total;
	size_t before;
	int rc;

	do {
		before = list.n;
		rc = list_page(h, session, &list, &total, res);
	} while (!rc && list.n > before && list.n < total);
	if (rc) {
		free(list.v);
		list = (struct token_list){ 0 };
	}
	*tokens = list.v;
	*n = list.n;
	return rc;
}

int hsm_token_delete(struct hsm *h, uint32_t session, uint32_t id, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_TOKEN_DELETE, session, REPLY_ROOM);
	if (id != HSM_TOKEN_ALL)
		msg_u32(&m, HSM_TAG_TOKEN_ID, id);
	return msg_finish(&m, NULL, 0, res);
}
