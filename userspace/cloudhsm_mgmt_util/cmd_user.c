// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_user.c - createUser, deleteUser, changePswd, listUsers. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "twofactor.h"

/* The user a command is about, and what is set. */
struct person {
	uint32_t type;
	const char *type_name;
	const char *name;
	char password[CMU_PASSWORD_ROOM];
	size_t len;
	struct twofactor second;
};

/* "Creating User", the caution, the answers: then the job. */
static int with_password(struct cmu *cmu, const struct cli_args *a, const char *doing,
			 const struct cmu_job *job, struct person *p)
{
	int rc;

	p->type = cli_u32(a, "<user-type>", 0);
	p->type_name = cli_text(a, "<user-type>");
	p->name = cli_text(a, "<user-name>");
	if (!cmu_caution(cmu))
		return CLI_FAILED;
	rc = cmu_password(a, true, p->password, &p->len);
	if (!rc)
		rc = twofactor_get(cmu, a, true, &p->second);
	if (!rc) {
		printf("%s %s(%s) on %u nodes\n", doing, p->name, p->type_name, cmu_count(cmu));
		rc = cmu_each(cmu, job);
	}
	twofactor_free(&p->second);
	explicit_bzero(p->password, sizeof(p->password));
	return rc;
}

static int create_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	const struct person *p = arg;
	struct hsm_factor factor;
	uint32_t id;

	return hsm_user_create_2fa(s->hsm, s->session, p->type, p->name, p->password, p->len,
				   twofactor_for(&p->second, s, &factor), &id, res);
}

static int run_create(void *ctx, const struct cli_args *a)
{
	struct person p = { 0 };
	const struct cmu_job job = {
		.op = "createUser", .failing = "creating user", .flags = CMU_QUIET | CMU_CHANGE,
		.args = a, .run = create_on, .arg = &p,
	};

	return with_password(ctx, a, "Creating User", &job, &p);
}

static const struct cli_opt create_opts[] = {
	CMU_OPT_USER_TYPE(cmu_user_types), CMU_OPT_USER_NAME, CMU_OPT_PASSWORD, CMU_OPT_HPSWD,
	CMU_OPT_2FA,
};

const struct cli_cmd cmu_create_user = {
	.name = "createUser", .group = CMU_USERS, .summary = "Creates a user",
	.about = "Creates a user. Names have up to 31 letters, digits and underscores and are not\n"
		 "case-sensitive, passwords have 7 to 32 characters. For officers (CO, PCO).",
	.opts = create_opts, .n_opts = COUNT(create_opts), .run = run_create,
};

static int change_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	const struct person *p = arg;
	struct hsm_factor factor;

	return hsm_user_password_2fa(s->hsm, s->session, p->type, p->name, p->password, p->len,
				     twofactor_for(&p->second, s, &factor), res);
}

static int run_change(void *ctx, const struct cli_args *a)
{
	struct person p = { 0 };
	const struct cmu_job job = {
		.op = "changePswd", .failing = "changing password", .flags = CMU_QUIET | CMU_CHANGE,
		.args = a, .run = change_on, .arg = &p,
	};

	return with_password(ctx, a, "Changing password for", &job, &p);
}

static const struct cli_opt change_opts[] = {
	CMU_OPT_USER_TYPE(cmu_user_types), CMU_OPT_USER_NAME, CMU_OPT_PASSWORD, CMU_OPT_HPSWD,
	CMU_OPT_2FA,
};

const struct cli_cmd cmu_change_pswd = {
	.name = "changePswd", .group = CMU_USERS, .summary = "Changes the password of a user",
	.about = "Changes one's own password; officers change that of any user, which unlocks the\n"
		 "user. Without -2fa a second factor and its key are taken from the user.",
	.opts = change_opts, .n_opts = COUNT(change_opts), .run = run_change,
};

/* The user's records as they were, so that a deletion can be rolled back. */
struct deletion {
	uint32_t type;
	const char *name;
	bool keep;
	struct hsm_bytes before[CMU_SERVERS_MAX];
};

