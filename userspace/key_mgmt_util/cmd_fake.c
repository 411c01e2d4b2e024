// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_fake.c - getCaviumPrivKey, IsValidKeyHandlefile. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fake_key.h"
#include "infile.h"
#include "kmu.h"
#include "outfile.h"
#include "pem.h"

#define GROUP		"Helper Commands"
#define OP		"\tgetCaviumPrivKey"

/* 0 if the key has no such number. */
static uint32_t attr_u32(const struct hsm_attrs *attrs, uint32_t id)
{
	const struct hsm_attr *attr = hsm_attrs_get(attrs, id);
	uint32_t wire;

	if (!attr || attr->len != sizeof(wire))
		return 0;
	memcpy(&wire, attr->value, sizeof(wire));
	return le32toh(wire);
}

/* The fake of a key with these attributes and the PEM name of its form; NULL if it has none. */
static const char *fake_of(const struct hsm_attrs *attrs, uint64_t handle, struct hsm_bytes *der)
{
	const struct hsm_attr *modulus = hsm_attrs_get(attrs, HSM_ATTR_MODULUS);
	const struct hsm_attr *exponent = hsm_attrs_get(attrs, HSM_ATTR_PUBLIC_EXPONENT);
	const uint32_t type = attr_u32(attrs, HSM_ATTR_KEY_TYPE);

	if (attr_u32(attrs, HSM_ATTR_CLASS) != HSM_KEY_CLASS_PRIVATE || !modulus)
		return NULL;
	if (type == HSM_KEY_RSA && exponent && !fake_rsa(modulus, exponent, handle, der))
		return "RSA PRIVATE KEY";
	if (type == HSM_KEY_EC &&
	    !fake_ec(attr_u32(attrs, HSM_ATTR_MODULUS_BITS), modulus, handle, der))
		return "EC PRIVATE KEY";
	return NULL;
}

static int write_fake(const struct cli_args *a, const struct hsm_attrs *attrs)
{
	const uint64_t handle = cli_get(a, "-k")->num;
	struct hsm_bytes der = { 0 };
	const char *name = fake_of(attrs, handle, &der);
	struct outfile o;
	int rc;

	if (!name) {
		printf("\nError: Key %llu is not an RSA or EC private key.\n",
		       (unsigned long long)handle);
		return CLI_FAILED;
	}
	rc = out_open(&o, a, "-out", 0);
	if (!rc)
		rc = pem_finish(&o, a, "-out", name, &der);
	hsm_bytes_clear(&der);
	return rc;
}

static int run_fake(void *ctx, const struct cli_args *a)
{
	const uint32_t all = HSM_ATTR_ALL;
	struct kmu *kmu = ctx;
	struct hsm_attrs *attrs;
	struct hsm_result res;
	int rc;

	if (hsm_key_attrs(kmu->hsm, kmu->session, cli_get(a, "-k")->num, &all, 1, &attrs, &res))
		return out_refused(kmu, a, OP, &res);
	rc = write_fake(a, attrs);
	hsm_free(attrs);
	if (rc)
		return rc;
	printf("\nPrivate Key Handle is written to %s in fake PEM format\n", cli_text(a, "-out"));
	out_line(OP, &res);
	return CLI_OK;
}

static const struct cli_opt fake_opts[] = {
	{ .name = "-k", .kind = CLI_HANDLE, .flags = CLI_REQUIRED, .what = "Private key handle",
	  .arg = "<private-key-handle>", .help = "Handle of an RSA or EC private key." },
	{ .name = "-out", .kind = CLI_FILE_OUT, .flags = CLI_REQUIRED, .what = "Fake PEM file",
	  .arg = "<fake-PEM-file>", .min = 1, .help = "File to write or overwrite." },
};

const struct cli_cmd row_fake_pem = {
	.name = "getCaviumPrivKey", .group = GROUP,
	.summary = "Saves an RSA private key handle\n                          in fake PEM format",
	.about = "Writes a private key file that holds the handle of the key in place of the key.",
	.opts = fake_opts, .n_opts = COUNT(fake_opts), .run = run_fake,
};

static int run_is_fake(void *ctx, const struct cli_args *a)
{
	struct hsm_bytes file;
	const char *why;
	uint64_t handle;
	EVP_PKEY *key;

	(void)ctx;
	if (in_read(a, "-f", 1, PEM_FILE_MAX, &file))
		return CLI_USAGE;
	why = pem_private_key(&file, &key);
	hsm_bytes_clear(&file);
	if (why)
		return in_complain(a, "-f", why);
	if (fake_handle(key, &handle))
		printf("\nInput file has invalid key handle: %llu\n", (unsigned long long)handle);
	else
		printf("\nInput key file has real private key\n");
	EVP_PKEY_free(key);
	return CLI_OK;
}

static const struct cli_opt is_fake_opts[] = {
	{ .name = "-f", .kind = CLI_FILE_IN, .flags = CLI_REQUIRED, .what = "Key file",
	  .arg = "<private-key-file>", .min = 1, .help = "File with a private key, PEM." },
};

const struct cli_cmd row_is_fake_pem = {
	.name = "IsValidKeyHandlefile", .group = GROUP, .flags = CLI_OFFLINE,
	.summary = "Checks if private key file has\n"
		   "                          an HSM key handle or a real key",
	.about = "Tells whether a private key file holds a key or, in fake PEM format, a handle.",
	.opts = is_fake_opts, .n_opts = COUNT(is_fake_opts), .run = run_is_fake,
};
