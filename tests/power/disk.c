// SPDX-License-Identifier: GPL-2.0-or-later
/* disk.c - the log of calls, played again up to the cut. */
#include <stdlib.h>
#include <string.h>

#include "disk.h"

const char *const disk_version_name[DISK_VERSIONS] = {
	[DISK_ALL] = "all", [DISK_LOST] = "lost", [DISK_PREFIX] = "prefix", [DISK_TORN] = "torn",
	[DISK_SOME] = "some", [DISK_GARBAGE] = "garbage",
};

/* A file that is played: what is safe, and the calls since. */
struct node {
	uint8_t *data;
	size_t len, room;
	size_t *pending;
	size_t n, n_room;
};

/* A name in the folder; file DISK_FILES: there is none. */
struct entry {
	char name[DISK_NAME];
	unsigned int file;
};

struct folder {
	struct entry entry[DISK_FILES];
	size_t n;
};

/* How much is kept: of 8, and how many of those that are not are garbage. */
struct keeping {
	unsigned int keep, garbage;
};

struct player {
	const struct disk_log *log;
	struct node node[DISK_FILES];
	struct folder folder;
	size_t pending[DISK_FILES * 4], n_pending;	/* of the folder */
	uint64_t random;
};

static const struct keeping everything = { 8, 0 }, nothing = { 0, 0 };

void disk_add(struct disk_log *log, const struct disk_op *op)
{
	struct disk_op *o;

	if (log->n == log->room) {
		log->room = log->room ? log->room * 2 : 256;
		log->op = realloc(log->op, log->room * sizeof(*log->op));
	}
	o = &log->op[log->n++];
	*o = *op;
	o->data = NULL;
	if (op->data) {
		o->data = malloc(op->len + 1);
		memcpy(o->data, op->data, op->len);
	}
}

void disk_log_free(struct disk_log *log)
{
	for (size_t i = 0; i < log->n; i++)
		free(log->op[i].data);
	free(log->op);
	*log = (struct disk_log){ 0 };
}

