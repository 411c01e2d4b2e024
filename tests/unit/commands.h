/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * commands.h - what every command is, taken from docs/hsm-firmware.rst and not from
 * the firmware's own table.
 */
#ifndef HSM_TEST_COMMANDS_H
#define HSM_TEST_COMMANDS_H

#include "fixture.h"

enum { F_SESSION = 1, F_NODE = 2, F_QUICK = 4, F_LONG = 8 };

/* Roles: n nobody, u CU, o CO, p PCO, a AU, r PRECO. */
struct expect {
	uint16_t opcode;
	uint32_t class;
	const char *roles;
	int flags;
	size_t reply;		/* the room that it asks for */
	const char *required;	/* names of tags (struct value) */
	const char *optional;
};

#define N_COMMANDS 52
extern const struct expect commands[N_COMMANDS];

/* A tag, under a name of one letter, and a good value for it. */
struct value {
	char name;
	uint32_t tag;
	const char *bytes;
	size_t len;
	bool many;
};

const struct value *value_of(char name);
/* The request with all required tags but @without. */
struct msg *valid(const struct expect *e, char without);
/* A context that may run the command. */
uint32_t ctx_for(const struct expect *e);

#endif /* HSM_TEST_COMMANDS_H */
