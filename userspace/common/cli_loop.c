// SPDX-License-Identifier: GPL-2.0-or-later
/* cli_loop.c - lines: from a terminal with editing and history, or from a file. */
#include <histedit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli.h"

#define WORDS_MAX	128
#define HISTORY		200

int cli_split(char *line, char **words, int max)
{
	char *from = line, *to = line;
	int n = 0;

	for (;;) {
		char quote = '\0';

		from += strspn(from, " \t\r\n");
		if (!*from)
			return n;
		if (n == max)
			return -2;
		words[n++] = to;
		for (; *from && (quote || !strchr(" \t\r\n", *from)); from++) {
			if (quote ? *from == quote : *from == '"' || *from == '\'')
				quote = quote ? '\0' : *from;
			else
				*to++ = *from;
		}
		if (quote)
			return -1;
		if (*from)
			from++;
		*to++ = '\0';
	}
}

static int split_failed(int n)
{
	printf("\nError: %s\n", n == -1 ? "A quote is not closed." : "Too many words.");
	return CLI_USAGE;
}

static void echo(const struct cli_tool *tool, const char *line, int argc, char **argv, bool hidden)
{
	printf("%s", tool->echo);
	if (argc < 0) {	/* nobody knows which of it is a password */
		printf("...\n");
		return;
	}
	if (!hidden) {
		printf("%s\n", line);
		return;
	}
	for (int i = 0; i < argc; i++)
		printf("%s%s", i ? " " : "", argv[i]);
	putchar('\n');
}

/*
 * One line. @echoed: print it as if it had been typed. *keep: it may go to the
 * history. The copies of a line that held a secret are wiped.
 */
static int run_line(const struct cli_tool *tool, char *line, bool echoed, bool *keep)
{
	struct cli_args a = { 0 };
	char *words[WORDS_MAX], *copy;
	size_t len = strlen(line);
	bool ready;
	int rc, n;

	copy = strdup(line);
	if (!copy)
		return CLI_FAILED;
	n = cli_split(copy, words, WORDS_MAX);
	ready = n > 0 && cli_parse(tool, n, words, false, &a);
	*keep = n > 0 && !a.hidden;
	if (echoed)
		echo(tool, line, n, words, a.hidden);
	if (a.hidden || n < 0)
		explicit_bzero(line, len);
	if (n < 0)
		rc = split_failed(n);
	else
		rc = ready ? cli_run(tool, &a) : cli_complain(&a);
	cli_args_free(&a);
	explicit_bzero(copy, len);
	free(copy);
	return rc;
}

static bool is_blank(const char *line)
{
	line += strspn(line, " \t\r\n");
	return !*line || *line == '#';
}

int cli_line(const struct cli_tool *tool, char *line)
{
	bool keep = false;

	return is_blank(line) ? CLI_OK : run_line(tool, line, true, &keep);
}

/* A line of a file, @len bytes. What stands before a NUL is no command of its own. */
static int file_line(const struct cli_tool *tool, char *line, size_t len)
{
	if (strlen(line) != len) {
		printf("\nError: A line of the input holds a NUL byte.\n");
		return CLI_USAGE;
	}
	line[strcspn(line, "\r\n")] = '\0';
	return cli_line(tool, line);
}

static int loop_file(const struct cli_tool *tool)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int first = CLI_OK, rc = CLI_OK;

	while (rc != CLI_LEAVE && !cli_stopped() && (len = getline(&line, &room, stdin)) >= 0) {
		rc = file_line(tool, line, (size_t)len);
		if (rc != CLI_LEAVE && !first)
			first = rc;
	}
	if (ferror(stdin)) {
		fprintf(stderr, "%s: standard input cannot be read\n", tool->name);
		first = first ? first : CLI_FAILED;
	}
	if (line)
		explicit_bzero(line, room);
	free(line);
	return first;
}

static char *prompt_text(EditLine *el)
{
	const struct cli_tool *tool;

	el_get(el, EL_CLIENTDATA, &tool);
	return (char *)(uintptr_t)tool->prompt;
}

