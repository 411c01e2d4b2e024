// SPDX-License-Identifier: GPL-2.0-or-later
/* cluster_fixture.c - several cards of one group, in one process. */
#include "cluster_fixture.h"

#include <stdio.h>
#include <unistd.h>

#include "hsm/hsm_cluster.h"

#define WAIT_MS	10000

static void set_up_card(struct cards *cs, size_t i)
{
	static const char *const serials[CARDS_MAX] = {
		"TEST-0001", "TEST-0002", "TEST-0003", "TEST-0004", "TEST-0005",
	};
	const char *dir = getenv("TMPDIR");

	snprintf(cs->path[i], sizeof(cs->path[i]), "%s/hsm-%s-%zu.db", dir ? dir : "/tmp",
		 cs->group, i);
	unlink(cs->path[i]);
	card_init(&cs->card[i], cs->sqlite ? cs->path[i] : NULL);
	cs->card[i].cfg.serial = serials[i];
	cs->card[i].cfg.node_id = (uint32_t)i;
}

struct cards *cards_new(size_t n, bool sqlite)
{
	static unsigned int groups;
	struct cards *cs = calloc(1, sizeof(*cs));
	size_t i;

	assert_non_null(cs);
	cs->n = n;
	cs->sqlite = sqlite;
	snprintf(cs->group, sizeof(cs->group), "unit-%d-%u", getpid(), groups++);
	for (i = 0; i < n; i++)
		set_up_card(cs, i);
	return cs;
}

void cards_free(struct cards *cs)
{
	size_t i;

	for (i = 0; i < cs->n; i++) {
		cards_leave(cs, i);
		unlink(cs->path[i]);
	}
	free(cs);
}

bool cards_join(struct cards *cs, size_t i)
{
	struct card *c = &cs->card[i];
	uint32_t state = HSM_MEMBERSHIP_JOINING;
	unsigned int ms;

	cs->cluster[i] = cluster_group_open(cs->group);
	assert_non_null(cs->cluster[i]);
	c->cfg.cluster = cs->cluster[i];
	if (!card_start(c)) {
		cs->cluster[i]->ops->close(cs->cluster[i]);
		cs->cluster[i] = NULL;
		return false;
	}
	for (ms = 0; ms < WAIT_MS && state != HSM_MEMBERSHIP_ONLINE &&
	     state != HSM_MEMBERSHIP_REFUSED; ms++) {
		usleep(1000);
		state = fw_membership(c->fw, c->err, sizeof(c->err));
	}
	return state == HSM_MEMBERSHIP_ONLINE;
}

void cards_leave(struct cards *cs, size_t i)
{
	if (!cs->cluster[i])
		return;
	card_stop(&cs->card[i]);
	cs->cluster[i]->ops->close(cs->cluster[i]);
	cs->cluster[i] = NULL;
}

static void get_info(struct cards *cs, size_t i, uint8_t info[sizeof(struct hsm_cluster_info)])
{
	struct card *c = &cs->card[i];
	struct msg *m = malloc(sizeof(*m));
	struct tlv t;

	assert_non_null(m);
	begin_in(m, HSM_CMD_CLUSTER_INFO, 0);
	assert_int_equal(send(c, ADMIN, m), 0);
	assert_true(reply_find(m, HSM_TAG_CLUSTER, &t));
	assert_int_equal(t.len, sizeof(struct hsm_cluster_info));
	memcpy(info, t.p, t.len);
	free(m);
}

uint64_t cards_position(struct cards *cs, size_t i)
{
	uint8_t info[sizeof(struct hsm_cluster_info)];

	get_info(cs, i, info);
	return get_le64(info + offsetof(struct hsm_cluster_info, position));
}

static bool live_everywhere(struct cards *cs, size_t running)
{
	uint8_t info[sizeof(struct hsm_cluster_info)];
	size_t i;

	for (i = 0; i < cs->n; i++) {
		if (!cs->cluster[i])
			continue;
		get_info(cs, i, info);
		if (get_le32(info + offsetof(struct hsm_cluster_info, live)) != running)
			return false;
	}
	return true;
}

void cards_see_each_other(struct cards *cs)
{
	unsigned int ms;
	size_t i, running = 0;

	for (i = 0; i < cs->n; i++)
		running += cs->cluster[i] != NULL;
	for (ms = 0; ms < WAIT_MS && !live_everywhere(cs, running); ms++)
		usleep(1000);
	assert_true(live_everywhere(cs, running));
}

void cards_settle(struct cards *cs, size_t i)
{
	uint64_t there = cards_position(cs, i);
	unsigned int ms = 0;
	size_t j;

	for (j = 0; j < cs->n; j++) {
		while (cs->cluster[j] && cards_position(cs, j) < there && ms++ < WAIT_MS)
			usleep(1000);
		assert_true(!cs->cluster[j] || cards_position(cs, j) >= there);
	}
}

/* The first card's users are everybody's. */
static int setup_three(void **state, bool sqlite)
{
	struct cards *cs = cards_new(3, sqlite);
	size_t i;

	for (i = 0; i < cs->n; i++) {
		if (!cards_join(cs, i))
			fail_msg("%s", cs->card[i].err);
		if (!i)
			card_make_users(&cs->card[0]);
	}
	for (i = 0; i < cs->n; i++)
		card_login_all(&cs->card[i]);
	cards_see_each_other(cs);
	*state = cs;
	return 0;
}

int setup_three_users(void **state)
{
	return setup_three(state, false);
}

int setup_three_users_sqlite(void **state)
{
	return setup_three(state, true);
}

int teardown_cards(void **state)
{
	cards_free(*state);
	return 0;
}

uint64_t cards_make_key(struct cards *cs, size_t i, const char *label)
{
	return made(&cs->card[i], ALICE, begin_aes(label));
}

size_t cards_seeing(struct cards *cs, uint64_t handle)
{
	size_t i, n = 0;

	for (i = 0; i < cs->n; i++)
		n += cs->cluster[i] && !info(&cs->card[i], ALICE, handle);
	return n;
}

uint32_t node_status(const struct msg *m, uint32_t node)
{
	struct tlv_reader r;
	struct tlv t;

	tlv_read_init(&r, m->out + HEAD, m->req.out_len - HEAD);
	while (tlv_next_tag(&r, HSM_TAG_NODE, &t)) {
		if (get_le32(t.p) == node)
			return get_le32(t.p + 4);
	}
	return UINT32_MAX;
}
