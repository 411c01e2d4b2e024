/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fuzzing.h - what the fuzz targets share: a cursor over the input, and ways to fail. */
#ifndef FUZZING_H
#define FUZZING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fw.h"

#define COUNT(a)	(sizeof(a) / sizeof((a)[0]))

/* libFuzzer's entries of a target. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* What is left of an input. Behind its end there are zeros. */
struct input {
	const uint8_t *p;
	size_t left;
};

uint8_t input_u8(struct input *in);
uint16_t input_u16(struct input *in);
uint32_t input_u32(struct input *in);
uint64_t input_u64(struct input *in);
/* The next @len bytes, or all that are left if there are not so many. */
struct input input_bytes(struct input *in, size_t len);
/* The same, @len from the next byte or, if that is 255, from the two behind it. */
struct input input_piece(struct input *in);

/*
 * TLVs out of a shorter list: a tag (1 byte, its place in @tags; EXACT besides; the first that
 * is none ends the list), and a value (input_piece()), with zeros behind it up to the size that
 * the tag wants, unless EXACT. Returns the bytes written to @out, which has room for @room.
 */
#define EXACT	0x80
struct known_tag {
	uint32_t tag, size;
};
size_t input_tlvs(struct input *in, const struct known_tag *tags, size_t n, uint8_t *out,
		  size_t room);

/* Ends the run with a line if not @ok: a find. */
void must(bool ok, const char *what);

/* The POSIX platform, which says nothing. */
const struct fw_platform *quiet_platform(void);

/* The input as a file in memory: its path, valid until the next call. */
const char *input_file(const void *p, size_t len);

/* From now on nothing is seen of what the process prints on standard output. */
void hush(void);

#endif /* FUZZING_H */
