// SPDX-License-Identifier: GPL-2.0-or-later
/* lab_real.c - the engines that have threads and a clock of their own: solo, group, etcd. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kv.h"
#include "lab.h"
#include "lab_gate.h"

static unsigned int count;	/* of labs: each has a cluster of its own */

static void pass(struct lab *l)
{
	(void)l;
	usleep(1000);
}

static uint64_t now_ms(struct lab *l)
{
	struct timespec ts;

	(void)l;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static struct cluster *no_cluster(struct lab *l, struct lab_card *c)
{
	(void)l;
	(void)c;
	return NULL;
}

static bool open_next(struct lab *l)
{
	(void)l;
	count++;
	return true;
}

static struct cluster *over_gate(struct lab_card *c, struct kv *inner)
{
	struct kv *kv = gate_kv_open(inner);

	c->engine = kv;
	return kv ? member_open(kv) : NULL;
}

static struct cluster *group_cluster(struct lab *l, struct lab_card *c)
{
	char name[32];

	(void)l;
	snprintf(name, sizeof(name), "lab%u", count);
	return over_gate(c, kv_mem_open(name));
}

static void cut(struct lab *l, struct lab_card *c, bool off)
{
	(void)l;
	gate_kv_cut(c->engine, off);
}

/* HSM_ETCD_ENDPOINTS: a comma-separated list; each lab has a prefix of its own. */
static bool write_config(const char *path)
{
	const char *at = getenv("HSM_ETCD_ENDPOINTS");
	FILE *f = fopen(path, "w");

	if (!f)
		return false;
	fprintf(f, "{\"endpoints\":[\"");
	for (; *at; at++)
		fprintf(f, *at == ',' ? "\",\"" : "%c", *at);
	fprintf(f, "\"],\"prefix\":\"/hsm/lab-%d-%u/\",\"lease_s\":3,\"timeout_ms\":3000}\n",
		getpid(), count);
	return !fclose(f);
}

static struct cluster *etcd_cluster(struct lab *l, struct lab_card *c)
{
	const char *tmp = getenv("TMPDIR");
	char path[256];
	struct kv *kv;

	(void)l;
	snprintf(path, sizeof(path), "%s/lab-%d.json", tmp ? tmp : "/tmp", getpid());
	if (!write_config(path))
		return NULL;
	kv = kv_etcd_open(path, c->err, sizeof(c->err));
	if (!kv)
		fprintf(stderr, "%s\n", c->err);
	unlink(path);
	return over_gate(c, kv);
}

const struct lab_ops lab_solo = {
	.name = "solo", .cards = 1, .cluster = no_cluster, .pass = pass, .now_ms = now_ms,
};

const struct lab_ops lab_group = {
	.name = "group", .cards = 3, .open = open_next, .cluster = group_cluster, .pass = pass,
	.now_ms = now_ms, .cut = cut,
};

const struct lab_ops lab_etcd = {
	.name = "etcd", .cards = 3, .open = open_next, .cluster = etcd_cluster, .pass = pass,
	.now_ms = now_ms, .cut = cut,
};

const struct lab_ops *lab_by_name(const char *name)
{
	static const struct lab_ops *const all[] = { &lab_solo, &lab_group, &lab_etcd, &lab_sim };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i]->name, name))
			return all[i];
	return NULL;
}
