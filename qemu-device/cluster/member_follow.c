// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * member_follow.c - with the image: entries in order, as the watch brings them, and what
 * to do when nothing is heard.
 *
 * A lost watch is begun again where it ended. Whatever else failed, the member is away
 * until a question about the root has been answered and the entry that it told of has
 * come. What was missed for good is made up for by the whole image (member_join.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "member_int.h"

#define SETTLED_MS	2000
/* Watches lost in a row before that counts as being away. */
#define BREAKS_MAX	3

static void settled(void *arg)
{
	struct member *m = arg;

	m->settling = false;
	if (m->state == CLUSTER_ONLINE && m->breaks == m->breaks_before)
		m->tries = 0;
}

void member_look(struct member *m)
{
	if (m->phase != M_FOLLOW || m->doubt || !m->watching || !m->lease || m->root < m->target)
		return;
	if (m->state != CLUSTER_ONLINE)
		member_note_now(m);
	member_say(m, CLUSTER_ONLINE, NULL);
	if (m->tries && !m->settling) {
		m->settling = true;
		m->breaks_before = m->breaks;
		m->kv->ops->after(m->kv, SETTLED_MS, settled, m);
	}
}

static void look_again(void *arg);

static void look_later(struct member *m)
{
	if (m->looking)
		return;
	m->looking = true;
	m->kv->ops->after(m->kv, member_delay(m, m->tries++), look_again, m);
}

void member_trouble(struct member *m, int err)
{
	if (m->phase != M_FOLLOW)
		return;
	m->doubt = true;
	m->breaks++;
	member_fault(m, err);
	if (m->beaten)
		member_txn_end(m, -EHOSTUNREACH, 0);
	look_later(m);
}

/* The root as it is now. */
static void on_probe(void *arg, int err, uint64_t revision, const struct kv_item *items, size_t n)
{
	struct member *m = arg;
	uint64_t root = 0;

	m->probing = false;
	if (m->phase != M_FOLLOW)
		return;
	if (err) {
		member_trouble(m, err);
		return;
	}
	for (size_t i = 0; i < n; i++)
		if (!strcmp(items[i].key, member_root_key()))
			root = items[i].mod;
	if (!root || revision < m->asked_at) {
		/* The store is another, or an older one. */
		member_go(m, M_RANGE);
		return;
	}
	m->doubt = false;
	m->target = root > m->target ? root : m->target;
	if (m->root < m->target)
		member_patience(m, m->target);
	member_look(m);
}

static void look_again(void *arg)
{
	struct member *m = arg;

	m->looking = false;
	if (m->phase != M_FOLLOW)
		return;
	if (!m->watching)
		member_watch(m);
	if (m->probing)
		return;
	m->probing = true;
	m->asked_at = m->seen;
	m->kv->ops->range(m->kv, member_root_key(), on_probe, m);
}

/* What a revision did to the image. */
struct changes {
	struct store_op *ops;
	size_t n;
	const struct kv_item *root;
};

static bool changes_get(struct changes *c, const struct kv_item *items, size_t n)
{
	*c = (struct changes){ .ops = calloc(n ? n : 1, sizeof(*c->ops)) };
	for (size_t i = 0; c->ops && i < n; i++) {
		struct member_name name = member_name_of(items[i].key);

		if (name.thing != MEMBER_RECORD)
			continue;
		c->ops[c->n++] = (struct store_op){ name.kind, name.id, items[i].value,
						    items[i].len };
		if (name.kind == STORE_META && name.id == CLUSTER_ROOT)
			c->root = &items[i];
	}
	return c->ops;
}

/* Records were changed without the root, or it was taken away. */
static void no_entry(struct member *m, const struct changes *c)
{
	if (!m->kv->lasting && c->root)
		member_go(m, M_RANGE);
	else
		member_refuse(m, "the cluster's records were changed by no member of it");
}

static void entry_of_another(struct member *m, uint64_t revision, const struct changes *c)
{
	int err;

	member_txn_beaten(m);
	err = m->hooks->deliver(m->hooks->opaque, revision, c->ops, c->n);
	if (err == -ESTALE) {
		member_go(m, M_RANGE);
	} else if (err) {
		member_refuse(m, NULL);
	} else {
		m->root = revision;
		if (m->beaten)
			member_txn_end(m, -EAGAIN, 0);
	}
}

static void take_changes(struct member *m, uint64_t revision, const struct changes *c)
{
	if (!c->root || !c->root->value) {
		no_entry(m, c);
	} else if (revision <= m->root) {
		/* Its own, which the answer to the proposal told of. */
	} else if (member_txn_is(m, c->root->value, c->root->len)) {
		m->root = revision;
		member_txn_end(m, 0, revision);
	} else {
		entry_of_another(m, revision, c);
	}
}

static void follow(struct member *m, uint64_t revision, const struct kv_item *items, size_t n)
{
	struct changes c;

	if (!changes_get(&c, items, n)) {
		member_go(m, M_RANGE);
		return;
	}
	m->seen = revision;
	if (c.n)
		take_changes(m, revision, &c);
	free(c.ops);
	for (size_t i = 0; m->phase == M_FOLLOW && i < n; i++) {
		struct member_name name = member_name_of(items[i].key);

		if (name.thing == MEMBER_NOTE)
			member_note_take(m, &name, &items[i]);
	}
	member_look(m);
}

/* While somebody else makes the image: is there one, or has he gone? */
static void wait_over(struct member *m, uint64_t revision, const struct kv_item *items, size_t n)
{
	m->seen = revision;
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(items[i].key, MEMBER_SEEDING) ||
		    !strcmp(items[i].key, member_root_key())) {
			member_go(m, M_RANGE);
			return;
		}
	}
}

static void watch_lost(struct member *m, int err)
{
	m->watching = false;
	m->breaks++;
	if (m->phase == M_WAIT)
		member_go(m, M_REST);
	else if (err == -ESTALE)
		member_go(m, M_RANGE);
	else if (m->tries >= BREAKS_MAX)
		member_trouble(m, err);
	else
		look_later(m);
}

/* A revision that is known already comes again after a break. */
static void on_events(void *arg, int err, uint64_t revision, const struct kv_item *items, size_t n)
{
	struct member *m = arg;

	if (!m->watching)
		return;
	if (err) {
		watch_lost(m, err);
		return;
	}
	if (revision <= m->seen)
		return;
	if (m->phase == M_WAIT)
		wait_over(m, revision, items, n);
	else if (m->phase == M_FOLLOW)
		follow(m, revision, items, n);
}

void member_watch(struct member *m)
{
	m->watching = true;
	m->kv->ops->watch(m->kv, m->seen + 1, on_events, m);
}

void member_unwatch(struct member *m)
{
	if (m->watching)
		m->kv->ops->unwatch(m->kv);
	m->watching = false;
}

void member_enter_follow(struct member *m)
{
	m->doubt = false;
	m->target = m->root;
	member_watch(m);
	member_look(m);
}
