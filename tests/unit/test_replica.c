// SPDX-License-Identifier: GPL-2.0-or-later
/* test_replica.c - what a card does with the image of a cluster that it is to join. */
#include <errno.h>

#include "cloned.h"
#include "fw_int.h"
#include "record.h"
#include "replica.h"
#include "storing.h"

/* A card with keys, its image, and a card that is to join. */
static struct fake one, two;
static struct image image, spoilt;

static int setup(void **state)
{
	(void)state;
	cloned(&one, 1);
	fake_start(&one, false);
	assert_int_equal(fake_image(&one, &image), 0);
	return 0;
}

static int undo(void **state)
{
	(void)state;
	fake_free(&one);
	fake_free(&two);
	image_clear(&image);
	image_clear(&spoilt);
	return 0;
}

/* That @two refuses @im with @err for the reason @why, and keeps what it has. */
static void refuses(const struct image *im, int err, const char *why)
{
	uint8_t before[32], after[32];

	store_hash(&two, before);
	assert_int_equal(fake_snapshot(&two, im), err);
	if (!strstr(fake_why(&two, NULL), why))
		fail_msg("\"%s\" is not about \"%s\"", fake_why(&two, NULL), why);
	store_hash(&two, after);
	assert_memory_equal(before, after, 32);
	assert_int_equal(replica_position(two.c.fw), 0);
}

static void start_fresh(void)
{
	fake_init(&two, 2);
	fake_start(&two, false);
}

static void test_fresh_card_takes_all(void **state)
{
	(void)state;
	fake_join(&one, &image);
	start_fresh();
	fake_join(&two, &image);
	same_keys(&one, &two);
	card_login_all(&two.c);
	assert_int_equal(info(&two.c, ALICE, 7), 0);
	assert_int_equal(replica_position(two.c.fw), 1);
}

static void test_other_secret(void **state)
{
	(void)state;
	fake_init(&two, 2);
	two.c.cfg.secret = "another secret of tests";
	fake_start(&two, false);
	refuses(&image, -EPERM, "sealed with another secret");
}

static void test_header(void **state)
{
	const struct store_op none = { STORE_META, CLUSTER_HEADER, NULL, 0 };

	(void)state;
	start_fresh();
	image_copy(&spoilt, &image);
	image_spoil(&spoilt, STORE_META, CLUSTER_HEADER, 12);
	refuses(&spoilt, -EPERM, "sealed with another secret");
	image_spoil(&spoilt, STORE_META, CLUSTER_HEADER, 0);
	refuses(&spoilt, -EPERM, "header of the cluster's records");
	image_put(&spoilt, &none);
	refuses(&spoilt, -EPERM, "header of the cluster's records");
}

static void test_root(void **state)
{
	const struct store_op none = { STORE_META, CLUSTER_ROOT, NULL, 0 };

	(void)state;
	start_fresh();
	image_copy(&spoilt, &image);
	image_spoil(&spoilt, STORE_META, CLUSTER_ROOT, 30);
	refuses(&spoilt, -EPERM, "root of the cluster's records is missing or damaged");
	image_put(&spoilt, &none);
	refuses(&spoilt, -EPERM, "root of the cluster's records is missing or damaged");
}

static void test_record_removed(void **state)
{
	const struct store_op none = { STORE_OBJECT, 7, NULL, 0 };

	(void)state;
	start_fresh();
	image_copy(&spoilt, &image);
	image_put(&spoilt, &none);
	refuses(&spoilt, -EPERM, "removed, or put back");
}

static void test_garbage(void **state)
{
	const struct store_op more = { STORE_OBJECT, 77, "garbage", 7 };

	(void)state;
	start_fresh();
	image_copy(&spoilt, &image);
	image_spoil(&spoilt, STORE_OBJECT, 7, 40);
	refuses(&spoilt, -EPERM, "record key 7 of the cluster is damaged");
	image_copy(&spoilt, &image);
	image_put(&spoilt, &more);
	refuses(&spoilt, -EPERM, "record key 77 of the cluster is damaged");
}

