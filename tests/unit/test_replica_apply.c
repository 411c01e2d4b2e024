// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_replica_apply.c - what others changed on its way into a card's store: only what
 * differs, again after errors, again after a crash, and damaged records not without a word.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "cloned.h"
#include "fw_int.h"
#include "record.h"
#include "replica_int.h"
#include "scratch.h"
#include "storing.h"
#include "wiped.h"

static struct fake one, two;
static struct image image, entry;
static struct fake *const to_two[] = { &two, NULL };

static int setup(void **state)
{
	(void)state;
	cloned(&one, 1);
	fake_start(&one, false);
	assert_int_equal(fake_image(&one, &image), 0);
	fake_join(&one, &image);
	card_login_all(&one.c);
	return 0;
}

static int undo(void **state)
{
	(void)state;
	fake_free(&one);
	fake_free(&two);
	image_clear(&image);
	image_clear(&entry);
	return 0;
}

/* A second card; in memory its store can be made to fail. */
static void add_two(bool in_memory)
{
	fake_init(&two, 2);
	if (in_memory)
		two.c.path = NULL;
	fake_start(&two, false);
	fake_join(&two, &image);
	card_login_all(&two.c);
}

static uint32_t order_only(uint32_t ctx, struct msg *m)
{
	exec_begin(&one.c, ctx, m);
	fake_order(&one, &image, &entry);
	wait_done(m);
	return m->status;
}

static struct msg *begin_rename(uint64_t handle, const char *label)
{
	struct msg *m = begin(HSM_CMD_KEY_SET_ATTRS, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, handle);
	add_text(m, HSM_ATTR_LABEL, label);
	return m;
}

/* A copy of the store of a card that runs, as a crash would leave it. */
struct copy {
	char *db, *wal;
	size_t db_len, wal_len;
};

static void copy_store(struct fake *f, struct copy *c)
{
	char wal[160];

	snprintf(wal, sizeof(wal), "%s-wal", f->path);
	c->db = file_read(f->path, &c->db_len);
	c->wal = file_read(wal, &c->wal_len);
}

static void put_store(struct fake *f, struct copy *c)
{
	char wal[160];

	card_stop(&f->c);
	snprintf(wal, sizeof(wal), "%s-wal", f->path);
	file_write(f->path, c->db, c->db_len);
	file_write(wal, c->wal, c->wal_len);
	free(c->db);
	free(c->wal);
	fake_start(f, false);
}

static int count_new(void *opaque, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	struct image *old = opaque;
	struct store_op *op = image_find(old, kind, id);
	const struct store_op now = { kind, id, data, len };

	if (!op || op->len != len || memcmp(op->data, data, len))
		old->revision++;
	image_put(old, &now);
	return 0;
}

/* How many records of keys and users were written since the last call with @seen. */
static uint64_t written(struct fake *f, struct image *seen)
{
	struct store *st = f->c.store;

	seen->revision = 0;
	st->ops->scan(st, STORE_USER, 0, count_new, seen);
	st->ops->scan(st, STORE_OBJECT, 0, count_new, seen);
	return seen->revision;
}

static void test_records_that_are_written(void **state)
{
	static struct image seen;

	(void)state;
	add_two(false);
	assert_int_equal(written(&two, &seen), 5 + CLONED_KEYS);
	assert_int_equal(order_only(ALICE, begin_rename(7, "named")), 0);
	assert_int_equal(fake_snapshot(&two, &image), 0);
	settle(&two, 2);
	assert_int_equal(written(&two, &seen), 1);
	assert_int_equal(fake_snapshot(&two, &image), 0);
	usleep(100000);
	assert_int_equal(written(&two, &seen), 0);
	image_clear(&seen);
}

