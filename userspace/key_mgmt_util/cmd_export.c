// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_export.c - exSymKey, exportPrivateKey. */
#include <stdio.h>

#include "outfile.h"
#include "pem.h"
#include "transfer.h"

static const struct cli_choice mechanisms[] = {
	{ HSM_WRAP_AES_PKCS5, "NIST_AES_WRAP" },
	{ 0, NULL },
};

static int run_sym(void *ctx, const struct cli_args *a)
{
	struct hsm_bytes plain = { 0 };
	struct outfile o;
	int rc = out_open(&o, a, "-out", OUTFILE_SECRET);

	if (rc)
		return rc;
	rc = transfer_out(ctx, a, "\t", HSM_KEY_CLASS_SECRET, &plain);
	if (rc)
		outfile_drop(&o);
	else
		rc = out_finish(&o, a, "-out", plain.p, plain.len);
	hsm_bytes_clear(&plain);
	if (!rc)
		printf("\n\nWrapped Symmetric Key written to file \"%s\"\n", cli_text(a, "-out"));
	return rc;
}

#define OPTS_EXPORT(what_k) \
	{ .name = "-k", .kind = CLI_HANDLE, .flags = CLI_REQUIRED, .what = "Key handle", \
	  .arg = (what_k), .tag = HSM_TAG_HANDLE, .help = "Handle of the key to export." }, \
	OPT_WRAPPER, \
	{ .name = "-out", .kind = CLI_FILE_OUT, .flags = CLI_REQUIRED, .what = "Output file", \
	  .arg = "<key-file>", .min = 1, \
	  .help = "File for the key in plaintext; it is overwritten." }, \
	{ .name = "-m", .kind = CLI_U32, .what = "Wrapping mechanism", \
	  .arg = "<wrapping-mechanism>", .choices = mechanisms, .tag = HSM_TAG_WRAP_MECHANISM, \
	  .help = "Mechanism on the way. Default: 4, the only one." }, \
	OPT_WRAPPER_FILE

static const struct cli_opt sym_opts[] = { OPTS_EXPORT("<key-to-export>") };

const struct cli_cmd row_export_sym = {
	.name = "exSymKey", .group = "Key Import/Export Commands",
	.summary = "Exports a Symmetric key",
	.about = "Writes the plaintext of a symmetric key to a file that only you can read. The\n"
		 "key leaves the HSM wrapped: -w wraps it and then unwraps it for this host.",
	.opts = sym_opts, .n_opts = COUNT(sym_opts), .run = run_sym,
};

static int run_private(void *ctx, const struct cli_args *a)
{
	struct hsm_bytes pkcs8 = { 0 };
	struct outfile o;
	int rc = out_open(&o, a, "-out", OUTFILE_SECRET);

	if (rc)
		return rc;
	rc = transfer_out(ctx, a, "", HSM_KEY_CLASS_PRIVATE, &pkcs8);
	if (rc)
		outfile_drop(&o);
	else
		rc = pem_finish(&o, a, "-out", "PRIVATE KEY", &pkcs8);
	hsm_bytes_clear(&pkcs8);
	if (!rc)
		printf("\nPEM formatted private key is written to %s\n", cli_text(a, "-out"));
	return rc;
}

static const struct cli_opt private_opts[] = { OPTS_EXPORT("<private-key-handle>") };

const struct cli_cmd row_export_priv = {
	.name = "exportPrivateKey", .group = "Key Import/Export Commands",
	.summary = "Exports RSA/DSA/EC private key",
	.about = "Writes a private key to a PEM file (PKCS#8) that only you can read. The key\n"
		 "leaves the HSM wrapped: -w wraps it and then unwraps it for this host.",
	.opts = private_opts, .n_opts = COUNT(private_opts), .run = run_private,
};
