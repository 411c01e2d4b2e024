// SPDX-License-Identifier: GPL-2.0-or-later
/* test_cli.c - words into commands: every kind of value, every kind of mistake. */
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
#include <termios.h>
#include <unistd.h>

#include "cli.h"

static int ran, connects;
static int connect_rc;

static int run_probe(void *ctx, const struct cli_args *a)
{
	(void)ctx;
	(void)a;
	ran++;
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
	connects++;
	return connect_rc;
}

static const struct cli_choice kinds[] = { { 1, "one" }, { 16, "sixteen" }, { 0, NULL } };

static const struct cli_opt probe_opts[] = {
	{ .name = "-k", .kind = CLI_HANDLE, .flags = CLI_REQUIRED, .what = "Key handle",
	  .arg = "<k>", .help = "h", .tag = 77 },
	{ .name = "-t", .kind = CLI_U32, .what = "Kind", .arg = "<t>", .help = "h",
	  .choices = kinds },
	{ .name = "-n", .kind = CLI_U32, .what = "Number", .arg = "<n>", .help = "h", .min = 2,
	  .max = 9 },
	{ .name = "-l", .kind = CLI_TEXT, .what = "Label", .arg = "<l>", .help = "h", .min = 1,
	  .max = 128 },
	{ .name = "-y", .kind = CLI_NAME, .what = "Type", .arg = "<y>", .help = "h",
	  .choices = kinds },
	{ .name = "-u", .kind = CLI_USERS, .flags = CLI_REPEAT, .what = "User ids", .arg = "<u>",
	  .help = "h" },
	{ .name = "-r", .kind = CLI_CODE, .what = "Code", .arg = "<r>", .help = "h" },
	{ .name = "-kcv", .kind = CLI_HEX, .what = "Check value", .arg = "<x>", .help = "h",
	  .min = 3, .max = 3 },
	{ .name = "-f", .kind = CLI_FLAG, .what = "Flag", .help = "h" },
	{ .name = "-out", .kind = CLI_FILE_OUT, .what = "File", .arg = "<o>", .help = "h",
	  .min = 1, .prefix = "-attr_" },
	{ .name = "-p", .kind = CLI_SECRET, .what = "Password", .arg = "<p>", .help = "h" },
};

static bool check_probe(struct cli_args *a)
{
	if (!cli_has(a, "-f") || cli_has(a, "-l"))
		return true;
	snprintf(a->error, sizeof(a->error), "Flag (-f) needs -l.");
	return false;
}

static const struct cli_cmd probe = {
	.name = "probe", .summary = "s", .opts = probe_opts,
	.n_opts = sizeof(probe_opts) / sizeof(probe_opts[0]), .check = check_probe,
	.run = run_probe,
};
static const struct cli_cmd offline = {
	.name = "offline", .summary = "s", .flags = CLI_OFFLINE, .run = run_probe,
};
static const struct cli_cmd leave = {
	.name = "leave", .summary = "s", .flags = CLI_OFFLINE, .run = run_leave,
};
static const struct cli_cmd *const cmds[] = { &probe, &offline, &leave, NULL };
static const struct cli_tool tool = {
	.name = "tool", .prompt = "> ", .echo = "\nCommand: ", .cmds = cmds, .connect = probe_connect,
};

/* Splits @line, reads it and gives what came of it. */
static bool parse(const char *line, bool stop, struct cli_args *a)
{
	static char copy[8192];
	char *words[64];
	int n;

	snprintf(copy, sizeof(copy), "%s", line);
	n = cli_split(copy, words, 64);
	assert_true(n > 0);
	return cli_parse(&tool, n, words, stop, a);
}

static void good(const char *line, struct cli_args *a)
{
	bool ok = parse(line, false, a);

	if (!ok)
		fail_msg("%s: %s", line, a->error);
}

static void test_values(void **state)
{
	struct cli_args a;

	(void)state;
	good("probe -k 18446744073709551615 -t 16 -n 9 -l lab -y sixteen -r 0xDb -kcv 0x0a1B2c "
	     "-f -out x", &a);
	assert_true(cli_get(&a, "-k")->num == UINT64_MAX);
	assert_int_equal(cli_u32(&a, "-t", 0), 16);
	assert_int_equal(cli_u32(&a, "-n", 0), 9);
	assert_string_equal(cli_text(&a, "-l"), "lab");
	assert_int_equal(cli_u32(&a, "-y", 0), 16);
	assert_int_equal(cli_u32(&a, "-r", 0), 0xdb);
	assert_int_equal(cli_get(&a, "-kcv")->n, 3);
	assert_memory_equal(cli_get(&a, "-kcv")->data, "\x0a\x1b\x2c", 3);
	assert_true(cli_has(&a, "-f"));
	assert_false(cli_has(&a, "-u"));
	assert_int_equal(cli_u32(&a, "-u", 5), 5);
	assert_null(cli_text(&a, "-p"));
	cli_args_free(&a);
}

