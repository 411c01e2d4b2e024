// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_attr.c - getAttribute, setAttribute, listAttributes. */
#include <ctype.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attrs.h"
#include "report.h"

static int attr_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	const struct report *r = arg;
	const uint32_t asked = cli_u32(r->args, "<attribute-id>", 0);
	struct hsm_attrs *attrs;

	if (attrs_get(s->hsm, s->session, cli_get(r->args, "<key-handle>")->num, asked, &attrs,
		      res))
		return res->rc;
	fprintf(r->f, "\nAttribute Value on server %u(%s):\n", s->index, s->name);
	attrs_write(r->f, attrs, asked);
	hsm_free(attrs);
	return 0;
}

static int run_get(void *ctx, const struct cli_args *a)
{
	return report_each(ctx, a, "getAttribute", CMU_QUIET | CMU_NO_ASK, attr_on);
}

static const struct cli_opt get_opts[] = {
	CMU_OPT_HANDLE,
	{ .name = "<attribute-id>", .kind = CLI_U32, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Attribute id", .choices = attr_names, .tag = HSM_TAG_ATTR,
	  .help = "Constant of the attribute, 512 for all." },
	REPORT_OPT_FILE,
};

const struct cli_cmd cmu_get_attr = {
	.name = "getAttribute", .group = CMU_KEYS, .summary = "Reads an attribute of a key",
	.about = "Prints one or all attributes of a key that you own or share.",
	.opts = get_opts, .n_opts = COUNT(get_opts), .run = run_get,
};

/* Those of the page of setAttribute. */
static const struct cli_choice settable[] = {
	{ HSM_ATTR_LABEL, "OBJ_ATTR_LABEL" },
	{ HSM_ATTR_TRUSTED, "OBJ_ATTR_TRUSTED" },
	{ HSM_ATTR_ENCRYPT, "OBJ_ATTR_ENCRYPT" },
	{ HSM_ATTR_DECRYPT, "OBJ_ATTR_DECRYPT" },
	{ HSM_ATTR_WRAP, "OBJ_ATTR_WRAP" },
	{ HSM_ATTR_UNWRAP, "OBJ_ATTR_UNWRAP" },
	{ HSM_ATTR_SIGN, "OBJ_ATTR_SIGN" },
	{ HSM_ATTR_VERIFY, "OBJ_ATTR_VERIFY" },
	{ HSM_ATTR_DERIVE, "OBJ_ATTR_DERIVE" },
	{ HSM_ATTR_DESTROYABLE, "OBJ_ATTR_DESTROYABLE" },
	{ HSM_ATTR_WRAP_WITH_TRUSTED, "OBJ_ATTR_WRAP_WITH_TRUSTED" },
	{ HSM_ATTR_WRAP_TEMPLATE, "OBJ_ATTR_WRAP_TEMPLATE" },
	{ HSM_ATTR_UNWRAP_TEMPLATE, "OBJ_ATTR_UNWRAP_TEMPLATE" },
	{ 0, NULL },
};

#define VALUE_MAX	512	/* bytes of a template */

/* An attribute's new value under construction. */
struct value {
	uint64_t handle;
	struct hsm_attr attr;
	uint8_t bytes[VALUE_MAX];
};

static void value_add(struct value *v, const void *p, size_t len)
{
	memcpy(v->bytes + v->attr.len, p, len);
	v->attr.len += (uint32_t)len;
}

static bool is_number(uint32_t id)
{
	return id == HSM_ATTR_CLASS || id == HSM_ATTR_KEY_TYPE;
}

/* A decimal number up to @max that ends at @end; moves *p behind that. */
static bool take_number(const char **p, char end, unsigned long max, unsigned long *number)
{
	char *stop;

	if (!isdigit((unsigned char)**p))
		return false;
	*number = strtoul(*p, &stop, 10);
	if (*number > max || (*stop != end && *stop))
		return false;
	*p = *stop ? stop + 1 : stop;
	return true;
}

/* One "<attribute-id>=<value>" of a template, as the card wants it. */
static bool template_row(struct value *v, const char **p)
{
	unsigned long id, number;
	struct hsm_tlv head;
	uint32_t wire;

	if (!take_number(p, '=', UINT32_MAX, &id) || !attr_name((uint32_t)id) ||
	    !take_number(p, ',', is_number((uint32_t)id) ? UINT32_MAX : 1, &number) ||
	    v->attr.len + sizeof(head) + sizeof(wire) > VALUE_MAX)
		return false;
	wire = htole32((uint32_t)number);
	head.tag = htole32((uint32_t)id);
	head.len = htole32(is_number((uint32_t)id) ? sizeof(wire) : 1);
	value_add(v, &head, sizeof(head));
	value_add(v, &wire, le32toh(head.len));	/* the low byte of a boolean comes first */
	return true;
}

static bool template_read(struct value *v, const char *text)
{
	if (!strcmp(text, "none"))
		return true;
	do {
		if (!template_row(v, &text))
			return false;
	} while (*text);
	return true;
}

static bool boolean_read(struct value *v, const char *text)
{
	v->bytes[0] = *text == '1';
	v->attr.len = 1;
	return !strcmp(text, "0") || !strcmp(text, "1");
}

static bool label_read(struct value *v, const char *text)
{
	if (!*text || strlen(text) > HSM_LABEL_MAX)
		return false;
	value_add(v, text, strlen(text));
	return true;
}

