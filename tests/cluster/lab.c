// SPDX-License-Identifier: GPL-2.0-or-later
/* lab.c - cards of a cluster over any engine, for the conformance suite. */
#include "lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "posix.h"
#include "store.h"

const struct lab_ops *lab_engine;

static struct call_msg the_msg;

struct call_msg *lab_last(void)
{
	return &the_msg;
}

static uint64_t now_ms(void *opaque)
{
	struct lab *l = ((struct lab_card *)opaque)->lab;

	return l->ops->now_ms(l);
}

static void log_line(void *opaque, enum fw_log_level level, const char *line)
{
	(void)level;
	if (getenv("LAB_LOG"))
		fprintf(stderr, "card %u: %s\n", ((struct lab_card *)opaque)->id, line);
}

struct lab_card *lab_card(struct lab *l, unsigned int i)
{
	return &l->card[l->ops->cards == 1 ? 0 : i];
}

bool lab_wait(struct lab *l, bool (*until)(void *arg), void *arg, unsigned int ms)
{
	uint64_t end = l->ops->now_ms(l) + ms;

	while (!until(arg)) {
		if (l->ops->now_ms(l) > end)
			return false;
		l->ops->pass(l);
	}
	return true;
}

static bool joined(void *arg)
{
	struct lab_card *c = arg;
	uint32_t state = fw_membership(c->fw, c->err, sizeof(c->err));

	return state != HSM_MEMBERSHIP_JOINING && state != HSM_MEMBERSHIP_AWAY;
}

static void take_down(struct lab_card *c)
{
	fw_free(c->fw);
	c->fw = NULL;
	if (c->cluster)
		c->cluster->ops->close(c->cluster);
	c->cluster = NULL;
}

static void make_platform(struct lab_card *c)
{
	c->platform = fw_platform_posix;
	c->platform.opaque = c;
	c->platform.now_ms = now_ms;
	c->platform.log = log_line;
}

/* Every card that runs knows that all of them live. */
static bool all_know(void *arg)
{
	struct lab *l = arg;
	uint32_t running = 0;
	struct tlv t;

	for (unsigned int i = 0; i < LAB_CARDS; i++)
		running += l->card[i].fw != NULL;
	for (unsigned int i = 0; i < LAB_CARDS; i++) {
		struct call_msg *m = &the_msg;

		if (!l->card[i].fw)
			continue;
		call_begin(m, HSM_CMD_CLUSTER_INFO, 0);
		call_send(l->card[i].fw, NOBODY, m, 0);
		if (!call_find(m, HSM_TAG_CLUSTER, &t) ||
		    get_le32(t.p + offsetof(struct hsm_cluster_info, live)) != running)
			return false;
	}
	return true;
}

void lab_wait_members(struct lab *l)
{
	if (l->ops->cards > 1 && !lab_wait(l, all_know, l, 20000))
		fail_msg("the cards do not know each other");
}

bool lab_start(struct lab *l, unsigned int i)
{
	struct lab_card *c = lab_card(l, i);
	struct fw_config cfg = {
		.platform = &c->platform, .store = c->store, .secret = c->secret,
		.secret_len = strlen(c->secret), .serial = c->serial, .node_id = c->id,
		.address = "127.0.0.1",
	};

	make_platform(c);
	cfg.cluster = c->cluster = l->ops->cluster(l, c);
	c->err[0] = '\0';
	c->fw = fw_new(&cfg, c->err, sizeof(c->err));
	if (c->fw && lab_wait(l, joined, c, 30000) &&
	    fw_membership(c->fw, c->err, sizeof(c->err)) != HSM_MEMBERSHIP_REFUSED)
		return true;
	take_down(c);
	return false;
}

void lab_stop(struct lab *l, unsigned int i)
{
	struct lab_card *c = lab_card(l, i);

	if (c->fw)
		take_down(c);
}

static bool is_done(void *arg)
{
	return atomic_load(&((struct call_msg *)arg)->done);
}

void lab_send(struct lab *l, unsigned int i, uint32_t seat, struct call_msg *m)
{
	call_send(lab_card(l, i)->fw, seat, m, 0);
}

uint32_t lab_await(struct lab *l, struct call_msg *m)
{
	if (!lab_wait(l, is_done, m, 60000))
		fail_msg("a request hangs");
	return m->status;
}

uint32_t lab_ask(struct lab *l, unsigned int i, uint32_t seat, struct call_msg *m)
{
	lab_send(l, i, seat, m);
	return lab_await(l, m);
}

uint32_t lab_user(struct lab *l, unsigned int i, uint32_t seat, uint16_t opcode, uint32_t type,
		  const char *name, const char *pw)
{
	call_user(&the_msg, opcode, LAB_SESSION, type, name, pw);
	return lab_ask(l, i, seat, &the_msg);
}

uint32_t lab_create(struct lab *l, unsigned int i, const char *label, const char *id)
{
	call_aes(&the_msg, LAB_SESSION, label, id);
	return lab_ask(l, i, ALICE, &the_msg);
}