static void test_users_grow(void **state)
{
	struct cli_args a;
	const uint32_t *ids;

	(void)state;
	good("probe -k 1 -u 4,6 -u 5", &a);
	ids = cli_get(&a, "-u")->data;
	assert_int_equal(cli_get(&a, "-u")->n, 3);
	assert_int_equal(ids[0], 4);
	assert_int_equal(ids[1], 6);
	assert_int_equal(ids[2], 5);
	cli_args_free(&a);
}

static void test_prefix(void **state)
{
	struct cli_args a;

	(void)state;
	good("probe -k 7 -attr_7", &a);
	assert_string_equal(cli_text(&a, "-out"), "attr_7");
	cli_args_free(&a);
	assert_false(parse("probe -k 7 -attr_", false, &a));
	cli_args_free(&a);
}

/* A value may look like an option of another command, or like a negative number. */
static void test_dashed_value(void **state)
{
	struct cli_args a;

	(void)state;
	good("probe -k 1 -l -zz", &a);
	assert_string_equal(cli_text(&a, "-l"), "-zz");
	cli_args_free(&a);
}

static const struct {
	const char *line;
	const char *error;
} mistakes[] = {
	{ "nosuch -k 1", "Unknown command \"nosuch\". \"help\" lists the commands." },
	{ "Probe -k 1", "Unknown command \"Probe\". \"help\" lists the commands." },
	{ "probe", "Key handle (-k) is missing." },
	{ "probe -k", "Key handle (-k) has no value." },
	{ "probe -l -k 1", "Label (-l) has no value." },
	{ "probe -k 1 -zz", "Unknown option \"-zz\"." },
	{ "probe -k 1 word", "Unexpected argument \"word\"." },
	{ "probe -k 1 -k 2", "Key handle (-k) is given twice." },
	{ "probe -k 0", "Key handle (-k) is not a key handle: \"0\"." },
	{ "probe -k abc", "Key handle (-k) is not a key handle: \"abc\"." },
	{ "probe -k 7x", "Key handle (-k) is not a key handle: \"7x\"." },
	{ "probe -k -7", "Key handle (-k) is not a key handle: \"-7\"." },
	{ "probe -k 18446744073709551616",
	  "Key handle (-k) is not a key handle: \"18446744073709551616\"." },
	{ "probe -k 1 -t 99", "Kind (-t) 99 is not one of: 1, 16." },
	{ "probe -k 1 -t one", "Kind (-t) is not a number: \"one\"." },
	{ "probe -k 1 -n 1", "Number (-n) 1 is out of range: 2 to 9." },
	{ "probe -k 1 -n 10", "Number (-n) 10 is out of range: 2 to 9." },
	{ "probe -k 1 -n ' 5'", "Number (-n) is not a number: \" 5\"." },
	{ "probe -k 1 -n +5", "Number (-n) is not a number: \"+5\"." },
	{ "probe -k 1 -l ''", "Label (-l) is empty." },
	{ "probe -k 1 -y two", "Type (-y) two is not one of: one, sixteen." },
	{ "probe -k 1 -u 4,x", "User ids (-u) is not a list of user ids like 4,5: \"4,x\"." },
	{ "probe -k 1 -u 4,,5", "User ids (-u) is not a list of user ids like 4,5: \"4,,5\"." },
	{ "probe -k 1 -u 0", "User ids (-u) is not a list of user ids like 4,5: \"0\"." },
	{ "probe -k 1 -u 4294967296",
	  "User ids (-u) is not a list of user ids like 4,5: \"4294967296\"." },
	{ "probe -k 1 -u 4,5,4", "User ids (-u) names user 4 twice." },
	{ "probe -k 1 -u 4 -u 4", "User ids (-u) names user 4 twice." },
	{ "probe -k 1 -r db", "Code (-r) is not a hexadecimal code like 0xa8: \"db\"." },
	{ "probe -k 1 -r 0x0xdb", "Code (-r) is not a hexadecimal code like 0xa8: \"0x0xdb\"." },
	{ "probe -k 1 -r 0x1ffffffff",
	  "Code (-r) is not a hexadecimal code like 0xa8: \"0x1ffffffff\"." },
	{ "probe -k 1 -kcv 0a1b", "Check value (-kcv) has 2 bytes: 3 to 3 are expected." },
	{ "probe -k 1 -kcv 0a1b2",
	  "Check value (-kcv) is not a string of hexadecimal bytes: \"0a1b2\"." },
	{ "probe -k 1 -kcv 0x0x12",
	  "Check value (-kcv) is not a string of hexadecimal bytes: \"0x0x12\"." },
	{ "probe -k 1 -p -l x", "Password (-p) has no value." },
	{ "probe -k 1 -f", "Flag (-f) needs -l." },
};

