// SPDX-License-Identifier: GPL-2.0-or-later
/* conn_loop.c - a libhsm transport straight into the firmware. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cluster.h"
#include "conn.h"
#include "conn_loop.h"
#include "fw.h"
#include "hsm.h"
#include "posix.h"
#include "store.h"

#define SECRET		"loop card"
#define TIMEOUT_MS	60000

struct loop_card {
	struct store *store;
	struct fw *fw;
	struct cluster *cluster;	/* NULL: on its own */
	void (*closed)(struct loop_card *card);
	atomic_uint next_ctx;
};

struct loop_req {
	struct fw_req fw;	/* first: done gets its address */
	sem_t done;
	enum fw_result result;
	uint64_t cookie;
	struct loop_req *next;
};

struct loop_conn {
	struct loop_card *card;
	uint32_t ctx;
	bool owned;
	pthread_mutex_t lock;
	struct loop_req *flying;
};

static struct loop_card *card_new(const char *path, const struct fw_config *like, char *err,
				  size_t err_len)
{
	struct loop_card *card = calloc(1, sizeof(*card));
	struct fw_config cfg = *like;

	if (!card) {
		snprintf(err, err_len, "no memory");
		return NULL;
	}
	card->store = path ? store_sqlite_open(path, err, err_len) : store_mem_open();
	if (!card->store)
		goto free_card;
	cfg.store = card->store;
	card->cluster = cfg.cluster;
	card->fw = fw_new(&cfg, err, err_len);
	if (!card->fw)
		goto close_store;
	card->next_ctx = 1;
	return card;

close_store:
	card->store->ops->close(card->store);
free_card:
	free(card);
	return NULL;
}

static struct fw_config config(unsigned int flags)
{
	return (struct fw_config){
		.platform = &fw_platform_posix,
		.secret = SECRET,
		.secret_len = sizeof(SECRET) - 1,
		.serial = flags & LOOP_SECOND ? "LOOP0002" : "LOOP0001",
		.node_id = 0,
		.fips = flags & LOOP_FIPS,
		.policy = flags & LOOP_STRICT ? FW_POLICY_STRICT : FW_POLICY_FAITHFUL,
	};
}

struct loop_card *loop_card_new(const char *path, unsigned int flags, char *err, size_t err_len)
{
	const struct fw_config cfg = config(flags);

	return card_new(path, &cfg, err, err_len);
}

#define JOIN_MS	20000

/* False, with a line in @err, if the card is no member within JOIN_MS. */
static bool join(struct fw *fw, char *err, size_t err_len)
{
	char why[128] = "";
	uint32_t state = HSM_MEMBERSHIP_JOINING;

	for (int ms = 0; ms < JOIN_MS && state == HSM_MEMBERSHIP_JOINING; ms++) {
		state = fw_membership(fw, why, sizeof(why));
		if (state == HSM_MEMBERSHIP_JOINING)
			usleep(1000);
	}
	if (state == HSM_MEMBERSHIP_ONLINE)
		return true;
	snprintf(err, err_len, "the card is no member of its group (%u): %s", state, why);
	return false;
}

struct loop_card *loop_cluster_new(const char *path, unsigned int flags, struct cluster *cluster,
				   unsigned int node, const char *address, char *err,
				   size_t err_len)
{
	struct fw_config cfg = config(flags);
	struct loop_card *card;
	char serial[32];

	snprintf(serial, sizeof(serial), "LOOP%04u", node + 1);
	cfg.serial = serial;
	cfg.node_id = node;
	cfg.address = address;
	cfg.cluster = cluster;
	card = card_new(path, &cfg, err, err_len);
	if (!card)
		cluster->ops->close(cluster);
	if (card && !join(card->fw, err, err_len)) {
		loop_card_free(card);
		card = NULL;
	}
	return card;
}

struct loop_card *loop_member_new(const char *path, unsigned int flags, const char *group,
				  unsigned int node, const char *address, char *err,
				  size_t err_len)
{
	struct cluster *cluster = cluster_group_open(group);

	if (cluster)
		return loop_cluster_new(path, flags, cluster, node, address, err, err_len);
	snprintf(err, err_len, "no memory");
	return NULL;
}

