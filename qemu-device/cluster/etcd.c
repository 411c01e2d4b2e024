// SPDX-License-Identifier: GPL-2.0-or-later
/* etcd.c - the kv over etcd: its thread, its timers, its beginning and its end. */
#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cluster.h"
#include "etcd_int.h"

#define IDLE_MS	1000

uint64_t etcd_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void etcd_after(struct kv *kv, unsigned int ms, kv_call fn, void *arg)
{
	struct etcd *e = etcd_of(kv);
	struct etcd_timer *t = malloc(sizeof(*t)), **at = &e->timers;

	if (!t)
		abort();
	*t = (struct etcd_timer){ .at = etcd_now() + ms, .fn = fn, .arg = arg };
	while (*at && (*at)->at <= t->at)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
}

static void etcd_post(struct kv *kv, kv_call fn, void *arg)
{
	struct etcd *e = etcd_of(kv);
	struct etcd_timer *t = malloc(sizeof(*t)), **at = &e->posted;

	if (!t)
		abort();
	*t = (struct etcd_timer){ .fn = fn, .arg = arg };
	pthread_mutex_lock(&e->lock);
	while (*at)
		at = &(*at)->next;
	*at = t;
	pthread_mutex_unlock(&e->lock);
	curl_multi_wakeup(e->multi);
}

/* What was posted, in order; whether the kv is being closed. */
static struct etcd_timer *take_posted(struct etcd *e, bool *closing)
{
	struct etcd_timer *t;

	pthread_mutex_lock(&e->lock);
	t = e->posted;
	e->posted = NULL;
	*closing = e->closing;
	pthread_mutex_unlock(&e->lock);
	return t;
}

static void drop_timers(struct etcd_timer *t)
{
	while (t) {
		struct etcd_timer *next = t->next;

		free(t);
		t = next;
	}
}

static void run_posted(struct etcd_timer *t)
{
	while (t) {
		struct etcd_timer was = *t;

		free(t);
		was.fn(was.arg);
		t = was.next;
	}
}

static uint64_t run_timers(struct etcd *e, uint64_t wake)
{
	uint64_t now = etcd_now();

	while (e->timers && e->timers->at <= now) {
		struct etcd_timer *t = e->timers, was = *t;

		e->timers = was.next;
		free(t);
		was.fn(was.arg);
	}
	return e->timers && e->timers->at < wake ? e->timers->at : wake;
}

static uint64_t run_forsaken(struct etcd *e, uint64_t wake)
{
	while (e->n_forsaken) {
		struct etcd_forsaken was = e->forsaken[--e->n_forsaken];

		if (was.done)
			was.done(was.arg, -EHOSTUNREACH, 0);
		else
			was.items(was.arg, -EHOSTUNREACH, 0, NULL, 0);
		wake = 0;
	}
	return wake;
}

/* One round: what has come, and all that is due; how long to wait for more, in ms. */
static int run(struct etcd *e)
{
	uint64_t wake = etcd_now() + IDLE_MS, now;
	int running;

	e->hurry = false;
	curl_multi_perform(e->multi, &running);
	etcd_calls_finished(e);
	wake = run_timers(e, wake);
	wake = run_forsaken(e, wake);
	wake = etcd_lease_tick(e, wake);
	wake = etcd_watch_tick(e, wake);
	wake = etcd_calls_tick(e, wake);
	now = etcd_now();
	return e->hurry || wake <= now ? 0 : (int)(wake - now);
}

/* All but the revocation of the lease. */
static void drop_calls(struct etcd *e)
{
	struct etcd_call *call = e->calls;

	while (call) {
		struct etcd_call *next = call->next;

		if (call != e->revoke && call != e->auth)
			etcd_call_free(call);
		call = next;
	}
}

static void leave(struct etcd *e)
{
	int running;

	etcd_unwatch(&e->kv);
	etcd_call_free(e->lease.call);
	e->lease = (struct etcd_lease){ 0 };
	drop_calls(e);
	while (e->revoke) {
		etcd_calls_tick(e, 0);
		curl_multi_perform(e->multi, &running);
		etcd_calls_finished(e);
		if (e->revoke)
			curl_multi_poll(e->multi, NULL, 0, 20, NULL);
	}
	etcd_call_free(e->auth);
	e->auth = NULL;
}

static void *etcd_main(void *arg)
{
	struct etcd *e = arg;
	int wait = 0;

	for (;;) {
		struct etcd_timer *posted;
		bool closing;

		curl_multi_poll(e->multi, NULL, 0, wait, NULL);
		posted = take_posted(e, &closing);
		if (closing) {
			drop_timers(posted);
			break;
		}
		run_posted(posted);
		wait = run(e);
	}
	leave(e);
	return NULL;
}

static void etcd_free(struct etcd *e)
{
	while (e->n_spare)
		curl_easy_cleanup(e->spare[--e->n_spare]);
	if (e->multi)
		curl_multi_cleanup(e->multi);
	drop_timers(e->timers);
	if (e->token)
		explicit_bzero(e->token, strlen(e->token));
	free(e->token);
	etcd_config_free(&e->cfg);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

static void etcd_close(struct kv *kv)
{
	struct etcd *e = etcd_of(kv);

	pthread_mutex_lock(&e->lock);
	e->closing = true;
	pthread_mutex_unlock(&e->lock);
	curl_multi_wakeup(e->multi);
	pthread_join(e->thread, NULL);
	etcd_free(e);
}

static const struct kv_ops etcd_ops = {
	.name = "etcd",
	.txn = etcd_txn,
	.range = etcd_range,
	.watch = etcd_watch,
	.unwatch = etcd_unwatch,
	.lease = etcd_lease,
	.unlease = etcd_unlease,
	.after = etcd_after,
	.post = etcd_post,
	.close = etcd_close,
};

/* Signals are for the threads of the program. */
static int start_thread(struct etcd *e)
{
	sigset_t all, old;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&e->thread, NULL, etcd_main, e);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	return rc;
}

struct kv *kv_etcd_open(const char *path, char *err, size_t err_len)
{
	struct etcd *e = calloc(1, sizeof(*e));

	if (!e) {
		snprintf(err, err_len, "%s: out of memory", path);
		return NULL;
	}
	pthread_mutex_init(&e->lock, NULL);
	if (etcd_config_read(&e->cfg, path, err, err_len)) {
		etcd_free(e);
		return NULL;
	}
	e->kv.ops = &etcd_ops;
	e->kv.timeout_ms = e->cfg.timeout_ms;
	e->kv.lasting = true;
	if (!curl_global_init(CURL_GLOBAL_DEFAULT))
		e->multi = curl_multi_init();
	if (!e->multi || start_thread(e)) {
		snprintf(err, err_len, "%s: no thread or memory for a client of etcd", path);
		etcd_free(e);
		return NULL;
	}
	return &e->kv;
}