static void test_mistakes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
		struct cli_args a;

		assert_false(parse(mistakes[i].line, false, &a));
		assert_false(a.help);
		assert_string_equal(a.error, mistakes[i].error);
		cli_args_free(&a);
	}
}

/* Every option of a row, in turn: with the others right, one without its value. */
static void test_missing_values(void **state)
{
	(void)state;
	for (size_t i = 1; i < probe.n_opts; i++) {
		struct cli_args a;
		char line[64];

		if (probe_opts[i].kind == CLI_FLAG)
			continue;
		snprintf(line, sizeof(line), "probe -k 1 %s", probe_opts[i].name);
		assert_false(parse(line, false, &a));
		assert_non_null(strstr(a.error, probe_opts[i].name));
		assert_non_null(strstr(a.error, "has no value."));
		cli_args_free(&a);
		snprintf(line, sizeof(line), "probe -k 1 %s -h", probe_opts[i].name);
		assert_false(parse(line, false, &a));
		assert_non_null(strstr(a.error, "has no value."));
		cli_args_free(&a);
	}
}

static void test_long_label(void **state)
{
	char line[4096] = "probe -k 1 -l ";
	size_t head = strlen(line);
	struct cli_args a;

	(void)state;
	memset(line + head, 'x', 128);
	assert_true(parse(line, false, &a));
	cli_args_free(&a);
	memset(line + head, 'x', 4000);
	line[head + 4000] = '\0';
	assert_false(parse(line, false, &a));
	assert_string_equal(a.error, "Label (-l) is too long: 4000 characters, at most 128.");
	cli_args_free(&a);
}

static void test_secret(void **state)
{
	char pw[] = "hunter2hunter2", *words[] = { "probe", "-k", "1", "-p", pw };
	struct cli_args a;

	(void)state;
	assert_true(cli_parse(&tool, 5, words, false, &a));
	assert_true(a.hidden);
	assert_string_equal(cli_text(&a, "-p"), "hunter2hunter2");
	assert_memory_equal(pw, "*******\0\0\0\0\0\0\0", 14);
	cli_args_free(&a);
}

/* Also where the command is mistyped or the line is wrong before the password. */
static void test_secret_in_mistake(void **state)
{
	char pw[] = "hunter2", pw2[] = "hunter2";
	char *typo[] = { "prob", "-p", pw }, *wrong[] = { "probe", "-zz", "-p", pw2 };
	struct cli_args a;

	(void)state;
	assert_false(cli_parse(&tool, 3, typo, false, &a));
	assert_true(a.hidden);
	assert_string_equal(pw, "*******");
	cli_args_free(&a);
	assert_false(cli_parse(&tool, 4, wrong, false, &a));
	assert_true(a.hidden);
	assert_string_equal(pw2, "*******");
	cli_args_free(&a);
}

static void test_stop(void **state)
{
	struct cli_args a;

	(void)state;
	assert_true(parse("probe -p secret9 -k 1 next -k 2", true, &a));
	assert_int_equal(a.used, 5);
	assert_int_equal(cli_get(&a, "-k")->num, 1);
	cli_args_free(&a);
	assert_true(parse("probe -k 1", true, &a));
	assert_int_equal(a.used, 3);
	cli_args_free(&a);
}

/* Each of two commands on one line has its own secret; neither is left to be seen. */
static void test_stop_secrets(void **state)
{
	char pw[] = "hunter2", pw2[] = "another", pw3[] = "hunter2", pw4[] = "another";
	char *both[] = { "probe", "-k", "1", "-p", pw, "probe", "-p", pw2, "-k", "2" };
	char *wrong[] = { "probe", "-p", pw3, "probe", "-p", pw4, "-k", "2" };
	struct cli_args a, b;

	(void)state;
	assert_true(cli_parse(&tool, 10, both, true, &a));
	assert_int_equal(a.used, 5);
	assert_true(cli_parse(&tool, 10 - a.used, both + a.used, false, &b));
	assert_string_equal(cli_text(&a, "-p"), "hunter2");
	assert_string_equal(cli_text(&b, "-p"), "another");
	assert_string_equal(pw, "*******");
	assert_string_equal(pw2, "*******");
	cli_args_free(&a);
	cli_args_free(&b);
	assert_false(cli_parse(&tool, 8, wrong, true, &a));
	assert_string_equal(a.error, "Key handle (-k) is missing.");
	assert_string_equal(pw3, "*******");
	assert_string_equal(pw4, "*******");
	cli_args_free(&a);
}

