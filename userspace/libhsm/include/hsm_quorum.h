/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hsm_quorum.h - part of hsm.h, which includes it: who shares keys, and who must approve
 * what.
 */
#ifndef HSM_QUORUM_H
#define HSM_QUORUM_H

#include "hsm.h"

/* A user's approval of a file of tokens. */
struct hsm_approver {
	uint32_t type;			/* HSM_USER_* */
	const char *name;		/* terminated */
	const void *signature;		/* over the file: RSASSA-PKCS1-v1_5, SHA-256 */
	size_t signature_len;
};

/* A quorum token and who approved it. */
struct hsm_quorum {
	uint32_t id;
	uint32_t service;		/* HSM_SERVICE_* */
	uint32_t node;
	uint32_t user;			/* id of the one who may use it */
	uint64_t handle;		/* of the key, 0 for the officers' services */
	uint32_t m_value;		/* approvals needed */
	uint32_t valid_s;		/* seconds left */
	uint32_t approvals;
	char user_name[HSM_NAME_MAX + 1];	/* these three: terminated */
	char serial[32];
	char approver[HSM_M_VALUE_MAX][HSM_NAME_MAX + 1];	/* as many as there is room */
};

/* A key as officers see it. */
struct hsm_key_ref_info {
	uint64_t handle;
	uint32_t flags;			/* HSM_KEY_REF_* */
	uint32_t owner;			/* user id */
};

/* Shares a key with @n users, or takes it back from them: all or none. */
int hsm_key_share(struct hsm *h, uint32_t session, uint64_t handle, const uint32_t *users,
		  size_t n, bool share, struct hsm_result *res);

/*
 * The token keys that user @user owns or shares, 0 = those of all users, by handle. *keys
 * is NULL if there are none. @hash, if it is not NULL, takes the card's hash over all
 * users and keys; *hashed says whether there was one.
 */
int hsm_key_list(struct hsm *h, uint32_t session, uint32_t user, struct hsm_key_ref_info **keys,
		 size_t *n, uint8_t hash[HSM_DIGEST_LEN], bool *hashed, struct hsm_result *res);

/* How many officers must approve, for a service HSM_SERVICE_*; 1 = no quorum. */
int hsm_m_value_set(struct hsm *h, uint32_t session, uint32_t service, uint32_t m_value,
		    struct hsm_result *res);
int hsm_m_value_get(struct hsm *h, uint32_t session, uint32_t service, uint32_t *m_value,
		    struct hsm_result *res);

/*
 * A quorum token for one use of @service (of the key @handle; 0 for the officers'
 * services), as the bytes to sign. It is the session's: log out and it is gone.
 */
int hsm_token_new(struct hsm *h, uint32_t session, uint32_t service, uint64_t handle,
		  struct hsm_token *token, struct hsm_result *res);

/* The fields of a token as hsm_token_new() gave it; approvals and valid_s are 0. */
void hsm_token_read(const struct hsm_token *token, struct hsm_quorum *q);

/*
 * Hands the card approvals of the file @tokens, at most HSM_TOKEN_FILE_MAX bytes, in
 * which the card's own token must be: all or none.
 */
#define HSM_TOKEN_FILE_MAX	(32 * sizeof(struct hsm_token))
int hsm_token_approve(struct hsm *h, uint32_t session, const void *tokens, size_t len,
		      const struct hsm_approver *approvers, size_t n, struct hsm_result *res);

/* The tokens that the session may see. *tokens is NULL if there are none. */
int hsm_token_list(struct hsm *h, uint32_t session, struct hsm_quorum **tokens, size_t *n,
		   struct hsm_result *res);

/* The token @id, or all that the session may delete. */
#define HSM_TOKEN_ALL		0xffffffffu
int hsm_token_delete(struct hsm *h, uint32_t session, uint32_t id, struct hsm_result *res);

#endif /* HSM_QUORUM_H */