/* Without it the deletion goes on: a roll back then fails and says so. */
static void keep_record(struct cmu_server *s, struct deletion *d)
{
	struct hsm_user *users;
	size_t n;

	if (hsm_user_list(s->hsm, s->session, &users, &n, NULL))
		return;
	hsm_bytes_clear(&d->before[s->index]);
	for (size_t i = 0; i < n; i++)
		if (users[i].type == d->type && !strcasecmp(users[i].name, d->name))
			hsm_user_mask(s->hsm, s->session, users[i].id, &d->before[s->index], NULL);
	hsm_free(users);
}

static int delete_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	struct deletion *d = arg;

	if (d->keep)
		keep_record(s, d);
	return hsm_user_delete(s->hsm, s->session, d->type, d->name, res);
}

static int undelete_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	const struct deletion *d = arg;
	const struct hsm_bytes *b = &d->before[s->index];

	if (!b->len) {
		printf("deleteUser cannot be rolled back: the user's record was not kept\n");
		return CMU_TOLD;
	}
	return hsm_user_unmask(s->hsm, s->session, b->p, b->len, res);
}

static int run_delete(void *ctx, const struct cli_args *a)
{
	struct deletion d = {
		.type = cli_u32(a, "<user-type>", 0), .name = cli_text(a, "<user-name>"),
		.keep = cmu_count(ctx) > 1,
	};
	const struct cmu_job job = {
		.op = "deleteUser", .flags = CMU_ROLLBACK | CMU_CHANGE, .args = a,
		.run = delete_on, .undo = undelete_on, .arg = &d,
	};
	int rc;

	printf("Deleting user %s(%s) on %u nodes\n", d.name, cli_text(a, "<user-type>"),
	       cmu_count(ctx));
	rc = cmu_each(ctx, &job);
	for (size_t i = 0; i < COUNT(d.before); i++)
		hsm_bytes_clear(&d.before[i]);
	return rc;
}

static const struct cli_opt delete_opts[] = {
	CMU_OPT_USER_TYPE(cmu_user_types), CMU_OPT_USER_NAME,
};

const struct cli_cmd cmu_delete_user = {
	.name = "deleteUser", .group = CMU_USERS, .summary = "Deletes a user",
	.about = "Deletes a user who is not logged in anywhere; a CU must own no keys. For\n"
		 "officers (CO, PCO).",
	.opts = delete_opts, .n_opts = COUNT(delete_opts), .run = run_delete,
};

static const char *yes_no(uint32_t flag)
{
	return flag ? "YES" : "NO";
}

static int list_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	struct hsm_user *users;
	size_t n;

	(void)arg;
	if (hsm_user_list(s->hsm, s->session, &users, &n, res))
		return res->rc;
	printf("Users on server %u(%s):\nNumber of users found:%zu\n\n"
	       "    User Id             User Type       User Name                          MofnPubKey"
	       "    LoginFailureCnt         2FA\n", s->index, s->name, n);
	for (size_t i = 0; i < n; i++)
		printf("%10u              %-16s%-31s%12s%16u%17s\n", users[i].id,
		       cmu_user_type(users[i].type), users[i].name,
		       yes_no(users[i].flags & HSM_USER_F_MOFN), users[i].failures,
		       yes_no(users[i].flags & HSM_USER_F_2FA));
	hsm_free(users);
	return 0;
}

static int run_list(void *ctx, const struct cli_args *a)
{
	const struct cmu_job job = {
		.op = "listUsers", .flags = CMU_QUIET | CMU_NO_ASK, .args = a, .run = list_on,
	};

	return cmu_each(ctx, &job);
}

const struct cli_cmd cmu_list_users = {
	.name = "listUsers", .group = CMU_USERS, .summary = "Lists the users of each HSM",
	.about = "Lists the users of each HSM. Needs no login.", .run = run_list,
};
