// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * member.c - a cluster engine over a store of keys and values: a member of a cluster.
 * The protocol is described in docs/cluster.md.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "member_int.h"

#define TICK_MS		20
#define DELAY_MIN	50
#define DELAY_MAX	2000

static void enter_refused(struct member *m);
static void enter_gone(struct member *m);

#define FROM(phase) (1u << (phase))

/* What to do on entering a phase, what it looks like from outside, and whence one comes. */
static const struct phase {
	void (*enter)(struct member *m);
	enum cluster_state fresh, joined;
	unsigned int from;
} phases[M_PHASES] = {
	[M_LEASE] = { member_enter_lease, CLUSTER_JOINING, CLUSTER_AWAY,
		      FROM(M_IDLE) | FROM(M_REST) | FROM(M_CLAIM) },
	[M_REST] = { member_enter_rest, CLUSTER_JOINING, CLUSTER_AWAY,
		     FROM(M_RANGE) | FROM(M_WAIT) | FROM(M_UNCLAIM) | FROM(M_CLAIM) |
		     FROM(M_FILL) },
	[M_RANGE] = { member_enter_range, CLUSTER_JOINING, CLUSTER_AWAY,
		      FROM(M_LEASE) | FROM(M_WAIT) | FROM(M_UNCLAIM) | FROM(M_CLAIM) |
		      FROM(M_FILL) | FROM(M_FOLLOW) },
	[M_WAIT] = { member_enter_wait, CLUSTER_JOINING, CLUSTER_AWAY, FROM(M_RANGE) },
	[M_UNCLAIM] = { member_enter_unclaim, CLUSTER_JOINING, CLUSTER_AWAY,
			FROM(M_RANGE) | FROM(M_FILL) },
	[M_CLAIM] = { member_enter_claim, CLUSTER_JOINING, CLUSTER_AWAY, FROM(M_RANGE) },
	[M_FILL] = { member_enter_fill, CLUSTER_JOINING, CLUSTER_AWAY,
		     FROM(M_CLAIM) | FROM(M_FILL) },
	[M_FOLLOW] = { member_enter_follow, CLUSTER_AWAY, CLUSTER_AWAY, FROM(M_RANGE) },
	[M_REFUSED] = { enter_refused, CLUSTER_REFUSED, CLUSTER_REFUSED,
			~(FROM(M_IDLE) | FROM(M_REFUSED) | FROM(M_GONE)) },
	[M_GONE] = { enter_gone, CLUSTER_REFUSED, CLUSTER_REFUSED, ~FROM(M_GONE) },
};

static struct member *to_member(struct cluster *cl)
{
	return (struct member *)cl;
}

const char *member_root_key(void)
{
	return "r/0/0000000000000001";
}

void member_say(struct member *m, enum cluster_state state, const char *why)
{
	bool same = m->told && state == m->state;

	if (same && (!why || !strcmp(why, m->why)))
		return;
	m->told = true;
	m->state = state;
	snprintf(m->why, sizeof(m->why), "%s", why ? why : "");
	m->hooks->state(m->hooks->opaque, state, m->why[0] ? m->why : NULL);
}

/* A step that the table does not know is a mistake of this program: it stays where it is. */
void member_go(struct member *m, enum member_phase phase)
{
	const struct phase *to = &phases[phase];

	if (!(to->from & FROM(m->phase)))
		return;
	if (m->phase == M_FILL && phase != M_FILL)
		member_image_end(m);
	m->phase = phase;
	if (phase < M_FOLLOW)
		member_say(m, m->joined ? to->joined : to->fresh, NULL);
	to->enter(m);
}

void member_fault(struct member *m, int err)
{
	static const struct { int err; const char *text; } table[] = {
		{ -ENOSPC, "the cluster's store is full" },
		{ -EACCES, "the cluster's store does not accept this card" },
		{ -EPROTO, "the cluster's store gives answers that make no sense" },
		{ 0, "the cluster's store does not answer" },
	};
	size_t i = 0;

	while (table[i].err && table[i].err != err)
		i++;
	member_say(m, m->joined ? CLUSTER_AWAY : CLUSTER_JOINING,
		   m->kv->why[0] ? m->kv->why : table[i].text);
}

void member_refuse(struct member *m, const char *why)
{
	snprintf(m->why, sizeof(m->why), "%s", why ? why : "");
	member_go(m, M_REFUSED);
}

static void let_go(struct member *m, int err)
{
	member_txn_end(m, err, 0);
	member_unwatch(m);
	if (m->lease || m->lease_asked)
		m->kv->ops->unlease(m->kv);
	m->lease = m->lease_asked = false;
}

static void enter_refused(struct member *m)
{
	char why[sizeof(m->why)];

	memcpy(why, m->why, sizeof(why));
	let_go(m, member_txn_out(m) ? -ETIMEDOUT : -EHOSTUNREACH);
	member_say(m, CLUSTER_REFUSED, why);
}

static void enter_gone(struct member *m)
{
	let_go(m, member_txn_out(m) ? -ETIMEDOUT : -EHOSTUNREACH);
	pthread_mutex_lock(&m->lock);
	m->gone = true;
	pthread_cond_broadcast(&m->left);
	pthread_mutex_unlock(&m->lock);
}

