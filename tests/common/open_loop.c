// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * open_loop.c - hsm_open() for tools that run on the host: linked in place of the
 * library's, it takes the path for that of a store and puts a card around it.
 *
 * Environment:
 *	LOOP_STORE	path of the store of card 0; that of card n ends in .n
 *	LOOP_CARDS	"3,3": how many cards the clusters have; one alone is on its own.
 *			All cards of a cluster start when the first of them is opened
 *	LOOP_DOWN	"2,0": these cards have been there and are gone
 *	LOOP_PROPS	what the properties of a device would say
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "conn_loop.h"
#include "hsm.h"

#define CARDS_MAX	16

static struct loop_card *started[CARDS_MAX];
static unsigned int connections[CARDS_MAX];	/* to the cluster whose first card this is */

const char *hsm_default_path(void)
{
	const char *path = getenv(HSM_DEVICE_ENV);

	if (!path || !*path)
		path = getenv("LOOP_STORE");
	return path ? path : HSM_DEVICE_DEFAULT;
}

static char *card_path(unsigned int n)
{
	const char *base = getenv("LOOP_STORE");
	char *path;

	if (asprintf(&path, n ? "%s.%u" : "%s", base ? base : HSM_DEVICE_DEFAULT, n) < 0)
		abort();
	return path;
}

/* Cards of the cluster that begins at @first; 0 at the end. */
static unsigned int size_at(unsigned int first)
{
	const char *p = getenv("LOOP_CARDS");
	unsigned int at = 0;

	for (; p && *p; p += strcspn(p, ","), p += *p == ',') {
		unsigned int size = (unsigned int)atoi(p);

		if (at == first && first + size <= CARDS_MAX)
			return size;
		at += size;
	}
	return 0;
}

int hsm_paths(char ***paths, size_t *n)
{
	unsigned int total = 0, size;

	while ((size = size_at(total)))
		total += size;
	*paths = calloc(CARDS_MAX, sizeof(**paths));
	if (!*paths)
		return -ENOMEM;
	for (*n = 0; *n < total; ++*n)
		(*paths)[*n] = card_path((unsigned int)*n);
	return 0;
}

void hsm_paths_free(char **paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(paths[i]);
	free(paths);
}

static bool same_file(const char *a, const char *b)
{
	char *x = realpath(a, NULL), *y = realpath(b, NULL);
	bool same = !strcmp(x ? x : a, y ? y : b);

	free(x);
	free(y);
	return same;
}

/* The number of the card whose store is @path, -1 for none of LOOP_CARDS. */
static int number_of(const char *path)
{
	unsigned int total = 0, size;

	while ((size = size_at(total)))
		total += size;
	for (unsigned int n = 0; n < total; n++) {
		char *own = card_path(n);
		bool same = same_file(own, path);

		free(own);
		if (same)
			return (int)n;
	}
	return -1;
}

static unsigned int flags(void)
{
	const char *props = getenv("LOOP_PROPS");

	if (!props)
		props = "";
	return (strstr(props, "fips=on") ? LOOP_FIPS : 0) |
	       (strstr(props, "policy=strict") ? LOOP_STRICT : 0);
}

static bool is_down(unsigned int n)
{
	const char *p = getenv("LOOP_DOWN");

	for (; p && *p; p += strcspn(p, ","), p += *p == ',')
		if ((unsigned int)atoi(p) == n)
			return true;
	return false;
}

/* Cards @first to @end - 1. */
static void stop_cards(unsigned int first, unsigned int end)
{
	for (unsigned int n = first; n < end; n++) {
		if (started[n])
			loop_card_free(started[n]);
		started[n] = NULL;
	}
}

static unsigned int first_of(unsigned int n)
{
	unsigned int first = 0;

	while (first + size_at(first) <= n)
		first += size_at(first);
	return first;
}

/* A cluster lives as long as somebody is connected to one of its cards. */
static void closed(struct loop_card *card)
{
	unsigned int n = 0, first;

	while (started[n] != card)
		n++;
	first = first_of(n);
	if (!--connections[first])
		stop_cards(first, first + size_at(first));
}

static int start_card(unsigned int n, unsigned int first, unsigned int size)
{
	char err[256] = "", group[16], address[24];
	char *path = card_path(n);

	snprintf(group, sizeof(group), "loop%u", first);
	snprintf(address, sizeof(address), "/dev/hsm%u", n);
	started[n] = size > 1 ? loop_member_new(path, flags(), group, n - first, address, err,
						sizeof(err)) :
		     loop_card_new(path, flags() | (n ? LOOP_SECOND : 0), err, sizeof(err));
	free(path);
	if (started[n])
		loop_on_close(started[n], closed);
	else
		fprintf(stderr, "card %u: %s\n", n, err);
	return started[n] ? 0 : -ENODEV;
}

/* How many live members card @n knows of. */
static unsigned int live_on(unsigned int n)
{
	struct hsm_membership m = { 0 };
	struct hsm *h;

	if (loop_connect(started[n], false, &h))
		return 0;
	hsm_cluster_info(h, &m, NULL);
	loop_on_close(started[n], NULL);
	hsm_close(h);
	loop_on_close(started[n], closed);
	return m.live;
}

#define SEEN_MS	10000

/* Until all cards from @first on that run know of one another, and of nobody else. */
static void settle(unsigned int first, unsigned int end, unsigned int live)
{
	for (unsigned int n = first, ms = 0; n < end && ms < SEEN_MS;) {
		if (end - first == 1 || !started[n] || live_on(n) == live) {
			n++;
			continue;
		}
		usleep(1000);
		ms++;
	}
}

/* The cluster from card @first on, whole; who is down goes once all have been there. */
static int start_cluster(unsigned int first)
{
	const unsigned int end = first + size_at(first);
	unsigned int live = end - first;
	int rc = 0;

	if (connections[first])
		return 0;
	for (unsigned int n = first; !rc && n < end; n++)
		rc = start_card(n, first, end - first);
	if (!rc)
		settle(first, end, live);
	for (unsigned int n = first; n < end; n++) {
		if (!rc && !is_down(n))
			continue;
		stop_cards(n, n + 1);
		live--;
	}
	if (!rc)
		settle(first, end, live);
	return rc;
}

/* A card of its own, which ends with the connection. */
static int open_alone(const char *path, struct hsm **out)
{
	char err[256] = "";
	struct loop_card *card = loop_card_new(path, flags(), err, sizeof(err));
	int rc;

	if (!card) {
		fprintf(stderr, "%s\n", err);
		return -ENODEV;
	}
	rc = loop_connect(card, true, out);
	if (rc)
		loop_card_free(card);
	return rc;
}

int hsm_open(const char *path, struct hsm **out)
{
	unsigned int first;
	int n, rc;

	*out = NULL;
	if (!path)
		path = hsm_default_path();
	n = number_of(path);
	if (n < 0)
		return open_alone(path, out);
	first = first_of((unsigned int)n);
	rc = start_cluster(first);
	if (!rc && !started[n])
		rc = -ENODEV;
	if (!rc)
		rc = loop_connect(started[n], false, out);
	if (!rc)
		connections[first]++;
	else if (!connections[first])
		stop_cards(first, first + size_at(first));
	return rc;
}
