// SPDX-License-Identifier: LGPL-2.1-or-later
/* api_session.c - sessions and the login. */
#include <errno.h>
#include <string.h>

#include "msg.h"

int hsm_session_open(struct hsm *h, uint32_t *session, struct hsm_result *res)
{
	const struct reply_field fields[] = {
		{ HSM_TAG_SESSION, 4, true, msg_put32, session },
	};
	struct msg m;

	*session = 0;
	msg_begin(&m, h, HSM_CMD_SESSION_OPEN, 0, REPLY_ROOM);
	return msg_finish(&m, fields, ARRAY_LEN(fields), res);
}

int hsm_session_close(struct hsm *h, uint32_t session, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_SESSION_CLOSE, session, REPLY_ROOM);
	return msg_finish(&m, NULL, 0, res);
}

static int put_challenge(void *dst, const uint8_t *value, size_t len)
{
	memcpy(dst, value, len);
	return 0;
}

int hsm_challenge(struct hsm *h, uint32_t session, uint8_t challenge[HSM_NONCE_LEN],
		  struct hsm_result *res)
{
	const struct reply_field fields[] = {
		{ HSM_TAG_DATA, HSM_NONCE_LEN, true, put_challenge, challenge },
	};
	struct msg m;

	msg_begin(&m, h, HSM_CMD_CHALLENGE, session, REPLY_ROOM);
	return msg_finish(&m, fields, ARRAY_LEN(fields), res);
}

int hsm_login_2fa(struct hsm *h, uint32_t session, uint32_t type, const char *name,
		  const void *password, size_t password_len, const struct hsm_factor *factor,
		  struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_LOGIN, session, REPLY_ROOM);
	msg_u32(&m, HSM_TAG_USER_TYPE, type);
	msg_bytes(&m, HSM_TAG_USER_NAME, name, strlen(name));
	msg_bytes(&m, HSM_TAG_PASSWORD, password, password_len);
	msg_factor(&m, factor);
	return msg_finish(&m, NULL, 0, res);
}

int hsm_login(struct hsm *h, uint32_t session, uint32_t type, const char *name,
	      const void *password, size_t password_len, struct hsm_result *res)
{
	return hsm_login_2fa(h, session, type, name, password, password_len, NULL, res);
}

int hsm_logout(struct hsm *h, uint32_t session, struct hsm_result *res)
{
	struct msg m;

	msg_begin(&m, h, HSM_CMD_LOGOUT, session, REPLY_ROOM);
	return msg_finish(&m, NULL, 0, res);
}

static int put_name(void *dst, const uint8_t *value, size_t len)
{
	if (len > HSM_NAME_MAX)
		return -EPROTO;
	memcpy(dst, value, len);
	((char *)dst)[len] = '\0';
	return 0;
}

int hsm_login_status(struct hsm *h, uint32_t session, struct hsm_user *user,
		     struct hsm_result *res)
{
	const struct reply_field fields[] = {
		{ HSM_TAG_USER_ID, 4, false, msg_put32, &user->id },
		{ HSM_TAG_USER_TYPE, 4, false, msg_put32, &user->type },
		{ HSM_TAG_USER_NAME, 0, false, put_name, user->name },
	};
	struct msg m;

	memset(user, 0, sizeof(*user));
	msg_begin(&m, h, HSM_CMD_LOGIN_STATUS, session, REPLY_ROOM);
	return msg_finish(&m, fields, ARRAY_LEN(fields), res);
}