static void loop_lines(const struct cli_tool *tool, EditLine *el, History *hist)
{
	const char *got;
	HistEvent ev;
	int count, rc = CLI_OK;
	bool keep = false;

	while (rc != CLI_LEAVE && (got = el_gets(el, &count)) && count > 0) {
		char *line = strndup(got, strcspn(got, "\r\n"));

		explicit_bzero((char *)(uintptr_t)got, strlen(got));
		if (!line)
			return;
		if (!is_blank(line)) {
			char *typed = strdup(line);

			rc = run_line(tool, line, false, &keep);
			if (keep && typed)
				history(hist, &ev, H_ENTER, typed);
			if (typed)
				explicit_bzero(typed, strlen(typed));
			free(typed);
		}
		explicit_bzero(line, strlen(line));
		free(line);
		putchar('\n');
		fflush(stdout);
	}
}

static int loop_terminal(const struct cli_tool *tool)
{
	EditLine *el = el_init(tool->name, stdin, stdout, stderr);
	History *hist = history_init();
	HistEvent ev;

	if (!el || !hist) {
		fprintf(stderr, "%s: the terminal cannot be set up\n", tool->name);
		return CLI_FAILED;
	}
	history(hist, &ev, H_SETSIZE, HISTORY);
	el_set(el, EL_CLIENTDATA, tool);
	el_set(el, EL_PROMPT, prompt_text);
	el_set(el, EL_EDITOR, "emacs");
	el_set(el, EL_HIST, history, hist);
	el_set(el, EL_SIGNAL, 1);
	/* ^C while a line is typed drops the line, not the session and its keys. */
	el_set(el, EL_SETTY, "-d", "-isig", NULL);
	el_set(el, EL_BIND, "^C", "em-kill-line", NULL);
	putchar('\n');
	loop_lines(tool, el, hist);
	history_end(hist);
	el_end(el);
	return CLI_OK;
}

int cli_loop(const struct cli_tool *tool)
{
	return isatty(STDIN_FILENO) ? loop_terminal(tool) : loop_file(tool);
}

static bool echo_off(struct termios *old)
{
	struct termios quiet;

	if (tcgetattr(STDIN_FILENO, old))
		return false;
	quiet = *old;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ISIG);
	quiet.c_lflag |= ICANON;
	quiet.c_iflag |= ICRNL;
	return !tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
}

#define CTRL_C	3

/*
 * A line from the buffered stream that loop_file() reads too, so that no byte is lost. What
 * does not fit is dropped: a piece of a secret is no next command. False at the end of the
 * input, and for a line that holds a NUL.
 */
static bool read_line(const char *prompt, char *buf, size_t room)
{
	size_t len = 0;
	int c;

	printf("%s", prompt);
	fflush(stdout);
	cli_asking(true);
	while ((c = getchar()) != EOF && c != '\n')
		if (len + 1 < room)
			buf[len++] = (char)c;
	cli_asking(false);
	buf[len] = '\0';
	if (c == EOF && isatty(STDIN_FILENO))
		clearerr(stdin);	/* ^D is no answer, but does not end the next question */
	return (len || c != EOF) && strlen(buf) == len;
}

/* Signals are off while the echo is, so that nobody is left with a dumb terminal. */
int cli_password(const char *prompt, char *buf, size_t room)
{
	struct termios old;
	bool quiet = isatty(STDIN_FILENO) && echo_off(&old);
	const bool got = read_line(prompt, buf, room);

	if (quiet)
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &old);
	putchar('\n');
	if (!got || strchr(buf, CTRL_C))
		return -1;
	buf[strcspn(buf, "\r")] = '\0';
	return (int)strlen(buf);
}

int cli_ask(const char *prompt, char *buf, size_t room)
{
	const bool got = read_line(prompt, buf, room);

	if (got)
		buf[strcspn(buf, "\r")] = '\0';
	if (!got || (!isatty(STDIN_FILENO) && *buf))
		printf("%s\n", got ? buf : "");
	return got ? (int)strlen(buf) : -1;
}
