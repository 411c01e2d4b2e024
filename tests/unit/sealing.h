/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sealing.h - a seal for tests, and what is in a sealed record. */
#ifndef TESTS_SEALING_H
#define TESTS_SEALING_H

#include <stdbool.h>
#include <stdint.h>

#include "seal.h"

extern const uint8_t seal_salt[32];

/* A seal under a fixed secret and seal_salt. */
struct seal *new_seal(void);

/* Whether @rec opens as record @id of @kind; then it holds the text @want. */
bool opens(struct seal *s, enum store_kind kind, uint64_t id, const struct sealed *rec,
	   const char *want);

#endif /* TESTS_SEALING_H */
