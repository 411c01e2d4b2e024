// SPDX-License-Identifier: GPL-2.0-or-later
/* test_members.c - who is in the cluster, who lives, and who has what: by their notes. */
#include <stdio.h>
#include <unistd.h>

#include "fake_cluster.h"
#include "fw_int.h"
#include "members.h"
#include "replica.h"

#define N 3

static struct fake f[N];
static struct image image, entry;

static void start_one(size_t i)
{
	fake_start(&f[i], false);
	fake_join(&f[i], &image);
}

static int setup(void **state)
{
	static const char *const serials[N] = { "CARD-A", "CARD-B", "CARD-C" };
	size_t i;

	(void)state;
	for (i = 0; i < N; i++) {
		fake_init(&f[i], (uint32_t)(10 - i));
		f[i].c.cfg.serial = serials[i];
		f[i].c.cfg.address = i == 1 ? "10.0.0.2" : NULL;
	}
	fake_start(&f[0], false);
	assert_int_equal(fake_image(&f[0], &image), 0);
	fake_join(&f[0], &image);
	start_one(1);
	start_one(2);
	return 0;
}

static int undo(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < N; i++)
		fake_free(&f[i]);
	image_clear(&image);
	image_clear(&entry);
	return 0;
}

static void introduce(size_t to, size_t whom)
{
	fake_note(&f[to], CLUSTER_CARD, &f[whom]);
	fake_note(&f[to], CLUSTER_ALIVE, &f[whom]);
}

static void gone(size_t to, size_t whom, enum cluster_note kind)
{
	f[to].hooks->note(f[to].hooks->opaque, kind, f[whom].c.cfg.node_id, NULL, 0);
}

/* The table of @f[0]: known, live, at @position. */
static void counts(size_t known, size_t live, uint64_t position, size_t have)
{
	assert_int_equal(members_known(f[0].c.fw), known);
	assert_int_equal(members_live(f[0].c.fw), live);
	assert_int_equal(members_have(f[0].c.fw, position), have);
}

static void test_come_and_go(void **state)
{
	(void)state;
	counts(1, 1, 1, 1);
	introduce(0, 1);
	introduce(0, 2);
	counts(3, 3, 1, 3);
	counts(3, 3, 2, 0);
	gone(0, 1, CLUSTER_ALIVE);
	counts(3, 2, 1, 2);
	gone(0, 1, CLUSTER_CARD);
	counts(2, 2, 1, 2);
	gone(0, 1, CLUSTER_CARD);
	counts(2, 2, 1, 2);
	introduce(0, 1);
	counts(3, 3, 1, 3);
}

static void test_cut_off(void **state)
{
	(void)state;
	introduce(0, 1);
	f[0].hooks->state(f[0].hooks->opaque, CLUSTER_AWAY, "nobody answers");
	counts(2, 1, 1, 1);
	assert_string_equal(fake_why(&f[0], NULL), "nobody answers");
	f[0].hooks->state(f[0].hooks->opaque, CLUSTER_ONLINE, NULL);
	counts(2, 2, 1, 2);
	assert_string_equal(fake_why(&f[0], NULL), "");
}

/* Lines as "node:status ". */
static const char *lines(const struct members_ask *ask)
{
	struct hsm_node_status v[HSM_MEMBERS_MAX];
	size_t i, n = members_answer(f[0].c.fw, ask, v);
	static char text[256];
	char *at = text;

	for (i = 0; i < n; i++)
		at += snprintf(at, sizeof(text) - (size_t)(at - text), "%u:%x ", v[i].node,
			       v[i].status);
	return text;
}

static void test_answers(void **state)
{
	struct members_ask ask = { .position = 1 };

	(void)state;
	introduce(0, 1);
	introduce(0, 2);
	assert_string_equal(lines(&ask), "10:0 8:0 9:0 ");
	ask.status = 0x1234;
	assert_string_equal(lines(&ask), "10:1234 8:0 9:0 ");
	ask.same = true;
	assert_string_equal(lines(&ask), "10:1234 8:1234 9:1234 ");
}

