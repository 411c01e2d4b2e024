// SPDX-License-Identifier: GPL-2.0-or-later
/* test_audit_store.c - the audit log as it is stored: restarts, failed batches, edited files. */
#include <errno.h>
#include <stdio.h>

#include "auditing.h"
#include "audit.h"
#include "fw_int.h"
#include "record.h"
#include "scratch.h"
#include "storing.h"

static void restart(void **state)
{
	struct card *c = *state;
	struct hsm_audit_rec before = *last_rec(c, 0);
	uint64_t n = read_log(c)->n;
	const struct log *log;

	assert_int_equal(before.reboot, 1);
	card_restart(c);
	card_login_all(c);
	log = read_log(c);
	/* Five went by themselves when the card stopped, and are there again. */
	assert_int_equal(log->n, n + 10);
	assert_memory_equal(&log->r[n - 1], &before, sizeof(before));
	assert_int_equal(log->r[n].opcode, HSM_CN_APP_FINALIZE);
	assert_int_equal(log->r[n].reboot, 1);
	assert_int_equal(log->r[n + 5].opcode, HSM_CN_LOGIN);
	assert_int_equal(log->r[n + 5].reboot, 2);
	card_restart(c);
	card_login_all(c);
	assert_int_equal(last_rec(c, 0)->reboot, 3);
}

/* A batch of three that was numbered, sealed and then could not be written. */
static void aborted_batch(void **state)
{
	struct card *c = *state;
	struct audit_journal j = { .n = 2, .e = { { .opcode = 1 }, { .opcode = 2 } } };
	struct store_txn second = { .journal = &j }, first = { .journal = &j, .next = &second };
	const struct log *log = read_log(c);
	uint64_t next = log->n, at;
	const struct store_op *ops;
	uint8_t hash[32], same[32];
	uint32_t reboot;
	size_t n;

	audit_state(c->fw, &reboot, &at, hash);
	assert_int_equal(at, next);
	assert_int_equal(audit_hook(c->fw, &first, &ops, &n), 0);
	/* Four records, head, root. */
	assert_int_equal(n, 6);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(ops[i].kind, STORE_AUDIT);
		assert_int_equal(ops[i].id, next + i);
	}
	audit_abort(c->fw);
	audit_committed(c->fw);
	audit_state(c->fw, &reboot, &at, same);
	assert_int_equal(at, next);
	assert_memory_equal(hash, same, 32);
	assert_int_equal(logout(c, BOB), 0);
	assert_int_equal(read_log(c)->n, next + 1);
}

/* What is under way is in the log as committed only when it is. */
static void only_what_is_stored(void **state)
{
	struct card *c = *state;
	struct audit_journal j = { .n = 1, .e = { { .opcode = 1 } } };
	struct store_txn txn = { .journal = &j };
	uint64_t next = read_log(c)->n, at;
	const struct store_op *ops;
	uint8_t hash[32];
	uint32_t reboot;
	size_t n;

	assert_int_equal(audit_hook(c->fw, &txn, &ops, &n), 0);
	audit_state(c->fw, &reboot, &at, hash);
	assert_int_equal(at, next);
	audit_abort(c->fw);
}

/* Edits by one who has the file, and SQLite; "old" holds the records of an older copy. */
static const char *const edits[] = {
	"DELETE FROM record WHERE kind = 3 AND id = (SELECT max(id) FROM record WHERE kind = 3)",
	"DELETE FROM record WHERE kind = 3",
	"DELETE FROM record WHERE kind = 0 AND id = 5",
	"DELETE FROM record WHERE kind = 0 AND id = 4",
	"DELETE FROM record WHERE kind = 0 AND id >= 4",
	"DELETE FROM record WHERE kind = 3 OR (kind = 0 AND id >= 4)",
	"INSERT INTO record SELECT 3, max(id) + 1, data FROM record WHERE kind = 3",
	"INSERT INTO record SELECT 3, max(id) + 100, data FROM record WHERE kind = 3",
	"UPDATE record SET data = (SELECT data FROM record WHERE kind = 3 AND id = 3) WHERE kind = 3"
	" AND id = (SELECT max(id) FROM record WHERE kind = 3)",
	"UPDATE record SET id = id + 0.5 WHERE kind = 3"
	" AND id = (SELECT max(id) FROM record WHERE kind = 3)",
	/* The log and all that says where it ends, as they were. */
	"REPLACE INTO record SELECT * FROM old WHERE kind = 0 AND id = 5;"
	"DELETE FROM record WHERE kind = 3 AND id > (SELECT max(id) FROM old WHERE kind = 3)",
	/* The same with the salt of another log. */
	"UPDATE record SET data = randomblob(32) WHERE kind = 0 AND id = 4",
	"UPDATE record SET data = zeroblob(5) WHERE kind = 0 AND id = 4",
	"UPDATE record SET data = zeroblob(100) WHERE kind = 0 AND id = 5",
	/* As if the store were from before there was a log; a damaged record hides what is gone. */
	"DELETE FROM record WHERE kind = 3 OR (kind = 0 AND id >= 4);"
	"UPDATE record SET data = zeroblob(100) WHERE kind = 1 AND id = 4",
	"REPLACE INTO record SELECT * FROM old WHERE kind = 0 AND id = 5;"
	"UPDATE record SET data = zeroblob(100) WHERE kind = 1 AND id = 4",
};

