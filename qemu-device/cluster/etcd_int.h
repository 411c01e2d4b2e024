/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * etcd_int.h - the parts of the kv over etcd: what its file says (etcd_config.c), what
 * requests and answers look like (etcd_body.c, etcd_decode.c), calls (etcd_call.c,
 * etcd_auth.c) and what is made of them (etcd.c, etcd_range.c, etcd_watch.c, etcd_lease.c).
 *
 * All of it runs on the kv's thread but etcd_post(), etcd_close() and the pure functions.
 */
#ifndef HSM_ETCD_INT_H
#define HSM_ETCD_INT_H

#include <curl/curl.h>
#include <pthread.h>

#include "etcd_codec.h"
#include "etcd_config.h"
#include "kv.h"

#define ETCD_ANSWER_MAX	((size_t)16 << 20)	/* bytes of an answer, or of a line of a stream */
#define ETCD_HEADER_MAX	((size_t)64 << 10)	/* bytes of an answer's headers */
#define ETCD_IMAGE_MAX	((size_t)1 << 30)	/* bytes of all that a range brings */
#define ETCD_UNLEASE_MS	500

struct etcd;

/*
 * A request, to be embedded first in what it is made for. @once: if its outcome is not
 * known it is not tried again. @done gets 0 and the answer of a 200, or what kv_done may
 * get, or -ESTALE (compacted), -ENOKEY (no such lease), -EMSGSIZE (answer too long),
 * -ENOTSUP (no users there), -ENOMEM; it owns the call and ends it with etcd_call_free(),
 * or starts it again.
 */
struct etcd_call {
	struct etcd *etcd;
	struct etcd_call *next;
	const char *path;
	struct etcd_buf body;
	struct etcd_buf answer;
	bool once;
	bool stream;		/* has no end; its owner looks at what came so far */
	bool nobody;		/* needs no token */
	uint64_t deadline;	/* of the whole call, in ms of etcd_now() */
	unsigned int patience;	/* ms for one attempt, 0: until the deadline */
	void (*done)(struct etcd_call *call, int err);
	void (*drop)(struct etcd_call *call);	/* what the struct around it holds; or NULL */

	/* etcd_call.c's own */
	CURL *curl;
	struct curl_slist *headers;
	char error[CURL_ERROR_SIZE];
	uint64_t begun;		/* the attempt */
	bool sent;		/* by the attempt, or a part of it */
	size_t header_len;
	unsigned int endpoint;
	unsigned int tries;
	unsigned int token_gen;
	uint64_t retry_at;	/* 0: under way, or waits for a token */
	bool waits;
	bool renewed;
	int failed;		/* an error of our own */
};

struct etcd_timer {
	struct etcd_timer *next;
	uint64_t at;
	kv_call fn;
	void *arg;
};

struct etcd_lease {
	uint64_t id;		/* 0: none */
	uint64_t ttl;		/* ms */
	uint64_t until;		/* unless it is renewed */
	uint64_t renew_at;	/* 0: being renewed */
	struct etcd_call *call;	/* grant or keepalive */
	kv_done done;
	void *arg;
};

struct etcd_watch {
	struct etcd_call *call;	/* NULL: no watch */
	unsigned int gen;	/* of watches */
	kv_events events;
	void *arg;
	int ending;		/* what its owner is told soon: it is over */
	uint64_t next;		/* the lowest revision that may come */
	uint64_t created_by;	/* 0: it is */
	uint64_t must_see;	/* a revision of our own that must come, 0: none, */
	uint64_t see_by;	/* by then */
	bool renewed;		/* the token */
	struct kv_item *held;	/* events of a revision that goes on; key and value in one block */
	size_t n_held;
	size_t held_bytes;
};

struct etcd_forsaken {
	kv_done done;
	kv_items items;
	void *arg;
};

struct etcd {
	struct kv kv;
	struct etcd_config cfg;
	CURLM *multi;
	pthread_t thread;

