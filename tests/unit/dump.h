/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dump.h - a key's attributes and inside, for the tests of making keys. */
#ifndef HSM_TEST_DUMP_H
#define HSM_TEST_DUMP_H

#include "fixture.h"
#include "fw_int.h"

/* An attribute that ALL gives; -1 = not a fixed number. */
struct dump_line {
	uint32_t number;
	long value;
};

/* ALL of the key gives just these @n, in this order. */
void check_all(struct card *c, uint64_t handle, const struct dump_line *e, size_t n);
void check_kcv(struct card *c, uint64_t h, const uint8_t want[3]);
/* The key as the firmware holds it. */
const struct object *peek(struct card *c, uint64_t handle);

#endif /* HSM_TEST_DUMP_H */
