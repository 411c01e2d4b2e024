/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_user.h - what the commands that make users share (cmd_user.c). */
#ifndef HSM_CMD_USER_H
#define HSM_CMD_USER_H

#include "change.h"

/*
 * For the prepare() of a change that brings a user: reserves the one in @ch->secret in the
 * table, with a token of the quorum if one is needed. Its name, id and key are not taken.
 */
int user_reserve(struct change *ch);

#endif /* HSM_CMD_USER_H */
