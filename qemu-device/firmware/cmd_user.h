/* SPDX-License-Identifier: GPL-2.0-or-later */
/* cmd_user.h - what the commands that make users share (cmd_user.c). */
#ifndef HSM_CMD_USER_H
#define HSM_CMD_USER_H

#include "change.h"

/*
 * The user in @ch->secret comes: reserves it in the table, with a token of the quorum if one is
 * needed, and makes @ch the change that brings it. Its name, id and key are not taken;
 * fw.lock held for writing. On an error: quorum_end() and change_free().
 */
int user_reserve(struct change *ch);

#endif /* HSM_CMD_USER_H */
