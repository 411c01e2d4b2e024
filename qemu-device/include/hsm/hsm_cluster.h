/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * hsm_cluster.h - part of the message ABI: what CLUSTER_INFO tells. Included by hsm_cmd.h;
 * the words are in qemu-device/docs/hsm-firmware.rst, "Cluster". Little-endian.
 */
#ifndef HSM_CLUSTER_ABI_H
#define HSM_CLUSTER_ABI_H

#include <linux/types.h>

#define HSM_CLUSTER_SOLO	0	/* a card on its own */
#define HSM_CLUSTER_GROUP	1	/* cards of one machine */
#define HSM_CLUSTER_ETCD	2

#define HSM_MEMBERSHIP_NONE	0	/* solo */
#define HSM_MEMBERSHIP_JOINING	1
#define HSM_MEMBERSHIP_ONLINE	2
#define HSM_MEMBERSHIP_AWAY	3	/* the cluster cannot be reached: nothing can be changed */
#define HSM_MEMBERSHIP_REFUSED	4	/* reason tells why */

struct hsm_cluster_info {
	__u8	id[16];		/* of the cluster; zero: none yet */
	__le32	mode;		/* HSM_CLUSTER_* */
	__le32	state;		/* HSM_MEMBERSHIP_* of this card */
	__le64	position;	/* number of the last change that this card has on its disk */
	__le32	members;	/* known ones, this card among them */
	__le32	live;		/* of those, that hold their lease */
	__u8	reason[128];	/* zero-terminated; empty: all is well */
};

struct hsm_member {
	__le32	node;
	__le32	status;		/* HSM_RV_*: SUCCESS, CLUSTER_UNAVAILABLE (no lease), STORE_FAILED */
	__le64	position;	/* of its last word; see hsm_cluster_info */
	__u8	serial[32];	/* this and the next: zero-terminated */
	__u8	address[64];	/* as its operator gave it; empty: none */
	__le32	flags;		/* HSM_MEMBER_F_* */
	__le32	reserved;
};

#define HSM_MEMBER_F_LIVE	0x1
#define HSM_MEMBER_F_SELF	0x2

_Static_assert(sizeof(struct hsm_cluster_info) == 168, "cluster info");
_Static_assert(__builtin_offsetof(struct hsm_cluster_info, position) == 24, "cluster position");
_Static_assert(sizeof(struct hsm_member) == 120, "member");
_Static_assert(__builtin_offsetof(struct hsm_member, address) == 48, "member, address");

#endif /* HSM_CLUSTER_ABI_H */
