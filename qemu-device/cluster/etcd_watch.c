// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * etcd_watch.c - the watch: an answer without an end, a JSON object a line. It is over when
 * its connection is, when etcd says so, when the endpoint does not answer other calls, and
 * when a change of our own does not show up in it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "etcd_int.h"

static void drop_held(struct etcd_watch *w)
{
	for (size_t i = 0; i < w->n_held; i++)
		free((char *)w->held[i].key);
	free(w->held);
	w->held = NULL;
	w->n_held = 0;
	w->held_bytes = 0;
}

void etcd_unwatch(struct kv *kv)
{
	struct etcd_watch *w = &etcd_of(kv)->watch;

	etcd_call_free(w->call);
	drop_held(w);
	*w = (struct etcd_watch){ .gen = w->gen + 1 };
}

void etcd_watch_end(struct etcd *e, int err)
{
	struct etcd_watch *w = &e->watch;

	etcd_call_free(w->call);
	drop_held(w);
	w->call = NULL;
	w->ending = err;
	e->hurry = true;
}

static void watch_done(struct etcd_call *call, int err)
{
	struct etcd *e = call->etcd;
	unsigned int gen = e->watch.gen;

	if (!err)
		etcd_watch_read(e);
	if (gen == e->watch.gen && e->watch.call == call)
		etcd_watch_end(e, err == -EPROTO || err == -EMSGSIZE ? -EPROTO : -EIO);
}

static void start(struct etcd *e)
{
	struct etcd_watch *w = &e->watch;

	w->gen++;
	w->call = etcd_call_new(e, sizeof(*w->call), "/v3/watch");
	if (!w->call) {
		w->ending = -EIO;
		return;
	}
	w->call->stream = true;
	w->call->done = watch_done;
	w->created_by = w->call->deadline;
	etcd_body_watch(&w->call->body, e->cfg.prefix, w->next);
	etcd_call_start(w->call);
}

void etcd_watch(struct kv *kv, uint64_t from, kv_events events, void *arg)
{
	struct etcd *e = etcd_of(kv);

	etcd_unwatch(kv);
	e->watch.next = from;
	e->watch.events = events;
	e->watch.arg = arg;
	start(e);
}

void etcd_watch_expect(struct etcd *e, uint64_t revision)
{
	struct etcd_watch *w = &e->watch;

	if (!w->call || w->must_see || revision < w->next)
		return;
	w->must_see = revision;
	w->see_by = etcd_now() + (uint64_t)e->cfg.lease_s * 1000;
}

static int hold(struct etcd_watch *w, const struct kv_item *item)
{
	size_t n = strlen(item->key) + 1;
	struct kv_item *held = realloc(w->held, (w->n_held + 1) * sizeof(*held));
	char *block;

	if (!held)
		return -ENOMEM;
	w->held = held;
	w->held_bytes += n + item->len + sizeof(*held);
	block = w->held_bytes > ETCD_ANSWER_MAX ? NULL : malloc(n + item->len);
	if (!block)
		return -ENOMEM;
	memcpy(block, item->key, n);
	if (item->len)
		memcpy(block + n, item->value, item->len);
	held[w->n_held] = *item;
	held[w->n_held].key = block;
	held[w->n_held++].value = item->value ? block + n : NULL;
	return 0;
}

/* -ECANCELED: the watch is not this one any more. */
static int give(struct etcd_watch *w, const struct kv_item *items, size_t n)
{
	unsigned int gen = w->gen;

	if (items[0].mod < w->next)
		return -EPROTO;
	w->next = items[0].mod + 1;
	if (w->must_see && w->next > w->must_see)
		w->must_see = 0;
	w->events(w->arg, 0, items[0].mod, items, n);
	return w->gen == gen ? 0 : -ECANCELED;
}

/* What was held of a revision goes out in front of a line that does not go on with it. */
static int give_held(struct etcd_watch *w)
{
	struct etcd_watch was = *w;
	int err;

	w->held = NULL;
	w->n_held = 0;
	w->held_bytes = 0;
	err = give(w, was.held, was.n_held);
	drop_held(&was);
	return err;
}

