// SPDX-License-Identifier: GPL-2.0-or-later
/* test_store_thief.c - sealed records in an SQLite file that somebody has edited. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "scratch.h"
#include "seal.h"
#include "storing.h"

static struct store *open_store(const char *path)
{
	char err[256] = "";
	struct store *st = store_sqlite_open(path, err, sizeof(err));

	if (!st)
		fail_msg("%s", err);
	return st;
}

static int keep_root(void *opaque, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	struct sealed *root = opaque;

	if (kind != STORE_META || id != 1)
		return 0;
	root->data = malloc(len);
	root->len = len;
	memcpy(root->data, data, len);
	return 0;
}

static int load_sealed(void *opaque, enum store_kind kind, uint64_t id, const void *data,
		       size_t len)
{
	seal_load_add(opaque, kind, id, data, len);
	return 0;
}

static const uint8_t salt[32] = "salt";

static enum seal_verdict verdict(const char *path)
{
	struct store *st = open_store(path);
	struct seal *s = seal_new("secret", 6, salt);
	struct sealed root = { NULL, 0 };
	enum seal_verdict v;

	assert_int_equal(st->ops->load(st, keep_root, &root), 0);
	assert_int_equal(st->ops->load(st, load_sealed, s), 0);
	v = seal_load_root(s, root.data, root.len);
	free(root.data);
	seal_free(s);
	st->ops->close(st);
	return v;
}

static void put_sealed(struct store *st, struct seal *s, uint64_t id, const char *text)
{
	struct sealed rec;
	struct store_op op;

	assert_true(seal_record(s, STORE_OBJECT, id, text, strlen(text), &rec));
	op = (struct store_op){ STORE_OBJECT, id, rec.data, rec.len };
	assert_int_equal(commit_wait(st, &op, 1), 0);
	free(rec.data);
}

static void make_sealed(const char *path)
{
	struct store *st = open_store(path);
	struct seal *s = seal_new("secret", 6, salt);
	const struct store_hooks h = { s, seal_root_hook, seal_root_abort };

	assert_int_equal(st->ops->start(st, &h), 0);
	for (uint64_t id = 6; id < 30; id++)
		put_sealed(st, s, id, "a key");
	put_sealed(st, s, 9, "a newer key");
	st->ops->stop(st);
	st->ops->close(st);
	seal_free(s);
}

/* With the file in hand and SQLite to help, but without the secret. */
static void thief(void **state)
{
	static const char * const deeds[] = {
		"DELETE FROM record WHERE kind = 2 AND id = 12",
		"INSERT INTO record SELECT 2, 99, data FROM record WHERE kind = 2 AND id = 12",
		"UPDATE record SET data = (SELECT data FROM record WHERE kind = 2 AND id = 12)"
		" WHERE kind = 2 AND id = 13",
		"UPDATE record SET id = 99 WHERE kind = 2 AND id = 12",
		"UPDATE record SET kind = 1 WHERE kind = 2 AND id = 12",
		"DELETE FROM record WHERE kind = 2",
	};
	const char *path = scratch(*state, "store");
	size_t len;
	char *sound;

	make_sealed(path);
	assert_int_equal(verdict(path), SEAL_WHOLE);
	sound = file_read(path, &len);
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		sql(path, deeds[i]);
		assert_int_equal(verdict(path), SEAL_SET_DIFFERS);
		file_write(path, sound, len);
	}
	sql(path, "DELETE FROM record WHERE kind = 0 AND id = 1");
	assert_int_equal(verdict(path), SEAL_NO_ROOT);
	file_write(path, sound, len);
	assert_int_equal(verdict(path), SEAL_WHOLE);
	free(sound);
}

/*
 * Rows that SQLite would cut to a kind and an id of another row: a copy of a record
 * that opens as the record does, and that deleting the record does not delete.
 */
static void rows_that_pass_for_others(void **state)
{
	static const char * const deeds[] = {
		"INSERT INTO record SELECT 2, 12.5, data FROM record WHERE kind = 2 AND id = 12",
		"INSERT INTO record SELECT 2.5, 12, data FROM record WHERE kind = 2 AND id = 12",
		"INSERT INTO record SELECT 4294967298, 12, data FROM record"
		" WHERE kind = 2 AND id = 12",
		"INSERT INTO record SELECT 2, '12x', data FROM record WHERE kind = 2 AND id = 12",
		"UPDATE record SET id = 12.5 WHERE kind = 2 AND id = 12",
		"UPDATE record SET id = -12 WHERE kind = 2 AND id = 12",
	};
	const char *path = scratch(*state, "store");
	size_t len;
	char *sound;

	make_sealed(path);
	sound = file_read(path, &len);
	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		struct seal *s = seal_new("secret", 6, salt);
		struct store *st;

		sql(path, deeds[i]);
		st = open_store(path);
		assert_int_equal(st->ops->load(st, load_sealed, s), -EUCLEAN);
		st->ops->close(st);
		seal_free(s);
		file_write(path, sound, len);
	}
	free(sound);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(thief, scratch_make, scratch_remove),
		cmocka_unit_test_setup_teardown(rows_that_pass_for_others, scratch_make,
						scratch_remove),
	};

	return cmocka_run_group_tests_name("store thief", tests, NULL, NULL);
}
