// SPDX-License-Identifier: GPL-2.0-or-later
/* main.c - cloudhsm_mgmt_util: the ways in. */
#include <stdio.h>
#include <string.h>

#include "cmu.h"

#define CONFIG_DEFAULT	"/opt/cloudhsm/etc/cloudhsm_mgmt_util.cfg"

static int usage(FILE *to)
{
	fprintf(to, "Usage: %s [-y] [<config>] [-c <command line>]...\n"
		"       %s [-y] [<config>] singlecmd [<login>] <command>\n"
		"       <login>: loginHSM <user-type> <user-name> {<password> | -hpswd}\n"
		"The first form runs the given lines, then reads commands from standard input;\n"
		"\"help\" lists them. -y answers every caution with y; a failure then aborts.\n"
		"<config> names the cards; default: %s\n"
		"Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no card.\n"
		"Environment: KMU_OUTPUT=classic (the older wording of the caution)\n",
		cmu_tool.name, cmu_tool.name, CONFIG_DEFAULT);
	return to == stdout ? CLI_OK : CLI_USAGE;
}

/* What stands on the command line. Lines are moved to its front as they are taken. */
struct words {
	char **v;
	int n;
	int lines;
	int single;		/* where the words of singlecmd begin; 0 = none */
	const char *config;
	bool yes;
};

/* Any line may hold a password: none stays in the process's arguments. */
static bool take_line(struct words *w, int *i)
{
	if (++*i == w->n || !cli_take(&w->v[*i]))
		return false;
	w->v[w->lines++] = w->v[*i];
	return true;
}

static bool read_words(struct words *w)
{
	for (int i = 1; i < w->n; i++) {
		const char *word = w->v[i];

		if (!strcmp(word, "-y")) {
			w->yes = true;
		} else if (!strcmp(word, "-c")) {
			if (!take_line(w, &i))
				return false;
		} else if (!strcmp(word, "singlecmd") && !w->lines) {
			w->single = i + 1;
			return w->single < w->n;
		} else if (*word == '-' || w->config) {
			return false;
		} else {
			w->config = word;
		}
	}
	return true;
}

static int start(struct words *w)
{
	struct cmu *cmu = cmu_tool.ctx;
	int rc = cmu_config_read(cmu, w->config ? w->config : CONFIG_DEFAULT);

	cmu->yes = w->yes;
	if (rc)
		return rc;
	if (w->single)
		return cli_single(&cmu_tool, w->n - w->single, w->v + w->single);
	rc = cmu_connect(cmu);
	return rc ? rc : cli_session(&cmu_tool, w->v, w->lines);
}

int main(int argc, char **argv)
{
	struct words w = { .v = argv, .n = argc };
	struct cmu *cmu = cmu_tool.ctx;
	int rc;

	cli_guard(cmu_tool.name);
	setvbuf(stdout, NULL, _IOLBF, 0);
	cmu_set_mode(cmu, -1);
	if (argc == 2 && (!strcmp(argv[1], "-h") || !strcmp(argv[1], "--help")))
		return usage(stdout);
	if (!cli_classic(cmu_tool.name, &cmu->classic))
		return CLI_USAGE;
	cli_watch();
	rc = read_words(&w) ? start(&w) : usage(stderr);
	cmu_disconnect(cmu);
	cmu_config_free(cmu);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "%s: standard output cannot be written\n", cmu_tool.name);
		rc = rc ? rc : CLI_FAILED;
	}
	return rc;
}
