// SPDX-License-Identifier: GPL-2.0-or-later
/* test_cli_places.c - words known by their place, shortened commands, passwords among them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli.h"

static int run_probe(void *ctx, const struct cli_args *a)
{
	(void)ctx;
	(void)a;
	return CLI_OK;
}

static int run_leave(void *ctx, const struct cli_args *a)
{
	(void)ctx;
	(void)a;
	return CLI_LEAVE;
}

static int probe_connect(void *ctx)
{
	(void)ctx;
	return CLI_OK;
}

static const struct cli_choice types[] = { { 1, "CO" }, { 2, "CU" }, { 0, NULL } };

#define PLACE(n, k, f, w) \
	.name = n, .kind = k, .flags = CLI_POSITIONAL | (f), .what = w, .help = "h"

static const struct cli_opt enter_opts[] = {
	{ PLACE("<type>", CLI_NAME, CLI_REQUIRED, "Type"), .choices = types },
	{ PLACE("<name>", CLI_TEXT, CLI_REQUIRED, "Name"), .min = 1 },
	{ PLACE("<password>", CLI_SECRET, CLI_REQUIRED, "Password"), .instead = "-hide" },
	{ .name = "-hide", .kind = CLI_FLAG, .what = "Hidden", .help = "h" },
	{ .name = "-f", .kind = CLI_FILE_OUT, .what = "File", .arg = "<f>", .help = "h" },
};

static const struct cli_opt entry_opts[] = {
	{ PLACE("<key>", CLI_HANDLE, CLI_REQUIRED, "Key"), .instead = "-k" },
	{ .name = "-k", .kind = CLI_HANDLE, .what = "Key option", .arg = "<key>", .help = "h" },
	{ PLACE("<n>", CLI_U32, 0, "Number") },
};

static const struct cli_cmd enter = {
	.name = "enter", .summary = "s", .opts = enter_opts, .n_opts = 5, .run = run_probe,
};
static const struct cli_cmd entry = {
	.name = "entryOf", .summary = "s", .opts = entry_opts, .n_opts = 3, .run = run_probe,
};
static const struct cli_cmd leave = {
	.name = "leave", .summary = "s", .flags = CLI_OFFLINE, .run = run_leave,
};
static const struct cli_cmd leave_it = {
	.name = "leaveIt", .summary = "s", .flags = CLI_OFFLINE, .run = run_leave,
};
static const struct cli_cmd *const cmds[] = { &enter, &entry, &leave_it, &leave, NULL };
static const struct cli_tool tool = {
	.name = "tool", .prompt = "> ", .echo = "Command: ", .prefixes = true, .cmds = cmds,
	.connect = probe_connect,
};

static char line_copy[512];
static char *words[32];
static int n_words;

static bool parse(const char *line, bool stop, struct cli_args *a)
{
	snprintf(line_copy, sizeof(line_copy), "%s", line);
	n_words = cli_split(line_copy, words, 32);
	assert_true(n_words > 0);
	return cli_parse(&tool, n_words, words, stop, a);
}

/* What the words are once they are read, as an echo would show them. */
static const char *shown(void)
{
	static char text[512];
	size_t used = 0;

	*text = '\0';
	for (int i = 0; i < n_words; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "",
					 words[i]);
	return text;
}

static void test_places(void **state)
{
	struct cli_args a;

	(void)state;
	assert_true(parse("enter CO alice hunter22 -f out", false, &a));
	assert_int_equal(cli_u32(&a, "<type>", 0), 1);
	assert_string_equal(cli_text(&a, "<name>"), "alice");
	assert_string_equal(cli_text(&a, "<password>"), "hunter22");
	assert_string_equal(cli_text(&a, "-f"), "out");
	assert_false(cli_has(&a, "-hide"));
	assert_true(a.hidden);
	assert_string_equal(shown(), "enter CO alice ******* -f out");
	cli_args_free(&a);
	assert_true(parse("enter -f out CU bob -hide", false, &a));
	assert_string_equal(cli_text(&a, "<name>"), "bob");
	assert_true(cli_has(&a, "-hide"));
	assert_false(a.hidden);
	cli_args_free(&a);
}

