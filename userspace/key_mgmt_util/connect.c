// SPDX-License-Identifier: GPL-2.0-or-later
/* connect.c - the tool's connection, and the block it prints when it starts. */
#include <stdio.h>

#include "kmu.h"

/* The first and only connection of the process, in the form of the transcripts. */
#define APP_ID		0x01000000u

void kmu_version(void)
{
	printf("Version info, Client Version: %s, SDK API Version: %s, SDK Package Version: %s\n",
	       HSM_VERSION, HSM_VERSION, HSM_VERSION);
}

static int failed(const struct kmu *kmu, const char *op, const struct hsm_result *res)
{
	out_returned(op, res);
	out_nodes(kmu, OUT_OLD, res);
	return CLI_NO_CARD;
}

int kmu_connect(void *ctx)
{
	struct kmu *kmu = ctx;
	struct hsm_result res = { 0 };
	struct hsm_card card;

	if (kmu->hsm)
		return CLI_OK;
	res.rc = hsm_open(NULL, &kmu->hsm);
	if (res.rc) {
		int rc = failed(kmu, "Initialize", &res);

		printf("\t%s cannot be opened\n", hsm_default_path());
		return rc;
	}
	printf("\n\tCfm3Initialize() returned app id : %08x\n", APP_ID);
	if (hsm_session_open(kmu->hsm, &kmu->session, &res))
		return failed(kmu, "OpenSession", &res);
	printf("\n\tsession_handle %x\n", kmu->session);
	if (hsm_card_info(kmu->hsm, &card, &res))
		return failed(kmu, "GetHSMInfo", &res);
	printf("\n\tCurrent FIPS mode is: %08x\n", card.fips_state);
	return CLI_OK;
}

void kmu_disconnect(struct kmu *kmu)
{
	if (kmu->hsm)
		hsm_session_close(kmu->hsm, kmu->session, NULL);
	hsm_close(kmu->hsm);
	kmu->hsm = NULL;
}
