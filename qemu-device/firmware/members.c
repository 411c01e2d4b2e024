// SPDX-License-Identifier: GPL-2.0-or-later
/* members.c - the table of the cluster's members. */
#include "members.h"

#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "replica_int.h"

#define OTHERS_MAX (HSM_MEMBERS_MAX - 1)

struct member {
	uint32_t node;
	bool card, alive;	/* has such a note */
	struct member_note note;
};

struct members {
	struct fw_platform platform;
	void *lock;
	bool cut_off;		/* the cluster cannot be reached: nobody else is known to live */
	struct member self;
	size_t n;
	struct member v[OTHERS_MAX];		/* by ascending node id */
};

/* Tags of a note. */
enum { NOTE_SERIAL = 1, NOTE_ADDRESS, NOTE_POSITION, NOTE_INCARNATION, NOTE_STATUS, NOTE_CLUSTER };

static void lock_read(const struct members *m)
{
	m->platform.lock_read(m->platform.opaque, m->lock);
}

static void lock_write(struct members *m)
{
	m->platform.lock_write(m->platform.opaque, m->lock);
}

static void unlock(const struct members *m)
{
	m->platform.unlock(m->platform.opaque, m->lock);
}

struct members *members_new(const struct fw_config *cfg)
{
	struct members *m = calloc(1, sizeof(*m));
	struct member_note *n;

	if (!m)
		return NULL;
	n = &m->self.note;
	m->platform = *cfg->platform;
	m->lock = cfg->platform->lock_new(cfg->platform->opaque);
	m->self.node = cfg->node_id;
	m->self.card = true;
	m->self.alive = true;
	memcpy(n->serial, cfg->serial, strnlen(cfg->serial, sizeof(n->serial) - 1));
	if (cfg->address)
		memcpy(n->address, cfg->address, strnlen(cfg->address, sizeof(n->address) - 1));
	while (m->lock && !n->incarnation) {
		if (!fc_random(&n->incarnation, sizeof(n->incarnation)))
			break;
	}
	if (n->incarnation)
		return m;
	members_free(m);
	return NULL;
}

void members_free(struct members *m)
{
	if (!m)
		return;
	if (m->lock)
		m->platform.lock_free(m->platform.opaque, m->lock);
	free(m);
}

static bool take_text(char *to, size_t room, const struct tlv *t)
{
	if (t->len >= room || memchr(t->p, 0, t->len))
		return false;
	memcpy(to, t->p, t->len);
	to[t->len] = 0;
	return true;
}

static void take_cluster(struct member_note *n, const uint8_t *p)
{
	memcpy(n->cluster, p, sizeof(n->cluster));
	n->has_cluster = true;
}

static bool take_number(struct member_note *n, const struct tlv *t)
{
	if (t->tag == NOTE_STATUS && t->len == 4)
		n->status = get_le32(t->p);
	else if (t->tag == NOTE_POSITION && t->len == 8)
		n->position = get_le64(t->p);
	else if (t->tag == NOTE_INCARNATION && t->len == 8)
		n->incarnation = get_le64(t->p);
	else if (t->tag == NOTE_CLUSTER && t->len == sizeof(n->cluster))
		take_cluster(n, t->p);
	else
		return false;
	return true;
}

bool member_note_read(struct member_note *n, enum cluster_note kind, const uint8_t *p, size_t len)
{
	struct tlv_reader r;
	struct tlv t;
	bool ok = true;

	memset(n, 0, sizeof(*n));
	tlv_read_init(&r, p, len);
	while (ok && tlv_next(&r, &t)) {
		if (t.tag == NOTE_SERIAL)
			ok = take_text(n->serial, sizeof(n->serial), &t);
		else if (t.tag == NOTE_ADDRESS)
			ok = take_text(n->address, sizeof(n->address), &t);
		else
			ok = kind == CLUSTER_ALIVE && take_number(n, &t);
	}
	return ok && !r.bad && *n->serial && (kind == CLUSTER_CARD ||
						 (n->incarnation && n->has_cluster));
}

/* Where @node is, or belongs. */
static size_t place(const struct members *m, uint32_t node)
{
	size_t i = 0;

	while (i < m->n && m->v[i].node < node)
		i++;
	return i;
}

static struct member *find(struct members *m, uint32_t node)
{
	size_t i = place(m, node);

	return i < m->n && m->v[i].node == node ? &m->v[i] : NULL;
}

static struct member *find_or_add(struct members *m, uint32_t node)
{
	size_t i = place(m, node);

	if (i < m->n && m->v[i].node == node)
		return &m->v[i];
	if (m->n == OTHERS_MAX)
		return NULL;
	memmove(&m->v[i + 1], &m->v[i], (m->n - i) * sizeof(m->v[0]));
	m->v[i] = (struct member){ .node = node };
	m->n++;
	return &m->v[i];
}

static void set_note(struct member *mb, enum cluster_note kind, const struct member_note *n)
{
	if (kind == CLUSTER_ALIVE) {
		mb->alive = true;
		mb->note = *n;
		return;
	}
	mb->card = true;
	if (mb->alive)
		return;
	memcpy(mb->note.serial, n->serial, sizeof(n->serial));
	memcpy(mb->note.address, n->address, sizeof(n->address));
}

static void note_went(struct members *m, enum cluster_note kind, uint32_t node)
{
	struct member *mb = find(m, node);
	size_t i;

	if (!mb)
		return;
	*(kind == CLUSTER_ALIVE ? &mb->alive : &mb->card) = false;
	if (mb->alive || mb->card)
		return;
	i = (size_t)(mb - m->v);
	memmove(mb, mb + 1, (m->n - i - 1) * sizeof(*mb));
	m->n--;
}

