/* SPDX-License-Identifier: GPL-2.0-or-later */
/* scratch.h - a folder per test, for cmocka's setup and teardown; *state names it. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <stddef.h>

int scratch_make(void **state);
int scratch_remove(void **state);

/* Path of @name in the folder @dir; good for the next 7 calls. */
const char *scratch(const char *dir, const char *name);

/* How many entries the folder has. */
size_t scratch_files(const char *dir);

/* The whole of a file, to be freed; a cmocka failure if it cannot be read. */
char *file_read(const char *path, size_t *len);
void file_write(const char *path, const void *data, size_t len);

#endif /* TESTS_SCRATCH_H */