/* How the value of each kind of attribute is read, and asked for. */
static const struct value_kind {
	enum attr_form form;
	bool (*read)(struct value *v, const char *text);
	const char *what;	/* in complaints: "is not ..." */
	const char *question;
} kinds[] = {
	{ ATTR_BYTE, boolean_read, "0 or 1",
	  "\n\t This attribute is defined as a boolean value.\n"
	  "\t  Enter the boolean attribute value (0 or 1):" },
	{ ATTR_TEXT, label_read, "a label of 1 to 128 characters",
	  "\n\t This attribute is defined as a string value.\n"
	  "\t  Enter the string attribute value:" },
	{ ATTR_HEX, template_read, "a template like 354=0,261=1, or none",
	  "\n\t This attribute is defined as a template.\n"
	  "\t  Enter the template (<attribute-id>=<value>,... or none):" },
};

static const struct value_kind *kind_of(uint32_t id)
{
	for (size_t i = 1; i < COUNT(kinds); i++)
		if (kinds[i].form == attr_form(id))
			return &kinds[i];
	return &kinds[0];
}

#define ANSWER_ROOM	1024

/* Reads the value, or asks for it. CLI_OK, or CLI_USAGE with a line printed. */
static int value_take(struct value *v, const struct cli_args *a)
{
	const uint32_t id = cli_u32(a, "<attribute-id>", 0);
	const struct value_kind *kind = kind_of(id);
	const char *text = cli_text(a, "<value>");
	char answer[ANSWER_ROOM];

	*v = (struct value){
		.handle = cli_get(a, "<key-handle>")->num,
		.attr = { .id = id, .value = v->bytes },
	};
	if (!text && cli_ask(kind->question, answer, sizeof(answer)) < 0) {
		printf("\nError: No value was given for %s.\n", attr_name(id));
		return CLI_USAGE;
	}
	text = text ? text : answer;
	if (kind->read(v, text))
		return CLI_OK;
	printf("\nError: The value \"%s\" of %s is not %s.\n", text, attr_name(id), kind->what);
	return CLI_USAGE;
}

static int set_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	const struct value *v = arg;

	return hsm_key_set_attrs(s->hsm, s->session, v->handle, &v->attr, 1, res);
}

static int run_set(void *ctx, const struct cli_args *a)
{
	struct value v;
	const struct cmu_job job = {
		.op = "setAttribute", .flags = CMU_CHANGE, .args = a, .run = set_on, .arg = &v,
	};
	int rc = value_take(&v, a);

	if (rc)
		return rc;
	return cmu_caution(ctx) ? cmu_each(ctx, &job) : CLI_FAILED;
}

static const struct cli_opt set_opts[] = {
	CMU_OPT_HANDLE,
	{ .name = "<attribute-id>", .kind = CLI_U32, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Attribute id", .choices = settable, .help = "Constant of the attribute." },
	{ .name = "<value>", .kind = CLI_TEXT, .flags = CLI_POSITIONAL, .what = "Value",
	  .help = "New value; asked for if it is missing. A template: 354=0,261=1, or none." },
};

const struct cli_cmd cmu_set_attr = {
	.name = "setAttribute", .group = CMU_KEYS, .summary = "Changes an attribute of a key",
	.about = "Changes an attribute of a key that you own. OBJ_ATTR_TRUSTED is set by officers,\n"
		 "of anybody's keys.",
	.opts = set_opts, .n_opts = COUNT(set_opts), .run = run_set,
};

/* In the order of the page. */
static const uint32_t listed[] = {
	HSM_ATTR_CLASS, HSM_ATTR_TOKEN, HSM_ATTR_PRIVATE, HSM_ATTR_LABEL, HSM_ATTR_TRUSTED,
	HSM_ATTR_KEY_TYPE, HSM_ATTR_ID, HSM_ATTR_SENSITIVE, HSM_ATTR_ENCRYPT, HSM_ATTR_DECRYPT,
	HSM_ATTR_WRAP, HSM_ATTR_UNWRAP, HSM_ATTR_SIGN, HSM_ATTR_VERIFY, HSM_ATTR_DERIVE,
	HSM_ATTR_LOCAL, HSM_ATTR_MODULUS, HSM_ATTR_MODULUS_BITS, HSM_ATTR_PUBLIC_EXPONENT,
	HSM_ATTR_VALUE_LEN, HSM_ATTR_EXTRACTABLE, HSM_ATTR_NEVER_EXTRACTABLE,
	HSM_ATTR_ALWAYS_SENSITIVE, HSM_ATTR_DESTROYABLE, HSM_ATTR_KCV,
	HSM_ATTR_WRAP_WITH_TRUSTED, HSM_ATTR_WRAP_TEMPLATE, HSM_ATTR_UNWRAP_TEMPLATE,
	HSM_ATTR_ALL,
};

static int run_list(void *ctx, const struct cli_args *a)
{
	(void)ctx;
	(void)a;
	printf("\nFollowing are the possible attribute values for getAttribute:\n\n");
	for (size_t i = 0; i < COUNT(listed); i++)
		printf("      %-32s= %u\n", attr_name(listed[i]), listed[i]);
	return CLI_OK;
}

const struct cli_cmd cmu_list_attrs = {
	.name = "listAttributes", .group = CMU_KEYS, .flags = CLI_OFFLINE,
	.summary = "Lists the attributes and their constants", .run = run_list,
};
