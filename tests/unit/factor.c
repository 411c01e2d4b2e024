// SPDX-License-Identifier: GPL-2.0-or-later
/* factor.c - second factors, for tests. */
#include "factor.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>

struct nonce challenge_in(struct card *c, uint32_t ctx, uint32_t session)
{
	struct nonce nonce;
	struct tlv t;

	assert_int_equal(send(c, ctx, begin(HSM_CMD_CHALLENGE, session)), 0);
	assert_true(reply_find(last(), HSM_TAG_DATA, &t));
	assert_int_equal(t.len, sizeof(nonce.p));
	memcpy(nonce.p, t.p, sizeof(nonce.p));
	return nonce;
}

struct nonce challenge(struct card *c, uint32_t ctx)
{
	return challenge_in(c, ctx, FIRST_SESSION);
}

const struct blob *signed_nonce(int n, const struct nonce *nonce)
{
	static struct blob sig;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(signer(n), NULL);

	sig.len = sizeof(sig.p);
	assert_true(ctx && EVP_PKEY_sign_init(ctx) == 1 &&
		    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha256()) == 1 &&
		    EVP_PKEY_sign(ctx, sig.p, &sig.len, nonce->p, sizeof(nonce->p)) == 1);
	EVP_PKEY_CTX_free(ctx);
	return &sig;
}

void add_spki(struct msg *m, EVP_PKEY *key)
{
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);

	assert_true(len > 0);
	add(m, HSM_TAG_PUBLIC_KEY, der, (size_t)len);
	OPENSSL_free(der);
}

struct msg *begin_user(uint16_t opcode, uint32_t type, const char *name, const char *pw)
{
	struct msg *m = begin(opcode, FIRST_SESSION);

	add_u32(m, HSM_TAG_USER_TYPE, type);
	add_text(m, HSM_TAG_USER_NAME, name);
	if (pw)
		add_text(m, HSM_TAG_PASSWORD, pw);
	return m;
}

struct msg *begin_factor(uint16_t opcode, uint32_t type, const char *name, const char *pw, int n,
			 const struct nonce *nonce)
{
	struct msg *m = begin_user(opcode, type, name, pw);

	add_spki(m, signer(n));
	add_blob(m, HSM_TAG_SIGNATURE, signed_nonce(n, nonce));
	return m;
}

void create_2fa(struct card *c, const char *name, int n)
{
	struct nonce nonce = challenge(c, ADMIN);

	assert_int_equal(send(c, ADMIN, begin_factor(HSM_CMD_USER_CREATE, HSM_USER_CO, name,
						     PASSWORD, n, &nonce)), 0);
}

uint32_t login_2fa(struct card *c, const char *name, const char *pw, int n,
		   const struct nonce *nonce)
{
	struct msg *m = begin_user(HSM_CMD_LOGIN, HSM_USER_CO, name, pw);

	add_blob(m, HSM_TAG_SIGNATURE, signed_nonce(n, nonce));
	return send(c, NOBODY, m);
}

uint32_t user_flags(struct card *c, const char *name)
{
	struct hsm_user_rec rec;

	get_user(c, name, &rec);
	return rec.flags;
}

uint32_t user_failures(struct card *c, const char *name)
{
	struct hsm_user_rec rec;

	get_user(c, name, &rec);
	return rec.failures;
}

uint32_t user_delete(struct card *c, uint32_t ctx, uint32_t type, const char *name)
{
	return send(c, ctx, begin_user(HSM_CMD_USER_DELETE, type, name, NULL));
}
