/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vector.h - test vectors written as hex strings. */
#ifndef TESTS_VECTOR_H
#define TESTS_VECTOR_H

#include <stddef.h>
#include <stdint.h>

/* Bytes of @hex, in one of a few static buffers of 1280 bytes; their number in @len. */
const uint8_t *unhex(const char *hex, size_t *len);

/* cmocka assertion: @got is the @hex. */
void assert_hex(const uint8_t *got, const char *hex);

#endif /* TESTS_VECTOR_H */