static void test_instead(void **state)
{
	struct cli_args a;

	(void)state;
	assert_true(parse("entryOf 7 5", false, &a));
	assert_true(cli_get(&a, "<key>")->num == 7);
	assert_int_equal(cli_u32(&a, "<n>", 0), 5);
	cli_args_free(&a);
	assert_true(parse("entryOf -k 8 5", false, &a));
	assert_false(cli_has(&a, "<key>"));
	assert_true(cli_get(&a, "-k")->num == 8);
	assert_int_equal(cli_u32(&a, "<n>", 0), 5);
	cli_args_free(&a);
	assert_true(parse("entryOf 9", false, &a));
	assert_false(cli_has(&a, "<n>"));
	cli_args_free(&a);
}

/* What is wrong, and what of the line may then be seen. */
static const struct {
	const char *line;
	const char *error;
	const char *shown;
} mistakes[] = {
	{ "enter", "Type (<type>) is missing.", "enter" },
	{ "enter CO", "Name (<name>) is missing.", "enter CO" },
	{ "enter CO alice", "Password (<password> or -hide) is missing.", "enter CO *****" },
	{ "enter XX alice hunter22", "Type (<type>) XX is not one of: CO, CU.",
	  "enter XX ***** *******" },
	{ "enter alice hunter22", "Type (<type>) alice is not one of: CO, CU.",
	  "enter alice *******" },
	{ "enter CO alice hunter22 more", "Unexpected argument: word 5.",
	  "enter CO ***** ******* ****" },
	{ "enter CO alice -hdie hunter22", "Unknown option: word 4.", "enter CO ***** ***** *******" },
	{ "enter CO alice hunter22 -hide",
	  "Password (<password>) and -hide exclude each other.", "enter CO ***** ******* *****" },
	{ "enter CO alice -hide hunter22", "Unexpected argument: word 5.",
	  "enter CO ***** ***** *******" },
	{ "enter CO alice hunter22 -f", "File (-f) has no value.", "enter CO ***** ******* **" },
	{ "enetr CO alice hunter22", "Unknown command \"enetr\". \"help\" lists the commands.",
	  "enetr CO ***** *******" },
	{ "ent CO alice hunter22", "\"ent\" is ambiguous: enter, entryOf.",
	  "ent CO ***** *******" },
	{ "CO alice hunter22", "Unknown command \"CO\". \"help\" lists the commands.",
	  "CO alice *******" },
	{ "entryOf", "Key (<key> or -k) is missing.", "entryOf" },
	{ "entryOf 5 6 7", "Unexpected argument \"7\".", "entryOf 5 6 7" },
	{ "entryOf 5 -k 6", "Key (<key>) and -k exclude each other.", "entryOf 5 -k 6" },
	{ "entryOf x", "Key (<key>) is not a key handle: \"x\".", "entryOf x" },
	{ "entryOf -5", "Unknown option \"-5\".", "entryOf -5" },
	{ "entryOf <key> 5", "Key (<key>) is not a key handle: \"<key>\".", "entryOf <key> 5" },
};

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct cli_args a;

		assert_false(parse(mistakes[i].line, false, &a));
		assert_string_equal(a.error, mistakes[i].error);
		assert_string_equal(shown(), mistakes[i].shown);
		cli_args_free(&a);
	}
}

static void test_prefixes(void **state)
{
	char error[256];

	(void)state;
	assert_ptr_equal(cli_find(&tool, "ente", error, sizeof(error)), &enter);
	assert_ptr_equal(cli_find(&tool, "entr", error, sizeof(error)), &entry);
	assert_ptr_equal(cli_find(&tool, "leaveI", error, sizeof(error)), &leave_it);
	assert_ptr_equal(cli_find(&tool, "leave", error, sizeof(error)), &leave);
	assert_null(cli_find(&tool, "e", error, sizeof(error)));
	assert_string_equal(error, "\"e\" is ambiguous: enter, entryOf.");
	assert_null(cli_find(&tool, "E", error, sizeof(error)));
	assert_null(cli_find(&tool, "", error, sizeof(error)));
	assert_null(cli_find(&tool, "entering", error, sizeof(error)));
}

