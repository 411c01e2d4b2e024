// SPDX-License-Identifier: GPL-2.0-or-later
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include "cluster_host.h"
#include "driver_card.h"
#include "posix.h"

#define CTX 1

static bool start(struct card *c, const char *secret, bool leave)
{
	char serial[32];
	const struct fw_config cfg = {
		.platform = &fw_platform_posix, .store = c->store, .secret = secret,
		.secret_len = strlen(secret), .serial = serial, .node_id = c->node,
		.cluster = c->cluster, .leave_cluster = leave,
	};

	snprintf(serial, sizeof(serial), "DRIVER-%u", c->node);
	c->fw = fw_new(&cfg, c->err, sizeof(c->err));
	return c->fw && fw_ctx_open(c->fw, CTX);
}

bool card_open(struct card *c, const char *store, const char *secret, const char *cluster)
{
	bool leave;

	if (!posix_cluster_open(cluster, &c->cluster, &leave, c->err, sizeof(c->err)))
		return false;
	c->store = store_sqlite_open(store, c->err, sizeof(c->err));
	return c->store && start(c, secret, leave);
}

void card_close(struct card *c)
{
	fw_free(c->fw);
	posix_cluster_close(c->cluster);
	if (c->store)
		c->store->ops->close(c->store);
	memset(c, 0, sizeof(*c));
}

static void wake(struct call_msg *m)
{
	sem_post(m->arg);
}

uint32_t card_call(struct card *c, struct call_msg *m)
{
	sem_t ended;

	sem_init(&ended, 0, 0);
	m->on_done = wake;
	m->arg = &ended;
	call_send(c->fw, CTX, m, 0);
	sem_wait(&ended);
	sem_destroy(&ended);
	m->arg = NULL;
	return m->status;
}

static uint32_t as(struct card *c, struct call_msg *m, uint16_t opcode, uint32_t type,
		   const char *name, const char *pw)
{
	call_user(m, opcode, c->session, type, name, pw);
	return card_call(c, m);
}

static uint32_t session(struct card *c, struct call_msg *m)
{
	uint32_t rv;

	if (c->session)
		return 0;
	call_begin(m, HSM_CMD_SESSION_OPEN, 0);
	rv = card_call(c, m);
	c->session = rv ? 0 : call_reply_u32(m, HSM_TAG_SESSION);
	return rv;
}

static uint32_t activate(struct card *c, struct call_msg *m)
{
	uint32_t rv = as(c, m, HSM_CMD_LOGIN, HSM_USER_PRECO, CARD_ADMIN, "password");

	if (!rv)
		rv = as(c, m, HSM_CMD_USER_PASSWORD, HSM_USER_PRECO, CARD_ADMIN, CARD_PASSWORD);
	if (!rv)
		rv = as(c, m, HSM_CMD_USER_CREATE, HSM_USER_CU, CARD_USER, CARD_PASSWORD);
	call_begin(m, HSM_CMD_LOGOUT, c->session);
	return rv ? rv : card_call(c, m);
}

uint32_t card_login_as(struct card *c, struct call_msg *m, const char *pw)
{
	uint32_t rv = session(c, m);

	return rv ? rv : as(c, m, HSM_CMD_LOGIN, HSM_USER_CU, CARD_USER, pw);
}

uint32_t card_login(struct card *c, struct call_msg *m)
{
	uint32_t rv = card_login_as(c, m, CARD_PASSWORD);

	if (rv == HSM_RV_USER_UNKNOWN || rv == HSM_RV_LOGIN_FAILURE) {
		rv = activate(c, m);
		rv = rv ? rv : card_login_as(c, m, CARD_PASSWORD);
	}
	return rv;
}
