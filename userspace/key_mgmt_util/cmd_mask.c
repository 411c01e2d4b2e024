// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_mask.c - extractMaskedObject, insertMaskedObject. */
#include <stdio.h>

#include "infile.h"
#include "make.h"
#include "outfile.h"

/* Bytes of a masked object, and some more: the card looks closer. */
#define MASKED_MAX	(HSM_MSG_MAX - 1024)

static int run_extract(void *ctx, const struct cli_args *a)
{
	const char *path = cli_text(a, "-out");
	struct kmu *kmu = ctx;
	struct hsm_bytes masked;
	struct hsm_result res;
	struct outfile o;
	int rc = out_open(&o, a, "-out", 0);

	if (rc)
		return rc;
	if (hsm_key_mask(kmu->hsm, kmu->session, cli_get(a, "-o")->num, &masked, &res)) {
		outfile_drop(&o);
		return out_failed(kmu, a, "ExtractMaskedObject", &res);
	}
	rc = out_finish(&o, a, "-out", masked.p, masked.len);
	hsm_bytes_clear(&masked);
	if (rc)
		return rc;
	printf("\nObject was masked and written to file \"%s\"\n", path);
	out_returned("ExtractMaskedObject", &res);
	return CLI_OK;
}

static const struct cli_opt extract_opts[] = {
	{ .name = "-o", .kind = CLI_HANDLE, .flags = CLI_REQUIRED, .what = "Object handle",
	  .arg = "<object-handle>", .tag = HSM_TAG_HANDLE, .help = "Handle of the key." },
	{ .name = "-out", .kind = CLI_FILE_OUT, .flags = CLI_REQUIRED, .what = "Output file",
	  .arg = "<object-file>", .min = 1, .help = "File to write or overwrite." },
};

const struct cli_cmd row_extract = {
	.name = "extractMaskedObject", .group = "Key Transfer Commands",
	.summary = "Extracts a masked object",
	.about = "Writes a key with its attributes, owner and shares to a file that opens only in\n"
		 "HSMs of the same cluster. Keys that are not extractable can be masked, too.",
	.opts = extract_opts, .n_opts = COUNT(extract_opts), .run = run_extract,
};

static int run_insert(void *ctx, const struct cli_args *a)
{
	struct kmu *kmu = ctx;
	struct hsm_bytes masked;
	struct hsm_result res;
	struct make m;
	uint64_t handle;
	int rc = in_read(a, "-f", 1, MASKED_MAX, &masked);

	if (rc)
		return rc;
	rc = make_start(kmu, &m, a);
	if (rc) {
		hsm_bytes_clear(&masked);
		return rc;
	}
	hsm_key_unmask(kmu->hsm, kmu->session, masked.p, masked.len, &m.spec, &handle, &res);
	hsm_bytes_clear(&masked);
	if (res.rc)
		return out_refused(kmu, a, "Cfm3InsertMaskedObject", &res);
	out_line("Cfm3InsertMaskedObject", &res);
	printf("\tNew Key Handle: %llu\n", (unsigned long long)handle);
	out_nodes(kmu, OUT_OLD, &res);
	return CLI_OK;
}

static const struct cli_opt insert_opts[] = {
	{ .name = "-f", .kind = CLI_FILE_IN, .flags = CLI_REQUIRED, .what = "Object file",
	  .arg = "<filename>", .min = 1, .tag = HSM_TAG_DATA,
	  .help = "File of extractMaskedObject." },
	OPT_MIN_SRV("-"),
	OPT_TIMEOUT("-"),
};

const struct cli_cmd row_insert = {
	.name = "insertMaskedObject", .group = "Key Transfer Commands",
	.summary = "Inserts a masked object",
	.about = "Makes a key of a masked object and prints its key handle.",
	.opts = insert_opts, .n_opts = COUNT(insert_opts), .check = make_check, .run = run_insert,
};
