// SPDX-License-Identifier: GPL-2.0-or-later
/* fake_card.c - a card that records one request and answers with given bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <endian.h>
#include <errno.h>

#include "fake_card.h"

struct fake_card card;


static int card_exec(void *conn, const void *in, size_t in_len, void *out, size_t *out_len,
		     uint32_t timeout_ms, uint64_t cookie)
{
	size_t room = *out_len;

	(void)conn;
	assert_true(cookie);
	card.calls++;
	card.timeout_ms = timeout_ms;
	memcpy(card.req, in, in_len);
	card.req_len = in_len;
	if (card.rc)
		return card.rc;
	if (card.answer)
		card.answer();
	*out_len = card.rep_len;
	if (card.rep_len > room)
		return card.honest_room ? -ENOSPC : 0;
	if (card.echo_opcode)
		memcpy(card.rep, in, 2);
	memcpy(out, card.rep, card.rep_len);
	return 0;
}

static int card_cancel(void *conn, uint64_t cookie)
{
	(void)conn;
	(void)cookie;
	card.cancels++;
	return -ENOENT;
}

static void card_close(void *conn)
{
	(void)conn;
}

static const struct hsm_conn_ops ops = {
	.exec = card_exec, .cancel = card_cancel, .close = card_close,
};

struct hsm *h;
struct hsm_result res;

void rep_begin(uint16_t opcode, uint32_t status)
{
	struct hsm_msg_rep head = { htole16(opcode), 0, 0, htole32(status), 0 };

	memcpy(card.rep, &head, sizeof(head));
	card.rep_len = sizeof(head);
}

void rep_tlv(uint32_t tag, const void *value, size_t len)
{
	struct hsm_tlv tlv = { htole32(tag), htole32((uint32_t)len) };

	memcpy(card.rep + card.rep_len, &tlv, sizeof(tlv));
	memcpy(card.rep + card.rep_len + sizeof(tlv), value, len);
	card.rep_len += sizeof(tlv) + len;
}

void rep_u32(uint32_t tag, uint32_t v)
{
	v = htole32(v);
	rep_tlv(tag, &v, sizeof(v));
}

void rep_u64(uint32_t tag, uint64_t v)
{
	v = htole64(v);
	rep_tlv(tag, &v, sizeof(v));
}

void rep_node(uint32_t id, uint32_t status)
{
	struct hsm_node_status n = { htole32(id), htole32(status) };

	rep_tlv(HSM_TAG_NODE, &n, sizeof(n));
}

void rep_end(void)
{
	uint32_t len = htole32((uint32_t)card.rep_len);

	memcpy(card.rep + 4, &len, sizeof(len));
}

const uint8_t *req_tlv(uint32_t tag, size_t *len)
{
	const uint8_t *found = NULL;
	struct hsm_tlv tlv;

	for (size_t at = sizeof(struct hsm_msg_req); at < card.req_len; at += le32toh(tlv.len)) {
		memcpy(&tlv, card.req + at, sizeof(tlv));
		at += sizeof(tlv);
		assert_true(le32toh(tlv.len) <= card.req_len - at);
		if (le32toh(tlv.tag) != tag)
			continue;
		assert_null(found);
		found = card.req + at;
		*len = le32toh(tlv.len);
	}
	return found;
}

uint32_t req_u32(uint32_t tag)
{
	size_t len = 0;
	const uint8_t *p = req_tlv(tag, &len);
	uint32_t v;

	assert_non_null(p);
	assert_int_equal(len, sizeof(v));
	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

uint16_t req_opcode(void)
{
	return (uint16_t)(card.req[0] | card.req[1] << 8);
}

int fake_setup(void **state)
{
	(void)state;
	memset(&card, 0, sizeof(card));
	card.honest_room = true;
	return hsm_open_conn(&ops, NULL, &h);
}

int fake_teardown(void **state)
{
	(void)state;
	hsm_close(h);
	return 0;
}

int gen_sym(uint64_t *handle)
{
	const uint32_t users[] = { 4, 5 };
	const struct hsm_attr attrs[] = { { HSM_ATTR_LABEL, 3, "lab" } };
	const struct hsm_key_spec spec = {
		.attrs = attrs, .n_attrs = 1, .users = users, .n_users = 2, .min_srv = 1,
	};

	return hsm_key_gen_sym(h, 0x01020304, &spec, handle, &res);
}
