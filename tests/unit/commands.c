// SPDX-License-Identifier: GPL-2.0-or-later
/* commands.c - what every command is, for tests of all of them. */
#include "commands.h"

/* What may be asked of any new key, of a secret or private one. */
#define PUBLIC_KEY	"ixEDWUZVRNXYgTo"
#define ANY_KEY		PUBLIC_KEY "esm"
#define EVERY_ATTR	"ckx1EDWUZV2Ne3XYR45livCMbp67"
#define GCM		"IjG#"

#define S	F_SESSION
#define SN	(F_SESSION | F_NODE)
#define SQ	(F_SESSION | F_NODE | F_QUICK)
#define SL	(F_SESSION | F_NODE | F_LONG)
#define NQ	(F_NODE | F_QUICK)

#define CRYPTO	HSM_CLASS_CRYPTO
#define KEYS	HSM_CLASS_KEYS
#define USERS	HSM_CLASS_USERS
#define AUDIT	HSM_CLASS_AUDIT
#define FACTORY	HSM_CLASS_FACTORY

const struct expect commands[N_COMMANDS] = {
	{ HSM_CMD_NOP, CRYPTO, "nuopar", F_QUICK, 16, "", "" },
	{ HSM_CMD_CARD_INFO, CRYPTO, "nuopar", NQ, 312, "", "" },
	{ HSM_CMD_RANDOM, CRYPTO, "nuopar", 0, 28, "L", "" },
	{ HSM_CMD_CERT, CRYPTO, "nuopar", NQ, 44, "8", "" },
	{ HSM_CMD_ATTEST, CRYPTO, "nuopar", F_NODE | F_LONG, 44, "%", "*" },
	{ HSM_CMD_ZEROIZE, FACTORY, "op", SN, 44, "", "" },
	{ HSM_CMD_CLUSTER_INFO, CRYPTO, "nuopar", NQ, 336, "", "" },
	{ HSM_CMD_SESSION_OPEN, CRYPTO, "nuopar", NQ, 44, "", "" },
	{ HSM_CMD_SESSION_CLOSE, CRYPTO, "nuopar", SN, 44, "", "" },
	{ HSM_CMD_LOGIN, CRYPTO, "n", SL, 56, "tnw", "F" },
	{ HSM_CMD_LOGOUT, CRYPTO, "uopar", SN, 44, "", "" },
	{ HSM_CMD_LOGIN_STATUS, CRYPTO, "nuopar", NQ, 95, "", "" },
	{ HSM_CMD_CHALLENGE, CRYPTO, "nuopar", SN, 72, "", "" },
	{ HSM_CMD_USER_CREATE, USERS, "op", SL, 44, "tnw", "yF" },
	{ HSM_CMD_USER_PASSWORD, USERS, "uopar", SL, 44, "tnw", "yF" },
	{ HSM_CMD_USER_LIST, CRYPTO, "nuopar", NQ, 44, "", "" },
	{ HSM_CMD_USER_DELETE, USERS, "op", SN, 44, "tn", "" },
	{ HSM_CMD_USER_REGISTER, USERS, "uop", SL, 44, "tndFy", "" },
	{ HSM_CMD_USER_MASK, CRYPTO, "op", SN, 44, "f", "" },
	{ HSM_CMD_USER_UNMASK, USERS, "op", SN, 44, "d", "" },
	{ HSM_CMD_KEY_GEN_SYM, KEYS, "u", SN, 48, "kvl", ANY_KEY },
	{ HSM_CMD_KEY_GEN_PAIR, KEYS, "u", SL, 64, "kl", "bpu" ANY_KEY },
	{ HSM_CMD_KEY_FIND, CRYPTO, "u", SN, 60, "", "cklixMCsS" },
	{ HSM_CMD_KEY_ATTRS, CRYPTO, "u", SQ, 44, "hA", "" },
	{ HSM_CMD_KEY_INFO, CRYPTO, "u", SQ, 44, "h", "" },
	{ HSM_CMD_KEY_DELETE, KEYS, "u", SN, 44, "h", "" },
	{ HSM_CMD_KEY_SET_ATTRS, KEYS, "uop", SN, 44, "h", EVERY_ATTR },
	{ HSM_CMD_KEY_GEN_PBE, KEYS, "u", SL, 48, "warl", ANY_KEY },
	{ HSM_CMD_KEY_PUT_PUBLIC, KEYS, "u", SL, 48, "dl", PUBLIC_KEY },
	{ HSM_CMD_KEY_GET_PUBLIC, CRYPTO, "u", SN, 44, "h", "" },
	{ HSM_CMD_KEY_MASK, CRYPTO, "uopa", SN, 44, "h", "" },
	{ HSM_CMD_KEY_UNMASK, KEYS, "uopa", SN, 48, "d", "hgTo" },
	{ HSM_CMD_KEY_SHARE, KEYS, "u", SN, 44, "hsz", "" },
	{ HSM_CMD_KEY_LIST, CRYPTO, "opa", SN, 108, "f", "SJ" },
	{ HSM_CMD_TRANSPORT_KEY, CRYPTO, "u", S | F_QUICK, 89, "", "" },
	{ HSM_CMD_HOST_WRAP, CRYPTO, "u", SN, 44, "HBPd", "I" },
	{ HSM_CMD_HOST_UNWRAP, CRYPTO, "u", SN, 44, "HBPd", "I" },
	{ HSM_CMD_TEMPLATE, CRYPTO, "u", SN, 44, "", "cklixeEDWUZVRNXY" },
	{ HSM_CMD_KEY_WRAP, KEYS, "u", SN, 44, "hHB", "O" GCM },
	{ HSM_CMD_KEY_UNWRAP, KEYS, "u", SL, 48, "HBd", "O9ckl" GCM ANY_KEY },
	{ HSM_CMD_CRYPT, CRYPTO, "u", SN, 44, "QK", "hdF" GCM },
	{ HSM_CMD_CRYPT_INIT, CRYPTO, "u", SN, 64, "QK", "h" GCM },
	{ HSM_CMD_CRYPT_UPDATE, CRYPTO, "u", SN, 44, "0d", "" },
	{ HSM_CMD_CRYPT_FINAL, CRYPTO, "u", SN, 44, "0", "F" },
	{ HSM_CMD_M_VALUE_SET, USERS, "op", SN, 44, "qm", "" },
	{ HSM_CMD_M_VALUE_GET, CRYPTO, "op", SQ, 44, "q", "" },
	{ HSM_CMD_TOKEN_NEW, CRYPTO, "uop", SN, 168, "-", "h" },
	{ HSM_CMD_TOKEN_APPROVE, CRYPTO, "uop", SN, 44, "+@", "" },
	{ HSM_CMD_TOKEN_LIST, CRYPTO, "uop", SN, 444, "", "S" },
	{ HSM_CMD_TOKEN_DELETE, CRYPTO, "uop", SN, 44, "", "$" },
	{ HSM_CMD_AUDIT_READ, AUDIT, "opa", SN, 176, "&", "" },
	{ HSM_CMD_AUDIT_HEAD, AUDIT, "opa", SN, 248, "%", "" },
};