static void edited(void **state)
{
	struct card *c = *state;
	size_t len;
	char *sound;

	card_stop(c);
	sql(c->path, "CREATE TABLE old AS SELECT * FROM record");
	assert_true(card_start(c));
	card_login_all(c);
	card_stop(c);
	sound = file_read(c->path, &len);
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		sql(c->path, edits[i]);
		if (card_start(c))
			fail_msg("started in spite of %s", edits[i]);
		assert_true(strstr(c->err, "audit log") || strstr(c->err, "older copy"));
		file_write(c->path, sound, len);
	}
	assert_true(card_start(c));
	free(sound);
}

/* In the middle it is not looked for at every start, but whoever reads is told. */
static void gap_in_the_middle(void **state)
{
	struct card *c = *state;
	struct msg *m;
	int i;

	for (i = 0; i < 2; i++) {
		card_stop(c);
		sql(c->path, i ? "UPDATE record SET data = zeroblob(173) WHERE kind = 3 AND id = 3" :
				 "DELETE FROM record WHERE kind = 3 AND id = 5");
		assert_true(card_start(c));
		card_login_all(c);
		m = begin(HSM_CMD_AUDIT_READ, FIRST_SESSION);
		add_u64(m, HSM_TAG_SEQUENCE, 0);
		assert_int_equal(send(c, OFFICER, m), 0);
		assert_int_equal(reply_count(m, HSM_TAG_AUDIT_REC), i ? 3 : 5);
		m = begin(HSM_CMD_AUDIT_READ, FIRST_SESSION);
		add_u64(m, HSM_TAG_SEQUENCE, i ? 3 : 5);
		assert_int_equal(send(c, OFFICER, m), HSM_RV_RECORD_DAMAGED);
	}
}

struct taking {
	struct seal *seal;
};

static int take(void *opaque, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	struct taking *t = opaque;

	if (kind == STORE_META && id == 0)
		t->seal = seal_new("the secret of the tests", 23, (const uint8_t *)data + 8);
	else
		seal_load_add(t->seal, kind, id, data, len);
	return 0;
}

/* What a card left that knew no log: without it, and with a root that is right without it. */
static void make_old(const char *path)
{
	char err[256];
	struct store *st = store_sqlite_open(path, err, sizeof(err));
	const struct store_op ops[] = {
		{ STORE_META, RECORD_AUDIT_SALT, NULL, 0 }, { STORE_META, RECORD_AUDIT_HEAD, NULL, 0 },
	};
	struct taking t = { NULL };
	struct store_hooks hooks = { .seal = seal_root_hook, .abort = seal_root_abort };

	assert_non_null(st);
	assert_int_equal(st->ops->load(st, take, &t), 0);
	hooks.opaque = t.seal;
	assert_int_equal(st->ops->start(st, &hooks), 0);
	assert_int_equal(commit_wait(st, ops, 2), 0);
	st->ops->stop(st);
	st->ops->close(st);
	seal_free(t.seal);
	sql(path, "DELETE FROM record WHERE kind = 3");
}

static void store_without_a_log(void **state)
{
	struct card *c = *state;

	card_stop(c);
	make_old(c->path);
	assert_true(card_start(c));
	card_login_all(c);
	assert_int_equal(read_log(c)->n, 5);
	assert_int_equal(last_rec(c, 4)->opcode, HSM_CN_LOGIN);
	assert_int_equal(last_rec(c, 4)->reboot, 1);
	card_restart(c);
	card_login_all(c);
	assert_int_equal(last_rec(c, 0)->reboot, 2);
}

/* Nothing of who did what stands in the file in clear. */
static void sealed(void **state)
{
	struct card *c = *state;
	size_t len;
	char *p;

	login(c, NOBODY, HSM_USER_CU, "visible_name", PASSWORD);
	card_stop(c);
	p = file_read(c->path, &len);
	assert_null(memmem(p, len, "visible_name", 12));
	assert_null(memmem(p, len, "HSMA", 4));
	free(p);
}

int main(void)
{
#define MEM(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
#define SQL(f) cmocka_unit_test_setup_teardown(f, setup_users_sqlite, teardown)
	const struct CMUnitTest tests[] = {
		SQL(restart), MEM(aborted_batch), MEM(only_what_is_stored), SQL(edited),
		SQL(gap_in_the_middle), SQL(store_without_a_log), SQL(sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
