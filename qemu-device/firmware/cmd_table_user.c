// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_table_user.c - commands of sessions, users and whose keys they are, their tags and bounds. */
#include "cmd_table.h"

#define RSA_SIGNATURE	(HSM_QUORUM_RSA_BITS / 8)	/* bytes */
#define MASKED_MAX	2048	/* bytes: more than a masked user has */

#define USER_TAGS \
	{ HSM_TAG_USER_TYPE, TAG_U32, REQ, ANY_U32, 0 }, \
	{ HSM_TAG_USER_NAME, TAG_BYTES, REQ, 1, HSM_NAME_MAX, 0 }
#define PASSWORD_TAG \
	{ HSM_TAG_PASSWORD, TAG_BYTES, REQ, HSM_PASSWORD_MIN, HSM_PASSWORD_MAX, \
	  HSM_RV_BAD_PASSWORD }
#define SIGNATURE_TAG(flags) \
	{ HSM_TAG_SIGNATURE, TAG_BYTES, flags, 1, RSA_SIGNATURE, HSM_RV_BAD_PKCS_DATA }
#define PUBLIC_KEY_TAG(flags) \
	{ HSM_TAG_PUBLIC_KEY, TAG_BYTES, flags, 1, HSM_PUBLIC_KEY_MAX, HSM_RV_BAD_KEY_SIZE }

/* A signature of any length: a wrong one is a failed login, whatever is wrong with it. */
static const struct cmd_tag login_tags[] = {
	USER_TAGS, PASSWORD_TAG,
	{ HSM_TAG_SIGNATURE, TAG_BYTES, 0, ANY_U32, 0 },
};

static const struct cmd_tag password_tags[] = {
	USER_TAGS, PASSWORD_TAG, PUBLIC_KEY_TAG(0), SIGNATURE_TAG(0),
};

static const struct cmd_tag user_tags[] = {
	USER_TAGS,
};

static const struct cmd_tag register_tags[] = {
	USER_TAGS, PUBLIC_KEY_TAG(REQ), SIGNATURE_TAG(REQ),
	{ HSM_TAG_DATA, TAG_BYTES, REQ, 1, HSM_REGISTRATION_MAX, 0 },
};

static const struct cmd_tag user_id_tags[] = {
	{ HSM_TAG_USER_ID, TAG_U32, REQ, ANY_U32, 0 },
};

static const struct cmd_tag unmask_tags[] = {
	{ HSM_TAG_DATA, TAG_BYTES, REQ, 1, MASKED_MAX, HSM_RV_BAD_MASKED_OBJECT },
};

static const struct cmd_tag share_tags[] = {
	HANDLE_TAG,
	{ HSM_TAG_SHARE_USER, TAG_U32, REQ | MANY, ANY_U32, 0 },
	{ HSM_TAG_SHARE, TAG_BOOL, REQ, 0, 1, 0 },
};

static const struct cmd_tag list_tags[] = {
	{ HSM_TAG_USER_ID, TAG_U32, REQ, ANY_U32, 0 },
	{ HSM_TAG_START, TAG_U32, 0, ANY_U32, 0 },
	{ HSM_TAG_KEY_HASH, TAG_BOOL, 0, 0, 1, 0 },
};

const struct cmd user_cmds[] = {
	{ CMD(SESSION_OPEN), cmd_session_open, CRYPTO, ROLE_ANY, CMD_NODE | CMD_QUICK, BASE,
	  NO_TAGS },
	{ CMD(SESSION_CLOSE), cmd_session_close, CRYPTO, ROLE_ANY, SN | CMD_POST, BASE,
	  NO_TAGS },
	{ CMD(LOGIN), cmd_login, CRYPTO, ROLE_NOBODY, SNC | CMD_LONG, HEAD + NODE + 2 * U32,
	  TAGS(login_tags) },
	{ CMD(LOGOUT), cmd_logout, CRYPTO, ROLE_USERS, SN | CMD_AUDIT | CMD_ALL, BASE,
	  NO_TAGS },
	{ CMD(LOGIN_STATUS), cmd_login_status, CRYPTO, ROLE_ANY, CMD_NODE | CMD_QUICK,
	  HEAD + NODE + 2 * U32 + TLV_HEAD + HSM_NAME_MAX, NO_TAGS },
	{ CMD(CHALLENGE), cmd_challenge, CRYPTO, ROLE_ANY, SN,
	  HEAD + NODE + TLV_HEAD + HSM_NONCE_LEN, NO_TAGS },
	{ CMD(USER_CREATE), cmd_user_create, USERS, OFFICER, SNC | CMD_LONG, BASE,
	  TAGS(password_tags) },
	{ CMD(USER_PASSWORD), cmd_user_password, USERS, ROLE_USERS, SNC | CMD_LONG, BASE,
	  TAGS(password_tags) },
	{ CMD(USER_LIST), cmd_user_list, CRYPTO, ROLE_ANY, CMD_NODE | CMD_QUICK, BASE, NO_TAGS },
	{ CMD(USER_DELETE), cmd_user_delete, USERS, OFFICER, SNC, BASE, TAGS(user_tags) },
	{ CMD(USER_REGISTER), cmd_user_register, USERS, ROLE_CU | OFFICER, SNC | CMD_LONG, BASE,
	  TAGS(register_tags) },
	{ CMD(USER_MASK), cmd_user_mask, CRYPTO, OFFICER, SN | CMD_AUDIT, BASE,
	  TAGS(user_id_tags) },
	{ CMD(USER_UNMASK), cmd_user_unmask, USERS, OFFICER, SNC, BASE, TAGS(unmask_tags) },
	{ CMD(KEY_SHARE), cmd_key_share, KEYS, ROLE_CU, SNC, BASE, TAGS(share_tags) },
	{ CMD(KEY_LIST), cmd_key_list, CRYPTO, OFFICER | ROLE_AU, SN,
	  HEAD + NODE + U32 + TLV_HEAD + sizeof(struct hsm_key_ref) + TLV_HEAD + HSM_DIGEST_LEN,
	  TAGS(list_tags) },
};

const size_t user_cmd_count = sizeof(user_cmds) / sizeof(user_cmds[0]);
