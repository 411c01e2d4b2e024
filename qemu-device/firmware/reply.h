/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reply.h - values of a reply whose length is known only once they are made: written
 * straight into the reply, where there is room for the longest they can be.
 */
#ifndef HSM_REPLY_H
#define HSM_REPLY_H

#include "call.h"

/*
 * Space for at most @room bytes under @tag; 0, or the CALL_FW() to return if the reply
 * does not hold that and @after bytes of TLVs that come behind. With @tag 0 there is no
 * value, and @room is 0.
 */
int reply_begin(struct call *c, uint32_t tag, size_t room, size_t after, uint8_t **value);

/*
 * Of the @room bytes at @value keeps the first @len and wipes the others. On an error
 * @len is 0: nothing of a half-made value stays in the buffer.
 */
void reply_end(struct call *c, uint8_t *value, size_t room, size_t len);

#endif /* HSM_REPLY_H */
