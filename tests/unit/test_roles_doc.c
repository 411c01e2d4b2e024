// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_roles_doc.c - docs/roles.md says what the firmware's tables say, and those what the
 * documented pages say. With an argument it prints the table of commands for the file.
 */
#include <stdio.h>

#include "call.h"
#include "commands.h"
#include "policy.h"

#define ROLES_MD	DOCS_DIR "/roles.md"
#define BEGIN_MARK	"<!-- commands: printed by test_roles_doc -->\n"
#define END_MARK	"<!-- end of commands -->\n"
#define PAGES_MARK	"<!-- pages -->\n"

static const struct {
	char letter;		/* as in commands.h */
	uint32_t role;
} columns[] = {
	{ 'n', ROLE_NOBODY }, { 'u', ROLE_CU }, { 'o', ROLE_CO }, { 'p', ROLE_PCO },
	{ 'a', ROLE_AU }, { 'r', ROLE_PRECO },
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static const char *class_name(uint32_t class)
{
	static const char *const names[] = { "CRYPTO", "KEYS", "USERS", "AUDIT", "FACTORY" };

	return names[__builtin_ctz(class)];
}

static void print_row(FILE *f, const struct cmd *cmd)
{
	size_t i;

	fprintf(f, "| %s | %s |", cmd->name, class_name(cmd->class));
	for (i = 0; i < COLUMNS; i++)
		fprintf(f, " %s |", cmd->roles & columns[i].role ? "yes" : "-");
	fputc('\n', f);
}

/* By opcode, which is how people look them up. */
static const struct cmd *next_cmd(int after)
{
	const struct cmd *best = NULL;
	size_t g, i;

	for (g = 0; g < cmd_group_count; g++) {
		for (i = 0; i < *cmd_groups[g].n; i++) {
			const struct cmd *cmd = &cmd_groups[g].cmd[i];

			if (cmd->opcode > after && (!best || cmd->opcode < best->opcode))
				best = cmd;
		}
	}
	return best;
}

static void print_commands(FILE *f)
{
	const struct cmd *cmd;
	int opcode = -1;

	fputs("| command | class | nobody | CU | CO | PCO | AU | PRECO |\n"
	      "|---|---|---|---|---|---|---|---|\n", f);
	while ((cmd = next_cmd(opcode))) {
		print_row(f, cmd);
		opcode = cmd->opcode;
	}
}

/* The file, in memory that stays until the program ends. */
static char *read_doc(void)
{
	static char text[32768];
	FILE *f = fopen(ROLES_MD, "r");

	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	return text;
}

static char *between(char *text, const char *begin, const char *end)
{
	char *p = strstr(text, begin), *q;

	assert_non_null(p);
	p += strlen(begin);
	q = strstr(p, end);
	assert_non_null(q);
	*q = '\0';
	return p;
}

static void commands_as_documented(void **state)
{
	char *want = NULL;
	size_t len;
	FILE *f = open_memstream(&want, &len);

	(void)state;
	assert_non_null(f);
	print_commands(f);
	fclose(f);
	assert_string_equal(between(read_doc(), BEGIN_MARK, END_MARK), want);
	free(want);
}

/* The tests' own table, from which every command is run in every role, is the same. */
static void commands_as_tested(void **state)
{
	const struct cmd *cmd;
	int opcode = -1;
	size_t i, j, n = 0;

	(void)state;
	for (; (cmd = next_cmd(opcode)); opcode = cmd->opcode, n++) {
		for (i = 0; i < N_COMMANDS && commands[i].opcode != cmd->opcode; i++)
			;
		assert_true(i < N_COMMANDS);
		assert_int_equal(commands[i].class, cmd->class);
		for (j = 0; j < COLUMNS; j++)
			assert_int_equal(!strchr(commands[i].roles, columns[j].letter),
					 !(cmd->roles & columns[j].role));
	}
	assert_int_equal(n, N_COMMANDS);
}

static const struct cmd *named(const char *name)
{
	const struct cmd *cmd = next_cmd(-1);

	while (cmd && strcmp(cmd->name, name))
		cmd = next_cmd(cmd->opcode);
	if (!cmd)
		fail_msg("no command %s", name);
	return cmd;
}

/* One cell of a row "| a | b | c |"; moves on. */
static char *cell(char **at)
{
	char *p = *at + strspn(*at, "| "), *end = strstr(p, " |");

	assert_non_null(end);
	*end = '\0';
	*at = end + 1;
	return p;
}

/* "| operation | commands | CO | CU | AU | nobody |": "yes" and "no" of the page. */
static void check_row(char *row)
{
	static const uint32_t roles[] = { ROLE_CO | ROLE_PCO, ROLE_CU, ROLE_AU, ROLE_NOBODY };
	char *names, *name, *save;
	bool says[4];
	size_t i;

	cell(&row);
	names = cell(&row);
	for (i = 0; i < 4; i++)
		says[i] = !strcmp(cell(&row), "yes");
	for (name = strtok_r(names, ", ", &save); name; name = strtok_r(NULL, ", ", &save)) {
		for (i = 0; i < 4; i++) {
			if ((named(name)->roles & roles[i]) != (says[i] ? roles[i] : 0))
				fail_msg("%s: not as the page says (%zu)", name, i);
		}
	}
}

static void roles_as_the_pages_say(void **state)
{
	char *p = between(read_doc(), PAGES_MARK, "\n\n"), *line, *save;
	size_t n = 0;

	(void)state;
	for (line = strtok_r(p, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (n++ >= 2)
			check_row(line);
	}
	assert_true(n > 8);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commands_as_documented), cmocka_unit_test(commands_as_tested),
		cmocka_unit_test(roles_as_the_pages_say),
	};

	(void)argv;
	if (argc > 1) {
		print_commands(stdout);
		return 0;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
