// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_table.c - commands of the card and of users, their tags and bounds (docs/hsm-firmware.rst). */
#include "cmd_table.h"

static const struct cmd_tag random_tags[] = {
	{ HSM_TAG_LEN, TAG_U32, REQ, 1, HSM_MSG_MAX - sizeof(struct hsm_msg_rep) - TLV_HEAD, 0 },
};

static const struct cmd_tag user_tags[] = {
	{ HSM_TAG_USER_TYPE, TAG_U32, REQ, ANY_U32, 0 },
	{ HSM_TAG_USER_NAME, TAG_BYTES, REQ, 1, HSM_NAME_MAX, 0 },
	{ HSM_TAG_PASSWORD, TAG_BYTES, REQ, HSM_PASSWORD_MIN, HSM_PASSWORD_MAX,
	  HSM_RV_BAD_PASSWORD },
};

static const struct cmd_tag cert_tags[] = {
	{ HSM_TAG_CERT, TAG_U32, REQ, ANY_U32, 0 },
};

static const struct cmd card_cmds[] = {
	{ CMD(NOP), cmd_nop, CRYPTO, ROLE_ANY, CMD_QUICK, HEAD, NO_TAGS },
	{ CMD(CARD_INFO), cmd_card_info, CRYPTO, ROLE_ANY, CMD_NODE | CMD_QUICK,
	  HEAD + NODE + TLV_HEAD + sizeof(struct hsm_card_info), NO_TAGS },
	{ CMD(RANDOM), cmd_random, CRYPTO, ROLE_ANY, 0, HEAD + REPLY_BAD_TAG_LEN,
	  TAGS(random_tags) },
	{ CMD(CERT), cmd_cert, CRYPTO, ROLE_ANY, CMD_NODE | CMD_QUICK, BASE, TAGS(cert_tags) },
	{ CMD(SESSION_OPEN), cmd_session_open, CRYPTO, ROLE_ANY, CMD_NODE | CMD_QUICK, BASE,
	  NO_TAGS },
	{ CMD(SESSION_CLOSE), cmd_session_close, CRYPTO, ROLE_ANY, SN, BASE, NO_TAGS },
	{ CMD(LOGIN), cmd_login, CRYPTO, ROLE_NOBODY, SNC | CMD_LONG, HEAD + NODE + 2 * U32,
	  TAGS(user_tags) },
	{ CMD(LOGOUT), cmd_logout, CRYPTO, ROLE_USERS, SN | CMD_AUDIT, BASE, NO_TAGS },
	{ CMD(LOGIN_STATUS), cmd_login_status, CRYPTO, ROLE_ANY, CMD_NODE | CMD_QUICK,
	  HEAD + NODE + 2 * U32 + TLV_HEAD + HSM_NAME_MAX, NO_TAGS },
	{ CMD(USER_CREATE), cmd_user_create, USERS, OFFICER, SNC | CMD_LONG, BASE,
	  TAGS(user_tags) },
	{ CMD(USER_PASSWORD), cmd_user_password, USERS, ROLE_USERS, SNC | CMD_LONG, BASE,
	  TAGS(user_tags) },
	{ CMD(USER_LIST), cmd_user_list, CRYPTO, ROLE_ANY, CMD_NODE | CMD_QUICK, BASE, NO_TAGS },
};

static const size_t card_cmd_count = sizeof(card_cmds) / sizeof(card_cmds[0]);

const struct cmd_group cmd_groups[] = {
	{ card_cmds, &card_cmd_count },
	{ key_cmds, &key_cmd_count },
	{ use_cmds, &use_cmd_count },
};

const size_t cmd_group_count = sizeof(cmd_groups) / sizeof(cmd_groups[0]);
