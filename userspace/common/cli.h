/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli.h - the layer under the command line tools: one table row per command
 * drives parsing, -h, help and dispatch.
 *
 * What answers a command goes to standard output, errors too, as in the
 * documented transcripts; only a wrong invocation of the tool itself complains on
 * standard error.
 */
#ifndef HSM_CLI_H
#define HSM_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit codes, frozen. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FAILED = 1,		/* the command was refused or failed */
	CLI_USAGE = 2,		/* wrong command, option or value; nothing was sent */
	CLI_NO_CARD = 3,	/* no card, or the connection to it broke */
};

#define CLI_LEAVE	0x100	/* a handler's answer: end the prompt */

enum cli_kind {
	CLI_FLAG,		/* no value */
	CLI_TEXT,		/* min..max bytes */
	CLI_NAME,		/* one of the choices, by name */
	CLI_U32,		/* decimal, min..max, one of the choices if there are any */
	CLI_HANDLE,		/* decimal, 64 bits, not 0 */
	CLI_CODE,		/* 0x and hexadecimal digits, 32 bits */
	CLI_USERS,		/* 4,5,6: user ids, each once */
	CLI_HEX,		/* min..max bytes in hexadecimal, 0x allowed */
	CLI_FILE_IN,		/* a path */
	CLI_FILE_OUT,
	CLI_SECRET,		/* text that is wiped, masked and kept out of the history */
};

#define CLI_REQUIRED	0x1
#define CLI_REPEAT	0x2	/* may be given again; lists grow */
#define CLI_POSITIONAL	0x4	/* known by its place among the words that are no options */

/* A value that an option takes; a list ends with a row without name. */
struct cli_choice {
	uint32_t number;
	const char *name;
};

struct cli_opt {
	const char *name;	/* as typed, with the dash; positional: "<key-handle>" */
	enum cli_kind kind;
	unsigned int flags;
	const char *what;	/* for messages: "Key handle" */
	const char *arg;	/* for the syntax: "<key-handle>"; NULL for a flag, positional */
	const char *help;	/* one sentence */
	uint64_t min, max;	/* max 0 = no bound */
	const struct cli_choice *choices;
	const char *prefix;	/* "-attr_": such a word, less its dash, is this option's value */
	uint32_t tag;		/* what the card calls it in a refusal, 0 = nothing */
	const char *instead;	/* positional: the option that may stand in its place */
};

#define CLI_OPTS_MAX	24
#define CLI_IDS_MAX	1024

/* What was given for an option; opt is NULL if nothing was. */
struct cli_value {
	const struct cli_opt *opt;
	const char *text;
	uint64_t num;
	void *data;		/* CLI_USERS: uint32_t ids; CLI_HEX: bytes */
	size_t n;		/* of them */
};

struct cli_cmd;

struct cli_args {
	const struct cli_cmd *cmd;	/* NULL: unknown command */
	struct cli_value v[CLI_OPTS_MAX];
	int used;		/* words that were read */
	bool help;		/* -h was given */
	bool hidden;		/* a secret was among the words */
	char *secret;
	char error[512];	/* what is wrong, or "" */
};

#define CLI_OFFLINE	0x1	/* needs no card */
#define CLI_ALIAS	0x2	/* not listed by help */

struct cli_cmd {
	const char *name;
	const char *group;	/* heading in help; NULL = none */
	const char *subgroup;	/* a second one under it, or NULL */
	const char *summary;	/* its line in help */
	const char *about;	/* paragraph of -h; NULL = the summary */
	const struct cli_opt *opts;
	size_t n_opts;
	unsigned int flags;
	/* What no single option can tell: false with a line in a->error. May be NULL. */
	bool (*check)(struct cli_args *a);
	/* Does it. Returns CLI_*. */
	int (*run)(void *ctx, const struct cli_args *a);
};

struct cli_tool {
	const char *name;
	const char *prompt;
	const char *echo;	/* goes before a line that was not typed */
	const char *login;	/* the command that may go before another in singlecmd */
	bool prefixes;		/* a command may be shortened while it stays unique */
	const struct cli_cmd *const *cmds;	/* in the order of help, ends with NULL */
	void *ctx;
	/* Called before a command that is not CLI_OFFLINE; CLI_OK or a reason to stop. */
	int (*connect)(void *ctx);
	/* Asks what the command has sent to the card to end; called by another thread. Or NULL. */
	void (*cancel)(void *ctx);
};

