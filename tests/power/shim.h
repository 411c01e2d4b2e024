/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * shim.h - stands before the C library's calls that change files: of all code in this process,
 * SQLite's as well, for the linker resolves its calls here. Calls that touch the watched folder
 * are logged, and may be made to fail.
 */
#ifndef POWER_SHIM_H
#define POWER_SHIM_H

#include <stdbool.h>
#include <stddef.h>

#include "disk.h"

enum shim_fault { SHIM_NONE, SHIM_EIO, SHIM_ENOSPC, SHIM_SHORT, SHIM_FAULTS };

/*
 * Logs into @log what is done in the folder @dir, which holds what the log begins with, until
 * shim_end(). One folder at a time; files that are open at the end are watched no more.
 */
void shim_begin(struct disk_log *log, const char *dir);
void shim_end(void);

/* No more than @calls in the log: all others fail. Begins with the next shim_begin(). */
void shim_limit(size_t calls);
/* Whether one has. */
bool shim_limited(void);

/* Calls in the log so far. */
size_t shim_calls(void);

/*
 * The @at-th write, change of a size, or sync from now on (0: the first) fails so; and all
 * after it, if @forever, until shim_mend(). SHORT: a write does half, then the disk is full.
 */
void shim_fail(enum shim_fault fault, size_t at, bool forever);
void shim_mend(void);
/* How many calls there were that could have failed, since shim_fail(). */
size_t shim_chances(void);
/* How many did. */
size_t shim_failures(void);
/* Calls in the log when the first one did. */
size_t shim_failed_at(void);

#endif /* POWER_SHIM_H */
