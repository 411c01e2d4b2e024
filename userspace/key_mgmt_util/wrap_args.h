/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wrap_args.h - which options of wrapKey and unWrapKey go with which mechanism. */
#ifndef KMU_WRAP_ARGS_H
#define KMU_WRAP_ARGS_H

#include "kmu.h"

extern const struct cli_choice wrap_mechanisms[];
extern const struct cli_choice wrap_hashes[];

/* What both rows have, with the words of their pages. */
#define OPT_MECHANISM \
	{ .name = "-m", .kind = CLI_U32, .flags = CLI_REQUIRED, .what = "Wrapping mechanism", \
	  .arg = "<wrapping-mechanism>", .choices = wrap_mechanisms, \
	  .tag = HSM_TAG_WRAP_MECHANISM, .help = "Mechanism." }
#define OPT_AAD \
	{ .name = "-aad", .kind = CLI_FILE_IN, .what = "Additional authenticated data", \
	  .arg = "<file>", .min = 1, .tag = HSM_TAG_AAD, \
	  .help = "File with data that is authenticated, too, 1 to 4096 bytes. Mechanisms 10, 11." }
#define OPT_HASH \
	{ .name = "-t", .kind = CLI_U32, .what = "Hash type", .arg = "<hash-type>", \
	  .choices = wrap_hashes, .tag = HSM_TAG_HASH, \
	  .help = "Hash of OAEP. Mechanisms 7, 8. Default: 2, SHA1." }
#define OPT_NO_HEADER(text) \
	{ .name = "-noheader", .kind = CLI_FLAG, .what = "No header", \
	  .tag = HSM_TAG_NO_HEADER, .help = text }
#define OPT_IV \
	{ .name = "-i", .kind = CLI_HEX, .what = "IV", .arg = "<IV>", .min = 4, .max = 8, \
	  .tag = HSM_TAG_IV, \
	  .help = "IV in hexadecimal: 8 bytes, mechanism 9: 4. Mechanisms 4, 5, 9 with -noheader." }
#define OPT_IV_FILE(file, text) \
	{ .name = "-iv_file", .kind = file, .what = "IV file", .arg = "<IV-file>", \
	  .min = 1, .help = text " Mechanism 10 with -noheader." }
#define OPT_TAG_SIZE \
	{ .name = "-tag_size", .kind = CLI_U32, .what = "Tag size", .arg = "<tag-size>", \
	  .min = HSM_GCM_TAG_MIN, .max = 16, .tag = HSM_TAG_GCM_TAG_LEN, \
	  .help = "Bytes of the tag. Mechanisms 10, 11 with -noheader. Default: 16." }

/* For cli_cmd.check. Rows may lack any option but -m and -noheader. */
bool wrap_check(struct cli_args *a);

/*
 * Fills @w, and reads the file of -aad into @aad, which is to be cleared in any case.
 * CLI_*; -iv_file is left to the caller.
 */
int wrap_read(const struct cli_args *a, struct hsm_wrap *w, struct hsm_bytes *aad);

#endif /* KMU_WRAP_ARGS_H */
