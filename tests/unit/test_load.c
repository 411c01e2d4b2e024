// SPDX-License-Identifier: GPL-2.0-or-later
/* test_load.c - a card that is started again: what is there, what was tampered with. */
#include <stdio.h>
#include <unistd.h>

#include <sqlite3.h>

#include "fixture.h"
#include "fw_int.h"

#define META	0
#define USER	1
#define OBJECT	2

static void run_sql(struct card *c, const char *text, const void *blob, int len)
{
	sqlite3_stmt *st;
	sqlite3 *db;

	assert_int_equal(sqlite3_open(c->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
	if (blob)
		assert_int_equal(sqlite3_bind_blob(st, 1, blob, len, SQLITE_STATIC), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_DONE);
	assert_int_equal(sqlite3_changes(db), 1);
	sqlite3_finalize(st);
	sqlite3_close(db);
}

/* A copy of a record; the length in @len. */
static uint8_t *get_record(struct card *c, int kind, uint64_t id, size_t *len)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	uint8_t *copy;

	assert_int_equal(sqlite3_open(c->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT data FROM record WHERE kind=? AND id=?",
					    -1, &st, NULL), SQLITE_OK);
	sqlite3_bind_int(st, 1, kind);
	sqlite3_bind_int64(st, 2, (sqlite3_int64)id);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	*len = (size_t)sqlite3_column_bytes(st, 0);
	copy = malloc(*len);
	assert_non_null(copy);
	memcpy(copy, sqlite3_column_blob(st, 0), *len);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return copy;
}

static void put_record(struct card *c, int kind, uint64_t id, const uint8_t *data, size_t len)
{
	char text[128];

	snprintf(text, sizeof(text), "UPDATE record SET data=? WHERE kind=%d AND id=%llu", kind,
		 (unsigned long long)id);
	run_sql(c, text, data, (int)len);
}

static void drop_record(struct card *c, int kind, uint64_t id)
{
	char text[128];

	snprintf(text, sizeof(text), "DELETE FROM record WHERE kind=%d AND id=%llu", kind,
		 (unsigned long long)id);
	run_sql(c, text, NULL, 0);
}

static void flip(struct card *c, int kind, uint64_t id, size_t at)
{
	size_t len;
	uint8_t *data = get_record(c, kind, id, &len);

	assert_true(at < len);
	data[at] ^= 0x10;
	put_record(c, kind, id, data, len);
	free(data);
}

static void login_alice(struct card *c)
{
	card_open_contexts(c);
	assert_int_equal(login(c, ALICE, HSM_USER_CU, "alice", PASSWORD), 0);
}

static uint32_t damaged(struct card *c)
{
	struct tlv t;

	assert_int_equal(send(c, NOBODY, begin(HSM_CMD_CARD_INFO, 0)), 0);
	assert_true(reply_find(last(), HSM_TAG_CARD, &t));
	return get_le32(t.p + offsetof(struct hsm_card_info, damaged));
}

static void refuses(struct card *c, const char *why)
{
	assert_false(card_start(c));
	if (!strstr(c->err, why))
		fail_msg("%s", c->err);
}

static void keys_survive(void **state)
{
	struct card *c = *state;
	uint8_t before[2][1024], secret[32];
	size_t len[2];
	struct msg *m = begin_aes("stays");
	int i;

	add_text(m, HSM_ATTR_ID, "id");
	add_u32(m, HSM_TAG_SHARE_USER, ID_BOB);
	assert_int_equal(made(c, ALICE, m), 6);
	made(c, ALICE, begin_rsa("pair"));
	memcpy(secret, object_by_handle(&c->fw->objects, 6)->secret, 32);
	for (i = 0; i < 2; i++) {
		assert_int_equal(attrs(c, ALICE, 6 + 2 * i, HSM_ATTR_ALL), 0);
		len[i] = last()->req.out_len;
		memcpy(before[i], last()->out, len[i]);
	}
	card_restart(c);
	login_alice(c);
	for (i = 0; i < 2; i++) {
		assert_int_equal(attrs(c, ALICE, 6 + 2 * i, HSM_ATTR_ALL), 0);
		assert_int_equal(last()->req.out_len, len[i]);
		assert_memory_equal(last()->out, before[i], len[i]);
	}
	assert_memory_equal(object_by_handle(&c->fw->objects, 6)->secret, secret, 32);
	assert_int_equal(info(c, ALICE, 6), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_SHARE_USER), ID_BOB);
	m = begin_find();
	add_text(m, HSM_ATTR_ID, "id");
	assert_int_equal(found(c, ALICE, m), 1);
	assert_int_equal(made(c, ALICE, begin_aes("next")), 9);
}

static void session_keys_do_not(void **state)
{
	struct msg *m = begin_aes("goes");

	add_u8(m, HSM_ATTR_TOKEN, 0);
	made(*state, ALICE, m);
	card_restart(*state);
	login_alice(*state);
	assert_int_equal(found(*state, ALICE, begin_find()), 0);
}