static void test_swapped(void **state)
{
	struct store_op *a, *b, tmp;

	(void)state;
	start_fresh();
	image_copy(&spoilt, &image);
	a = image_find(&spoilt, STORE_OBJECT, 6);
	b = image_find(&spoilt, STORE_OBJECT, 7);
	tmp = *a;
	a->data = b->data;
	a->len = b->len;
	b->data = tmp.data;
	b->len = tmp.len;
	refuses(&spoilt, -EPERM, "of the cluster is damaged");
}

static void test_put_back(void **state)
{
	struct store_op old;
	struct msg *m;

	(void)state;
	fake_join(&one, &image);
	card_login_all(&one.c);
	image_copy(&spoilt, &image);
	old = *image_find(&spoilt, STORE_OBJECT, 7);
	m = begin(HSM_CMD_KEY_SET_ATTRS, FIRST_SESSION);
	add_u64(m, HSM_TAG_HANDLE, 7);
	add_text(m, HSM_ATTR_LABEL, "renamed");
	assert_int_equal(fake_send(&one, &image, ALICE, m, NULL), 0);
	start_fresh();
	image_put(&image, &old);
	refuses(&image, -EPERM, "removed, or put back");
}

static void test_card_with_keys(void **state)
{
	(void)state;
	cloned(&two, 2);
	fake_start(&two, false);
	refuses(&image, -EPERM, "holds keys or users of its own: start it with an empty store");
}

static void test_fresh_image(void **state)
{
	(void)state;
	start_fresh();
	assert_int_equal(fake_image(&two, &spoilt), 0);
	assert_int_equal(fake_snapshot(&one, &spoilt), -ESTALE);
	assert_non_null(strstr(fake_why(&one, NULL), "the cluster is a fresh one"));
	/* A fresh card that is in a cluster already goes over to one with keys. */
	fake_join(&two, &spoilt);
	fake_join(&two, &image);
	fake_join(&one, &image);
	same_keys(&one, &two);
}

static void test_other_cluster(void **state)
{
	(void)state;
	cloned(&two, 2);
	fake_start(&two, false);
	assert_int_equal(fake_image(&two, &spoilt), 0);
	fake_join(&two, &spoilt);
	card_stop(&two.c);
	fake_start(&two, false);
	refuses(&image, -EPERM, "keys or users of another cluster");
}

static void delete_one(struct fake *f, struct image *im, uint64_t handle)
{
	struct msg *m = begin(HSM_CMD_KEY_DELETE, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, handle);
	assert_int_equal(fake_send(f, im, ALICE, m, NULL), 0);
}

static void test_older_image(void **state)
{
	(void)state;
	fake_join(&one, &image);
	card_login_all(&one.c);
	image_copy(&spoilt, &image);
	delete_one(&one, &image, 6);
	card_stop(&one.c);
	fake_start(&one, false);
	assert_int_equal(fake_snapshot(&one, &spoilt), -ESTALE);
	assert_non_null(strstr(fake_why(&one, NULL), "older than this card's"));
	fake_join(&one, &image);
	assert_int_equal(replica_position(one.c.fw), 2);
}

static void test_other_history(void **state)
{
	(void)state;
	fake_join(&one, &image);
	card_login_all(&one.c);
	start_fresh();
	fake_join(&two, &image);
	card_login_all(&two.c);
	image_copy(&spoilt, &image);
	delete_one(&one, &image, 6);
	delete_one(&two, &spoilt, 7);
	card_stop(&two.c);
	fake_start(&two, false);
	refuses(&image, -EPERM, "another history");
}

/* One and two of a cluster; each will go its own way from change 1 on. */
static void join_both(void)
{
	fake_join(&one, &image);
	card_login_all(&one.c);
	start_fresh();
	fake_join(&two, &image);
	card_login_all(&two.c);
	image_copy(&spoilt, &image);
}

static void restart(struct fake *f)
{
	card_stop(&f->c);
	fake_start(f, false);
}

/* Began anew from an older copy, and by now it has more changes than this card. */
static void test_other_history_that_went_on(void **state)
{
	(void)state;
	join_both();
	delete_one(&two, &spoilt, 6);
	delete_one(&one, &image, 7);
	delete_one(&one, &image, 8);
	restart(&two);
	refuses(&image, -EPERM, "another history than this card: key 6 is not what it was");
	fake_join(&two, &spoilt);
}

