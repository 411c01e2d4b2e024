// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_table_quorum.c - commands of m values and quorum tokens, their tags and bounds. */
#include "cmd_table.h"

#define TOKEN_LEN	sizeof(struct hsm_token)
#define TOKEN_USERS	(ROLE_CU | OFFICER)

#define SERVICE_TAG(first) \
	{ HSM_TAG_SERVICE, TAG_U32, REQ, first, HSM_SERVICE_MISC_CO, 0 }

static const struct cmd_tag m_value_set_tags[] = {
	SERVICE_TAG(HSM_SERVICE_USER_MGMT),
	{ HSM_TAG_M_VALUE, TAG_U32, REQ, HSM_M_VALUE_MIN, HSM_M_VALUE_MAX, 0 },
};

static const struct cmd_tag m_value_get_tags[] = {
	SERVICE_TAG(HSM_SERVICE_USER_MGMT),
};

static const struct cmd_tag new_tags[] = {
	SERVICE_TAG(HSM_SERVICE_KEY_USE),
	{ HSM_TAG_HANDLE, TAG_U64, 0, 0, 0, 0 },
};

static const struct cmd_tag approve_tags[] = {
	{ HSM_TAG_DATA, TAG_BYTES, REQ, TOKEN_LEN, QUORUM_FILE_MAX * TOKEN_LEN, 0 },
	{ HSM_TAG_APPROVAL, TAG_BYTES, REQ | MANY, sizeof(struct hsm_approval),
	  sizeof(struct hsm_approval), 0 },
};

static const struct cmd_tag list_tags[] = {
	{ HSM_TAG_START, TAG_U32, 0, ANY_U32, 0 },
};

static const struct cmd_tag delete_tags[] = {
	{ HSM_TAG_TOKEN_ID, TAG_U32, 0, ANY_U32, 0 },
};

const struct cmd quorum_cmds[] = {
	{ CMD(M_VALUE_SET), cmd_m_value_set, USERS, OFFICER, SNC, BASE, TAGS(m_value_set_tags) },
	{ CMD(M_VALUE_GET), cmd_m_value_get, CRYPTO, OFFICER, SN | CMD_QUICK, BASE,
	  TAGS(m_value_get_tags) },
	{ CMD(TOKEN_NEW), cmd_token_new, CRYPTO, TOKEN_USERS, SN | CMD_AUDIT | CMD_ALL,
	  HEAD + NODE + TLV_HEAD + TOKEN_LEN, TAGS(new_tags) },
	{ CMD(TOKEN_APPROVE), cmd_token_approve, CRYPTO, TOKEN_USERS, SN | CMD_AUDIT | CMD_ALL,
	  BASE, TAGS(approve_tags) },
	{ CMD(TOKEN_LIST), cmd_token_list, CRYPTO, TOKEN_USERS, SN,
	  HEAD + NODE + U32 + TLV_HEAD + sizeof(struct hsm_token_info), TAGS(list_tags) },
	{ CMD(TOKEN_DELETE), cmd_token_delete, CRYPTO, TOKEN_USERS, SN | CMD_AUDIT | CMD_ALL,
	  BASE, TAGS(delete_tags) },
};

const size_t quorum_cmd_count = sizeof(quorum_cmds) / sizeof(quorum_cmds[0]);
