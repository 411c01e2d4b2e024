// SPDX-License-Identifier: GPL-2.0-or-later
/* approving.c - quorum tokens and those who approve them, for the tests of both. */
#include "approving.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>

static EVP_PKEY *signers[SIGNERS];

EVP_PKEY *signer(int n)
{
	if (!signers[n])
		signers[n] = EVP_RSA_gen(HSM_QUORUM_RSA_BITS);
	assert_non_null(signers[n]);
	return signers[n];
}

void free_signers(void)
{
	int i;

	for (i = 0; i < SIGNERS; i++) {
		EVP_PKEY_free(signers[i]);
		signers[i] = NULL;
	}
}

uint32_t register_key(struct card *c, uint32_t ctx, uint32_t type, const char *name, int n)
{
	static struct blob token, sig;
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(signer(n), &der);
	struct msg *m = begin(HSM_CMD_USER_REGISTER, FIRST_SESSION);

	fill(&token, 32);
	evp_sign(signer(n), "SHA256", false, &token, &sig);
	add_u32(m, HSM_TAG_USER_TYPE, type);
	add_text(m, HSM_TAG_USER_NAME, name);
	add_blob(m, HSM_TAG_DATA, &token);
	add_blob(m, HSM_TAG_SIGNATURE, &sig);
	add(m, HSM_TAG_PUBLIC_KEY, der, (size_t)len);
	OPENSSL_free(der);
	return send(c, ctx, m);
}

void register_all(struct card *c)
{
	assert_int_equal(register_key(c, ADMIN, HSM_USER_CO, "admin", 0), 0);
	assert_int_equal(register_key(c, OFFICER, HSM_USER_CO, "officer", 1), 0);
	assert_int_equal(register_key(c, ALICE, HSM_USER_CU, "alice", 2), 0);
	assert_int_equal(register_key(c, BOB, HSM_USER_CU, "bob", 3), 0);
}

uint32_t token_new(struct card *c, uint32_t ctx, uint32_t service, uint64_t handle)
{
	struct msg *m = begin(HSM_CMD_TOKEN_NEW, FIRST_SESSION);

	add_u32(m, HSM_TAG_SERVICE, service);
	if (handle)
		add_u64(m, HSM_TAG_HANDLE, handle);
	return send(c, ctx, m);
}

void get_token(struct card *c, uint32_t ctx, uint32_t service, uint64_t handle,
	       struct blob *file)
{
	assert_int_equal(token_new(c, ctx, service, handle), 0);
	take(HSM_TAG_TOKEN, file);
	assert_int_equal(file->len, TOKEN_LEN);
}

struct msg *begin_approve(const struct blob *file)
{
	struct msg *m = begin(HSM_CMD_TOKEN_APPROVE, FIRST_SESSION);

	add_blob(m, HSM_TAG_DATA, file);
	return m;
}

void add_approval(struct msg *m, uint32_t type, const char *name, const struct blob *sig)
{
	uint8_t a[sizeof(struct hsm_approval)] = { 0 };

	put_le32(a + offsetof(struct hsm_approval, type), type);
	put_le32(a + offsetof(struct hsm_approval, len), (uint32_t)sig->len);
	memcpy(a + offsetof(struct hsm_approval, name), name, strlen(name));
	memcpy(a + offsetof(struct hsm_approval, signature), sig->p, HSM_QUORUM_RSA_BITS / 8);
	add(m, HSM_TAG_APPROVAL, a, sizeof(a));
}

void add_signed(struct msg *m, uint32_t type, const char *name, int n, const struct blob *file)
{
	static struct blob sig;

	evp_sign(signer(n), "SHA256", false, file, &sig);
	add_approval(m, type, name, &sig);
}

uint32_t approve(struct card *c, uint32_t ctx, const struct blob *file, uint32_t type,
		 const char *name, int n)
{
	struct msg *m = begin_approve(file);

	add_signed(m, type, name, n, file);
	return send(c, ctx, m);
}

void approved_key(struct card *c, uint32_t service, uint64_t handle, struct blob *file)
{
	struct msg *m;

	get_token(c, ALICE, service, handle, file);
	m = begin_approve(file);
	add_signed(m, HSM_USER_CU, "alice", 2, file);
	add_signed(m, HSM_USER_CU, "bob", 3, file);
	assert_int_equal(send(c, ALICE, m), 0);
}

void approved_officers(struct card *c, uint32_t service, struct blob *file)
{
	struct msg *m;

	get_token(c, ADMIN, service, 0, file);
	m = begin_approve(file);
	add_signed(m, HSM_USER_CO, "admin", 0, file);
	add_signed(m, HSM_USER_CO, "officer", 1, file);
	assert_int_equal(send(c, ADMIN, m), 0);
}

uint64_t quorum_key(struct card *c, uint32_t m)
{
	struct msg *msg = begin_aes("quorum");

	add_u32(msg, HSM_TAG_SHARE_USER, ID_BOB);
	add_u32(msg, HSM_TAG_M_VALUE, m);
	return made(c, ALICE, msg);
}

uint32_t use_key(struct card *c, uint32_t ctx, uint64_t handle)
{
	static struct blob data;
	struct msg *m = begin_crypt(HSM_CMD_CRYPT, HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, handle);

	fill(&data, 16);
	add_blob(m, HSM_TAG_DATA, &data);
	return send(c, ctx, m);
}

uint32_t m_value_set(struct card *c, uint32_t ctx, uint32_t service, uint32_t m)
{
	struct msg *msg = begin(HSM_CMD_M_VALUE_SET, FIRST_SESSION);

	add_u32(msg, HSM_TAG_SERVICE, service);
	add_u32(msg, HSM_TAG_M_VALUE, m);
	return send(c, ctx, msg);
}

uint32_t m_value(struct card *c, uint32_t service)
{
	struct msg *m = begin(HSM_CMD_M_VALUE_GET, FIRST_SESSION);

	add_u32(m, HSM_TAG_SERVICE, service);
	assert_int_equal(send(c, ADMIN, m), 0);
	return reply_u32(m, HSM_TAG_M_VALUE);
}

uint32_t tokens_seen(struct card *c, uint32_t ctx)
{
	struct msg *m = begin(HSM_CMD_TOKEN_LIST, FIRST_SESSION);

	assert_int_equal(send(c, ctx, m), 0);
	return reply_u32(m, HSM_TAG_TOTAL);
}
