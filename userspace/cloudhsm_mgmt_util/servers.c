// SPDX-License-Identifier: GPL-2.0-or-later
/* servers.c - the connections, and running a command on each of them. */
#include <stdio.h>
#include <string.h>

#include "ask.h"
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

/* Statuses whose text does not tell which argument is meant. */
static bool is_vague(int status)
{
	return status == HSM_RV_INVALID_INPUT || status == HSM_RV_BAD_PKCS_DATA ||
	       status == HSM_RV_BAD_ATTRIBUTE;
}

/* Which of several arguments the card means; a password is named, not shown. */
static void print_blame(const struct cli_args *a, const struct hsm_result *res)
{
	const struct cli_opt *o = a && is_vague(res->rc) ? cli_opt_by_tag(a->cmd, res->bad_tag) : NULL;
	const struct cli_value *v = o ? cli_get(a, o->name) : NULL;

	if (v && o->kind != CLI_SECRET && o->kind != CLI_FLAG)
		printf("Error: the card refused %s (%s): %s\n", o->what, o->name, v->text);
	else if (o)
		printf("Error: the card refused %s (%s)\n", o->what, o->name);
}

int cmu_failed(const struct cmu_job *job, const struct cmu_server *s,
	       const struct hsm_result *res)
{
	if (res->rc != CMU_TOLD) {
		printf("%s failed: %s\n", job->op, hsm_strerror(res->rc));
		print_blame(job->args, res);
	}
	if (job->failing)
		printf("%s on server %u(%s) failed\n", job->failing, s->index, s->name);
	else
		printf("%s failed on server %u(%s)\n", job->op, s->index, s->name);
	return res->rc < 0 && res->rc != CMU_TOLD ? CLI_NO_CARD : CLI_FAILED;
}

/* Undoes the job on the servers before @end, the last one first. */
static int roll_back(struct cmu *cmu, const struct cmu_job *job, const struct cmu_server *end,
		     const bool *done)
{
	int rc = CLI_OK;

	for (unsigned int i = end->index; i-- > 0;) {
		struct hsm_result res = { 0 };
		struct cmu_server *s = &cmu->servers[i];

		if (!done[i])
			continue;
		res.rc = job->undo(s, job->arg, &res);
		if (res.rc)
			rc = cmu_failed(job, s, &res);
		else
			printf("%s rolled back on server %u(%s)\n", job->op, s->index, s->name);
	}
	return rc;
}

/* *rc: what became of it. Returns what to do next: retry, ignore (go on), abort, roll back. */
static int on_server(struct cmu *cmu, const struct cmu_job *job, struct cmu_server *s, int *rc)
{
	struct hsm_result res = { 0 };

	res.rc = job->run(s, job->arg, &res);
	*rc = CLI_OK;
	if (!res.rc) {
		if (!(job->flags & CMU_QUIET))
			printf("%s success on server %u(%s)\n", job->op, s->index, s->name);
		return ASK_IGNORE;
	}
	*rc = cmu_failed(job, s, &res);
	if (job->flags & CMU_NO_ASK)
		return ASK_IGNORE;
	return cmu_ask(cmu, job->flags & CMU_ROLLBACK ? ASK_RBI : ASK_RIA);
}

int cmu_each(struct cmu *cmu, const struct cmu_job *job)
{
	bool done[CMU_SERVERS_MAX] = { false };
	int first = CLI_OK, rc, next;

	for (struct cmu_server *s = cmu_next(cmu, NULL); s; s = cmu_next(cmu, s)) {
		do {
			next = on_server(cmu, job, s, &rc);
		} while (next == ASK_RETRY);
		done[s->index] = !rc;
		first = first ? first : rc;
		if (next == ASK_ROLL_BACK)
			roll_back(cmu, job, s, done);
		if (next != ASK_IGNORE)
			break;
	}
	return first;
}
