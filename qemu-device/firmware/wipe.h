/* SPDX-License-Identifier: GPL-2.0-or-later */
/* wipe.h - a card that destroys what it keeps, and is a fresh one (fw_int.h has the gate). */
#ifndef HSM_WIPE_H
#define HSM_WIPE_H

#include "call.h"

/*
 * Shuts the gate behind @c, which may zeroize the card: when the last call is out it is
 * wiped, and @c answered. Returns CALL_ASYNC, or the status of a refusal.
 */
int wipe_zeroize(struct call *c);

#endif /* HSM_WIPE_H */
