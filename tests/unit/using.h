/* SPDX-License-Identifier: GPL-2.0-or-later */
/* using.h - keys and requests for the tests of commands that wrap keys and use them. */
#ifndef HSM_TEST_USING_H
#define HSM_TEST_USING_H

#include "fixture.h"

/* The bytes of a reply or of a message to be; many are static. */
struct blob {
	size_t len;
	uint8_t p[HSM_MSG_MAX];
};

/* Keys of ALICE: a session key, unless said. Handles of pairs: the private one is one more. */
uint64_t make_secret(struct card *c, uint32_t type, uint32_t len);
uint64_t make_pair(struct card *c, uint32_t type, uint32_t curve);
/* A secret key with a boolean attribute set. */
uint64_t make_with(struct card *c, uint32_t type, uint32_t len, uint32_t attr, uint8_t v);

/* Requests, in the one static message. */
struct msg *begin_wrap(uint64_t key, uint64_t wrapper, uint32_t mech);
struct msg *begin_unwrap(uint64_t wrapper, uint32_t mech, const struct blob *wrapped);
struct msg *begin_crypt(uint16_t opcode, uint32_t use, uint32_t mech, uint64_t key);
/* What an unwrapped key without header needs; the label is "in". */
void add_kind(struct msg *m, uint32_t class, uint32_t type);
void add_no_header(struct msg *m);
void add_blob(struct msg *m, uint32_t tag, const struct blob *b);

/* A value of the last reply, which must be there. */
void take(uint32_t tag, struct blob *b);
bool same(const struct blob *a, const struct blob *b);
void fill(struct blob *b, size_t len);		/* with a pattern */

/* Wraps, which must succeed. */
void wrap_key(struct card *c, uint64_t key, uint64_t wrapper, uint32_t mech, struct blob *out);
/* Unwraps something with a header. */
uint32_t unwrap_key(struct card *c, uint64_t wrapper, uint32_t mech, const struct blob *in);

/* The key that the last reply names has the check value of @like. */
void check_same_kcv(struct card *c, uint64_t like);

/* KEY_SET_ATTRS of one boolean. */
uint32_t set_bool(struct card *c, uint32_t ctx, uint64_t key, uint32_t attr, uint8_t v);
uint32_t set_bytes(struct card *c, uint32_t ctx, uint64_t key, uint32_t attr, const void *p,
		   size_t len);

/* A key of known value, by RSA OAEP: its handle. */
uint64_t import_secret(struct card *c, uint32_t type, const uint8_t *value, size_t len);

#endif /* HSM_TEST_USING_H */
