// SPDX-License-Identifier: GPL-2.0-or-later
/* cli_help.c - what the table of commands says about itself: -h, help, complaints. */
#include <stdio.h>
#include <string.h>

#include "cli.h"

static void print_syntax_opt(const struct cli_opt *o)
{
	bool required = o->flags & CLI_REQUIRED;

	printf("%s%s%s%s%s", required ? "" : "[", o->name, o->arg ? " " : "", o->arg ? o->arg : "",
	       required ? "" : "]");
}

/* An option that may stand in the place of a positional word is shown there. */
static bool is_instead(const struct cli_cmd *cmd, const struct cli_opt *o)
{
	for (size_t i = 0; i < cmd->n_opts; i++)
		if (cmd->opts[i].instead && !strcmp(cmd->opts[i].instead, o->name))
			return true;
	return false;
}

static void print_either(const struct cli_cmd *cmd, const struct cli_opt *o)
{
	printf("{%s | ", o->name);
	for (size_t i = 0; i < cmd->n_opts; i++)
		if (!strcmp(cmd->opts[i].name, o->instead))
			printf("%s%s%s}", o->instead, cmd->opts[i].arg ? " " : "",
			       cmd->opts[i].arg ? cmd->opts[i].arg : "");
}

static void print_places(const struct cli_cmd *cmd)
{
	printf("%s", cmd->name);
	for (size_t i = 0; i < cmd->n_opts; i++) {
		const struct cli_opt *o = &cmd->opts[i];

		if (is_instead(cmd, o))
			continue;
		putchar(' ');
		if (o->instead)
			print_either(cmd, o);
		else
			print_syntax_opt(o);
	}
	putchar('\n');
}

static bool has_places(const struct cli_cmd *cmd)
{
	for (size_t i = 0; i < cmd->n_opts; i++)
		if (cmd->opts[i].flags & CLI_POSITIONAL)
			return true;
	return false;
}

static void print_syntax(const struct cli_cmd *cmd)
{
	if (has_places(cmd)) {
		print_places(cmd);
		return;
	}
	printf("%s -h\n", cmd->name);
	if (cmd->n_opts)
		putchar('\n');
	printf("%s%s", cmd->name, cmd->n_opts ? " " : "");
	for (size_t i = 0; i < cmd->n_opts; i++) {
		if (i)
			printf("\n%*s", (int)strlen(cmd->name) + 1, "");
		print_syntax_opt(&cmd->opts[i]);
	}
	putchar('\n');
}

static void print_opt(const struct cli_opt *o, int width)
{
	printf("   %-*s %s%s\n", width, o->name, o->help,
	       o->flags & CLI_REQUIRED ? " Required." : "");
	if (!o->choices)
		return;
	for (const struct cli_choice *c = o->choices; c->name; c++) {
		if (o->kind == CLI_NAME)
			printf("   %*s    %s\n", width, "", c->name);
		else
			printf("   %*s    %-4u %s\n", width, "", c->number, c->name);
	}
}

void cli_help_cmd(const struct cli_cmd *cmd)
{
	int width = has_places(cmd) ? 17 : 10;

	printf("\nDescription\n===========\n%s\n\nSyntax\n======\n",
	       cmd->about ? cmd->about : cmd->summary);
	print_syntax(cmd);
	printf("\nOptions\n=======\n   %-*s %s\n", width, "-h", "Shows this text.");
	for (size_t i = 0; i < cmd->n_opts; i++)
		print_opt(&cmd->opts[i], width);
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static void print_heading(const struct cli_cmd *cmd, const struct cli_cmd *before)
{
	if (cmd->group && !same(cmd->group, before->group))
		printf("\n        %s\n", cmd->group);
	if (cmd->subgroup && !same(cmd->subgroup, before->subgroup))
		printf("\n        %s\n", cmd->subgroup);
}

void cli_help_all(const struct cli_tool *tool)
{
	const struct cli_cmd *before = tool->cmds[0];

	printf("\nHelp Commands Available:\n\nSyntax: <command> -h\n\n\n"
	       "   %-22s %s\n   %-22s %s\n\n", "Command", "Description", "=======", "===========");
	for (const struct cli_cmd *const *c = tool->cmds; *c; c++) {
		if ((*c)->flags & CLI_ALIAS)
			continue;
		print_heading(*c, before);
		before = *c;
		printf("   %-22s %s\n", (*c)->name, (*c)->summary);
	}
}

int cli_complain(const struct cli_args *a)
{
	if (!a->help)
		printf("\nError: %s\n", a->error);
	if (a->cmd)
		cli_help_cmd(a->cmd);
	return a->help ? CLI_OK : CLI_USAGE;
}
