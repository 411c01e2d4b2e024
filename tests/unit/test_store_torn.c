// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_store_torn.c - a store whose log was cut or spoiled at any byte opens with
 * the first so many transactions, each whole, and none that was acknowledged is
 * missing if its bytes are there.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch.h"
#include "storing.h"

#define N_TXNS	60u
#define N_OPS	3u

/* Bytes of the log when transaction N had been acknowledged; shared with the child. */
static uint64_t *wal_at_ack;

/*
 * Transaction N writes records 10 N + 0, 1, 2 of sizes that differ, changes record
 * 1 to its number, and drops one of a transaction before it.
 */
static int commit_one(struct store *st, unsigned int n)
{
	static char texts[N_OPS][3000];
	struct store_op ops[N_OPS + 2];
	char number[16];

	for (unsigned int i = 0; i < N_OPS; i++) {
		size_t len = 20 + (n * 37 + i * 911) % 2500;

		memset(texts[i], 'a' + (int)i, len);
		ops[i] = (struct store_op){ STORE_OBJECT, 10ull * n + i, texts[i], len };
	}
	snprintf(number, sizeof(number), "%u", n);
	ops[N_OPS] = (struct store_op){ STORE_USER, 1, number, strlen(number) };
	ops[N_OPS + 1] = (struct store_op){ STORE_OBJECT, 10ull * (n - 1), NULL, 0 };
	return commit_wait(st, ops, N_OPS + 2);
}

/* Writes all, notes the log's size after each, and dies without an orderly end. */
static void writer(const char *path, const char *wal)
{
	static struct counting c;
	char err[256];
	struct store *st = store_sqlite_open(path, err, sizeof(err));
	struct stat file;

	counting_init(&c);
	if (!st || st->ops->start(st, &c.hooks))
		_exit(1);
	for (unsigned int n = 1; n <= N_TXNS; n++) {
		if (commit_one(st, n) || stat(wal, &file))
			_exit(2);
		wal_at_ack[n] = (uint64_t)file.st_size;
	}
	kill(getpid(), SIGKILL);
}

struct found {
	unsigned int number, root;
	uint64_t per_txn[N_TXNS + 1];	/* bit i: record 10 N + i */
};

static int note(void *opaque, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	struct found *f = opaque;
	char text[16] = "";

	if (kind == STORE_OBJECT) {
		f->per_txn[id / 10] |= 1u << id % 10;
		return 0;
	}
	assert_true(len < sizeof(text));
	memcpy(text, data, len);
	if (kind == STORE_USER)
		f->number = (unsigned int)atoi(text);
	else
		f->root = (unsigned int)atoi(text + strlen("root "));
	return 0;
}

/* The number of transactions in the store, after a check that each is whole. */
static unsigned int whole_txns(const char *path)
{
	char err[256] = "";
	struct store *st = store_sqlite_open(path, err, sizeof(err));
	struct found f = { 0 };

	if (!st)
		fail_msg("%s", err);
	assert_int_equal(st->ops->load(st, note, &f), 0);
	st->ops->close(st);
	assert_int_equal(f.root, f.number);
	for (unsigned int n = 1; n <= N_TXNS; n++)
		assert_int_equal(f.per_txn[n], n > f.number ? 0 : n == f.number ? 7 : 6);
	return f.number;
}

struct torn {
	void *dir;
	char *db, *wal;
	size_t db_len, wal_len;
};

/*
 * Runs the writer; true if its log only grew. If it was kept waiting for long, the
 * log was brought in and begun anew, and sizes say nothing.
 */
static bool write_all(const char *dir)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		writer(scratch(dir, "store"), scratch(dir, "store-wal"));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	for (unsigned int n = 1; n <= N_TXNS; n++)
		if (wal_at_ack[n] <= wal_at_ack[n - 1])
			return false;
	return true;
}

static int make(void **state)
{
	struct torn *t = calloc(1, sizeof(*t));
	unsigned int tries = 0;

	if (scratch_make(&t->dir))
		return -1;
	wal_at_ack = mmap(NULL, (N_TXNS + 1) * sizeof(*wal_at_ack), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	while (!write_all(t->dir)) {
		assert_true(++tries < 10);
		remove(scratch(t->dir, "store"));
		remove(scratch(t->dir, "store-wal"));
	}
	t->db = file_read(scratch(t->dir, "store"), &t->db_len);
	t->wal = file_read(scratch(t->dir, "store-wal"), &t->wal_len);
	*state = t;
	return 0;
}

static int drop(void **state)
{
	struct torn *t = *state;
	int ret = scratch_remove(&t->dir);

	munmap(wal_at_ack, (N_TXNS + 1) * sizeof(*wal_at_ack));
	free(t->db);
	free(t->wal);
	free(t);
	return ret;
}

static unsigned int reopen(struct torn *t, size_t wal_len)
{
	file_write(scratch(t->dir, "store"), t->db, t->db_len);
	file_write(scratch(t->dir, "store-wal"), t->wal, wal_len);
	return whole_txns(scratch(t->dir, "store"));
}

/* As many as were acknowledged when the log had at most @len bytes. */
static unsigned int acknowledged(size_t len)
{
	unsigned int n = 0;

	while (n < N_TXNS && wal_at_ack[n + 1] <= len)
		n++;
	return n;
}

static void nothing_lost(void **state)
{
	struct torn *t = *state;

	assert_int_equal(wal_at_ack[N_TXNS], t->wal_len);
	assert_int_equal(reopen(t, t->wal_len), N_TXNS);
}

/* Every so many bytes, and around the end of each transaction. */
static void cut(void **state)
{
	struct torn *t = *state;
	unsigned int last = 0, n;

	for (size_t len = 0; len <= t->wal_len; len += 997) {
		n = reopen(t, len);
		assert_true(n >= acknowledged(len) && n >= last);
		last = n;
	}
	for (unsigned int txn = 1; txn <= N_TXNS; txn += 7) {
		assert_int_equal(reopen(t, wal_at_ack[txn]), txn);
		assert_int_equal(reopen(t, wal_at_ack[txn] - 1), txn - 1);
	}
}

/* A spoiled byte ends the log there: what comes before is whole, the rest is gone. */
static void spoiled(void **state)
{
	struct torn *t = *state;

	for (size_t at = 32; at < t->wal_len; at += 4 * 1009) {
		t->wal[at] ^= 0x10;
		assert_true(reopen(t, t->wal_len) >= acknowledged(at));
		t->wal[at] ^= 0x10;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(nothing_lost, make, drop),
		cmocka_unit_test_setup_teardown(cut, make, drop),
		cmocka_unit_test_setup_teardown(spoiled, make, drop),
	};

	return cmocka_run_group_tests_name("store torn", tests, NULL, NULL);
}