/* As many changes, the same last one, but a key less. */
static void test_nothing_goes_without_a_change(void **state)
{
	struct object_table *t = &one.c.fw->objects;
	struct object *o = object_by_handle(t, 7);

	(void)state;
	join_both();
	object_remove(t, o);
	object_free(o);
	assert_int_equal(fake_image(&one, &spoilt), 0);
	restart(&two);
	refuses(&spoilt, -EPERM, "records of this card are not in it");
}

/* Restarts @one with a record that does not open, and makes an image of it. */
static void image_of_damaged(void)
{
	card_stop(&one.c);
	sql(one.path, "UPDATE record SET data = substr(data, 1, 40) || x'00000000' || "
	    "substr(data, 45) WHERE kind = 2 AND id = 7 OR kind = 1 AND id = 4");
	fake_start(&one, false);
	assert_int_equal(one.c.fw->damaged, 2);
	assert_int_equal(fake_image(&one, &image), 0);
}

static void test_damaged_is_not_deleted(void **state)
{
	(void)state;
	join_both();
	image_of_damaged();
	restart(&two);
	fake_join(&two, &image);
	assert_int_equal(two.c.fw->damaged, 0);
	card_login_all(&two.c);
	assert_int_equal(info(&two.c, ALICE, 7), 0);
	/* The card itself goes on, also alone. */
	fake_join(&one, &image);
	assert_int_equal(one.c.fw->damaged, 2);
	card_open_contexts(&one.c);
	assert_int_equal(login(&one.c, ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
	delete_one(&one, &image, 6);
	/* One that was away since before then still has it. */
	restart(&two);
	fake_join(&two, &image);
	settle(&two, 2);
	card_login_all(&two.c);
	assert_int_equal(info(&two.c, ALICE, 7), 0);
	assert_int_equal(info(&two.c, ALICE, 6), HSM_RV_BAD_HANDLE);
}

/* Who is behind cannot know whether its copy is the last one. */
static void test_damaged_may_have_changed(void **state)
{
	(void)state;
	join_both();
	delete_one(&one, &image, 6);
	image_of_damaged();
	restart(&two);
	refuses(&image, -EPERM, "is damaged on the card that made the cluster's records");
}

static void test_damaged_for_a_fresh_card(void **state)
{
	(void)state;
	fake_join(&one, &image);
	image_of_damaged();
	start_fresh();
	fake_join(&two, &image);
	assert_int_equal(two.c.fw->damaged, 2);
	assert_non_null(object_damaged(&two.c.fw->objects, 7));
	restart(&two);
	assert_int_equal(two.c.fw->damaged, 2);
	assert_int_equal(fake_image(&two, &spoilt), 0);
	assert_non_null(image_find(&spoilt, STORE_OBJECT, 7));
	assert_non_null(image_find(&spoilt, STORE_USER, 4));
}

/* A card that a cluster has not let in does not go its own way by mistake. */
static void test_alone(void **state)
{
	(void)state;
	fake_join(&one, &image);
	card_stop(&one.c);
	one.c.cfg.cluster = NULL;
	assert_false(card_start(&one.c));
	assert_non_null(strstr(one.c.err, "belongs to a cluster"));
	one.c.cfg.leave_cluster = true;
	assert_true(card_start(&one.c));
	assert_int_equal(fw_membership(one.c.fw, one.c.err, sizeof(one.c.err)),
			 HSM_MEMBERSHIP_NONE);
	card_login_all(&one.c);
	assert_int_equal(info(&one.c, ALICE, 7), 0);
	card_stop(&one.c);
	one.c.cfg.leave_cluster = false;
	assert_true(card_start(&one.c));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, undo)
	const struct CMUnitTest tests[] = {
		TEST(fresh_card_takes_all), TEST(other_secret), TEST(header), TEST(root),
		TEST(record_removed), TEST(garbage), TEST(swapped), TEST(put_back),
		TEST(card_with_keys), TEST(fresh_image), TEST(other_cluster), TEST(older_image),
		TEST(other_history), TEST(other_history_that_went_on),
		TEST(nothing_goes_without_a_change), TEST(damaged_is_not_deleted),
		TEST(damaged_may_have_changed), TEST(damaged_for_a_fresh_card), TEST(alone),
	};

	return cmocka_run_group_tests(tests, cloned_make, cloned_remove);
}
