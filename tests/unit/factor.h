/* SPDX-License-Identifier: GPL-2.0-or-later */
/* factor.h - second factors, for tests: challenges, signatures of them, logins with both. */
#ifndef HSM_TEST_FACTOR_H
#define HSM_TEST_FACTOR_H

#include "approving.h"

struct nonce {
	uint8_t p[HSM_NONCE_LEN];
};

/* CHALLENGE in the session, or the first one. */
struct nonce challenge_in(struct card *c, uint32_t ctx, uint32_t session);
struct nonce challenge(struct card *c, uint32_t ctx);

/* The signature of signer @n under a challenge; static. */
const struct blob *signed_nonce(int n, const struct nonce *nonce);
void add_spki(struct msg *m, EVP_PKEY *key);

/* A request with user and, unless it is NULL, password. */
struct msg *begin_user(uint16_t opcode, uint32_t type, const char *name, const char *pw);
/* The same with public key and signature of signer @n. */
struct msg *begin_factor(uint16_t opcode, uint32_t type, const char *name, const char *pw, int n,
			 const struct nonce *nonce);

/* USER_CREATE by ADMIN of a CO with signer @n as second factor; which must succeed. */
void create_2fa(struct card *c, const char *name, int n);
/* LOGIN of a CO in NOBODY's context, with a signature. Status. */
uint32_t login_2fa(struct card *c, const char *name, const char *pw, int n,
		   const struct nonce *nonce);
uint32_t user_flags(struct card *c, const char *name);
uint32_t user_failures(struct card *c, const char *name);
uint32_t user_delete(struct card *c, uint32_t ctx, uint32_t type, const char *name);

#endif /* HSM_TEST_FACTOR_H */
