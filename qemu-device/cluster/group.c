// SPDX-License-Identifier: GPL-2.0-or-later
/* group.c - the engine for the cards of one process: the members' protocol over memory. */
#include "cluster.h"
#include "kv.h"

struct cluster *cluster_group_open(const char *name)
{
	struct kv *kv = kv_mem_open(name);

	return kv ? member_open(kv) : NULL;
}
