/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seal.h - sealing of records and the root that ties them together.
 *
 * Every record is AES-256-GCM under a key derived (HKDF) from the card's secret
 * and a random salt of the store; kind, id, sequence number and format version
 * are bound in as associated data. A root record holds a keyed set hash over all
 * records (kind, id, sequence, tag), their number and the largest sequence
 * number, so a record that was swapped, removed, or put back from an older copy
 * of the file is noticed when the store is loaded. The format is in
 * docs/store.md.
 */
#ifndef HSM_SEAL_H
#define HSM_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store.h"

struct seal;

/* A sealed record on its way to the store; @data is malloc()ed. */
struct sealed {
	uint8_t *data;
	size_t len;
};

/*
 * Keys from @secret and @salt (32 bytes, from the META record). NULL without
 * memory or if the derivation failed.
 */
struct seal *seal_new(const void *secret, size_t secret_len, const uint8_t salt[32]);
/* The same with a key for the audit log, which never has a root. */
struct seal *seal_new_audit(const void *secret, size_t secret_len, const uint8_t salt[32]);
void seal_free(struct seal *s);

/* Bytes that sealing adds to a record. */
extern const size_t seal_overhead;

/* Seals @len bytes as record (@kind, @id) under the next sequence number. */
bool seal_record(struct seal *s, enum store_kind kind, uint64_t id, const void *plain, size_t len,
		 struct sealed *out);

/*
 * Opens a record. @plain: secret memory, secmem_free() it. False if a byte was
 * changed, the record stands under another kind or id, or the format is unknown.
 */
bool seal_open(struct seal *s, enum store_kind kind, uint64_t id, const void *data, size_t len,
	       uint8_t **plain, size_t *plain_len);

/* Goes on with sequence numbers behind that of a record that opened. */
void seal_go_on(struct seal *s, const void *data, size_t len);

/*
 * Loading: seal_load_add() for each record as it stands in the store, damaged or
 * not, then seal_load_root() with the root record (NULL for a store without one).
 * The result says whether the records are just those the root was made over.
 */
enum seal_verdict { SEAL_WHOLE, SEAL_NO_ROOT, SEAL_ROOT_DAMAGED, SEAL_SET_DIFFERS };
void seal_load_add(struct seal *s, enum store_kind kind, uint64_t id, const void *data, size_t len);
enum seal_verdict seal_load_root(struct seal *s, const void *data, size_t len);

/*
 * Takes in a transaction of somebody else who has the same secret and salt: one of @ops is the
 * root that was made over its records and those that were here. If it is not so nothing
 * changed. seal_root_abort() takes it back again.
 */
enum seal_verdict seal_take(struct seal *s, const struct store_op *ops, size_t n_ops);

/* store_hooks.seal and .abort; @opaque is the struct seal. */
int seal_root_hook(void *opaque, const struct store_txn *batch, const struct store_op **ops,
		   size_t *n_ops);
void seal_root_abort(void *opaque);

#endif /* HSM_SEAL_H */
