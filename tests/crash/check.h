/* SPDX-License-Identifier: GPL-2.0-or-later */
/* check.h - the crash tests and how they report. */
#ifndef CRASH_CHECK_H
#define CRASH_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where and how the tests run. */
struct crash {
	const char *writer;	/* the program crash_writer */
	const char *dir;	/* for stores; exists, ends up full of them */
	unsigned int rounds;	/* how many kills */
	unsigned int seed;
};

/* Tells of something wrong in the case that is running. Returns @ok. */
__attribute__((format(printf, 2, 3)))
bool check(bool ok, const char *fmt, ...);

/* Ends a case: one line, counted as passed if no check failed in it. */
__attribute__((format(printf, 1, 2)))
void end_case(const char *fmt, ...);

/* kill.c: SIGKILL at random moments; every acknowledged change is there, none half. */
void test_kill(const struct crash *cr);
/* clear.c: no key, label or password stands in the store's files. */
void test_clear(const struct crash *cr);
/* damage.c: flipped, removed and old records. */
void test_damage(const struct crash *cr);

/* chain.c: reads on in the audit log; and whether it has told of key @handle yet. */
struct client;
void check_chain(struct client *c);
bool chain_tells_of(uint64_t handle);

#endif /* CRASH_CHECK_H */
