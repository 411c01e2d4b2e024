/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sqlite_file.h - the file under store_sqlite.c. */
#ifndef HSM_SQLITE_FILE_H
#define HSM_SQLITE_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <sqlite3.h>

/*
 * Opens or makes the key store @path and locks it against other connections, of
 * this process or another; ready to read and write. NULL with a line in @err
 * (@err_len bytes) that names the file and what is wrong. For one thread at a
 * time; sqlite3_close() it.
 */
sqlite3 *sqlite_file_open(const char *path, char *err, size_t err_len);

/*
 * Brings the write-ahead log into the file and cuts it to nothing, so that nothing of what it
 * held comes back with a power cut. 0 or an SQLite result; to be tried again.
 */
int sqlite_file_empty_log(sqlite3 *db);

#endif /* HSM_SQLITE_FILE_H */
