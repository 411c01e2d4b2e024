// SPDX-License-Identifier: GPL-2.0-or-later
/* ask.c - the caution, what to do after a failure, passwords. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ask.h"

#define ANSWER_ROOM	16

/* The block of the page about managing keys is older, and has fewer stars. */
static void print_caution(bool classic)
{
	printf("\n%s\n"
	       "This is a CRITICAL operation, should be done on all nodes in the\n"
	       "cluster. %s the\n"
	       "nodes on which this operation is not executed or failed, please\n"
	       "ensure this operation is executed on all nodes in the cluster.\n"
	       "%s\n\n",
	       classic ? "****CAUTION****" :
			 "*************************CAUTION********************************",
	       classic ? "Cav server does NOT synchronize these changes with" :
			 "AWS does NOT synchronize these changes automatically with",
	       classic ? "*********" :
			 "****************************************************************");
}

bool cmu_caution(const struct cmu *cmu)
{
	char answer[ANSWER_ROOM];

	print_caution(cmu->classic);
	if (cmu->yes) {
		printf("Do you want to continue(y/n)?y\n");
		return true;
	}
	while (cli_ask("Do you want to continue(y/n)?", answer, sizeof(answer)) >= 0) {
		if (!strcmp(answer, "y") || !strcmp(answer, "n"))
			return *answer == 'y';
		printf("Invalid option, please type 'y' or 'n'\n\n");
	}
	return false;
}

static const struct {
	const char *text;
	const char *letters;
	enum cmu_next_step steps[3];
} questions[] = {
	[ASK_RIA] = { "\nRetry/Ignore/Abort?(R/I/A):", "RIA",
		      { ASK_RETRY, ASK_IGNORE, ASK_ABORT } },
	[ASK_RBI] = { "\nRetry/rollBack/Ignore?(R/B/I):", "RBI",
		      { ASK_RETRY, ASK_ROLL_BACK, ASK_IGNORE } },
};

enum cmu_next_step cmu_ask(const struct cmu *cmu, enum cmu_question which)
{
	char answer[ANSWER_ROOM];

	if (cmu->yes)
		return ASK_ABORT;
	while (cli_ask(questions[which].text, answer, sizeof(answer)) >= 0) {
		const char *at = strchr(questions[which].letters, toupper((unsigned char)*answer));

		if (*answer && !answer[1] && at)
			return questions[which].steps[at - questions[which].letters];
	}
	return ASK_ABORT;
}

/* A prompt that wants the answer once more. False if the second one differs. */
static bool again(const char *first)
{
	char second[CMU_PASSWORD_ROOM];
	bool same = cli_password("Re-enter password:", second, sizeof(second)) >= 0 &&
		    !strcmp(first, second);

	explicit_bzero(second, sizeof(second));
	if (!same)
		printf("\nError: The two passwords differ.\n");
	return same;
}

int cmu_password(const struct cli_args *a, bool twice, char *buf, size_t *len)
{
	int got;

	*len = 0;
	*buf = '\0';
	if (!cli_has(a, "-hpswd")) {
		*len = strlen(cli_text(a, "<password>"));
		if (*len < CMU_PASSWORD_ROOM) {
			memcpy(buf, cli_text(a, "<password>"), *len + 1);
			return CLI_OK;
		}
		printf("\nError: The password is too long.\n");
		return CLI_USAGE;
	}
	got = cli_password("Enter password:", buf, CMU_PASSWORD_ROOM);
	if (got < 0) {
		printf("\nError: No password was given.\n");
		return CLI_USAGE;
	}
	if (twice && !again(buf))
		return CLI_USAGE;
	*len = (size_t)got;
	return CLI_OK;
}
