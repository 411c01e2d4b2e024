// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * open_loop.c - hsm_open() for tools that run on the host: linked in place of the
 * library's, it takes the path for that of a store and puts a card around it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "conn_loop.h"
#include "hsm.h"

const char *hsm_default_path(void)
{
	const char *path = getenv(HSM_DEVICE_ENV);

	return path ? path : HSM_DEVICE_DEFAULT;
}

int hsm_open(const char *path, struct hsm **out)
{
	const char *fips = getenv("LOOP_FIPS");
	struct loop_card *card;
	char err[256] = "";
	int rc;

	*out = NULL;
	if (!path)
		path = hsm_default_path();
	card = loop_card_new(path, fips && *fips == '1', err, sizeof(err));
	if (!card) {
		fprintf(stderr, "%s\n", err);
		return -ENODEV;
	}
	rc = loop_connect(card, true, out);
	if (rc)
		loop_card_free(card);
	return rc;
}