#define ZEROS_32	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define ZEROS_128	ZEROS_32 ZEROS_32 ZEROS_32 ZEROS_32

static const struct value values[] = {
	{ 'L', HSM_TAG_LEN, "\x08\0\0\0", 4, false },
	{ 't', HSM_TAG_USER_TYPE, "\x01\0\0\0", 4, false },
	{ 'n', HSM_TAG_USER_NAME, "alice", 5, false },
	{ 'w', HSM_TAG_PASSWORD, PASSWORD, sizeof(PASSWORD) - 1, false },
	{ 'k', HSM_ATTR_KEY_TYPE, "\x1f\0\0\0", 4, false },
	{ 'v', HSM_ATTR_VALUE_LEN, "\x20\0\0\0", 4, false },
	{ 'l', HSM_ATTR_LABEL, "label", 5, false },
	{ 'i', HSM_ATTR_ID, "id", 2, false },
	{ 'x', HSM_ATTR_TOKEN, "\0", 1, false },
	{ 'e', HSM_ATTR_EXTRACTABLE, "\1", 1, false },
	{ 's', HSM_TAG_SHARE_USER, "\x04\0\0\0", 4, true },
	{ 'm', HSM_TAG_M_VALUE, "\0\0\0\0", 4, false },
	{ 'g', HSM_TAG_MIN_SRV, "\x01\0\0\0", 4, false },
	{ 'T', HSM_TAG_TIMEOUT_S, "\x01\0\0\0", 4, false },
	{ 'b', HSM_ATTR_MODULUS_BITS, "\0\x08\0\0", 4, false },
	{ 'p', HSM_ATTR_PUBLIC_EXPONENT, "\1\0\1", 3, false },
	{ 'c', HSM_ATTR_CLASS, "\x04\0\0\0", 4, false },
	{ 'M', HSM_ATTR_MODULUS, "\x80", 1, false },
	{ 'C', HSM_ATTR_KCV, "kcv", 3, false },
	{ 'S', HSM_TAG_START, "\0\0\0\0", 4, false },
	{ 'h', HSM_TAG_HANDLE, "\x06\0\0\0\0\0\0\0", 8, false },
	{ 'A', HSM_TAG_ATTR, "\0\x01\0\0", 4, true },
	{ 'o', HSM_TAG_ATTEST_NONCE, "0123456789abcdef0123456789abcdef", 32, false },
	{ 'u', HSM_TAG_CURVE, "\x02\0\0\0", 4, false },
	{ 'a', HSM_TAG_SALT, "12345678", 8, false },
	{ 'r', HSM_TAG_ITERATIONS, "\xe8\x03\0\0", 4, false },
	{ 'd', HSM_TAG_DATA, "0123456789abcdef0123456789abcdef", 32, false },
	{ '8', HSM_TAG_CERT, "\x01\0\0\0", 4, false },
	{ 'E', HSM_ATTR_ENCRYPT, "\1", 1, false },
	{ 'D', HSM_ATTR_DECRYPT, "\1", 1, false },
	{ 'W', HSM_ATTR_WRAP, "\1", 1, false },
	{ 'U', HSM_ATTR_UNWRAP, "\1", 1, false },
	{ 'Z', HSM_ATTR_SIGN, "\1", 1, false },
	{ 'V', HSM_ATTR_VERIFY, "\1", 1, false },
	{ 'R', HSM_ATTR_DERIVE, "\0", 1, false },
	{ 'N', HSM_ATTR_SENSITIVE, "\1", 1, false },
	{ 'X', HSM_ATTR_WRAP_WITH_TRUSTED, "\0", 1, false },
	{ 'Y', HSM_ATTR_DESTROYABLE, "\1", 1, false },
	{ '1', HSM_ATTR_PRIVATE, "\1", 1, false },
	{ '2', HSM_ATTR_LOCAL, "\1", 1, false },
	{ '3', HSM_ATTR_TRUSTED, "\0", 1, false },
	{ '4', HSM_ATTR_ALWAYS_SENSITIVE, "\1", 1, false },
	{ '5', HSM_ATTR_NEVER_EXTRACTABLE, "\0", 1, false },
	{ '6', HSM_ATTR_WRAP_TEMPLATE, "", 0, false },
	{ '7', HSM_ATTR_UNWRAP_TEMPLATE, "", 0, false },
	{ 'H', HSM_TAG_WRAP_HANDLE, "\x06\0\0\0\0\0\0\0", 8, false },
	{ 'B', HSM_TAG_WRAP_MECHANISM, "\x04\0\0\0", 4, false },
	{ 'P', HSM_TAG_POINT, "\4" "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	  65, false },
	{ 'I', HSM_TAG_IV, "12345678", 8, false },
	{ 'j', HSM_TAG_AAD, "aad", 3, false },
	{ 'G', HSM_TAG_GCM_TAG_LEN, "\x10\0\0\0", 4, false },
	{ '#', HSM_TAG_HASH, "\x03\0\0\0", 4, false },
	{ 'O', HSM_TAG_NO_HEADER, "\0", 1, false },
	{ '9', HSM_TAG_TEMPLATE, "\x01\0\0\0", 4, false },
	{ 'K', HSM_TAG_MECHANISM, "\x85\x10\0\0", 4, false },
	{ 'Q', HSM_TAG_USE, "\x01\0\0\0", 4, false },
	{ 'F', HSM_TAG_SIGNATURE, "signature", 9, false },
	{ '0', HSM_TAG_OPERATION, "\x01\0\0\0", 4, false },
	{ 'y', HSM_TAG_PUBLIC_KEY, "key", 3, false },
	{ 'f', HSM_TAG_USER_ID, "\x03\0\0\0", 4, false },
	{ 'z', HSM_TAG_SHARE, "\1", 1, false },
	{ 'J', HSM_TAG_KEY_HASH, "\1", 1, false },
	{ 'q', HSM_TAG_SERVICE, "\x03\0\0\0", 4, false },
	{ '-', HSM_TAG_SERVICE, "\x02\0\0\0", 4, false },
	{ '*', HSM_TAG_HANDLE, "\x06\0\0\0\0\0\0\0", 8, true },
	{ '$', HSM_TAG_TOKEN_ID, "\x01\0\0\0", 4, false },
	{ '+', HSM_TAG_DATA, ZEROS_128, 128, false },
	{ '@', HSM_TAG_APPROVAL, ZEROS_128 ZEROS_128 ZEROS_32 "\0\0\0\0\0\0\0\0", 296, true },
	{ '%', HSM_TAG_NONCE, "0123456789abcdef0123456789abcdef", 32, false },
	{ '&', HSM_TAG_SEQUENCE, "\0\0\0\0\0\0\0\0", 8, false },
};

const struct value *value_of(char name)
{
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (values[i].name == name)
			return &values[i];
	}
	fail_msg("no value %c", name);
	return NULL;
}

struct msg *valid(const struct expect *e, char without)
{
	struct msg *m = begin(e->opcode, e->flags & F_SESSION ? FIRST_SESSION : 0);
	const char *p;

	for (p = e->required; *p; p++) {
		if (*p != without)
			add(m, value_of(*p)->tag, value_of(*p)->bytes, value_of(*p)->len);
	}
	if (e->opcode == HSM_CMD_KEY_GEN_PAIR)
		memset(m->in + 24, 0, 4);	/* KEY_TYPE comes first: RSA */
	return m;
}

uint32_t ctx_for(const struct expect *e)
{
	return strchr(e->roles, 'u') ? ALICE : strchr(e->roles, 'p') ? ADMIN : NOBODY;
}
