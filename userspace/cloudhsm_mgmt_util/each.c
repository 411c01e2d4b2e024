// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * each.c - running a command on each server. What the members of a cluster share is changed
 * by one of them, the first that can; its reply tells what became of it on the others.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "ask.h"
#include "cmu.h"

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
	return res->rc < 0 && res->rc != CMU_TOLD && res->rc != -ECANCELED ? CLI_NO_CARD :
	       CLI_FAILED;
}

/* One run over the servers. */
struct pass {
	struct cmu *cmu;
	const struct cmu_job *job;
	struct cmu_server *by[CMU_SERVERS_MAX];	/* who did it for this server; NULL: nobody */
	struct hsm_result got[CMU_SERVERS_MAX];	/* of those that were asked */
};

/* Undoes the job on the servers before @end that did it, the last one first. */
static int roll_back(struct pass *p, const struct cmu_server *end)
{
	int rc = CLI_OK;

	for (unsigned int i = end->index + 1; i-- > 0;) {
		struct hsm_result res = { 0 };
		struct cmu_server *s = &p->cmu->servers[i];

		if (p->by[i] != s)
			continue;
		res.rc = p->job->undo(s, p->job->arg, &res);
		if (res.rc)
			rc = cmu_failed(p->job, s, &res);
		else
			printf("%s rolled back on server %u(%s)\n", p->job->op, s->index, s->name);
	}
	return rc;
}

/* The member of the cluster of @s that has made the change already, or NULL. */
static struct cmu_server *doer(const struct pass *p, const struct cmu_server *s)
{
	for (unsigned int i = 0; p->job->flags & CMU_CHANGE && i < s->index; i++)
		if (p->by[i] == &p->cmu->servers[i] && cmu_same_cluster(p->by[i], s))
			return p->by[i];
	return NULL;
}

/* What the reply that @by got says of the node of @s; silence is no success. */
static int told(const struct pass *p, const struct cmu_server *by, const struct cmu_server *s)
{
	const struct hsm_result *res = &p->got[by->index];

	for (uint32_t i = 0; i < res->n_nodes; i++)
		if (res->nodes[i].id == s->node)
			return res->nodes[i].status > INT_MAX ? HSM_RV_CLUSTER_UNAVAILABLE :
			       (int)res->nodes[i].status;
	return HSM_RV_CLUSTER_UNAVAILABLE;
}

/* Whether @s has meanwhile come as far as @by is. */
static int look_again(const struct cmu_server *by, const struct cmu_server *s)
{
	struct hsm_membership m = { 0 };

	if (hsm_cluster_info(by->hsm, &m, NULL))
		return HSM_RV_CLUSTER_UNAVAILABLE;
	for (uint32_t i = 0; i < m.n; i++) {
		const struct hsm_member_info *one = &m.members[i];

		if (one->node == s->node && one->flags & HSM_MEMBER_F_LIVE &&
		    one->position >= m.position && one->status <= INT_MAX)
			return (int)one->status;
	}
	return HSM_RV_CLUSTER_UNAVAILABLE;
}

/* Does it on @s, or finds out what has become of it there. */
static int run_on(struct pass *p, struct cmu_server *s, bool again, struct hsm_result *res)
{
	struct cmu_server *by = doer(p, s);
	int rc;

	*res = (struct hsm_result){ .bad_tag = HSM_NO_TAG };
	if (!by) {
		rc = p->job->run(s, p->job->arg, res);
		p->got[s->index] = *res;
		p->by[s->index] = rc ? NULL : s;
		return rc;
	}
	rc = again ? look_again(by, s) : told(p, by, s);
	p->by[s->index] = rc ? NULL : by;
	if (!rc && p->job->tell)
		p->job->tell(s, p->job->arg);
	return rc;
}

/* *rc: what became of it. Returns what to do next: retry, ignore (go on), abort, roll back. */
static int on_server(struct pass *p, struct cmu_server *s, bool again, int *rc)
{
	const struct cmu_job *job = p->job;
	struct hsm_result res;

	res.rc = run_on(p, s, again, &res);
	*rc = CLI_OK;
	if (!res.rc) {
		if (!(job->flags & CMU_QUIET))
			printf("%s success on server %u(%s)\n", job->op, s->index, s->name);
		return ASK_IGNORE;
	}
	*rc = cmu_failed(job, s, &res);
	if (job->flags & CMU_NO_ASK)
		return ASK_IGNORE;
	return (int)cmu_ask(p->cmu, job->flags & CMU_ROLLBACK ? ASK_RBI : ASK_RIA);
}

int cmu_each(struct cmu *cmu, const struct cmu_job *job)
{
	struct pass p = { .cmu = cmu, .job = job };
	int first = CLI_OK, rc, next;

	if (job->flags & CMU_CHANGE && cmu_count(cmu) > 1)
		cmu_clusters(cmu);
	for (struct cmu_server *s = cmu_next(cmu, NULL); s; s = cmu_next(cmu, s)) {
		next = on_server(&p, s, false, &rc);
		while (next == ASK_RETRY)
			next = on_server(&p, s, true, &rc);
		first = first ? first : rc;
		if (next == ASK_ROLL_BACK)
			roll_back(&p, s);
		if (next != ASK_IGNORE)
			break;
	}
	return first;
}
