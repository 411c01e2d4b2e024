/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store_file.h - stores in files, opened for a test; what goes wrong is a cmocka failure. */
#ifndef TESTS_STORE_FILE_H
#define TESTS_STORE_FILE_H

#include "storing.h"

/* Of the store that was started last. */
extern struct counting file_hooks;

struct store *open_store(const char *path);
/* The same, with its thread at work. */
struct store *start_store(const char *path);
/* Ends what start_store() began. */
void end_store(struct store *st);

/* It does not open, and the line says which file and why. */
void refused(const char *path, const char *why);

/* The file is its owner's only. */
void check_private(const char *path);

#endif /* TESTS_STORE_FILE_H */