	pthread_mutex_t lock;	/* of the two below */
	struct etcd_timer *posted;
	bool closing;

	struct etcd_timer *timers;	/* by time */
	bool hurry;			/* something is due that was not when it was looked at */
	struct etcd_call *calls;
	CURL *spare[8];
	unsigned int n_spare;
	unsigned int current;		/* endpoint that new requests go to */
	char *token;			/* "": etcd has no users */
	unsigned int token_gen;
	struct etcd_call *auth;
	struct etcd_call *revoke;
	struct etcd_lease lease;
	struct etcd_watch watch;
	struct etcd_forsaken forsaken[32];
	unsigned int n_forsaken;
};

static inline struct etcd *etcd_of(struct kv *kv)
{
	return (struct etcd *)kv;
}

/* Milliseconds of a clock that goes on while the machine sleeps. */
uint64_t etcd_now(void);

/*
 * A call of @size bytes (its struct embeds struct etcd_call), zeroed but for what the kv's
 * timeout sets. NULL without memory.
 */
void *etcd_call_new(struct etcd *e, size_t size, const char *path);
/* Begins it; done() comes later. A body that had no memory is -EHOSTUNREACH. */
void etcd_call_start(struct etcd_call *call);
/* Takes it away, without done() if it has not come; @call may be NULL. */
void etcd_call_free(struct etcd_call *call);
/* Starts again what is due; the time of the next thing to do, or @wake if that is sooner. */
uint64_t etcd_calls_tick(struct etcd *e, uint64_t wake);
/* What curl has finished. */
void etcd_calls_finished(struct etcd *e);
/* @call's endpoint does not answer as it should: others are asked, another's watch there ends. */
void etcd_endpoint_failed(struct etcd *e, const struct etcd_call *call);
void etcd_why(struct etcd *e, unsigned int endpoint, const char *text);

/* Sets the options that differ between attempts and gives the call to curl. 0 or -errno. */
int etcd_send(struct etcd_call *call);
/* A handle with all that is the same for every call; NULL without memory. */
CURL *etcd_handle_get(struct etcd *e);
void etcd_handle_put(struct etcd *e, CURL *curl);

/* What a kv_done gets for what etcd_call's done() got. */
int etcd_kv_err(int err);

/* Whether a call may go out; if not, a token is being asked for. */
bool etcd_auth_ready(struct etcd *e);
/* The token of generation @gen was not accepted. */
void etcd_auth_drop(struct etcd *e, unsigned int gen);
/* Lets the calls that wait for a token go on, or fail with @err. */
void etcd_calls_go_on(struct etcd *e, int err);

/* Without memory for a call: @done or @items, the other is NULL, is told so soon. */
void etcd_forsake(struct etcd *e, kv_done done, kv_items items, void *arg);

void etcd_txn(struct kv *kv, const struct kv_cmp *cmp, size_t n_cmp, const struct kv_op *op,
	      size_t n_op, kv_done done, void *arg);
void etcd_range(struct kv *kv, const char *prefix, kv_items items, void *arg);

void etcd_watch(struct kv *kv, uint64_t from, kv_events events, void *arg);
void etcd_unwatch(struct kv *kv);
uint64_t etcd_watch_tick(struct etcd *e, uint64_t wake);
/* What the watch's call has brought so far. */
void etcd_watch_read(struct etcd *e);
/* A transaction of our own that the watch must show. */
void etcd_watch_expect(struct etcd *e, uint64_t revision);
/* Ends the watch with @err, which its owner is told soon. */
void etcd_watch_end(struct etcd *e, int err);

void etcd_lease(struct kv *kv, kv_done done, void *arg);
void etcd_unlease(struct kv *kv);
uint64_t etcd_lease_tick(struct etcd *e, uint64_t wake);
/* The lease @id is gone; its owner is told soon. */
void etcd_lease_lost(struct etcd *e, uint64_t id);

#endif /* HSM_ETCD_INT_H */
