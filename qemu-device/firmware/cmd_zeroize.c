// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_zeroize.c - ZEROIZE: back to how the card left the factory. */
#include "wipe.h"

int cmd_zeroize(struct call *c)
{
	int rc;

	fw_lock_read(c->fw);
	rc = call_recheck(c);
	fw_unlock(c->fw);
	return rc ? rc : wipe_zeroize(c);
}