bool members_note(struct fw *fw, enum cluster_note kind, uint32_t node, const uint8_t *p,
		  size_t len)
{
	struct members *m = fw->members;
	struct member_note n;
	struct member *mb;

	if (node == m->self.node)
		return true;
	if (p && !member_note_read(&n, kind, p, len))
		return false;
	lock_write(m);
	mb = p ? find_or_add(m, node) : NULL;
	if (mb)
		set_note(mb, kind, &n);
	else if (!p)
		note_went(m, kind, node);
	unlock(m);
	return mb || !p;
}

void members_say(struct fw *fw, enum cluster_note kind, struct tlv_writer *w)
{
	struct members *m = fw->members;
	struct member_note n;

	lock_read(m);
	n = m->self.note;
	unlock(m);
	tlv_put(w, NOTE_SERIAL, n.serial, strlen(n.serial));
	tlv_put(w, NOTE_ADDRESS, n.address, strlen(n.address));
	if (kind != CLUSTER_ALIVE)
		return;
	tlv_put_u64(w, NOTE_POSITION, n.position);
	tlv_put_u64(w, NOTE_INCARNATION, n.incarnation);
	tlv_put_u32(w, NOTE_STATUS, n.status);
	tlv_put(w, NOTE_CLUSTER, fw->replica->shown_id, sizeof(n.cluster));
}

void members_applied(struct fw *fw, uint64_t position, uint32_t status)
{
	struct members *m = fw->members;

	lock_write(m);
	m->self.note.position = position;
	m->self.note.status = status;
	unlock(m);
}

void members_cut_off(struct fw *fw, bool cut_off)
{
	lock_write(fw->members);
	fw->members->cut_off = cut_off;
	unlock(fw->members);
}

void members_alone(struct fw *fw)
{
	struct members *m = fw->members;

	lock_write(m);
	m->n = 0;
	m->self.note.position = 0;
	m->self.note.status = 0;
	unlock(m);
}

size_t members_known(const struct fw *fw)
{
	size_t n;

	lock_read(fw->members);
	n = fw->members->n + 1;
	unlock(fw->members);
	return n;
}

static bool lives(const struct members *m, const struct member *mb)
{
	return mb == &m->self || (mb->alive && !m->cut_off);
}

static size_t count(const struct fw *fw, uint64_t position)
{
	const struct members *m = fw->members;
	size_t i, n;

	lock_read(m);
	n = m->self.note.position >= position;
	for (i = 0; i < m->n; i++)
		n += lives(m, &m->v[i]) && m->v[i].note.position >= position;
	unlock(m);
	return n;
}

size_t members_live(const struct fw *fw)
{
	return count(fw, 0);
}

size_t members_have(const struct fw *fw, uint64_t position)
{
	return count(fw, position);
}

bool members_running(const struct fw *fw, uint32_t node, uint64_t incarnation)
{
	struct members *m = fw->members;
	const struct member *mb;
	bool running;

	lock_read(m);
	mb = node == m->self.node ? &m->self : find(m, node);
	running = mb && lives(m, mb) && mb->note.incarnation == incarnation;
	unlock(m);
	return running;
}

uint64_t members_incarnation(const struct fw *fw)
{
	return fw->members->self.note.incarnation;
}

/* What @mb answers; false if nothing is to be said of it yet. */
static bool answer_of(const struct members *m, const struct member *mb,
		      const struct members_ask *ask, uint32_t *status)
{
	bool live = lives(m, mb);

	*status = HSM_RV_CLUSTER_UNAVAILABLE;
	if (live && mb->note.position >= ask->position)
		*status = ask->same ? ask->status : HSM_RV_SUCCESS;
	else if (live && mb->note.status)
		*status = mb->note.status;
	else if (live && !ask->late)
		return false;
	return true;
}

size_t members_answer(const struct fw *fw, const struct members_ask *ask,
		      struct hsm_node_status v[HSM_MEMBERS_MAX])
{
	const struct members *m = fw->members;
	uint32_t status;
	size_t i, n = 1;

	lock_read(m);
	put_le32((uint8_t *)&v[0].node, m->self.node);
	put_le32((uint8_t *)&v[0].status, ask->status);
	for (i = 0; i < m->n; i++) {
		if (!answer_of(m, &m->v[i], ask, &status))
			continue;
		put_le32((uint8_t *)&v[n].node, m->v[i].node);
		put_le32((uint8_t *)&v[n++].status, status);
	}
	unlock(m);
	return n;
}

static void describe(const struct members *m, const struct member *mb, struct hsm_member *out)
{
	const struct member_note *n = &mb->note;
	uint32_t status = lives(m, mb) ? n->status : HSM_RV_CLUSTER_UNAVAILABLE;
	uint32_t flags = (lives(m, mb) ? HSM_MEMBER_F_LIVE : 0) |
			 (mb == &m->self ? HSM_MEMBER_F_SELF : 0);

	memset(out, 0, sizeof(*out));
	put_le32((uint8_t *)&out->node, mb->node);
	put_le32((uint8_t *)&out->status, status);
	put_le64((uint8_t *)&out->position, n->position);
	memcpy(out->serial, n->serial, strlen(n->serial));
	memcpy(out->address, n->address, strlen(n->address));
	put_le32((uint8_t *)&out->flags, flags);
}

size_t members_list(const struct fw *fw, struct hsm_member v[HSM_MEMBERS_MAX])
{
	const struct members *m = fw->members;
	size_t i, n;

	lock_read(m);
	describe(m, &m->self, &v[0]);
	for (i = 0; i < m->n; i++)
		describe(m, &m->v[i], &v[i + 1]);
	n = m->n + 1;
	unlock(m);
	return n;
}
