/* SPDX-License-Identifier: GPL-2.0-or-later */
/* measure.h - what is in a program: the digest that a card attests to. */
#ifndef HSM_PLATFORM_MEASURE_H
#define HSM_PLATFORM_MEASURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * SHA-256 over the bytes of the loadable segments (PT_LOAD) of the 64-bit little-endian ELF
 * file @path, in the order of its program headers, as they are in the file. Symbols and
 * debug information are not among them. False with a line in @err.
 */
bool measure_file(const char *path, uint8_t sha256[32], char *err, size_t err_len);

/* For fw_platform.measure: the program that runs. */
bool measure_self(void *opaque, uint8_t sha256[32]);

#endif /* HSM_PLATFORM_MEASURE_H */