/*
 * The command that @word names, or NULL with a line in @error (@error_len bytes).
 */
const struct cli_cmd *cli_find(const struct cli_tool *tool, const char *word, char *error,
			       size_t error_len);

/*
 * Reads @argc words into @a: argv[0] is the command. Secrets are copied to @a and
 * masked in @argv; where a password has no option that goes before it, all words of a
 * wrong line are masked that may be one. A word that begins with a dash is never
 * positional. With @stop the first word that is neither option nor positional ends the
 * command (a->used), else it is an error. True if the command may be run; else a->help
 * is set or a->error says why. Ends with cli_args_free() in any case.
 */
bool cli_parse(const struct cli_tool *tool, int argc, char **argv, bool stop, struct cli_args *a);
void cli_args_free(struct cli_args *a);

/* Reads @word as the value of @v->opt; false with a line in @error. */
bool cli_value_read(struct cli_value *v, const char *word, char *error, size_t error_len);

/* The value of option @name of the command, or NULL if it was not given. */
const struct cli_value *cli_get(const struct cli_args *a, const char *name);
bool cli_has(const struct cli_args *a, const char *name);
uint32_t cli_u32(const struct cli_args *a, const char *name, uint32_t otherwise);
const char *cli_text(const struct cli_args *a, const char *name);

/* The option of the command that the card knows as @tag, or NULL. */
const struct cli_opt *cli_opt_by_tag(const struct cli_cmd *cmd, uint32_t tag);

/* Prints the error and the usage, or the usage alone if it was asked for. CLI_*. */
int cli_complain(const struct cli_args *a);
void cli_help_cmd(const struct cli_cmd *cmd);
void cli_help_all(const struct cli_tool *tool);

/* Runs what cli_parse() accepted, connecting first where that is needed. */
int cli_run(const struct cli_tool *tool, const struct cli_args *a);

/*
 * Splits a line in place into words: blanks separate, "..." and '...' hold
 * together. Returns their number, -1 for an open quote, -2 for more than @max.
 */
int cli_split(char *line, char **words, int max);

/*
 * Runs one line as if it had been typed, with an echo; blank lines and # comments
 * do nothing. CLI_*. A line that holds a secret is wiped where it stands.
 */
int cli_line(const struct cli_tool *tool, char *line);

/*
 * Reads commands until the end of the input or CLI_LEAVE: with line editing on a
 * terminal, else line by line with an echo. Returns CLI_OK on a terminal, else
 * the first exit code that was not CLI_OK.
 */
int cli_loop(const struct cli_tool *tool);

/*
 * Whether the environment (KMU_OUTPUT=classic) asks for the older wording. False, with a
 * line on standard error, if it holds anything else.
 */
bool cli_classic(const char *tool, bool *classic);

/*
 * singlecmd: "[<login and its words>] [<command and its words>]", of which the second is
 * echoed. CLI_*.
 */
int cli_single(const struct cli_tool *tool, int argc, char **argv);

/* Makes *word a copy that the caller frees, and wipes it where it stood. False without memory. */
bool cli_take(char **word);

/*
 * Runs the @n lines, of which none stays, then cli_loop(). Returns the first exit code that
 * was not CLI_OK.
 */
int cli_session(const struct cli_tool *tool, char **lines, int n);

/*
 * Call first: from here on the process leaves no core dump and other processes of
 * its user cannot read its memory. Complains on standard error if that fails.
 */
void cli_guard(const char *tool);

/*
 * ^C, once cli_watch() was called: it cancels the command between cli_busy(tool) and
 * cli_busy(NULL), but not while that asks something (cli_asking()); else it ends the process.
 * cli_stopped(): some command was canceled so.
 */
void cli_watch(void);
void cli_busy(const struct cli_tool *tool);
void cli_asking(bool asking);
bool cli_stopped(void);

/*
 * Asks for a secret without echo; from standard input as it is if that is no
 * terminal. Length without line end, at most @room - 1 (the rest of a longer line
 * is dropped), or -1. The caller wipes @buf.
 */
int cli_password(const char *prompt, char *buf, size_t room);

/*
 * Asks for a line that may be seen; what comes from a standard input that is no
 * terminal is echoed, but for an empty line. Returns as cli_password().
 */
int cli_ask(const char *prompt, char *buf, size_t room);

#endif /* HSM_CLI_H */
