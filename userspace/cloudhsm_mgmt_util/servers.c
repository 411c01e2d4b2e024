// SPDX-License-Identifier: GPL-2.0-or-later
/* servers.c - the connections, and which of them are of one cluster. */
#include <stdio.h>
#include <string.h>

#include "cmu.h"

static bool in_scope(const struct cmu *cmu, const struct cmu_server *s)
{
	return s->hsm && (cmu->current < 0 || (unsigned int)cmu->current == s->index);
}

struct cmu_server *cmu_next(struct cmu *cmu, const struct cmu_server *s)
{
	for (unsigned int i = s ? s->index + 1 : 0; i < cmu->n; i++)
		if (in_scope(cmu, &cmu->servers[i]))
			return &cmu->servers[i];
	return NULL;
}

unsigned int cmu_count(struct cmu *cmu)
{
	unsigned int n = 0;

	for (struct cmu_server *s = cmu_next(cmu, NULL); s; s = cmu_next(cmu, s))
		n++;
	return n;
}

struct cmu_server *cmu_server(struct cmu *cmu, uint32_t index)
{
	if (index >= cmu->n)
		printf("\nError: there is no server %u; the configuration has %u.\n", index, cmu->n);
	else if (!cmu->servers[index].hsm)
		printf("\nError: server %u(%s) is not connected.\n", index,
		       cmu->servers[index].name);
	else
		return &cmu->servers[index];
	return NULL;
}

bool cmu_server_mode(const struct cmu *cmu, const char *op, bool wanted)
{
	if ((cmu->current >= 0) == wanted)
		return true;
	printf("\nError: %s works in %s mode only; %s.\n", op, wanted ? "server" : "global",
	       wanted ? "\"server <number>\" enters it" : "\"exit\" leaves server mode");
	return false;
}

void cmu_set_mode(struct cmu *cmu, int current)
{
	cmu->current = current;
	if (current < 0)
		snprintf(cmu->prompt, sizeof(cmu->prompt), "aws-cloudhsm>");
	else
		snprintf(cmu->prompt, sizeof(cmu->prompt), "server%d>", current);
}

static int open_server(struct cmu_server *s)
{
	int rc = hsm_open(s->hostname, &s->hsm);

	if (!rc)
		rc = hsm_session_open(s->hsm, &s->session, NULL);
	if (rc) {
		hsm_close(s->hsm);
		s->hsm = NULL;
	}
	return rc;
}

static bool connect_server(struct cmu_server *s)
{
	int rc;

	printf("\nConnecting to server '%s': hostname '%s', port %u...\n", s->name, s->hostname,
	       s->port);
	rc = open_server(s);
	if (rc)
		printf("Connection to server '%s' failed: %s\n", s->name, hsm_strerror(rc));
	else
		printf("Connected to server '%s': hostname '%s', port %u.\n", s->name, s->hostname,
		       s->port);
	return !rc;
}

int cmu_connect(void *ctx)
{
	struct cmu *cmu = ctx;
	bool any = false;

	for (unsigned int i = 0; cmu->connected && i < cmu->n; i++)
		any = any || cmu->servers[i].hsm;
	if (cmu->connected)
		return any ? CLI_OK : CLI_NO_CARD;
	cmu->connected = true;
	printf("Connecting to the server(s), it may take time\n"
	       "depending on the server(s) load, please wait...\n");
	for (unsigned int i = 0; i < cmu->n; i++)
		any = connect_server(&cmu->servers[i]) || any;
	printf("\n");
	return any ? CLI_OK : CLI_NO_CARD;
}

void cmu_disconnect(struct cmu *cmu)
{
	for (unsigned int i = 0; i < cmu->n; i++) {
		struct cmu_server *s = &cmu->servers[i];

		if (s->hsm)
			hsm_session_close(s->hsm, s->session, NULL);
		hsm_close(s->hsm);
		s->hsm = NULL;
	}
}

/* A card that does not tell is taken for one on its own: it is asked itself, then. */
void cmu_clusters(struct cmu *cmu)
{
	for (struct cmu_server *s = cmu_next(cmu, NULL); s; s = cmu_next(cmu, s)) {
		struct hsm_membership m = { 0 };

		hsm_cluster_info(s->hsm, &m, NULL);
		memcpy(s->cluster, m.id, sizeof(s->cluster));
		s->node = m.members[0].node;
	}
}

bool cmu_same_cluster(const struct cmu_server *a, const struct cmu_server *b)
{
	static const uint8_t none[sizeof(a->cluster)];

	return memcmp(a->cluster, none, sizeof(none)) != 0 &&
	       !memcmp(a->cluster, b->cluster, sizeof(none));
}
