// SPDX-License-Identifier: GPL-2.0-or-later
/* using.c - keys and requests for the tests of commands that wrap keys and use them. */
#include "using.h"

#include "evp.h"
#include "fw_int.h"

static struct msg *begin_session_sym(uint32_t type, uint32_t len)
{
	struct msg *m = begin_sym(type, len, "key");

	add_u8(m, HSM_ATTR_TOKEN, 0);
	return m;
}

uint64_t make_secret(struct card *c, uint32_t type, uint32_t len)
{
	return made(c, ALICE, begin_session_sym(type, len));
}

uint64_t make_with(struct card *c, uint32_t type, uint32_t len, uint32_t attr, uint8_t v)
{
	struct msg *m = begin_session_sym(type, len);

	add_u8(m, attr, v);
	return made(c, ALICE, m);
}

uint64_t make_pair(struct card *c, uint32_t type, uint32_t curve)
{
	static const uint8_t f4[] = { 1, 0, 1 };
	struct msg *m = begin(HSM_CMD_KEY_GEN_PAIR, FIRST_SESSION);

	add_u32(m, HSM_ATTR_KEY_TYPE, type);
	add_text(m, HSM_ATTR_LABEL, "pair");
	add_u8(m, HSM_ATTR_TOKEN, 0);
	if (type == HSM_KEY_EC)
		add_u32(m, HSM_TAG_CURVE, curve);
	else
		add_u32(m, HSM_ATTR_MODULUS_BITS, 2048);
	if (type == HSM_KEY_RSA)
		add(m, HSM_ATTR_PUBLIC_EXPONENT, f4, sizeof(f4));
	return made(c, ALICE, m);
}

struct msg *begin_wrap(uint64_t key, uint64_t wrapper, uint32_t mech)
{
	struct msg *m = begin(HSM_CMD_KEY_WRAP, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, key);
	add_u64(m, HSM_TAG_WRAP_HANDLE, wrapper);
	add_u32(m, HSM_TAG_WRAP_MECHANISM, mech);
	return m;
}

struct msg *begin_unwrap(uint64_t wrapper, uint32_t mech, const struct blob *wrapped)
{
	struct msg *m = begin(HSM_CMD_KEY_UNWRAP, FIRST_SESSION);

	add_u64(m, HSM_TAG_WRAP_HANDLE, wrapper);
	add_u32(m, HSM_TAG_WRAP_MECHANISM, mech);
	add_blob(m, HSM_TAG_DATA, wrapped);
	return m;
}

struct msg *begin_crypt(uint16_t opcode, uint32_t use, uint32_t mech, uint64_t key)
{
	struct msg *m = begin(opcode, FIRST_SESSION);

	add_u32(m, HSM_TAG_USE, use);
	add_u32(m, HSM_TAG_MECHANISM, mech);
	if (key)
		add_u64(m, HSM_TAG_HANDLE, key);
	return m;
}

void add_kind(struct msg *m, uint32_t class, uint32_t type)
{
	add_u32(m, HSM_ATTR_CLASS, class);
	add_u32(m, HSM_ATTR_KEY_TYPE, type);
	add_text(m, HSM_ATTR_LABEL, "in");
	add_u8(m, HSM_ATTR_TOKEN, 0);
	add_no_header(m);
}

void add_no_header(struct msg *m)
{
	add_u8(m, HSM_TAG_NO_HEADER, 1);
}

void add_blob(struct msg *m, uint32_t tag, const struct blob *b)
{
	add(m, tag, b->p, b->len);
}

void take(uint32_t tag, struct blob *b)
{
	struct tlv t;

	assert_true(reply_find(last(), tag, &t));
	memcpy(b->p, t.p, t.len);
	b->len = t.len;
}

bool same(const struct blob *a, const struct blob *b)
{
	return a->len == b->len && !memcmp(a->p, b->p, a->len);
}

void fill(struct blob *b, size_t len)
{
	size_t i;

	b->len = len;
	for (i = 0; i < len; i++)
		b->p[i] = (uint8_t)(i * 7 + i / 251 + len);
}

void wrap_key(struct card *c, uint64_t key, uint64_t wrapper, uint32_t mech, struct blob *out)
{
	assert_int_equal(send(c, ALICE, begin_wrap(key, wrapper, mech)), HSM_RV_SUCCESS);
	take(HSM_TAG_DATA, out);
}

uint32_t unwrap_key(struct card *c, uint64_t wrapper, uint32_t mech, const struct blob *in)
{
	return send(c, ALICE, begin_unwrap(wrapper, mech, in));
}

void check_same_kcv(struct card *c, uint64_t like)
{
	uint64_t handle = reply_u64(last(), HSM_TAG_HANDLE);
	uint32_t kcv = attr_u32(c, ALICE, like, HSM_ATTR_KCV);

	assert_int_equal(attr_u32(c, ALICE, handle, HSM_ATTR_KCV), kcv);
}

uint32_t set_bytes(struct card *c, uint32_t ctx, uint64_t key, uint32_t attr, const void *p,
		   size_t len)
{
	struct msg *m = begin(HSM_CMD_KEY_SET_ATTRS, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, key);
	add(m, attr, p, len);
	return send(c, ctx, m);
}

uint32_t set_bool(struct card *c, uint32_t ctx, uint64_t key, uint32_t attr, uint8_t v)
{
	return set_bytes(c, ctx, key, attr, &v, 1);
}

uint64_t import_secret(struct card *c, uint32_t type, const uint8_t *value, size_t len)
{
	static uint64_t rsa, of;	/* a pair of this card */
	static struct blob wrapped;
	EVP_PKEY *pub;
	struct msg *m;

	if (of != c->fw->seed)
		rsa = make_pair(c, HSM_KEY_RSA, 0);
	of = c->fw->seed;
	pub = card_public(c, rsa);
	rsa_aes_wrap(pub, "SHA256", value, len, &wrapped);
	EVP_PKEY_free(pub);
	m = begin_unwrap(rsa + 1, HSM_WRAP_RSA_AES, &wrapped);
	add_u32(m, HSM_TAG_HASH, HSM_HASH_SHA256);
	add_kind(m, HSM_KEY_CLASS_SECRET, type);
	return made(c, ALICE, m);
}
