// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_attr.c - getAttribute and its files, setAttribute, listAttributes. */
#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "kmu.h"
#include "outfile.h"

#define GROUP	"Key Management Commands"

/* In the order of listAttributes. */
static const struct cli_choice attr_names[] = {
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

static const char *attr_name(uint32_t id)
{
	for (const struct cli_choice *c = attr_names; c->name; c++)
		if (c->number == id)
			return c->name;
	return NULL;
}

/* How a value is written; booleans are the rest. */
enum attr_form { FORM_BYTE, FORM_U32, FORM_HEX, FORM_TEXT, FORM_MODULUS, FORM_POINT };

struct attr_look {
	uint32_t id;
	enum attr_form form;
	bool silent;		/* the page of this attribute alone ends without a result line */
};

static const struct attr_look attr_looks[] = {
	{ HSM_ATTR_KEY_TYPE, FORM_BYTE, true },
	{ HSM_ATTR_VALUE_LEN, FORM_U32, false },
	{ HSM_ATTR_MODULUS_BITS, FORM_U32, false },
	{ HSM_ATTR_KCV, FORM_HEX, true },
	{ HSM_ATTR_PUBLIC_EXPONENT, FORM_HEX, false },
	{ HSM_ATTR_LABEL, FORM_TEXT, false },
	{ HSM_ATTR_ID, FORM_TEXT, false },
	{ HSM_ATTR_MODULUS, FORM_MODULUS, false },
	{ HSM_ATTR_WRAP_TEMPLATE, FORM_HEX, false },
	{ HSM_ATTR_UNWRAP_TEMPLATE, FORM_HEX, false },
};

static struct attr_look attr_look(uint32_t id)
{
	for (size_t i = 0; i < COUNT(attr_looks); i++)
		if (attr_looks[i].id == id)
			return attr_looks[i];
	return (struct attr_look){ .id = id };
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

static uint32_t attr_number(const struct hsm_attr *attr)
{
	uint32_t wire = 0;

	memcpy(&wire, attr->value, attr->len < sizeof(wire) ? attr->len : sizeof(wire));
	return le32toh(wire);
}

/* What the attributes of one key have in common. */
struct dump {
	size_t size;		/* as the vendor counts */
	size_t count;
	bool all;		/* the form of a whole dump, where small numbers are one byte */
	uint32_t type;		/* HSM_KEY_*, if it was asked for */
};

static void write_number(FILE *f, const struct hsm_attr *attr, bool byte)
{
	fprintf(f, byte ? "0x%02x\n" : "0x%08x\n", attr_number(attr));
}

static void write_attr(FILE *f, const struct hsm_attr *attr, const struct dump *d)
{
	enum attr_form form = attr_look(attr->id).form;

	if (form == FORM_MODULUS && d->type == HSM_KEY_EC)
		form = FORM_POINT;
	fprintf(f, "%s\n", attr_name(attr->id));
	switch (form) {
	case FORM_TEXT:
		write_text(f, attr);
		break;
	case FORM_POINT:
		write_point(f, attr);
		break;
	case FORM_HEX:
		write_hex(f, attr, 0);
		break;
	case FORM_MODULUS:
		write_hex(f, attr, MODULUS_LINE);
		break;
	case FORM_BYTE:
	case FORM_U32:
		write_number(f, attr, d->all && form == FORM_BYTE);
	}
}

/* Bytes that one attribute counts in the reported size of a dump. */
#define SIZE_HEAD	8	/* each attribute's number and length */
#define SIZE_TEXT	128	/* LABEL and ID have fixed fields */
#define SIZE_OBJECT	32	/* header of the object, once */
#define SIZE_RSA	16	/* what the newer form adds, once */

static size_t attr_size(const struct hsm_attr *attr)
{
	switch (attr_look(attr->id).form) {
	case FORM_BYTE:
		return SIZE_HEAD + 1;
	case FORM_U32:
		return SIZE_HEAD + 4;
	case FORM_TEXT:
		return SIZE_HEAD + SIZE_TEXT;
	default:
		return SIZE_HEAD + attr->len;
	}
}

static bool is_rsa(const struct dump *d)
{
	return d->type == HSM_KEY_RSA;
}

/* All that have a name here, or of a single attribute @only that alone. */
static void write_attrs(FILE *f, const struct hsm_attrs *attrs, uint32_t only, struct dump *d)
{
	const struct hsm_attr *type = hsm_attrs_get(attrs, HSM_ATTR_KEY_TYPE);

	d->type = type ? attr_number(type) : UINT32_MAX;
	d->size = SIZE_OBJECT + (is_rsa(d) ? SIZE_RSA : 0);
	for (size_t i = 0; i < attrs->n; i++) {
		if (!attr_name(attrs->v[i].id) || (!d->all && attrs->v[i].id != only))
			continue;
		write_attr(f, &attrs->v[i], d);
		d->size += attr_size(&attrs->v[i]);
		d->count++;
	}
}

static int write_file(const char *path, const struct hsm_attrs *attrs, uint32_t only,
		      struct dump *d)
{
	struct outfile o;
	int err;

	err = outfile_open(&o, path, 0);
	if (err)
		return err;
	write_attrs(o.f, attrs, only, d);
	return outfile_commit(&o);
}

static void print_dump(const struct kmu *kmu, const char *path, const struct dump *d)
{
	if (d->all && is_rsa(d) && !kmu->classic) {
		printf("\nAttribute size: %zu, count: %zu\nWritten to: %s file\n", d->size,
		       d->count, path);
		return;
	}
	putchar('\n');
	if (d->all)
		printf("got all attributes of size %zu attr cnt %zu\n", d->size, d->count);
	printf("Attributes dumped into %s file\n", path);
}

static int run_attr(void *ctx, const struct cli_args *a)
{
	const uint32_t ids[] = { cli_u32(a, "-a", 0), HSM_ATTR_KEY_TYPE };
	const char *path = cli_text(a, "-out");
	struct dump d = { .all = ids[0] == HSM_ATTR_ALL };
	struct kmu *kmu = ctx;
	struct hsm_attrs *attrs;
	struct hsm_result res;
	int err;

	/* how a modulus looks depends on the type of the key */
	if (hsm_key_attrs(kmu->hsm, kmu->session, cli_get(a, "-o")->num, ids,
			  ids[0] == HSM_ATTR_MODULUS ? 2 : 1, &attrs, &res)) {
		/* the card names the attribute itself */
		if (res.rc == HSM_RV_NO_ATTRIBUTE)
			res.bad_tag = HSM_TAG_ATTR;
		return out_failed(kmu, a, "GetAttribute", &res);
	}
	err = write_file(path, attrs, ids[0], &d);
	hsm_free(attrs);
	if (err)
		return out_complain(a, "-out", err);
	print_dump(kmu, path, &d);
	if (!attr_look(ids[0]).silent)
		out_returned("GetAttribute", &res);
	return CLI_OK;
}

static const struct cli_opt attr_opts[] = {
	{ .name = "-o", .kind = CLI_HANDLE, .flags = CLI_REQUIRED, .what = "Key handle",
	  .arg = "<key handle>", .help = "Handle of the key." },
	{ .name = "-a", .kind = CLI_U32, .flags = CLI_REQUIRED, .what = "Attribute",
	  .arg = "<attribute constant>", .choices = attr_names, .tag = HSM_TAG_ATTR,
	  .help = "Constant of the attribute, 512 for all." },
	{ .name = "-out", .kind = CLI_FILE_OUT, .flags = CLI_REQUIRED, .what = "Output file",
	  .arg = "<file>", .min = 1, .prefix = "-attr_",
	  .help = "File to write or overwrite. -attr_N is short for -out attr_N." },
};

const struct cli_cmd row_attr = {
	.name = "getAttribute", .group = GROUP,
	.summary = "Reads an attribute from an object",
	.about = "Writes one or all attributes of a key to a file.",
	.opts = attr_opts, .n_opts = COUNT(attr_opts), .run = run_attr,
};

/* The only one that the page names: a session key becomes a persistent one. */
static const struct cli_choice settable[] = {
	{ HSM_ATTR_TOKEN, "OBJ_ATTR_TOKEN" },
	{ 0, NULL },
};

/* Asks for the value; false with a line printed. */
static bool ask_boolean(uint8_t *value)
{
	char answer[16];

	if (cli_ask("\n\t This attribute is defined as a boolean value.\n"
		    "\t  Enter the boolean attribute value (0 or 1):", answer,
		    sizeof(answer)) != 1 || (*answer != '0' && *answer != '1')) {
		printf("\nError: The boolean attribute value is neither 0 nor 1.\n");
		return false;
	}
	*value = (uint8_t)(*answer - '0');
	return true;
}

static int run_set(void *ctx, const struct cli_args *a)
{
	uint8_t value;
	const struct hsm_attr attr = { cli_u32(a, "-a", 0), sizeof(value), &value };
	struct kmu *kmu = ctx;
	struct hsm_result res;

	if (!ask_boolean(&value))
		return CLI_USAGE;
	hsm_key_set_attrs(kmu->hsm, kmu->session, cli_get(a, "-o")->num, &attr, 1, &res);
	return out_done(kmu, a, "SetAttribute", &res);
}

static const struct cli_opt set_opts[] = {
	{ .name = "-o", .kind = CLI_HANDLE, .flags = CLI_REQUIRED, .what = "Object handle",
	  .arg = "<object handle>", .help = "Handle of the key." },
	{ .name = "-a", .kind = CLI_U32, .flags = CLI_REQUIRED, .what = "Attribute",
	  .arg = "<attribute constant>", .choices = settable, .tag = HSM_ATTR_TOKEN,
	  .help = "Constant of the attribute." },
};

const struct cli_cmd row_set_attr = {
	.name = "setAttribute", .group = GROUP, .summary = "Sets an attribute of an object",
	.about = "Makes a session key persistent: asks for the new value of OBJ_ATTR_TOKEN, 1.\n"
		 "Only the owner of the key may.",
	.opts = set_opts, .n_opts = COUNT(set_opts), .run = run_set,
};

static int run_list(void *ctx, const struct cli_args *a)
{
	(void)ctx;
	(void)a;
	printf("\nDescription\n===========\n"
	       "The following are all of the possible attribute values for getAttributes.\n\n");
	out_constants(attr_names);
	return CLI_OK;
}

const struct cli_cmd row_list_attrs = {
	.name = "listAttributes", .group = "Helper Commands", .flags = CLI_OFFLINE,
	.summary = "List all attributes for getAttributes",
	.run = run_list,
};
