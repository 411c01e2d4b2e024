// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_nvme.c - 512-byte reads of a block device, past the page cache, one at a
 * time per thread: the peer of a round trip of the card.
 *
 *	bench_nvme DEVICE THREADS SECONDS
 */
#define _GNU_SOURCE
#include "bench.h"

#include <fcntl.h>

#define BLOCK	512
#define BLOCKS	2048	/* read from the first MiB */

static const char *device;

struct reader {
	int fd;
	void *buf;
	uint32_t next;
};

static void *reader_open(int index)
{
	struct reader *r = need(calloc(1, sizeof(*r)));

	r->fd = open(device, O_RDONLY | O_DIRECT);
	if (r->fd < 0 || posix_memalign(&r->buf, 4096, BLOCK))
		die("%s: %s", device, strerror(errno));
	r->next = (uint32_t)index;
	return r;
}

static void reader_close(void *state)
{
	struct reader *r = state;

	close(r->fd);
	free(r->buf);
	free(r);
}

static void op_read(void *state)
{
	struct reader *r = state;

	r->next = r->next * 1664525 + 1013904223;
	if (pread(r->fd, r->buf, BLOCK, (off_t)(r->next % BLOCKS) * BLOCK) != BLOCK)
		die("read %s: %s", device, strerror(errno));
}

int main(int argc, char **argv)
{
	static const struct work work = { reader_open, op_read, reader_close };

	if (argc != 4)
		die("usage: bench_nvme DEVICE THREADS SECONDS");
	device = argv[1];
	run_timed("nvme", "read512", atoi(argv[2]), atof(argv[3]), &work);
	return 0;
}
