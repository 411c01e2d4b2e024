/* SPDX-License-Identifier: GPL-2.0-or-later */
/* quorum_int.h - what the files of the quorum share. Everything needs fw.lock. */
#ifndef HSM_QUORUM_INT_H
#define HSM_QUORUM_INT_H

#include <stdatomic.h>

#include "call.h"

#define QUORUM_MAGIC	"HSMT"
#define QUORUM_VERSION	1

/* One approval: of whom, and with which key, which counts as long as the user has it. */
struct approval {
	uint32_t user;
	uint32_t key_len;
	uint8_t key[HSM_PUBLIC_KEY_MAX];
};

/* Bits of quorum_token.state. */
#define TOKEN_CLAIMED	0x1	/* by a call on its way, which settles it */
#define TOKEN_DEAD	0x2	/* used, or its login has ended: freed when nobody claims it */

struct quorum_token {
	struct quorum_token *next;
	atomic_uint state;
	const struct ctx *ctx;		/* whose login it belongs to; may be gone if DEAD */
	uint64_t expires_ms;
	uint32_t service, id, user, m_value;
	uint64_t handle;
	uint8_t wire[sizeof(struct hsm_token)];
	uint32_t n_approvals;
	struct approval approval[HSM_M_VALUE_MAX];
};

/* Frees those that are of no use any more; for writing. */
void quorum_reap(struct fw *fw);

/* Whether it can still be used: not spent, not late, its key is there. */
bool quorum_alive(const struct fw *fw, const struct quorum_token *t);

/* Whether the user who is logged in may use @t, from this very login. */
bool quorum_mine(const struct ctx *ctx, const struct quorum_token *t);

/* Whether @u may approve @t: has a key and is of those whom the service asks. */
bool quorum_may_approve(const struct fw *fw, const struct quorum_token *t,
			const struct user *u);

/* The user of an approval that counts: still there, with that key, entitled; else NULL. */
const struct user *quorum_approver(const struct fw *fw, const struct quorum_token *t,
				   const struct approval *a);
uint32_t quorum_approvals(const struct fw *fw, const struct quorum_token *t);

/* Makes room for one more and gives it an id: LIMIT_REACHED, NO_MEMORY. For writing. */
int quorum_add(struct fw *fw, struct quorum_token *t);

/* Marks @t as one that is of no use any more; for writing. */
void quorum_drop(struct quorum_token *t);

#endif /* HSM_QUORUM_INT_H */
