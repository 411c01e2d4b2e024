/* SPDX-License-Identifier: GPL-2.0-or-later */
/* members.h - the cluster of a card as both tools print it. */
#ifndef HSM_TOOL_MEMBERS_H
#define HSM_TOOL_MEMBERS_H

#include "hsm.h"

/* Cluster, state, and a line for each member; of a card on its own nothing. */
void members_print(const struct hsm_membership *m);

#endif /* HSM_TOOL_MEMBERS_H */
