// SPDX-License-Identifier: GPL-2.0-or-later
/* replica.c - this card as a member: joining, state, notes. */
#include "debt.h"
#include "replica_int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "secmem.h"

#define OWN_LEN (POSITION_LEN - 1 + 8)	/* without waits, but with the last own start */
#define TELL_MS 100	/* that a note waits for others that make it needless */
#define TWIN_NOTES 4	/* more than a dead start of a card has on their way */

static void lock_why(struct replica *r)
{
	r->fw->platform.lock_write(r->fw->platform.opaque, r->lock);
}

static void unlock_why(struct replica *r)
{
	r->fw->platform.unlock(r->fw->platform.opaque, r->lock);
}

static void set_why(struct replica *r, const char *why, bool ours)
{
	lock_why(r);
	if (ours || !r->why_is_ours)
		snprintf(r->why, sizeof(r->why), "%s", why ? why : "");
	if (ours)
		r->why_is_ours = why;
	unlock_why(r);
}

void replica_because(struct replica *r, const char *why)
{
	set_why(r, why, true);
}

int replica_refuse(struct replica *r, const char *format, ...)
{
	char why[REPLICA_WHY];
	va_list ap;

	va_start(ap, format);
	vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	replica_because(r, why);
	fw_log(r->fw, FW_LOG_ERROR, "cluster: %s", why);
	return -EPERM;
}

void position_write(uint8_t p[POSITION_LEN], const struct replica_position *pos)
{
	memcpy(p, pos->cluster, sizeof(pos->cluster));
	put_le64(p + 16, pos->number);
	put_le32(p + 24, pos->node);
	put_le64(p + 28, pos->incarnation);
	put_le64(p + 36, pos->batch);
	p[44] = pos->waits;
}

void position_read(struct replica_position *pos, const uint8_t p[POSITION_LEN])
{
	memcpy(pos->cluster, p, sizeof(pos->cluster));
	pos->number = get_le64(p + 16);
	pos->node = get_le32(p + 24);
	pos->incarnation = get_le64(p + 28);
	pos->batch = get_le64(p + 36);
	pos->waits = p[44];
}

bool replica_seal_position(struct fw *fw, const struct replica_position *pos, struct sealed *out)
{
	uint8_t own[OWN_LEN];

	position_write(own, pos);
	put_le64(own + OWN_LEN - 8, members_incarnation(fw));
	return seal_record(fw->seal, STORE_META, RECORD_CLUSTER, own, sizeof(own), out);
}

bool replica_recall(struct fw *fw, const uint8_t *p, size_t len)
{
	struct replica *r = fw->replica;

	if (len != OWN_LEN)
		return false;
	position_read(&r->stored, p);
	r->stored.waits = false;
	r->belongs = true;
	return true;
}

bool replica_belongs(const struct fw *fw)
{
	return fw->replica->belongs;
}

/* Under r->lock, so that what is said last is what was last. */
static void publish(struct replica *r, enum cluster_note kind)
{
	struct cluster *engine = r->fw->cluster;
	uint8_t note[CLUSTER_NOTE_MAX];
	size_t len;

	if (!atomic_load(&r->left) && !atomic_load(&r->refused) &&
	    note_seal(r, kind, note, &len))
		engine->ops->publish(engine, kind, note, len);
}

void replica_silent(struct replica *r)
{
	struct cluster *engine = r->fw->cluster;

	lock_why(r);
	engine->ops->publish(engine, CLUSTER_ALIVE, NULL, 0);
	unlock_why(r);
}

static bool is_online(struct replica *r)
{
	return atomic_load(&r->joined) && atomic_load(&r->state) == CLUSTER_ONLINE;
}

/* r->lock held. */
static void set_ticks(struct replica *r, bool *which, bool on)
{
	struct cluster *engine = r->fw->cluster;
	bool was, is;

	if (!engine)
		return;
	was = r->tick_funnel || r->tick_store || r->tick_owes || r->tick_tell;
	*which = on;
	is = r->tick_funnel || r->tick_store || r->tick_owes || r->tick_tell;
	if (was != is)
		engine->ops->tick(engine, is);
}

/* r->lock held. */
static void applied(struct replica *r)
{
	members_applied(r->fw, atomic_load(&r->applied),
			atomic_load(&r->store_failed) ? HSM_RV_STORE_FAILED : 0);
}

void replica_tell(struct replica *r)
{
	lock_why(r);
	applied(r);
	if (is_online(r))
		publish(r, CLUSTER_ALIVE);
	r->tell_ms = 0;
	set_ticks(r, &r->tick_tell, false);
	unlock_why(r);
	funnel_look(r->fw);
}

/* Each note costs the cluster as much as a change. */
void replica_tell_later(struct replica *r)
{
	lock_why(r);
	applied(r);
	if (!r->tell_ms)
		r->tell_ms = r->fw->platform.now_ms(r->fw->platform.opaque) + TELL_MS;
	set_ticks(r, &r->tick_tell, true);
	unlock_why(r);
	funnel_look(r->fw);
}

