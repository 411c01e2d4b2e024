/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * msg.h - inside libhsm: one request, its reply, and the cursors over both.
 *
 * A call is begun, filled with TLVs, run once, and ended, which wipes it. Errors
 * while filling stick and come out of msg_run(). Replies are hostile input: every
 * length is checked against what is left before a byte is read.
 */
#ifndef HSM_MSG_H
#define HSM_MSG_H

#include "hsm.h"

#define HSM_SPARES	8	/* buffers kept for the next calls */

struct hsm {
	const struct hsm_conn_ops *ops;
	void *conn;
	_Atomic uint32_t timeout_ms;
	_Atomic bool lost;
	/* Wiped, HSM_MSG_MAX bytes each: malloc() would give them back to the system. */
	_Atomic(uint8_t *) spare[HSM_SPARES];
};

struct msg {
	struct hsm *h;
	uint8_t *req;
	size_t len;		/* bytes of the request so far */
	uint8_t *rep;
	size_t rep_len;
	size_t rep_room;	/* bytes of @rep */
	int err;		/* first error, sticky */
	uint32_t patience_ms;	/* the card waits for others: at least so long; 0 = no more than usual */
	struct hsm_attest *attest;	/* takes the statement of the reply, or NULL */
};

/*
 * A tag that a reply may carry. @put is called for each; it returns 0 or -errno.
 * @size: exact bytes of the value, 0 = any. @required: without it -EPROTO.
 */
struct reply_field {
	uint32_t tag;
	uint32_t size;
	bool required;
	int (*put)(void *dst, const uint8_t *value, size_t len);
	void *dst;
};

/* @rep_room: bytes that the reply will most likely fit in; it grows if it must. */
void msg_begin(struct msg *m, struct hsm *h, uint16_t opcode, uint32_t session, size_t rep_room);
void msg_bytes(struct msg *m, uint32_t tag, const void *value, size_t len);
void msg_u32(struct msg *m, uint32_t tag, uint32_t value);
void msg_u64(struct msg *m, uint32_t tag, uint64_t value);
void msg_u32_each(struct msg *m, uint32_t tag, const uint32_t *values, size_t n);
void msg_attrs(struct msg *m, const struct hsm_attr *attrs, size_t n);
/* The attributes of a new key and what goes with them; NULL = none. */
void msg_spec(struct msg *m, const struct hsm_key_spec *spec);
/* A value that may be missing: left out if it is NULL. */
void msg_maybe(struct msg *m, uint32_t tag, const void *value, size_t len);
/* A second factor that may be missing: NULL. */
void msg_factor(struct msg *m, const struct hsm_factor *factor);
/* A number that may be missing: left out if it is 0. */
void msg_maybe_u32(struct msg *m, uint32_t tag, uint32_t value);
/* The reply may carry a statement, which goes to @a. */
void msg_attest(struct msg *m, struct hsm_attest *a);
/* Refuses an argument: -EINVAL sticks unless @ok. */
void msg_check(struct msg *m, bool ok);

/* Sends, receives, reads the reply into @fields and @res. 0, -errno or status. */
int msg_run(struct msg *m, const struct reply_field *fields, size_t n, struct hsm_result *res);
void msg_end(struct msg *m);

/* A whole call that needs no fields beyond what was put in. Ends it. */
int msg_finish(struct msg *m, const struct reply_field *fields, size_t n,
		struct hsm_result *res);

/* Next TLV of the @len bytes at *pos; 1, 0 at the end, -EPROTO. */
int msg_next(const uint8_t **pos, size_t *len, uint32_t *tag, const uint8_t **value,
	     size_t *value_len);

uint32_t msg_get32(const uint8_t *p);
uint64_t msg_get64(const uint8_t *p);
int msg_put32(void *dst, const uint8_t *value, size_t len);
int msg_put64(void *dst, const uint8_t *value, size_t len);
/* @dst: struct hsm_bytes, emptied first by the caller. */
int msg_put_bytes(void *dst, const uint8_t *value, size_t len);
/* @dst: struct hsm_attest (api_attest.c). */
int msg_put_statement(void *dst, const uint8_t *value, size_t len);
int msg_put_signature(void *dst, const uint8_t *value, size_t len);

/*
 * @v, a list of @n elements of @size bytes, with room for one more, or NULL without
 * memory, in which case @v is as it was.
 */
void *list_room(void *v, size_t n, size_t size);

/* A call whose answer is one key handle. Ends it. */
int msg_finish_handle(struct msg *m, uint64_t *handle, struct hsm_result *res);
/* A call whose answer is the bytes of @tag, and those of IV if @iv is not NULL. Ends it. */
int msg_finish_bytes(struct msg *m, uint32_t tag, struct hsm_bytes *out, struct hsm_bytes *iv,
		     struct hsm_result *res);

#define REPLY_ROOM	4096	/* most replies; one page, one DMA segment */
#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))

#endif /* HSM_MSG_H */
