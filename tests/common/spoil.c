// SPDX-License-Identifier: GPL-2.0-or-later
/* spoil.c - spoil STORE KIND ID: one bit of that record changes, as on a bad disk. */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>

#define FLIP \
	"UPDATE record SET data = substr(data, 1, length(data) - 1)" \
	" || CASE substr(data, -1) WHEN x'00' THEN x'01' ELSE x'00' END" \
	" WHERE kind = ?1 AND id = ?2"

int main(int argc, char **argv)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	bool done = argc == 4 && !sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READWRITE, NULL) &&
		    !sqlite3_prepare_v2(db, FLIP, -1, &stmt, NULL) &&
		    !sqlite3_bind_text(stmt, 1, argv[2], -1, NULL) &&
		    !sqlite3_bind_text(stmt, 2, argv[3], -1, NULL) &&
		    sqlite3_step(stmt) == SQLITE_DONE && sqlite3_changes(db) == 1;

	if (!done)
		fprintf(stderr, "spoil: %s\n", argc != 4 ? "STORE KIND ID" : sqlite3_errmsg(db));
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return !done;
}
