// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_aes_wrap.c - aesWrapUnwrap. */
#include <stdio.h>

#include "infile.h"
#include "kmu.h"
#include "outfile.h"

/* The largest file wrapped: padded to the next 8 bytes, and one block of 8 more. */
#define WRAPPED_MAX	(HSM_HOST_WRAP_MAX + 1 + 8)
#define LINE		8	/* bytes printed in a line */

struct mode {
	const char *op;
	const char *file;	/* without -out */
	size_t max;
	unsigned int flags;
	int (*ask)(struct hsm *h, uint32_t session, uint64_t wrap_handle,
		   const struct hsm_wrap *w, const void *in, size_t len, struct hsm_bytes *out,
		   struct hsm_result *res);
};

static const struct mode modes[] = {
	{ "UnWrapHostKey", "unwrapped_key", WRAPPED_MAX, OUTFILE_SECRET, hsm_host_unwrap },
	{ "WrapHostKey", "wrapped_key", HSM_HOST_WRAP_MAX, 0, hsm_host_wrap },
};

static void print_bytes(const struct hsm_bytes *b)
{
	printf("result data:\n");
	for (size_t i = 0; i < b->len; i++)
		printf("%02X%c", b->p[i], (i + 1) % LINE && i + 1 < b->len ? ' ' : '\n');
}

/* Asks the card, writes the file and prints all of it. */
static int run_mode(const struct kmu *kmu, const struct cli_args *a, const struct mode *mode,
		    const struct hsm_bytes *in, struct outfile *o, const char *path)
{
	const struct cli_value *iv = cli_get(a, "-i");
	const struct hsm_wrap w = {
		.mechanism = HSM_WRAP_AES_PKCS5,
		.iv = iv ? iv->data : NULL, .iv_len = iv ? iv->n : 0,
	};
	struct hsm_bytes out;
	struct hsm_result res;
	int err;

	if (!iv)
		printf("\n\tWarning: IV (-i) is missing.\n"
		       "\t\t 0xA6A6A6A6A6A6A6A6 is considered as default IV\n");
	if (mode->ask(kmu->hsm, kmu->session, cli_get(a, "-w")->num, &w, in->p, in->len, &out,
		      &res)) {
		outfile_drop(o);
		return out_failed(kmu, a, mode->op, &res);
	}
	err = outfile_finish(o, out.p, out.len);
	if (!err)
		print_bytes(&out);
	hsm_bytes_clear(&out);
	if (err)
		return outfile_complain("-out", path, err);
	printf("\nresult written to file %s\n", path);
	out_returned(mode->op, &res);
	return CLI_OK;
}

static int run_aes_wrap(void *ctx, const struct cli_args *a)
{
	const struct mode *mode = &modes[cli_u32(a, "-m", 0)];
	const char *path = cli_has(a, "-out") ? cli_text(a, "-out") : mode->file;
	struct hsm_bytes in;
	struct outfile o;
	int rc, err;

	rc = in_read(a, "-f", 1, mode->max, &in);
	if (rc)
		return rc;
	err = outfile_open(&o, path, mode->flags);
	rc = err ? outfile_complain("-out", path, err) : run_mode(ctx, a, mode, &in, &o, path);
	hsm_bytes_clear(&in);
	return rc;
}

static const struct cli_choice mode_names[] = {
	{ 0, "unwrap" },
	{ 1, "wrap" },
	{ 0, NULL },
};

static const struct cli_opt opts[] = {
	{ .name = "-m", .kind = CLI_U32, .flags = CLI_REQUIRED, .what = "Mode",
	  .arg = "<wrap-unwrap mode>", .choices = mode_names, .help = "What to do." },
	{ .name = "-f", .kind = CLI_FILE_IN, .flags = CLI_REQUIRED, .what = "Input file",
	  .arg = "<file-to-wrap-unwrap>", .min = 1, .tag = HSM_TAG_DATA,
	  .help = "File to wrap, 8 to 4095 bytes, or to unwrap." },
	{ .name = "-w", .kind = CLI_HANDLE, .flags = CLI_REQUIRED, .what = "Wrapping key handle",
	  .arg = "<wrapping-key-handle>", .tag = HSM_TAG_WRAP_HANDLE,
	  .help = "AES key of the HSM." },
	{ .name = "-i", .kind = CLI_HEX, .what = "IV", .arg = "<wrapping-IV>", .min = 8, .max = 8,
	  .tag = HSM_TAG_IV, .help = "IV, 8 bytes in hexadecimal. Default: A6A6A6A6A6A6A6A6." },
	{ .name = "-out", .kind = CLI_FILE_OUT, .what = "Output file", .arg = "<output-file>",
	  .min = 1, .help = "File to write or overwrite. Default: wrapped_key or unwrapped_key." },
};

const struct cli_cmd row_aes_wrap = {
	.name = "aesWrapUnwrap", .group = "Management Crypto Commands",
	.summary = "Does NIST AES Wrap/Unwrap",
	.about = "Wraps or unwraps a file with an AES key of the HSM: RFC 3394 over PKCS#5 padded\n"
		 "data. If that fails no output file is written.",
	.opts = opts, .n_opts = COUNT(opts), .run = run_aes_wrap,
};
