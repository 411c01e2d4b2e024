// SPDX-License-Identifier: GPL-2.0-or-later
/* reply.c - values of a reply whose length is known only once they are made. */
#include "reply.h"

#include "secmem.h"

/* Where values without a tag go: there are no bytes of them. */
static uint8_t nowhere[1];

int reply_begin(struct call *c, uint32_t tag, size_t room, size_t after, uint8_t **value)
{
	int rc;

	*value = nowhere;
	if (!tag)
		return 0;
	rc = call_room(c, TLV_HEAD + room + after);
	if (!rc)
		*value = tlv_reserve(&c->out, tag, room);
	return rc;
}

void reply_end(struct call *c, uint8_t *value, size_t room, size_t len)
{
	if (value == nowhere)
		return;
	secmem_wipe(value + len, room - len);
	put_le32(value - 4, (uint32_t)len);
	c->out.len -= room - len;
}
