// SPDX-License-Identifier: GPL-2.0-or-later
/* works_key.c - requests that do something: those of keys and what is done with them. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/x509.h>

#include "approving.h"
#include "works.h"

static struct {
	uint64_t kek, pair, secret, one;
	uint32_t operation, session;
	struct blob wrapped, masked, point;
} w;

static uint32_t ask_about(struct card *c, uint32_t ctx, uint16_t opcode, uint64_t handle)
{
	struct msg *m = begin(opcode, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, handle);
	return send(c, ctx, m);
}

static void delete_made(struct card *c)
{
	uint64_t handle = reply_u64(last(), HSM_TAG_HANDLE);

	assert_int_equal(delete_key(c, ALICE, handle), 0);
}

static void delete_pair(struct card *c)
{
	uint64_t handle = reply_u64(last(), HSM_TAG_HANDLE_PUBLIC);

	assert_int_equal(delete_key(c, ALICE, handle), 0);
	assert_int_equal(delete_key(c, ALICE, handle + 1), 0);
}

static uint32_t gen_sym(struct card *c)
{
	struct msg *m = begin_aes("new");

	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	return send(c, ALICE, m);
}

static uint32_t gen_pair(struct card *c)
{
	struct msg *m = begin(HSM_CMD_KEY_GEN_PAIR, FIRST_SESSION);

	add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_EC);
	add_text(m, HSM_ATTR_LABEL, "pair");
	add_u32(m, HSM_TAG_CURVE, HSM_CURVE_PRIME256V1);
	return send(c, ALICE, m);
}

static uint32_t put_public(struct card *c)
{
	struct msg *m = begin(HSM_CMD_KEY_PUT_PUBLIC, FIRST_SESSION);
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(signer(4), &der);

	add(m, HSM_TAG_DATA, der, (size_t)len);
	add_text(m, HSM_ATTR_LABEL, "public");
	OPENSSL_free(der);
	return send(c, ALICE, m);
}

/* The request is that of commands.c. */
static uint32_t gen_pbe(struct card *c)
{
	return works_plain(c, HSM_CMD_KEY_GEN_PBE);
}

static uint32_t get_public(struct card *c)
{
	return ask_about(c, ALICE, HSM_CMD_KEY_GET_PUBLIC, w.pair);
}

static void make_one(struct card *c)
{
	w.one = made(c, ALICE, begin_aes("one"));
}

static uint32_t delete_one(struct card *c)
{
	return delete_key(c, ALICE, w.one);
}

static uint32_t set_label(struct card *c)
{
	return set_bytes(c, ALICE, WORKS_KEY, HSM_ATTR_LABEL, "another", 7);
}

static void set_label_back(struct card *c)
{
	assert_int_equal(set_bytes(c, ALICE, WORKS_KEY, HSM_ATTR_LABEL, "key", 3), 0);
}

static uint32_t share_key(struct card *c)
{
	struct msg *m = begin(HSM_CMD_KEY_SHARE, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, WORKS_KEY);
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u8(m, HSM_TAG_SHARE, 1);
	return send(c, ALICE, m);
}

static void stop_sharing(struct card *c)
{
	struct msg *m = begin(HSM_CMD_KEY_SHARE, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, WORKS_KEY);
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	add_u8(m, HSM_TAG_SHARE, 0);
	assert_int_equal(send(c, ALICE, m), 0);
}

static void forget_masked(struct card *c)
{
	make_one(c);
	assert_int_equal(ask_about(c, ALICE, HSM_CMD_KEY_MASK, w.one), 0);
	take(HSM_TAG_DATA, &w.masked);
	assert_int_equal(delete_key(c, ALICE, w.one), 0);
}

static uint32_t unmask(struct card *c)
{
	struct msg *m = begin(HSM_CMD_KEY_UNMASK, FIRST_SESSION);

	add_blob(m, HSM_TAG_DATA, &w.masked);
	return send(c, ALICE, m);
}

static uint32_t host(struct card *c, uint16_t opcode)
{
	struct msg *m = begin(opcode, FIRST_SESSION);

	add_u64(m, HSM_TAG_WRAP_HANDLE, w.kek);
	add_u32(m, HSM_TAG_WRAP_MECHANISM, HSM_WRAP_AES_PAD);
	add_blob(m, HSM_TAG_POINT, &w.point);
	add_blob(m, HSM_TAG_DATA, &w.wrapped);
	return send(c, ALICE, m);
}

static uint32_t host_unwrap(struct card *c)
{
	return host(c, HSM_CMD_HOST_UNWRAP);
}

/* The envelope is none: what is found wrong with it comes after the key agreement. */
static uint32_t host_wrap(struct card *c)
{
	return host(c, HSM_CMD_HOST_WRAP);
}

static uint32_t wrap(struct card *c)
{
	return send(c, ALICE, begin_wrap(w.secret, w.kek, HSM_WRAP_AES_PAD));
}

static uint32_t unwrap(struct card *c)
{
	struct msg *m = begin_unwrap(w.kek, HSM_WRAP_AES_PAD, &w.wrapped);

	add_u32(m, HSM_ATTR_CLASS, HSM_KEY_CLASS_SECRET);
	add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
	add_text(m, HSM_ATTR_LABEL, "in");
	add_no_header(m);
	return send(c, ALICE, m);
}

