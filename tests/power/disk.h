/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * disk.h - what a program did to the files of one folder, call by call, and what a disk may
 * hold of it when the power went.
 *
 * A disk keeps what was synced. Of the rest it keeps any part: each 512 bytes of a write, each
 * change of a file's size and each change of the folder by itself, whatever their order; what
 * was being written may be garbage, but nothing beside it. A sync that failed has not made its
 * file's writes safe, and neither does the next one: the system takes them for written. (Of the
 * folder it keeps in mind what is to be written: so do file systems.)
 */
#ifndef POWER_DISK_H
#define POWER_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_NAME	48
#define DISK_FILES	64	/* that ever were, in one log */
#define DISK_SECTOR	512

enum disk_what {
	DISK_CREATE, DISK_LINK, DISK_UNLINK, DISK_RENAME,	/* of the folder */
	DISK_SYNC_DIR,
	DISK_WRITE, DISK_SIZE, DISK_SYNC,			/* of a file */
};

struct disk_op {
	enum disk_what what;
	bool failed;			/* a sync that said so */
	unsigned int file;
	char name[DISK_NAME], to[DISK_NAME];
	uint64_t at;			/* of a write; the new size */
	size_t len;
	uint8_t *data;
};

struct disk_log {
	struct disk_op *op;
	size_t n, room;
	unsigned int files;
};

/* Appends; @data is copied. */
void disk_add(struct disk_log *log, const struct disk_op *op);
void disk_log_free(struct disk_log *log);

/* What a cut leaves of that which was not synced. The last call may have come half way. */
enum disk_version {
	DISK_ALL,		/* all of it, the last call not: as if the process was killed */
	DISK_LOST,		/* nothing */
	DISK_PREFIX,		/* all, the last call up to some byte */
	DISK_TORN,		/* all, the last call in some sectors; the others old or garbage */
	DISK_SOME,		/* any part */
	DISK_GARBAGE,		/* any part, and garbage */
	DISK_VERSIONS
};

extern const char *const disk_version_name[DISK_VERSIONS];

struct disk_file {
	char name[DISK_NAME];
	uint8_t *data;
	size_t len;
};

struct disk_image {
	struct disk_file file[DISK_FILES];
	size_t n;
};

/* The power goes in call @n (0: the first). @seed chooses. */
void disk_cut(const struct disk_log *log, size_t n, enum disk_version version, uint64_t seed,
	      struct disk_image *image);
void disk_image_free(struct disk_image *image);
uint64_t disk_image_sum(const struct disk_image *image);
/* Makes the files of the folder @dir those of the image, past any watch. */
void disk_image_write(const struct disk_image *image, const char *dir);
/* The folder as it is, into an image or as the synced beginning of a log. */
void disk_image_read(struct disk_image *image, const char *dir);
void disk_log_begin(struct disk_log *log, const struct disk_image *image);

#endif /* POWER_DISK_H */
