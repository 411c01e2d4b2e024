// SPDX-License-Identifier: GPL-2.0-or-later
/* cli.c - the table of commands: parsing, -h, help, dispatch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define FAULT(a, ...) (snprintf((a)->error, sizeof((a)->error), __VA_ARGS__), false)

static const struct cli_cmd *find_cmd(const struct cli_tool *tool, const char *name)
{
	for (const struct cli_cmd *const *c = tool->cmds; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

static const struct cli_opt *find_opt(const struct cli_cmd *cmd, const char *word)
{
	for (size_t i = 0; i < cmd->n_opts; i++) {
		const struct cli_opt *o = &cmd->opts[i];

		if (!strcmp(o->name, word) ||
		    (o->prefix && !strncmp(word, o->prefix, strlen(o->prefix)) &&
		     word[strlen(o->prefix)]))
			return o;
	}
	return NULL;
}

/* Every command has -h. */
static bool is_opt(const struct cli_cmd *cmd, const char *word)
{
	return !strcmp(word, "-h") || find_opt(cmd, word);
}

static bool names_secret(const struct cli_cmd *cmd, const char *word)
{
	const struct cli_opt *o = find_opt(cmd, word);

	return o && o->kind == CLI_SECRET;
}

/* In a mistyped command any tool's secret option counts. */
static bool is_secret(const struct cli_tool *tool, const struct cli_cmd *cmd, const char *word)
{
	if (cmd)
		return names_secret(cmd, word);
	for (const struct cli_cmd *const *c = tool->cmds; *c; c++)
		if (names_secret(*c, word))
			return true;
	return false;
}

/* Overwrites a word where it stands (for ps, the echo), not telling its length. */
static void mask(char *word)
{
	size_t len = strlen(word);

	explicit_bzero(word, len);
	memset(word, '*', len < 7 ? len : 7);
}

/* Where in @argv the value of the option at @i stands: @i itself if it has none. */
static int value_at(const struct cli_args *a, int argc, char **argv, int i)
{
	const struct cli_opt *o = a->cmd ? find_opt(a->cmd, argv[i]) : NULL;

	if (a->cmd && (!o || o->kind == CLI_FLAG || strcmp(argv[i], o->name) != 0))
		return i;
	return i + 1 < argc && !(a->cmd && is_opt(a->cmd, argv[i + 1])) ? i + 1 : i;
}

/* @stop: the words of the command that follows are not this one's. */
static bool hide_secrets(const struct cli_tool *tool, int argc, char **argv, bool stop,
			 struct cli_args *a)
{
	for (int i = 1; i < argc && !(stop && *argv[i] != '-'); i++) {
		bool secret = is_secret(tool, a->cmd, argv[i]);
		int at = a->cmd || secret ? value_at(a, argc, argv, i) : i;

		if (at == i || !secret) {
			i = at;
			continue;
		}
		a->hidden = true;
		i = at;
		if (!a->secret)
			a->secret = strdup(argv[i]);
		mask(argv[i]);
		if (!a->secret)
			return FAULT(a, "No memory.");
	}
	return true;
}

/* The word after an option is its value, unless it is an option of the command itself. */
static bool take_value(struct cli_args *a, struct cli_value *v, int argc, char **argv, int *i)
{
	const struct cli_opt *o = v->opt;
	const char *word = argv[*i];

	if (o->kind == CLI_FLAG)
		return cli_value_read(v, word, a->error, sizeof(a->error));
	if (strcmp(word, o->name) != 0)	/* the prefix form */
		return cli_value_read(v, word + 1, a->error, sizeof(a->error));
	if (*i + 1 >= argc || is_opt(a->cmd, argv[*i + 1]))
		return FAULT(a, "%s (%s) has no value.", o->what, o->name);
	word = argv[++*i];
	return cli_value_read(v, o->kind == CLI_SECRET ? a->secret : word, a->error,
			      sizeof(a->error));
}

static bool take_opt(struct cli_args *a, int argc, char **argv, int *i)
{
	const struct cli_opt *o = find_opt(a->cmd, argv[*i]);
	struct cli_value *v;

	if (!o)
		return FAULT(a, "%s \"%.48s\".", *argv[*i] == '-' ? "Unknown option" :
			     "Unexpected argument", argv[*i]);
	v = &a->v[o - a->cmd->opts];
	if (v->opt && !(o->flags & CLI_REPEAT))
		return FAULT(a, "%s (%s) is given twice.", o->what, o->name);
	v->opt = o;
	return take_value(a, v, argc, argv, i);
}