static void tell_what_is_due(struct replica *r)
{
	bool due;

	lock_why(r);
	due = r->tell_ms && r->fw->platform.now_ms(r->fw->platform.opaque) >= r->tell_ms;
	unlock_why(r);
	if (due)
		replica_tell(r);
}

void replica_came_online(struct replica *r)
{
	if (!is_online(r))
		return;
	lock_why(r);
	publish(r, CLUSTER_CARD);
	unlock_why(r);
	replica_tell(r);
	funnel_look(r->fw);
	debt_pay_all(r->fw);
}

static void ticks(struct replica *r, bool *which, bool on)
{
	lock_why(r);
	set_ticks(r, which, on);
	unlock_why(r);
}

void replica_ticks(struct fw *fw, bool on)
{
	ticks(fw->replica, &fw->replica->tick_funnel, on);
}

void replica_owes(struct fw *fw, bool on)
{
	ticks(fw->replica, &fw->replica->tick_owes, on);
}

void replica_tick_store(struct replica *r, bool on)
{
	ticks(r, &r->tick_store, on);
}

static void hook_tick(void *opaque)
{
	struct replica *r = opaque;

	if (atomic_load(&r->left))
		return;
	replica_pump(r);
	tell_what_is_due(r);
	funnel_look(r->fw);
	debt_tick(r->fw);
}

static void hook_state(void *opaque, enum cluster_state state, const char *why)
{
	struct replica *r = opaque;

	if (atomic_load(&r->left) || atomic_load(&r->refused))
		return;
	set_why(r, why, false);
	if (why && state != CLUSTER_ONLINE)
		fw_log(r->fw, FW_LOG_WARNING, "cluster: %s", why);
	members_cut_off(r->fw, state != CLUSTER_ONLINE);
	atomic_store(&r->state, (int)state);
	if (state == CLUSTER_ONLINE)
		replica_came_online(r);
	else
		funnel_look(r->fw);
}

/*
 * A note of this card's node that is not of this start. Two cards that run under one node id
 * are one too many, and that is the one who sees the other's note before its own. But one of
 * this card's former start goes with its lease, or may have been on its way for long; a twin
 * with the same serial does not stop.
 */
static void own_note(struct replica *r, const struct member_note *n)
{
	bool same_card = !strcmp(n->serial, r->fw->serial);

	if (n->incarnation == members_incarnation(r->fw)) {
		r->echoed = true;
		return;
	}
	r->twin_notes += same_card && r->echoed;
	if (same_card ? r->twin_notes < TWIN_NOTES : r->echoed)
		return;
	replica_refuse(r, "node id %u is that of the live card %s", r->fw->node_id, n->serial);
	atomic_store(&r->refused, true);
	if (r->echoed)
		replica_silent(r);
	funnel_look(r->fw);
}

/* False: it is none of this cluster's business; *@ok: it makes sense. */
static bool alive_note(struct replica *r, uint32_t node, const uint8_t *p, size_t len, bool *ok)
{
	struct member_note n;

	*ok = member_note_read(&n, CLUSTER_ALIVE, p, len);
	if (*ok && memcmp(n.cluster, r->shown_id, sizeof(n.cluster))) {
		fw_log(r->fw, FW_LOG_WARNING, "cluster: a note of node %u is of another cluster",
		       node);
		return false;
	}
	if (*ok && node == r->fw->node_id)
		own_note(r, &n);
	return true;
}

static void hook_note(void *opaque, enum cluster_note kind, uint32_t node, const void *data,
		      size_t len)
{
	struct replica *r = opaque;
	uint8_t *plain = NULL;
	size_t plain_len = 0;
	bool ok;

	if (atomic_load(&r->left) || atomic_load(&r->refused))
		return;
	ok = !data || note_open(r, kind, node, data, len, &plain, &plain_len);
	if (ok && data && kind == CLUSTER_ALIVE && !alive_note(r, node, plain, plain_len, &ok)) {
		secmem_free(plain);
		return;
	}
	ok = ok && members_note(r->fw, kind, node, plain, plain_len);
	secmem_free(plain);
	if (!ok)
		fw_log(r->fw, FW_LOG_WARNING, "cluster: a note of node %u makes no sense, or is "
		       "sealed with another secret", node);
	funnel_look(r->fw);
}

bool replica_new(struct fw *fw, const struct fw_config *cfg)
{
	struct replica *r = calloc(1, sizeof(*r));

	if (!r)
		return false;
	fw->replica = r;
	fw->cluster = cfg->cluster;
	r->fw = fw;
	r->last = &r->first;
	r->lock = fw->platform.lock_new(fw->platform.opaque);
	r->hooks = (struct cluster_hooks){
		.opaque = r, .image = replica_image, .image_end = replica_image_end,
		.snapshot = replica_snapshot, .deliver = replica_deliver, .note = hook_note,
		.state = hook_state, .tick = hook_tick,
	};
	return r->lock && notes_new(r);
}

