// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * member_note.c - what members say of themselves. Of the others' notes each change is
 * passed on; of the own ones only the newest is sent, one put at a time, and it is sent
 * again when something else is found in its place.
 */
#include <errno.h>
#include <string.h>

#include "member_int.h"

#define LEAVE_MS	500

/* Of a node that has none of its notes left nothing is kept. */
static struct member_node *node_of(struct member *m, uint32_t node, bool make)
{
	struct member_node *unused = NULL;

	for (size_t i = 0; i < m->n_nodes; i++) {
		struct member_node *n = &m->nodes[i];

		if (n->node == node)
			return n;
		if (!n->told[CLUSTER_CARD] && !n->told[CLUSTER_ALIVE])
			unused = n;
	}
	if (!make)
		return NULL;
	if (!unused && m->n_nodes < MEMBER_NODES_MAX)
		unused = &m->nodes[m->n_nodes++];
	if (unused)
		*unused = (struct member_node){ .node = node };
	return unused;
}

static void tell(struct member *m, enum cluster_note kind, struct member_node *node,
		 const struct kv_item *item)
{
	bool there = item && item->value && item->len <= CLUSTER_NOTE_MAX;

	if (!there && !node->told[kind])
		return;
	node->told[kind] = there;
	m->hooks->note(m->hooks->opaque, kind, node->node, there ? item->value : NULL,
		       there ? item->len : 0);
}

static void pump_later(void *arg)
{
	struct member *m = arg;

	m->note_later = false;
	member_note_pump(m);
}

static void later(struct member *m)
{
	if (m->note_later)
		return;
	m->note_later = true;
	m->kv->ops->after(m->kv, member_delay(m, m->note_tries++), pump_later, m);
}

/* Something else stands in the place of an own note, and it is newer. */
static void check_own(struct member *m, enum cluster_note kind)
{
	const struct member_put *put = &m->puts[kind];
	struct member_note *note = &m->notes[kind];

	if (!note->set || note->dirty || put->sent || put->same || put->seen <= put->acked)
		return;
	note->dirty = true;
	later(m);
}

static void see_own(struct member *m, enum cluster_note kind, const struct kv_item *item)
{
	const struct member_note *note = &m->notes[kind];

	m->puts[kind].seen = item->value ? item->mod : m->seen;
	m->puts[kind].same = note->present == (item->value != NULL) &&
			     (!item->value || (item->len == note->len &&
					       !memcmp(item->value, note->data, note->len)));
	check_own(m, kind);
}

void member_note_take(struct member *m, const struct member_name *name, const struct kv_item *item)
{
	struct member_node *node = node_of(m, name->node, item->value);

	if (name->node == m->node)
		see_own(m, name->note, item);
	if (!node)
		return;
	node->again[name->note] = true;
	tell(m, name->note, node, item);
}

/* Between these two every note there is is taken; those told before that are not, went. */
void member_note_begin(struct member *m)
{
	for (size_t i = 0; i < m->n_nodes; i++)
		memset(m->nodes[i].again, 0, sizeof(m->nodes[i].again));
	memset(m->puts, 0, sizeof(m->puts));
}

void member_note_end(struct member *m)
{
	for (size_t i = 0; i < m->n_nodes; i++)
		for (int kind = 0; kind < CLUSTER_NOTES; kind++)
			if (!m->nodes[i].again[kind])
				tell(m, (enum cluster_note)kind, &m->nodes[i], NULL);
	for (int kind = 0; kind < CLUSTER_NOTES; kind++)
		m->notes[kind].dirty = m->notes[kind].set;
}

static void put_done(struct member *m, enum cluster_note kind, int err, uint64_t revision)
{
	struct member_put *put = &m->puts[kind];

	if (!put->sent)
		return;
	put->sent = false;
	if (err)
		m->notes[kind].dirty = true;
	else
		put->acked = revision;
	check_own(m, kind);
}

static void on_put(void *arg, int err, uint64_t revision)
{
	struct member *m = arg;

	m->note_busy = false;
	if (m->phase == M_REFUSED || m->phase == M_GONE)
		return;
	for (int kind = 0; kind < CLUSTER_NOTES; kind++)
		put_done(m, (enum cluster_note)kind, err, revision);
	if (err) {
		if (err != -EACCES && err != -ENOSPC)
			member_trouble(m, err);
		later(m);
		return;
	}
	m->note_tries = 0;
	member_note_pump(m);
}

/* Fills in @op and its @key; false if there is nothing to send, or no lease to send it with. */
static bool next_put(struct member *m, enum cluster_note kind, struct kv_op *op,
		     char key[MEMBER_KEY_SIZE])
{
	struct member_note *note = &m->notes[kind];

	if (!note->dirty || (kind == CLUSTER_ALIVE && note->present && !m->lease))
		return false;
	member_note_key(key, kind, m->node);
	*op = (struct kv_op){ .what = note->present ? KV_PUT : KV_DELETE, .key = key,
			      .value = note->data, .len = note->len,
			      .leased = kind == CLUSTER_ALIVE };
	note->dirty = false;
	m->puts[kind].sent = true;
	return true;
}

static size_t next_puts(struct member *m, struct kv_op *op, char keys[][MEMBER_KEY_SIZE])
{
	size_t n = 0;

	for (int kind = 0; kind < CLUSTER_NOTES; kind++)
		n += next_put(m, (enum cluster_note)kind, &op[n], keys[n]);
	return n;
}

void member_note_pump(struct member *m)
{
	char keys[CLUSTER_NOTES][MEMBER_KEY_SIZE];
	struct kv_op op[CLUSTER_NOTES];
	size_t n;

	if (m->phase != M_FOLLOW || m->note_busy || m->note_later)
		return;
	n = next_puts(m, op, keys);
	if (!n)
		return;
	m->note_busy = true;
	m->kv->ops->txn(m->kv, NULL, 0, op, n, on_put, m);
}

void member_note_now(struct member *m)
{
	m->note_later = false;
	m->note_tries = 0;
	member_note_pump(m);
}

static void on_left(void *arg, int err, uint64_t revision)
{
	(void)err;
	(void)revision;
	((struct member *)arg)->left_then(arg);
}

void member_note_leave(struct member *m, kv_call then)
{
	char keys[CLUSTER_NOTES][MEMBER_KEY_SIZE];
	struct kv_op op[CLUSTER_NOTES];
	size_t n;

	for (int kind = 0; kind < CLUSTER_NOTES; kind++)
		m->notes[kind].dirty = !m->notes[kind].present &&
				       (m->notes[kind].dirty || m->puts[kind].sent);
	n = m->phase == M_FOLLOW ? next_puts(m, op, keys) : 0;
	if (!n) {
		then(m);
		return;
	}
	m->left_then = then;
	m->kv->ops->txn(m->kv, NULL, 0, op, n, on_left, m);
	m->kv->ops->after(m->kv, LEAVE_MS, then, m);
}
