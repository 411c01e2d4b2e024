// SPDX-License-Identifier: GPL-2.0-or-later
/* etcd_send.c - one attempt of a call, as libcurl is told about it. */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "etcd_int.h"

/*
 * Called when there is a connection, before the request goes out: so it is known whether
 * etcd may have seen it, and libcurl does not send it twice by itself when a connection
 * that it had kept turns out to be dead.
 */
static int before_sending(void *arg, char *to, char *from, int to_port, int from_port)
{
	struct etcd_call *call = arg;

	(void)to;
	(void)from;
	(void)to_port;
	(void)from_port;
	if (call->sent)
		return CURL_PREREQFUNC_ABORT;
	call->sent = true;
	return CURL_PREREQFUNC_OK;
}

static size_t take_answer(char *data, size_t size, size_t n, void *arg)
{
	struct etcd_call *call = arg;

	if (call->answer.len + size * n > ETCD_ANSWER_MAX) {
		call->failed = -EMSGSIZE;
		return 0;
	}
	etcd_buf_add(&call->answer, data, size * n);
	return call->answer.failed ? 0 : size * n;
}

static size_t take_header(char *data, size_t size, size_t n, void *arg)
{
	struct etcd_call *call = arg;

	(void)data;
	call->header_len += size * n;
	return call->header_len > ETCD_HEADER_MAX ? 0 : size * n;
}

/* A peer that is gone without a word is noticed in the time of a lease. */
static int set_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	struct etcd *e = arg;
	unsigned int ms = e->cfg.lease_s * 1000;

	(void)purpose;
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof(ms));
	return CURL_SOCKOPT_OK;
}

static int set_tls(CURL *curl, const struct etcd_config *cfg)
{
	int rc = curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);

	if (cfg->ca) {
		rc |= curl_easy_setopt(curl, CURLOPT_CAINFO, cfg->ca);
		rc |= curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
	}
	if (cfg->cert) {
		rc |= curl_easy_setopt(curl, CURLOPT_SSLCERT, cfg->cert);
		rc |= curl_easy_setopt(curl, CURLOPT_SSLKEY, cfg->key);
	}
	return rc;
}

static int set_common(CURL *curl, struct etcd *e)
{
	long probes = e->cfg.lease_s < 6 ? 1 : (long)e->cfg.lease_s / 3;
	int rc = 0;

	rc |= curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	rc |= curl_easy_setopt(curl, CURLOPT_PROXY, "");
	rc |= curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	rc |= curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	rc |= curl_easy_setopt(curl, CURLOPT_TCP_NODELAY, 1L);
	rc |= curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
	rc |= curl_easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, probes);
	rc |= curl_easy_setopt(curl, CURLOPT_TCP_KEEPINTVL, probes);
	rc |= curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, set_socket);
	rc |= curl_easy_setopt(curl, CURLOPT_SOCKOPTDATA, e);
	rc |= curl_easy_setopt(curl, CURLOPT_POST, 1L);
	rc |= curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, before_sending);
	rc |= curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
	rc |= curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	return rc | set_tls(curl, &e->cfg);
}

CURL *etcd_handle_get(struct etcd *e)
{
	CURL *curl;

	if (e->n_spare)
		return e->spare[--e->n_spare];
	curl = curl_easy_init();
	if (curl && set_common(curl, e)) {
		curl_easy_cleanup(curl);
		return NULL;
	}
	return curl;
}

void etcd_handle_put(struct etcd *e, CURL *curl)
{
	if (e->n_spare < sizeof(e->spare) / sizeof(e->spare[0]))
		e->spare[e->n_spare++] = curl;
	else
		curl_easy_cleanup(curl);
}

static int add_header(struct curl_slist **list, const char *text)
{
	struct curl_slist *more = curl_slist_append(*list, text);

	if (more)
		*list = more;
	return more ? 0 : -ENOMEM;
}

/* A member without a leader says so at once, instead of what it knew before. */
static int make_headers(struct etcd_call *call)
{
	char line[4200];
	int rc = 0;

	curl_slist_free_all(call->headers);
	call->headers = NULL;
	rc |= add_header(&call->headers, "Content-Type: application/json");
	rc |= add_header(&call->headers, "Grpc-Metadata-hasleader: true");
	rc |= add_header(&call->headers, "Expect:");
	if (call->etcd->token && *call->etcd->token && !call->nobody) {
		snprintf(line, sizeof(line), "Authorization: %s", call->etcd->token);
		rc |= add_header(&call->headers, line);
		explicit_bzero(line, sizeof(line));
	}
	return rc;
}

/* How long this attempt may take, in ms; 0 for a stream, whose owner looks after it. */
static void times(const struct etcd_call *call, long *connect, long *all)
{
	uint64_t now = etcd_now();
	uint64_t left = call->deadline > now ? call->deadline - now : 1;
	uint64_t first = left / call->etcd->cfg.n_endpoints;

	if (call->patience && left > call->patience)
		left = call->patience;
	if (first > left || first < 200)
		first = left;
	*connect = (long)first;
	*all = call->stream ? 0 : (long)left;
}

int etcd_send(struct etcd_call *call)
{
	struct etcd *e = call->etcd;
	char url[1200];
	long connect, all;
	int rc;

	call->endpoint = e->current;
	call->token_gen = e->token_gen;
	call->sent = false;
	call->answer.len = 0;
	call->header_len = 0;
	call->begun = etcd_now();
	call->error[0] = 0;
	if (!call->curl)
		call->curl = etcd_handle_get(e);
	if (!call->curl || make_headers(call))
		return -ENOMEM;
	snprintf(url, sizeof(url), "%s%s", e->cfg.endpoints[call->endpoint], call->path);
	times(call, &connect, &all);
	rc = (int)curl_easy_setopt(call->curl, CURLOPT_URL, url);
	rc |= curl_easy_setopt(call->curl, CURLOPT_HTTPHEADER, call->headers);
	rc |= curl_easy_setopt(call->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.len);
	rc |= curl_easy_setopt(call->curl, CURLOPT_CONNECTTIMEOUT_MS, connect);
	rc |= curl_easy_setopt(call->curl, CURLOPT_TIMEOUT_MS, all);
	rc |= curl_easy_setopt(call->curl, CURLOPT_POSTFIELDS, call->body.data);
	rc |= curl_easy_setopt(call->curl, CURLOPT_PREREQDATA, call);
	rc |= curl_easy_setopt(call->curl, CURLOPT_WRITEDATA, call);
	rc |= curl_easy_setopt(call->curl, CURLOPT_HEADERDATA, call);
	rc |= curl_easy_setopt(call->curl, CURLOPT_ERRORBUFFER, call->error);
	rc |= curl_easy_setopt(call->curl, CURLOPT_PRIVATE, call);
	return rc || curl_multi_add_handle(e->multi, call->curl) ? -ENOMEM : 0;
}
