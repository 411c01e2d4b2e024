// SPDX-License-Identifier: GPL-2.0-or-later
/* sim_call.c - requests to a firmware and their replies. */
#include "sim_call.h"

#include <string.h>

void call_begin(struct call_msg *m, uint16_t opcode, uint32_t session)
{
	memset(&m->req, 0, sizeof(m->req));
	memset(m->in, 0, CALL_HEAD);
	put_le16(m->in, opcode);
	put_le32(m->in + 8, session);
	m->len = CALL_HEAD;
	m->on_done = NULL;
	m->status = NO_STATUS;
	atomic_store(&m->done, false);
}

void call_add(struct call_msg *m, uint32_t tag, const void *p, size_t len)
{
	put_le32(m->in + m->len, tag);
	put_le32(m->in + m->len + 4, (uint32_t)len);
	memcpy(m->in + m->len + 8, p, len);
	m->len += 8 + len;
}

void call_add_u8(struct call_msg *m, uint32_t tag, uint8_t v)
{
	call_add(m, tag, &v, 1);
}

void call_add_u32(struct call_msg *m, uint32_t tag, uint32_t v)
{
	uint8_t b[4];

	put_le32(b, v);
	call_add(m, tag, b, 4);
}

void call_add_u64(struct call_msg *m, uint32_t tag, uint64_t v)
{
	uint8_t b[8];

	put_le64(b, v);
	call_add(m, tag, b, 8);
}

void call_add_text(struct call_msg *m, uint32_t tag, const char *text)
{
	call_add(m, tag, text, strlen(text));
}

static void done(struct fw_req *req, enum fw_result result)
{
	struct call_msg *m = (struct call_msg *)req;

	m->result = result;
	m->status = result == FW_OK ? get_le32(m->out + 8) : NO_STATUS;
	atomic_store(&m->done, true);
	if (m->on_done)
		m->on_done(m);
}

void call_send(struct fw *fw, uint32_t ctx, struct call_msg *m, uint64_t deadline_ms)
{
	put_le32(m->in + 4, (uint32_t)m->len);
	m->req.ctx = ctx;
	m->req.rights = 0x1f;
	m->req.in = m->in;
	m->req.in_len = m->len;
	m->req.out = m->out;
	m->req.out_room = sizeof(m->out);
	m->req.deadline_ms = deadline_ms;
	m->req.done = done;
	fw_exec(fw, &m->req);
}

bool call_find(const struct call_msg *m, uint32_t tag, struct tlv *t)
{
	struct tlv_reader r;

	if (m->result != FW_OK)
		return false;
	tlv_read_init(&r, m->out + CALL_HEAD, m->req.out_len - CALL_HEAD);
	return tlv_next_tag(&r, tag, t);
}

uint32_t call_reply_u32(const struct call_msg *m, uint32_t tag)
{
	struct tlv t;

	return call_find(m, tag, &t) && t.len == 4 ? get_le32(t.p) : 0;
}

uint64_t call_reply_u64(const struct call_msg *m, uint32_t tag)
{
	struct tlv t;

	return call_find(m, tag, &t) && t.len == 8 ? get_le64(t.p) : 0;
}

size_t call_nodes(const struct call_msg *m, struct hsm_node_status v[HSM_MEMBERS_MAX])
{
	struct tlv_reader r;
	struct tlv t;
	size_t n = 0;

	if (m->result != FW_OK)
		return 0;
	tlv_read_init(&r, m->out + CALL_HEAD, m->req.out_len - CALL_HEAD);
	while (n < HSM_MEMBERS_MAX && tlv_next_tag(&r, HSM_TAG_NODE, &t))
		v[n++] = (struct hsm_node_status){ get_le32(t.p), get_le32(t.p + 4) };
	return n;
}

void call_user(struct call_msg *m, uint16_t opcode, uint32_t session, uint32_t type,
	       const char *name, const char *pw)
{
	call_begin(m, opcode, session);
	call_add_u32(m, HSM_TAG_USER_TYPE, type);
	call_add_text(m, HSM_TAG_USER_NAME, name);
	if (pw)
		call_add_text(m, HSM_TAG_PASSWORD, pw);
}

void call_aes(struct call_msg *m, uint32_t session, const char *label, const char *id)
{
	call_begin(m, HSM_CMD_KEY_GEN_SYM, session);
	call_add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
	call_add_u32(m, HSM_ATTR_VALUE_LEN, 32);
	call_add_text(m, HSM_ATTR_LABEL, label);
	if (id)
		call_add_text(m, HSM_ATTR_ID, id);
}

void call_ec(struct call_msg *m, uint32_t session, const char *label, const char *id)
{
	call_begin(m, HSM_CMD_KEY_GEN_PAIR, session);
	call_add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_EC);
	call_add_u32(m, HSM_TAG_CURVE, HSM_CURVE_PRIME256V1);
	call_add_text(m, HSM_ATTR_LABEL, label);
	if (id)
		call_add_text(m, HSM_ATTR_ID, id);
}

void call_handle(struct call_msg *m, uint16_t opcode, uint32_t session, uint64_t handle)
{
	call_begin(m, opcode, session);
	call_add_u64(m, HSM_TAG_HANDLE, handle);
}
