/* SPDX-License-Identifier: GPL-2.0-or-later */
/* quorum_int.h - what the files of the quorum share. Everything needs fw.lock. */
#ifndef HSM_QUORUM_INT_H
#define HSM_QUORUM_INT_H

#include <stdatomic.h>

#include "call.h"
#include "record.h"

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
/* Of a cluster: a change on its way makes it; changes or deletes its record. */
#define TOKEN_COMING	0x4
#define TOKEN_CHANGING	0x8
#define TOKEN_BUSY	(TOKEN_CLAIMED | TOKEN_COMING | TOKEN_CHANGING)

struct quorum_token {
	struct quorum_token *next;
	atomic_uint state;
	/* Whose login it belongs to; may be gone if DEAD; NULL: a login on another card. */
	const struct ctx *ctx;
	bool shared;			/* a record of the cluster's image, now or once */
	bool gone;			/* but it is not there any more */
	bool missing;			/* not yet seen in the snapshot that is taken in */
	uint64_t incarnation;		/* if shared: of the card of that login; node is in wire */
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

/*
 * Whether the user who is logged in may use @t: from the very login that got it, and those
 * of the officers in a cluster from any card. What a key is used for changes nothing that
 * the cluster would order, so it is that login's card which sees to it that it is once.
 */
bool quorum_mine(const struct ctx *ctx, const struct quorum_token *t);
/* Whether he may bring approvals for it: in a cluster from any card. */
bool quorum_asked_by(const struct ctx *ctx, const struct quorum_token *t);

/* Whether @u may approve @t: has a key and is of those whom the service asks. */
bool quorum_may_approve(const struct fw *fw, const struct quorum_token *t,
			const struct user *u);

/* The user of an approval that counts: still there, with that key, entitled; else NULL. */
const struct user *quorum_approver(const struct fw *fw, const struct quorum_token *t,
				   const struct approval *a);
uint32_t quorum_approvals(const struct fw *fw, const struct quorum_token *t);

static inline uint32_t quorum_node(const struct quorum_token *t)
{
	return get_le32(t->wire + offsetof(struct hsm_token, node));
}

/* Of a service that is about users; else it is about a key. */
static inline bool quorum_of_officers(uint32_t service)
{
	return service >= HSM_SERVICE_USER_MGMT;
}

/* NULL if there is none, or one that is only about to come. */
struct quorum_token *quorum_by_id(const struct fw *fw, uint32_t id);

/* Makes room for one more and gives it an id: LIMIT_REACHED, NO_MEMORY. For writing. */
int quorum_add(struct fw *fw, struct quorum_token *t);

/* Takes @t, which is not used yet, out of the list again; does not free it. */
void quorum_remove(struct fw *fw, struct quorum_token *t);

/* Marks @t as one that is of no use any more; for writing. */
void quorum_drop(struct quorum_token *t);

/*
 * A change, to be proposed, that deletes the records of tokens that are @wanted at its turn,
 * if @check says 0 then; as many changes as it takes. NULL without memory.
 */
typedef bool (*quorum_pick)(const struct call *c, const struct quorum_token *t);
struct change *quorum_delete_change(struct change *ch, int (*check)(struct call *c),
				    quorum_pick wanted);

/* quorum_record.c: the record of the image. quorum_get(): a new token, NULL for garbage. */
void quorum_put(struct record *rec, const struct quorum_token *t);
struct quorum_token *quorum_get(uint64_t id, const uint8_t *p, size_t len);

#endif /* HSM_QUORUM_INT_H */
