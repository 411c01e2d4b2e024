// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_cluster.c - what it costs that cards agree. Keys are made on one card with the
 * firmware in this process: on its own, in a group of three, and in a cluster of three
 * through etcd; beside them bare puts of as many bytes through the same client of etcd.
 *
 *	bench_cluster FILE DIR SECS	FILE: a cluster file; DIR: a folder for key stores
 *
 * Modes: put, solo, group-one and etcd-one (MIN_SRV 1: answered when the cluster and this
 * card's disk have it), group-all and etcd-all (when every member's disk has it).
 */
#include "bench.h"

#include <semaphore.h>

#include <hsm.h>

#include "cluster.h"
#include "conn_loop.h"
#include "kv.h"

#define CARDS	3
#define PUT_LEN	600	/* what the records of a new AES key take */

static const char *cluster_file;
static struct loop_card *cards[CARDS];
static atomic_uint next_key;
static uint32_t min_srv;
static struct kv *kv;

static void check(int rc, const char *what)
{
	if (rc)
		die("%s: %s", what, hsm_strerror(rc));
}

struct put {
	sem_t done;
	int err;
	char key[32];
};

static void put_done(void *arg, int err, uint64_t revision)
{
	struct put *p = arg;

	(void)revision;
	p->err = err;
	sem_post(&p->done);
}

static void put_post(void *arg)
{
	static const char value[PUT_LEN];
	struct put *p = arg;
	const struct kv_op op = { .what = KV_PUT, .key = p->key, .value = value, .len = sizeof(value) };

	kv->ops->txn(kv, NULL, 0, &op, 1, put_done, p);
}

static void *put_setup(int index)
{
	struct put *p = need(calloc(1, sizeof(*p)));

	sem_init(&p->done, 0, 0);
	snprintf(p->key, sizeof(p->key), "put/%d", index);
	return p;
}

static void put_op(void *state)
{
	struct put *p = state;

	kv->ops->post(kv, put_post, p);
	while (sem_wait(&p->done))
		;
	if (p->err)
		die("put: %s: %s", strerror(-p->err), kv->why);
}

struct client {
	struct hsm *h;
	uint32_t session;
};

static struct hsm *login(struct loop_card *card, uint32_t type, const char *name,
			 const char *password, uint32_t *session)
{
	struct hsm *h;

	check(loop_connect(card, false, &h), "connect");
	check(hsm_session_open(h, session, NULL), "session");
	check(hsm_login(h, *session, type, name, password, strlen(password), NULL), name);
	return h;
}

/* What hsm_activate does for the demo. */
static void activate(void)
{
	uint32_t session, id;
	struct hsm *h = login(cards[0], HSM_USER_PRECO, "admin", "password", &session);

	check(hsm_user_password(h, session, HSM_USER_PRECO, "admin", "admin_pwd", 9, NULL), "admin");
	hsm_close(h);
	h = login(cards[0], HSM_USER_CO, "admin", "admin_pwd", &session);
	check(hsm_user_create(h, session, HSM_USER_CU, "example_user", "example_pwd", 11, &id, NULL),
	      "example_user");
	hsm_close(h);
}

static void *client_setup(int index)
{
	struct client *c = need(calloc(1, sizeof(*c)));

	(void)index;
	c->h = login(cards[0], HSM_USER_CU, "example_user", "example_pwd", &c->session);
	return c;
}

static void client_done(void *state)
{
	struct client *c = state;

	hsm_close(c->h);
	free(c);
}

static void make_key(void *state)
{
	static const uint32_t type = HSM_KEY_AES, len = 32;
	struct client *c = state;
	char label[32];
	const struct hsm_attr attrs[] = {
		{ HSM_ATTR_KEY_TYPE, 4, &type }, { HSM_ATTR_VALUE_LEN, 4, &len },
		{ HSM_ATTR_LABEL, (uint32_t)snprintf(label, sizeof(label), "key-%u",
						     atomic_fetch_add(&next_key, 1)), label },
	};
	const struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 3, .min_srv = min_srv };
	uint64_t handle;

	check(hsm_key_gen_sym(c->h, c->session, &spec, &handle, NULL), "key");
}

static const struct work bare_puts = { put_setup, put_op, free };
static const struct work new_keys = { client_setup, make_key, client_done };

static void measure(const char *mode, const struct work *work, double secs)
{
	run_timed("cluster", mode, 1, secs, work);
	run_timed("cluster", mode, 32, secs, work);
}

static struct cluster *join(const char *name, char *err, size_t err_len)
{
	return !strcmp(name, "group") ? cluster_group_open("bench") :
	       cluster_etcd_open(cluster_file, err, err_len);
}

static void start(const char *name, const char *dir, int i)
{
	char path[512], err[512] = "";
	struct cluster *cl = NULL;

	snprintf(path, sizeof(path), "%s/%s%d.db", dir, name, i);
	if (!strcmp(name, "solo")) {
		cards[i] = loop_card_new(path, 0, err, sizeof(err));
	} else {
		cl = join(name, err, sizeof(err));
		cards[i] = cl ? loop_cluster_new(path, 0, cl, (uint32_t)i, NULL, err, sizeof(err)) : NULL;
	}
	if (!cards[i])
		die("%s: %s", path, err);
}

static void run_cards(const char *name, int n, const char *dir, double secs)
{
	char mode[32];

	for (int i = 0; i < n; i++) {
		start(name, dir, i);
		if (!i)
			activate();
	}
	if (n > 1) {
		min_srv = 1;
		snprintf(mode, sizeof(mode), "%s-one", name);
		measure(mode, &new_keys, secs);
	}
	min_srv = 0;
	snprintf(mode, sizeof(mode), n > 1 ? "%s-all" : "%s", name);
	measure(mode, &new_keys, secs);
	for (int i = 0; i < n; i++)
		loop_card_free(cards[i]);
}

int main(int argc, char **argv)
{
	char err[512];
	double secs;

	if (argc != 4)
		die("usage: bench_cluster FILE DIR SECS");
	cluster_file = argv[1];
	secs = atof(argv[3]);
	kv = kv_etcd_open(cluster_file, err, sizeof(err));
	if (!kv)
		die("%s", err);
	measure("put", &bare_puts, secs);
	kv->ops->close(kv);
	run_cards("solo", 1, argv[2], secs);
	run_cards("group", CARDS, argv[2], secs);
	run_cards("etcd", CARDS, argv[2], secs);
	return 0;
}
