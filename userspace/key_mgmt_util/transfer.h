/* SPDX-License-Identifier: GPL-2.0-or-later */
/* transfer.h - keys in plaintext into the card and out of it, wrapped on the way. */
#ifndef KMU_TRANSFER_H
#define KMU_TRANSFER_H

#include "make.h"

#define OPT_WRAPPER \
	{ .name = "-w", .kind = CLI_HANDLE, .flags = CLI_REQUIRED, .what = "Wrapping key handle", \
	  .arg = "<wrapping-key-handle>", .tag = HSM_TAG_WRAP_HANDLE, \
	  .help = "AES key of the HSM that wraps the key on its way." }
#define OPT_WRAPPER_FILE \
	{ .name = "-wk", .kind = CLI_FILE_IN, .what = "Wrapping key file", \
	  .arg = "<wrapping-key-file>", .min = 1, \
	  .help = "File with the same AES key as -w: this host uses it instead of the HSM." }

/*
 * Wraps @plain with -w in the card, or here with -wk, and has the card unwrap it with
 * the attributes of @m. Each step prints its line, after @margin; a step that fails
 * says so and is the last. CLI_*, with @handle and the outcome in @res.
 */
int transfer_in(const struct kmu *kmu, const struct cli_args *a, const char *margin,
		const struct hsm_bytes *plain, const struct make *m, uint64_t *handle,
		struct hsm_result *res);

/* The key -k, which must be of HSM_KEY_CLASS_@class, the same way out. */
int transfer_out(const struct kmu *kmu, const struct cli_args *a, const char *margin,
		 uint32_t class, struct hsm_bytes *plain);

#endif /* KMU_TRANSFER_H */
