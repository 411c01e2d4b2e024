// SPDX-License-Identifier: GPL-2.0-or-later
/* members.c - the cluster of a card as both tools print it. */
#include <stdio.h>

#include "members.h"

static const char *const states[] = {
	[HSM_MEMBERSHIP_NONE] = "none", [HSM_MEMBERSHIP_JOINING] = "joining",
	[HSM_MEMBERSHIP_ONLINE] = "online", [HSM_MEMBERSHIP_AWAY] = "away",
	[HSM_MEMBERSHIP_REFUSED] = "refused",
};

static const char *state_name(uint32_t state)
{
	return state < sizeof(states) / sizeof(states[0]) ? states[state] : "unknown";
}

static void print_member(const struct hsm_member_info *m)
{
	printf("%-8u%-23s %-23s %-8s%-12llu%s\n", m->node, m->serial,
	       *m->address ? m->address : "-", m->flags & HSM_MEMBER_F_LIVE ? "live" : "gone",
	       (unsigned long long)m->position, hsm_status_text(m->status));
}

void members_print(const struct hsm_membership *m)
{
	if (m->mode == HSM_CLUSTER_SOLO)
		return;
	printf("\nCluster ");
	for (size_t i = 0; i < sizeof(m->id); i++)
		printf("%02x", m->id[i]);
	printf(": %s, %u of %u members live, at change %llu\n", state_name(m->state), m->live,
	       m->known, (unsigned long long)m->position);
	if (*m->reason)
		printf("%s\n", m->reason);
	printf("Node    Serial                  Address                 State   Change      "
	       "Status\n");
	for (uint32_t i = 0; i < m->n; i++)
		print_member(&m->members[i]);
}
