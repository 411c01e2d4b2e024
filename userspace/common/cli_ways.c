// SPDX-License-Identifier: GPL-2.0-or-later
/* cli_ways.c - the ways into a tool besides a loop: one command, lines of the command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

static void print_words(const struct cli_tool *tool, int argc, char **argv)
{
	printf("%s", tool->echo);
	for (int i = 0; i < argc; i++)
		printf("%s%s", i ? " " : "", argv[i]);
	putchar('\n');
}

/* Both commands are read before either is run: a mistake sends nothing. */
static int run_both(const struct cli_tool *tool, struct cli_args *login,
		    const struct cli_args *cmd, int argc, char **argv)
{
	int rc = CLI_OK;

	if (login) {
		rc = cli_run(tool, login);
		cli_args_free(login);	/* the password has done its work */
	}
	if (rc || !argc)
		return rc;
	if (!(cmd->cmd->flags & CLI_OFFLINE))
		rc = tool->connect(tool->ctx);
	if (rc)
		return rc;
	print_words(tool, argc, argv);
	rc = cli_run(tool, cmd);
	return rc == CLI_LEAVE ? CLI_OK : rc;
}

static int run_after_login(const struct cli_tool *tool, struct cli_args *login, int argc,
			   char **argv)
{
	struct cli_args a = { 0 };
	int rc;

	if (argc && !cli_parse(tool, argc, argv, false, &a)) {
		print_words(tool, argc, argv);
		rc = cli_complain(&a);
	} else {
		rc = run_both(tool, login, &a, argc, argv);
	}
	cli_args_free(&a);
	return rc;
}

/* By its name, or what is short for it. */
static bool is_login(const struct cli_tool *tool, const char *word)
{
	char error[256];
	const struct cli_cmd *cmd = cli_find(tool, word, error, sizeof(error));

	return cmd && !strcmp(cmd->name, tool->login);
}

int cli_single(const struct cli_tool *tool, int argc, char **argv)
{
	struct cli_args login = { 0 };
	int rc;

	if (!is_login(tool, argv[0]))
		return run_after_login(tool, NULL, argc, argv);
	if (cli_parse(tool, argc, argv, true, &login)) {
		rc = run_after_login(tool, &login, argc - login.used, argv + login.used);
	} else {
		print_words(tool, argc, argv);
		rc = cli_complain(&login);
	}
	cli_args_free(&login);
	return rc;
}

bool cli_classic(const char *tool, bool *classic)
{
	const char *form = getenv("KMU_OUTPUT");

	*classic = form && !strcmp(form, "classic");
	if (!form || !*form || *classic)
		return true;
	fprintf(stderr, "%s: KMU_OUTPUT=%s is not \"classic\"\n", tool, form);
	return false;
}

bool cli_take(char **word)
{
	char *copy = strdup(*word);

	if (!copy)
		return false;
	explicit_bzero(*word, strlen(*word));
	*word = copy;
	return true;
}

int cli_session(const struct cli_tool *tool, char **lines, int n)
{
	int first = CLI_OK, rc = CLI_OK;

	for (int i = 0; i < n; i++) {
		if (rc != CLI_LEAVE)
			rc = cli_line(tool, lines[i]);
		if (rc != CLI_LEAVE && !first)
			first = rc;
		explicit_bzero(lines[i], strlen(lines[i]));
		free(lines[i]);
	}
	if (rc != CLI_LEAVE)
		rc = cli_loop(tool);
	return first ? first : rc == CLI_LEAVE ? CLI_OK : rc;
}
