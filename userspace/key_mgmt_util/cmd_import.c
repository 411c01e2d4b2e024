// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_import.c - imSymKey, importPrivateKey. */
#include <stdio.h>

#include "infile.h"
#include "pem.h"
#include "transfer.h"

static const struct cli_choice sym_types[] = {
	{ HSM_KEY_DES3, "Triple DES (3DES)" },
	{ HSM_KEY_AES, "AES" },
	{ 0, NULL },
};

/* The file is the key: it must have a size that keys of the type have. */
static int read_sym(const struct cli_args *a, struct hsm_bytes *plain)
{
	const bool aes = cli_u32(a, "-t", 0) == HSM_KEY_AES;
	int rc = in_read(a, "-f", 1, HSM_HOST_WRAP_MAX, plain);
	const size_t len = plain->len;
	char why[96];

	if (rc || len == 24 || (aes && (len == 16 || len == 32)))
		return rc;
	snprintf(why, sizeof(why), "has %zu bytes: %s", len,
		 aes ? "an AES key has 16, 24 or 32" : "a 3DES key has 24");
	hsm_bytes_clear(plain);
	return in_complain(a, "-f", why);
}

/* Sends what was read; @made is the line with the handle. */
static int import(const struct kmu *kmu, const struct cli_args *a, const char *margin,
		  uint32_t class, uint32_t type, const struct hsm_bytes *plain, const char *made)
{
	struct hsm_result res;
	struct make m;
	uint64_t handle;
	int rc = make_start(kmu, &m, a);

	if (rc)
		return rc;
	make_add_u32(&m, HSM_ATTR_CLASS, class);
	make_add_u32(&m, HSM_ATTR_KEY_TYPE, type);
	rc = transfer_in(kmu, a, margin, plain, &m, &handle, &res);
	if (rc)
		return rc;
	printf("\n%s%s.  Key Handle: %llu\n", margin, made, (unsigned long long)handle);
	rc = attest_made(kmu, &m, HSM_CMD_KEY_UNWRAP, &handle, 1);
	if (!rc)
		out_nodes(kmu, OUT_OLD, &res);
	return rc;
}

static int run_sym(void *ctx, const struct cli_args *a)
{
	struct hsm_bytes plain;
	int rc = read_sym(a, &plain);

	if (rc)
		return rc;
	rc = import(ctx, a, "\t", HSM_KEY_CLASS_SECRET, cli_u32(a, "-t", 0), &plain,
		    "Symmetric Key Unwrapped");
	hsm_bytes_clear(&plain);
	return rc;
}

static const struct cli_opt sym_opts[] = {
	{ .name = "-f", .kind = CLI_FILE_IN, .flags = CLI_REQUIRED, .what = "Key file",
	  .arg = "<key-file>", .min = 1,
	  .help = "File with the key in plaintext: AES 16, 24 or 32 bytes, 3DES 24." },
	OPT_WRAPPER,
	{ .name = "-t", .kind = CLI_U32, .flags = CLI_REQUIRED, .what = "Key type",
	  .arg = "<key-type>", .choices = sym_types, .tag = HSM_ATTR_KEY_TYPE,
	  .help = "Type of the key." },
	OPT_LABEL,
	OPT_ID("-"),
	OPT_SESS,
	OPT_WRAPPER_FILE,
	OPT_ATTEST,
	OPT_MIN_SRV("-"),
	OPT_TIMEOUT("-"),
	OPT_USERS,
};

const struct cli_cmd row_import_sym = {
	.name = "imSymKey", .group = "Key Import/Export Commands",
	.summary = "Imports a Symmetric key",
	.about = "Imports a symmetric key from a file with its plaintext. It crosses to the HSM\n"
		 "wrapped: the key -w wraps it and then unwraps it into the HSM.",
	.opts = sym_opts, .n_opts = COUNT(sym_opts), .check = make_check, .run = run_sym,
};

static int read_private(const struct cli_args *a, struct hsm_bytes *pkcs8, uint32_t *type)
{
	struct hsm_bytes file;
	const char *why;
	int rc = in_read(a, "-f", 1, PEM_FILE_MAX, &file);

	*pkcs8 = (struct hsm_bytes){ 0 };
	if (rc)
		return rc;
	why = pem_private_der(&file, pkcs8, type);
	hsm_bytes_clear(&file);
	if (!why && pkcs8->len > HSM_HOST_WRAP_MAX)
		why = "holds a key that is larger than those the HSM takes";
	if (!why)
		return CLI_OK;
	hsm_bytes_clear(pkcs8);
	return in_complain(a, "-f", why);
}

static int run_private(void *ctx, const struct cli_args *a)
{
	struct hsm_bytes pkcs8;
	uint32_t type;
	int rc = read_private(a, &pkcs8, &type);

	if (rc)
		return rc;
	printf("\nBER encoded key length is %zu\n", pkcs8.len);
	rc = import(ctx, a, "", HSM_KEY_CLASS_PRIVATE, type, &pkcs8,
		    "Private Key Unwrapped");
	hsm_bytes_clear(&pkcs8);
	return rc;
}

static const struct cli_opt private_opts[] = {
	OPT_LABEL,
	{ .name = "-f", .kind = CLI_FILE_IN, .flags = CLI_REQUIRED, .what = "Key file",
	  .arg = "<key-file>", .min = 1,
	  .help = "PEM file with an RSA, DSA or EC private key, without a password." },
	OPT_WRAPPER,
	OPT_SESS,
	OPT_ID("-"),
	OPT_M_VALUE,
	OPT_MIN_SRV("-"),
	OPT_TIMEOUT("-"),
	OPT_USERS,
	OPT_WRAPPER_FILE,
	OPT_ATTEST,
};

const struct cli_cmd row_import_priv = {
	.name = "importPrivateKey", .group = "Key Import/Export Commands",
	.summary = "Imports RSA/DSA/EC private key",
	.about = "Imports a private key from a PEM file. It crosses to the HSM as wrapped PKCS#8:\n"
		 "the key -w wraps it and then unwraps it into the HSM.",
	.opts = private_opts, .n_opts = COUNT(private_opts), .check = make_check,
	.run = run_private,
};