static void handle_of_a_deleted_key(void **state)
{
	struct card *c = *state;

	made(c, ALICE, begin_aes("one"));
	assert_int_equal(made(c, ALICE, begin_aes("two")), 7);
	assert_int_equal(delete_key(c, ALICE, 7), 0);
	card_restart(c);
	login_alice(c);
	assert_int_equal(found(c, ALICE, begin_find()), 1);
	assert_int_equal(made(c, ALICE, begin_aes("three")), 8);
}

static void wrong_secret(void **state)
{
	struct card *c = *state;

	card_stop(c);
	c->cfg.secret = "another secret";
	c->cfg.secret_len = 14;
	refuses(c, "does not open with this secret");
	assert_string_equal(c->log, "");
	c->cfg.secret = "the secret of the tests";
	c->cfg.secret_len = 23;
	assert_true(card_start(c));
}

static void wrong_serial(void **state)
{
	struct card *c = *state;

	card_stop(c);
	c->cfg.serial = "TEST-0002";
	refuses(c, "serial");
}

static void damaged_header(void **state)
{
	struct card *c = *state;

	card_stop(c);
	flip(c, META, 0, 0);
	refuses(c, "header");
	flip(c, META, 0, 0);
	flip(c, META, 0, 20);
	refuses(c, "header");
	flip(c, META, 0, 20);
	drop_record(c, META, 0);
	refuses(c, "no header");
}

static void check_damaged_key(struct card *c)
{
	login_alice(c);
	assert_int_equal(damaged(c), 1);
	assert_non_null(strstr(c->log, "key 7 is damaged"));
	assert_int_equal(attrs(c, ALICE, 7, HSM_ATTR_ALL), HSM_RV_RECORD_DAMAGED);
	assert_int_equal(info(c, ALICE, 7), HSM_RV_RECORD_DAMAGED);
	assert_int_equal(delete_key(c, ALICE, 7), HSM_RV_RECORD_DAMAGED);
	assert_int_equal(info(c, ALICE, 6), 0);
	assert_int_equal(found(c, ALICE, begin_find()), 1);
}

/* Every byte of a record in turn (every 9th, to be quick). */
static void damaged_key(void **state)
{
	struct card *c = *state;
	size_t len, at;

	made(c, ALICE, begin_aes("one"));
	made(c, ALICE, begin_aes("two"));
	card_stop(c);
	free(get_record(c, OBJECT, 7, &len));
	for (at = 0; at < len; at += 9) {
		flip(c, OBJECT, 7, at);
		assert_true(card_start(c));
		check_damaged_key(c);
		card_stop(c);
		flip(c, OBJECT, 7, at);
	}
	flip(c, OBJECT, 7, len - 1);
	assert_true(card_start(c));
	check_damaged_key(c);
	assert_int_equal(made(c, ALICE, begin_aes("three")), 8);
	card_restart(c);
	login_alice(c);
	assert_int_equal(info(c, ALICE, 8), 0);
	assert_int_equal(attrs(c, ALICE, 7, HSM_ATTR_ALL), HSM_RV_RECORD_DAMAGED);
}

static void key_under_another_handle(void **state)
{
	struct card *c = *state;

	made(c, ALICE, begin_aes("one"));
	card_stop(c);
	run_sql(c, "UPDATE record SET id=8 WHERE kind=2 AND id=6", NULL, 0);
	assert_true(card_start(c));
	login_alice(c);
	assert_int_equal(attrs(c, ALICE, 8, HSM_ATTR_ALL), HSM_RV_RECORD_DAMAGED);
	assert_int_equal(attrs(c, ALICE, 6, HSM_ATTR_ALL), HSM_RV_BAD_HANDLE);
	assert_int_equal(made(c, ALICE, begin_aes("two")), 9);
}

static void damaged_user(void **state)
{
	struct card *c = *state;

	made(c, BOB, begin_aes("bobs"));
	card_stop(c);
	flip(c, USER, ID_BOB, 40);
	assert_true(card_start(c));
	login_alice(c);
	assert_int_equal(damaged(c), 1);
	assert_int_equal(login(c, BOB, HSM_USER_CU, "bob", PASSWORD), HSM_RV_LOGIN_FAILURE);
	assert_int_equal(info(c, ALICE, 6), HSM_RV_BAD_HANDLE);
	assert_int_equal(login(c, ADMIN, HSM_USER_CO, "admin", PASSWORD), 0);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "new", PASSWORD), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_ID), 6);
}

/* The newest user's id is not given again, though nothing but the card record tells it. */
static void damaged_newest_user(void **state)
{
	struct card *c = *state;

	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "newest", PASSWORD), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_ID), 6);
	card_stop(c);
	flip(c, USER, 6, 40);
	assert_true(card_start(c));
	card_open_contexts(c);
	assert_int_equal(login(c, ADMIN, HSM_USER_CO, "admin", PASSWORD), 0);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "next", PASSWORD), 0);
	assert_int_equal(reply_u32(last(), HSM_TAG_USER_ID), 7);
}

