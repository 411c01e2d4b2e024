// SPDX-License-Identifier: GPL-2.0-or-later
/* output.c - the lines that every command ends with, in the vendor's forms. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "kmu.h"

/*
 * A broken connection has one code of its own, a command that was canceled another; the
 * reason goes on the next line.
 */
static uint32_t result_code(const struct hsm_result *res)
{
	if (res->rc == -ECANCELED)
		return HSM_RV_CLUSTER_INCOMPLETE;
	return res->rc < 0 ? HSM_RV_DAEMON_SOCKET : (uint32_t)res->rc;
}

void out_line(const char *name, const struct hsm_result *res)
{
	uint32_t code = result_code(res);

	printf("\n%s returned: 0x%02x : %s\n", name, code, hsm_status_text(code));
	if (res->rc < 0)
		printf("\t%s\n", hsm_strerror(res->rc));
}

void out_returned(const char *op, const struct hsm_result *res)
{
	char name[64];

	snprintf(name, sizeof(name), "\tCfm3%s", op);
	out_line(name, res);
}

static int by_id(const void *a, const void *b)
{
	const uint32_t x = ((const struct hsm_node *)a)->id, y = ((const struct hsm_node *)b)->id;

	return (x > y) - (x < y);
}

void out_nodes(const struct kmu *kmu, enum out_form form, const struct hsm_result *res)
{
	static const char *const heading[] = {
		[OUT_OLD] = "Cluster Error Status", [OUT_NEW] = "Cluster Status:",
	};
	static const char *const word[] = { [OUT_OLD] = "and err state", [OUT_NEW] = "status:" };

	struct hsm_result in_order = *res;
	const struct hsm_node *nodes = in_order.nodes;

	if (kmu->classic)
		form = OUT_OLD;
	if (!res->n_nodes)
		return;
	if (kmu->classic)
		qsort(in_order.nodes, res->n_nodes, sizeof(*nodes), by_id);
	printf("\n\t%s\n", heading[form]);
	for (uint32_t i = 0; i < res->n_nodes; i++)
		printf("\tNode id %u %s 0x%08x : %s\n", nodes[i].id, word[form],
		       nodes[i].status, hsm_status_text(nodes[i].status));
}

/* Refusals under FIPS have a documented form without this line. */
static void out_blame(const struct cli_args *a, const struct hsm_result *res)
{
	const struct cli_opt *o = cli_opt_by_tag(a->cmd, res->bad_tag);
	const struct cli_value *v = o ? cli_get(a, o->name) : NULL;

	if (!v || res->rc == HSM_RV_FIPS_VIOLATION)
		return;
	if (res->rc == HSM_RV_NOT_AVAILABLE)
		printf("\n\tError: not available on this card yet: %s\n", o->name);
	else
		printf("\n\tError: the card refused %s (%s): %s\n", o->what, o->name,
		       o->kind == CLI_FLAG ? "set" : v->text);
}

int out_refused(const struct kmu *kmu, const struct cli_args *a, const char *name,
		const struct hsm_result *res)
{
	out_line(name, res);
	out_nodes(kmu, OUT_OLD, res);
	out_blame(a, res);
	return res->rc < 0 && res->rc != -ECANCELED ? CLI_NO_CARD : CLI_FAILED;
}

int out_failed(const struct kmu *kmu, const struct cli_args *a, const char *op,
	       const struct hsm_result *res)
{
	char name[64];

	snprintf(name, sizeof(name), "\tCfm3%s", op);
	return out_refused(kmu, a, name, res);
}

int out_done(const struct kmu *kmu, const struct cli_args *a, const char *op,
	     const struct hsm_result *res)
{
	if (res->rc)
		return out_failed(kmu, a, op, res);
	out_returned(op, res);
	out_nodes(kmu, OUT_OLD, res);
	return CLI_OK;
}

void out_constants(const struct cli_choice *list)
{
	for (const struct cli_choice *c = list; c->name; c++)
		printf("      %-32s= %u\n", c->name, c->number);
}
