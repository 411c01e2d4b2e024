// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_table.c - commands of the card, their tags and bounds (docs/hsm-firmware.rst). */
#include "cmd_table.h"

static const struct cmd_tag random_tags[] = {
	{ HSM_TAG_LEN, TAG_U32, REQ, 1, HSM_MSG_MAX - sizeof(struct hsm_msg_rep) - TLV_HEAD, 0 },
};

static const struct cmd_tag cert_tags[] = {
	{ HSM_TAG_CERT, TAG_U32, REQ, ANY_U32, 0 },
};

static const struct cmd_tag attest_tags[] = {
	{ HSM_TAG_NONCE, TAG_BYTES, REQ, HSM_NONCE_LEN, HSM_NONCE_LEN, 0 },
	{ HSM_TAG_HANDLE, TAG_U64, MANY, 0, 0, 0 },
};

static const struct cmd card_cmds[] = {
	{ CMD(NOP), cmd_nop, CRYPTO, ROLE_ANY, CMD_QUICK, HEAD, NO_TAGS },
	{ CMD(CARD_INFO), cmd_card_info, CRYPTO, ROLE_ANY, CMD_NODE | CMD_QUICK,
	  HEAD + NODE + TLV_HEAD + sizeof(struct hsm_card_info), NO_TAGS },
	{ CMD(RANDOM), cmd_random, CRYPTO, ROLE_ANY, 0, HEAD + REPLY_BAD_TAG_LEN,
	  TAGS(random_tags) },
	{ CMD(CERT), cmd_cert, CRYPTO, ROLE_ANY, CMD_NODE | CMD_QUICK, BASE, TAGS(cert_tags) },
	{ CMD(ATTEST), cmd_attest, CRYPTO, ROLE_ANY, CMD_NODE | CMD_LONG, BASE,
	  TAGS(attest_tags) },
	{ CMD(ZEROIZE), cmd_zeroize, FACTORY, OFFICER, SNC & ~CMD_ALL, BASE, NO_TAGS },
	{ CMD(CLUSTER_INFO), cmd_cluster_info, CRYPTO, ROLE_ANY, CMD_NODE | CMD_QUICK,
	  HEAD + NODE + TLV_HEAD + sizeof(struct hsm_cluster_info) + TLV_HEAD +
	  sizeof(struct hsm_member), NO_TAGS },
};

static const size_t card_cmd_count = sizeof(card_cmds) / sizeof(card_cmds[0]);

const struct cmd_group cmd_groups[] = {
	{ card_cmds, &card_cmd_count },
	{ user_cmds, &user_cmd_count },
	{ key_cmds, &key_cmd_count },
	{ use_cmds, &use_cmd_count },
	{ quorum_cmds, &quorum_cmd_count },
	{ audit_cmds, &audit_cmd_count },
};

const size_t cmd_group_count = sizeof(cmd_groups) / sizeof(cmd_groups[0]);
