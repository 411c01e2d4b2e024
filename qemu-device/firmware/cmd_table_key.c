// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_table_key.c - commands that make, find and change keys, their tags and bounds. */
#include "cmd_table.h"

#define SPKI_MAX	4096	/* bytes of DER that PUT_PUBLIC takes */

static const struct cmd_tag gen_sym_tags[] = {
	{ HSM_ATTR_KEY_TYPE, TAG_U32, REQ, ANY_U32, 0 },
	NEW_KEY_TAGS(REQ),
	{ HSM_ATTR_VALUE_LEN, TAG_U32, REQ, ANY_U32, 0 },
};

static const struct cmd_tag gen_pair_tags[] = {
	{ HSM_ATTR_KEY_TYPE, TAG_U32, REQ, ANY_U32, 0 },
	NEW_KEY_TAGS(REQ),
	{ HSM_ATTR_MODULUS_BITS, TAG_U32, 0, ANY_U32, 0 },
	{ HSM_ATTR_PUBLIC_EXPONENT, TAG_BYTES, 0, 1, 8, 0 },
	{ HSM_TAG_CURVE, TAG_U32, 0, ANY_U32, 0 },
};

static const struct cmd_tag gen_pbe_tags[] = {
	{ HSM_TAG_PASSWORD, TAG_BYTES, REQ, 1, 128, 0 },
	{ HSM_TAG_SALT, TAG_BYTES, REQ, 8, 64, 0 },
	{ HSM_TAG_ITERATIONS, TAG_U32, REQ, 1000, 10000000, 0 },
	NEW_KEY_TAGS(REQ),
};

static const struct cmd_tag put_public_tags[] = {
	{ HSM_TAG_DATA, TAG_BYTES, REQ, 1, SPKI_MAX, 0 },
	NEW_KEY_PUBLIC_TAGS(REQ),
};

static const struct cmd_tag find_tags[] = {
	{ HSM_ATTR_CLASS, TAG_U32, 0, ANY_U32, 0 },
	{ HSM_ATTR_KEY_TYPE, TAG_U32, 0, ANY_U32, 0 },
	{ HSM_ATTR_LABEL, TAG_BYTES, 0, 1, HSM_LABEL_MAX, 0 },
	{ HSM_ATTR_ID, TAG_BYTES, 0, 1, HSM_ID_MAX, 0 },
	BOOL_TAG(TOKEN),
	{ HSM_ATTR_MODULUS, TAG_BYTES, 0, 1, HSM_RSA_BITS_MAX / 8, 0 },
	{ HSM_ATTR_KCV, TAG_BYTES, 0, 3, 3, 0 },
	{ HSM_TAG_SHARE_USER, TAG_U32, MANY, ANY_U32, 0 },
	{ HSM_TAG_START, TAG_U32, 0, ANY_U32, 0 },
};

static const struct cmd_tag attrs_tags[] = {
	HANDLE_TAG,
	{ HSM_TAG_ATTR, TAG_U32, REQ | MANY, ANY_U32, 0 },
};

static const struct cmd_tag handle_tags[] = {
	HANDLE_TAG,
};

