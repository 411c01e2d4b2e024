/* SPDX-License-Identifier: GPL-2.0-or-later */
/* make.h - what the commands that make keys share: their options and the request. */
#ifndef KMU_MAKE_H
#define KMU_MAKE_H

#include "kmu.h"

/* The pages differ in how they write arguments of several words: @dash is "-" or " ". */
#define OPT_LABEL \
	{ .name = "-l", .kind = CLI_TEXT, .flags = CLI_REQUIRED, .what = "Key label", \
	  .arg = "<label>", .min = 1, .max = HSM_LABEL_MAX, .tag = HSM_ATTR_LABEL, \
	  .help = "Label, 1 to 128 characters; need not be unique." }
#define OPT_ID(dash) \
	{ .name = "-id", .kind = CLI_TEXT, .what = "Key ID", .arg = "<key" dash "ID>", \
	  .min = 1, .max = HSM_ID_MAX, .tag = HSM_ATTR_ID, \
	  .help = "Identifier, unique on the HSM. Default: none." }
#define OPT_MIN_SRV(dash) \
	{ .name = "-min_srv", .kind = CLI_U32, .what = "Minimum number of servers", \
	  .arg = "<minimum" dash "number" dash "of" dash "servers>", .min = 1, \
	  .tag = HSM_TAG_MIN_SRV, .help = "HSMs that must have the key. Default: 1." }
#define OPT_M_VALUE \
	{ .name = "-m_value", .kind = CLI_U32, .what = "Quorum value", .arg = "<0..8>", \
	  .max = HSM_M_VALUE_MAX, .tag = HSM_TAG_M_VALUE, \
	  .help = "Users who must approve each use of the key; needs -u. Default: 0." }
#define OPT_NEX \
	{ .name = "-nex", .kind = CLI_FLAG, .what = "Not extractable", \
	  .tag = HSM_ATTR_EXTRACTABLE, .help = "The key cannot be exported." }
#define OPT_SESS \
	{ .name = "-sess", .kind = CLI_FLAG, .what = "Session key", .tag = HSM_ATTR_TOKEN, \
	  .help = "The key lives in this session only." }
#define OPT_TIMEOUT(dash) \
	{ .name = "-timeout", .kind = CLI_U32, .what = "Timeout", \
	  .arg = "<number" dash "of" dash "seconds>", .min = 1, .tag = HSM_TAG_TIMEOUT_S, \
	  .help = "Seconds to wait for -min_srv HSMs; only with -min_srv. Default: no limit." }
#define OPT_USERS \
	{ .name = "-u", .kind = CLI_USERS, .what = "User ids", .arg = "<user-ids>", \
	  .flags = CLI_REPEAT, .tag = HSM_TAG_SHARE_USER, \
	  .help = "Shares the key with these users, like 5,6; not with yourself." }
#define OPT_ATTEST \
	{ .name = "-attest", .kind = CLI_FLAG, .what = "Attestation", \
	  .tag = HSM_TAG_ATTEST_NONCE, .help = "Checks that the firmware is genuine." }

/* All of them but the label. */
#define OPTS_MAKE(dash) \
	OPT_ID(dash), OPT_MIN_SRV(dash), OPT_M_VALUE, OPT_NEX, OPT_SESS, OPT_TIMEOUT(dash), \
	OPT_USERS, OPT_ATTEST

/* For cli_cmd.check: the limits that take two options to see. Rows may lack any of them. */
bool make_check(struct cli_args *a);

#define MAKE_ATTRS_MAX	16

/* A request under construction; numbers live beside the list that points to them. */
struct make {
	struct hsm_attr attrs[MAKE_ATTRS_MAX];
	uint32_t numbers[MAKE_ATTRS_MAX];
	struct hsm_key_spec spec;
	struct hsm_attest attest;
};

/*
 * Fills @m with whichever of the options above were given, and with -attest has the
 * card prove what it is before anything is made. CLI_*, with what is wrong printed.
 * @m points into itself and into @a.
 */
int make_start(const struct kmu *kmu, struct make *m, const struct cli_args *a);
/* @value is read when the request is sent. */
void make_add(struct make *m, uint32_t id, const void *value, size_t len);
void make_add_u32(struct make *m, uint32_t id, uint32_t number);

/* attest.c: prints nothing if the card passes, else FAIL and why; CLI_*. */
int attest_before(const struct kmu *kmu);
/*
 * With -attest: checks what the card stated about the @n keys @handles that it made by
 * @origin (HSM_CMD_*), and prints the verdict. Those of a card that fails are deleted
 * again. CLI_*.
 */
int attest_made(const struct kmu *kmu, const struct make *m, uint32_t origin,
		const uint64_t *handles, size_t n);

#endif /* KMU_MAKE_H */
