// SPDX-License-Identifier: LGPL-2.1-or-later
/* msg.c - requests out, replies in. */
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "msg.h"

/* Names every command of a connection: hsm_cancel() ends them all. */
#define COOKIE		1u

uint32_t msg_get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return le32toh(v);
}

uint64_t msg_get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

int msg_put32(void *dst, const uint8_t *value, size_t len)
{
	(void)len;
	*(uint32_t *)dst = msg_get32(value);
	return 0;
}

int msg_put64(void *dst, const uint8_t *value, size_t len)
{
	(void)len;
	*(uint64_t *)dst = msg_get64(value);
	return 0;
}

/* Lists grow to the next power of two: there is room unless their length is one. */
void *list_room(void *v, size_t n, size_t size)
{
	if (n & (n - 1))
		return v;
	return reallocarray(v, n ? 2 * n : 1, size);
}

/* A tag that comes twice keeps the last value; none is lost unwiped. */
int msg_put_bytes(void *dst, const uint8_t *value, size_t len)
{
	struct hsm_bytes *b = dst;

	hsm_bytes_clear(b);
	b->p = malloc(len ? len : 1);
	if (!b->p)
		return -ENOMEM;
	if (len)
		memcpy(b->p, value, len);
	b->len = len;
	return 0;
}

/* A buffer for @room bytes; the small ones are malloc's. */
static uint8_t *buffer_get(struct hsm *h, size_t room)
{
	uint8_t *p = NULL;

	if (room <= REPLY_ROOM)
		return malloc(room);
	for (size_t i = 0; !p && i < HSM_SPARES; i++)
		p = atomic_exchange(&h->spare[i], NULL);
	return p ? p : malloc(HSM_MSG_MAX);
}

/* Wipes the first @used of the @room bytes that were asked for. NULL is allowed. */
static void buffer_put(struct hsm *h, uint8_t *p, size_t room, size_t used)
{
	if (p)
		explicit_bzero(p, used < room ? used : room);
	for (size_t i = 0; p && room > REPLY_ROOM && i < HSM_SPARES; i++)
		p = atomic_exchange(&h->spare[i], p);
	free(p);
}

void msg_begin(struct msg *m, struct hsm *h, uint16_t opcode, uint32_t session, size_t rep_room)
{
	struct hsm_msg_req head = { .opcode = htole16(opcode), .session = htole32(session) };

	*m = (struct msg){ .h = h, .rep_room = rep_room };
	m->req = buffer_get(h, HSM_MSG_MAX);
	m->rep = buffer_get(h, rep_room);
	if (!m->req || !m->rep) {
		m->err = -ENOMEM;
		return;
	}
	memcpy(m->req, &head, sizeof(head));
	m->len = sizeof(head);
}

void msg_check(struct msg *m, bool ok)
{
	if (!m->err && !ok)
		m->err = -EINVAL;
}

void msg_bytes(struct msg *m, uint32_t tag, const void *value, size_t len)
{
	struct hsm_tlv tlv = { .tag = htole32(tag), .len = htole32((uint32_t)len) };

	if (m->err)
		return;
	if (len > HSM_MSG_MAX || sizeof(tlv) + len > HSM_MSG_MAX - m->len) {
		m->err = -EMSGSIZE;
		return;
	}
	memcpy(m->req + m->len, &tlv, sizeof(tlv));
	if (len)
		memcpy(m->req + m->len + sizeof(tlv), value, len);
	m->len += sizeof(tlv) + len;
}

void msg_u32(struct msg *m, uint32_t tag, uint32_t value)
{
	uint32_t wire = htole32(value);

	msg_bytes(m, tag, &wire, sizeof(wire));
}

void msg_u64(struct msg *m, uint32_t tag, uint64_t value)
{
	uint64_t wire = htole64(value);

	msg_bytes(m, tag, &wire, sizeof(wire));
}

void msg_u32_each(struct msg *m, uint32_t tag, const uint32_t *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		msg_u32(m, tag, values[i]);
}

void msg_attrs(struct msg *m, const struct hsm_attr *attrs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		msg_bytes(m, attrs[i].id, attrs[i].value, attrs[i].len);
}

void msg_maybe(struct msg *m, uint32_t tag, const void *value, size_t len)
{
	if (value)
		msg_bytes(m, tag, value, len);
}

void msg_maybe_u32(struct msg *m, uint32_t tag, uint32_t value)
{
	if (value)
		msg_u32(m, tag, value);
}

void msg_factor(struct msg *m, const struct hsm_factor *factor)
{
	if (!factor)
		return;
	msg_maybe(m, HSM_TAG_PUBLIC_KEY, factor->public_key, factor->public_key_len);
	msg_maybe(m, HSM_TAG_SIGNATURE, factor->signature, factor->signature_len);
}

/*
 * A card that waits for other nodes must not be given up before it does so itself. Without
 * TIMEOUT_S it waits until it is told not to: that is as long as the transport can say.
 */
