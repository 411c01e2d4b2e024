/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * etcd_codec.h - bodies of requests to etcd's JSON gateway, and what its answers say. Pure
 * functions: bytes in, struct out.
 */
#ifndef HSM_ETCD_CODEC_H
#define HSM_ETCD_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kv.h"

/* Text that grows. Once it had no memory it stays @failed, and what is added is dropped. */
struct etcd_buf {
	char *data;
	size_t len, room;
	bool failed;
};

void etcd_buf_add(struct etcd_buf *buf, const void *data, size_t len);
__attribute__((format(printf, 2, 3)))
void etcd_buf_printf(struct etcd_buf *buf, const char *fmt, ...);
void etcd_buf_free(struct etcd_buf *buf);

/* Bodies. @prefix is put before every key. */
void etcd_body_txn(struct etcd_buf *buf, const char *prefix, const struct kv_cmp *cmp, size_t n_cmp,
		   const struct kv_op *op, size_t n_op, uint64_t lease);
/*
 * One page of at most @limit keys; @revision 0: as it is now; @after: those behind the key
 * that is in there as etcd_decode() left it, if any.
 */
void etcd_body_range(struct etcd_buf *buf, const char *prefix, const char *part, uint64_t revision,
		     const struct etcd_buf *after, unsigned int limit);
void etcd_body_watch(struct etcd_buf *buf, const char *prefix, uint64_t from);
void etcd_body_login(struct etcd_buf *buf, const char *user, const char *password);

enum etcd_kind {
	ETCD_TXN, ETCD_RANGE, ETCD_GRANT, ETCD_KEEPALIVE, ETCD_TOKEN, ETCD_WATCH, ETCD_KINDS
};

struct etcd_answer {
	uint64_t revision;	/* of the store; 0 in a watch that is over */
	bool succeeded;		/* TXN */
	bool more;		/* RANGE: there are keys behind these */
	struct kv_item *items;	/* RANGE, WATCH: keys without the prefix */
	size_t n_items;
	char *memory;		/* of the items */
	struct etcd_buf last;	/* RANGE: the last key as it is in etcd, and a zero behind it */
	uint64_t lease, ttl;	/* GRANT, KEEPALIVE; ttl in seconds, 0: it is gone */
	char *token;
	bool created, canceled, fragment;	/* WATCH */
	uint64_t compacted;	/* WATCH canceled: the oldest revision there is, or 0 */
	int fault;		/* WATCH, KEEPALIVE: as etcd_decode_fault(); 0: none */
	char text[160];		/* of the fault */
};

/*
 * Decodes the answer of a 200, or a line of a streamed one; @prefix is taken off the keys,
 * in which what is not printable becomes '?'. 0, -EPROTO or -ENOMEM; @a is to be freed only
 * after 0.
 */
int etcd_decode(enum etcd_kind kind, const char *prefix, const char *body, size_t len,
		struct etcd_answer *a);
void etcd_answer_free(struct etcd_answer *a);

/*
 * What an answer other than 200 means: what struct etcd_call's done() may get, or
 * -EKEYEXPIRED: another token is needed. @text: etcd's words, printable.
 */
int etcd_decode_fault(long status, const char *body, size_t len, char *text, size_t text_len);

/* @out has room for (@len / 4) * 3 bytes. The number of bytes, or -1. */
ptrdiff_t etcd_base64_decode(void *out, const char *in, size_t len);

#endif /* HSM_ETCD_CODEC_H */
