/* SPDX-License-Identifier: GPL-2.0-or-later */
/* audit_int.h - what the files of the audit log share. */
#ifndef HSM_FW_AUDIT_INT_H
#define HSM_FW_AUDIT_INT_H

#include "audit.h"
#include "fw_int.h"

#define AUDIT_REC_LEN	sizeof(struct hsm_audit_rec)
#define AUDIT_HASHED	(AUDIT_REC_LEN - HSM_DIGEST_LEN)	/* bytes that the hash is over */
#define AUDIT_HEAD_LEN	(8 + 4 + HSM_DIGEST_LEN)	/* as stored: next, reboot counter, hash */

/* A place between two records: number of the next, hash of the one before. */
struct audit_point {
	uint64_t next;
	uint8_t hash[HSM_DIGEST_LEN];
};

struct audit {
	struct seal *seal;		/* of records and head */
	uint8_t salt[AUDIT_SALT_LEN];
	uint32_t reboot;
	void *lock;			/* of there; the innermost */
	struct audit_point there;	/* where the stored log ends */
	/* The rest is the commit thread's. */
	struct audit_point coming;	/* where it will end with the batch under way */
	bool pending;			/* there is such a batch, and it was not aborted */
	bool stored;			/* the salt is */
	struct seal *root_seal, *old_seal;	/* of the other records: now, and before the batch */
	struct sealed *sealed;
	struct store_op *ops;		/* salt, records, head, root */
	size_t n_ops, room;
};

/* Moves @hash on by the record. */
bool audit_chain(uint8_t hash[HSM_DIGEST_LEN], const uint8_t rec[AUDIT_REC_LEN]);

#endif /* HSM_FW_AUDIT_INT_H */
