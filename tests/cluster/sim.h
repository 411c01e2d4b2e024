/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sim.h - a world in one thread: cards with whole firmwares, their disks, a network, and one
 * etcd behind it, under a virtual clock. What happens when is drawn from a seed, so that a
 * history can be played again.
 */
#ifndef HSM_SIM_H
#define HSM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw.h"
#include "kv.h"
#include "store.h"

#define SIM_NODES_MAX	6
#define SIM_MS		((uint64_t)1000)	/* the virtual clock counts microseconds */
#define SIM_S		((uint64_t)1000000)

struct sim_world;

/* A process: what it has before it waits while it is stopped, and is lost when it dies. */
struct sim_proc {
	struct sim_world *w;
	uint32_t id;
	uint64_t life;		/* counts starts; events of an earlier life are dropped */
	bool paused;
	struct sim_event *held, **held_end;
	/* Its clock: milliseconds at @clock_base of the world's, and how fast it goes. */
	uint64_t clock_ms, clock_base;
	unsigned int rate;	/* percent */
};

typedef void (*sim_fn)(void *arg);

/*
 * sim_world.c. Events: @fn gets @arg @delay microseconds from now, in @proc (NULL: in the
 * world itself) if that life still lasts; else @drop (may be NULL) does.
 */
void sim_at(struct sim_world *w, struct sim_proc *proc, uint64_t delay, sim_fn fn, sim_fn drop,
	    void *arg);
/* Runs the next event. False if there is none before @until. */
bool sim_step(struct sim_world *w, uint64_t until);
/* Runs the next event of @proc, whatever its time; what others do waits. */
bool sim_step_of(struct sim_world *w, struct sim_proc *proc);
void sim_run_until(struct sim_world *w, uint64_t until);
uint64_t sim_now(const struct sim_world *w);
uint32_t sim_random(struct sim_world *w, uint32_t below);
/* True in @percent of all cases. */
bool sim_chance(struct sim_world *w, uint32_t percent);
void sim_fill_random(struct sim_world *w, void *buf, size_t len);
uint64_t sim_clock_ms(const struct sim_proc *p);
void sim_clock_set(struct sim_proc *p, unsigned int rate, uint64_t jump_ms);
void sim_pause(struct sim_proc *p);
void sim_resume(struct sim_proc *p);
void sim_proc_end_life(struct sim_proc *p);

/* The trace: kept, printed when a history fails; or at once. */
__attribute__((format(printf, 2, 3)))
void sim_say(struct sim_world *w, const char *fmt, ...);
/* Fine grain: only if the world is verbose. */
__attribute__((format(printf, 2, 3)))
void sim_detail(struct sim_world *w, const char *fmt, ...);
/* A property does not hold. */
__attribute__((format(printf, 2, 3)))
void sim_fail(struct sim_world *w, const char *fmt, ...);

/* How the network and the etcd are. Links are those of the cards to it. */
struct sim_weather {
	bool no_quorum;			/* nothing is decided */
	bool cut[SIM_NODES_MAX];	/* no message between the card and etcd */
	unsigned int lose;		/* percent of messages that get lost */
	uint64_t slow_us;		/* the longest delay of one */
	bool full;			/* no space: puts are refused */
};

/* sim_etcd.c: what all cards see. */
struct sim_etcd;
struct sim_etcd *sim_etcd_new(struct sim_world *w);
struct sim_etcd *sim_etcd_clone(struct sim_world *w, const struct sim_etcd *from);
void sim_etcd_free(struct sim_etcd *e);
void sim_etcd_compact(struct sim_etcd *e);
/* The weather has changed: connections that wait go on, leases start anew after a quorum came. */
void sim_etcd_weather(struct sim_etcd *e, bool quorum_came);
/* Nobody is left: of a store that does not last, everything goes. */
void sim_etcd_wipe(struct sim_etcd *e);

struct sim_reply {
	int err;
	uint64_t revision, lease;
	struct kv_item *items;		/* of a range; freed by sim_items_free() */
	size_t n_items;
};

/* A copy, with a zero behind it. */
void *sim_dup(const void *p, size_t len);
void sim_items_free(struct kv_item *items, size_t n);
struct kv_item *sim_items_copy(const struct kv_item *items, size_t n);