/* splitmix64. */
static uint64_t draw(struct player *p)
{
	uint64_t z = p->random += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static unsigned int below(struct player *p, size_t n)
{
	return n ? (unsigned int)(draw(p) % n) : 0;
}

static bool kept(struct player *p, struct keeping k)
{
	return k.keep && (k.keep == 8 || below(p, 8) < k.keep);
}

static void resize(struct node *f, size_t len)
{
	if (len > f->room) {
		f->data = realloc(f->data, len * 2);
		memset(f->data + f->room, 0, len * 2 - f->room);
		f->room = len * 2;
	}
	if (len < f->len)
		memset(f->data + len, 0, f->room - len);
	f->len = len;
}

/* Puts data where it belongs, whatever the size: a later change of that may show it. */
static void put(struct player *p, struct node *f, uint64_t at, const uint8_t *data, size_t len)
{
	size_t size = f->len;

	if (at + len > f->room) {
		resize(f, at + len);
		f->len = size;
	}
	for (size_t i = 0; i < len; i++)
		f->data[at + i] = data ? data[i] : (uint8_t)draw(p);
}

static void put_sectors(struct player *p, struct node *f, const struct disk_op *op,
			struct keeping k)
{
	for (size_t done = 0, len; done < op->len; done += len) {
		len = DISK_SECTOR - (op->at + done) % DISK_SECTOR;
		if (len > op->len - done)
			len = op->len - done;
		if (kept(p, k))
			put(p, f, op->at + done, op->data + done, len);
		else if (k.garbage && below(p, 8) < k.garbage)
			put(p, f, op->at + done, NULL, len);
	}
}

static void play_file(struct player *p, struct node *f, const struct disk_op *op, struct keeping k)
{
	if (op->what == DISK_SIZE) {
		if (kept(p, k))
			resize(f, op->at);
		return;
	}
	put_sectors(p, f, op, k);
	if (op->at + op->len > f->len && kept(p, k))
		resize(f, op->at + op->len);
}

static void set_name(struct folder *d, const char *name, unsigned int file)
{
	size_t i = 0;

	while (i < d->n && strcmp(d->entry[i].name, name))
		i++;
	if (i == d->n)
		memcpy(d->entry[d->n++].name, name, DISK_NAME);
	d->entry[i].file = file;
}

static void play_folder(struct folder *d, const struct disk_op *op)
{
	if (op->what == DISK_UNLINK || op->what == DISK_RENAME)
		set_name(d, op->name, DISK_FILES);
	if (op->what == DISK_LINK || op->what == DISK_RENAME)
		set_name(d, op->to, op->file);
	if (op->what == DISK_CREATE)
		set_name(d, op->name, op->file);
}

static void settle_file(struct player *p, struct node *f, struct keeping k)
{
	for (size_t i = 0; i < f->n; i++)
		play_file(p, f, &p->log->op[f->pending[i]], k);
	f->n = 0;
}

static void settle_folder(struct player *p, struct keeping k)
{
	for (size_t i = 0; i < p->n_pending; i++)
		if (kept(p, k))
			play_folder(&p->folder, &p->log->op[p->pending[i]]);
	p->n_pending = 0;
}

static void later(struct node *f, size_t i)
{
	if (f->n == f->n_room) {
		f->n_room = f->n_room ? f->n_room * 2 : 64;
		f->pending = realloc(f->pending, f->n_room * sizeof(*f->pending));
	}
	f->pending[f->n++] = i;
}

static void play(struct player *p, size_t i)
{
	static const struct keeping half = { 4, 0 };
	const struct disk_op *op = &p->log->op[i];
	struct node *f = &p->node[op->file];

	if (op->what == DISK_SYNC)
		settle_file(p, f, op->failed ? half : everything);
	else if (op->what == DISK_SYNC_DIR && op->failed)
		return;
	else if (op->what == DISK_SYNC_DIR)
		settle_folder(p, everything);
	else if (op->what < DISK_SYNC_DIR)
		p->pending[p->n_pending++] = i;
	else
		later(f, i);
}

static void settle(struct player *p, struct keeping k)
{
	for (size_t i = 0; i < DISK_FILES; i++)
		settle_file(p, &p->node[i], k);
	settle_folder(p, k);
}

/* The call in which the power goes. */
static void play_last(struct player *p, const struct disk_op *op, enum disk_version version)
{
	static const struct keeping some = { 4, 4 };
	struct disk_op part = *op;

	if (op->what != DISK_WRITE)
		return;
	if (version == DISK_TORN) {
		play_file(p, &p->node[op->file], op, some);
	} else if (version == DISK_PREFIX) {
		part.len = below(p, op->len);
		play_file(p, &p->node[op->file], &part, everything);
	}
}

static void take_image(const struct player *p, struct disk_image *image)
{
	image->n = 0;
	for (size_t i = 0; i < p->folder.n; i++) {
		const struct entry *e = &p->folder.entry[i];
		struct disk_file *to = &image->file[image->n];

		if (e->file == DISK_FILES)
			continue;
		memcpy(to->name, e->name, DISK_NAME);
		to->len = p->node[e->file].len;
		to->data = malloc(to->len + 1);
		if (to->len)
			memcpy(to->data, p->node[e->file].data, to->len);
		image->n++;
	}
}

void disk_cut(const struct disk_log *log, size_t n, enum disk_version version, uint64_t seed,
	      struct disk_image *image)
{
	struct player *p = calloc(1, sizeof(*p));
	struct keeping k = everything;
	bool any = version == DISK_SOME || version == DISK_GARBAGE;

	p->log = log;
	p->random = seed * 1000003 + n * 8 + (unsigned int)version;
	for (size_t i = 0; i < n; i++)
		play(p, i);
	if (any && n < log->n && log->op[n].what != DISK_SYNC && log->op[n].what != DISK_SYNC_DIR)
		play(p, n);
	if (any)
		k = (struct keeping){ 1 + below(p, 7), version == DISK_GARBAGE ? 3 : 0 };
	settle(p, version == DISK_LOST ? nothing : k);
	if (n < log->n)
		play_last(p, &log->op[n], version);
	take_image(p, image);
	for (size_t i = 0; i < DISK_FILES; i++) {
		free(p->node[i].data);
		free(p->node[i].pending);
	}
	free(p);
}
