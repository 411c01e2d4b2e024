// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_server.c - server mode, enable_e2e, help, quit. */
#include <stdio.h>

#include "cmu.h"

static int run_server(void *ctx, const struct cli_args *a)
{
	struct cmu *cmu = ctx;
	const struct cmu_server *s = cmu_server(cmu, cli_u32(a, "<server-number>", 0));

	if (!s)
		return CLI_USAGE;
	printf("\nServer is in 'E2' mode...\n");
	cmu_set_mode(cmu, (int)s->index);
	return CLI_OK;
}

static const struct cli_opt server_opts[] = {
	{ .name = "<server-number>", .kind = CLI_U32, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Server number",
	  .help = "Its place in the configuration file, from 0; see the start block." },
};

const struct cli_cmd cmu_server_cmd = {
	.name = "server", .group = CMU_SERVERS, .summary = "Enters server mode: commands are for this one HSM",
	.about = "Enters server mode: the commands that follow are for this one HSM, until\n"
		 "\"exit\". The prompt tells.",
	.opts = server_opts, .n_opts = COUNT(server_opts), .run = run_server,
};

static int run_quit(void *ctx, const struct cli_args *a)
{
	(void)ctx;
	(void)a;
	printf("\ndisconnecting from servers, please wait...\n");
	return CLI_LEAVE;
}

static int run_exit(void *ctx, const struct cli_args *a)
{
	struct cmu *cmu = ctx;

	if (cmu->current < 0)
		return run_quit(ctx, a);
	cmu_set_mode(cmu, -1);
	return CLI_OK;
}

const struct cli_cmd cmu_exit = {
	.name = "exit", .summary = "Leaves server mode; in global mode the tool",
	.flags = CLI_OFFLINE, .run = run_exit,
};

const struct cli_cmd cmu_quit = {
	.name = "quit", .summary = "Disconnects from the HSMs and leaves the tool",
	.flags = CLI_OFFLINE, .run = run_quit,
};

static int run_e2e(void *ctx, const struct cli_args *a)
{
	(void)a;
	for (struct cmu_server *s = cmu_next(ctx, NULL); s; s = cmu_next(ctx, s))
		printf("E2E enabled on server %u(%s)\n", s->index, s->name);
	return CLI_OK;
}

const struct cli_cmd cmu_e2e = {
	.name = "enable_e2e", .group = CMU_SERVERS, .summary = "Accepted for scripts; there is no network to encrypt",
	.about = "Accepted because scripts have it. The way to a card is a device file of this\n"
		 "machine: there is no network to encrypt, and nothing changes.",
	.run = run_e2e,
};

static int run_help(void *ctx, const struct cli_args *a)
{
	char error[256];
	const char *name = cli_text(a, "<command>");
	const struct cli_cmd *cmd = name ? cli_find(&cmu_tool, name, error, sizeof(error)) : NULL;

	(void)ctx;
	if (cmd)
		cli_help_cmd(cmd);
	else if (name)
		printf("\nError: %s\n", error);
	else
		cli_help_all(&cmu_tool);
	return name && !cmd ? CLI_USAGE : CLI_OK;
}

static const struct cli_opt help_opts[] = {
	{ .name = "<command>", .kind = CLI_TEXT, .flags = CLI_POSITIONAL, .what = "Command",
	  .help = "Tells about this command." },
};

const struct cli_cmd cmu_help = {
	.name = "help", .summary = "Lists the commands, or tells about one",
	.opts = help_opts, .n_opts = COUNT(help_opts), .flags = CLI_OFFLINE, .run = run_help,
};
