/* SPDX-License-Identifier: GPL-2.0-or-later */
/* posix.h - struct fw_platform on a POSIX system. */
#ifndef HSM_PLATFORM_POSIX_H
#define HSM_PLATFORM_POSIX_H

#include <stddef.h>

#include "fw.h"

/* Monotonic and real-time clock, pthread rwlocks, log to standard error. */
extern const struct fw_platform fw_platform_posix;

/*
 * The sealing secret of a store without an operator's secret: reads the key file
 * @path, or makes it (32 random bytes, mode 0600, synced with its folder). @buf:
 * 32 bytes. @made tells whether it was made. False with a line in @err, also when
 * the file exists but is not 32 bytes or others may read it.
 */
bool posix_key_file(const char *path, unsigned char buf[32], bool *made, char *err, size_t err_len);

/*
 * Makes safe what was made, renamed or removed in the folder that @path, which is no link, is
 * in; NULL also where the file system has no such thing. Else what is wrong, and errno.
 */
const char *posix_sync_folder(const char *path);

#endif /* HSM_PLATFORM_POSIX_H */
