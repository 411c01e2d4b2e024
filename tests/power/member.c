// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * member.c - the power of one of three cards goes at every call by which it writes, while it
 * joins, changes and is told of changes, is away, owes wrong passwords and doubts a key. With
 * power again it is a member, as all others are: what was acknowledged is there, what failed
 * is not.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "fw_int.h"
#include "member.h"
#include "shim.h"
#include "sim_call.h"
#include "sim_image.h"

#define KEYS	24
#define SETTLE_S 120	/* of the simulator's */

enum want { WANT_EITHER, WANT_THERE, WANT_GONE };

struct key {
	char label[24];
	uint64_t handle;
	enum want want;
};

struct living {
	struct sim_world *w;
	struct key key[KEYS];
	size_t n_keys;
	unsigned int guessed, told;	/* wrong passwords of carol: asked, and answered */
	struct call_msg m;
};

static bool off(void)
{
	return shim_limited();
}

/* Sends v->m and waits. NO_STATUS: the power went first, or nobody knows. */
static uint32_t send(struct living *v, uint32_t node, uint32_t ctx)
{
	struct sim_node *n = &v->w->node[node];
	uint64_t end = v->w->now + 60 * SIM_S;

	if (off())
		return NO_STATUS;
	call_send(n->fw, ctx, &v->m, 0);
	while (!v->m.done && !off() && sim_step(v->w, end))
		;
	if (off() && node == MEMBER)
		return NO_STATUS;
	while (!v->m.done && sim_step(v->w, end))
		;
	return v->m.done ? v->m.status : NO_STATUS;
}

static void expect(struct living *v, const char *what, uint32_t status)
{
	check(!status || off(), "%s: status 0x%x", what, status);
	(void)v;
}

static void login(struct living *v, uint32_t node, uint32_t ctx, uint32_t type, const char *name)
{
	if (off())
		return;
	fw_ctx_open(v->w->node[node].fw, ctx);
	call_begin(&v->m, HSM_CMD_SESSION_OPEN, 0);
	expect(v, "session", send(v, node, ctx));
	call_user(&v->m, HSM_CMD_LOGIN, SIM_SESSION, type, name, SIM_PASSWORD);
	expect(v, "login", send(v, node, ctx));
}

static void start(struct living *v, uint32_t node)
{
	struct sim_node *n = &v->w->node[node];

	if (off())
		return;
	check(sim_card_start(v->w, n) || off(), "card %u: %s", node, n->err);
	while (n->fw && !off() && v->w->now < 3600 * SIM_S) {
		char why[160];

		if (fw_membership(n->fw, why, sizeof(why)) == HSM_MEMBERSHIP_ONLINE)
			break;
		sim_step(v->w, v->w->now + SIM_S);
	}
	login(v, node, 1, HSM_USER_CU, "alice");
	login(v, node, 2, HSM_USER_PCO, "admin");
}

static struct key *new_key(struct living *v)
{
	struct key *k = &v->key[v->n_keys];

	snprintf(k->label, sizeof(k->label), "key %zu", v->n_keys++);
	k->want = WANT_EITHER;
	return k;
}

/* In doubt is what the card doubts: the power may go before it has noted that. */
static void learn(struct key *k, struct living *v, uint32_t status)
{
	if (!status)
		k->want = WANT_THERE;
	else if (status != NO_STATUS)
		k->want = WANT_GONE;
	if (!status)
		k->handle = call_reply_u64(&v->m, HSM_TAG_HANDLE);
}

static struct key *make(struct living *v, uint32_t node, uint32_t min_srv)
{
	struct key *k = new_key(v);
	uint32_t status;

	call_aes(&v->m, SIM_SESSION, k->label, NULL);
	if (min_srv)
		call_add_u32(&v->m, HSM_TAG_MIN_SRV, min_srv);
	status = send(v, node, 1);
	expect(v, "key", status);
	learn(k, v, status);
	return k;
}

static void delete(struct living *v, uint32_t node, struct key *k)
{
	uint32_t status;

	if (!k->handle || off())
		return;
	k->want = WANT_EITHER;
	call_handle(&v->m, HSM_CMD_KEY_DELETE, SIM_SESSION, k->handle);
	status = send(v, node, 1);
	expect(v, "delete", status);
	if (!status)
		k->want = WANT_GONE;
}

static void share(struct living *v, uint32_t node, struct key *k)
{
	if (!k->handle || off())
		return;
	call_handle(&v->m, HSM_CMD_KEY_SHARE, SIM_SESSION, k->handle);
	call_add_u32(&v->m, HSM_TAG_SHARE_USER, SIM_BOB);
	call_add_u8(&v->m, HSM_TAG_SHARE, 1);
	expect(v, "share", send(v, node, 1));
}

