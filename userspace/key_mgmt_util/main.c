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

static const struct cli_tool tool = {
	.name = "key_mgmt_util",
	.prompt = "Command:  ",
	.cmds = commands,
	.ctx = &kmu,
	.connect = kmu_connect,
};

static int run_help(void *ctx, const struct cli_args *a)
{
	(void)ctx;
	(void)a;
	cli_help_all(&tool);
	return CLI_OK;
}

static void print_words(int argc, char **argv)
{
	printf("\nCommand:");
	for (int i = 0; i < argc; i++)
		printf(" %s", argv[i]);
	putchar('\n');
}

/* Both commands are read before either is run: a mistake sends nothing. */
static int run_both(struct cli_args *login, const struct cli_args *cmd, int argc, char **argv)
{
	int rc = CLI_OK;

	if (login) {
		rc = cli_run(&tool, login);
		cli_args_free(login);	/* the password has done its work */
	}
	if (rc || !argc)
		return rc;
	if (!(cmd->cmd->flags & CLI_OFFLINE))
		rc = kmu_connect(&kmu);
	if (rc)
		return rc;
	print_words(argc, argv);
	rc = cli_run(&tool, cmd);
	return rc == CLI_LEAVE ? CLI_OK : rc;
}

static int run_after_login(struct cli_args *login, int argc, char **argv)
{
	struct cli_args a = { 0 };
	int rc;

	kmu_version();
	if (argc && !cli_parse(&tool, argc, argv, false, &a)) {
		print_words(argc, argv);
		rc = cli_complain(&a);
	} else {
		rc = run_both(login, &a, argc, argv);
	}
	cli_args_free(&a);
	return rc;
}

/* singlecmd [loginHSM <options>] [<command> <options>] */
static int single(int argc, char **argv)
{
	struct cli_args login = { 0 };
	int rc;

	if (strcmp(argv[0], row_login.name) != 0)
		return run_after_login(NULL, argc, argv);
	if (cli_parse(&tool, argc, argv, true, &login)) {
		rc = run_after_login(&login, argc - login.used, argv + login.used);
	} else {
		kmu_version();
		print_words(argc, argv);
		rc = cli_complain(&login);
	}
	cli_args_free(&login);
	return rc;
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
static bool take_lines(int argc, char **argv)
{
	for (int i = 1; i < argc; i += 2) {
		char *line = strdup(argv[i]);

		if (!line)
			return false;
		explicit_bzero(argv[i], strlen(argv[i]));
		argv[i] = line;
	}
	return true;
}

static int interactive(int argc, char **argv)
{
	int first, rc;

	if (!take_lines(argc, argv)) {
		fprintf(stderr, "%s: no memory\n", tool.name);
		return CLI_FAILED;
	}
	kmu_version();
	rc = first = kmu_connect(&kmu);
	if (rc)
		return rc;
	for (int i = 1; i < argc && rc != CLI_LEAVE; i += 2) {
		rc = cli_line(&tool, argv[i]);
		free(argv[i]);
		if (rc != CLI_LEAVE && !first)
			first = rc;
	}
	if (rc != CLI_LEAVE)
		rc = cli_loop(&tool);
	return first ? first : rc == CLI_LEAVE ? CLI_OK : rc;
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
	if (argc > 1 && !strcmp(argv[0], "singlecmd"))
		return single(argc - 1, argv + 1);
	return usage(stderr);
}

/* KMU_OUTPUT: unset, empty or "classic". */
static bool read_form(void)
{
	const char *form = getenv("KMU_OUTPUT");

	if (!form || !*form)
		return true;
	kmu.classic = !strcmp(form, "classic");
	if (!kmu.classic)
		fprintf(stderr, "%s: KMU_OUTPUT=%s is not \"classic\"\n", tool.name, form);
	return kmu.classic;
}

int main(int argc, char **argv)
{
	int rc;

	cli_guard(tool.name);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!read_form())
		return CLI_USAGE;
	rc = start(argc - 1, argv + 1);
	kmu_disconnect(&kmu);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "%s: standard output cannot be written\n", tool.name);
		rc = rc ? rc : CLI_FAILED;
	}
	return rc;
}
