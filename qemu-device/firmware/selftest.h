/* SPDX-License-Identifier: GPL-2.0-or-later */
/* selftest.h - what the files of the self-tests share. For selftest*.c. */
#ifndef HSM_SELFTEST_H
#define HSM_SELFTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct selftest {
	const char *name;
	/*
	 * Computes an answer, which @spoil changes before it is looked at: what then
	 * follows is what would follow from a primitive gone wrong.
	 */
	bool (*run)(bool spoil);
};

/* Changes @got if @spoil; then whether it is @want. */
bool selftest_answer(uint8_t *got, const uint8_t *want, size_t len, bool spoil);

/* selftest.c: the primitives; selftest_key.c: what uses keys. Each ends with a name of NULL. */
extern const struct selftest selftests[], selftests_key[];

#endif /* HSM_SELFTEST_H */