static void password(struct living *v, uint32_t node, const char *pw)
{
	call_user(&v->m, HSM_CMD_USER_PASSWORD, SIM_SESSION, HSM_USER_CU, "dave", pw);
	expect(v, "password", send(v, node, 2));
}

static void guess(struct living *v, uint32_t node)
{
	uint32_t status;

	if (off())
		return;
	fw_ctx_open(v->w->node[node].fw, 3);
	call_begin(&v->m, HSM_CMD_SESSION_OPEN, 0);
	expect(v, "session", send(v, node, 3));
	v->guessed++;
	call_user(&v->m, HSM_CMD_LOGIN, SIM_SESSION, HSM_USER_CU, "carol", "Wrong_password");
	status = send(v, node, 3);
	v->told += status == HSM_RV_LOGIN_FAILURE;
	check(status == HSM_RV_LOGIN_FAILURE || off(), "wrong password: status 0x%x", status);
	if (!off())
		fw_ctx_close(v->w->node[node].fw, 3);
}

static void link_to(struct living *v, bool cut)
{
	v->w->weather.cut[MEMBER] = cut;
	sim_kv_weather(v->w);
	sim_etcd_weather(v->w->etcd, false);
}

static void pass(struct living *v, unsigned int ms)
{
	uint64_t end = v->w->now + ms * SIM_MS;

	while (!off() && sim_step(v->w, end))
		;
}

/* The link goes while a key is on its way: its maker may not know what became of it. */
static void make_in_doubt(struct living *v)
{
	struct key *k = new_key(v);
	uint64_t end = v->w->now + 60 * SIM_S;

	if (off())
		return;
	call_aes(&v->m, SIM_SESSION, k->label, NULL);
	call_send(v->w->node[MEMBER].fw, 1, &v->m, 0);
	/* It is proposed, and the proposal is under way. */
	sim_step(v->w, end);
	link_to(v, true);
	while (!v->m.done && !off() && sim_step(v->w, end))
		;
	if (v->m.done && !off())
		learn(k, v, v->m.status);
}

static void rest(void)
{
	if (!off())
		card_rest();
}

static void be_away(struct living *v)
{
	make_in_doubt(v);
	guess(v, MEMBER);
	guess(v, MEMBER);
	delete(v, 0, &v->key[0]);
	make(v, 0, 0);
	password(v, 0, "Password_2");
	link_to(v, false);
	pass(v, 4000);
	rest();
}

static void be_in_doubt(struct living *v)
{
	for (unsigned int i = 0; i < 3; i++) {
		make_in_doubt(v);
		link_to(v, false);
		pass(v, 4000);
	}
}

/* The whole image comes, and not what was missed. */
static void miss_all(struct living *v)
{
	link_to(v, true);
	pass(v, 100);
	make(v, 0, 0);
	delete(v, 0, &v->key[1]);
	sim_etcd_compact(v->w->etcd);
	link_to(v, false);
	pass(v, 4000);
	rest();
}

static void live(struct living *v)
{
	start(v, 0);
	start(v, 2);
	start(v, MEMBER);
	for (unsigned int i = 0; i < 3; i++)
		make(v, MEMBER, i);
	make(v, 0, 0);
	share(v, MEMBER, &v->key[0]);
	password(v, MEMBER, "Password_1");
	guess(v, 0);
	delete(v, MEMBER, &v->key[2]);
	be_away(v);
	be_in_doubt(v);
	miss_all(v);
	guess(v, MEMBER);
	if (!off())
		sim_card_stop(v->w, &v->w->node[MEMBER]);
	start(v, MEMBER);
	make(v, MEMBER, 3);
}

static const struct object *find(const struct fw *fw, const char *label)
{
	const struct object *o = fw->objects.first;

	while (o && (object_label(o).len != strlen(label) ||
		     memcmp(object_label(o).p, label, strlen(label))))
		o = o->next;
	return o;
}

static void judge_keys(const struct living *v, uint32_t node)
{
	for (size_t i = 0; i < v->n_keys; i++) {
		const struct key *k = &v->key[i];
		const struct object *o = find(v->w->node[node].fw, k->label);

		check(o || k->want != WANT_THERE, "card %u: %s is lost", node, k->label);
		check(!o || k->want != WANT_GONE, "card %u: %s is there, it %s", node, k->label,
		      k->handle ? "was deleted" : "failed");
		check(!o || o->state != OBJECT_PENDING, "card %u: %s is pending", node, k->label);
		check(!o || !k->handle || o->handle == k->handle, "card %u: %s has handle %" PRIu64
		      ", not %" PRIu64, node, k->label, o ? o->handle : 0, k->handle);
	}
}