static void test_answers_late(void **state)
{
	struct members_ask ask = { .position = 2 };
	char want[64];

	(void)state;
	introduce(0, 1);
	introduce(0, 2);
	assert_string_equal(lines(&ask), "10:0 ");
	gone(0, 2, CLUSTER_ALIVE);
	snprintf(want, sizeof(want), "10:0 8:%x ", HSM_RV_CLUSTER_UNAVAILABLE);
	assert_string_equal(lines(&ask), want);
	ask.late = true;
	snprintf(want, sizeof(want), "10:0 8:%x 9:%x ", HSM_RV_CLUSTER_UNAVAILABLE,
		 HSM_RV_CLUSTER_UNAVAILABLE);
	assert_string_equal(lines(&ask), want);
}

static void test_list(void **state)
{
	struct hsm_member v[HSM_MEMBERS_MAX];

	(void)state;
	introduce(0, 1);
	introduce(0, 2);
	gone(0, 2, CLUSTER_ALIVE);
	assert_int_equal(members_list(f[0].c.fw, v), 3);
	assert_int_equal(v[0].node, 10);
	assert_int_equal(v[0].flags, HSM_MEMBER_F_SELF | HSM_MEMBER_F_LIVE);
	assert_int_equal(v[1].node, 8);
	assert_int_equal(v[1].flags, 0);
	assert_int_equal(v[1].status, HSM_RV_CLUSTER_UNAVAILABLE);
	assert_string_equal((char *)v[1].serial, "CARD-C");
	assert_int_equal(v[2].node, 9);
	assert_int_equal(v[2].flags, HSM_MEMBER_F_LIVE);
	assert_string_equal((char *)v[2].address, "10.0.0.2");
	assert_int_equal(v[2].position, 1);
}

static void test_incarnations(void **state)
{
	uint64_t was = members_incarnation(f[1].c.fw);

	(void)state;
	introduce(0, 1);
	assert_true(members_running(f[0].c.fw, 9, was));
	assert_true(members_running(f[0].c.fw, 10, members_incarnation(f[0].c.fw)));
	assert_false(members_running(f[0].c.fw, 10, was));
	card_stop(&f[1].c);
	start_one(1);
	assert_true(members_incarnation(f[1].c.fw) != was);
	introduce(0, 1);
	assert_false(members_running(f[0].c.fw, 9, was));
}

/* Notes of somebody without the secret, or moved to another node or kind. */
static void test_forged_notes(void **state)
{
	const struct cluster_hooks *h = f[0].hooks;
	const size_t len = f[1].note_len[CLUSTER_ALIVE];

	(void)state;
	h->note(h->opaque, CLUSTER_ALIVE, 9, "garbage", 7);
	counts(1, 1, 1, 1);
	h->note(h->opaque, CLUSTER_ALIVE, 8, f[1].note[CLUSTER_ALIVE], len);
	h->note(h->opaque, CLUSTER_CARD, 9, f[1].note[CLUSTER_ALIVE], len);
	f[1].note[CLUSTER_ALIVE][60] ^= 1;
	introduce(0, 1);
	counts(2, 1, 1, 1);
	assert_non_null(strstr(f[0].c.log, "a note of node 9 makes no sense"));
}

/* Who has the secret is not yet of this cluster. */
static void test_note_of_another_cluster(void **state)
{
	static struct image other;

	(void)state;
	fake_free(&f[1]);
	fake_init(&f[1], 9);
	fake_start(&f[1], false);
	assert_int_equal(fake_image(&f[1], &other), 0);
	fake_join(&f[1], &other);
	fake_note(&f[0], CLUSTER_ALIVE, &f[1]);
	counts(1, 1, 1, 1);
	assert_non_null(strstr(f[0].c.log, "a note of node 9 is of another cluster"));
	image_clear(&other);
}

/* More nodes than there may be do no harm. */
static void test_too_many(void **state)
{
	const struct cluster_hooks *h = f[0].hooks;
	static const uint8_t salt[32] = "a salt";
	uint8_t plain[64], whole[CLUSTER_NOTE_MAX];
	struct tlv_writer w;
	struct sealed note;
	struct seal *s;
	uint32_t node;

	(void)state;
	s = seal_new(f[0].c.cfg.secret, f[0].c.cfg.secret_len, salt);
	assert_non_null(s);
	for (node = 100; node < 100 + 2 * HSM_MEMBERS_MAX; node++) {
		tlv_write_init(&w, plain, sizeof(plain));
		tlv_put(&w, 1, "FLOOD", 5);
		assert_true(seal_record(s, STORE_META, node, w.p, w.len, &note));
		memcpy(whole, salt, sizeof(salt));
		memcpy(whole + sizeof(salt), note.data, note.len);
		h->note(h->opaque, CLUSTER_CARD, node, whole, sizeof(salt) + note.len);
		free(note.data);
	}
	seal_free(s);
	assert_int_equal(members_known(f[0].c.fw), HSM_MEMBERS_MAX);
}

