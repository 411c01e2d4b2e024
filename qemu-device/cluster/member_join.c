// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * member_join.c - getting the image: a lease, then everything the cluster holds at one
 * revision. If there is no image, the member makes one (member_seed.c) or waits for the
 * one who does.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "member_int.h"

static void lease_again(void *arg)
{
	struct member *m = arg;

	m->lease_asked = false;
	if (m->phase != M_REFUSED && m->phase != M_GONE)
		member_ask_lease(m);
}

static void lease_lost(struct member *m, int err)
{
	m->lease = false;
	m->kv->ops->after(m->kv, member_delay(m, m->lease_tries++), lease_again, m);
	if (m->phase == M_FOLLOW)
		member_trouble(m, err);
	else
		member_fault(m, err);
}

static void on_lease(void *arg, int err, uint64_t revision)
{
	struct member *m = arg;

	(void)revision;
	if (m->phase == M_REFUSED || m->phase == M_GONE)
		return;
	if (err) {
		lease_lost(m, err);
		return;
	}
	m->lease = true;
	m->lease_tries = 0;
	/* What went with the old one has to be said anew. */
	m->notes[CLUSTER_ALIVE].dirty = m->notes[CLUSTER_ALIVE].set;
	if (m->phase == M_LEASE)
		member_go(m, M_RANGE);
	else if (m->phase == M_FOLLOW)
		member_look(m);
	member_note_pump(m);
}

/* lease_asked from the first ask on, also while a failed one waits to be repeated. */
void member_ask_lease(struct member *m)
{
	if (m->lease_asked)
		return;
	m->lease_asked = true;
	m->kv->ops->lease(m->kv, on_lease, m);
}

void member_enter_lease(struct member *m)
{
	if (m->lease)
		member_go(m, M_RANGE);
	else
		member_ask_lease(m);
}

static void rested(void *arg)
{
	struct member *m = arg;

	if (m->phase == M_REST)
		member_go(m, M_LEASE);
}

void member_enter_rest(struct member *m)
{
	member_txn_drop(m);
	member_unwatch(m);
	m->kv->ops->after(m->kv, member_delay(m, m->tries++), rested, m);
}

void member_enter_wait(struct member *m)
{
	member_txn_drop(m);
	member_watch(m);
	member_patience(m, 0);
}

/* What there is, besides records and notes. */
struct survey {
	const struct kv_item *root, *claim;
};

static struct survey survey(const struct kv_item *items, size_t n)
{
	struct survey s = { 0 };

	for (size_t i = 0; i < n; i++) {
		if (!strcmp(items[i].key, member_root_key()))
			s.root = &items[i];
		else if (!strcmp(items[i].key, MEMBER_SEEDING))
			s.claim = &items[i];
	}
	return s;
}

static size_t records(const struct kv_item *items, size_t n, struct store_op *ops)
{
	size_t n_ops = 0;

	for (size_t i = 0; i < n; i++) {
		struct member_name name = member_name_of(items[i].key);

		if (name.thing == MEMBER_RECORD)
			ops[n_ops++] = (struct store_op){ name.kind, name.id, items[i].value,
							  items[i].len };
	}
	return n_ops;
}

static void all_notes(struct member *m, const struct kv_item *items, size_t n)
{
	member_note_begin(m);
	for (size_t i = 0; i < n; i++) {
		struct member_name name = member_name_of(items[i].key);

		if (name.thing == MEMBER_NOTE)
			member_note_take(m, &name, &items[i]);
	}
	member_note_end(m);
}

/* This card has seen more than the image holds. */
static void outdated(struct member *m)
{
	if (m->kv->lasting)
		member_refuse(m, "the cluster's records are older than this card's");
	else if (m->reseeds++ >= MEMBER_RESEEDS_MAX)
		member_refuse(m, "this card does not accept the image that it made");
	else
		member_go(m, M_CLAIM);
}

static void accepted(struct member *m, const struct kv_item *items, size_t n)
{
	m->joined = true;
	m->reseeds = 0;
	m->tries = 0;
	if (m->beaten)
		member_txn_end(m, -EAGAIN, 0);
	all_notes(m, items, n);
	member_go(m, M_FOLLOW);
}

static void take_image(struct member *m, const struct kv_item *items, size_t n)
{
	struct store_op *ops = calloc(n, sizeof(*ops));
	int err;

	if (!ops) {
		member_go(m, M_REST);
		return;
	}
	err = m->hooks->snapshot(m->hooks->opaque, m->root, ops, records(items, n, ops));
	free(ops);
	if (!err)
		accepted(m, items, n);
	else if (err == -ESTALE)
		outdated(m);
	else
		member_refuse(m, NULL);
}

/* How much of a claim is a number: anybody may have written it. */
static int digits(const struct kv_item *claim)
{
	const char *p = claim->value;
	int n = 0;

	while (n < 10 && (size_t)n < claim->len && p[n] >= '0' && p[n] <= '9')
		n++;
	return n;
}

static void no_image(struct member *m, const struct kv_item *claim)
{
	char why[sizeof(m->why)];

	if (m->joined && m->kv->lasting) {
		member_refuse(m, "the cluster's records are gone");
	} else if (!claim) {
		member_go(m, M_CLAIM);
	} else if (member_claim_own(m, claim)) {
		m->claim = claim->mod;
		member_go(m, M_UNCLAIM);
	} else {
		snprintf(why, sizeof(why), "node %.*s is making the cluster's first records",
			 digits(claim), (const char *)claim->value);
		member_go(m, M_WAIT);
		member_say(m, m->state, why);
	}
}

static void on_range(void *arg, int err, uint64_t revision, const struct kv_item *items, size_t n)
{
	struct member *m = arg;
	struct survey s;

	m->range_sent = false;
	if (m->phase != M_RANGE)
		return;
	if (err) {
		member_fault(m, err);
		member_go(m, M_REST);
		return;
	}
	s = survey(items, n);
	m->seen = revision;
	m->root = s.root ? s.root->mod : 0;
	if (s.root)
		take_image(m, items, n);
	else
		no_image(m, s.claim);
}

/*
 * While a proposal is out, its answer is waited for: what became of it is told before
 * the image it may be in.
 */
void member_enter_range(struct member *m)
{
	member_unwatch(m);
	if (m->range_sent || member_txn_out(m))
		return;
	m->range_sent = true;
	m->kv->ops->range(m->kv, "", on_range, m);
}
