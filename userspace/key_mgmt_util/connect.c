// SPDX-License-Identifier: GPL-2.0-or-later
/* connect.c - the tool's connection, and the block it prints when it starts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kmu.h"

/* The first and only connection of the process, in the form of the transcripts. */
#define APP_ID		0x01000000u

void kmu_version(void)
{
	printf("Version info, Client Version: %s, SDK API Version: %s, SDK Package Version: %s\n",
	       HSM_VERSION, HSM_VERSION, HSM_VERSION);
}

/* A card that was tried, and what came of it. */
struct try {
	const char *op;			/* what failed; NULL: it was refused for @why */
	struct hsm_result res;
	char why[sizeof(((struct hsm_membership *)0)->reason)];
	struct hsm_card card;
};

/* Cards that the cluster has shut out hold what it does not; they are passed over. */
static bool is_member(struct kmu *kmu, struct try *t)
{
	struct hsm_membership m = { 0 };

	if (hsm_cluster_info(kmu->hsm, &m, &t->res) || m.state != HSM_MEMBERSHIP_REFUSED)
		return true;
	t->op = NULL;
	snprintf(t->why, sizeof(t->why), "%s", *m.reason ? m.reason : "its cluster refuses it");
	return false;
}

static bool try_card(struct kmu *kmu, const char *path, struct try *t)
{
	*t = (struct try){ .op = "Initialize" };
	t->res.rc = hsm_open(path, &kmu->hsm);
	if (t->res.rc)
		return false;
	t->op = "OpenSession";
	if (!hsm_session_open(kmu->hsm, &kmu->session, &t->res)) {
		t->op = "GetHSMInfo";
		if (!hsm_card_info(kmu->hsm, &t->card, &t->res) && is_member(kmu, t))
			return true;
	}
	hsm_close(kmu->hsm);
	kmu->hsm = NULL;
	return false;
}

static const char *try_why(const struct try *t)
{
	return t->op ? hsm_strerror(t->res.rc) : t->why;
}

static int try_failed(const struct kmu *kmu, const char *path, const struct try *t)
{
	if (t->op) {
		out_returned(t->op, &t->res);
		out_nodes(kmu, OUT_OLD, &t->res);
	}
	if (!t->op || !strcmp(t->op, "Initialize"))
		printf("\t%s cannot be %s%s%s\n", path, t->op ? "opened" : "used",
		       t->op ? "" : ": ", t->op ? "" : t->why);
	return CLI_NO_CARD;
}

/* The cards in question; not more than one if the user has named it. */
struct choice {
	char **paths;
	size_t n;
	char *one;
};

static void choose(struct choice *c)
{
	const char *named = getenv(HSM_DEVICE_ENV);

	*c = (struct choice){ .one = (char *)(uintptr_t)hsm_default_path() };
	if ((named && *named) || hsm_paths(&c->paths, &c->n))
		c->n = 0;
}

/* The first card that serves; those before it are told about. */
static int open_any(struct kmu *kmu, const struct choice *c, struct try *t)
{
	char **paths = c->n ? c->paths : (char **)(uintptr_t)&c->one;
	const size_t n = c->n ? c->n : 1;
	struct try first = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (try_card(kmu, paths[i], t)) {
			free(kmu->path);
			kmu->path = strdup(paths[i]);
			return CLI_OK;
		}
		if (!i)
			first = *t;
		if (n > 1)
			printf("\n\t%s is passed over: %s\n", paths[i], try_why(t));
	}
	return try_failed(kmu, paths[0], &first);
}

static int connect_any(struct kmu *kmu, struct try *t)
{
	struct choice c;
	int rc;

	choose(&c);
	rc = open_any(kmu, &c, t);
	hsm_paths_free(c.paths, c.n);
	return rc;
}

/* What was lost with the card is told; the command that comes next finds nobody logged in. */
static int connect_again(struct kmu *kmu)
{
	struct try t;
	int rc;

	printf("\n\tThe connection to %s is lost, with it the login and the session keys\n",
	       kmu->path ? kmu->path : "the card");
	hsm_close(kmu->hsm);
	kmu->hsm = NULL;
	rc = connect_any(kmu, &t);
	if (!rc)
		printf("\tConnected to %s\n", kmu->path ? kmu->path : "a card");
	return rc;
}

int kmu_connect(void *ctx)
{
	struct kmu *kmu = ctx;
	struct try t;
	int rc;

	if (kmu->hsm && hsm_lost(kmu->hsm))
		return connect_again(kmu);
	if (kmu->hsm)
		return CLI_OK;
	rc = connect_any(kmu, &t);
	if (rc)
		return rc;
	printf("\n\tCfm3Initialize() returned app id : %08x\n", APP_ID);
	printf("\n\tsession_handle %x\n", kmu->session);
	printf("\n\tCurrent FIPS mode is: %08x\n", t.card.fips_state);
	return CLI_OK;
}

void kmu_disconnect(struct kmu *kmu)
{
	if (kmu->hsm)
		hsm_session_close(kmu->hsm, kmu->session, NULL);
	hsm_close(kmu->hsm);
	kmu->hsm = NULL;
	free(kmu->path);
	kmu->path = NULL;
}