static void test_keys_and_users_go(void **state)
{
	struct msg *m;

	(void)state;
	add_two(false);
	m = begin(HSM_CMD_KEY_DELETE, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, 7);
	assert_int_equal(order_only(ALICE, m), 0);
	assert_int_equal(logout(&one.c, BOB), 0);
	m = begin(HSM_CMD_USER_DELETE, FIRST_SESSION);
	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(m, HSM_TAG_USER_NAME, "bob");
	assert_int_equal(order_only(ADMIN, m), 0);
	assert_int_equal(fake_snapshot(&two, &image), 0);
	settle(&two, 3);
	same_keys(&one, &two);
	assert_int_equal(info(&two.c, ALICE, 7), HSM_RV_BAD_HANDLE);
	assert_int_equal(info(&two.c, BOB, 6), HSM_RV_NOT_LOGGED_IN);
	card_stop(&two.c);
	fake_start(&two, false);
	card_open_contexts(&two.c);
	assert_int_equal(login(&two.c, BOB, HSM_USER_CU, "bob", PASSWORD), HSM_RV_LOGIN_FAILURE);
	same_keys(&one, &two);
}

static void later(struct fake *f, uint64_t ms)
{
	f->c.clock_ms += ms;
	f->hooks->tick(f->hooks->opaque);
}

static void test_store_fails(void **state)
{
	(void)state;
	add_two(true);
	assert_int_equal(order_only(ALICE, begin_aes("new")), 0);
	two.c.gate->fail = -EIO;
	assert_int_equal(fake_deliver(&two, &entry), 0);
	assert_int_equal(info(&two.c, ALICE, 9), HSM_RV_BAD_HANDLE);
	assert_non_null(strstr(two.c.log, "change 2 could not be stored"));
	assert_true(two.ticking);
	/* The others see it, and what is here already goes on. */
	fake_note(&one, CLUSTER_CARD, &two);
	fake_note(&one, CLUSTER_ALIVE, &two);
	assert_int_equal(info(&two.c, ALICE, 7), 0);
	assert_int_equal(send(&two.c, ALICE, begin_aes("mine")), HSM_RV_STORE_FAILED);
	two.c.gate->fail = 0;
	later(&two, 10);
	assert_int_equal(replica_position(two.c.fw), 1);
	later(&two, 1000);
	assert_int_equal(replica_position(two.c.fw), 2);
	assert_int_equal(info(&two.c, ALICE, 9), 0);
	same_keys(&one, &two);
	assert_int_equal(fake_send(&two, &image, ALICE, begin_aes("mine"), NULL), 0);
}

/* An own change is lost for this card's disk, and it cannot be had again. */
static void test_refused_card_is_not_alive(void **state)
{
	uint32_t now;
	struct msg *m;

	(void)state;
	add_two(true);
	m = begin_aes("mine");
	assert_true(two.note_len[CLUSTER_ALIVE]);
	exec_begin(&two.c, ALICE, m);
	while (!two.txn)
		usleep(1000);
	two.c.gate->hold = true;
	fake_order(&two, &image, &entry);
	assert_int_equal(fake_deliver(&one, &entry), 0);
	settle(&one, 2);
	assert_int_equal(fake_image(&one, &image), 0);
	assert_int_equal(fake_snapshot(&two, &image), 0);
	gate_let_go(two.c.gate, -EIO);
	later(&two, 60000);
	wait_done(m);
	fake_why(&two, &now);
	assert_int_equal(now, HSM_MEMBERSHIP_REFUSED);
	assert_int_equal(two.note_len[CLUSTER_ALIVE], 0);
}

/* More of them wait, and are taken in in order. */
static void test_store_is_slow(void **state)
{
	(void)state;
	add_two(true);
	two.c.gate->hold = true;
	assert_int_equal(order_only(ALICE, begin_aes("new")), 0);
	assert_int_equal(fake_deliver(&two, &entry), 0);
	assert_int_equal(order_only(ALICE, begin_rename(9, "named")), 0);
	assert_int_equal(fake_deliver(&two, &entry), 0);
	assert_int_equal(replica_position(two.c.fw), 1);
	gate_let_go(two.c.gate, 0);
	assert_int_equal(replica_position(two.c.fw), 3);
	same_keys(&one, &two);
}

static void test_crash_before_it_is_stored(void **state)
{
	struct copy mine, theirs;

	(void)state;
	add_two(false);
	copy_store(&one, &mine);
	copy_store(&two, &theirs);
	assert_int_equal(fake_send(&one, &image, ALICE, begin_aes("new"), to_two), 0);
	settle(&two, 2);
	/* The proposer's disk has nothing of what is ordered; nor has the other's. */
	put_store(&one, &mine);
	put_store(&two, &theirs);
	fake_join(&one, &image);
	fake_join(&two, &image);
	settle(&one, 2);
	settle(&two, 2);
	same_keys(&one, &two);
	card_login_all(&one.c);
	card_login_all(&two.c);
	assert_int_equal(attr_u32(&one.c, ALICE, 9, HSM_ATTR_KCV),
			 attr_u32(&two.c, ALICE, 9, HSM_ATTR_KCV));
}

