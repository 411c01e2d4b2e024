// SPDX-License-Identifier: GPL-2.0-or-later
/* fuzzing.c - what the fuzz targets share. */
#include "fuzzing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "posix.h"
#include "tlv.h"

struct input input_bytes(struct input *in, size_t len)
{
	struct input piece = { in->p, len < in->left ? len : in->left };

	in->p += piece.left;
	in->left -= piece.left;
	return piece;
}

struct input input_piece(struct input *in)
{
	uint8_t len = input_u8(in);

	return input_bytes(in, len == 255 ? input_u16(in) : len);
}

uint64_t input_u64(struct input *in)
{
	struct input piece = input_bytes(in, 8);
	uint64_t v = 0;

	for (size_t i = 0; i < piece.left; i++)
		v |= (uint64_t)piece.p[i] << 8 * i;
	return v;
}

uint32_t input_u32(struct input *in)
{
	struct input piece = input_bytes(in, 4);

	return (uint32_t)input_u64(&piece);
}

uint16_t input_u16(struct input *in)
{
	struct input piece = input_bytes(in, 2);

	return (uint16_t)input_u64(&piece);
}

uint8_t input_u8(struct input *in)
{
	struct input piece = input_bytes(in, 1);

	return (uint8_t)input_u64(&piece);
}

size_t input_tlvs(struct input *in, const struct known_tag *tags, size_t n, uint8_t *out,
		  size_t room)
{
	struct tlv_writer w;

	tlv_write_init(&w, out, room);
	while (in->left) {
		uint8_t head = input_u8(in);
		size_t i = head & ~EXACT, size;
		struct input v;
		uint8_t *to;

		if (i >= n)
			break;
		v = input_piece(in);
		size = !(head & EXACT) && tags[i].size > v.left ? tags[i].size : v.left;
		to = tlv_reserve(&w, tags[i].tag, size);
		if (!to)
			break;
		memset(to, 0, size);
		if (v.left)
			memcpy(to, v.p, v.left);
	}
	return w.len;
}

void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "fuzz: %s\n", what);
	abort();
}

static void say_nothing(void *opaque, enum fw_log_level level, const char *line)
{
	(void)opaque;
	(void)level;
	(void)line;
}

const struct fw_platform *quiet_platform(void)
{
	static struct fw_platform quiet;

	quiet = fw_platform_posix;
	quiet.log = say_nothing;
	return &quiet;
}

const char *input_file(const void *p, size_t len)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0) {
		fd = memfd_create("input", MFD_CLOEXEC);
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	}
	must(fd >= 0 && !ftruncate(fd, 0) && pwrite(fd, p, len, 0) == (ssize_t)len, "no file");
	return path;
}

void hush(void)
{
	must(freopen("/dev/null", "w", stdout), "no /dev/null");
}