/* Without its counters the card must not give numbers that may have been taken. */
static void damaged_card(void **state)
{
	struct card *c = *state;
	struct msg *m;

	made(c, ALICE, begin_aes("one"));
	card_stop(c);
	flip(c, META, 2, 40);
	assert_true(card_start(c));
	login_alice(c);
	assert_int_equal(info(c, ALICE, 6), 0);
	assert_int_equal(send(c, ALICE, begin_aes("two")), HSM_RV_RECORD_DAMAGED);
	m = begin_aes("two");
	add_u8(m, HSM_ATTR_TOKEN, 0);
	assert_int_equal(send(c, ALICE, m), 0);
	assert_int_equal(login(c, ADMIN, HSM_USER_CO, "admin", PASSWORD), 0);
	assert_int_equal(user_create(c, ADMIN, HSM_USER_CU, "new", PASSWORD),
			 HSM_RV_RECORD_DAMAGED);
	assert_int_equal(delete_key(c, ALICE, 6), 0);
}

static void removed_records(void **state)
{
	struct card *c = *state;

	made(c, ALICE, begin_aes("one"));
	card_stop(c);
	drop_record(c, OBJECT, 6);
	refuses(c, "removed");
	drop_record(c, META, 1);
	refuses(c, "root record of the key store is missing");
}

static void removed_card(void **state)
{
	struct card *c = *state;

	card_stop(c);
	drop_record(c, META, 2);
	refuses(c, "removed");
}

static void damaged_root(void **state)
{
	struct card *c = *state;

	card_stop(c);
	flip(c, META, 1, 30);
	refuses(c, "root record of the key store is damaged");
}

/* An old copy of a user's record would give five more guesses. */
static void older_user(void **state)
{
	struct card *c = *state;
	uint8_t *old;
	size_t len;

	card_stop(c);
	old = get_record(c, USER, ID_ALICE, &len);
	assert_true(card_start(c));
	card_open_contexts(c);
	assert_int_equal(login(c, ALICE, HSM_USER_CU, "alice", "wrong password"),
			 HSM_RV_LOGIN_FAILURE);
	card_stop(c);
	put_record(c, USER, ID_ALICE, old, len);
	free(old);
	refuses(c, "older copy");
}

static bool file_holds(const char *path, const void *what, size_t len)
{
	FILE *f = fopen(path, "rb");
	uint8_t *all = malloc(1 << 22);
	size_t n;
	bool holds;

	assert_non_null(all);
	n = f ? fread(all, 1, 1 << 22, f) : 0;
	holds = memmem(all, n, what, len);
	if (f)
		fclose(f);
	free(all);
	return holds;
}

static bool store_holds(struct card *c, const void *what, size_t len)
{
	char wal[300];

	snprintf(wal, sizeof(wal), "%s-wal", c->path);
	return file_holds(c->path, what, len) || file_holds(wal, what, len);
}

static void nothing_in_the_clear(void **state)
{
	struct card *c = *state;
	const struct object *aes, *rsa;

	aes = object_by_handle(&c->fw->objects, made(c, ALICE, begin_aes("LABEL-OF-THE-KEY")));
	rsa = object_by_handle(&c->fw->objects, made(c, ALICE, begin_rsa("LABEL-OF-A-PAIR")) + 1);
	assert_true(store_holds(c, "HSMS", 4));
	assert_false(store_holds(c, aes->secret, 16));
	assert_false(store_holds(c, aes->secret + 16, 16));
	assert_false(store_holds(c, rsa->secret + 8, 16));
	assert_false(store_holds(c, rsa->secret + rsa->secret_len - 16, 16));
	assert_false(store_holds(c, object_modulus(rsa).p, 16));
	assert_false(store_holds(c, "LABEL-OF", 8));
	assert_false(store_holds(c, PASSWORD, strlen(PASSWORD)));
	assert_false(store_holds(c, "alice", 5));
}

static void bad_configuration(void **state)
{
	struct card *c = *state;

	card_stop(c);
	c->cfg.serial = "";
	refuses(c, "serial");
	c->cfg.serial = "01234567890123456789012345678901";
	refuses(c, "serial");
	c->cfg.serial = "TEST-0001";
	c->cfg.secret_len = 0;
	refuses(c, "secret");
	c->cfg.secret_len = 23;
	c->platform.size--;
	refuses(c, "version");
	c->platform.size++;
	assert_true(card_start(c));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users_sqlite, teardown)
	const struct CMUnitTest tests[] = {
		T(keys_survive), T(session_keys_do_not), T(handle_of_a_deleted_key),
		T(wrong_secret), T(wrong_serial), T(damaged_header), T(damaged_key),
		T(key_under_another_handle), T(damaged_user), T(damaged_newest_user),
		T(damaged_card), T(removed_records), T(removed_card), T(damaged_root), T(older_user), T(nothing_in_the_clear),
		T(bad_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
