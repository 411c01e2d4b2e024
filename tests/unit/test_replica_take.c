// SPDX-License-Identifier: GPL-2.0-or-later
/* test_replica_take.c - changes of another card, as they come: into tables and store, or not. */
#include <errno.h>
#include <unistd.h>

#include "cloned.h"
#include "record.h"
#include "replica.h"
#include "using.h"

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
	fake_init(&two, 2);
	fake_start(&two, false);
	fake_join(&two, &image);
	card_login_all(&two.c);
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

/* Sends it to @one and orders what it proposes into @entry, for nobody else. */
static uint32_t order_only(uint32_t ctx, struct msg *m)
{
	exec_begin(&one.c, ctx, m);
	fake_order(&one, &image, &entry);
	wait_done(m);
	return m->status;
}

static struct msg *begin_handle(uint16_t opcode, uint64_t handle)
{
	struct msg *m = begin(opcode, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, handle);
	return m;
}

static struct msg *begin_rename(uint64_t handle, const char *label)
{
	struct msg *m = begin_handle(HSM_CMD_KEY_SET_ATTRS, handle);

	add_text(m, HSM_ATTR_LABEL, label);
	return m;
}

static void test_key_comes_changes_goes(void **state)
{
	(void)state;
	assert_int_equal(fake_send(&one, &image, ALICE, begin_aes("new"), to_two), 0);
	settle(&two, 2);
	same_keys(&one, &two);
	assert_int_equal(info(&two.c, ALICE, 9), 0);
	assert_int_equal(fake_send(&one, &image, ALICE, begin_rename(9, "named"), to_two), 0);
	settle(&two, 3);
	same_keys(&one, &two);
	assert_int_equal(fake_send(&one, &image, ALICE, begin_handle(HSM_CMD_KEY_DELETE, 9),
				   to_two), 0);
	settle(&two, 4);
	same_keys(&one, &two);
	assert_int_equal(info(&two.c, ALICE, 9), HSM_RV_BAD_HANDLE);
	/* Its number is not given out again, on whatever card. */
	assert_int_equal(fake_send(&two, &image, ALICE, begin_aes("next"), NULL), 0);
	assert_int_equal(reply_u64(last(), HSM_TAG_HANDLE), 10);
}

static void test_all_of_it_is_stored(void **state)
{
	(void)state;
	assert_int_equal(fake_send(&one, &image, ALICE, begin_aes("new"), to_two), 0);
	settle(&two, 2);
	card_stop(&two.c);
	fake_start(&two, false);
	card_login_all(&two.c);
	same_keys(&one, &two);
	assert_int_equal(info(&two.c, ALICE, 9), 0);
}

/* An operation that has begun ends as it does when the key is deleted on this card. */
static void test_key_in_use_goes(void **state)
{
	struct msg *m;

	(void)state;
	m = begin_crypt(HSM_CMD_CRYPT_INIT, HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, 7);
	assert_int_equal(send(&two.c, ALICE, m), 0);
	assert_int_equal(fake_send(&one, &image, ALICE, begin_handle(HSM_CMD_KEY_DELETE, 7),
				   to_two), 0);
	settle(&two, 2);
	m = begin_crypt(HSM_CMD_CRYPT, HSM_USE_ENCRYPT, HSM_CKM_AES_ECB, 7);
	add_text(m, HSM_TAG_DATA, "sixteen bytes...");
	assert_int_equal(send(&two.c, ALICE, m), HSM_RV_BAD_HANDLE);
}

