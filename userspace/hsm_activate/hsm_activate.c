// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hsm_activate.c - brings a fresh card into service: gives its admin a password
 * and makes users. Stands in for cloudhsm_mgmt_util where nobody sits at a prompt;
 * running it again changes nothing that is there already.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hsm.h"

/* Frozen; 1 is also -n's answer "activated". */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_CARD = 3 };

#define ADMIN		"admin"
#define FIRST_PASSWORD	"password"
#define USERS_MAX	64

struct new_user {
	uint32_t type;
	const char *name;
	const char *password;
};

struct job {
	struct hsm *hsm;
	uint32_t session;
	const char *admin_password;
	struct new_user users[USERS_MAX];
	int n_users;
	bool ask;		/* -n: only tell whether the card is fresh */
};

static int usage(const char *why, const char *what)
{
	if (why)
		fprintf(stderr, "hsm_activate: %s%s%s\n", why, what ? ": " : "", what ? what : "");
	fprintf(why ? stderr : stdout,
		"Usage: hsm_activate -p <admin password> [-u <CU|CO|AU>:<name>:<password>]...\n"
		"       hsm_activate -n\n"
		"Activates a fresh card: admin becomes PCO with that password; then the users are\n"
		"made, in that order, unless they exist. On a card in service the password must be\n"
		"admin's. -n only tells: exit code 0 = fresh, 1 = activated.\n"
		"Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no card.\n");
	return why ? EXIT_USAGE : EXIT_OK;
}

static int failed(const char *what, const char *name, int rc)
{
	fprintf(stderr, "hsm_activate: %s%s%s: %s\n", what, name ? " " : "", name ? name : "",
		hsm_strerror(rc));
	return rc < 0 ? EXIT_NO_CARD : EXIT_FAILED;
}

static bool user_type(const char *word, uint32_t *type)
{
	static const struct {
		const char *word;
		uint32_t type;
	} types[] = { { "CU", HSM_USER_CU }, { "CO", HSM_USER_CO }, { "AU", HSM_USER_AU } };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (!strcmp(types[i].word, word)) {
			*type = types[i].type;
			return true;
		}
	}
	return false;
}

/* TYPE:name:password; the password may hold colons. Cuts @word up. */
static bool parse_user(char *word, struct new_user *user)
{
	char *type = strsep(&word, ":");

	user->name = strsep(&word, ":");
	user->password = word;
	return word && *user->name && user_type(type, &user->type);
}

/* A card is fresh while it has a PRECO. */
static int is_fresh(struct job *job, bool *fresh)
{
	struct hsm_user *users;
	size_t n;
	int rc;

	rc = hsm_user_list(job->hsm, job->session, &users, &n, NULL);
	if (rc)
		return failed("the users cannot be listed", NULL, rc);
	for (size_t i = 0; i < n; i++)
		*fresh |= users[i].type == HSM_USER_PRECO;
	hsm_free(users);
	return EXIT_OK;
}

static int login(struct job *job, uint32_t type, const char *password)
{
	int rc = hsm_login(job->hsm, job->session, type, ADMIN, password, strlen(password), NULL);

	return rc ? failed("login of", ADMIN, rc) : EXIT_OK;
}

static int set_password(struct job *job)
{
	const char *password = job->admin_password;
	int rc;

	rc = login(job, HSM_USER_PRECO, FIRST_PASSWORD);
	if (rc)
		return rc;
	rc = hsm_user_password(job->hsm, job->session, HSM_USER_PRECO, ADMIN, password,
			       strlen(password), NULL);
	if (rc)
		return failed("password of", ADMIN, rc);
	printf("%s is PCO\n", ADMIN);
	rc = hsm_logout(job->hsm, job->session, NULL);
	return rc ? failed("logout of", ADMIN, rc) : EXIT_OK;
}

static int make_user(struct job *job, const struct new_user *user)
{
	uint32_t id;
	int rc;

	rc = hsm_user_create(job->hsm, job->session, user->type, user->name, user->password,
			     strlen(user->password), &id, NULL);
	if (rc == HSM_RV_USER_EXISTS) {
		printf("%s exists\n", user->name);
		return EXIT_OK;
	}
	if (rc)
		return failed("user", user->name, rc);
	printf("%s is user %u\n", user->name, id);
	return EXIT_OK;
}

static int activate(struct job *job)
{
	bool fresh = false;
	int rc;

	rc = is_fresh(job, &fresh);
	if (rc)
		return rc;
	if (job->ask)
		return fresh ? EXIT_OK : EXIT_FAILED;
	if (fresh)
		rc = set_password(job);
	if (!rc)
		rc = login(job, HSM_USER_PCO, job->admin_password);
	for (int i = 0; !rc && i < job->n_users; i++)
		rc = make_user(job, &job->users[i]);
	return rc;
}

static int run(struct job *job)
{
	int rc = hsm_open(NULL, &job->hsm);

	if (rc)
		return failed("cannot open", hsm_default_path(), rc);
	rc = hsm_session_open(job->hsm, &job->session, NULL);
	rc = rc ? failed("no session", NULL, rc) : activate(job);
	hsm_close(job->hsm);
	return rc;
}

static int parse_option(struct job *job, int opt)
{
	switch (opt) {
	case 'p':
		job->admin_password = optarg;
		return EXIT_OK;
	case 'n':
		job->ask = true;
		return EXIT_OK;
	case 'u':
		if (job->n_users == USERS_MAX)
			return usage("too many users (-u)", NULL);
		if (!parse_user(optarg, &job->users[job->n_users++]))
			return usage("a user (-u) is not TYPE:name:password", NULL);
		return EXIT_OK;
	default:
		return usage("unknown option or missing value", NULL);
	}
}

/* Passwords leave the command line before anything slow happens. */
static char *take_secret(const char *word)
{
	char *copy = strdup(word);

	if (copy)
		explicit_bzero((char *)(uintptr_t)word, strlen(word));
	return copy;
}

static bool take_secrets(struct job *job)
{
	if (job->admin_password && !(job->admin_password = take_secret(job->admin_password)))
		return false;
	for (int i = 0; i < job->n_users; i++)
		if (!(job->users[i].password = take_secret(job->users[i].password)))
			return false;
	return true;
}

static void free_secret(const char *secret)
{
	char *own = (char *)(uintptr_t)secret;

	if (own)
		explicit_bzero(own, strlen(own));
	free(own);
}

int main(int argc, char **argv)
{
	struct job job = { 0 };
	int opt, rc;

	while ((opt = getopt(argc, argv, "hnp:u:")) != -1) {
		rc = opt == 'h' ? usage(NULL, NULL) : parse_option(&job, opt);
		if (opt == 'h' || rc)
			return rc;
	}
	if (optind < argc)
		return usage("unexpected argument", argv[optind]);
	if (job.ask == !!job.admin_password)
		return usage("give either -p or -n", NULL);
	if (!take_secrets(&job))
		return failed("no memory", NULL, -ENOMEM);
	rc = run(&job);
	free_secret(job.admin_password);
	for (int i = 0; i < job.n_users; i++)
		free_secret(job.users[i].password);
	return rc;
}
