/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fw_int.h - what the files of the firmware share.
 *
 * Locks, outer first: fw.commit, fw.lock. fw.lock guards contexts, sessions, users
 * and keys; it is held for table look-ups and their changes, never across
 * cryptography or a callback of a request. fw.commit puts sealing and submitting
 * into one order, so that a record never overtakes a newer one of the same thing.
 */
#ifndef HSM_FW_INT_H
#define HSM_FW_INT_H

#include "fw.h"
#include "held.h"
#include "hsm/hsm_cmd.h"
#include "object.h"
#include "quorum.h"
#include "seal.h"
#include "tlv.h"
#include "user.h"

#define FW_VERSION_MAJOR	1
#define FW_VERSION_MINOR	0
#define FW_SERIAL_MAX		31
#define FW_FIRST_SESSION	0x01000000u
#define FW_FIRST_USER		3u	/* id of the first user that is created */

struct audit;
struct funnel;
struct identity;
struct members;
struct replica;
struct transport;
struct wipe;

/* What a second factor signs; the digest itself is what is signed. */
struct challenge {
	uint32_t session;		/* 0 = there is none */
	uint64_t until_ms;
	uint8_t nonce[HSM_NONCE_LEN];
};

struct ctx {
	struct index_node node;		/* in fw.contexts, hashed by id */
	uint32_t id;
	atomic_uint refs;
	atomic_bool closed;
	struct user *user;		/* NULL = nobody is logged in */
	struct object *keys;		/* session keys */
	struct held_table operations, templates;
	struct challenge challenge;
	uint32_t next_session;
	unsigned int n_sessions;
	uint32_t session[HSM_SESSIONS_MAX];
};

struct fw {
	struct fw_platform platform;
	struct store *store;
	struct seal *seal;
	struct store_hooks hooks;
	struct audit *audit;		/* audit.h */
	void *lock;
	void *commit;
	atomic_uint posts;		/* records on their way that nobody waits for */
	atomic_uint gate;		/* calls in flight, and FW_WIPING, FW_TAMPERED */
	uint64_t seed;
	struct index contexts;
	size_t sessions;		/* open, in all contexts */
	struct user_table users;
	struct object_table objects;
	struct quorum quorum;
	struct index changing;		/* changes of keys on the way to the disk, by handle */
	/* NULL if its record is damaged. One that it had before it joined a cluster stays valid. */
	struct identity *_Atomic identity;
	bool measured;
	uint8_t measurement[HSM_DIGEST_LEN];	/* of the firmware, once measured; attest.c */
	struct transport *transport;	/* key of this power-on */
	size_t damaged;			/* records refused at start */
	bool card_damaged;		/* the card record is one of them: nothing new is made */
	struct user_rec nobody;		/* hashed against when a name is unknown */
	char serial[FW_SERIAL_MAX + 1];
	uint32_t node_id;
	enum fw_policy policy;
	bool fips;
	bool open_zeroize;
	struct bytes secret;		/* of the seal; in secret memory */
	atomic_bool unwiped;		/* the store has failed a tampered card */
	struct wipe *wipe;		/* who asked for the one that FW_WIPING announces, or NULL */
	struct cluster *cluster;	/* NULL: a card on its own */
	struct replica *replica;
	struct members *members;
	struct funnel *funnel;
	atomic_ullong debt_retry_ms;	/* debt.c */
};

#define FW_TAMPERED	0x80000000u	/* for good: nothing is served any more */
#define FW_WIPING	0x40000000u	/* a wipe waits for the calls in flight, or runs */

static inline void fw_lock_read(struct fw *fw)
{
	fw->platform.lock_read(fw->platform.opaque, fw->lock);
}

static inline void fw_lock_write(struct fw *fw)
{
	fw->platform.lock_write(fw->platform.opaque, fw->lock);
}

static inline void fw_unlock(struct fw *fw)
{
	fw->platform.unlock(fw->platform.opaque, fw->lock);
}

__attribute__((format(printf, 3, 4)))
void fw_log(struct fw *fw, enum fw_log_level level, const char *format, ...);

/*
 * wipe.c: the gate that everything passes that looks at users, keys or the store for a
 * client. fw_enter() counts a call in and returns 0; or it returns what to answer, and
 * nothing was counted. fw_leave() counts it out: after it the caller may touch nothing
 * that a wipe takes away, and the last one out does the wipe. No lock may be held.
 * fw_gate_status(): for calls on their way; 0, or what they should end with.
 */
int fw_enter(struct fw *fw);
void fw_leave(struct fw *fw);
int fw_gate_status(const struct fw *fw);
/* Before the store is stopped: tries once more what a tamper has left in it. */
void wipe_leftovers(struct fw *fw);

/* context.c. All but ctx_get() and ctx_put() need fw.lock. */
struct ctx *ctx_get(struct fw *fw, uint32_t id);
void ctx_put(struct ctx *ctx);
bool ctx_has_session(const struct ctx *ctx, uint32_t session);
/* 0 if no more can be opened. */
uint32_t ctx_open_session(struct fw *fw, struct ctx *ctx);
void ctx_close_session(struct fw *fw, struct ctx *ctx, uint32_t session);
void ctx_login(struct ctx *ctx, struct user *u);
void ctx_logout(struct fw *fw, struct ctx *ctx);
void ctx_add_key(struct ctx *ctx, uint32_t session, struct object *o);
void ctx_close_all(struct fw *fw);
/* Logs every context out and ends its sessions; they stay open. */
void ctx_end_all(struct fw *fw);
/* Ends operations and drops templates of @session, or all if it is 0; for writing. */
void ctx_end_operations(struct ctx *ctx, uint32_t session);

/*
 * load.c: reads the store, or makes a fresh card of an empty one; starts the store. @leave:
 * and takes the card out of the cluster that it may be of.
 */
bool fw_load(struct fw *fw, bool leave, char *err, size_t err_len);
/* fresh.c: the same for an empty store; @wrong tells what failed. */
bool fw_make_fresh(struct fw *fw, const char **wrong);
/* fresh.c: makes and stores the identity of a started store that has none. */
bool fw_add_identity(struct fw *fw);
/* fresh.c: takes what is about a cluster out of a started store. */
bool fw_forget_cluster(struct fw *fw);

#endif /* HSM_FW_INT_H */
