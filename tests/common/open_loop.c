// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * open_loop.c - hsm_open() for tools that run on the host: linked in place of the
 * library's, it takes the path for that of a store and puts a card around it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn_loop.h"
#include "hsm.h"

const char *hsm_default_path(void)
{
	const char *path = getenv(HSM_DEVICE_ENV);

	return path ? path : HSM_DEVICE_DEFAULT;
}

/* The second card's store ends in .1; names of the configuration are links to stores. */
static bool is_second(const char *path)
{
	char *real = realpath(path, NULL);
	const char *end = strrchr(real ? real : path, '.');
	bool second = end && !strcmp(end, ".1");

	free(real);
	return second;
}

/* LOOP_PROPS: what the properties of a device would say. */
static unsigned int flags(const char *path)
{
	const char *props = getenv("LOOP_PROPS");

	if (!props)
		props = "";
	return (strstr(props, "fips=on") ? LOOP_FIPS : 0) |
	       (strstr(props, "policy=strict") ? LOOP_STRICT : 0) |
	       (is_second(path) ? LOOP_SECOND : 0);
}

int hsm_open(const char *path, struct hsm **out)
{
	struct loop_card *card;
	char err[256] = "";
	int rc;

	*out = NULL;
	if (!path)
		path = hsm_default_path();
	card = loop_card_new(path, flags(path), err, sizeof(err));
	if (!card) {
		fprintf(stderr, "%s\n", err);
		return -ENODEV;
	}
	rc = loop_connect(card, true, out);
	if (rc)
		loop_card_free(card);
	return rc;
}
