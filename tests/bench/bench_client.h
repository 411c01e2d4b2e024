/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bench_client.h - a client of the card: an open file, a session, a login. */
#ifndef HSM_BENCH_CLIENT_H
#define HSM_BENCH_CLIENT_H

#include "bench.h"

#include <hsm.h>

struct client {
	struct hsm *h;
	uint32_t session;
	uint64_t pub;
};

static inline void check(int rc, const char *what)
{
	if (rc)
		die("%s: %s", what, hsm_strerror(rc));
}

static inline void *client_open(int index)
{
	struct client *c = need(calloc(1, sizeof(*c)));

	(void)index;
	check(hsm_open(NULL, &c->h), "open");
	check(hsm_session_open(c->h, &c->session, NULL), "session");
	return c;
}

static inline void *client_login(int index)
{
	struct client *c = client_open(index);

	check(hsm_login(c->h, c->session, HSM_USER_CU, "example_user", "example_pwd", 11, NULL),
	      "login");
	return c;
}

static inline void client_close(void *state)
{
	struct client *c = state;

	hsm_close(c->h);
	free(c);
}

#endif /* HSM_BENCH_CLIENT_H */
