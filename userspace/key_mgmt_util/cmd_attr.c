// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_attr.c - getAttribute and its files, setAttribute, listAttributes. */
#include <stdio.h>
#include <string.h>

#include "attrs.h"
#include "kmu.h"
#include "outfile.h"

#define GROUP	"Key Management Commands"

/* Bytes that one attribute counts in the reported size of a dump. */
#define SIZE_HEAD	8	/* each attribute's number and length */
#define SIZE_TEXT	128	/* LABEL and ID have fixed fields */
#define SIZE_OBJECT	32	/* header of the object, once */
#define SIZE_RSA	16	/* what the newer form adds, once */

static size_t attr_size(const struct hsm_attr *attr)
{
	switch (attr_form(attr->id)) {
	case ATTR_BYTE:
		return SIZE_HEAD + 1;
	case ATTR_U32:
		return SIZE_HEAD + 4;
	case ATTR_TEXT:
		return SIZE_HEAD + SIZE_TEXT;
	default:
		return SIZE_HEAD + attr->len;
	}
}

static bool is_rsa(const struct hsm_attrs *attrs)
{
	return attrs_key_type(attrs) == HSM_KEY_RSA;
}

struct total {
	size_t size;		/* as the vendor counts */
	size_t count;
};

static struct total total_of(const struct hsm_attrs *attrs)
{
	struct total t = { SIZE_OBJECT + (is_rsa(attrs) ? SIZE_RSA : 0), 0 };

	for (size_t i = 0; i < attrs->n; i++) {
		if (!attr_name(attrs->v[i].id))
			continue;
		t.size += attr_size(&attrs->v[i]);
		t.count++;
	}
	return t;
}

static int write_file(const char *path, const struct hsm_attrs *attrs, uint32_t asked)
{
	struct outfile o;
	int err;

	err = outfile_open(&o, path, 0);
	if (err)
		return err;
	attrs_write(o.f, attrs, asked);
	return outfile_commit(&o);
}

static void print_dump(const struct kmu *kmu, const char *path, const struct hsm_attrs *attrs,
		       bool all)
{
	const struct total t = total_of(attrs);

	if (all && is_rsa(attrs) && !kmu->classic) {
		printf("\nAttribute size: %zu, count: %zu\nWritten to: %s file\n", t.size,
		       t.count, path);
		return;
	}
	putchar('\n');
	if (all)
		printf("got all attributes of size %zu attr cnt %zu\n", t.size, t.count);
	printf("Attributes dumped into %s file\n", path);
}

/* The pages of these alone end without a result line. */
static bool is_silent(uint32_t asked)
{
	return asked == HSM_ATTR_KEY_TYPE || asked == HSM_ATTR_KCV;
}

static int run_attr(void *ctx, const struct cli_args *a)
{
	const uint32_t asked = cli_u32(a, "-a", 0);
	const char *path = cli_text(a, "-out");
	struct kmu *kmu = ctx;
	struct hsm_attrs *attrs;
	struct hsm_result res;
	int err;

	if (attrs_get(kmu->hsm, kmu->session, cli_get(a, "-o")->num, asked, &attrs, &res))
		return out_failed(kmu, a, "GetAttribute", &res);
	err = write_file(path, attrs, asked);
	if (!err)
		print_dump(kmu, path, attrs, asked == HSM_ATTR_ALL);
	hsm_free(attrs);
	if (err)
		return out_complain(a, "-out", err);
	if (!is_silent(asked))
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
