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
	char *path;		/* of the card; kept when it is lost */
	bool classic;		/* KMU_OUTPUT=classic: the older wording everywhere */
};

/*
 * Opens a card and a session, printing the start block; at once if one is open. That is the
 * card of $HSM_DEVICE, else the first of this machine that serves. One that went away is
 * replaced in the same way, which ends the login.
 */
int kmu_connect(void *ctx);
void kmu_disconnect(struct kmu *kmu);
void kmu_version(void);

/* The two documented wordings of the tools. */
enum out_form { OUT_OLD, OUT_NEW };

/* "<name> returned: ..." of an outcome; the pages differ in tabs and prefixes. */
void out_line(const char *name, const struct hsm_result *res);
/* The usual form: "\tCfm3<op> returned: ...". */
void out_returned(const char *op, const struct hsm_result *res);
/* The block of nodes that answered; nothing if none is known to have. */
void out_nodes(const struct kmu *kmu, enum out_form form, const struct hsm_result *res);
/*
 * The end of a command that printed nothing yet and failed: the line, the nodes,
 * and which of several options it was about. Returns the exit code.
 */
int out_failed(const struct kmu *kmu, const struct cli_args *a, const char *op,
	       const struct hsm_result *res);
/* The same for a line of another form, see out_line(). */
int out_refused(const struct kmu *kmu, const struct cli_args *a, const char *name,
		const struct hsm_result *res);
/* Line and nodes of a command without further output. Returns the exit code. */
int out_done(const struct kmu *kmu, const struct cli_args *a, const char *op,
	     const struct hsm_result *res);

/* Names and numbers in the columns of listAttributes. */
void out_constants(const struct cli_choice *list);

/* For cli_cmd.check of a row with -p and -hpswd: exactly one of them. */
bool password_check(struct cli_args *a);
/* -hpswd: asks. CLI_OK, or CLI_USAGE with a line printed if none came or one above @max bytes. */
int password_ask(char *typed, size_t room, size_t max);

/*
 * The modulus in the file of option @name: hexadecimal digits over any number of
 * lines, or what getAttribute wrote. CLI_OK with at most MODULUS_MAX bytes, without
 * leading zeros; else CLI_USAGE with a line printed.
 */
#define MODULUS_MAX	(HSM_RSA_BITS_MAX / 8)
int modulus_read(const struct cli_args *a, const char *name, uint8_t modulus[MODULUS_MAX],
		 size_t *len);

/* Short name of a user type: "CU"; "?" for an unknown one. */
const char *user_type_name(uint32_t type);

extern const struct cli_choice key_types[];

extern const struct cli_cmd row_login, row_logout, row_login_status;
extern const struct cli_cmd row_gen_sym, row_gen_pbe, row_gen_rsa, row_gen_dsa, row_gen_ecc;
extern const struct cli_cmd row_create_pub, row_import_pub, row_export_pub;
extern const struct cli_cmd row_import_priv, row_export_priv, row_import_sym, row_export_sym;
extern const struct cli_cmd row_wrap, row_unwrap, row_insert, row_extract, row_aes_wrap;
extern const struct cli_cmd row_find, row_find_single, row_key_info, row_delete;
extern const struct cli_cmd row_attr, row_set_attr, row_list_attrs, row_list_curves;
extern const struct cli_cmd row_cert, row_sign, row_verify;
extern const struct cli_cmd row_get_token, row_del_token, row_approve, row_list_tokens;
extern const struct cli_cmd row_fake_pem, row_is_fake_pem;
extern const struct cli_cmd row_hsm_info, row_partition, row_list_users, row_error_string;

#endif /* KMU_H */