struct sim_txn {
	struct kv_cmp *cmp;
	size_t n_cmp;
	struct kv_op *op;
	size_t n_op;
	uint64_t lease;
};

void sim_etcd_txn(struct sim_etcd *e, const struct sim_txn *t, struct sim_reply *r);
void sim_etcd_range(struct sim_etcd *e, const char *prefix, struct sim_reply *r);
void sim_etcd_grant(struct sim_etcd *e, uint64_t ttl_us, struct sim_reply *r);
void sim_etcd_keepalive(struct sim_etcd *e, uint64_t lease, struct sim_reply *r);
void sim_etcd_revoke(struct sim_etcd *e, uint64_t lease);
/*
 * The events of the first revision from @from on, in @r (a copy): true; false if there is
 * none yet. -ESTALE if it was compacted.
 */
bool sim_etcd_events(struct sim_etcd *e, uint64_t from, struct sim_reply *r);
/* @fn is called at each new revision. One per card; NULL: no more. */
void sim_etcd_listen(struct sim_etcd *e, uint32_t node, sim_fn fn, void *arg);

/* sim_kv.c: a card's connection. */
struct kv *sim_kv_open(struct sim_world *w, uint32_t node);
/* Nothing it sends arrives any more, no answer comes: its process was killed. */
void sim_kv_kill(struct kv *kv);
void sim_kv_weather(struct sim_world *w);

/* sim_store.c: a disk. It outlives the store that a firmware has of it. */
struct sim_disk;
struct sim_disk *sim_disk_new(struct sim_world *w);
struct sim_disk *sim_disk_clone(struct sim_world *w, const struct sim_disk *from);
void sim_disk_free(struct sim_disk *d);
/* One store at a time. @proc: whose commits they are; dead with it. */
struct store *sim_store_open(struct sim_disk *d, struct sim_proc *proc);
/* The process was killed: what is not committed is lost. */
void sim_store_kill(struct store *st);
void sim_disk_fail(struct sim_disk *d, bool fails);
bool sim_disk_fails(const struct sim_disk *d);
/* Commits take up to so long; 0: at once. */
void sim_disk_slow(struct sim_disk *d, uint64_t us);
bool sim_disk_has(const struct sim_disk *d, enum store_kind kind, uint64_t id);
/* How often the record was written (and not deleted) since the disk was cloned. */
unsigned int sim_disk_writes(const struct sim_disk *d, enum store_kind kind, uint64_t id);

/* sim_card.c */
struct sim_node {
	struct sim_proc proc;
	struct sim_disk *disk;
	struct store *store;
	struct kv *kv;
	struct cluster *cluster;
	struct fw *fw;		/* NULL: off */
	struct fw_platform platform;
	int locks;		/* held now */
	char serial[16];
	bool gone;		/* destroyed for good */
	bool killing;
	char err[256];
};

/* False if the firmware does not start; n->err tells. */
bool sim_card_start(struct sim_world *w, struct sim_node *n);
void sim_card_stop(struct sim_world *w, struct sim_node *n);	/* as its operator does */
void sim_card_kill(struct sim_world *w, struct sim_node *n);	/* kill -9, power cut */

struct sim_world {
	uint64_t now, seed, rng[4], rng_firmware[2][4];
	struct sim_event **heap;
	size_t n_events, room;
	uint64_t seq, steps;
	struct sim_weather weather;
	struct sim_etcd *etcd;
	struct sim_node node[SIM_NODES_MAX];
	uint32_t n_nodes;
	bool lasting;		/* an etcd, not a group */
	bool verbose;
	char *trace;
	size_t trace_len, trace_room;
	unsigned int failures;
};

struct sim_world *sim_world_new(uint64_t seed, bool verbose);
void sim_world_free(struct sim_world *w);
/* Whose random numbers the firmware gets from now on. */
void sim_random_source(struct sim_world *w);

/*
 * sim_image.c: worlds of @n cards that are activated and have joined, made once; sim_clone()
 * copies one: cards off, disks and etcd as they were left. Cards beyond @n are fresh.
 */
struct sim_world *sim_clone(uint64_t seed, uint32_t n, bool verbose);
void sim_images_free(void);
/* Until every card that runs is online (or has been refused); false after @seconds. */
bool sim_wait_online(struct sim_world *w, unsigned int seconds);

#endif /* HSM_SIM_H */
