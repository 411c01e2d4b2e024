// SPDX-License-Identifier: GPL-2.0-or-later
/* attrs.c - the table of attributes, and their values as text. */
#include <endian.h>
#include <string.h>

#include "attrs.h"

const struct cli_choice attr_names[] = {
	{ HSM_ATTR_CLASS, "OBJ_ATTR_CLASS" },
	{ HSM_ATTR_TOKEN, "OBJ_ATTR_TOKEN" },
	{ HSM_ATTR_PRIVATE, "OBJ_ATTR_PRIVATE" },
	{ HSM_ATTR_LABEL, "OBJ_ATTR_LABEL" },
	{ HSM_ATTR_KEY_TYPE, "OBJ_ATTR_KEY_TYPE" },
	{ HSM_ATTR_ID, "OBJ_ATTR_ID" },
	{ HSM_ATTR_SENSITIVE, "OBJ_ATTR_SENSITIVE" },
	{ HSM_ATTR_ENCRYPT, "OBJ_ATTR_ENCRYPT" },
	{ HSM_ATTR_DECRYPT, "OBJ_ATTR_DECRYPT" },
	{ HSM_ATTR_WRAP, "OBJ_ATTR_WRAP" },
	{ HSM_ATTR_UNWRAP, "OBJ_ATTR_UNWRAP" },
	{ HSM_ATTR_SIGN, "OBJ_ATTR_SIGN" },
	{ HSM_ATTR_VERIFY, "OBJ_ATTR_VERIFY" },
	{ HSM_ATTR_LOCAL, "OBJ_ATTR_LOCAL" },
	{ HSM_ATTR_MODULUS, "OBJ_ATTR_MODULUS" },
	{ HSM_ATTR_MODULUS_BITS, "OBJ_ATTR_MODULUS_BITS" },
	{ HSM_ATTR_PUBLIC_EXPONENT, "OBJ_ATTR_PUBLIC_EXPONENT" },
	{ HSM_ATTR_VALUE_LEN, "OBJ_ATTR_VALUE_LEN" },
	{ HSM_ATTR_EXTRACTABLE, "OBJ_ATTR_EXTRACTABLE" },
	{ HSM_ATTR_KCV, "OBJ_ATTR_KCV" },
	{ HSM_ATTR_TRUSTED, "OBJ_ATTR_TRUSTED" },
	{ HSM_ATTR_WRAP_WITH_TRUSTED, "OBJ_ATTR_WRAP_WITH_TRUSTED" },
	{ HSM_ATTR_DESTROYABLE, "OBJ_ATTR_DESTROYABLE" },
	{ HSM_ATTR_DERIVE, "OBJ_ATTR_DERIVE" },
	{ HSM_ATTR_ALWAYS_SENSITIVE, "OBJ_ATTR_ALWAYS_SENSITIVE" },
	{ HSM_ATTR_NEVER_EXTRACTABLE, "OBJ_ATTR_NEVER_EXTRACTABLE" },
	{ HSM_ATTR_WRAP_TEMPLATE, "OBJ_ATTR_WRAP_TEMPLATE" },
	{ HSM_ATTR_UNWRAP_TEMPLATE, "OBJ_ATTR_UNWRAP_TEMPLATE" },
	{ HSM_ATTR_ALL, "OBJ_ATTR_ALL" },
	{ 0, NULL },
};

const char *attr_name(uint32_t id)
{
	for (const struct cli_choice *c = attr_names; c->name; c++)
		if (c->number == id)
			return c->name;
	return NULL;
}

static const struct {
	uint32_t id;
	enum attr_form form;
} attr_forms[] = {
	{ HSM_ATTR_KEY_TYPE, ATTR_BYTE },
	{ HSM_ATTR_VALUE_LEN, ATTR_U32 },
	{ HSM_ATTR_MODULUS_BITS, ATTR_U32 },
	{ HSM_ATTR_KCV, ATTR_HEX },
	{ HSM_ATTR_PUBLIC_EXPONENT, ATTR_HEX },
	{ HSM_ATTR_LABEL, ATTR_TEXT },
	{ HSM_ATTR_ID, ATTR_TEXT },
	{ HSM_ATTR_MODULUS, ATTR_MODULUS },
	{ HSM_ATTR_WRAP_TEMPLATE, ATTR_HEX },
	{ HSM_ATTR_UNWRAP_TEMPLATE, ATTR_HEX },
};

