// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_commit.c - what it costs to have bytes on stable storage: the limit of durable keys.
 *
 *	bench_commit fdatasync DIR SECONDS
 *	bench_commit sqlite DIR SECONDS BYTES
 *	bench_commit version		of SQLite
 *
 *	fdatasync	one page written to the end of a file, and fdatasync()
 *	sqlite		one row of BYTES in a transaction of its own: WAL, synchronous=FULL
 *
 * DIR is a folder on the disk of the key stores; what is made in it is deleted.
 */
#include "bench.h"

#include <fcntl.h>

#include <sqlite3.h>

#define PAGE	4096
#define ROW_MAX	65536

static const char *folder;
static char path[512];
static int row_len;

struct log {
	int fd;
};

static void *log_open(int index)
{
	struct log *l = need(calloc(1, sizeof(*l)));

	(void)index;
	snprintf(path, sizeof(path), "%s/commit.log", folder);
	l->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (l->fd < 0)
		die("%s: %s", path, strerror(errno));
	return l;
}

static void op_fdatasync(void *state)
{
	static const char page[PAGE];
	struct log *l = state;

	if (write(l->fd, page, PAGE) != PAGE || fdatasync(l->fd))
		die("%s: %s", path, strerror(errno));
}

static void log_close(void *state)
{
	struct log *l = state;

	close(l->fd);
	unlink(path);
	free(l);
}

struct table {
	sqlite3 *db;
	sqlite3_stmt *insert;
};

static void sql(const struct table *t, const char *text)
{
	if (sqlite3_exec(t->db, text, NULL, NULL, NULL) != SQLITE_OK)
		die("%s: %s: %s", path, text, sqlite3_errmsg(t->db));
}

static void *table_open(int index)
{
	static const char row[ROW_MAX];
	struct table *t = need(calloc(1, sizeof(*t)));

	(void)index;
	snprintf(path, sizeof(path), "%s/commit.db", folder);
	if (sqlite3_open(path, &t->db) != SQLITE_OK)
		die("%s: %s", path, sqlite3_errmsg(t->db));
	sql(t, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
	       "PRAGMA synchronous = FULL; CREATE TABLE t (id INTEGER PRIMARY KEY, data BLOB)");
	if (sqlite3_prepare_v2(t->db, "INSERT INTO t (data) VALUES (?)", -1, &t->insert,
			       NULL) != SQLITE_OK)
		die("%s: %s", path, sqlite3_errmsg(t->db));
	sqlite3_bind_blob(t->insert, 1, row, row_len, SQLITE_STATIC);
	return t;
}

static void op_sqlite(void *state)
{
	struct table *t = state;

	if (sqlite3_step(t->insert) != SQLITE_DONE || sqlite3_reset(t->insert) != SQLITE_OK)
		die("%s: %s", path, sqlite3_errmsg(t->db));
}

static void table_close(void *state)
{
	struct table *t = state;

	sqlite3_finalize(t->insert);
	sqlite3_close(t->db);
	unlink(path);
	free(t);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		struct work work;
	} modes[] = {
		{ "fdatasync", 4, { log_open, op_fdatasync, log_close } },
		{ "sqlite", 5, { table_open, op_sqlite, table_close } },
	};

	if (argc == 2 && !strcmp(argv[1], "version"))
		return puts(sqlite3_libversion()) < 0;
	if (argc != 4 && argc != 5)
		die("usage: bench_commit fdatasync DIR SECONDS\n"
		    "       bench_commit sqlite DIR SECONDS BYTES\n"
		    "       bench_commit version");
	folder = argv[2];
	row_len = argc == 5 ? atoi(argv[4]) : 0;
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(argv[1], modes[i].name))
			continue;
		if (argc != modes[i].args || (argc == 5 && (row_len < 1 || row_len > ROW_MAX)))
			die("%s: BYTES are 1 to %d, for sqlite alone", argv[1], ROW_MAX);
		run_timed("commit", argv[1], 1, atof(argv[3]), &modes[i].work);
		return 0;
	}
	die("unknown mode '%s'", argv[1]);
}
