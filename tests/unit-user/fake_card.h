/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fake_card.h - a card that records one request and answers with given bytes. */
#ifndef FAKE_CARD_H
#define FAKE_CARD_H

#include "conn.h"
#include "hsm.h"

struct fake_card {
	uint8_t req[HSM_MSG_MAX];
	size_t req_len;
	uint8_t rep[2 * HSM_MSG_MAX];
	size_t rep_len;
	int rc;
	int calls;
	int cancels;
	uint32_t timeout_ms;
	bool honest_room;	/* answers ENOSPC as a driver does */
	bool echo_opcode;	/* answers under whatever opcode was asked */
	void (*answer)(void);	/* if set: makes the reply to card.req */
};

extern struct fake_card card;
extern struct hsm *h;			/* a connection to it, between setup and teardown */
extern struct hsm_result res;

/* cmocka's setup and teardown of a test. */
int fake_setup(void **state);
int fake_teardown(void **state);

/* The reply under construction: header, TLVs, then rep_end() for the length. */
void rep_begin(uint16_t opcode, uint32_t status);
void rep_tlv(uint32_t tag, const void *value, size_t len);
void rep_u32(uint32_t tag, uint32_t v);
void rep_u64(uint32_t tag, uint64_t v);
void rep_node(uint32_t id, uint32_t status);
void rep_end(void);

/* The value of @tag in the recorded request, NULL without it; fails if it is there twice. */
const uint8_t *req_tlv(uint32_t tag, size_t *len);
uint32_t req_u32(uint32_t tag);	/* fails without it */
uint16_t req_opcode(void);

/* A key generation with label "lab", shared with 4 and 5, min_srv 1, session 0x01020304. */
int gen_sym(uint64_t *handle);

#endif /* FAKE_CARD_H */
