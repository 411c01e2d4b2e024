/* SPDX-License-Identifier: GPL-2.0-or-later */
/* approving.h - quorum tokens and those who approve them, for the tests of both. */
#ifndef HSM_TEST_APPROVING_H
#define HSM_TEST_APPROVING_H

#include "evp.h"

#define TOKEN_LEN	sizeof(struct hsm_token)
#define TOKEN_AT(member) offsetof(struct hsm_token, member)
#define SIGNERS		5

/* The Nth of a few RSA keys, made once in a test program. */
EVP_PKEY *signer(int n);
void free_signers(void);

/* Registers signer @n for the user of @ctx. Returns the status. */
uint32_t register_key(struct card *c, uint32_t ctx, uint32_t type, const char *name, int n);
/* For all users of an activated card: admin 0, officer 1, alice 2, bob 3. */
void register_all(struct card *c);

/* TOKEN_NEW; @handle 0 = none. The token, or a failure of the test. */
uint32_t token_new(struct card *c, uint32_t ctx, uint32_t service, uint64_t handle);
void get_token(struct card *c, uint32_t ctx, uint32_t service, uint64_t handle,
	       struct blob *file);

/* TOKEN_APPROVE: a request, approvals for it. */
struct msg *begin_approve(const struct blob *file);
void add_approval(struct msg *m, uint32_t type, const char *name, const struct blob *sig);
/* The same, signed by signer @n over @file. */
void add_signed(struct msg *m, uint32_t type, const char *name, int n, const struct blob *file);
/* A request with one approval, sent by @ctx. */
uint32_t approve(struct card *c, uint32_t ctx, const struct blob *file, uint32_t type,
		 const char *name, int n);

/* A token of the key of ALICE with approvals of hers and of BOB's. */
void approved_key(struct card *c, uint32_t service, uint64_t handle, struct blob *file);
/* A token of ADMIN for an officers' service with approvals of ADMIN and OFFICER. */
void approved_officers(struct card *c, uint32_t service, struct blob *file);

/* An AES key of ALICE shared with BOB that needs @m of them. */
uint64_t quorum_key(struct card *c, uint32_t m);
/* Encrypts something with it: status. */
uint32_t use_key(struct card *c, uint32_t ctx, uint64_t handle);

uint32_t m_value_set(struct card *c, uint32_t ctx, uint32_t service, uint32_t m);
uint32_t m_value(struct card *c, uint32_t service);
/* Tokens that @ctx is shown. */
uint32_t tokens_seen(struct card *c, uint32_t ctx);

#endif /* HSM_TEST_APPROVING_H */