enum attr_form attr_form(uint32_t id)
{
	for (size_t i = 0; i < sizeof(attr_forms) / sizeof(attr_forms[0]); i++)
		if (attr_forms[i].id == id)
			return attr_forms[i].form;
	return ATTR_BYTE;
}

uint32_t attr_number(const struct hsm_attr *attr)
{
	uint32_t wire = 0;

	memcpy(&wire, attr->value, attr->len < sizeof(wire) ? attr->len : sizeof(wire));
	return le32toh(wire);
}

#define MODULUS_LINE	80	/* characters; the leading 0x is two of the first line's */

static void write_hex(FILE *f, const struct hsm_attr *attr, size_t line)
{
	const uint8_t *p = attr->value;
	size_t column = 2;

	fputs("0x", f);
	for (uint32_t i = 0; i < attr->len; i++) {
		if (line && column == line) {
			putc('\n', f);
			column = 0;
		}
		fprintf(f, "%02x", p[i]);
		column += 2;
	}
	putc('\n', f);
}

static void write_point(FILE *f, const struct hsm_attr *attr)
{
	const uint8_t *p = attr->value;

	for (uint32_t i = 0; i < attr->len; i++)
		fprintf(f, "%02x", p[i]);
	putc('\n', f);
}

/* Control characters would forge lines of the file. */
static void write_text(FILE *f, const struct hsm_attr *attr)
{
	const uint8_t *p = attr->value;

	for (uint32_t i = 0; i < attr->len; i++) {
		if (p[i] < ' ' || p[i] == 0x7f || p[i] == '\\')
			fprintf(f, "\\x%02x", p[i]);
		else
			putc(p[i], f);
	}
	putc('\n', f);
}

static void write_number(FILE *f, const struct hsm_attr *attr, bool byte)
{
	fprintf(f, byte ? "0x%02x\n" : "0x%08x\n", attr_number(attr));
}

/* @all: in a whole dump small numbers are one byte. */
static void write_attr(FILE *f, const struct hsm_attr *attr, uint32_t key_type, bool all)
{
	enum attr_form form = attr_form(attr->id);

	fprintf(f, "%s\n", attr_name(attr->id));
	switch (form) {
	case ATTR_TEXT:
		write_text(f, attr);
		break;
	case ATTR_HEX:
		write_hex(f, attr, 0);
		break;
	case ATTR_MODULUS:
		if (key_type == HSM_KEY_EC)
			write_point(f, attr);
		else
			write_hex(f, attr, MODULUS_LINE);
		break;
	case ATTR_BYTE:
	case ATTR_U32:
		write_number(f, attr, all && form == ATTR_BYTE);
	}
}

bool attr_chosen(uint32_t id, uint32_t asked)
{
	return attr_name(id) && (asked == HSM_ATTR_ALL || asked == id);
}

uint32_t attrs_key_type(const struct hsm_attrs *attrs)
{
	const struct hsm_attr *type = hsm_attrs_get(attrs, HSM_ATTR_KEY_TYPE);

	return type ? attr_number(type) : UINT32_MAX;
}

void attrs_write(FILE *f, const struct hsm_attrs *attrs, uint32_t asked)
{
	for (size_t i = 0; i < attrs->n; i++)
		if (attr_chosen(attrs->v[i].id, asked))
			write_attr(f, &attrs->v[i], attrs_key_type(attrs), asked == HSM_ATTR_ALL);
}

int attrs_get(struct hsm *hsm, uint32_t session, uint64_t handle, uint32_t asked,
	      struct hsm_attrs **attrs, struct hsm_result *res)
{
	const uint32_t ids[] = { asked, HSM_ATTR_KEY_TYPE };
	int rc;

	rc = hsm_key_attrs(hsm, session, handle, ids, asked == HSM_ATTR_MODULUS ? 2 : 1, attrs,
			   res);
	/* the card names the attribute itself */
	if (rc == HSM_RV_NO_ATTRIBUTE)
		res->bad_tag = HSM_TAG_ATTR;
	return rc;
}