void loop_card_free(struct loop_card *card)
{
	fw_free(card->fw);
	if (card->cluster)
		card->cluster->ops->close(card->cluster);
	card->store->ops->close(card->store);
	free(card);
}

void loop_card_reset(struct loop_card *card)
{
	fw_reset(card->fw);
}

void loop_on_close(struct loop_card *card, void (*closed)(struct loop_card *card))
{
	card->closed = closed;
}

static void loop_done(struct fw_req *fw, enum fw_result result)
{
	struct loop_req *r = (struct loop_req *)fw;

	r->result = result;
	sem_post(&r->done);
}

static void flying_add(struct loop_conn *c, struct loop_req *r)
{
	pthread_mutex_lock(&c->lock);
	r->next = c->flying;
	c->flying = r;
	pthread_mutex_unlock(&c->lock);
}

static void flying_remove(struct loop_conn *c, struct loop_req *r)
{
	struct loop_req **at = &c->flying;

	pthread_mutex_lock(&c->lock);
	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	pthread_mutex_unlock(&c->lock);
}

/* The errno that the driver would give. */
static int result_errno(enum fw_result result)
{
	static const int codes[] = {
		[FW_OK] = 0,
		[FW_NO_ROOM] = -ENOSPC,
		[FW_NO_CTX] = -ESTALE,
		[FW_CANCELED] = -ECANCELED,
		[FW_TIMEOUT] = -ETIMEDOUT,
		[FW_FAILED] = -EIO,
	};

	return codes[result];
}

static int loop_exec(void *conn, const void *in, size_t in_len, void *out, size_t *out_len,
		     uint32_t timeout_ms, uint64_t cookie)
{
	const struct fw_platform *p = &fw_platform_posix;
	const uint64_t now = p->now_ms(p->opaque);
	struct loop_conn *c = conn;
	struct loop_req r = {
		.fw = {
			.ctx = c->ctx,
			.rights = HSM_CLASS_CRYPTO | HSM_CLASS_KEYS | HSM_CLASS_USERS |
				  HSM_CLASS_AUDIT | HSM_CLASS_FACTORY,
			.in = in,
			.in_len = in_len,
			.out = out,
			.out_room = *out_len,
			.deadline_ms = now + (timeout_ms ? timeout_ms : TIMEOUT_MS),
			.done = loop_done,
		},
		.cookie = cookie,
	};

	sem_init(&r.done, 0, 0);
	flying_add(c, &r);
	fw_exec(c->card->fw, &r.fw);
	while (sem_wait(&r.done) && errno == EINTR)
		;
	flying_remove(c, &r);
	sem_destroy(&r.done);
	*out_len = r.fw.out_len;
	return result_errno(r.result);
}

static int loop_cancel(void *conn, uint64_t cookie)
{
	struct loop_conn *c = conn;
	int rc = -ENOENT;

	pthread_mutex_lock(&c->lock);
	for (struct loop_req *r = c->flying; r; r = r->next) {
		if (r->cookie == cookie) {
			atomic_store(&r->fw.cancel, true);
			rc = 0;
		}
	}
	pthread_mutex_unlock(&c->lock);
	return rc;
}

static void loop_close(void *conn)
{
	struct loop_conn *c = conn;

	fw_ctx_close(c->card->fw, c->ctx);
	if (c->card->closed)
		c->card->closed(c->card);
	if (c->owned)
		loop_card_free(c->card);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

static const struct hsm_conn_ops loop_ops = {
	.exec = loop_exec,
	.cancel = loop_cancel,
	.close = loop_close,
};

int loop_connect(struct loop_card *card, bool owned, struct hsm **out)
{
	struct loop_conn *c = calloc(1, sizeof(*c));

	*out = NULL;
	if (!c)
		return -ENOMEM;
	c->card = card;
	c->owned = owned;
	c->ctx = atomic_fetch_add(&card->next_ctx, 1);
	pthread_mutex_init(&c->lock, NULL);
	if (!fw_ctx_open(card->fw, c->ctx) || hsm_open_conn(&loop_ops, c, out)) {
		fw_ctx_close(card->fw, c->ctx);
		pthread_mutex_destroy(&c->lock);
		free(c);
		return -ENOMEM;
	}
	return 0;
}
