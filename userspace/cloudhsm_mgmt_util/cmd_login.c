// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_login.c - loginHSM, logoutHSM. */
#include <string.h>

#include "twofactor.h"

const struct cli_choice cmu_user_types[] = {
	{ HSM_USER_CU, "CU" },
	{ HSM_USER_CO, "CO" },
	{ HSM_USER_AU, "AU" },
	{ HSM_USER_PCO, "PCO" },
	{ HSM_USER_PRECO, "PRECO" },
	{ HSM_USER_PRECO, "preCO" },
	{ 0, NULL },
};

const char *cmu_user_type(uint32_t type)
{
	for (const struct cli_choice *c = cmu_user_types; c->name; c++)
		if (c->number == type)
			return c->name;
	return "?";
}

struct login {
	uint32_t type;
	const char *name;
	char password[CMU_PASSWORD_ROOM];
	size_t len;
	struct twofactor second;
	const struct cmu_server *refused[CMU_SERVERS_MAX];
	int status[CMU_SERVERS_MAX];	/* what they said */
	size_t n_refused;
};

/* The members of a cluster count wrong passwords together: one of them has to do for all. */
static int refused_before(const struct login *l, const struct cmu_server *s)
{
	for (size_t i = 0; i < l->n_refused; i++)
		if (cmu_same_cluster(l->refused[i], s))
			return l->status[i];
	return 0;
}

static int login_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	struct login *l = arg;
	struct hsm_factor factor;
	int rc = refused_before(l, s);

	if (rc)
		return rc;
	rc = hsm_login_2fa(s->hsm, s->session, l->type, l->name, l->password, l->len,
			   twofactor_for(&l->second, s, &factor), res);
	if (rc == HSM_RV_LOGIN_FAILURE || rc == HSM_RV_USER_LOCKED) {
		l->refused[l->n_refused] = s;
		l->status[l->n_refused++] = rc;
	}
	return rc;
}

static int run_login(void *ctx, const struct cli_args *a)
{
	struct login l = {
		.type = cli_u32(a, "<user-type>", 0), .name = cli_text(a, "<user-name>"),
	};
	const struct cmu_job job = {
		.op = "loginHSM", .flags = CMU_NO_ASK, .args = a, .run = login_on, .arg = &l,
	};
	int rc = cmu_password(a, false, l.password, &l.len);

	if (!rc)
		rc = twofactor_get(ctx, a, false, &l.second);
	if (!rc && cmu_count(ctx) > 1)
		cmu_clusters(ctx);
	if (!rc)
		rc = cmu_each(ctx, &job);
	twofactor_free(&l.second);
	explicit_bzero(&l, sizeof(l));
	return rc;
}

static const struct cli_opt login_opts[] = {
	CMU_OPT_USER_TYPE(cmu_user_types), CMU_OPT_USER_NAME, CMU_OPT_PASSWORD, CMU_OPT_HPSWD,
	CMU_OPT_2FA,
};

const struct cli_cmd cmu_login = {
	.name = "loginHSM", .group = CMU_USERS, .summary = "Logs in to the HSMs",
	.about = "Logs in to the HSMs. After 5 wrong passwords the user is locked until an\n"
		 "officer sets a new password.",
	.opts = login_opts, .n_opts = COUNT(login_opts), .run = run_login,
};

static int logout_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	(void)arg;
	return hsm_logout(s->hsm, s->session, res);
}

static int run_logout(void *ctx, const struct cli_args *a)
{
	const struct cmu_job job = {
		.op = "logoutHSM", .flags = CMU_NO_ASK, .args = a, .run = logout_on,
	};

	return cmu_each(ctx, &job);
}

const struct cli_cmd cmu_logout = {
	.name = "logoutHSM", .group = CMU_USERS, .summary = "Logs out from the HSMs", .run = run_logout,
};