static void test_help(void **state)
{
	struct cli_args a;

	(void)state;
	assert_false(parse("probe -h", false, &a));
	assert_true(a.help);
	assert_string_equal(a.error, "");
	cli_args_free(&a);
}

static void test_tag(void **state)
{
	(void)state;
	assert_string_equal(cli_opt_by_tag(&probe, 77)->name, "-k");
	assert_null(cli_opt_by_tag(&probe, 78));
	assert_null(cli_opt_by_tag(&probe, 0));
}

static void test_run(void **state)
{
	char line[] = "probe -k 1", off[] = "offline", end[] = "leave", bad[] = "probe";
	char comment[] = "  # probe -k 1", blank[] = " \t";

	(void)state;
	ran = connects = connect_rc = 0;
	assert_int_equal(cli_line(&tool, off), CLI_OK);
	assert_int_equal(connects, 0);
	assert_int_equal(cli_line(&tool, line), CLI_OK);
	assert_int_equal(connects, 1);
	assert_int_equal(ran, 2);
	assert_int_equal(cli_line(&tool, bad), CLI_USAGE);
	assert_int_equal(connects, 1);
	assert_int_equal(cli_line(&tool, end), CLI_LEAVE);
	assert_int_equal(cli_line(&tool, comment), CLI_OK);
	assert_int_equal(cli_line(&tool, blank), CLI_OK);
	connect_rc = CLI_NO_CARD;
	assert_int_equal(cli_line(&tool, line), CLI_NO_CARD);
	assert_int_equal(ran, 2);
}

static void test_line_wiped(void **state)
{
	char line[] = "probe -k 1 -p hunter2";

	(void)state;
	connect_rc = 0;
	assert_int_equal(cli_line(&tool, line), CLI_OK);
	for (size_t i = 0; i < sizeof(line); i++)
		assert_int_equal(line[i], 0);
}

/* ^C at the prompt drops what was typed; the tool lives on. */
static void test_ctrl_c(void **state)
{
	static const char keys[] = "junk\003leave\r";
	struct termios now;
	char seen[256] = "";
	int tty, status = -1;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	(void)state;
	fflush(stdout);	/* else the child prints it, too */
	pid = forkpty(&tty, NULL, NULL, NULL);
	assert_true(pid >= 0);
	if (!pid)
		_exit(cli_loop(&tool) == CLI_OK ? 42 : 1);
	while (!strstr(seen, "> ") && n < sizeof(seen) - 1 &&
	       (got = read(tty, seen + n, sizeof(seen) - 1 - n)) > 0)
		n += (size_t)got;
	/* The prompt comes a moment before the terminal is told to leave ^C alone. */
	do {
		usleep(1000);
		assert_int_equal(tcgetattr(tty, &now), 0);
	} while (now.c_lflag & ISIG && !waitpid(pid, &status, WNOHANG));
	assert_int_equal(write(tty, keys, sizeof(keys) - 1), sizeof(keys) - 1);
	while (read(tty, seen, sizeof(seen)) > 0)
		continue;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	close(tty);
}

static void test_split(void **state)
{
	char plain[] = "  a\tbb  c\r\n", quoted[] = "a \"b c\" 'd \"e' f\"g\"h ''";
	char open[] = "a 'b c", many[] = "a b c d", empty[] = " \n";
	char *w[5];

	(void)state;
	assert_int_equal(cli_split(plain, w, 5), 3);
	assert_string_equal(w[1], "bb");
	assert_string_equal(w[2], "c");
	assert_int_equal(cli_split(quoted, w, 5), 5);
	assert_string_equal(w[1], "b c");
	assert_string_equal(w[2], "d \"e");
	assert_string_equal(w[3], "fgh");
	assert_string_equal(w[4], "");
	assert_int_equal(cli_split(open, w, 5), -1);
	assert_int_equal(cli_split(many, w, 3), -2);
	assert_int_equal(cli_split(empty, w, 5), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_users_grow),
		cmocka_unit_test(test_prefix),
		cmocka_unit_test(test_dashed_value),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_missing_values),
		cmocka_unit_test(test_long_label),
		cmocka_unit_test(test_secret),
		cmocka_unit_test(test_secret_in_mistake),
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_stop_secrets),
		cmocka_unit_test(test_help),
		cmocka_unit_test(test_tag),
		cmocka_unit_test(test_run),
		cmocka_unit_test(test_line_wiped),
		cmocka_unit_test(test_ctrl_c),
		cmocka_unit_test(test_split),
	};

	return cmocka_run_group_tests_name("cli", tests, NULL, NULL);
}
