// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_gen.c - genSymKey, genPBEKey. */
#include <stdio.h>
#include <string.h>

#include "make.h"

#define GROUP		"Key Generation Commands"
#define SUBGROUP	"Symmetric Keys:"

static const struct cli_choice sym_types[] = {
	{ HSM_KEY_GENERIC, "GENERIC_SECRET" },
	{ HSM_KEY_RC4, "RC4" },
	{ HSM_KEY_DES3, "Triple DES (3DES)" },
	{ HSM_KEY_AES, "AES" },
	{ 0, NULL },
};

static int run_sym(void *ctx, const struct cli_args *a)
{
	struct kmu *kmu = ctx;
	struct hsm_result res;
	struct make m;
	uint64_t handle;
	int rc = make_start(kmu, &m, a);

	if (rc)
		return rc;
	make_add_u32(&m, HSM_ATTR_KEY_TYPE, cli_u32(a, "-t", 0));
	make_add_u32(&m, HSM_ATTR_VALUE_LEN, cli_u32(a, "-s", 0));
	if (hsm_key_gen_sym(kmu->hsm, kmu->session, &m.spec, &handle, &res))
		return out_failed(kmu, a, "GenerateSymmetricKey", &res);
	out_returned("GenerateSymmetricKey", &res);
	printf("\n\tSymmetric Key Created.  Key Handle: %llu\n", (unsigned long long)handle);
	rc = attest_made(kmu, &m, HSM_CMD_KEY_GEN_SYM, &handle, 1);
	if (!rc)
		out_nodes(kmu, OUT_OLD, &res);
	return rc;
}

static const struct cli_opt sym_opts[] = {
	{ .name = "-t", .kind = CLI_U32, .flags = CLI_REQUIRED, .what = "Key type",
	  .arg = "<key-type>", .choices = sym_types, .tag = HSM_ATTR_KEY_TYPE,
	  .help = "Type of the key." },
	{ .name = "-s", .kind = CLI_U32, .flags = CLI_REQUIRED, .what = "Key size",
	  .arg = "<key-size>", .min = 1, .max = HSM_GENERIC_MAX, .tag = HSM_ATTR_VALUE_LEN,
	  .help = "Bytes: AES 16, 24, 32; 3DES 24; RC4 1 to 256; generic secret 1 to 3583." },
	OPT_LABEL,
	OPTS_MAKE("-"),
};

const struct cli_cmd row_gen_sym = {
	.name = "genSymKey", .group = GROUP, .subgroup = SUBGROUP,
	.summary = "Generates a Symmetric keys",
	.about = "Generates a symmetric key on the HSM and prints its key handle.",
	.opts = sym_opts, .n_opts = COUNT(sym_opts), .check = make_check, .run = run_sym,
};

#define PBE_PASSWORD_MAX	128
#define PBE_SALT_MIN		8
#define PBE_SALT_MAX		64
#define PBE_ITERATIONS_MIN	1000
#define PBE_ITERATIONS_MAX	10000000
#define PBE_ITERATIONS		10000	/* if -i is not given */

static int pbe_with(struct kmu *kmu, const struct cli_args *a, const char *password)
{
	const struct cli_value *salt = cli_get(a, "-s");
	const struct hsm_pbe pbe = {
		.password = password,
		.password_len = strlen(password),
		.salt = salt->data,
		.salt_len = salt->n,
		.iterations = cli_u32(a, "-i", PBE_ITERATIONS),
	};
	struct hsm_result res;
	struct make m;
	uint64_t handle;
	int rc = make_start(kmu, &m, a);

	if (rc)
		return rc;
	if (hsm_key_gen_pbe(kmu->hsm, kmu->session, &m.spec, &pbe, &handle, &res))
		return out_failed(kmu, a, "GeneratePBEKey", &res);
	out_returned("GeneratePBEKey", &res);
	printf("\n\tPBE Key Created.  Key Handle: %llu\n", (unsigned long long)handle);
	rc = attest_made(kmu, &m, HSM_CMD_KEY_GEN_PBE, &handle, 1);
	if (!rc)
		out_nodes(kmu, OUT_OLD, &res);
	return rc;
}

static int run_pbe(void *ctx, const struct cli_args *a)
{
	char typed[PBE_PASSWORD_MAX + 2];
	int rc;

	if (cli_has(a, "-p"))
		return pbe_with(ctx, a, cli_text(a, "-p"));
	rc = password_ask(typed, sizeof(typed), PBE_PASSWORD_MAX);
	if (!rc)
		rc = pbe_with(ctx, a, typed);
	explicit_bzero(typed, sizeof(typed));
	return rc;
}

static bool check_pbe(struct cli_args *a)
{
	return password_check(a) && make_check(a);
}

static const struct cli_opt pbe_opts[] = {
	{ .name = "-p", .kind = CLI_SECRET, .what = "Password", .arg = "<password>", .min = 1,
	  .max = PBE_PASSWORD_MAX, .tag = HSM_TAG_PASSWORD,
	  .help = "Password, 1 to 128 characters." },
	{ .name = "-hpswd", .kind = CLI_FLAG, .what = "Hidden password",
	  .help = "Asks for the password and does not show it." },
	{ .name = "-s", .kind = CLI_HEX, .flags = CLI_REQUIRED, .what = "Salt", .arg = "<salt>",
	  .min = PBE_SALT_MIN, .max = PBE_SALT_MAX, .tag = HSM_TAG_SALT,
	  .help = "Salt, 8 to 64 bytes in hexadecimal." },
	{ .name = "-i", .kind = CLI_U32, .what = "Iterations", .arg = "<iterations>",
	  .min = PBE_ITERATIONS_MIN, .max = PBE_ITERATIONS_MAX, .tag = HSM_TAG_ITERATIONS,
	  .help = "Rounds, 1000 to 10000000. Default: 10000." },
	OPT_LABEL,
	OPTS_MAKE("-"),
};

const struct cli_cmd row_gen_pbe = {
	.name = "genPBEKey", .group = GROUP, .subgroup = SUBGROUP,
	.summary = "Generates a PBE DES3 key",
	.about = "Derives a 3DES key from a password on the HSM (PKCS #12, RFC 7292) and prints its\n"
		 "key handle. The same password, salt and iterations give the same key. Give\n"
		 "either -p or -hpswd.",
	.opts = pbe_opts, .n_opts = COUNT(pbe_opts), .check = check_pbe, .run = run_pbe,
};
