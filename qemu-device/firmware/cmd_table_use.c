// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_table_use.c - commands that wrap keys and that use them. */
#include "cmd_table.h"
#include "crypto_key.h"
#include "transport.h"

#define ANY_BYTES	0, HSM_MSG_MAX
#define IV_MAX		16

#define WRAP_HANDLE_TAG	{ HSM_TAG_WRAP_HANDLE, TAG_U64, REQ, 0, 0, 0 }
#define POINT_TAG	{ HSM_TAG_POINT, TAG_BYTES, REQ, FC_POINT_LEN, FC_POINT_LEN, 0 }
#define IV_TAG		{ HSM_TAG_IV, TAG_BYTES, 0, 1, IV_MAX, 0 }
#define OPERATION_TAG	{ HSM_TAG_OPERATION, TAG_U32, REQ, ANY_U32, 0 }

#define WRAP_MECHANISM_TAG(first, last) \
	{ HSM_TAG_WRAP_MECHANISM, TAG_U32, REQ, first, last, HSM_RV_BAD_MECHANISM }

#define HOST_TAGS(data_min, data_max) \
	WRAP_HANDLE_TAG, WRAP_MECHANISM_TAG(HSM_WRAP_AES_PKCS5, HSM_WRAP_AES_PAD), IV_TAG, POINT_TAG, \
	{ HSM_TAG_DATA, TAG_BYTES, REQ, data_min, data_max, 0 }

#define MECHANISM_TAGS \
	IV_TAG, \
	{ HSM_TAG_AAD, TAG_BYTES, 0, 0, HSM_AAD_MAX, 0 }, \
	{ HSM_TAG_GCM_TAG_LEN, TAG_U32, 0, HSM_GCM_TAG_MIN, FC_GCM_TAG_LEN, 0 }, \
	{ HSM_TAG_HASH, TAG_U32, 0, HSM_HASH_SHA1, HSM_HASH_SHA224, 0 }

#define WRAP_TAGS \
	WRAP_HANDLE_TAG, WRAP_MECHANISM_TAG(HSM_WRAP_AES_PKCS5, HSM_WRAP_RSA_PKCS), \
	{ HSM_TAG_NO_HEADER, TAG_BOOL, 0, 0, 1, 0 }, MECHANISM_TAGS

#define UNWRAPPED_TAGS \
	{ HSM_ATTR_CLASS, TAG_U32, 0, HSM_KEY_CLASS_PRIVATE, HSM_KEY_CLASS_SECRET, \
	  HSM_RV_BAD_ATTRIBUTE }, \
	{ HSM_ATTR_KEY_TYPE, TAG_U32, 0, ANY_U32, 0 }

#define CRYPT_TAGS \
	{ HSM_TAG_USE, TAG_U32, REQ, HSM_USE_ENCRYPT, HSM_USE_DIGEST, 0 }, \
	{ HSM_TAG_MECHANISM, TAG_U32, REQ, ANY_U32, 0 }, \
	{ HSM_TAG_HANDLE, TAG_U64, 0, 0, 0, 0 }, \
	MECHANISM_TAGS
#define SIGNATURE_TAG	{ HSM_TAG_SIGNATURE, TAG_BYTES, 0, ANY_BYTES, 0 }

static const struct cmd_tag host_wrap_tags[] = {
	HOST_TAGS(1 + ENVELOPE_EXTRA, HSM_HOST_WRAP_MAX + ENVELOPE_EXTRA),
};

/* PKCS#5 padding adds up to 8 bytes, RFC 3394 as many. */
static const struct cmd_tag host_unwrap_tags[] = {
	HOST_TAGS(1, HSM_HOST_WRAP_MAX + 16),
};

static const struct cmd_tag template_tags[] = {
	UNWRAPPED_TAGS,
	{ HSM_ATTR_LABEL, TAG_BYTES, 0, 1, HSM_LABEL_MAX, 0 },
	{ HSM_ATTR_ID, TAG_BYTES, 0, 1, HSM_ID_MAX, 0 },
	BOOL_TAG(TOKEN), BOOL_TAG(EXTRACTABLE), NEW_KEY_ROLE_TAGS,
};

static const struct cmd_tag wrap_tags[] = {
	HANDLE_TAG,
	WRAP_TAGS,
};

static const struct cmd_tag unwrap_tags[] = {
	WRAP_TAGS,
	{ HSM_TAG_DATA, TAG_BYTES, REQ, ANY_BYTES, 0 },
	{ HSM_TAG_TEMPLATE, TAG_U32, 0, ANY_U32, 0 },
	UNWRAPPED_TAGS,
	NEW_KEY_TAGS(0),
};

static const struct cmd_tag crypt_tags[] = {
	CRYPT_TAGS,
	{ HSM_TAG_DATA, TAG_BYTES, 0, ANY_BYTES, 0 },
	SIGNATURE_TAG,
};

static const struct cmd_tag crypt_init_tags[] = {
	CRYPT_TAGS,
};

static const struct cmd_tag crypt_update_tags[] = {
	OPERATION_TAG,
	{ HSM_TAG_DATA, TAG_BYTES, REQ, ANY_BYTES, 0 },
};

static const struct cmd_tag crypt_final_tags[] = {
	OPERATION_TAG,
	SIGNATURE_TAG,
};

_Static_assert(sizeof(unwrap_tags) / sizeof(unwrap_tags[0]) <= CMD_TAGS_MAX, "too many tags");

#define IV_REPLY	(TLV_HEAD + FC_GCM_IV_LEN)

const struct cmd use_cmds[] = {
	{ CMD(TRANSPORT_KEY), cmd_transport_key, CRYPTO, ROLE_CU, CMD_SESSION | CMD_QUICK,
	  HEAD + TLV_HEAD + FC_POINT_LEN, NO_TAGS },
	{ CMD(HOST_WRAP), cmd_host_wrap, CRYPTO, ROLE_CU, SN | CMD_AUDIT, BASE,
	  TAGS(host_wrap_tags) },
	{ CMD(HOST_UNWRAP), cmd_host_unwrap, CRYPTO, ROLE_CU, SN | CMD_AUDIT, BASE,
	  TAGS(host_unwrap_tags) },
	{ CMD(TEMPLATE), cmd_template, CRYPTO, ROLE_CU, SN, BASE, TAGS(template_tags) },
	{ CMD(KEY_WRAP), cmd_key_wrap, KEYS, ROLE_CU, SN | CMD_AUDIT, BASE, TAGS(wrap_tags) },
	{ CMD(KEY_UNWRAP), cmd_key_unwrap, KEYS, ROLE_CU, SNC | CMD_LONG, HEAD + NODE + U64,
	  TAGS(unwrap_tags) },
	{ CMD(CRYPT), cmd_crypt, CRYPTO, ROLE_CU, SN, BASE, TAGS(crypt_tags) },
	{ CMD(CRYPT_INIT), cmd_crypt_init, CRYPTO, ROLE_CU, SN, HEAD + NODE + U32 + IV_REPLY,
	  TAGS(crypt_init_tags) },
	{ CMD(CRYPT_UPDATE), cmd_crypt_update, CRYPTO, ROLE_CU, SN, BASE,
	  TAGS(crypt_update_tags) },
	{ CMD(CRYPT_FINAL), cmd_crypt_final, CRYPTO, ROLE_CU, SN, BASE, TAGS(crypt_final_tags) },
};

const size_t use_cmd_count = sizeof(use_cmds) / sizeof(use_cmds[0]);
