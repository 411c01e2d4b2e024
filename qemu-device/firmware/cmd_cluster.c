// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_cluster.c - CLUSTER_INFO: the cluster and its members, as this card knows them. */
#include <string.h>

#include "call.h"
#include "members.h"
#include "replica.h"

#define INFO_LEN	sizeof(struct hsm_cluster_info)
#define MEMBER_LEN	sizeof(struct hsm_member)

static uint32_t count_live(const struct hsm_member *list, size_t n)
{
	uint32_t live = 0;
	size_t i;

	for (i = 0; i < n; i++)
		live += get_le32((const uint8_t *)&list[i].flags) & HSM_MEMBER_F_LIVE ? 1 : 0;
	return live;
}

int cmd_cluster_info(struct call *c)
{
	struct hsm_member list[HSM_MEMBERS_MAX];
	struct hsm_cluster_info info = { 0 };
	size_t n = members_list(c->fw, list), i;
	int rc = call_room(c, TLV_HEAD + INFO_LEN + n * (TLV_HEAD + MEMBER_LEN));

	if (rc)
		return rc;
	replica_cluster(c->fw, &info);
	put_le32((uint8_t *)&info.members, (uint32_t)n);
	put_le32((uint8_t *)&info.live, count_live(list, n));
	tlv_put(&c->out, HSM_TAG_CLUSTER, &info, INFO_LEN);
	for (i = 0; i < n; i++)
		tlv_put(&c->out, HSM_TAG_MEMBER, &list[i], MEMBER_LEN);
	return HSM_RV_SUCCESS;
}
