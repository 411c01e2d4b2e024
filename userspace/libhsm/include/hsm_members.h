/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hsm_members.h - part of hsm.h: the cluster that a card belongs to, as the card sees it, and
 * the cards of this machine.
 */
#ifndef HSM_MEMBERS_H
#define HSM_MEMBERS_H

#include <hsm/hsm_cluster.h>

struct hsm_member_info {
	uint32_t node;
	uint32_t status;	/* HSM_RV_*: SUCCESS, or what is wrong with it */
	uint64_t position;	/* number of the last change that it is known to have */
	uint32_t flags;		/* HSM_MEMBER_F_* */
	char serial[32];	/* this and the next: terminated, printable */
	char address[64];	/* empty: none was given */
};

struct hsm_membership {
	uint8_t id[16];		/* of the cluster; all zero: none */
	uint32_t mode;		/* HSM_CLUSTER_* */
	uint32_t state;		/* HSM_MEMBERSHIP_* of this card */
	uint64_t position;	/* number of the last change that this card has on its disk */
	uint32_t known;		/* members, this card among them */
	uint32_t live;		/* of those, that hold their lease */
	char reason[128];	/* terminated, printable; empty: all is well */
	uint32_t n;		/* in @members: this card first, then by ascending node */
	struct hsm_member_info members[HSM_MEMBERS_MAX];
};

/* How the card stands in its cluster, and who else is in it. Needs no session. */
int hsm_cluster_info(struct hsm *h, struct hsm_membership *m, struct hsm_result *res);

/* True if both cards are members of one cluster. */
bool hsm_same_cluster(const struct hsm_membership *a, const struct hsm_membership *b);

/*
 * Puts the masked key @masked back under its own @handle on a card on which the record of that
 * handle is damaged. Another handle, or one that is whole: refused.
 */
int hsm_key_restore(struct hsm *h, uint32_t session, const void *masked, size_t len,
		    uint64_t handle, struct hsm_result *res);

/*
 * Paths of the cards of this machine, by number; *n is 0 if there is none. 0 or -errno. To be
 * given to hsm_paths_free().
 */
int hsm_paths(char ***paths, size_t *n);
void hsm_paths_free(char **paths, size_t n);

/* True once a command found the card gone or reset: open one again. */
bool hsm_lost(const struct hsm *h);

#endif /* HSM_MEMBERS_H */
