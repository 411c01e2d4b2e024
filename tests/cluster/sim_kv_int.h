/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sim_kv_int.h - what the files of a simulated connection share. */
#ifndef HSM_SIM_KV_INT_H
#define HSM_SIM_KV_INT_H

#include "sim.h"

#define SIM_TIMEOUT_MS	2000
#define LEASE_US	(5 * SIM_S)

enum sim_what { TXN, RANGE, GRANT, KEEPALIVE, REVOKE };

struct sim_kv {
	struct kv kv;
	struct sim_world *w;
	struct sim_proc *proc;
	unsigned int refs;
	bool killed;		/* no message goes or comes */
	bool closed;		/* no callback any more */
	/* Watch. */
	uint64_t from, watch;	/* next revision; which watch it is, 0: none */
	uint64_t watches;
	kv_events events;
	void *events_arg;
	bool pumping;
	/* Lease. */
	uint64_t lease, leases, last_alive;
	kv_done lease_done;
	void *lease_arg;
};

/* On its way there and back. */
struct sim_request {
	struct sim_kv *kv;
	unsigned int refs;
	enum sim_what what;
	bool answered;
	struct sim_txn txn;
	char *prefix;
	uint64_t lease;		/* of a lease's requests: its count */
	struct sim_reply reply;
	kv_done done;
	kv_items items;
	void *arg;
};

static inline struct sim_kv *sim_to_kv(struct kv *kv)
{
	return (struct sim_kv *)kv;
}

static inline bool sim_is_cut(const struct sim_kv *k)
{
	return k->w->weather.cut[k->proc->id];
}

/* sim_kv.c */
void sim_kv_put(struct sim_kv *k);
uint64_t sim_delay(struct sim_kv *k);
bool sim_lost(struct sim_kv *k);
struct sim_request *sim_request_new(struct sim_kv *k, enum sim_what what);
/* Gives the caller's reference away. */
void sim_send_off(struct sim_request *r);

/* sim_watch.c, sim_lease.c */
void sim_watch(struct kv *kv, uint64_t from, kv_events events, void *arg);
void sim_unwatch(struct kv *kv);
void sim_lease(struct kv *kv, kv_done done, void *arg);
void sim_unlease(struct kv *kv);
void sim_lease_answer(struct sim_request *r);

#endif /* HSM_SIM_KV_INT_H */
