/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record.h - stored records, inside their seal: lists of TLVs. The formats are in
 * docs/hsm-firmware.rst, "Stored records".
 */
#ifndef HSM_RECORD_H
#define HSM_RECORD_H

#include "fw_int.h"

/* Ids of META records. */
#define RECORD_HEADER	0	/* not sealed */
#define RECORD_ROOT	1	/* seal.h */
#define RECORD_CARD	2
#define RECORD_IDENTITY	3	/* identity.h */
#define RECORD_AUDIT_SALT 4	/* not sealed; this and the next: audit.h */
#define RECORD_AUDIT_HEAD 5
#define RECORD_CLUSTER	6	/* replica.h; in a cluster's image: the position */
#define RECORD_DOUBT	7	/* funnel.h */
#define RECORD_DEBT(user) (1ull << 32 | (user))	/* wrong passwords, by user */

#define RECORD_SALT_LEN		32
#define RECORD_HEADER_LEN	(8 + RECORD_SALT_LEN)

/* A record being written, in secret memory. */
struct record {
	struct tlv_writer w;
};

/* False without memory; record_put_*() do it themselves. */
bool record_begin(struct record *rec, size_t room);
bool record_ok(const struct record *rec);
void record_free(struct record *rec);

void record_put_object(struct record *rec, const struct object *o);
/* SHA-256 of the record of @o; false without memory. */
bool record_hash(const struct object *o, uint8_t hash[32]);
void record_put_user(struct record *rec, const struct user_rec *u);
/* Wrong passwords of a user that the cluster does not know of. */
void record_put_debt(struct record *rec, uint32_t debt);
/* The card's serial and counters; fw.lock held. */
void record_put_card(struct record *rec, const struct fw *fw);
/* The same without the serial, as all cards of a cluster have it. */
void record_put_counters(struct record *rec, const struct fw *fw);
void record_put_header(uint8_t header[RECORD_HEADER_LEN], const uint8_t salt[RECORD_SALT_LEN]);

/* These check everything: false (NULL) for a record that makes no sense. */
struct object *record_get_object(uint64_t handle, const uint8_t *p, size_t len);
bool record_get_debt(uint32_t *debt, const uint8_t *p, size_t len);
bool record_get_user(struct user_rec *u, uint64_t id, const uint8_t *p, size_t len);

struct record_card {
	char serial[FW_SERIAL_MAX + 1];
	uint64_t next_handle;
	uint32_t next_user;
	uint32_t m_value[2];	/* of services 3 and 4; 0 = none */
};

/* Without serial if it is empty. */
void record_put_card_as(struct record *rec, const struct record_card *card);
bool record_get_card(struct record_card *card, const uint8_t *p, size_t len);
/* @salt points into @p. */
bool record_get_header(const uint8_t **salt, const uint8_t *p, size_t len);

#endif /* HSM_RECORD_H */
