// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_cert.c - CERT. */
#include "call.h"
#include "identity.h"

int cmd_cert(struct call *c)
{
	struct bytes der;
	int rc;

	if (!c->fw->identity)
		return HSM_RV_RECORD_DAMAGED;
	der = identity_cert(c->fw->identity, call_u32(c, HSM_TAG_CERT, 0));
	if (!der.len)
		return call_bad(c, HSM_TAG_CERT, HSM_RV_INVALID_INPUT);
	rc = call_room(c, TLV_HEAD + der.len);
	if (!rc)
		tlv_put(&c->out, HSM_TAG_DATA, der.p, der.len);
	return rc;
}