/* Half of the delay is chance, so that members do not all come at once. */
unsigned int member_delay(struct member *m, unsigned int tries)
{
	unsigned int ms = tries > 5 ? DELAY_MAX : DELAY_MIN << tries;

	m->chance = m->chance * 1664525u + 1013904223u;
	return ms / 2 + (m->chance >> 8) % (ms / 2 + 1);
}

static void patience_over(void *arg)
{
	struct member *m = arg;

	m->patient = false;
	if (m->phase == M_WAIT || (m->phase == M_FOLLOW && m->root < m->patience))
		member_go(m, M_RANGE);
	else if (m->phase == M_FOLLOW && m->root < m->target)
		member_patience(m, m->target);
}

void member_patience(struct member *m, uint64_t root)
{
	if (m->patient)
		return;
	m->patient = true;
	m->patience = root;
	m->kv->ops->after(m->kv, m->kv->timeout_ms, patience_over, m);
}

static void tick(void *arg)
{
	struct member *m = arg;

	m->ticking = m->tick && m->phase != M_GONE;
	if (!m->ticking)
		return;
	m->kv->ops->after(m->kv, TICK_MS, tick, m);
	m->hooks->tick(m->hooks->opaque);
}

/* Takes in what publish() and tick() left. */
static void open_box(void *arg)
{
	struct member *m = arg;

	pthread_mutex_lock(&m->lock);
	m->box_posted = false;
	m->tick = m->box_tick;
	for (int i = 0; i < CLUSTER_NOTES; i++) {
		if (m->box[i].dirty)
			m->notes[i] = m->box[i];
		m->box[i].dirty = false;
	}
	pthread_mutex_unlock(&m->lock);
	if (m->tick && !m->ticking && m->phase != M_GONE) {
		m->ticking = true;
		m->kv->ops->after(m->kv, TICK_MS, tick, m);
	}
	member_note_pump(m);
}

/* lock held: true if open_box() has to be posted. */
static bool box_filled(struct member *m)
{
	bool post = !m->box_posted;

	m->box_posted = true;
	return post;
}

static void member_publish(struct cluster *cl, enum cluster_note kind, const void *data, size_t len)
{
	struct member *m = to_member(cl);
	struct member_note *note = &m->box[kind];
	bool post;

	pthread_mutex_lock(&m->lock);
	note->set = note->dirty = true;
	note->present = data && len <= sizeof(note->data);
	note->len = note->present ? len : 0;
	if (note->len)
		memcpy(note->data, data, len);
	post = box_filled(m);
	pthread_mutex_unlock(&m->lock);
	if (post)
		m->kv->ops->post(m->kv, open_box, m);
}

static void member_tick(struct cluster *cl, bool on)
{
	struct member *m = to_member(cl);
	bool post;

	pthread_mutex_lock(&m->lock);
	m->box_tick = on;
	post = box_filled(m);
	pthread_mutex_unlock(&m->lock);
	if (post)
		m->kv->ops->post(m->kv, open_box, m);
}

static void begin(void *arg)
{
	member_go(arg, M_LEASE);
}

static int member_start(struct cluster *cl, uint32_t node, const struct cluster_hooks *hooks)
{
	struct member *m = to_member(cl);

	if (m->hooks)
		return -EBUSY;
	m->hooks = hooks;
	m->node = node;
	m->chance = node * 2654435761u + 1;
	m->kv->ops->post(m->kv, begin, m);
	return 0;
}

static void member_post_txn(struct cluster *cl, struct cluster_txn *txn)
{
	struct member *m = to_member(cl);

	txn->engine = m;
	m->kv->ops->post(m->kv, member_propose, txn);
}

static void leave_now(void *arg)
{
	member_go(arg, M_GONE);
}

static void leave(void *arg)
{
	member_note_leave(arg, leave_now);
}

static bool has_left(struct member *m)
{
	bool gone;

	pthread_mutex_lock(&m->lock);
	gone = m->gone;
	pthread_mutex_unlock(&m->lock);
	return gone;
}

static void member_stop(struct cluster *cl)
{
	struct member *m = to_member(cl);

	if (!m->hooks || has_left(m))
		return;
	m->kv->ops->post(m->kv, leave, m);
	while (m->kv->ops->pump && !has_left(m))
		m->kv->ops->pump(m->kv);
	pthread_mutex_lock(&m->lock);
	while (!m->gone)
		pthread_cond_wait(&m->left, &m->lock);
	pthread_mutex_unlock(&m->lock);
}

static void member_close(struct cluster *cl)
{
	struct member *m = to_member(cl);

	m->kv->ops->close(m->kv);
	pthread_mutex_destroy(&m->lock);
	pthread_cond_destroy(&m->left);
	free(m);
}

struct cluster *member_open(struct kv *kv)
{
	struct member *m = calloc(1, sizeof(*m));

	if (!m) {
		kv->ops->close(kv);
		return NULL;
	}
	m->kv = kv;
	m->ops.name = kv->ops->name;
	m->ops.start = member_start;
	m->ops.propose = member_post_txn;
	m->ops.publish = member_publish;
	m->ops.tick = member_tick;
	m->ops.stop = member_stop;
	m->ops.close = member_close;
	m->cl.ops = &m->ops;
	pthread_mutex_init(&m->lock, NULL);
	pthread_cond_init(&m->left, NULL);
	return &m->cl;
}
