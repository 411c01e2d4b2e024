// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * etcd_call.c - calls: which endpoint they go to, what a failed attempt means, and when
 * there is another one. A call that may have had its effect, and may not have it twice,
 * ends there: nobody knows.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "etcd_int.h"

#define RETRY_MS	100	/* between rounds over all endpoints */

void *etcd_call_new(struct etcd *e, size_t size, const char *path)
{
	struct etcd_call *call = calloc(1, size);

	if (!call)
		return NULL;
	call->etcd = e;
	call->path = path;
	call->deadline = etcd_now() + e->kv.timeout_ms;
	call->next = e->calls;
	e->calls = call;
	return call;
}

/* The time of retry makes the thread begin it: nothing is called back from within. */
void etcd_call_start(struct etcd_call *call)
{
	if (call->body.failed)
		call->failed = -ENOMEM;
	call->tries = 0;
	call->renewed = false;
	call->retry_at = etcd_now();
}

static void recall(struct etcd_call *call)
{
	if (!call->curl)
		return;
	curl_multi_remove_handle(call->etcd->multi, call->curl);
	curl_easy_setopt(call->curl, CURLOPT_ERRORBUFFER, NULL);
	curl_easy_setopt(call->curl, CURLOPT_HTTPHEADER, NULL);
	etcd_handle_put(call->etcd, call->curl);
	call->curl = NULL;
}

void etcd_call_free(struct etcd_call *call)
{
	struct etcd_call **at;

	if (!call)
		return;
	if (call->drop)
		call->drop(call);
	recall(call);
	for (at = &call->etcd->calls; *at != call; at = &(*at)->next)
		;
	*at = call->next;
	curl_slist_free_all(call->headers);
	if (call->nobody && call->body.data)
		explicit_bzero(call->body.data, call->body.len);
	etcd_buf_free(&call->body);
	etcd_buf_free(&call->answer);
	free(call);
}

void etcd_why(struct etcd *e, unsigned int endpoint, const char *text)
{
	snprintf(e->kv.why, sizeof(e->kv.why), "%.80s: %.76s", e->cfg.endpoints[endpoint], text);
}

void etcd_endpoint_failed(struct etcd *e, const struct etcd_call *call)
{
	if (call->endpoint == e->current)
		e->current = (e->current + 1) % e->cfg.n_endpoints;
	if (e->watch.call && e->watch.call != call && e->watch.call->endpoint == call->endpoint)
		etcd_watch_end(e, -EIO);
}

int etcd_kv_err(int err)
{
	switch (err) {
	case -ENOKEY:
		return -EHOSTUNREACH;
	case -ENOMEM:
		return -ETIMEDOUT;
	case -ESTALE:
	case -EMSGSIZE:
	case -ENOTSUP:
		return -EPROTO;
	default:
		return err;
	}
}

static void end(struct etcd_call *call, int err)
{
	call->retry_at = 0;
	call->done(call, err);
}

/* Another attempt, if there is time for one; each round over the endpoints after a pause. */
static void again(struct etcd_call *call, int err)
{
	uint64_t at = etcd_now();

	call->tries++;
	if (call->tries % call->etcd->cfg.n_endpoints == 0)
		at += RETRY_MS;
	if (at >= call->deadline)
		end(call, err);
	else
		call->retry_at = at;
}

/* What curl did not bring about. Not asked is not done. */
static int curl_fault(struct etcd_call *call, CURLcode code)
{
	int err = call->sent ? -ETIMEDOUT : -EHOSTUNREACH;

	etcd_why(call->etcd, call->endpoint,
		 call->error[0] ? call->error : curl_easy_strerror(code));
	return call->failed ? call->failed : call->answer.failed ? -ENOMEM : err;
}

static int attempt_result(struct etcd_call *call, CURLcode code)
{
	char text[160];
	long status = 0;
	int err;

	if (code != CURLE_OK)
		return curl_fault(call, code);
	curl_easy_getinfo(call->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200)
		return 0;
	err = etcd_decode_fault(status, call->answer.data, call->answer.len, text, sizeof(text));
	etcd_why(call->etcd, call->endpoint, text);
	return err;
}

static void renew_token(struct etcd_call *call)
{
	if (call->renewed || call->nobody || !call->etcd->cfg.user) {
		end(call, -EACCES);
		return;
	}
	call->renewed = true;
	etcd_auth_drop(call->etcd, call->token_gen);
	call->retry_at = etcd_now();
}

static void attempt_done(struct etcd_call *call, CURLcode code)
{
	struct etcd *e = call->etcd;
	int err = attempt_result(call, code);

	recall(call);
	call->failed = 0;
	if (err == -EKEYEXPIRED) {
		renew_token(call);
		return;
	}
	if (err == -EHOSTUNREACH || err == -ETIMEDOUT)
		etcd_endpoint_failed(e, call);
	if (err == -EHOSTUNREACH || (err == -ETIMEDOUT && !call->once && !call->stream))
		again(call, err);
	else
		end(call, err);
}

void etcd_calls_finished(struct etcd *e)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(e->multi, &left))) {
		struct etcd_call *call = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, (char **)&call);
		attempt_done(call, msg->data.result);
	}
}

static void begin(struct etcd_call *call)
{
	int err = call->failed;

	call->retry_at = 0;
	if (!err && !call->nobody && !etcd_auth_ready(call->etcd)) {
		call->waits = true;
		return;
	}
	if (!err)
		err = etcd_send(call);
	if (!err)
		return;
	recall(call);
	if (err == -ENOMEM)
		snprintf(call->etcd->kv.why, sizeof(call->etcd->kv.why), "out of memory");
	end(call, err == -ENOMEM ? -EHOSTUNREACH : err);
}

static void tick(struct etcd_call *call, uint64_t now)
{
	if (call->retry_at && call->retry_at <= now) {
		begin(call);
	} else if (call->waits && call->deadline <= now) {
		call->waits = false;
		end(call, -EHOSTUNREACH);
	}
}

/* done() may take away any call, so the list is looked at from its start after each. */
uint64_t etcd_calls_tick(struct etcd *e, uint64_t wake)
{
	uint64_t now = etcd_now();
	struct etcd_call *call = e->calls;

	while (call) {
		uint64_t at = call->retry_at ? call->retry_at : call->waits ? call->deadline : 0;

		if (at && at <= now) {
			tick(call, now);
			call = e->calls;
			continue;
		}
		if (at && at < wake)
			wake = at;
		call = call->next;
	}
	return wake;
}

void etcd_calls_go_on(struct etcd *e, int err)
{
	uint64_t now = etcd_now();

	for (struct etcd_call *call = e->calls; call; call = call->next) {
		if (!call->waits)
			continue;
		call->waits = false;
		call->retry_at = now;
		call->failed = err;
	}
}