uint64_t lab_made(struct lab *l, unsigned int i, const char *label)
{
	assert_int_equal(lab_create(l, i, label, NULL), 0);
	return call_reply_u64(&the_msg, HSM_TAG_HANDLE);
}

uint32_t lab_found(struct lab *l, unsigned int i, uint32_t seat, const char *label)
{
	call_begin(&the_msg, HSM_CMD_KEY_FIND, LAB_SESSION);
	call_add_text(&the_msg, HSM_ATTR_LABEL, label);
	assert_int_equal(lab_ask(l, i, seat, &the_msg), 0);
	return call_reply_u32(&the_msg, HSM_TAG_TOTAL);
}

void lab_check_nodes(struct lab *l, unsigned int i, size_t n, uint32_t status)
{
	struct hsm_node_status v[HSM_MEMBERS_MAX];
	size_t got = call_nodes(&the_msg, v);

	if (l->ops->cards == 1)
		n = 1;
	assert_int_equal(got, n);
	assert_int_equal(v[0].node, lab_card(l, i)->id);
	for (size_t k = 0; k < got; k++)
		assert_int_equal(v[k].status, status);
	for (size_t k = 2; k < got; k++)
		assert_true(v[k].node > v[k - 1].node);
}

static bool same(void *arg)
{
	struct lab *l = arg;
	uint64_t position[LAB_CARDS];
	uint8_t hash[LAB_CARDS][32];
	size_t n = 0;

	for (unsigned int i = 0; i < LAB_CARDS; i++) {
		if (!l->card[i].fw)
			continue;
		if (!fw_state(l->card[i].fw, &position[n], hash[n]))
			return false;
		if (n && (position[n] != position[0] || memcmp(hash[n], hash[0], 32)))
			return false;
		n++;
	}
	return true;
}

void lab_same(struct lab *l)
{
	if (!lab_wait(l, same, l, 30000))
		fail_msg("the cards are not the same");
}

static void open_contexts(struct lab *l, unsigned int i)
{
	for (uint32_t seat = ALICE; seat <= LAST; seat++) {
		assert_true(fw_ctx_open(lab_card(l, i)->fw, seat));
		call_begin(&the_msg, HSM_CMD_SESSION_OPEN, 0);
		assert_int_equal(lab_ask(l, i, seat, &the_msg), 0);
	}
}

static void login(struct lab *l, unsigned int i, uint32_t seat, uint32_t type, const char *name)
{
	assert_int_equal(lab_user(l, i, seat, HSM_CMD_LOGIN, type, name, LAB_PASSWORD), 0);
}

void lab_login_all(struct lab *l, unsigned int i)
{
	open_contexts(l, i);
	login(l, i, ALICE, HSM_USER_CU, "alice");
	login(l, i, BOB, HSM_USER_CU, "bob");
	login(l, i, ADMIN, HSM_USER_CO, "admin");
}

static void activate(struct lab *l)
{
	open_contexts(l, 0);
	assert_int_equal(lab_user(l, 0, ADMIN, HSM_CMD_LOGIN, HSM_USER_PRECO, "admin", "password"),
			 0);
	assert_int_equal(lab_user(l, 0, ADMIN, HSM_CMD_USER_PASSWORD, HSM_USER_PRECO, "admin",
				  LAB_PASSWORD), 0);
	assert_int_equal(lab_user(l, 0, ADMIN, HSM_CMD_USER_CREATE, HSM_USER_CU, "alice",
				  LAB_PASSWORD), 0);
	assert_int_equal(lab_user(l, 0, ADMIN, HSM_CMD_USER_CREATE, HSM_USER_CU, "bob",
				  LAB_PASSWORD), 0);
	assert_int_equal(lab_user(l, 0, ADMIN, HSM_CMD_USER_CREATE, HSM_USER_CU, "carol",
				  LAB_PASSWORD), 0);
	login(l, 0, ALICE, HSM_USER_CU, "alice");
	login(l, 0, BOB, HSM_USER_CU, "bob");
}

int lab_setup(void **state)
{
	struct lab *l = calloc(1, sizeof(*l));

	*state = l;
	l->ops = lab_engine;
	for (unsigned int i = 0; i < LAB_CARDS; i++) {
		struct lab_card *c = &l->card[i];

		*c = (struct lab_card){ .lab = l, .id = i, .secret = LAB_SECRET };
		snprintf(c->serial, sizeof(c->serial), "LAB-%04u", i);
		c->store = store_mem_open();
	}
	if (l->ops->open && !l->ops->open(l))
		return -1;
	l->n = l->ops->cards;
	for (unsigned int i = 0; i < l->n; i++) {
		if (!lab_start(l, i)) {
			fprintf(stderr, "card %u: %s\n", i, l->card[i].err);
			return -1;
		}
		if (i)
			lab_login_all(l, i);
		else
			activate(l);
	}
	lab_wait_members(l);
	return 0;
}

int lab_teardown(void **state)
{
	struct lab *l = *state;

	for (unsigned int i = 0; i < LAB_CARDS; i++) {
		lab_stop(l, i);
		l->card[i].store->ops->close(l->card[i].store);
	}
	if (l->ops->close)
		l->ops->close(l);
	free(l);
	return 0;
}
