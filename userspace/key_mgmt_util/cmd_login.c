// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_login.c - loginHSM, logoutHSM, loginStatus. */
#include <stdio.h>
#include <string.h>

#include "kmu.h"

#define GROUP	"Configuration and Admin Commands"

static const struct cli_choice user_types[] = {
	{ HSM_USER_CU, "CU" },
	{ HSM_USER_CO, "CO" },
	{ HSM_USER_PCO, "PCO" },
	{ HSM_USER_AU, "AU" },
	{ HSM_USER_PRECO, "PRECO" },
	{ 0, NULL },
};

const char *user_type_name(uint32_t type)
{
	for (const struct cli_choice *c = user_types; c->name; c++)
		if (c->number == type)
			return c->name;
	return "?";
}

/* Refusals of a login that the tool sums up as a code of its own; the nodes tell. */
static const uint32_t login_refusals[] = {
	HSM_RV_LOGIN_FAILURE, HSM_RV_USER_LOCKED, HSM_RV_NO_SUCH_USER, HSM_RV_USER_UNKNOWN,
	HSM_RV_BAD_PASSWORD,
};

static void sum_up(struct hsm_result *res)
{
	for (size_t i = 0; i < COUNT(login_refusals); i++) {
		if (res->rc == (int)login_refusals[i]) {
			res->rc = HSM_RV_CLIENT_LOGIN;
			return;
		}
	}
}

static int login_with(struct kmu *kmu, const struct cli_args *a, const char *password, size_t len)
{
	struct hsm_result res;

	hsm_login(kmu->hsm, kmu->session, (uint32_t)cli_get(a, "-u")->num, cli_text(a, "-s"),
		  password, len, &res);
	sum_up(&res);
	return out_done(kmu, a, "LoginHSM", &res);
}

int password_ask(char *typed, size_t room, size_t max)
{
	int len = cli_password("Enter password: ", typed, room);

	if (len >= 0 && (size_t)len <= max)
		return CLI_OK;
	printf("\nError: %s\n", len < 0 ? "No password was given." : "The password is too long.");
	return CLI_USAGE;
}

static int run_login(void *ctx, const struct cli_args *a)
{
	char typed[256];
	int rc;

	if (cli_get(a, "-u")->num != HSM_USER_CU) {
		struct hsm_result res = { .rc = HSM_RV_BAD_USER_TYPE };

		return out_done(ctx, a, "LoginHSM", &res);
	}
	if (cli_has(a, "-p"))
		return login_with(ctx, a, cli_text(a, "-p"), strlen(cli_text(a, "-p")));
	rc = password_ask(typed, sizeof(typed), sizeof(typed));
	if (!rc)
		rc = login_with(ctx, a, typed, strlen(typed));
	explicit_bzero(typed, sizeof(typed));
	return rc;
}

bool password_check(struct cli_args *a)
{
	if (cli_has(a, "-p") != cli_has(a, "-hpswd"))
		return true;
	snprintf(a->error, sizeof(a->error), cli_has(a, "-p") ?
		 "Password (-p) and hidden password (-hpswd) exclude each other." :
		 "Password (-p or -hpswd) is missing.");
	return false;
}

static const struct cli_opt login_opts[] = {
	{ .name = "-u", .kind = CLI_NAME, .flags = CLI_REQUIRED, .what = "User type",
	  .arg = "<user type>", .choices = user_types, .tag = HSM_TAG_USER_TYPE,
	  .help = "Type of the user; keys need a CU." },
	{ .name = "-s", .kind = CLI_TEXT, .flags = CLI_REQUIRED, .what = "User name",
	  .arg = "<username>", .min = 1, .max = HSM_NAME_MAX, .tag = HSM_TAG_USER_NAME,
	  .help = "Name of the user." },
	{ .name = "-p", .kind = CLI_SECRET, .what = "Password", .arg = "<password>",
	  .help = "Password of the user." },
	{ .name = "-hpswd", .kind = CLI_FLAG, .what = "Hidden password",
	  .help = "Asks for the password and does not show it." },
};

const struct cli_cmd row_login = {
	.name = "loginHSM", .group = GROUP, .summary = "Login to the HSM",
	.about = "Logs in to the HSM as a crypto user (CU). After 5 wrong passwords the user is\n"
		 "locked until an officer sets a new password. Give either -p or -hpswd.",
	.opts = login_opts, .n_opts = COUNT(login_opts), .check = password_check, .run = run_login,
};

static int run_logout(void *ctx, const struct cli_args *a)
{
	struct kmu *kmu = ctx;
	struct hsm_result res;

	hsm_logout(kmu->hsm, kmu->session, &res);
	return out_done(kmu, a, "LogoutHSM", &res);
}

const struct cli_cmd row_logout = {
	.name = "logoutHSM", .group = GROUP, .summary = "Logout from the HSM",
	.about = "Logs out from the HSM. The session keys are destroyed.",
	.run = run_logout,
};

static int run_status(void *ctx, const struct cli_args *a)
{
	struct kmu *kmu = ctx;
	struct hsm_result res;
	struct hsm_user user;

	if (hsm_login_status(kmu->hsm, kmu->session, &user, &res))
		return out_failed(kmu, a, "GetLoginStatus", &res);
	if (user.id)
		printf("\n\tLogged in as '%s(%s)', user id %u\n", user.name,
		       user_type_name(user.type), user.id);
	else
		printf("\n\tNo user is logged in\n");
	out_returned("GetLoginStatus", &res);
	return CLI_OK;
}

const struct cli_cmd row_login_status = {
	.name = "loginStatus", .group = GROUP, .summary = "Gets the Login Information",
	.about = "Tells who is logged in over this connection.",
	.run = run_status,
};
