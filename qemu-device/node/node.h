/* SPDX-License-Identifier: GPL-2.0-or-later */
/* node.h - the parts of hsm-node. */
#ifndef HSM_NODE_H
#define HSM_NODE_H

#include <stddef.h>

#include "options.h"

#define NODE_ERR_MAX	512

/* Takes member o->forget off the cluster's list. Exit status; says what happened. */
int node_forget(const struct options *o);

/*
 * The secret that opens o->store: of a file, or of the key file beside the store, which is
 * made if neither is there. *@secret is the caller's, to be wiped and freed. False with a line
 * in @err.
 */
bool node_secret(const struct options *o, unsigned char **secret, size_t *len, char *err,
		 size_t err_len);

#endif /* HSM_NODE_H */
