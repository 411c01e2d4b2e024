// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hsm_activate.c - brings a fresh card into service: gives its admin a password
 * and makes users. Stands in for cloudhsm_mgmt_util where nobody sits at a prompt;
 * running it again changes nothing that is there already.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "hsm.h"

/* Frozen; 1 is also -n's answer "activated". */
enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_CARD = 3 };

#define ADMIN		"admin"
#define FIRST_PASSWORD	"password"
#define USERS_MAX	64

#define PASSWORD_ROOM	64	/* the card says what is too long; this only must hold it */

struct new_user {
	uint32_t type;
	const char *name;
	char password[PASSWORD_ROOM];
};

struct job {
	struct hsm *hsm;
	uint32_t session;
	char admin_password[PASSWORD_ROOM];	/* "" if none was given */
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
		"Activates a fresh card: admin becomes PCO with that password; then the users\n"
		"are made, in that order, unless they exist. On a card in service the password\n"
		"must be admin's. -n only tells: exit code 0 = fresh, 1 = activated.\n"
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

/* Copies a password and wipes it off the command line. */
static bool take_password(char *to, char *word)
{
	size_t len = strlen(word);

	if (len && len < PASSWORD_ROOM)
		memcpy(to, word, len + 1);
	explicit_bzero(word, len);
	return *to;
}

/* TYPE:name:password; the password may hold colons. Cuts @word up: TYPE is left. */
static bool parse_user(char *word, struct new_user *user)
{
	char *type = strsep(&word, ":");

	user->name = strsep(&word, ":");
	return word && take_password(user->password, word) && *user->name &&
	       user_type(type, &user->type);
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
		if (!take_password(job->admin_password, optarg))
			return usage("the admin password (-p) is empty or too long", NULL);
		return EXIT_OK;
	case 'n':
		job->ask = true;
		return EXIT_OK;
	case 'u':
		if (job->n_users == USERS_MAX)
			return usage("too many users (-u)", NULL);
		if (!parse_user(optarg, &job->users[job->n_users++]))
			return usage("a user (-u) is not TYPE:name:password", optarg);
		return EXIT_OK;
	default:
		return usage("unknown option or missing value", NULL);
	}
}

static int parse(struct job *job, int argc, char **argv)
{
	int opt, rc = EXIT_OK;

	while (!rc && (opt = getopt(argc, argv, "np:u:")) != -1)
		rc = parse_option(job, opt);
	if (rc)
		return rc;
	if (optind < argc)
		return usage("unexpected argument", argv[optind]);
	if (job->ask == !!*job->admin_password)
		return usage("give either -p or -n", NULL);
	return EXIT_OK;
}

int main(int argc, char **argv)
{
	static struct job job;
	int rc;

	cli_guard("hsm_activate");
	if (argc == 2 && !strcmp(argv[1], "-h"))
		return usage(NULL, NULL);
	rc = parse(&job, argc, argv);
	if (!rc)
		rc = run(&job);
	explicit_bzero(&job, sizeof(job));
	return rc;
}