/* A card that was stopped while it took in its first snapshot. */
static void test_half_joined(void **state)
{
	static struct image none;
	struct replica_position begun = { .number = 0 };
	struct sealed s;
	struct store_op op;

	(void)state;
	add_two(false);
	memcpy(begun.cluster, two.c.fw->replica->position.cluster, sizeof(begun.cluster));
	assert_true(replica_seal_position(two.c.fw, &begun, &s));
	op = (struct store_op){ STORE_META, RECORD_CLUSTER, s.data, s.len };
	assert_int_equal(commit_wait(two.c.store, &op, 1), 0);
	free(s.data);
	card_stop(&two.c);
	fake_start(&two, false);
	assert_true(fake_image(&two, &none) < 0);
	assert_non_null(strstr(fake_why(&two, NULL), "has not taken in what its cluster holds"));
	assert_int_equal(order_only(ALICE, begin_rename(7, "named")), 0);
	fake_join(&two, &image);
	settle(&two, 2);
	same_keys(&one, &two);
}

/* More than goes into one transaction of the store; and the second of them fails. */
static void test_in_pieces(void **state)
{
	int i;

	(void)state;
	card_stop(&one.c);
	one.c.cfg.leave_cluster = true;
	fake_start(&one, true);
	one.c.cfg.leave_cluster = false;
	card_login_all(&one.c);
	for (i = 0; i < 2050; i++)
		made(&one.c, ALICE, begin_aes("one of many"));
	card_stop(&one.c);
	fake_start(&one, false);
	assert_int_equal(fake_image(&one, &image), 0);
	fake_join(&one, &image);
	fake_init(&two, 2);
	two.c.path = NULL;
	fake_start(&two, false);
	two.c.gate->hold = true;
	assert_int_equal(fake_snapshot(&two, &image), 0);
	two.c.gate->fail = -EIO;
	gate_let_go(two.c.gate, 0);
	assert_int_equal(replica_position(two.c.fw), 0);
	assert_null(two.c.fw->objects.first);
	two.c.gate->fail = 0;
	later(&two, 1000);
	assert_int_equal(replica_position(two.c.fw), 1);
	same_keys(&one, &two);
}

#define SPOIL "UPDATE record SET data = substr(data, 1, 40) || x'00000000' || substr(data, 45) "

static void test_damaged_record(void **state)
{
	uint8_t x[32], y[32];

	(void)state;
	add_two(false);
	card_stop(&two.c);
	sql(two.path, SPOIL "WHERE kind = 2 AND id = 7");
	fake_start(&two, false);
	assert_int_equal(two.c.fw->damaged, 1);
	fake_join(&two, &image);
	card_login_all(&two.c);
	assert_int_equal(two.c.fw->damaged, 1);
	assert_non_null(strstr(two.c.log, "1 damaged records of this card stay as they are"));
	assert_int_not_equal(info(&two.c, ALICE, 7), 0);
	key_hash(&one, x);
	key_hash(&two, y);
	assert_memory_not_equal(x, y, 32);
	/* Written anew by another, it is whole again. */
	assert_int_equal(fake_send(&one, &image, ALICE, begin_rename(7, "named"), to_two), 0);
	settle(&two, 2);
	assert_int_equal(info(&two.c, ALICE, 7), 0);
	assert_int_equal(two.c.fw->damaged, 0);
	same_keys(&one, &two);
}

static void test_damaged_record_changed_meanwhile(void **state)
{
	(void)state;
	add_two(false);
	card_stop(&two.c);
	sql(two.path, SPOIL "WHERE kind = 2 AND id = 7");
	fake_start(&two, false);
	assert_int_equal(order_only(ALICE, begin_rename(7, "named")), 0);
	fake_join(&two, &image);
	assert_non_null(strstr(two.c.log, "damaged record key 7 has changed elsewhere"));
	assert_int_equal(two.c.fw->damaged, 0);
	same_keys(&one, &two);
}

