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

/* How many checks have failed in it so far. */
unsigned int check_wrong(void);

/* The last line of a program; returns its exit status. */
int check_end(const char *name);

/* kill.c: SIGKILL at random moments; every acknowledged change is there, none half. */
void test_kill(const struct crash *cr);
/* clear.c: no key, label or password stands in the store's files. */
void test_clear(const struct crash *cr);
/* damage.c: flipped, removed and old records. */
void test_damage(const struct crash *cr);

/*
 * chain.c: a chain of audit records, as far as it was gone along, from the first record of
 * the card @serial on. False, and told, for one that does not follow.
 */
struct chain {
	uint64_t next;		/* number of the next record */
	uint8_t hash[32];	/* of the one before it */
};
struct hsm_audit_rec;
void chain_begin(struct chain *ch, const char *serial);
bool chain_take(struct chain *ch, const struct hsm_audit_rec *rec);

/* Reads on in the audit log; and whether it has told of key @handle yet. */
struct client;
void check_chain(struct client *c);
bool chain_tells_of(uint64_t handle);

#endif /* CRASH_CHECK_H */
