// SPDX-License-Identifier: GPL-2.0-or-later
/* main.c - key_mgmt_util: the table of commands and the ways in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kmu.h"

static int run_help(void *ctx, const struct cli_args *a);

static int run_exit(void *ctx, const struct cli_args *a)
{
	(void)ctx;
	(void)a;
	return CLI_LEAVE;
}

static const struct cli_cmd row_exit = {
	.name = "exit", .summary = "Exits this application", .flags = CLI_OFFLINE, .run = run_exit,
};

static const struct cli_cmd row_quit = {
	.name = "quit", .summary = "Exits this application", .flags = CLI_OFFLINE | CLI_ALIAS,
	.run = run_exit,
};

static const struct cli_cmd row_help = {
	.name = "help", .summary = "Displays this information", .flags = CLI_OFFLINE,
	.run = run_help,
};

/* In the order of help. */
static const struct cli_cmd *const commands[] = {
	&row_exit, &row_quit, &row_help,
	&row_hsm_info, &row_partition, &row_list_users, &row_login_status, &row_login, &row_logout,
	&row_get_token, &row_del_token, &row_approve, &row_list_tokens,
	&row_gen_rsa, &row_gen_dsa, &row_gen_ecc,
	&row_gen_pbe, &row_gen_sym,
	&row_create_pub, &row_import_pub, &row_export_pub,
	&row_import_priv, &row_export_priv, &row_import_sym, &row_export_sym, &row_wrap, &row_unwrap,
	&row_delete, &row_set_attr, &row_key_info, &row_find, &row_find_single, &row_attr,
	&row_cert,
	&row_insert, &row_extract,
	&row_sign, &row_verify, &row_aes_wrap,
	&row_error_string, &row_fake_pem, &row_is_fake_pem, &row_list_attrs, &row_list_curves,
	NULL,
};

static struct kmu kmu;

static void cancel(void *ctx)
{
	hsm_cancel(((struct kmu *)ctx)->hsm);
}

static const struct cli_tool tool = {
	.name = "key_mgmt_util",
	.prompt = "Command:  ",
	.echo = "\nCommand: ",
	.login = "loginHSM",
	.cmds = commands,
	.ctx = &kmu,
	.connect = kmu_connect,
	.cancel = cancel,
};

static int run_help(void *ctx, const struct cli_args *a)
{
	(void)ctx;
	(void)a;
	cli_help_all(&tool);
	return CLI_OK;
}

static int usage(FILE *to)
{
	fprintf(to, "Usage: %s [-c <command line>]...\n"
		"       %s [Cfm3Util] singlecmd [<login>] <command>\n"
		"       <login>: loginHSM -u CU -s <user> {-p <password> | -hpswd}\n"
		"The first form runs the given lines, then reads commands from standard input;\n"
		"\"help\" lists them.\n"
		"Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no card.\n"
		"Environment: %s=<path of the card>, KMU_OUTPUT=classic (the older wording)\n",
		tool.name, tool.name, HSM_DEVICE_ENV);
	return to == stdout ? CLI_OK : CLI_USAGE;
}

/* [-c <command line>]... */
static bool lines_ok(int argc, char **argv)
{
	for (int i = 0; i < argc; i += 2)
		if (strcmp(argv[i], "-c") != 0 || i + 1 == argc)
			return false;
	return true;
}

/* Any line may hold a password: none stays in the process's arguments. */
static int interactive(int argc, char **argv)
{
	int n = 0, rc;

	for (int i = 1; i < argc; i += 2) {
		if (!cli_take(&argv[i])) {
			fprintf(stderr, "%s: no memory\n", tool.name);
			return CLI_FAILED;
		}
		argv[n++] = argv[i];
	}
	kmu_version();
	rc = kmu_connect(&kmu);
	return rc ? rc : cli_session(&tool, argv, n);
}

static int start(int argc, char **argv)
{
	if (lines_ok(argc, argv))
		return interactive(argc, argv);
	if (!strcmp(argv[0], "-h") || !strcmp(argv[0], "--help"))
		return usage(stdout);
	if (!strcmp(argv[0], "Cfm3Util")) {
		argc--;
		argv++;
	}
	if (argc < 2 || strcmp(argv[0], "singlecmd") != 0)
		return usage(stderr);
	kmu_version();
	return cli_single(&tool, argc - 1, argv + 1);
}

int main(int argc, char **argv)
{
	int rc;

	cli_guard(tool.name);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!cli_classic(tool.name, &kmu.classic))
		return CLI_USAGE;
	cli_watch();
	rc = start(argc - 1, argv + 1);
	kmu_disconnect(&kmu);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "%s: standard output cannot be written\n", tool.name);
		rc = rc ? rc : CLI_FAILED;
	}
	return rc;
}