static void test_damaged_user(void **state)
{
	(void)state;
	add_two(false);
	card_stop(&two.c);
	sql(two.path, SPOIL "WHERE kind = 1 AND id = 4");
	fake_start(&two, false);
	fake_join(&two, &image);
	assert_int_equal(two.c.fw->damaged, 1);
	card_open_contexts(&two.c);
	assert_int_equal(login(&two.c, BOB, HSM_USER_CU, "bob", PASSWORD), HSM_RV_LOGIN_FAILURE);
}

/* The record that says which cluster a card is of. */
static void test_damaged_membership(void **state)
{
	(void)state;
	add_two(false);
	card_stop(&two.c);
	sql(two.path, SPOIL "WHERE kind = 0 AND id = 6");
	two.c.cfg.cluster = &two.cl;
	assert_false(card_start(&two.c));
	assert_non_null(strstr(two.c.err, "cluster that this card belongs to is damaged"));
}

static void wait_wiped(struct fake *f)
{
	while (atomic_load(&f->c.fw->gate) & FW_WIPING)
		usleep(1000);
}

static void test_tampered_card_leaves(void **state)
{
	(void)state;
	add_two(false);
	assert_true(two.note_len[CLUSTER_ALIVE] && two.note_len[CLUSTER_CARD]);
	fw_tamper(two.c.fw);
	wait_wiped(&two);
	assert_int_equal(two.note_len[CLUSTER_ALIVE], 0);
	assert_int_not_equal(two.note_len[CLUSTER_CARD], 0);
	assert_int_equal(fake_send(&one, &image, ALICE, begin_aes("new"), to_two), 0);
	assert_null(two.c.fw->objects.first);
	/* It comes back as a fresh card, and gets everything. */
	card_stop(&two.c);
	fake_start(&two, false);
	fake_join(&two, &image);
	settle(&two, 2);
	same_keys(&one, &two);
}

static void test_zeroized_card_leaves(void **state)
{
	(void)state;
	add_two(false);
	assert_int_equal(zeroize(&two.c, ADMIN), 0);
	assert_int_equal(two.note_len[CLUSTER_ALIVE], 0);
	assert_int_equal(two.note_len[CLUSTER_CARD], 0);
	/* On its own from now on, and the others have lost nothing. */
	assert_int_equal(fw_membership(two.c.fw, two.c.err, sizeof(two.c.err)),
			 HSM_MEMBERSHIP_NONE);
	assert_int_equal(info(&one.c, ALICE, 7), 0);
	/* Nothing that the cluster still brings comes in: all of it, or a change. */
	assert_int_equal(fake_snapshot(&two, &image), 0);
	assert_int_equal(fake_send(&one, &image, ALICE, begin_aes("new"), to_two), 0);
	assert_null(two.c.fw->objects.first);
	card_stop(&two.c);
	two.c.cfg.cluster = NULL;
	assert_true(card_start(&two.c));
	assert_null(two.c.fw->objects.first);
}

/* A wipe that the store refuses leaves the card where it was. */
static void test_zeroize_fails(void **state)
{
	(void)state;
	add_two(true);
	two.c.gate->fail = -EIO;
	assert_int_equal(zeroize(&two.c, ADMIN), HSM_RV_STORE_FAILED);
	two.c.gate->fail = 0;
	assert_int_not_equal(two.note_len[CLUSTER_ALIVE], 0);
	assert_int_equal(fake_send(&one, &image, ALICE, begin_aes("new"), to_two), 0);
	settle(&two, 2);
	same_keys(&one, &two);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, undo)
	const struct CMUnitTest tests[] = {
		TEST(records_that_are_written), TEST(keys_and_users_go),
		TEST(store_fails), TEST(refused_card_is_not_alive),
		TEST(store_is_slow), TEST(crash_before_it_is_stored),
		TEST(half_joined), TEST(in_pieces), TEST(damaged_record),
		TEST(damaged_record_changed_meanwhile), TEST(damaged_user),
		TEST(damaged_membership), TEST(tampered_card_leaves), TEST(zeroized_card_leaves),
		TEST(zeroize_fails),
	};

	return cmocka_run_group_tests(tests, cloned_make, cloned_remove);
}
