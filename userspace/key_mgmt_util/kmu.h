/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kmu.h - what the command families of key_mgmt_util share. */
#ifndef KMU_H
#define KMU_H

#include "cli.h"
#include "hsm.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* What the tool holds while it runs; hsm is NULL until kmu_connect(). */
struct kmu {
	struct hsm *hsm;
	uint32_t session;
	bool classic;		/* KMU_OUTPUT=classic: the older wording everywhere */
};

/* Opens the card and a session, printing the start block; at once if it is open. */
int kmu_connect(void *ctx);
void kmu_disconnect(struct kmu *kmu);
void kmu_version(void);

/* The two documented wordings of the tools. */
enum out_form { OUT_OLD, OUT_NEW };

/* "Cfm3<op> returned: ..." of an outcome. */
void out_returned(const char *op, const struct hsm_result *res);
/* The block of nodes that answered; nothing if none is known to have. */
void out_nodes(const struct kmu *kmu, enum out_form form, const struct hsm_result *res);
/*
 * The end of a command that printed nothing yet and failed: the line, the nodes,
 * and which of several options it was about. Returns the exit code.
 */
int out_failed(const struct kmu *kmu, const struct cli_args *a, const char *op,
	       const struct hsm_result *res);
/* Line and nodes of a command without further output. Returns the exit code. */
int out_done(const struct kmu *kmu, const struct cli_args *a, const char *op,
	     const struct hsm_result *res);

/* Short name of a user type: "CU"; "?" for an unknown one. */
const char *user_type_name(uint32_t type);

extern const struct cli_choice key_types[];

extern const struct cli_cmd row_login, row_logout, row_login_status;
extern const struct cli_cmd row_gen_sym, row_gen_rsa;
extern const struct cli_cmd row_find, row_find_single, row_key_info, row_delete;
extern const struct cli_cmd row_attr, row_list_attrs;
extern const struct cli_cmd row_hsm_info, row_list_users, row_error_string;

#endif /* KMU_H */
