// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_quorum.c - registerQuorumPubKey, setMValue, getMValue. */
#include <stdio.h>

#include "cmu.h"
#include "infile.h"
#include "pem.h"
#include "tokens.h"

/* What registers a key; the files are the command's. */
struct registering {
	const struct cli_args *args;
	struct hsm_bytes token;
	struct hsm_bytes signature;
	struct hsm_bytes public_key;	/* DER */
};

static int register_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	const struct registering *r = arg;
	const struct hsm_registration reg = {
		.token = r->token.p, .token_len = r->token.len,
		.signature = r->signature.p, .signature_len = r->signature.len,
		.public_key = r->public_key.p, .public_key_len = r->public_key.len,
	};

	return hsm_user_register(s->hsm, s->session, cli_u32(r->args, "<user-type>", 0),
				 cli_text(r->args, "<user-name>"), &reg, res);
}

#define TOKEN_OPT	"<registration-token>"
#define SIGNED_OPT	"<signed-registration-token>"
#define KEY_OPT		"<public-key>"

/* CLI_OK, or CLI_USAGE with a line printed. */
static int read_files(struct registering *r)
{
	struct hsm_bytes pem = { 0 };
	const char *why;
	int rc;

	rc = in_read(r->args, TOKEN_OPT, 1, HSM_REGISTRATION_MAX, &r->token);
	if (!rc)
		rc = in_read(r->args, SIGNED_OPT, 1, HSM_QUORUM_RSA_BITS / 8, &r->signature);
	if (!rc)
		rc = in_read(r->args, KEY_OPT, 1, PEM_FILE_MAX, &pem);
	if (rc)
		return rc;
	why = pem_public_der(&pem, &r->public_key);
	hsm_bytes_clear(&pem);
	return why ? in_complain(r->args, KEY_OPT, why) : CLI_OK;
}

static int run_register(void *ctx, const struct cli_args *a)
{
	struct registering r = { .args = a };
	const struct cmu_job job = {
		.op = "registerQuorumPubKey", .flags = CMU_CHANGE, .args = a,
		.run = register_on, .arg = &r,
	};
	int rc = read_files(&r);

	if (!rc)
		rc = cmu_caution(ctx) ? cmu_each(ctx, &job) : CLI_FAILED;
	hsm_bytes_clear(&r.token);
	hsm_bytes_clear(&r.signature);
	hsm_bytes_clear(&r.public_key);
	return rc;
}

static const struct cli_choice approver_types[] = {
	{ HSM_USER_CO, "CO" },
	{ HSM_USER_CU, "CU" },
	{ HSM_USER_PCO, "PCO" },
	{ 0, NULL },
};

static const struct cli_opt register_opts[] = {
	CMU_OPT_USER_TYPE(approver_types),
	CMU_OPT_USER_NAME,
	{ .name = TOKEN_OPT, .kind = CLI_FILE_IN, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Registration token", .min = 1, .tag = HSM_TAG_DATA,
	  .help = "File of 1 to 245 bytes of any kind." },
	{ .name = SIGNED_OPT, .kind = CLI_FILE_IN, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Signed registration token", .min = 1, .tag = HSM_TAG_SIGNATURE,
	  .help = "File with its signature: openssl dgst -sha256 -sign <private key>." },
	{ .name = KEY_OPT, .kind = CLI_FILE_IN, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Public key", .min = 1, .tag = HSM_TAG_PUBLIC_KEY,
	  .help = "PEM file of the RSA-2048 public key." },
};

const struct cli_cmd cmu_register = {
	.name = "registerQuorumPubKey", .group = CMU_QUORUM,
	.summary = "Registers your key for quorum approvals",
	.about = "Registers the key that you sign quorum tokens with. A later one replaces it.",
	.opts = register_opts, .n_opts = COUNT(register_opts), .run = run_register,
};

#define OPT_SERVICE \
	{ .name = "<service>", .kind = CLI_U32, .flags = CLI_POSITIONAL | CLI_REQUIRED, \
	  .what = "Service", .choices = token_officer_services, .tag = HSM_TAG_SERVICE, \
	  .help = "Service of officers." }

static int set_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	return hsm_m_value_set(s->hsm, s->session, cli_u32(arg, "<service>", 0),
			       cli_u32(arg, "<m-value>", 0), res);
}

static int run_set(void *ctx, const struct cli_args *a)
{
	const struct cmu_job job = {
		.op = "setMValue", .flags = CMU_QUIET | CMU_CHANGE, .args = a, .run = set_on,
		.arg = (void *)a,
	};

	if (!cmu_caution(ctx))
		return CLI_FAILED;
	printf("Setting M Value(%u) for %u on %u nodes\n", cli_u32(a, "<m-value>", 0),
	       cli_u32(a, "<service>", 0), cmu_count(ctx));
	return cmu_each(ctx, &job);
}

static const struct cli_opt set_opts[] = {
	OPT_SERVICE,
	{ .name = "<m-value>", .kind = CLI_U32, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "M value", .min = HSM_M_VALUE_MIN, .max = HSM_M_VALUE_MAX,
	  .tag = HSM_TAG_M_VALUE, .help = "Approvals needed, at most the number of officers." },
};

const struct cli_cmd cmu_set_m = {
	.name = "setMValue", .group = CMU_QUORUM, .summary = "Sets how many officers must approve",
	.about = "Sets how many officers must approve each use of a service. Where a quorum is set\n"
		 "already that takes an approved token of service 4.",
	.opts = set_opts, .n_opts = COUNT(set_opts), .run = run_set,
};

static int get_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	const struct cli_args *a = arg;
	const uint32_t service = cli_u32(a, "<service>", 0);
	uint32_t m_value;

	if (hsm_m_value_get(s->hsm, s->session, service, &m_value, res))
		return res->rc;
	printf("MValue of service %u[%s] on server %u : [%u]\n", service,
	       service == HSM_SERVICE_USER_MGMT ? "USER_MGMT" : "MISC_CO", s->index, m_value);
	return 0;
}

static int run_get(void *ctx, const struct cli_args *a)
{
	const struct cmu_job job = {
		.op = "getMValue", .flags = CMU_QUIET | CMU_NO_ASK, .args = a, .run = get_on,
		.arg = (void *)a,
	};

	return cmu_each(ctx, &job);
}

static const struct cli_opt get_opts[] = { OPT_SERVICE };

const struct cli_cmd cmu_get_m = {
	.name = "getMValue", .group = CMU_QUORUM, .summary = "Gets how many officers must approve",
	.opts = get_opts, .n_opts = COUNT(get_opts), .run = run_get,
};