static int take_events(struct etcd_watch *w, const struct etcd_answer *a)
{
	const struct kv_item *items = a->items;
	size_t i = 0, j;
	int err = 0;

	while (!err && w->n_held && i < a->n_items && items[i].mod == w->held[0].mod)
		err = hold(w, &items[i++]);
	if (!err && w->n_held && (i < a->n_items || !a->fragment))
		err = give_held(w);
	for (; !err && i < a->n_items; i = j) {
		for (j = i + 1; j < a->n_items && items[j].mod == items[i].mod; j++)
			;
		if (j < a->n_items || !a->fragment)
			err = give(w, &items[i], j - i);
		for (size_t k = i; !err && j == a->n_items && a->fragment && k < j; k++)
			err = hold(w, &items[k]);
	}
	return err;
}

/* etcd has ended the watch, or not begun it. */
static int take_fault(struct etcd *e, const struct etcd_answer *a)
{
	struct etcd_watch *w = &e->watch;
	unsigned int gen = w->call->token_gen;

	etcd_why(e, w->call->endpoint, a->text);
	if (a->fault == -EKEYEXPIRED && w->created_by && !w->renewed && e->cfg.user) {
		etcd_call_free(w->call);
		etcd_auth_drop(e, gen);
		w->renewed = true;
		start(e);
		return -ECANCELED;
	}
	if (a->fault == -EHOSTUNREACH || a->fault == -ETIMEDOUT)
		etcd_endpoint_failed(e, w->call);
	return a->fault == -ESTALE || a->fault == -EPROTO ? a->fault : -EIO;
}

/* A store that is behind what we have seen is not the one we have seen. */
static int take_created(struct etcd_watch *w, const struct etcd_answer *a)
{
	w->created_by = 0;
	return a->revision + 1 < w->next ? -ESTALE : 0;
}

static int take_line(struct etcd *e, const char *line, size_t len)
{
	struct etcd_answer a;
	int err = etcd_decode(ETCD_WATCH, e->cfg.prefix, line, len, &a);

	if (err)
		return err;
	if (a.fault)
		err = take_fault(e, &a);
	else if (a.created)
		err = take_created(&e->watch, &a);
	if (!err)
		err = take_events(&e->watch, &a);
	etcd_answer_free(&a);
	return err;
}

void etcd_watch_read(struct etcd *e)
{
	struct etcd_buf *buf = &e->watch.call->answer;
	size_t at = 0;
	char *end;
	int err = 0;

	if (!buf->len)
		return;
	while (!err && (end = memchr(buf->data + at, '\n', buf->len - at))) {
		size_t from = at;

		at = (size_t)(end + 1 - buf->data);
		err = take_line(e, buf->data + from, at - from);
	}
	if (err == -ECANCELED)
		return;
	if (err) {
		etcd_watch_end(e, err == -ENOMEM ? -EIO : err);
		return;
	}
	memmove(buf->data, buf->data + at, buf->len - at);
	buf->len -= at;
}

static bool has_lines(const struct etcd_call *call)
{
	long status = 0;

	if (!call || !call->curl || !call->answer.len)
		return false;
	curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status);
	return status == 200;
}

static uint64_t check_time(struct etcd *e, uint64_t at, uint64_t wake, const char *why)
{
	if (!at || !e->watch.call)
		return wake;
	if (at > etcd_now())
		return at < wake ? at : wake;
	etcd_why(e, e->watch.call->endpoint, why);
	etcd_endpoint_failed(e, e->watch.call);
	etcd_watch_end(e, -EIO);
	return 0;
}

uint64_t etcd_watch_tick(struct etcd *e, uint64_t wake)
{
	struct etcd_watch *w = &e->watch;

	if (has_lines(w->call))
		etcd_watch_read(e);
	wake = check_time(e, w->created_by, wake, "does not begin a watch");
	wake = check_time(e, w->must_see ? w->see_by : 0, wake,
			  "a watch does not show what was changed");
	if (w->ending) {
		int err = w->ending;
		struct etcd_watch was = *w;

		*w = (struct etcd_watch){ .gen = was.gen + 1 };
		was.events(was.arg, err, 0, NULL, 0);
		return 0;
	}
	return wake;
}
