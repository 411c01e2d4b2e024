// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_token.c - getToken, delToken, approveToken, listTokens: quorum of keys. */
#include <stdio.h>

#include "approval.h"
#include "kmu.h"
#include "outfile.h"
#include "tokens.h"

#define GROUP	"M of N commands"

static int run_get(void *ctx, const struct cli_args *a)
{
	struct kmu *kmu = ctx;
	struct hsm_token token;
	struct hsm_result res;
	struct hsm_quorum q;
	struct outfile o;
	int rc = out_open(&o, a, "-f", 0);

	if (rc)
		return rc;
	if (hsm_token_new(kmu->hsm, kmu->session, cli_u32(a, "-s", 0), cli_get(a, "-k")->num,
			  &token, &res)) {
		outfile_drop(&o);
		return out_failed(kmu, a, "GetToken", &res);
	}
	rc = out_finish(&o, a, "-f", &token, sizeof(token));
	if (rc)
		return rc;
	hsm_token_read(&token, &q);
	putchar('\n');
	token_print(&q);
	printf("\nToken was written to file \"%s\"\n", cli_text(a, "-f"));
	return out_done(kmu, a, "GetToken", &res);
}

static const struct cli_opt get_opts[] = {
	{ .name = "-s", .kind = CLI_U32, .flags = CLI_REQUIRED, .what = "Service",
	  .arg = "<service>", .choices = token_key_services, .tag = HSM_TAG_SERVICE,
	  .help = "What the token is for." },
	{ .name = "-k", .kind = CLI_HANDLE, .flags = CLI_REQUIRED, .what = "Key handle",
	  .arg = "<key-handle>", .tag = HSM_TAG_HANDLE, .help = "Handle of the key." },
	{ .name = "-f", .kind = CLI_FILE_OUT, .flags = CLI_REQUIRED, .what = "Token file",
	  .arg = "<token-file>", .min = 1, .help = "File to write or overwrite." },
};

const struct cli_cmd row_get_token = {
	.name = "getToken", .group = GROUP, .summary = "Initiate an MxN service and get Token",
	.about = "Gets a token for one use of a key that needs approvals, and writes it to a file for\n"
		 "the approvers to sign. It is of this login: log out and it is gone.",
	.opts = get_opts, .n_opts = COUNT(get_opts), .run = run_get,
};

static int run_del(void *ctx, const struct cli_args *a)
{
	struct kmu *kmu = ctx;
	struct hsm_result res;

	hsm_token_delete(kmu->hsm, kmu->session, cli_u32(a, "-t", HSM_TOKEN_ALL), &res);
	return out_done(kmu, a, "DeleteToken", &res);
}

static const struct cli_opt del_opts[] = {
	{ .name = "-t", .kind = CLI_U32, .what = "Token id", .arg = "<token-id>",
	  .max = HSM_TOKEN_ALL - 1, .tag = HSM_TAG_TOKEN_ID,
	  .help = "Id of the token. Default: all of yours." },
};

const struct cli_cmd row_del_token = {
	.name = "delToken", .group = GROUP, .summary = "delete Token(s)",
	.about = "Deletes a token of yours, or all.",
	.opts = del_opts, .n_opts = COUNT(del_opts), .run = run_del,
};

static int run_approve(void *ctx, const struct cli_args *a)
{
	struct kmu *kmu = ctx;
	struct hsm_result res;
	struct approvals f;
	char error[512];
	int rc = CLI_USAGE;

	if (approval_read(cli_text(a, "-f"), &f, error, sizeof(error))) {
		approval_send(kmu->hsm, kmu->session, &f, &res);
		rc = out_done(kmu, a, "ApproveToken", &res);
	} else {
		printf("\nError: %s\n", error);
	}
	approval_free(&f);
	return rc;
}

static const struct cli_opt approve_opts[] = {
	{ .name = "-f", .kind = CLI_FILE_IN, .flags = CLI_REQUIRED, .what = "Approval file",
	  .arg = "<approval-file>", .min = 1,
	  .help = "Names the token file, and the approvers with the files of their signatures." },
};

const struct cli_cmd row_approve = {
	.name = "approveToken", .group = GROUP, .summary = "Approves an MxN service",
	.about = "Hands the HSM the approvals of a token: all of them or, if one is not good, none.",
	.opts = approve_opts, .n_opts = COUNT(approve_opts), .run = run_approve,
};

static int run_list(void *ctx, const struct cli_args *a)
{
	struct kmu *kmu = ctx;
	struct hsm_quorum *list;
	struct hsm_result res;
	size_t n;

	if (hsm_token_list(kmu->hsm, kmu->session, &list, &n, &res))
		return out_failed(kmu, a, "ListTokens", &res);
	putchar('\n');
	token_print_list(list, n);
	hsm_free(list);
	out_returned("ListTokens", &res);
	return CLI_OK;
}

const struct cli_cmd row_list_tokens = {
	.name = "listTokens", .group = GROUP, .summary = "List all Tokens in the current partition",
	.about = "Prints your tokens with their approvals.", .run = run_list,
};