static void msg_patience(struct msg *m, const struct hsm_key_spec *spec)
{
	const uint64_t usual = 120000, longest = INT_MAX;
	const uint64_t ms = spec->timeout_s ? spec->timeout_s * 1000ull + usual : longest;

	if (spec->min_srv > 1)
		m->patience_ms = (uint32_t)(ms < longest ? ms : longest);
}

void msg_spec(struct msg *m, const struct hsm_key_spec *spec)
{
	if (!spec)
		return;
	msg_attrs(m, spec->attrs, spec->n_attrs);
	msg_u32_each(m, HSM_TAG_SHARE_USER, spec->users, spec->n_users);
	msg_maybe_u32(m, HSM_TAG_M_VALUE, spec->m_value);
	msg_maybe_u32(m, HSM_TAG_MIN_SRV, spec->min_srv);
	msg_maybe_u32(m, HSM_TAG_TIMEOUT_S, spec->timeout_s);
	msg_patience(m, spec);
	if (spec->attest) {
		msg_bytes(m, HSM_TAG_ATTEST_NONCE, spec->attest->nonce, HSM_NONCE_LEN);
		msg_attest(m, spec->attest);
	}
}

int msg_next(const uint8_t **pos, size_t *len, uint32_t *tag, const uint8_t **value,
	     size_t *value_len)
{
	const size_t head = sizeof(struct hsm_tlv);
	size_t vlen;

	if (!*len)
		return 0;
	if (*len < head)
		return -EPROTO;
	vlen = msg_get32(*pos + offsetof(struct hsm_tlv, len));
	if (vlen > *len - head)
		return -EPROTO;
	*tag = msg_get32(*pos);
	*value = *pos + head;
	*value_len = vlen;
	*pos += head + vlen;
	*len -= head + vlen;
	return 1;
}

static int put_node(void *dst, const uint8_t *value, size_t len)
{
	struct hsm_result *res = dst;
	struct hsm_node *node;

	(void)len;
	if (res->n_nodes == HSM_NODES_MAX)
		return -EPROTO;
	node = &res->nodes[res->n_nodes++];
	node->id = msg_get32(value + offsetof(struct hsm_node_status, node));
	node->status = msg_get32(value + offsetof(struct hsm_node_status, status));
	return 0;
}

/* Hands one TLV to the field that wants it; tags that nobody wants are skipped. */
static int field_put(const struct reply_field *fields, size_t n, uint32_t tag,
		     const uint8_t *value, size_t len, uint32_t *seen)
{
	for (size_t i = 0; i < n; i++) {
		if (fields[i].tag != tag)
			continue;
		if (fields[i].size && fields[i].size != len)
			return -EPROTO;
		*seen |= 1u << i;
		return fields[i].put(fields[i].dst, value, len);
	}
	return 0;
}

static int fields_read(const uint8_t *pos, size_t left, const struct reply_field *fields, size_t n)
{
	const uint8_t *value;
	uint32_t tag, seen = 0;
	size_t len;
	int rc;

	while ((rc = msg_next(&pos, &left, &tag, &value, &len)) > 0) {
		rc = field_put(fields, n, tag, value, len, &seen);
		if (rc)
			return rc;
	}
	for (size_t i = 0; !rc && i < n; i++)
		if (fields[i].required && !(seen & 1u << i))
			return -EPROTO;
	return rc;
}

/* The header of the reply: opcode, length and a status that fits in an int. */
static int head_read(const struct msg *m, uint32_t *status)
{
	struct hsm_msg_rep head;

	if (m->rep_len < sizeof(head))
		return -EPROTO;
	memcpy(&head, m->rep, sizeof(head));
	*status = le32toh(head.status);
	if (memcmp(&head.opcode, m->req, sizeof(head.opcode)) != 0 ||
	    le32toh(head.length) != m->rep_len || *status > INT_MAX)
		return -EPROTO;
	return 0;
}

static int reply_read(const struct msg *m, const struct reply_field *fields, size_t n,
		      struct hsm_result *res)
{
	const struct reply_field common[] = {
		{ HSM_TAG_NODE, sizeof(struct hsm_node_status), false, put_node, res },
		{ HSM_TAG_BAD_TAG, 4, false, msg_put32, &res->bad_tag },
		{ HSM_TAG_ATTESTATION, 0, false, msg_put_statement, m->attest },
		{ HSM_TAG_SIGNATURE, 0, false, msg_put_signature, m->attest },
	};
	const size_t n_common = ARRAY_LEN(common) - (m->attest ? 0 : 2);
	const uint8_t *tlvs = m->rep + sizeof(struct hsm_msg_rep);
	uint32_t status;
	int rc;