static bool check_required(struct cli_args *a)
{
	for (size_t i = 0; i < a->cmd->n_opts; i++)
		if (a->cmd->opts[i].flags & CLI_REQUIRED && !a->v[i].opt)
			return FAULT(a, "%s (%s) is missing.", a->cmd->opts[i].what,
				     a->cmd->opts[i].name);
	return true;
}

static bool parse_opts(int argc, char **argv, bool stop, struct cli_args *a)
{
	int i;

	for (i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "-h")) {
			a->help = true;
			return false;
		}
		if (stop && *argv[i] != '-')
			break;
		if (!take_opt(a, argc, argv, &i))
			return false;
	}
	a->used = i;
	return check_required(a) && (!a->cmd->check || a->cmd->check(a));
}

bool cli_parse(const struct cli_tool *tool, int argc, char **argv, bool stop, struct cli_args *a)
{
	const struct cli_args any = { 0 };

	memset(a, 0, sizeof(*a));
	a->cmd = find_cmd(tool, argv[0]);
	if (a->cmd && a->cmd->n_opts > CLI_OPTS_MAX)
		abort();	/* a row that does not fit */
	a->used = argc;
	if (!hide_secrets(tool, argc, argv, stop, a))
		return false;
	if (!a->cmd)
		return FAULT(a, "Unknown command \"%.48s\". \"help\" lists the commands.", argv[0]);
	if (parse_opts(argc, argv, stop, a))
		return true;
	/* nobody reads the next command now, but its words may be shown */
	for (int i = 1; stop && i < argc; i++)
		if (is_secret(tool, NULL, argv[i]) && value_at(&any, argc, argv, i) > i)
			mask(argv[i + 1]);
	return false;
}

void cli_args_free(struct cli_args *a)
{
	for (size_t i = 0; i < CLI_OPTS_MAX; i++)
		free(a->v[i].data);
	if (a->secret)
		explicit_bzero(a->secret, strlen(a->secret));
	free(a->secret);
	memset(a, 0, sizeof(*a));
}

const struct cli_value *cli_get(const struct cli_args *a, const char *name)
{
	const struct cli_opt *o = find_opt(a->cmd, name);
	const struct cli_value *v;

	if (!o)
		abort();	/* the handler asks for what its own row does not have */
	v = &a->v[o - a->cmd->opts];
	return v->opt ? v : NULL;
}

bool cli_has(const struct cli_args *a, const char *name)
{
	return cli_get(a, name);
}

uint32_t cli_u32(const struct cli_args *a, const char *name, uint32_t otherwise)
{
	const struct cli_value *v = cli_get(a, name);

	return v ? (uint32_t)v->num : otherwise;
}

const char *cli_text(const struct cli_args *a, const char *name)
{
	const struct cli_value *v = cli_get(a, name);

	return v ? v->text : NULL;
}

const struct cli_opt *cli_opt_by_tag(const struct cli_cmd *cmd, uint32_t tag)
{
	for (size_t i = 0; i < cmd->n_opts; i++)
		if (tag && cmd->opts[i].tag == tag)
			return &cmd->opts[i];
	return NULL;
}

static void print_syntax_opt(const struct cli_opt *o)
{
	bool required = o->flags & CLI_REQUIRED;

	printf("%s%s%s%s%s", required ? "" : "[", o->name, o->arg ? " " : "", o->arg ? o->arg : "",
	       required ? "" : "]");
}

static void print_syntax(const struct cli_cmd *cmd)
{
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

static void print_opt(const struct cli_opt *o)
{
	printf("   %-10s %s%s\n", o->name, o->help,
	       o->flags & CLI_REQUIRED ? " Required." : "");
	if (!o->choices)
		return;
	for (const struct cli_choice *c = o->choices; c->name; c++) {
		if (o->kind == CLI_NAME)
			printf("   %10s    %s\n", "", c->name);
		else
			printf("   %10s    %-4u %s\n", "", c->number, c->name);
	}
}

void cli_help_cmd(const struct cli_cmd *cmd)
{
	printf("\nDescription\n===========\n%s\n\nSyntax\n======\n",
	       cmd->about ? cmd->about : cmd->summary);
	print_syntax(cmd);
	printf("\nOptions\n=======\n   %-10s %s\n", "-h", "Shows this text.");
	for (size_t i = 0; i < cmd->n_opts; i++)
		print_opt(&cmd->opts[i]);
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

int cli_run(const struct cli_tool *tool, const struct cli_args *a)
{
	int rc = CLI_OK;

	if (!(a->cmd->flags & CLI_OFFLINE))
		rc = tool->connect(tool->ctx);
	return rc ? rc : a->cmd->run(tool->ctx, a);
}