/* A card that finds another one alive under its node id stays out. */
static void test_node_id_twice(void **state)
{
	uint32_t state_now;

	(void)state;
	card_stop(&f[2].c);
	f[2].c.cfg.node_id = 9;
	fake_start(&f[2], false);
	assert_int_equal(fake_snapshot(&f[2], &image), 0);
	fake_note(&f[2], CLUSTER_ALIVE, &f[1]);
	f[2].hooks->state(f[2].hooks->opaque, CLUSTER_ONLINE, NULL);
	assert_string_equal(fake_why(&f[2], &state_now),
			    "node id 9 is that of the live card CARD-B");
	assert_int_equal(state_now, HSM_MEMBERSHIP_REFUSED);
	assert_int_equal(f[2].note_len[CLUSTER_ALIVE], 0);
	assert_int_equal(f[2].note_len[CLUSTER_CARD], 0);
	/* The one that was there first stays. */
	fake_note(&f[1], CLUSTER_ALIVE, &f[1]);
	f[2].c.cfg.node_id = 8;
	assert_int_equal(fw_membership(f[1].c.fw, f[1].c.err, sizeof(f[1].c.err)),
			 HSM_MEMBERSHIP_ONLINE);
}

/* Its own note from before a crash is no other card. */
static void test_own_old_note(void **state)
{
	static struct fake old;

	(void)state;
	old = f[1];
	card_stop(&f[1].c);
	fake_start(&f[1], false);
	assert_int_equal(fake_snapshot(&f[1], &image), 0);
	fake_note(&f[1], CLUSTER_ALIVE, &old);
	fake_join(&f[1], &image);
}

/* Notes of a former start that are late do no harm; a twin that goes on does. */
static void test_twin(void **state)
{
	static struct fake old;
	uint32_t state_now;
	int i;

	(void)state;
	old = f[1];
	card_stop(&f[1].c);
	start_one(1);
	fake_note(&f[1], CLUSTER_ALIVE, &f[1]);
	for (i = 0; i < 3; i++)
		fake_note(&f[1], CLUSTER_ALIVE, &old);
	fake_why(&f[1], &state_now);
	assert_int_equal(state_now, HSM_MEMBERSHIP_ONLINE);
	fake_note(&f[1], CLUSTER_ALIVE, &old);
	assert_string_equal(fake_why(&f[1], &state_now),
			    "node id 9 is that of the live card CARD-B");
	assert_int_equal(state_now, HSM_MEMBERSHIP_REFUSED);
}

static void test_position_is_told(void **state)
{
	struct msg *m;
	int i;

	(void)state;
	introduce(0, 1);
	assert_true(fw_ctx_open(f[0].c.fw, 99));
	open_session(&f[0].c, 99);
	assert_int_equal(login(&f[0].c, 99, HSM_USER_PRECO, "admin", "password"), 0);
	m = begin(HSM_CMD_USER_PASSWORD, FIRST_SESSION);
	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_PRECO);
	add_text(m, HSM_TAG_USER_NAME, "admin");
	add_text(m, HSM_TAG_PASSWORD, PASSWORD);
	exec_begin(&f[0].c, 99, m);
	for (i = 0; i < 5000 && !f[0].txn; i++)
		usleep(1000);
	fake_order(&f[0], &image, &entry);
	for (i = 0; i < 5000 && members_have(f[0].c.fw, 2) < 1; i++)
		usleep(1000);
	counts(2, 2, 2, 1);
	assert_false(m->done);
	assert_int_equal(fake_deliver(&f[1], &entry), 0);
	for (i = 0; i < 5000 && members_have(f[1].c.fw, 2) < 1; i++)
		usleep(1000);
	introduce(0, 1);
	counts(2, 2, 2, 2);
	wait_done(m);
	assert_int_equal(m->status, 0);
	assert_int_equal(reply_count(m, HSM_TAG_NODE), 2);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, undo)
	const struct CMUnitTest tests[] = {
		TEST(come_and_go), TEST(cut_off), TEST(answers), TEST(answers_late), TEST(list),
		TEST(incarnations), TEST(forged_notes), TEST(too_many), TEST(node_id_twice),
		TEST(note_of_another_cluster), TEST(own_old_note), TEST(twin), TEST(position_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
