// SPDX-License-Identifier: GPL-2.0-or-later
/* script_kv.c - a kv that answers what a test tells it to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "script_kv.h"

static struct script *to_script(struct kv *kv)
{
	return (struct script *)kv;
}

static void add_text(struct script_txn *t, const char *mark, const char *key)
{
	size_t len = strlen(t->text);

	snprintf(t->text + len, sizeof(t->text) - len, "%s%s%s", len ? " " : "", mark, key);
}

static void add_op(struct script_txn *t, const struct kv_op *op)
{
	add_text(t, op->what != KV_PUT ? "-" : op->leased ? "~" : "+", op->key);
	if (op->what != KV_PUT)
		return;
	t->len = op->len < sizeof(t->value) ? op->len : sizeof(t->value);
	if (t->len)
		memcpy(t->value, op->value, t->len);
}

static void txn(struct kv *kv, const struct kv_cmp *cmp, size_t n_cmp, const struct kv_op *op,
		size_t n_op, kv_done done, void *arg)
{
	struct script *k = to_script(kv);
	struct script_txn *t = &k->txns[k->n_txns++];

	assert_true(k->n_txns <= SCRIPT_MAX);
	*t = (struct script_txn){ .done = done, .arg = arg };
	for (size_t i = 0; i < n_cmp; i++) {
		char mod[32];

		snprintf(mod, sizeof(mod), "%llu=", (unsigned long long)cmp[i].mod);
		add_text(t, mod, cmp[i].key);
	}
	for (size_t i = 0; i < n_op; i++)
		add_op(t, &op[i]);
}

static void range(struct kv *kv, const char *prefix, kv_items items, void *arg)
{
	struct script *k = to_script(kv);

	assert_null(k->items);
	snprintf(k->prefix, sizeof(k->prefix), "%s", prefix);
	k->items = items;
	k->items_arg = arg;
	k->ranges++;
}

static void watch(struct kv *kv, uint64_t from, kv_events events, void *arg)
{
	struct script *k = to_script(kv);

	k->from = from;
	k->events = events;
	k->events_arg = arg;
}

static void unwatch(struct kv *kv)
{
	to_script(kv)->events = NULL;
}

static void lease(struct kv *kv, kv_done done, void *arg)
{
	struct script *k = to_script(kv);

	k->leases++;
	k->lease = done;
	k->lease_arg = arg;
}

static void unlease(struct kv *kv)
{
	to_script(kv)->unleases++;
}

static void after(struct kv *kv, unsigned int ms, kv_call fn, void *arg)
{
	struct script *k = to_script(kv);

	assert_true(ms <= kv->timeout_ms);
	assert_true(k->n_timers < SCRIPT_MAX);
	k->timers[k->n_timers].fn = fn;
	k->timers[k->n_timers++].arg = arg;
}

static void post(struct kv *kv, kv_call fn, void *arg)
{
	struct script *k = to_script(kv);

	assert_true(k->n_posts < SCRIPT_MAX);
	k->posts[k->n_posts].fn = fn;
	k->posts[k->n_posts++].arg = arg;
}

static void close_kv(struct kv *kv)
{
	to_script(kv)->closed = true;
}

static void pump(struct kv *kv)
{
	struct script *k = to_script(kv);

	if (k->n_posts)
		script_run(k);
	else
		script_timers(k);
}

static const struct kv_ops ops = {
	"script", txn, range, watch, unwatch, lease, unlease, after, post, close_kv, pump,
};

void script_init(struct script *k, bool lasting)
{
	memset(k, 0, sizeof(*k));
	k->kv = (struct kv){ .ops = &ops, .timeout_ms = 5000, .lasting = lasting };
}

void script_run(struct script *k)
{
	for (size_t i = 0; i < k->n_posts; i++)
		k->posts[i].fn(k->posts[i].arg);
	k->n_posts = 0;
}

void script_timers(struct script *k)
{
	struct script before = *k;

	k->n_timers = 0;
	for (size_t i = 0; i < before.n_timers; i++)
		before.timers[i].fn(before.timers[i].arg);
}

const char *script_text(const struct script *k)
{
	return k->n_txns ? k->txns[0].text : "";
}

void script_txn(struct script *k, int err, uint64_t revision)
{
	struct script_txn t = k->txns[0];

	assert_int_not_equal(k->n_txns, 0);
	memmove(&k->txns[0], &k->txns[1], --k->n_txns * sizeof(k->txns[0]));
	t.done(t.arg, err, revision);
}

void script_range(struct script *k, int err, uint64_t revision, const struct kv_item *items,
		  size_t n)
{
	kv_items fn = k->items;

	assert_non_null(fn);
	k->items = NULL;
	fn(k->items_arg, err, revision, items, n);
}

void script_events(struct script *k, int err, uint64_t revision, const struct kv_item *items,
		   size_t n)
{
	kv_events fn = k->events;

	assert_non_null(fn);
	if (err)
		k->events = NULL;
	fn(k->events_arg, err, revision, items, n);
}

void script_lease(struct script *k, int err)
{
	assert_non_null(k->lease);
	k->lease(k->lease_arg, err, 0);
}
