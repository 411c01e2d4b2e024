// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_zeroize.c - zeroizeHSM. */
#include <stdio.h>

#include "cmu.h"

/* The card ends all sessions: the connection gets a new one, for who logs in next. */
static int zeroize_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	(void)arg;
	if (hsm_zeroize(s->hsm, s->session, res))
		return res->rc;
	return hsm_session_open(s->hsm, &s->session, res);
}

static int run_zeroize(void *ctx, const struct cli_args *a)
{
	const struct cmu_job job = { .op = "zeroizeHSM", .args = a, .run = zeroize_on };

	if (!cmu_caution(ctx))
		return CLI_FAILED;
	printf("Zeroizing HSM on %u nodes\n", cmu_count(ctx));
	return cmu_each(ctx, &job);
}

const struct cli_cmd cmu_zeroize = {
	.name = "zeroizeHSM", .group = CMU_SERVERS, .summary = "Destroys all users and keys of the HSMs",
	.about = "Destroys all users, keys and tokens. The HSMs are then as they left the factory;\n"
		 "the audit log goes on. For officers (CO, PCO).",
	.run = run_zeroize,
};
