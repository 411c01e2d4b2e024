// SPDX-License-Identifier: GPL-2.0-or-later
/* cli.c - the table of commands: parsing and dispatch. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

#define FAULT(a, ...) (snprintf((a)->error, sizeof((a)->error), __VA_ARGS__), false)

static const struct cli_cmd *find_exact(const struct cli_tool *tool, const char *name)
{
	for (const struct cli_cmd *const *c = tool->cmds; *c; c++)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

/* *many: the names that begin so, if there are several. */
static const struct cli_cmd *find_prefix(const struct cli_tool *tool, const char *word,
					 char *many, size_t room)
{
	const struct cli_cmd *found = NULL;
	size_t used = 0, n = 0;

	for (const struct cli_cmd *const *c = tool->cmds; *c; c++) {
		if (strncmp((*c)->name, word, strlen(word)) != 0)
			continue;
		found = *c;
		used += (size_t)snprintf(many + used, room - used, "%s%s", n++ ? ", " : "",
					 found->name);
		if (used >= room)
			used = room - 1;
	}
	return n == 1 ? found : NULL;
}

const struct cli_cmd *cli_find(const struct cli_tool *tool, const char *word, char *error,
			       size_t error_len)
{
	const struct cli_cmd *found = find_exact(tool, word);
	char many[256] = "";

	if (!found && tool->prefixes && *word)
		found = find_prefix(tool, word, many, sizeof(many));
	if (!found && *many)
		snprintf(error, error_len, "\"%.48s\" is ambiguous: %s.", word, many);
	else if (!found)
		snprintf(error, error_len, "Unknown command \"%.48s\". \"help\" lists the commands.",
			 word);
	return found;
}

static const struct cli_opt *find_named(const struct cli_cmd *cmd, const char *name)
{
	for (size_t i = 0; i < cmd->n_opts; i++)
		if (!strcmp(cmd->opts[i].name, name))
			return &cmd->opts[i];
	return NULL;
}

static const struct cli_opt *find_opt(const struct cli_cmd *cmd, const char *word)
{
	for (size_t i = 0; i < cmd->n_opts; i++) {
		const struct cli_opt *o = &cmd->opts[i];

		if (o->flags & CLI_POSITIONAL)
			continue;
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

/* A row whose password is known by its place alone. */
static bool has_bare_secret(const struct cli_cmd *cmd)
{
	for (size_t i = 0; i < cmd->n_opts; i++)
		if (cmd->opts[i].kind == CLI_SECRET && cmd->opts[i].flags & CLI_POSITIONAL)
			return true;
	return false;
}

static bool any_bare_secret(const struct cli_tool *tool)
{
	for (const struct cli_cmd *const *c = tool->cmds; *c; c++)
		if (has_bare_secret(*c))
			return true;
	return false;
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

/* Of a wrong line any word may be the password but the command and the one after it. */
static void hide_bare_secrets(const struct cli_tool *tool, int argc, char **argv,
			      struct cli_args *a)
{
	if (!(a->cmd ? has_bare_secret(a->cmd) : any_bare_secret(tool)))
		return;
	for (int i = 2; i < argc; i++)
		mask(argv[i]);
	a->hidden = true;
}

/* The next word's place, or NULL if all are filled. */
static const struct cli_opt *next_positional(const struct cli_args *a)
{
	for (size_t i = 0; i < a->cmd->n_opts; i++) {
		const struct cli_opt *o = &a->cmd->opts[i];

		if (o->flags & CLI_POSITIONAL && !a->v[i].opt &&
		    !(o->instead && cli_has(a, o->instead)))
			return o;
	}
	return NULL;
}

static bool take_positional(struct cli_args *a, const struct cli_opt *o, char *word)
{
	struct cli_value *v = &a->v[o - a->cmd->opts];

	v->opt = o;
	if (o->kind == CLI_SECRET) {
		a->hidden = true;
		a->secret = strdup(word);
		mask(word);
		if (!a->secret)
			return FAULT(a, "No memory.");
		word = a->secret;
	}
	return cli_value_read(v, word, a->error, sizeof(a->error));
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

static bool unknown_word(struct cli_args *a, const char *word, int at)
{
	const char *kind = *word == '-' ? "Unknown option" : "Unexpected argument";

	if (has_bare_secret(a->cmd))
		return FAULT(a, "%s: word %d.", kind, at + 1);
	return FAULT(a, "%s \"%.48s\".", kind, word);
}

static bool take_opt(struct cli_args *a, int argc, char **argv, int *i)
{
	const struct cli_opt *o = find_opt(a->cmd, argv[*i]);
	struct cli_value *v;

	if (!o)
		return unknown_word(a, argv[*i], *i);
	v = &a->v[o - a->cmd->opts];
	if (v->opt && !(o->flags & CLI_REPEAT))
		return FAULT(a, "%s (%s) is given twice.", o->what, o->name);
	v->opt = o;
	return take_value(a, v, argc, argv, i);
}

static bool check_required(struct cli_args *a)
{
	for (size_t i = 0; i < a->cmd->n_opts; i++) {
		const struct cli_opt *o = &a->cmd->opts[i];
		bool instead = o->instead && cli_has(a, o->instead);

		if (a->v[i].opt && instead)
			return FAULT(a, "%s (%s) and %s exclude each other.", o->what, o->name,
				     o->instead);
		if (o->flags & CLI_REQUIRED && !a->v[i].opt && !instead)
			return FAULT(a, "%s (%s%s%s) is missing.", o->what, o->name,
				     o->instead ? " or " : "", o->instead ? o->instead : "");
	}
	return true;
}

static bool parse_words(int argc, char **argv, bool stop, struct cli_args *a)
{
	int i;

	for (i = 1; i < argc; i++) {
		const struct cli_opt *place = *argv[i] == '-' ? NULL : next_positional(a);

		if (!strcmp(argv[i], "-h")) {
			a->help = true;
			return false;
		}
		if (stop && *argv[i] != '-' && !place)
			break;
		if (place ? !take_positional(a, place, argv[i]) : !take_opt(a, argc, argv, &i))
			return false;
	}
	a->used = i;
	return check_required(a) && (!a->cmd->check || a->cmd->check(a));
}

bool cli_parse(const struct cli_tool *tool, int argc, char **argv, bool stop, struct cli_args *a)
{
	const struct cli_args any = { 0 };

	memset(a, 0, sizeof(*a));
	a->cmd = cli_find(tool, argv[0], a->error, sizeof(a->error));
	if (a->cmd && a->cmd->n_opts > CLI_OPTS_MAX)
		abort();	/* a row that does not fit */
	a->used = argc;
	if (!hide_secrets(tool, argc, argv, stop, a))
		return false;
	if (a->cmd && parse_words(argc, argv, stop, a))
		return true;
	hide_bare_secrets(tool, argc, argv, a);
	if (!a->cmd)
		return false;
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
	const struct cli_opt *o = find_named(a->cmd, name);
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

int cli_run(const struct cli_tool *tool, const struct cli_args *a)
{
	int rc = CLI_OK;

	if (a->cmd->flags & CLI_OFFLINE)
		return a->cmd->run(tool->ctx, a);
	rc = tool->connect(tool->ctx);
	if (rc)
		return rc;
	cli_busy(tool);
	rc = a->cmd->run(tool->ctx, a);
	cli_busy(NULL);
	return rc;
}