static void test_user_goes(void **state)
{
	struct msg *m;

	(void)state;
	assert_int_equal(logout(&one.c, BOB), 0);
	m = begin(HSM_CMD_USER_DELETE, FIRST_SESSION);
	add_text(m, HSM_TAG_USER_NAME, "bob");
	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	assert_int_equal(fake_send(&one, &image, ADMIN, m, to_two), 0);
	settle(&two, 2);
	assert_int_equal(info(&two.c, BOB, 7), HSM_RV_NOT_LOGGED_IN);
	assert_int_equal(login(&two.c, BOB, HSM_USER_CU, "bob", PASSWORD), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(info(&two.c, ALICE, 7), 0);
}

static void test_password_changes(void **state)
{
	struct msg *m;

	(void)state;
	assert_int_equal(logout(&one.c, BOB), 0);
	m = begin(HSM_CMD_USER_PASSWORD, FIRST_SESSION);
	add_u32(m, HSM_TAG_USER_TYPE, HSM_USER_CU);
	add_text(m, HSM_TAG_USER_NAME, "bob");
	add_text(m, HSM_TAG_PASSWORD, "Another_456");
	assert_int_equal(fake_send(&one, &image, ADMIN, m, to_two), 0);
	settle(&two, 2);
	assert_int_equal(logout(&two.c, BOB), 0);
	assert_int_equal(login(&two.c, BOB, HSM_USER_CU, "bob", "Another_456"), 0);
}

/* @entry is refused with @err, what is on the card stays and can be used. */
static void refuses(int err, const char *why)
{
	uint8_t before[32], after[32];

	store_hash(&two, before);
	assert_int_equal(fake_deliver(&two, &entry), err);
	if (why && !strstr(fake_why(&two, NULL), why))
		fail_msg("\"%s\" is not about \"%s\"", fake_why(&two, NULL), why);
	store_hash(&two, after);
	assert_memory_equal(before, after, 32);
	assert_int_equal(replica_position(two.c.fw), 1);
	assert_int_equal(info(&two.c, ALICE, 7), 0);
}

static void test_garbage(void **state)
{
	(void)state;
	assert_int_equal(order_only(ALICE, begin_rename(7, "named")), 0);
	image_spoil(&entry, STORE_OBJECT, 7, 40);
	refuses(-EPERM, "record key 7 of the cluster is damaged");
}

static void test_root_of_another(void **state)
{
	(void)state;
	assert_int_equal(order_only(ALICE, begin_rename(7, "named")), 0);
	image_spoil(&entry, STORE_META, CLUSTER_ROOT, 40);
	refuses(-EPERM, "change 2 of the cluster does not fit");
}

/* Sound records, but not those that the root was made over. */
static void test_record_left_out(void **state)
{
	const struct store_op none = { STORE_OBJECT, 7, NULL, 0 };

	(void)state;
	assert_int_equal(order_only(ALICE, begin_rename(7, "named")), 0);
	image_put(&entry, &none);
	refuses(-EPERM, "change 2 of the cluster does not fit");
}

static void test_what_no_member_writes(void **state)
{
	const struct store_op *id = image_find(&image, STORE_META, RECORD_IDENTITY);
	const struct store_op no_root = { STORE_META, CLUSTER_ROOT, NULL, 0 };

	(void)state;
	assert_int_equal(order_only(ALICE, begin_rename(7, "named")), 0);
	image_put(&entry, id);
	refuses(-ESTALE, NULL);
	assert_int_equal(fake_deliver(&two, &image), -ESTALE);
	image_put(&entry, &no_root);
	refuses(-ESTALE, NULL);
}

static void test_gap(void **state)
{
	(void)state;
	assert_int_equal(order_only(ALICE, begin_aes("first")), 0);
	assert_int_equal(order_only(ALICE, begin_aes("second")), 0);
	refuses(-ESTALE, NULL);
	assert_int_equal(fake_snapshot(&two, &image), 0);
	settle(&two, 3);
	same_keys(&one, &two);
	/* And one that is there already. */
	assert_int_equal(fake_deliver(&two, &entry), -ESTALE);
}

/* Two cards propose at once: the second one's is made again, behind the first one's. */
static void test_two_at_once(void **state)
{
	struct msg *m = malloc(sizeof(*m));
	struct tlv t;

	(void)state;
	assert_non_null(m);
	*m = *begin_aes("of two");
	exec_begin(&two.c, ALICE, m);
	assert_non_null(two.txn);
	assert_int_equal(order_only(ALICE, begin_aes("of one")), 0);
	assert_int_equal(reply_u64(last(), HSM_TAG_HANDLE), 9);
	assert_int_equal(fake_deliver(&two, &entry), 0);
	fake_fail(&two, -EAGAIN);
	settle(&two, 2);
	for (int i = 0; i < 5000 && !two.txn; i++)
		usleep(1000);
	fake_order(&two, &image, &entry);
	wait_done(m);
	assert_int_equal(m->status, 0);
	assert_true(reply_find(m, HSM_TAG_HANDLE, &t));
	assert_int_equal(get_le64(t.p), 10);
	free(m);
	assert_int_equal(fake_deliver(&one, &entry), 0);
	settle(&one, 3);
	same_keys(&one, &two);
}

/* What was not ordered is no part of what the next change is checked against. */
static void test_not_ordered(void **state)
{
	static const int errors[] = { -EHOSTUNREACH, -ETIMEDOUT, -ENOSPC, -EACCES };
	struct msg *m = malloc(sizeof(*m));
	size_t i;

	(void)state;
	assert_non_null(m);
	for (i = 0; i < 4; i++) {
		*m = *begin_rename(6, "not this");
		exec_begin(&two.c, ALICE, m);
		assert_non_null(two.txn);
		fake_fail(&two, errors[i]);
		wait_done(m);
		assert_int_equal(m->status, HSM_RV_CLUSTER_UNAVAILABLE);
		assert_int_equal(order_only(ALICE, begin_aes("of one")), 0);
		assert_int_equal(fake_deliver(&two, &entry), 0);
		settle(&two, 2 + i);
		same_keys(&one, &two);
	}
	/* The same if the other's comes before the answer. */
	*m = *begin_rename(6, "not this");
	exec_begin(&two.c, ALICE, m);
	assert_int_equal(order_only(ALICE, begin_aes("of one")), 0);
	assert_int_equal(fake_deliver(&two, &entry), 0);
	fake_fail(&two, -EHOSTUNREACH);
	settle(&two, 2 + i);
	wait_done(m);
	free(m);
	same_keys(&one, &two);
}

static void test_masked_keys_travel(void **state)
{
	static uint8_t blob[HSM_MSG_MAX];
	struct msg *m;
	struct tlv t;

	(void)state;
	assert_int_equal(send(&one.c, ALICE, begin_handle(HSM_CMD_KEY_MASK, 7)), 0);
	assert_true(reply_find(last(), HSM_TAG_DATA, &t));
	memcpy(blob, t.p, t.len);
	m = begin(HSM_CMD_KEY_UNMASK, FIRST_SESSION);
	add(m, HSM_TAG_DATA, blob, t.len);
	assert_int_equal(fake_send(&two, &image, ALICE, m, NULL), 0);
	assert_int_equal(reply_u64(last(), HSM_TAG_HANDLE), 9);
}

static void get_cert(struct fake *f, uint32_t number, uint8_t *p, size_t *len)
{
	struct msg *m = begin(HSM_CMD_CERT, 0);
	struct tlv t;

	add_u32(m, HSM_TAG_CERT, number);
	assert_int_equal(send(&f->c, NOBODY, m), 0);
	assert_true(reply_find(m, HSM_TAG_DATA, &t));
	memcpy(p, t.p, t.len);
	*len = t.len;
}

/* What is of the hardware stays each card's own, the rest is the cluster's. */
static void test_certificates(void **state)
{
	static const struct { uint32_t number; bool same; } rows[] = {
		{ HSM_CERT_MANUFACTURER_ROOT, false }, { HSM_CERT_HARDWARE, false },
		{ HSM_CERT_CUSTOMER_ROOT, true }, { HSM_CERT_CLUSTER_CUSTOMER, true },
		{ HSM_CERT_CLUSTER_MANUFACTURER, false },
	};
	uint8_t a[4096], b[4096];
	size_t i, a_len, b_len;

	(void)state;
	for (i = 0; i < 5; i++) {
		get_cert(&one, rows[i].number, a, &a_len);
		get_cert(&two, rows[i].number, b, &b_len);
		assert_int_equal(a_len == b_len && !memcmp(a, b, a_len), rows[i].same);
	}
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(test_##name, setup, undo)
	const struct CMUnitTest tests[] = {
		TEST(key_comes_changes_goes), TEST(all_of_it_is_stored), TEST(key_in_use_goes),
		TEST(user_goes), TEST(password_changes), TEST(garbage), TEST(root_of_another),
		TEST(record_left_out), TEST(what_no_member_writes), TEST(gap), TEST(two_at_once),
		TEST(not_ordered), TEST(masked_keys_travel), TEST(certificates),
	};

	return cmocka_run_group_tests(tests, cloned_make, cloned_remove);
}