/* Every attribute there is: which of them can be set is the business of attr.c. */
static const struct cmd_tag set_tags[] = {
	HANDLE_TAG,
	{ HSM_ATTR_CLASS, TAG_U32, 0, ANY_U32, 0 },
	{ HSM_ATTR_KEY_TYPE, TAG_U32, 0, ANY_U32, 0 },
	BOOL_TAG(TOKEN), BOOL_TAG(PRIVATE), BOOL_TAG(ENCRYPT), BOOL_TAG(DECRYPT), BOOL_TAG(WRAP),
	BOOL_TAG(UNWRAP), BOOL_TAG(SIGN), BOOL_TAG(VERIFY), BOOL_TAG(LOCAL), BOOL_TAG(SENSITIVE),
	BOOL_TAG(EXTRACTABLE), BOOL_TAG(TRUSTED), BOOL_TAG(WRAP_WITH_TRUSTED),
	BOOL_TAG(DESTROYABLE), BOOL_TAG(DERIVE), BOOL_TAG(ALWAYS_SENSITIVE),
	BOOL_TAG(NEVER_EXTRACTABLE),
	{ HSM_ATTR_LABEL, TAG_BYTES, 0, 1, HSM_LABEL_MAX, 0 },
	{ HSM_ATTR_ID, TAG_BYTES, 0, 0, HSM_ID_MAX, 0 },
	{ HSM_ATTR_VALUE_LEN, TAG_U32, 0, ANY_U32, 0 },
	{ HSM_ATTR_KCV, TAG_BYTES, 0, 3, 3, 0 },
	{ HSM_ATTR_MODULUS, TAG_BYTES, 0, 1, HSM_RSA_BITS_MAX / 8, 0 },
	{ HSM_ATTR_MODULUS_BITS, TAG_U32, 0, ANY_U32, 0 },
	{ HSM_ATTR_PUBLIC_EXPONENT, TAG_BYTES, 0, 1, 8, 0 },
	{ HSM_ATTR_WRAP_TEMPLATE, TAG_BYTES, 0, 0, 512, 0 },
	{ HSM_ATTR_UNWRAP_TEMPLATE, TAG_BYTES, 0, 0, 512, 0 },
};

_Static_assert(sizeof(set_tags) / sizeof(set_tags[0]) <= CMD_TAGS_MAX, "room for its arguments");

static const struct cmd_tag unmask_tags[] = {
	{ HSM_TAG_DATA, TAG_BYTES, REQ, 1, HSM_MSG_MAX, 0 },
	{ HSM_TAG_HANDLE, TAG_U64, 0, 0, 0, 0 },
	NEW_KEY_NODE_TAGS,
	ATTEST_NONCE_TAG,
};

#define MASKERS	(ROLE_CU | OFFICER | ROLE_AU)
#define ONE	(HEAD + NODE + U64)	/* HANDLE, or BAD_TAG */

const struct cmd key_cmds[] = {
	{ CMD(KEY_GEN_SYM), cmd_key_gen_sym, KEYS, ROLE_CU, SNC, ONE, TAGS(gen_sym_tags) },
	{ CMD(KEY_GEN_PAIR), cmd_key_gen_pair, KEYS, ROLE_CU, SNC | CMD_LONG, HEAD + NODE + 2 * U64,
	  TAGS(gen_pair_tags) },
	{ CMD(KEY_FIND), cmd_key_find, CRYPTO, ROLE_CU, SN | CMD_ALL, HEAD + NODE + U32 + U64,
	  TAGS(find_tags) },
	{ CMD(KEY_ATTRS), cmd_key_attrs, CRYPTO, ROLE_CU, SN | CMD_QUICK, BASE,
	  TAGS(attrs_tags) },
	{ CMD(KEY_INFO), cmd_key_info, CRYPTO, ROLE_CU, SN | CMD_QUICK, BASE, TAGS(handle_tags) },
	{ CMD(KEY_DELETE), cmd_key_delete, KEYS, ROLE_CU, SNC, BASE, TAGS(handle_tags) },
	{ CMD(KEY_SET_ATTRS), cmd_key_set_attrs, KEYS, ROLE_CU | OFFICER, SNC, BASE,
	  TAGS(set_tags) },
	{ CMD(KEY_GEN_PBE), cmd_key_gen_pbe, KEYS, ROLE_CU, SNC | CMD_LONG, ONE,
	  TAGS(gen_pbe_tags) },
	{ CMD(KEY_PUT_PUBLIC), cmd_key_put_public, KEYS, ROLE_CU, SNC | CMD_LONG, ONE,
	  TAGS(put_public_tags) },
	{ CMD(KEY_GET_PUBLIC), cmd_key_get_public, CRYPTO, ROLE_CU, SN, BASE, TAGS(handle_tags) },
	{ CMD(KEY_MASK), cmd_key_mask, CRYPTO, MASKERS, SN | CMD_AUDIT, BASE,
	  TAGS(handle_tags) },
	{ CMD(KEY_UNMASK), cmd_key_unmask, KEYS, MASKERS, SNC, ONE, TAGS(unmask_tags) },
};

const size_t key_cmd_count = sizeof(key_cmds) / sizeof(key_cmds[0]);
