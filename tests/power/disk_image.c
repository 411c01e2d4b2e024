// SPDX-License-Identifier: GPL-2.0-or-later
/* disk_image.c - images and folders. stdio goes past the watch. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "disk.h"

static FILE *open_in(const char *dir, const char *name, const char *mode)
{
	char path[600];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, mode);
	if (!f) {
		perror(path);
		abort();
	}
	return f;
}

void disk_image_free(struct disk_image *image)
{
	for (size_t i = 0; i < image->n; i++)
		free(image->file[i].data);
	image->n = 0;
}

/* FNV-1a, in words of their length. */
uint64_t disk_image_sum(const struct disk_image *image)
{
	uint64_t sum = 0xcbf29ce484222325;

	for (size_t i = 0; i < image->n; i++) {
		const struct disk_file *f = &image->file[i];

		for (const char *c = f->name; *c; c++)
			sum = (sum ^ (uint8_t)*c) * 0x100000001b3;
		for (size_t at = 0; at < f->len; at++)
			sum = (sum ^ f->data[at]) * 0x100000001b3;
		sum = (sum ^ f->len) * 0x100000001b3;
	}
	return sum;
}

static void clear_folder(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[600];

	while (d && (e = readdir(d))) {
		snprintf(path, sizeof(path), "%s/%s", dir, e->d_name);
		if (e->d_type == DT_REG)
			remove(path);
	}
	if (d)
		closedir(d);
}

void disk_image_write(const struct disk_image *image, const char *dir)
{
	clear_folder(dir);
	for (size_t i = 0; i < image->n; i++) {
		FILE *f = open_in(dir, image->file[i].name, "wb");

		fwrite(image->file[i].data, 1, image->file[i].len, f);
		fchmod(fileno(f), 0600);
		fclose(f);
	}
}

void disk_image_read(struct disk_image *image, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	image->n = 0;
	while (d && (e = readdir(d))) {
		struct disk_file *to = &image->file[image->n];
		FILE *f;

		if (e->d_type != DT_REG)
			continue;
		f = open_in(dir, e->d_name, "rb");
		fseek(f, 0, SEEK_END);
		to->len = (size_t)ftell(f);
		rewind(f);
		to->data = malloc(to->len + 1);
		to->len = fread(to->data, 1, to->len, f);
		fclose(f);
		snprintf(to->name, sizeof(to->name), "%.*s", DISK_NAME - 1, e->d_name);
		image->n++;
	}
	if (d)
		closedir(d);
}

void disk_log_begin(struct disk_log *log, const struct disk_image *image)
{
	disk_log_free(log);
	for (size_t i = 0; i < image->n; i++) {
		struct disk_op op = { .what = DISK_CREATE, .file = log->files++ };

		memcpy(op.name, image->file[i].name, DISK_NAME);
		disk_add(log, &op);
		op.what = DISK_WRITE;
		op.data = image->file[i].data;
		op.len = image->file[i].len;
		if (op.len)
			disk_add(log, &op);
		op.what = DISK_SYNC;
		op.data = NULL;
		disk_add(log, &op);
	}
	disk_add(log, &(struct disk_op){ .what = DISK_SYNC_DIR });
}
