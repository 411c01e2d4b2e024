/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attrs.h - attributes of keys: their names, and their values as the tools write them. */
#ifndef CLI_ATTRS_H
#define CLI_ATTRS_H

#include <stdio.h>

#include "cli.h"
#include "hsm.h"

/* All that the tools know, in the order of listAttributes of key_mgmt_util. */
extern const struct cli_choice attr_names[];

/* How a value is written; what has no form of its own is a boolean, ATTR_BYTE. */
enum attr_form { ATTR_BYTE, ATTR_U32, ATTR_HEX, ATTR_TEXT, ATTR_MODULUS };

/* Both are of HSM_ATTR_@id; the name is NULL for one that the tools do not know. */
const char *attr_name(uint32_t id);
enum attr_form attr_form(uint32_t id);

/* The value of a number or a boolean. */
uint32_t attr_number(const struct hsm_attr *attr);
/* HSM_KEY_*, or UINT32_MAX if it is not in @attrs. */
uint32_t attrs_key_type(const struct hsm_attrs *attrs);

/* Whether @id is written when @asked was asked for, HSM_ATTR_ALL for all. */
bool attr_chosen(uint32_t id, uint32_t asked);

/* hsm_key_attrs() of @asked, and of what it takes to write that. */
int attrs_get(struct hsm *hsm, uint32_t session, uint64_t handle, uint32_t asked,
	      struct hsm_attrs **attrs, struct hsm_result *res);
/* Two lines for each that is chosen: its name, its value. */
void attrs_write(FILE *f, const struct hsm_attrs *attrs, uint32_t asked);

#endif /* CLI_ATTRS_H */