/* The first word after all places begins the next command. */
static void test_stop(void **state)
{
	struct cli_args a;

	(void)state;
	assert_true(parse("enter CO alice hunter22 entryOf 5", true, &a));
	assert_int_equal(a.used, 4);
	cli_args_free(&a);
	assert_true(parse("enter CO alice -hide -f out entryOf 5", true, &a));
	assert_int_equal(a.used, 6);
	cli_args_free(&a);
	assert_true(parse("enter CO alice hunter22", true, &a));
	assert_int_equal(a.used, 4);
	cli_args_free(&a);
	assert_false(parse("enter XX alice hunter22 enter CU bob another2", true, &a));
	assert_string_equal(shown(), "enter XX ***** ******* ***** ** *** *******");
	cli_args_free(&a);
}

static char seen[16384];
static size_t seen_len, seen_at;

/* Reads on until @text has come after what was waited for before. */
static bool wait_for(int tty, const char *text)
{
	const char *there;
	ssize_t got;

	while (!(there = strstr(seen + seen_at, text))) {
		got = read(tty, seen + seen_len, sizeof(seen) - 1 - seen_len);
		if (got <= 0)
			return false;
		seen_len += (size_t)got;
	}
	seen_at = (size_t)(there - seen) + strlen(text);
	return true;
}

static void type(int tty, const char *keys)
{
	assert_int_equal(write(tty, keys, strlen(keys)), (ssize_t)strlen(keys));
}

/* The arrow up brings back the last line without a password, right or wrong. */
static void test_history(void **state)
{
	static const char *const lines[] = {
		"entryOf 55\r", "enter CO alice hunter22\r", "enter CO alice hunter22 x\r",
		"enetr CO alice hunter22\r", "enter CO alice 'hunter22\r",
	};
	int tty, status = -1;
	size_t before;
	pid_t pid;

	(void)state;
	seen_len = seen_at = 0;
	memset(seen, 0, sizeof(seen));
	fflush(stdout);	/* else the child prints it, too */
	pid = forkpty(&tty, NULL, NULL, NULL);
	assert_true(pid >= 0);
	if (!pid)
		_exit(cli_loop(&tool) == CLI_OK ? 42 : 1);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_true(wait_for(tty, "> "));
		type(tty, lines[i]);
	}
	assert_true(wait_for(tty, "closed."));
	assert_true(wait_for(tty, "> "));
	before = seen_at;
	type(tty, "\020");
	assert_true(wait_for(tty, "Of 55"));
	assert_null(strstr(seen + before, "hunter22"));
	type(tty, "\003leave\r");
	while (wait_for(tty, "\n"))
		continue;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	close(tty);
}

/* An end of the input at one question is none at the next. */
static void test_end_of_input(void **state)
{
	char answer[16];
	int tty, status = -1;
	pid_t pid;

	(void)state;
	seen_len = seen_at = 0;
	memset(seen, 0, sizeof(seen));
	fflush(stdout);	/* else the child prints it, too */
	pid = forkpty(&tty, NULL, NULL, NULL);
	assert_true(pid >= 0);
	if (!pid)
		_exit(cli_ask("first?", answer, sizeof(answer)) < 0 &&
		      cli_ask("second?", answer, sizeof(answer)) == 1 && *answer == 'y' &&
		      cli_password("third?", answer, sizeof(answer)) == 6 ? 42 : 1);
	assert_true(wait_for(tty, "first?"));
	type(tty, "\004");
	assert_true(wait_for(tty, "second?"));
	type(tty, "y\n");
	assert_true(wait_for(tty, "third?"));
	type(tty, "secret\n");
	while (wait_for(tty, "\n"))
		continue;
	assert_null(strstr(seen, "secret"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	close(tty);
}

static void test_lines_are_wiped(void **state)
{
	char line[] = "enter CO alice hunter22", wrong[] = "enter CO alice hunter22 x";
	char open[] = "enter CO alice 'hunter2";

	(void)state;
	assert_int_equal(cli_line(&tool, open), CLI_USAGE);
	assert_int_equal(cli_line(&tool, line), CLI_OK);
	assert_int_equal(cli_line(&tool, wrong), CLI_USAGE);
	for (size_t i = 0; i < sizeof(line); i++)
		assert_int_equal(line[i] | wrong[i] | open[i], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_instead),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_prefixes),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_history),
		cmocka_unit_test(test_end_of_input),
		cmocka_unit_test(test_lines_are_wiped),
	};

	return cmocka_run_group_tests_name("cli_places", tests, NULL, NULL);
}