	rc = head_read(m, &status);
	if (rc)
		return rc;
	rc = fields_read(tlvs, m->rep_len - sizeof(struct hsm_msg_rep), common, n_common);
	if (rc || status)
		return rc ? rc : (int)status;
	return fields_read(tlvs, m->rep_len - sizeof(struct hsm_msg_rep), fields, n);
}

static int carry_once(const struct msg *m, size_t *got)
{
	struct hsm *h = m->h;
	const uint32_t own = h->timeout_ms;
	int rc = h->ops->exec(h->conn, m->req, m->len, m->rep, got,
			      own > m->patience_ms ? own : m->patience_ms, COOKIE);

	if (rc == -ENODEV || rc == -ESTALE)
		h->lost = true;
	return rc;
}

/* Carries the request; a reply that needs more room than we had gets it, once. */
static int msg_carry(struct msg *m)
{
	struct hsm *h = m->h;

	for (int tries = 0;; tries++) {
		size_t got = m->rep_room;
		int rc = carry_once(m, &got);

		if (rc != -ENOSPC || tries) {
			m->rep_len = got;
			if (!rc && got > m->rep_room)
				rc = -EPROTO;
			return rc;
		}
		if (got <= m->rep_room || got > HSM_MSG_MAX)
			return -EPROTO;
		buffer_put(h, m->rep, m->rep_room, 0);
		m->rep_room = got;
		m->rep = buffer_get(h, got);
		if (!m->rep)
			return -ENOMEM;
	}
}

static int msg_try(struct msg *m, const struct reply_field *fields, size_t n,
		    struct hsm_result *res)
{
	uint32_t wire;
	int rc;

	if (m->err)
		return m->err;
	wire = htole32((uint32_t)m->len);
	memcpy(m->req + offsetof(struct hsm_msg_req, length), &wire, sizeof(wire));
	rc = msg_carry(m);
	return rc ? rc : reply_read(m, fields, n, res);
}

int msg_run(struct msg *m, const struct reply_field *fields, size_t n, struct hsm_result *res)
{
	struct hsm_result local;

	if (!res)
		res = &local;
	memset(res, 0, sizeof(*res));
	res->bad_tag = HSM_NO_TAG;
	res->rc = msg_try(m, fields, n, res);
	return res->rc;
}

/* Requests may hold passwords, replies key material: neither outlives the call. */
void msg_end(struct msg *m)
{
	buffer_put(m->h, m->req, HSM_MSG_MAX, m->len);
	buffer_put(m->h, m->rep, m->rep_room, m->rep_len);
	m->req = NULL;
	m->rep = NULL;
}

int msg_finish(struct msg *m, const struct reply_field *fields, size_t n, struct hsm_result *res)
{
	int rc = msg_run(m, fields, n, res);

	msg_end(m);
	return rc;
}

int msg_finish_handle(struct msg *m, uint64_t *handle, struct hsm_result *res)
{
	const struct reply_field fields[] = {
		{ HSM_TAG_HANDLE, 8, true, msg_put64, handle },
	};

	*handle = 0;
	return msg_finish(m, fields, ARRAY_LEN(fields), res);
}

int msg_finish_bytes(struct msg *m, uint32_t tag, struct hsm_bytes *out, struct hsm_bytes *iv,
		     struct hsm_result *res)
{
	struct hsm_bytes data = { 0 }, made = { 0 };
	const struct reply_field fields[] = {
		{ tag, 0, true, msg_put_bytes, &data },
		{ HSM_TAG_IV, 0, false, msg_put_bytes, &made },
	};
	int rc = msg_finish(m, fields, ARRAY_LEN(fields), res);

	if (rc)
		hsm_bytes_clear(&data);
	if (rc || !iv)
		hsm_bytes_clear(&made);
	*out = data;
	if (iv)
		*iv = made;
	return rc;
}

int hsm_open_conn(const struct hsm_conn_ops *ops, void *conn, struct hsm **out)
{
	struct hsm *h = calloc(1, sizeof(*h));

	*out = h;
	if (!h)
		return -ENOMEM;
	h->ops = ops;
	h->conn = conn;
	return 0;
}

void hsm_close(struct hsm *h)
{
	if (!h)
		return;
	h->ops->close(h->conn);
	for (size_t i = 0; i < HSM_SPARES; i++)
		free(h->spare[i]);
	free(h);
}

void hsm_set_timeout(struct hsm *h, uint32_t ms)
{
	h->timeout_ms = ms;
}

bool hsm_lost(const struct hsm *h)
{
	return h->lost;
}

int hsm_cancel(struct hsm *h)
{
	int rc = h->ops->cancel(h->conn, COOKIE);

	return rc == -ENOENT ? 0 : rc;
}

void hsm_free(void *p)
{
	free(p);
}

void hsm_bytes_clear(struct hsm_bytes *b)
{
	if (b->p)
		explicit_bzero(b->p, b->len);
	free(b->p);
	*b = (struct hsm_bytes){ 0 };
}
