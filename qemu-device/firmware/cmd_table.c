// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_table.c - every command, its tags and their bounds (docs/hsm-firmware.rst). */
#include "call.h"
#include "policy.h"

#define REQ	TAG_REQUIRED
#define MANY	TAG_MANY
#define ANY_U32	0, UINT32_MAX

static const struct cmd_tag random_tags[] = {
	{ HSM_TAG_LEN, TAG_U32, REQ, 1, HSM_MSG_MAX - sizeof(struct hsm_msg_rep) - TLV_HEAD, 0 },
};

static const struct cmd_tag user_tags[] = {
	{ HSM_TAG_USER_TYPE, TAG_U32, REQ, ANY_U32, 0 },
	{ HSM_TAG_USER_NAME, TAG_BYTES, REQ, 1, HSM_NAME_MAX, 0 },
	{ HSM_TAG_PASSWORD, TAG_BYTES, REQ, HSM_PASSWORD_MIN, HSM_PASSWORD_MAX,
	  HSM_RV_BAD_PASSWORD },
};

#define KEY_GEN_TAGS \
	{ HSM_ATTR_KEY_TYPE, TAG_U32, REQ, ANY_U32, 0 }, \
	{ HSM_ATTR_LABEL, TAG_BYTES, REQ, 1, HSM_LABEL_MAX, 0 }, \
	{ HSM_ATTR_ID, TAG_BYTES, 0, 1, HSM_ID_MAX, 0 }, \
	{ HSM_ATTR_TOKEN, TAG_BOOL, 0, 0, 1, 0 }, \
	{ HSM_ATTR_EXTRACTABLE, TAG_BOOL, 0, 0, 1, 0 }, \
	{ HSM_TAG_SHARE_USER, TAG_U32, MANY, ANY_U32, 0 }, \
	{ HSM_TAG_M_VALUE, TAG_U32, 0, 0, HSM_M_VALUE_MAX, HSM_RV_BAD_M_VALUE }, \
	{ HSM_TAG_MIN_SRV, TAG_U32, 0, 1, UINT32_MAX, 0 }, \
	{ HSM_TAG_TIMEOUT_S, TAG_U32, 0, ANY_U32, 0 }, \
	{ HSM_TAG_ATTEST_NONCE, TAG_BYTES, 0, 32, 32, 0 }

static const struct cmd_tag gen_sym_tags[] = {
	KEY_GEN_TAGS,
	{ HSM_ATTR_VALUE_LEN, TAG_U32, REQ, ANY_U32, 0 },
};

static const struct cmd_tag gen_pair_tags[] = {
	KEY_GEN_TAGS,
	{ HSM_ATTR_MODULUS_BITS, TAG_U32, 0, ANY_U32, 0 },
	{ HSM_ATTR_PUBLIC_EXPONENT, TAG_BYTES, 0, 1, 8, 0 },
};

static const struct cmd_tag find_tags[] = {
	{ HSM_ATTR_CLASS, TAG_U32, 0, ANY_U32, 0 },
	{ HSM_ATTR_KEY_TYPE, TAG_U32, 0, ANY_U32, 0 },
	{ HSM_ATTR_LABEL, TAG_BYTES, 0, 1, HSM_LABEL_MAX, 0 },
	{ HSM_ATTR_ID, TAG_BYTES, 0, 1, HSM_ID_MAX, 0 },
	{ HSM_ATTR_TOKEN, TAG_BOOL, 0, 0, 1, 0 },
	{ HSM_ATTR_MODULUS, TAG_BYTES, 0, 1, HSM_RSA_BITS_MAX / 8, 0 },
	{ HSM_ATTR_KCV, TAG_BYTES, 0, 3, 3, 0 },
	{ HSM_TAG_SHARE_USER, TAG_U32, MANY, ANY_U32, 0 },
	{ HSM_TAG_START, TAG_U32, 0, ANY_U32, 0 },
};

static const struct cmd_tag attrs_tags[] = {
	{ HSM_TAG_HANDLE, TAG_U64, REQ, 0, 0, 0 },
	{ HSM_TAG_ATTR, TAG_U32, REQ | MANY, ANY_U32, 0 },
};

static const struct cmd_tag handle_tags[] = {
	{ HSM_TAG_HANDLE, TAG_U64, REQ, 0, 0, 0 },
};

#define TAGS(table)	table, sizeof(table) / sizeof((table)[0])
#define NO_TAGS		NULL, 0
#define CMD(name)	HSM_CMD_##name, #name

#define HEAD	sizeof(struct hsm_msg_rep)
#define NODE	REPLY_NODE_LEN
#define BASE	(HEAD + NODE + REPLY_BAD_TAG_LEN)	/* any error; nothing but NODE */
#define U32	(TLV_HEAD + 4)
#define U64	(TLV_HEAD + 8)
#define SN	(CMD_SESSION | CMD_NODE)
#define SNC	(CMD_SESSION | CMD_NODE | CMD_CHANGES | CMD_AUDIT)

#define CRYPTO	HSM_CLASS_CRYPTO
#define KEYS	HSM_CLASS_KEYS
#define USERS	HSM_CLASS_USERS
#define OFFICER	(ROLE_PCO | ROLE_CO)

const struct cmd cmd_table[] = {
	{ CMD(NOP), cmd_nop, CRYPTO, ROLE_ANY, CMD_QUICK, HEAD, NO_TAGS },
	{ CMD(CARD_INFO), cmd_card_info, CRYPTO, ROLE_ANY, CMD_NODE | CMD_QUICK,
	  HEAD + NODE + TLV_HEAD + sizeof(struct hsm_card_info), NO_TAGS },
	{ CMD(RANDOM), cmd_random, CRYPTO, ROLE_ANY, 0, HEAD + REPLY_BAD_TAG_LEN,
	  TAGS(random_tags) },
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
	{ CMD(KEY_GEN_SYM), cmd_key_gen_sym, KEYS, ROLE_CU, SNC, HEAD + NODE + U64,
	  TAGS(gen_sym_tags) },
	{ CMD(KEY_GEN_PAIR), cmd_key_gen_pair, KEYS, ROLE_CU, SNC | CMD_LONG, HEAD + NODE + 2 * U64,
	  TAGS(gen_pair_tags) },
	{ CMD(KEY_FIND), cmd_key_find, CRYPTO, ROLE_CU, SN, HEAD + NODE + U32 + U64,
	  TAGS(find_tags) },
	{ CMD(KEY_ATTRS), cmd_key_attrs, CRYPTO, ROLE_CU, SN | CMD_QUICK, BASE,
	  TAGS(attrs_tags) },
	{ CMD(KEY_INFO), cmd_key_info, CRYPTO, ROLE_CU, SN | CMD_QUICK, BASE, TAGS(handle_tags) },
	{ CMD(KEY_DELETE), cmd_key_delete, KEYS, ROLE_CU, SNC, BASE, TAGS(handle_tags) },
};

const size_t cmd_count = sizeof(cmd_table) / sizeof(cmd_table[0]);
