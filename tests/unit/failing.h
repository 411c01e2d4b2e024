/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * failing.h - memory that runs out while the card works on a request. A test that uses it is
 * linked with the --wrap options of FAILING in the Makefile.
 */
#ifndef HSM_TEST_FAILING_H
#define HSM_TEST_FAILING_H

#include <stdbool.h>
#include <stdint.h>

enum failing { FAIL_ONE, FAIL_REST };	/* only that allocation, or all from it on */

/*
 * Before anything is allocated: the crypto library gets memory that fails only where
 * failing_library() says so. What it does without is its own; what the firmware does is ours.
 */
void failing_init(void);
void failing_library(bool too);

/*
 * From the next request with @opcode until failing_end(), the @n-th allocation (from 1) of
 * any thread fails. failing_end() returns whether there were as many.
 */
void failing_begin(uint16_t opcode, unsigned int n, enum failing how);
bool failing_end(void);
/* The same, from the next fw_new() on, once its self-test is done. */
void failing_new(unsigned int n, enum failing how);

#endif /* HSM_TEST_FAILING_H */
