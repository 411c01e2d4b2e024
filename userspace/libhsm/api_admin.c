// SPDX-License-Identifier: LGPL-2.1-or-later
/* api_admin.c - users. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "msg.h"

static void user_begin(struct msg *m, struct hsm *h, uint16_t opcode, uint32_t session,
		       uint32_t type, const char *name)
{
	msg_begin(m, h, opcode, session, REPLY_ROOM);
	msg_u32(m, HSM_TAG_USER_TYPE, type);
	msg_bytes(m, HSM_TAG_USER_NAME, name, strlen(name));
}

int hsm_user_create_2fa(struct hsm *h, uint32_t session, uint32_t type, const char *name,
			const void *password, size_t password_len,
			const struct hsm_factor *factor, uint32_t *id, struct hsm_result *res)
{
	const struct reply_field fields[] = {
		{ HSM_TAG_USER_ID, 4, true, msg_put32, id },
	};
	struct msg m;

	*id = 0;
	user_begin(&m, h, HSM_CMD_USER_CREATE, session, type, name);
	msg_bytes(&m, HSM_TAG_PASSWORD, password, password_len);
	msg_factor(&m, factor);
	return msg_finish(&m, fields, ARRAY_LEN(fields), res);
}

int hsm_user_create(struct hsm *h, uint32_t session, uint32_t type, const char *name,
		    const void *password, size_t password_len, uint32_t *id,
		    struct hsm_result *res)
{
	return hsm_user_create_2fa(h, session, type, name, password, password_len, NULL, id, res);
}

int hsm_user_password_2fa(struct hsm *h, uint32_t session, uint32_t type, const char *name,
			  const void *password, size_t password_len,
			  const struct hsm_factor *factor, struct hsm_result *res)
{
	struct msg m;

	user_begin(&m, h, HSM_CMD_USER_PASSWORD, session, type, name);
	msg_bytes(&m, HSM_TAG_PASSWORD, password, password_len);
	msg_factor(&m, factor);
	return msg_finish(&m, NULL, 0, res);
}

int hsm_user_password(struct hsm *h, uint32_t session, uint32_t type, const char *name,
		      const void *password, size_t password_len, struct hsm_result *res)
{
	return hsm_user_password_2fa(h, session, type, name, password, password_len, NULL, res);
}

int hsm_user_delete(struct hsm *h, uint32_t session, uint32_t type, const char *name,
		    struct hsm_result *res)
{
	struct msg m;

	user_begin(&m, h, HSM_CMD_USER_DELETE, session, type, name);
	return msg_finish(&m, NULL, 0, res);
}

int hsm_user_register(struct hsm *h, uint32_t session, uint32_t type, const char *name,
		      const struct hsm_registration *reg, struct hsm_result *res)
{
	struct msg m;

	user_begin(&m, h, HSM_CMD_USER_REGISTER, session, type, name);
	msg_bytes(&m, HSM_TAG_DATA, reg->token, reg->token_len);
	msg_bytes(&m, HSM_TAG_SIGNATURE, reg->signature, reg->signature_len);
	msg_bytes(&m, HSM_TAG_PUBLIC_KEY, reg->public_key, reg->public_key_len);
	return msg_finish(&m, NULL, 0, res);
}

int hsm_user_mask(struct hsm *h, uint32_t session, uint32_t id, struct hsm_bytes *masked,
		  struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_USER_MASK, session, REPLY_ROOM);
	msg_u32(&m, HSM_TAG_USER_ID, id);
	return msg_finish_bytes(&m, HSM_TAG_DATA, masked, NULL, res);
}

int hsm_user_unmask(struct hsm *h, uint32_t session, const void *masked, size_t len,
		    struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_USER_UNMASK, session, REPLY_ROOM);
	msg_bytes(&m, HSM_TAG_DATA, masked, len);
	return msg_finish(&m, NULL, 0, res);
}

struct user_list {
	struct hsm_user *v;
	size_t n;
};

/* The reply's length bounds the list: no room for more users than a message holds. */
#define USERS_IN_REPLY	(HSM_MSG_MAX / sizeof(struct hsm_user_rec))

static int put_user(void *dst, const uint8_t *value, size_t len)
{
	struct user_list *list = dst;
	struct hsm_user *u;

	(void)len;
	if (list->n == USERS_IN_REPLY)
		return -EPROTO;
	u = &list->v[list->n++];
	u->id = msg_get32(value + offsetof(struct hsm_user_rec, id));
	u->type = msg_get32(value + offsetof(struct hsm_user_rec, type));
	u->failures = msg_get32(value + offsetof(struct hsm_user_rec, failures));
	u->flags = msg_get32(value + offsetof(struct hsm_user_rec, flags));
	memcpy(u->name, value + offsetof(struct hsm_user_rec, name), HSM_NAME_MAX);
	u->name[HSM_NAME_MAX] = '\0';
	return 0;
}

int hsm_user_list(struct hsm *h, uint32_t session, struct hsm_user **users, size_t *n,
		  struct hsm_result *res)
{
	struct user_list list = { .v = calloc(USERS_IN_REPLY, sizeof(*list.v)) };
	const struct reply_field fields[] = {
		{ HSM_TAG_USER, sizeof(struct hsm_user_rec), false, put_user, &list },
	};
	struct msg m;
	int rc;

	msg_begin(&m, h, HSM_CMD_USER_LIST, session, HSM_MSG_MAX);
	if (!list.v)
		m.err = -ENOMEM;
	rc = msg_finish(&m, fields, ARRAY_LEN(fields), res);
	if (rc) {
		free(list.v);
		list = (struct user_list){ 0 };
	}
	*users = list.v;
	*n = list.n;
	return rc;
}
