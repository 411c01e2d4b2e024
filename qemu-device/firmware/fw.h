/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fw.h - the firmware of the card as its host sees it: messages in, messages out.
 *
 * The library knows nothing of QEMU, rings, files, clocks or threads. What it
 * needs of them comes through struct fw_platform and struct store (store.h), so
 * the same code runs in the card, in unit tests, in fuzzers and in a simulator.
 *
 * Locking: every function may be called from any thread at any time between
 * fw_new() and fw_free(), but for fw_free() itself. Callbacks may be called with
 * firmware locks held and must not call back into the firmware, except for
 * fw_req.done, which is called without any.
 */
#ifndef HSM_FW_H
#define HSM_FW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cluster;
struct fw;
struct store;

enum fw_log_level { FW_LOG_ERROR, FW_LOG_WARNING, FW_LOG_INFO };

/*
 * The host's services. @size is sizeof(struct fw_platform) as the host knows it;
 * every callback gets @opaque.
 */
struct fw_platform {
	size_t size;
	void *opaque;
	/* Milliseconds of a clock that never goes back. */
	uint64_t (*now_ms)(void *opaque);
	/* Microseconds since 1970-01-01 UTC. */
	uint64_t (*wall_us)(void *opaque);
	/*
	 * SHA-256 of the running firmware image as its host was loaded with it; may take a
	 * moment. False if it cannot be told.
	 */
	bool (*measure)(void *opaque, uint8_t sha256[32]);
	/* One line, without line end, without secrets. */
	void (*log)(void *opaque, enum fw_log_level level, const char *line);
	/* Read-write locks, not recursive; lock_new returns NULL without memory. */
	void *(*lock_new)(void *opaque);
	void (*lock_free)(void *opaque, void *lock);
	void (*lock_read)(void *opaque, void *lock);
	void (*lock_write)(void *opaque, void *lock);
	void (*unlock)(void *opaque, void *lock);
};

enum fw_policy { FW_POLICY_FAITHFUL, FW_POLICY_STRICT };

/*
 * What a card is made of. @secret (@secret_len bytes, at least 1) unseals the
 * store and is copied. @serial is at most 31 characters. @store is used until
 * fw_free() and stays the caller's. So does @cluster, NULL for a card on its own; @address
 * (at most 63 characters, or NULL) is what the members' lists show for this card. A card
 * that belongs to a cluster does not start without one, but with @leave_cluster: then it
 * keeps what it has and is a card on its own from now on.
 */
struct fw_config {
	const struct fw_platform *platform;
	struct store *store;
	const void *secret;
	size_t secret_len;
	const char *serial;
	uint32_t node_id;
	enum fw_policy policy;
	bool fips;
	bool open_zeroize;	/* anyone may zeroize the card, as the vendor's; else officers */
	struct cluster *cluster;
	const char *address;
	bool leave_cluster;
};

/*
 * Runs the self-tests, loads the store and returns a firmware that can serve, or
 * NULL with a line in @err (@err_len bytes of room) that names what is wrong.
 * An empty store is made a fresh card.
 */
struct fw *fw_new(const struct fw_config *cfg, char *err, size_t err_len);

/*
 * How the card stands in its cluster: HSM_MEMBERSHIP_* (hsm_cluster.h), and with one line in
 * @why (@why_len bytes) what is wrong, or an empty one. A host that starts a card waits, as
 * long as it likes, while this is JOINING, and gives up on one that is REFUSED.
 */
uint32_t fw_membership(struct fw *fw, char *why, size_t why_len);

/*
 * How far this card has come: the number of the last change of its cluster that it has (0: it
 * is in none), and KEY_LIST's hash of users and keys, which then is equal on all members that
 * have come as far. False without memory.
 */
bool fw_state(struct fw *fw, uint64_t *position, uint8_t sha256[32]);

/* Ends every context and frees everything. No request may be in flight. */
void fw_free(struct fw *fw);

/*
 * The volatile half of a reset: every context ends as with fw_ctx_close(), the
 * random generator is seeded again. Does not wait for requests in flight: their
 * contexts are gone and what they return is nobody's.
 */
void fw_reset(struct fw *fw);

/*
 * The card was tampered with: destroys every key, user and token, in memory and in the
 * store, while commands run. Returns at once; requests in flight end as if canceled, and
 * from now until fw_free() every request is answered CARD_TAMPERED. The audit log stays,
 * and says so. The next fw_new() finds a fresh card. For any thread.
 */
void fw_tamper(struct fw *fw);

/*
 * A context is one client: one open file of a driver. Ids are the host's.
 * fw_ctx_open: false if @ctx is open already, or without memory.
 * fw_ctx_close: logs out, destroys sessions and session keys, asks the context's
 * requests to end; false if @ctx is not open.
 */
bool fw_ctx_open(struct fw *fw, uint32_t ctx);
bool fw_ctx_close(struct fw *fw, uint32_t ctx);

enum fw_result {
	FW_OK,		/* a reply stands in out, out_len bytes */
	FW_NO_ROOM,	/* out_room too small, out_len tells; nothing was changed */
	FW_NO_CTX,	/* ctx is not open */
	FW_CANCELED,	/* req->cancel was seen in time, or the context closed; nothing was changed */
	FW_TIMEOUT,	/* deadline_ms passed in time; nothing was changed */
	FW_FAILED	/* no memory or an internal fault; nothing was changed */
};

/*
 * One request. The caller owns it and its buffers, which must not overlap and
 * must stay until @done was called. @in is a message (hsm_cmd.h) of @in_len
 * bytes; the firmware does not change it. Bytes of @out beyond out_len are not
 * written or are zero.
 */
struct fw_req {
	uint32_t ctx;
	uint32_t rights;	/* HSM_CLASS_* this request may use */
	const uint8_t *in;
	size_t in_len;
	uint8_t *out;
	size_t out_room;
	size_t out_len;		/* set before done */
	uint64_t deadline_ms;	/* on the platform's clock; 0 = none */
	atomic_bool cancel;	/* set by anyone to ask for an early end */
	/*
	 * Called exactly once: on the thread that called fw_exec() before that
	 * returns, or later on the store's commit thread.
	 */
	void (*done)(struct fw_req *req, enum fw_result result);
};

void fw_exec(struct fw *fw, struct fw_req *req);

/*
 * True if the message asks for no more than table look-ups: a host may run it
 * ahead of delivering what is done already. False for anything unknown.
 */
bool fw_quick(const uint8_t *in, size_t in_len);

/*
 * True if the message may compute for more than about a millisecond (password
 * hashing, key pairs, keys that come in and are checked): a host lets only some of
 * its threads do that at a time.
 */
bool fw_long(const uint8_t *in, size_t in_len);

/* @len random bytes; false if the generator failed. */
bool fw_random(struct fw *fw, void *buf, size_t len);

#endif /* HSM_FW_H */