/* One that was on its way to the cluster may be brought there again: never less, but more. */
static void judge_guesses(const struct living *v, uint32_t node)
{
	const struct user *u = user_by_id(&v->w->node[node].fw->users, SIM_CAROL);

	check(u && user_guesses(u) >= v->told && user_guesses(u) <= 2 * v->guessed && !u->debt,
	      "card %u: %u wrong passwords and %u to pay, %u were told, %u asked", node,
	      u ? u->rec.failures : 0, u ? u->debt : 0, v->told, v->guessed);
}

static bool same(struct living *v)
{
	uint64_t position[3];
	uint8_t hash[3][32];

	for (uint32_t i = 0; i < 3; i++)
		if (!v->w->node[i].fw || !fw_state(v->w->node[i].fw, &position[i], hash[i]))
			return false;
	return position[0] == position[1] && position[0] == position[2] &&
	       !memcmp(hash[0], hash[1], 32) && !memcmp(hash[0], hash[2], 32) &&
	       position[0];
}

/* Long enough for leases to end, and for what is tried once a second. */
static void settle(struct living *v)
{
	uint64_t end = v->w->now + SETTLE_S * SIM_S;

	sim_run_until(v->w, v->w->now + 20 * SIM_S);
	while (v->w->now < end && !same(v))
		sim_run_until(v->w, v->w->now + 100 * SIM_MS);
}

static void judge_member(struct living *v)
{
	struct sim_node *n = &v->w->node[MEMBER];
	struct audit_copy log;
	char why[160] = "";
	uint32_t state;

	state = fw_membership(n->fw, why, sizeof(why));
	check(state == HSM_MEMBERSHIP_ONLINE, "membership %u: %s", state, why);
	check(!n->fw->damaged, "%zu damaged", n->fw->damaged);
	check(same(v), "the cards differ");
	audit_copy(&log, n->fw);
	free(log.rec);
	for (uint32_t i = 0; i < 3; i++) {
		judge_keys(v, i);
		judge_guesses(v, i);
	}
}

static void power_on(struct living *v, const struct member_cuts *c, const struct disk_log *log,
		     enum disk_version version)
{
	struct sim_node *n = &v->w->node[MEMBER];
	struct disk_image image;

	disk_cut(log, log->n, version, c->seed, &image);
	disk_image_write(&image, c->dir);
	disk_image_free(&image);
	v->w->weather = (struct sim_weather){ .slow_us = 1500 };
	sim_kv_weather(v->w);
	sim_etcd_weather(v->w->etcd, true);
	/* Its old lease ends first: there can be one card of a number. */
	sim_run_until(v->w, v->w->now + 12 * SIM_S);
	if (!check(sim_card_start(v->w, n), "the card does not start: %s", n->err))
		return;
	settle(v);
	judge_member(v);
}

/* Up to call @n; then in a disk's @version. How many calls there were. */
static size_t live_once(struct member_cuts *c, size_t n, enum disk_version version)
{
	static const struct disk_image empty;
	struct living *v = calloc(1, sizeof(*v));
	struct disk_log log = { 0 };
	size_t calls;

	member_store_in(NULL);
	v->w = sim_clone(1, 3, false);
	member_store_in(c->dir);
	/* A new card, in the place of one that was. */
	snprintf(v->w->node[MEMBER].serial, sizeof(v->w->node[MEMBER].serial), "NEW-1");
	disk_image_write(&empty, c->dir);
	shim_limit(n);
	shim_begin(&log, c->dir);
	live(v);
	if (v->w->node[MEMBER].fw)
		sim_card_kill(v->w, &v->w->node[MEMBER]);
	shim_end();
	calls = log.n;
	if (!check_wrong())
		power_on(v, c, &log, version);
	check(!v->w->failures, "the simulator: %s", v->w->trace);
	if (check_wrong())
		printf("%s  cut in a member's call, %s, SEED=%" PRIu64 " MEMBER_CALL=%zu\n",
		       getenv("VERBOSE") ? v->w->trace : "", disk_version_name[version], c->seed,
		       n);
	sim_world_free(v->w);
	disk_log_free(&log);
	free(v);
	return calls;
}

bool member_run(struct member_cuts *c)
{
	static const enum disk_version versions[] = {
		DISK_LOST, DISK_ALL, DISK_SOME, DISK_GARBAGE,
	};

	c->calls = live_once(c, SIZE_MAX, DISK_ALL);
	check(member_store_saw_all(), "the life of the member has no debts, or no doubts");
	for (size_t n = c->part; n <= c->calls && !check_wrong(); n += c->parts) {
		if (c->only >= 0 && (size_t)c->only != n)
			continue;
		for (size_t v = 0; v < 4 && !check_wrong(); v++) {
			if (c->rounds == 1 && v != (n / c->parts + c->seed) % 4)
				continue;
			live_once(c, n, versions[v]);
			c->cards++;
		}
	}
	return !check_wrong();
}