static uint32_t encrypt(struct card *c)
{
	return use_key(c, ALICE, WORKS_KEY);
}

static uint32_t crypt_init(struct card *c)
{
	return send(c, ALICE, begin_crypt(HSM_CMD_CRYPT_INIT, HSM_USE_ENCRYPT, HSM_CKM_AES_ECB,
					  WORKS_KEY));
}

static void crypt_started(struct card *c)
{
	assert_int_equal(crypt_init(c), 0);
	w.operation = reply_u32(last(), HSM_TAG_OPERATION);
}

static uint32_t crypt_update(struct card *c)
{
	struct msg *m = begin(HSM_CMD_CRYPT_UPDATE, FIRST_SESSION);
	static const uint8_t block[16];

	add_u32(m, HSM_TAG_OPERATION, w.operation);
	add(m, HSM_TAG_DATA, block, sizeof(block));
	return send(c, ALICE, m);
}

static uint32_t crypt_final(struct card *c)
{
	struct msg *m = begin(HSM_CMD_CRYPT_FINAL, FIRST_SESSION);

	add_u32(m, HSM_TAG_OPERATION, w.operation);
	return send(c, ALICE, m);
}

static void crypt_ended(struct card *c)
{
	assert_int_equal(crypt_final(c), 0);
}

static void crypt_begun(struct card *c)
{
	w.operation = reply_u32(last(), HSM_TAG_OPERATION);
	crypt_ended(c);
}

static void close_template(struct card *c)
{
	/* The template ends with its session. */
	assert_int_equal(send(c, ALICE, begin(HSM_CMD_SESSION_CLOSE, w.session)), 0);
}

static void template_session(struct card *c)
{
	w.session = open_session(c, ALICE);
}

static uint32_t template(struct card *c)
{
	return send(c, ALICE, begin(HSM_CMD_TEMPLATE, w.session));
}

const struct work key_works[] = {
	{ .opcode = HSM_CMD_KEY_GEN_SYM, .run = gen_sym, .undo = delete_made },
	{ .opcode = HSM_CMD_KEY_GEN_PAIR, .run = gen_pair, .undo = delete_pair },
	{ .opcode = HSM_CMD_KEY_GEN_PBE, .run = gen_pbe, .undo = delete_made },
	{ .opcode = HSM_CMD_KEY_PUT_PUBLIC, .run = put_public, .undo = delete_made,
	  .blind = HSM_RV_BAD_PKCS_DATA },
	{ .opcode = HSM_CMD_KEY_GET_PUBLIC, .run = get_public },
	{ .opcode = HSM_CMD_KEY_DELETE, .run = delete_one, .before = make_one },
	{ .opcode = HSM_CMD_KEY_SET_ATTRS, .run = set_label, .undo = set_label_back },
	{ .opcode = HSM_CMD_KEY_SHARE, .run = share_key, .undo = stop_sharing },
	{ .opcode = HSM_CMD_KEY_UNMASK, .run = unmask, .before = forget_masked, .undo = delete_made,
	  .blind = HSM_RV_BAD_MASKED_OBJECT },
	{ .opcode = HSM_CMD_HOST_WRAP, .run = host_wrap, .status = HSM_RV_BAD_PKCS_DATA },
	{ .opcode = HSM_CMD_HOST_UNWRAP, .run = host_unwrap, .blind = HSM_RV_BAD_PKCS_DATA },
	{ .opcode = HSM_CMD_TEMPLATE, .run = template, .before = template_session,
	  .undo = close_template },
	{ .opcode = HSM_CMD_KEY_WRAP, .run = wrap },
	{ .opcode = HSM_CMD_KEY_UNWRAP, .run = unwrap, .undo = delete_made,
	  .blind = HSM_RV_BAD_PKCS_DATA },
	{ .opcode = HSM_CMD_CRYPT, .run = encrypt },
	{ .opcode = HSM_CMD_CRYPT_INIT, .run = crypt_init, .undo = crypt_begun },
	{ .opcode = HSM_CMD_CRYPT_UPDATE, .run = crypt_update, .before = crypt_started,
	  .undo = crypt_ended },
	{ .opcode = HSM_CMD_CRYPT_FINAL, .run = crypt_final, .before = crypt_started },
};

const size_t key_work_count = sizeof(key_works) / sizeof(key_works[0]);

void key_works_setup(struct card *c)
{
	EVP_PKEY *mine = EVP_EC_gen("P-256");
	size_t len;
	struct msg *m;

	assert_int_equal(made(c, ALICE, begin_aes("key")), WORKS_KEY);
	w.kek = make_secret(c, HSM_KEY_AES, 32);
	w.secret = make_secret(c, HSM_KEY_AES, 32);
	w.pair = make_pair(c, HSM_KEY_EC, HSM_CURVE_PRIME256V1);
	m = begin_wrap(w.secret, w.kek, HSM_WRAP_AES_PAD);
	add_no_header(m);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &w.wrapped);
	assert_int_equal(EVP_PKEY_get_octet_string_param(mine, OSSL_PKEY_PARAM_PUB_KEY, w.point.p,
							 sizeof(w.point.p), &len), 1);
	w.point.len = len;
	EVP_PKEY_free(mine);
}
