// SPDX-License-Identifier: GPL-2.0-or-later
/* row_attr.c - getAttribute and its files, listAttributes. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kmu.h"

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
enum attr_form { FORM_BYTE, FORM_U32, FORM_HEX, FORM_TEXT, FORM_MODULUS };

static const struct {
	uint32_t id;
	enum attr_form form;
} attr_forms[] = {
	{ HSM_ATTR_VALUE_LEN, FORM_U32 },
	{ HSM_ATTR_MODULUS_BITS, FORM_U32 },
	{ HSM_ATTR_KCV, FORM_HEX },
	{ HSM_ATTR_PUBLIC_EXPONENT, FORM_HEX },
	{ HSM_ATTR_LABEL, FORM_TEXT },
	{ HSM_ATTR_ID, FORM_TEXT },
	{ HSM_ATTR_MODULUS, FORM_MODULUS },
};

static enum attr_form attr_form(uint32_t id)
{
	for (size_t i = 0; i < COUNT(attr_forms); i++)
		if (attr_forms[i].id == id)
			return attr_forms[i].form;
	return FORM_BYTE;
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

/* @all: the form of a whole dump, where small numbers are one byte. */
static void write_attr(FILE *f, const struct hsm_attr *attr, bool all)
{
	enum attr_form form = attr_form(attr->id);

	fprintf(f, "%s\n", attr_name(attr->id));
	if (form == FORM_TEXT)
		write_text(f, attr);
	else if (form == FORM_HEX || form == FORM_MODULUS)
		write_hex(f, attr, form == FORM_MODULUS ? MODULUS_LINE : 0);
	else
		fprintf(f, all && form == FORM_BYTE ? "0x%02x\n" : "0x%08x\n", attr_number(attr));
}

/* Bytes that one attribute counts in the reported size of a dump. */
#define SIZE_HEAD	8	/* each attribute's number and length */
#define SIZE_TEXT	128	/* LABEL and ID have fixed fields */
#define SIZE_OBJECT	32	/* header of the object, once */
#define SIZE_RSA	16	/* what the newer form adds, once */

static size_t attr_size(const struct hsm_attr *attr)
{
	switch (attr_form(attr->id)) {
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

struct dump {
	size_t size;		/* as the vendor counts */
	size_t count;
	bool rsa;		/* has a modulus: the newer wording */
};

static void write_attrs(FILE *f, const struct hsm_attrs *attrs, bool all, struct dump *d)
{
	*d = (struct dump){ .rsa = hsm_attrs_get(attrs, HSM_ATTR_MODULUS) };
	d->size = SIZE_OBJECT + (d->rsa ? SIZE_RSA : 0);
	for (size_t i = 0; i < attrs->n; i++) {
		if (!attr_name(attrs->v[i].id))
			continue;	/* newer than this tool */
		write_attr(f, &attrs->v[i], all);
		d->size += attr_size(&attrs->v[i]);
		d->count++;
	}
}

/* A file that becomes visible whole or not at all. */
struct outfile {
	char temp[4096];	/* "" if the target is written directly */
	char target[4096];
	FILE *f;
};

/* Devices and pipes are written directly; a link's target is replaced, not the link. */
static int outfile_open(struct outfile *o, const char *path)
{
	char *real = realpath(path, NULL);
	const char *target = real ? real : path;
	int fd, n, err = 0;
	struct stat st;

	n = snprintf(o->temp, sizeof(o->temp), "%s.XXXXXX", target);
	snprintf(o->target, sizeof(o->target), "%s", target);
	free(real);
	if (n < 0 || (size_t)n >= sizeof(o->temp))
		return -ENAMETOOLONG;
	if (!stat(o->target, &st) && !S_ISREG(st.st_mode))
		o->temp[0] = '\0';
	else if (!access(o->target, F_OK) && access(o->target, W_OK))
		return -errno;
	fd = *o->temp ? mkostemp(o->temp, O_CLOEXEC) : open(o->target, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	o->f = fdopen(fd, "w");
	if (!o->f) {
		err = -errno;
		close(fd);
		if (*o->temp)
			unlink(o->temp);
	}
	return err;
}

/* Closes and puts the file in place; whatever fails, nothing is left behind. */
static int outfile_commit(struct outfile *o)
{
	mode_t mask = umask(0);
	int err = 0;

	umask(mask);
	if (*o->temp && fchmod(fileno(o->f), 0666 & ~mask))
		err = -errno;
	if (ferror(o->f))
		err = -EIO;
	if (fclose(o->f) && !err)
		err = -errno;
	if (!err && *o->temp && rename(o->temp, o->target))
		err = -errno;
	if (err && *o->temp)
		unlink(o->temp);
	return err;
}

static int write_file(const char *path, const struct hsm_attrs *attrs, bool all, struct dump *d)
{
	struct outfile o = { 0 };
	int err;

	err = outfile_open(&o, path);
	if (err)
		return err;
	write_attrs(o.f, attrs, all, d);
	return outfile_commit(&o);
}

static void print_dump(const struct kmu *kmu, const char *path, bool all, const struct dump *d)
{
	if (all && d->rsa && !kmu->classic) {
		printf("\nAttribute size: %zu, count: %zu\nWritten to: %s file\n", d->size,
		       d->count, path);
		return;
	}
	putchar('\n');
	if (all)
		printf("got all attributes of size %zu attr cnt %zu\n", d->size, d->count);
	printf("Attributes dumped into %s file\n", path);
}

static int run_attr(void *ctx, const struct cli_args *a)
{
	const uint32_t id = cli_u32(a, "-a", 0);
	const char *path = cli_text(a, "-out");
	struct kmu *kmu = ctx;
	struct hsm_attrs *attrs;
	struct hsm_result res;
	struct dump d;
	int err;

	if (hsm_key_attrs(kmu->hsm, kmu->session, cli_get(a, "-o")->num, &id, 1, &attrs, &res)) {
		/* the card names the attribute itself */
		if (res.rc == HSM_RV_NO_ATTRIBUTE)
			res.bad_tag = HSM_TAG_ATTR;
		return out_failed(kmu, a, "GetAttribute", &res);
	}
	err = write_file(path, attrs, id == HSM_ATTR_ALL, &d);
	hsm_free(attrs);
	if (err) {
		printf("\nError: Output file (-out) \"%s\": %s.\n", path, strerror(-err));
		return CLI_FAILED;
	}
	print_dump(kmu, path, id == HSM_ATTR_ALL, &d);
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
	.name = "getAttribute", .group = "Key Management Commands",
	.summary = "Reads an attribute from an object",
	.about = "Writes one or all attributes of a key to a file.",
	.opts = attr_opts, .n_opts = COUNT(attr_opts), .run = run_attr,
};

static int run_list(void *ctx, const struct cli_args *a)
{
	(void)ctx;
	(void)a;
	printf("\nDescription\n===========\n"
	       "The following are all of the possible attribute values for getAttributes.\n\n");
	for (const struct cli_choice *c = attr_names; c->name; c++)
		printf("      %-32s= %u\n", c->name, c->number);
	return CLI_OK;
}

const struct cli_cmd row_list_attrs = {
	.name = "listAttributes", .group = "Helper Commands", .flags = CLI_OFFLINE,
	.summary = "List all attributes for getAttributes",
	.run = run_list,
};
