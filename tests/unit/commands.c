// SPDX-License-Identifier: GPL-2.0-or-later
/* commands.c - what every command is, for tests of all of them. */
#include "commands.h"

const struct expect commands[N_COMMANDS] = {
	{ HSM_CMD_NOP, HSM_CLASS_CRYPTO, "nuopar", F_QUICK, 16, "", "" },
	{ HSM_CMD_CARD_INFO, HSM_CLASS_CRYPTO, "nuopar", F_NODE | F_QUICK, 312, "", "" },
	{ HSM_CMD_RANDOM, HSM_CLASS_CRYPTO, "nuopar", 0, 28, "L", "" },
	{ HSM_CMD_SESSION_OPEN, HSM_CLASS_CRYPTO, "nuopar", F_NODE | F_QUICK, 44, "", "" },
	{ HSM_CMD_SESSION_CLOSE, HSM_CLASS_CRYPTO, "nuopar", F_SESSION | F_NODE, 44, "", "" },
	{ HSM_CMD_LOGIN, HSM_CLASS_CRYPTO, "n", F_SESSION | F_NODE | F_LONG, 56, "tnw", "" },
	{ HSM_CMD_LOGOUT, HSM_CLASS_CRYPTO, "uopar", F_SESSION | F_NODE, 44, "", "" },
	{ HSM_CMD_LOGIN_STATUS, HSM_CLASS_CRYPTO, "nuopar", F_NODE | F_QUICK, 95, "", "" },
	{ HSM_CMD_USER_CREATE, HSM_CLASS_USERS, "op", F_SESSION | F_NODE | F_LONG, 44, "tnw", "" },
	{ HSM_CMD_USER_PASSWORD, HSM_CLASS_USERS, "uopar", F_SESSION | F_NODE | F_LONG, 44, "tnw",
	  "" },
	{ HSM_CMD_USER_LIST, HSM_CLASS_CRYPTO, "nuopar", F_NODE | F_QUICK, 44, "", "" },
	{ HSM_CMD_KEY_GEN_SYM, HSM_CLASS_KEYS, "u", F_SESSION | F_NODE, 48, "kvl", "ixesmgT" },
	{ HSM_CMD_KEY_GEN_PAIR, HSM_CLASS_KEYS, "u", F_SESSION | F_NODE | F_LONG, 64, "kl",
	  "bpixesmg" },
	{ HSM_CMD_KEY_FIND, HSM_CLASS_CRYPTO, "u", F_SESSION | F_NODE, 60, "", "cklixMCsS" },
	{ HSM_CMD_KEY_ATTRS, HSM_CLASS_CRYPTO, "u", F_SESSION | F_NODE | F_QUICK, 44, "hA", "" },
	{ HSM_CMD_KEY_INFO, HSM_CLASS_CRYPTO, "u", F_SESSION | F_NODE | F_QUICK, 44, "h", "" },
	{ HSM_CMD_KEY_DELETE, HSM_CLASS_KEYS, "u", F_SESSION | F_NODE, 44, "h", "" },
};

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
