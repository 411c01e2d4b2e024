// SPDX-License-Identifier: GPL-2.0-or-later
/* sqlite_file.c - finds out whether a file is a key store, or makes it one. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix.h"
#include "sqlite_file.h"

#define APPLICATION_ID	0x68736d31	/* "hsm1" */
#define FORMAT_VERSION	1
#define PAGE_MIN	512

struct report {
	const char *path;
	char *err;
	size_t len;
};

__attribute__((format(printf, 2, 3)))
static bool fail(const struct report *r, const char *fmt, ...)
{
	char what[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (r->len)
		snprintf(r->err, r->len, "key store %s: %s", r->path, what);
	return false;
}

static bool fail_sqlite(const struct report *r, sqlite3 *db, int rc)
{
	int sys = db ? sqlite3_system_errno(db) : 0;

	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return fail(r, "is in use by another process or card");
	case SQLITE_NOTADB:
		return fail(r, "is not an SQLite file");
	case SQLITE_CORRUPT:
		return fail(r, "is damaged: its SQLite structure is not consistent");
	default:
		return fail(r, "%s%s%s", sqlite3_errstr(rc), sys ? ": " : "",
			    sys ? strerror(sys) : "");
	}
}

static bool exec(sqlite3 *db, const char *sql, const struct report *r)
{
	int rc = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK || fail_sqlite(r, db, rc);
}

static bool get_number(sqlite3 *db, const char *sql, sqlite3_int64 *value,
		       const struct report *r)
{
	sqlite3_stmt *stmt = NULL;
	int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return rc == SQLITE_ROW || fail_sqlite(r, db, rc);
}

/*
 * Whether SQLite left a rollback journal beside the file (and not beside a link to it): when a
 * store is made the power may go with any part of its first page in the file, and the journal
 * takes that back.
 */
static bool has_journal(const char *path)
{
	static const unsigned char magic[8] = { 0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7 };
	unsigned char start[sizeof(magic)];
	char real[PATH_MAX], name[PATH_MAX];
	bool found;
	int fd;

	if (!realpath(path, real) ||
	    snprintf(name, sizeof(name), "%s-journal", real) >= (int)sizeof(name))
		return false;
	fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	found = read(fd, start, sizeof(start)) == sizeof(start) &&
		!memcmp(start, magic, sizeof(magic));
	close(fd);
	return found;
}

/* A new file has mode 0600 from its first moment; SQLite gives its log the same. */
static bool make_file(const struct report *r)
{
	struct stat st;
	int fd;

	if (stat(r->path, &st) == 0) {
		if (!S_ISREG(st.st_mode))
			return fail(r, "is not a regular file");
		/* SQLite would write over a file shorter than its smallest page. */
		if (st.st_size > 0 && st.st_size < PAGE_MIN && !has_journal(r->path))
			return fail(r, "is not an SQLite file");
		return true;
	}
	/*
	 * Only a file that was not there is opened here: closing a descriptor of
	 * one in use would drop the POSIX locks that SQLite holds on it.
	 */
	fd = open(r->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(r, "cannot be made: %s", strerror(errno));
	close(fd);
	return true;
}

static bool open_file(sqlite3 **db, const struct report *r)
{
	/* A name with a folder in it is neither ":memory:" nor a URI. */
	const char *folder = r->path[0] == '/' ? "" : "./";
	char name[PATH_MAX];
	int rc;

	if (snprintf(name, sizeof(name), "%s%s", folder, r->path) >= (int)sizeof(name))
		return fail(r, "its name is too long");
	if (!make_file(r))
		return false;
	rc = sqlite3_open_v2(name, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	return rc == SQLITE_OK || fail_sqlite(r, *db, rc);
}

static bool create_schema(sqlite3 *db, const struct report *r)
{
	char sql[400];

	snprintf(sql, sizeof(sql),
		 "BEGIN EXCLUSIVE;"
		 "PRAGMA application_id = %d;"
		 "PRAGMA user_version = %d;"
		 "CREATE TABLE record(kind INTEGER NOT NULL, id INTEGER NOT NULL,"
		 " data BLOB NOT NULL, PRIMARY KEY(kind, id)) WITHOUT ROWID;"
		 "COMMIT", APPLICATION_ID, FORMAT_VERSION);
	return exec(db, sql, r);
}

static bool check_format(sqlite3 *db, const struct report *r)
{
	sqlite3_int64 app = 0, version = 0, tables = 0;

	if (!get_number(db, "PRAGMA application_id", &app, r) ||
	    !get_number(db, "PRAGMA user_version", &version, r) ||
	    !get_number(db, "SELECT count(*) FROM sqlite_schema", &tables, r))
		return false;
	if (!app && !version && !tables)
		return create_schema(db, r);
	if (app != APPLICATION_ID)
		return fail(r, "is an SQLite file, but not a key store");
	if (version != FORMAT_VERSION)
		return fail(r, "has format version %lld, known is %d", version, FORMAT_VERSION);
	return true;
}

int sqlite_file_empty_log(sqlite3 *db)
{
	int rc = sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	sqlite3_file *log = NULL;

	if (rc == SQLITE_OK)
		rc = sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &log);
	/* SQLite does not sync this: for its own ends the old log would do as well. */
	if (rc == SQLITE_OK && log && log->pMethods)
		rc = log->pMethods->xSync(log, SQLITE_SYNC_FULL);
	return rc;
}

static bool empty_log(sqlite3 *db, const struct report *r)
{
	int rc = sqlite_file_empty_log(db);

	return rc == SQLITE_OK || fail_sqlite(r, db, rc);
}

/* The log is as secret as the file, whose mode it gets if it is made after this. */
static bool make_private(sqlite3 *db, const struct report *r)
{
	const char *log = sqlite3_filename_wal(sqlite3_db_filename(db, "main"));

	if (chmod(r->path, 0600) || (chmod(log, 0600) && errno != ENOENT))
		return fail(r, "cannot be given mode 0600: %s", strerror(errno));
	return true;
}

/*
 * Exclusive locking keeps other processes out and the log's index in memory, so
 * there is no -shm file. Settings that say how a file is written come after the
 * check that it is ours.
 */
static bool set_up(sqlite3 *db, const struct report *r)
{
	const char *unsynced;
	sqlite3_int64 is_wal = 0;

	sqlite3_extended_result_codes(db, 1);
	if (!exec(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA cell_size_check = ON;"
		     "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF", r) ||
	    !check_format(db, r) || !make_private(db, r) ||
	    !exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
		     "PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 0;"
		     "PRAGMA journal_size_limit = 16777216; BEGIN IMMEDIATE; COMMIT", r) ||
	    !get_number(db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode", &is_wal, r))
		return false;
	if (!is_wal)
		return fail(r, "its file system does not allow a write-ahead log");
	/* A wipe may have been cut off before it had emptied the log. */
	if (!empty_log(db, r))
		return false;
	/*
	 * File and log are there for good before anything is told; SQLite overlooks a failure. The
	 * name is the one that SQLite found behind links.
	 */
	unsynced = posix_sync_folder(sqlite3_db_filename(db, "main"));
	return !unsynced || fail(r, "%s: %s", unsynced, strerror(errno));
}

sqlite3 *sqlite_file_open(const char *path, char *err, size_t err_len)
{
	struct report r = { path, err, err_len };
	sqlite3 *db = NULL;

	if (open_file(&db, &r) && set_up(db, &r))
		return db;
	sqlite3_close(db);
	return NULL;
}