bool replica_start(struct fw *fw, char *err, size_t err_len)
{
	struct replica *r = fw->replica;
	int rc;

	if (!fw->cluster)
		return true;
	r->position = r->stored;
	atomic_store(&r->started, true);
	rc = fw->cluster->ops->start(fw->cluster, fw->node_id, &r->hooks);
	if (!rc)
		return true;
	atomic_store(&r->started, false);
	snprintf(err, err_len, "the cluster cannot be joined: error %d", -rc);
	return false;
}

void replica_stop(struct fw *fw)
{
	struct replica *r = fw->replica;

	if (!atomic_exchange(&r->started, false))
		return;
	/* Nothing is proposed from here on, so stop() sees the end of what was. */
	fw->platform.lock_write(fw->platform.opaque, fw->commit);
	r->stopping = true;
	fw->platform.unlock(fw->platform.opaque, fw->commit);
	fw->cluster->ops->stop(fw->cluster);
}

/* fw.commit held, or nobody else there. */
static void forget(struct replica *r)
{
	struct replica_entry *e;
	struct replica_old *old;

	while ((e = r->first)) {
		r->first = e->next;
		entry_free(e);
	}
	r->last = &r->first;
	while ((old = r->old)) {
		r->old = old->next;
		identity_free(old->identity);
		free(old);
	}
	seal_free(r->seal);
	r->seal = NULL;
	r->batch = NULL;
}

void replica_leave(struct fw *fw, bool for_good)
{
	struct replica *r = fw->replica;

	if (!fw->cluster || atomic_exchange(&r->left, true))
		return;
	fw->platform.lock_write(fw->platform.opaque, fw->commit);
	forget(r);
	fw->platform.unlock(fw->platform.opaque, fw->commit);
	members_alone(fw);
	if (!atomic_load(&r->started))
		return;
	lock_why(r);
	fw->cluster->ops->publish(fw->cluster, CLUSTER_ALIVE, NULL, 0);
	if (for_good)
		fw->cluster->ops->publish(fw->cluster, CLUSTER_CARD, NULL, 0);
	unlock_why(r);
}

void replica_free(struct fw *fw)
{
	struct replica *r = fw->replica;

	if (!r)
		return;
	forget(r);
	replica_image_end(r);
	notes_free(r);
	if (r->lock)
		fw->platform.lock_free(fw->platform.opaque, r->lock);
	free(r);
	fw->replica = NULL;
}

bool replica_wanted(const struct fw *fw)
{
	return fw->cluster && !atomic_load(&fw->replica->left);
}

int replica_status(const struct fw *fw)
{
	struct replica *r = fw->replica;

	if (!replica_wanted(fw))
		return 0;
	if (atomic_load(&r->store_failed))
		return HSM_RV_STORE_FAILED;
	if (atomic_load(&r->refused) || !atomic_load(&r->joined) ||
	    atomic_load(&r->state) != CLUSTER_ONLINE)
		return HSM_RV_CLUSTER_UNAVAILABLE;
	return 0;
}

uint64_t replica_position(const struct fw *fw)
{
	return atomic_load(&fw->replica->applied);
}

static uint32_t membership(struct replica *r)
{
	int state = atomic_load(&r->state);

	if (!replica_wanted(r->fw))
		return HSM_MEMBERSHIP_NONE;
	if (atomic_load(&r->refused) || state == CLUSTER_REFUSED)
		return HSM_MEMBERSHIP_REFUSED;
	if (!atomic_load(&r->joined) || state == CLUSTER_JOINING)
		return HSM_MEMBERSHIP_JOINING;
	return state == CLUSTER_ONLINE ? HSM_MEMBERSHIP_ONLINE : HSM_MEMBERSHIP_AWAY;
}

uint32_t fw_membership(struct fw *fw, char *why, size_t why_len)
{
	struct replica *r = fw->replica;
	uint32_t state = membership(r);

	lock_why(r);
	snprintf(why, why_len, "%s", state == HSM_MEMBERSHIP_NONE ? "" : r->why);
	unlock_why(r);
	return state;
}

void replica_cluster(struct fw *fw, struct hsm_cluster_info *info)
{
	struct replica *r = fw->replica;
	bool etcd;

	memset(info, 0, sizeof(*info));
	if (!replica_wanted(fw))
		return;
	etcd = !strcmp(fw->cluster->ops->name, "etcd");
	put_le32((uint8_t *)&info->mode, etcd ? HSM_CLUSTER_ETCD : HSM_CLUSTER_GROUP);
	put_le32((uint8_t *)&info->state, fw_membership(fw, (char *)info->reason,
							 sizeof(info->reason)));
	put_le64((uint8_t *)&info->position, replica_position(fw));
	lock_why(r);
	memcpy(info->id, r->shown_id, sizeof(info->id));
	unlock_why(r);
}
