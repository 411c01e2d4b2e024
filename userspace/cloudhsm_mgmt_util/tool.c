// SPDX-License-Identifier: GPL-2.0-or-later
/* tool.c - cloudhsm_mgmt_util's table of commands. */
#include "cmu.h"

/* In the order of help. */
static const struct cli_cmd *const commands[] = {
	&cmu_exit, &cmu_quit, &cmu_help,
	&cmu_login, &cmu_logout, &cmu_list_users, &cmu_create_user, &cmu_delete_user,
	&cmu_change_pswd,
	&cmu_find_all, &cmu_key_info, &cmu_share, &cmu_get_attr, &cmu_set_attr, &cmu_list_attrs,
	&cmu_register, &cmu_get_token, &cmu_approve, &cmu_list_tokens, &cmu_del_token, &cmu_set_m,
	&cmu_get_m,
	&cmu_hsm_info, &cmu_info, &cmu_server_cmd, &cmu_e2e, &cmu_get_cert, &cmu_sync_key,
	&cmu_sync_user, &cmu_zeroize, &cmu_audit_log,
	NULL,
};

static struct cmu cmu = { .current = -1 };

static void cancel(void *ctx)
{
	for (struct cmu_server *s = cmu_next(ctx, NULL); s; s = cmu_next(ctx, s))
		hsm_cancel(s->hsm);
}

const struct cli_tool cmu_tool = {
	.name = "cloudhsm_mgmt_util",
	.prompt = cmu.prompt,
	.echo = cmu.prompt,
	.login = "loginHSM",
	.prefixes = true,
	.cmds = commands,
	.ctx = &cmu,
	.connect = cmu_connect,
	.cancel = cancel,
};
