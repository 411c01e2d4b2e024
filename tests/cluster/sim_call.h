/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sim_call.h - requests to a firmware and their replies. */
#ifndef HSM_SIM_CALL_H
#define HSM_SIM_CALL_H

#include <stdatomic.h>

#include "fw.h"
#include "hsm/hsm_cmd.h"
#include "tlv.h"

#define CALL_HEAD	16

struct call_msg {
	struct fw_req req;	/* first: done() finds the message by it */
	uint8_t in[1024];
	size_t len;
	uint8_t out[4096];
	enum fw_result result;
	uint32_t status;	/* of a reply; else 0xffffffff */
	atomic_bool done;
	/* Called at the end, may be NULL. */
	void (*on_done)(struct call_msg *m);
	void *arg;
};

#define NO_STATUS 0xffffffffu

void call_begin(struct call_msg *m, uint16_t opcode, uint32_t session);
void call_add(struct call_msg *m, uint32_t tag, const void *p, size_t len);
void call_add_u8(struct call_msg *m, uint32_t tag, uint8_t v);
void call_add_u32(struct call_msg *m, uint32_t tag, uint32_t v);
void call_add_u64(struct call_msg *m, uint32_t tag, uint64_t v);
void call_add_text(struct call_msg *m, uint32_t tag, const char *text);
/* @deadline_ms on the card's clock, 0: none. */
void call_send(struct fw *fw, uint32_t ctx, struct call_msg *m, uint64_t deadline_ms);

bool call_find(const struct call_msg *m, uint32_t tag, struct tlv *t);
uint32_t call_reply_u32(const struct call_msg *m, uint32_t tag);
uint64_t call_reply_u64(const struct call_msg *m, uint32_t tag);
/* The reply's NODE lines; how many. */
size_t call_nodes(const struct call_msg *m, struct hsm_node_status v[HSM_MEMBERS_MAX]);

/* Whole requests. */
void call_user(struct call_msg *m, uint16_t opcode, uint32_t session, uint32_t type,
	       const char *name, const char *pw);
void call_aes(struct call_msg *m, uint32_t session, const char *label, const char *id);
void call_ec(struct call_msg *m, uint32_t session, const char *label, const char *id);
void call_handle(struct call_msg *m, uint16_t opcode, uint32_t session, uint64_t handle);

#endif /* HSM_SIM_CALL_H */
