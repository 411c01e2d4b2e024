// SPDX-License-Identifier: GPL-2.0-or-later
/* etcd_open.c - a member of a cluster whose records are in etcd. */
#include <stdio.h>

#include "cluster.h"
#include "kv.h"

struct cluster *cluster_etcd_open(const char *path, char *err, size_t err_len)
{
	struct kv *kv = kv_etcd_open(path, err, err_len);
	struct cluster *cl = kv ? member_open(kv) : NULL;

	if (kv && !cl)
		snprintf(err, err_len, "%s: out of memory", path);
	return cl;
}
