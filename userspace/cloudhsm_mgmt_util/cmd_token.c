// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_token.c - getToken, approveToken, listTokens, delToken. */
#include <stdio.h>
#include <strings.h>

#include "approval.h"
#include "cmu.h"
#include "outfile.h"
#include "tokens.h"

/* What getToken collects: a record of each server or cluster, in their order. */
struct got {
	const struct cli_args *args;
	struct hsm_token tokens[CMU_SERVERS_MAX];
	const struct cmu_server *from[CMU_SERVERS_MAX];	/* who issued each */
	size_t n;
};

/*
 * Tokens are for the user who is logged in; the page has the name typed. False with a
 * line printed if somebody else is. Where nobody is, the card says so.
 */
static bool check_name(struct cmu *cmu, const char *name)
{
	struct hsm_user me;

	for (struct cmu_server *s = cmu_next(cmu, NULL); s; s = cmu_next(cmu, s)) {
		if (hsm_login_status(s->hsm, s->session, &me, NULL) || !me.id ||
		    !strcasecmp(me.name, name))
			continue;
		printf("\nError: User name (<user-name>) is \"%s\", but \"%s\" is logged in on "
		       "server %u(%s).\n", name, me.name, s->index, s->name);
		return false;
	}
	return true;
}

static void print_got(const struct cmu_server *s, const struct hsm_token *token)
{
	struct hsm_quorum q;

	hsm_token_read(token, &q);
	printf("getToken success on server %u(%s)\n", s->index, s->name);
	token_print(&q);
}

/* The token of a cluster is that of all its members. */
static void get_tell(struct cmu_server *s, void *arg)
{
	const struct got *got = arg;

	for (size_t i = 0; i < got->n; i++)
		if (cmu_same_cluster(got->from[i], s))
			print_got(s, &got->tokens[i]);
}

static int get_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	struct got *got = arg;
	const struct cli_args *a = got->args;
	const struct cli_value *handle = cli_get(a, "<key-handle>");
	struct hsm_token *token = &got->tokens[got->n];

	if (hsm_token_new(s->hsm, s->session, cli_u32(a, "<service>", 0),
			  handle ? handle->num : 0, token, res))
		return res->rc;
	got->from[got->n++] = s;
	print_got(s, token);
	return 0;
}

static int run_get(void *ctx, const struct cli_args *a)
{
	struct got got = { .args = a };
	const struct cmu_job job = {
		.op = "getToken", .flags = CMU_QUIET | CMU_CHANGE, .args = a, .run = get_on,
		.tell = get_tell, .arg = &got,
	};
	struct outfile o;
	int rc, written;

	if (!check_name(ctx, cli_text(a, "<user-name>")))
		return CLI_USAGE;
	rc = out_open(&o, a, "<token-file>", 0);
	if (rc)
		return rc;
	rc = cmu_each(ctx, &job);
	if (!got.n) {
		outfile_drop(&o);
		return rc;
	}
	written = out_finish(&o, a, "<token-file>", got.tokens, got.n * sizeof(got.tokens[0]));
	return rc ? rc : written;
}

static bool check_get(struct cli_args *a)
{
	return token_check_handle(a, "<service>", "<key-handle>");
}

static const struct cli_opt get_opts[] = {
	{ .name = "<service>", .kind = CLI_U32, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Service", .choices = token_services, .tag = HSM_TAG_SERVICE,
	  .help = "What the token is for." },
	CMU_OPT_USER_NAME,
	{ .name = "<token-file>", .kind = CLI_FILE_OUT, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Token file", .min = 1, .help = "File to write or overwrite." },
	{ .name = "<key-handle>", .kind = CLI_HANDLE, .flags = CLI_POSITIONAL,
	  .what = "Key handle", .tag = HSM_TAG_HANDLE,
	  .help = "Handle of the key, for services 1 and 2." },
};

const struct cli_cmd cmu_get_token = {
	.name = "getToken", .group = CMU_QUORUM, .summary = "Gets a quorum token",
	.about = "Gets a token of each server for one use of a service, and writes them to a file for\n"
		 "the approvers to sign. It is of this login: log out and it is gone.",
	.opts = get_opts, .n_opts = COUNT(get_opts), .check = check_get, .run = run_get,
};

static int approve_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	return approval_send(s->hsm, s->session, arg, res);
}

static int run_approve(void *ctx, const struct cli_args *a)
{
	struct approvals f;
	const struct cmu_job job = {
		.op = "approveToken", .flags = CMU_CHANGE, .args = a, .run = approve_on, .arg = &f,
	};
	char error[512];
	int rc = CLI_USAGE;

	if (approval_read(cli_text(a, "<approval-file>"), &f, error, sizeof(error)))
		rc = cmu_each(ctx, &job);
	else
		printf("\nError: %s\n", error);
	approval_free(&f);
	return rc;
}

static const struct cli_opt approve_opts[] = {
	{ .name = "<approval-file>", .kind = CLI_FILE_IN, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Approval file", .min = 1,
	  .help = "Names the token file, and the approvers with the files of their signatures." },
};

const struct cli_cmd cmu_approve = {
	.name = "approveToken", .group = CMU_QUORUM, .summary = "Approves a quorum token",
	.about = "Hands the servers the approvals of a token: all of them or, if one is not good,\n"
		 "none.",
	.opts = approve_opts, .n_opts = COUNT(approve_opts), .run = run_approve,
};

static int list_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	struct hsm_quorum *list;
	size_t n;

	(void)arg;
	if (hsm_token_list(s->hsm, s->session, &list, &n, res))
		return res->rc;
	printf("\n=====================\n    Server %u(%s)\n=====================\n", s->index,
	       s->name);
	token_print_list(list, n);
	hsm_free(list);
	return 0;
}

static int run_list(void *ctx, const struct cli_args *a)
{
	const struct cmu_job job = {
		.op = "listTokens", .flags = CMU_QUIET | CMU_NO_ASK, .args = a, .run = list_on,
	};
	int rc = cmu_each(ctx, &job);

	if (!rc)
		printf("\nlistTokens success\n");
	return rc;
}

const struct cli_cmd cmu_list_tokens = {
	.name = "listTokens", .group = CMU_QUORUM, .summary = "Lists the quorum tokens",
	.about = "Prints the tokens with their approvals: all of them for officers, else your own.",
	.run = run_list,
};

static int del_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	return hsm_token_delete(s->hsm, s->session, cli_u32(arg, "<token-id>", HSM_TOKEN_ALL),
				res);
}

static int run_del(void *ctx, const struct cli_args *a)
{
	const struct cmu_job job = {
		.op = "delToken", .flags = CMU_CHANGE, .args = a, .run = del_on,
		.arg = (void *)a,
	};

	return cmu_each(ctx, &job);
}

static const struct cli_opt del_opts[] = {
	{ .name = "<token-id>", .kind = CLI_U32, .flags = CLI_POSITIONAL, .what = "Token id",
	  .max = HSM_TOKEN_ALL - 1, .tag = HSM_TAG_TOKEN_ID,
	  .help = "Id of the token. Default: all that you may delete." },
};

const struct cli_cmd cmu_del_token = {
	.name = "delToken", .group = CMU_QUORUM, .summary = "Deletes quorum tokens",
	.about = "Deletes a token, or all: your own, for officers everybody's. Each server has ids of\n"
		 "its own: in server mode the id is that server's.",
	.opts = del_opts, .n_opts = COUNT(del_opts), .run = run_del,
};
