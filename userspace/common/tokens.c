// SPDX-License-Identifier: GPL-2.0-or-later
/* tokens.c - the documented lines of quorum tokens. */
#include <stdio.h>

#include "tokens.h"

#define KEY_SERVICES \
	{ HSM_SERVICE_KEY_USE, "KEY_USE" }, \
	{ HSM_SERVICE_KEY_MGMT, "KEY_MGMT" }
#define OFFICER_SERVICES \
	{ HSM_SERVICE_USER_MGMT, "USER_MGMT" }, \
	{ HSM_SERVICE_MISC_CO, "MISC_CO" }

const struct cli_choice token_services[] = { KEY_SERVICES, OFFICER_SERVICES, { 0, NULL } };
const struct cli_choice token_key_services[] = { KEY_SERVICES, { 0, NULL } };
const struct cli_choice token_officer_services[] = { OFFICER_SERVICES, { 0, NULL } };

void token_print(const struct hsm_quorum *q)
{
	printf("Token:\nId:%u\nService:%u\nNode:%u\nKey Handle:%llu\nUser:%s\n", q->id, q->service,
	       q->node, (unsigned long long)q->handle, q->user_name);
}

void token_print_list(const struct hsm_quorum *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct hsm_quorum *q = &list[i];

		printf("-------- Token - %zu ----------\n", i);
		token_print(q);
		printf("Token Validity: %u sec\n", q->valid_s);
		printf("Required num of approvers : %u\n", q->m_value);
		printf("Current num of approvals : %u\n", q->approvals);
		for (uint32_t k = 0; k < q->approvals && k < HSM_M_VALUE_MAX; k++)
			printf("Approver-%u: %s\n", k, q->approver[k]);
	}
	printf("Num of tokens = %zu\n", n);
}

static bool of_keys(uint32_t service)
{
	return service == HSM_SERVICE_KEY_USE || service == HSM_SERVICE_KEY_MGMT;
}

bool token_check_handle(struct cli_args *a, const char *service_opt, const char *handle_opt)
{
	const uint32_t service = cli_u32(a, service_opt, 0);

	if (of_keys(service) == cli_has(a, handle_opt))
		return true;
	snprintf(a->error, sizeof(a->error), of_keys(service) ?
		 "Service %u is about a key: its handle (%s) is missing." :
		 "Service %u is about no key: a handle (%s) is not for it.", service, handle_opt);
	return false;
}
