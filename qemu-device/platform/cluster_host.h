/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cluster_host.h - what hosts of cards share: the word of an operator about a cluster. */
#ifndef HSM_PLATFORM_CLUSTER_HOST_H
#define HSM_PLATFORM_CLUSTER_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cluster.h"
#include "fw.h"

/* Enough for every line of posix_cluster_open() and posix_cluster_wait(). */
#define POSIX_CLUSTER_ERR_MAX	512

/*
 * @word: "none", "leave" (which sets *@leave: the card's store is to forget its cluster),
 * "group", "group:NAME" or "etcd:FILE". *@cl is NULL for the first two. False with a line in
 * @err.
 */
bool posix_cluster_open(const char *word, struct cluster **cl, bool *leave, char *err,
			size_t err_len);
/* NULL is fine. After fw_free(). */
void posix_cluster_close(struct cluster *cl);

/*
 * Looks whether @address, NULL or what fw_config takes, is one. False with a line in @err.
 */
bool posix_address_check(const char *address, char *err, size_t err_len);

/*
 * Waits while the card is HSM_MEMBERSHIP_JOINING, @ms at most, and returns what it is then,
 * with the reason in @why.
 */
uint32_t posix_cluster_wait(struct fw *fw, unsigned int ms, char *why, size_t why_len);

#endif /* HSM_PLATFORM_CLUSTER_HOST_H */
