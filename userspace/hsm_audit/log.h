/* SPDX-License-Identifier: GPL-2.0-or-later */
/* log.h - exported audit logs: taking them apart, checking them, printing them. */
#ifndef HSM_AUDIT_LOG_H
#define HSM_AUDIT_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/types.h>
#include "hsm/hsm_audit.h"
#include "hsm/hsm_cmd.h"

#define REC_LEN		sizeof(struct hsm_audit_rec)

struct part {
	const uint8_t *p;
	size_t len;
};

/* Points into the bytes of the file. */
struct log {
	size_t n;			/* records */
	const uint8_t *recs;
	struct hsm_audit_head head;
	struct part signature, hardware, root;
};

/* What the one who checks knows besides; all zero = nothing. */
struct expected {
	struct part root;		/* manufacturer root, DER: else the one of the file is taken */
	const char *serial;
	const uint8_t *nonce;		/* HSM_NONCE_LEN bytes */
	const struct log *older;	/* an export of the same card that was checked before */
};

/* Takes @len bytes at @p apart; NULL, or what is wrong. */
const char *log_parse(struct log *log, const uint8_t *p, size_t len);

/* The record @i, in host byte order but for its byte arrays. */
void log_record(const struct log *log, size_t i, struct hsm_audit_rec *rec);

/*
 * Looks at every byte. NULL if the log is whole, in order, and just what the card vouches
 * for; else a line in @why (@room bytes), which is returned.
 */
const char *log_check(const struct log *log, const struct expected *want, char *why, size_t room);

/* Prints the record in the form of the vendor's log. */
void log_print(FILE *out, const struct hsm_audit_rec *rec);

#endif /* HSM_AUDIT_LOG_H */
