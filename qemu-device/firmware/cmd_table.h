/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_table.h - how the tables of commands are written (cmd_table*.c). */
#ifndef HSM_CMD_TABLE_H
#define HSM_CMD_TABLE_H

#include "call.h"
#include "policy.h"

#define REQ	TAG_REQUIRED
#define MANY	TAG_MANY
#define ANY_U32	0, UINT32_MAX

/* Tags that several commands have. */
#define HANDLE_TAG	{ HSM_TAG_HANDLE, TAG_U64, REQ, 0, 0, 0 }
#define BOOL_TAG(name)	{ HSM_ATTR_##name, TAG_BOOL, 0, 0, 1, 0 }

#define ATTEST_NONCE_TAG \
	{ HSM_TAG_ATTEST_NONCE, TAG_BYTES, 0, HSM_NONCE_LEN, HSM_NONCE_LEN, 0 }

/* What may be asked of a new key; new_key_args() reads it. */
#define NEW_KEY_ROLE_TAGS \
	BOOL_TAG(ENCRYPT), BOOL_TAG(DECRYPT), BOOL_TAG(WRAP), BOOL_TAG(UNWRAP), BOOL_TAG(SIGN), \
	BOOL_TAG(VERIFY), BOOL_TAG(DERIVE), BOOL_TAG(SENSITIVE), BOOL_TAG(WRAP_WITH_TRUSTED), \
	BOOL_TAG(DESTROYABLE)
#define NEW_KEY_NODE_TAGS \
	{ HSM_TAG_MIN_SRV, TAG_U32, 0, 1, UINT32_MAX, 0 }, \
	{ HSM_TAG_TIMEOUT_S, TAG_U32, 0, ANY_U32, 0 }
#define NEW_KEY_PUBLIC_TAGS(label_flags) \
	{ HSM_ATTR_LABEL, TAG_BYTES, label_flags, 1, HSM_LABEL_MAX, 0 }, \
	{ HSM_ATTR_ID, TAG_BYTES, 0, 1, HSM_ID_MAX, 0 }, \
	BOOL_TAG(TOKEN), NEW_KEY_ROLE_TAGS, NEW_KEY_NODE_TAGS, \
	ATTEST_NONCE_TAG
#define NEW_KEY_TAGS(label_flags) \
	NEW_KEY_PUBLIC_TAGS(label_flags), \
	BOOL_TAG(EXTRACTABLE), \
	{ HSM_TAG_SHARE_USER, TAG_U32, MANY, ANY_U32, 0 }, \
	{ HSM_TAG_M_VALUE, TAG_U32, 0, 0, HSM_M_VALUE_MAX, HSM_RV_BAD_M_VALUE }

#define TAGS(table)	table, sizeof(table) / sizeof((table)[0])
#define NO_TAGS		NULL, 0
#define CMD(name)	HSM_CMD_##name, #name

#define HEAD	sizeof(struct hsm_msg_rep)
#define NODE	REPLY_NODE_LEN
#define BASE	(HEAD + NODE + REPLY_BAD_TAG_LEN)	/* any error; nothing but NODE */
#define U32	(TLV_HEAD + 4)
#define U64	(TLV_HEAD + 8)
#define SN	(CMD_SESSION | CMD_NODE)
#define SNC	(CMD_SESSION | CMD_NODE | CMD_CHANGES | CMD_AUDIT | CMD_ALL)

#define CRYPTO	HSM_CLASS_CRYPTO
#define KEYS	HSM_CLASS_KEYS
#define USERS	HSM_CLASS_USERS
#define FACTORY	HSM_CLASS_FACTORY
#define OFFICER	(ROLE_PCO | ROLE_CO)

/* The families (cmd_table_*.c). */
extern const struct cmd user_cmds[];
extern const size_t user_cmd_count;
extern const struct cmd key_cmds[];
extern const size_t key_cmd_count;
extern const struct cmd use_cmds[];
extern const size_t use_cmd_count;
extern const struct cmd quorum_cmds[];
extern const size_t quorum_cmd_count;
extern const struct cmd audit_cmds[];
extern const size_t audit_cmd_count;

#endif /* HSM_CMD_TABLE_H */
