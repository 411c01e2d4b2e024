/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * object.h - keys and the table that holds them.
 *
 * The table is guarded by fw.lock. An object itself does not change while it is
 * in the table, but for its state; so a reader needs the lock only to find it and
 * for as long as it looks at it.
 */
#ifndef HSM_OBJECT_H
#define HSM_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "index.h"

struct ctx;

enum object_state {
	OBJECT_PENDING,		/* on its way to the disk: invisible, its id is taken */
	OBJECT_LIVE,
	OBJECT_DELETING,	/* its deletion is on the way to the disk: still usable */
};

struct bytes {
	const uint8_t *p;
	size_t len;
};

/* What a key is made of. Everything is copied. */
struct object_init {
	enum key_kind kind;
	uint32_t flags;			/* 1 << enum attr_bit */
	uint32_t owner;
	uint32_t value_len;
	uint8_t m_value;
	uint8_t kcv[3];
	struct bytes label, id, modulus, exponent;
	struct bytes secret;		/* a value, or the TLVs of a private key's numbers */
	const uint32_t *shares;		/* user ids, ascending */
	size_t n_shares;
};

struct object {
	struct object *prev, *next;	/* all keys, by ascending handle */
	struct index_node by_handle, by_label, by_id;
	struct object *session_next, **session_prev;	/* session keys of one context */
	struct ctx *ctx;		/* whose session key it is; NULL = token key */
	uint64_t handle;
	uint8_t *secret;		/* secret memory */
	uint32_t *shares;
	uint32_t secret_len;
	uint32_t session;
	uint32_t owner;
	uint32_t flags;
	uint32_t value_len;
	uint16_t n_shares;
	uint16_t modulus_len;
	uint8_t exponent_len;
	uint8_t label_len;
	uint8_t id_len;
	uint8_t m_value;
	uint8_t kcv[3];
	uint8_t kind;
	uint8_t state;
	uint8_t data[];			/* label, id, modulus, exponent */
};

/* NULL without memory. */
struct object *object_new(const struct object_init *init);
/* Wipes; NULL is allowed. Not while it is in a table. */
void object_free(struct object *o);

struct bytes object_label(const struct object *o);
struct bytes object_id(const struct object *o);
struct bytes object_modulus(const struct object *o);
struct bytes object_exponent(const struct object *o);
bool object_flag(const struct object *o, enum attr_bit bit);
bool object_shared_with(const struct object *o, uint32_t user);

/* Bytes of object memory, without the secret. */
size_t object_size(const struct object *o);

struct object_table {
	struct object *first, *last;
	struct index by_handle, by_label, by_id;
	uint64_t seed;
	uint64_t next_handle;
	size_t bytes;
	size_t live;		/* keys that are not pending */
	uint64_t *damaged;	/* handles of refused records, ascending */
	size_t n_damaged;
};

/* Bytes that all objects together may take (object_size()). */
#define OBJECT_BUDGET ((size_t)1 << 30)

bool object_table_init(struct object_table *t, uint64_t seed);
/* Frees every object. */
void object_table_free(struct object_table *t);

/* Inserts @o with o->handle, which is above all others. */
void object_insert(struct object_table *t, struct object *o);
/* Takes @o out of the table, the indexes and its context's list; does not free it. */
void object_remove(struct object_table *t, struct object *o);
/* Makes a pending object visible. */
void object_go_live(struct object_table *t, struct object *o);

struct object *object_by_handle(const struct object_table *t, uint64_t handle);
bool object_id_taken(const struct object_table *t, struct bytes id);

bool object_add_damaged(struct object_table *t, uint64_t handle);
bool object_is_damaged(const struct object_table *t, uint64_t handle);

/*
 * Candidates of a search, in any order: by id, else by label, else all. Start with
 * a zeroed cursor; NULL at the end. The caller compares everything.
 */
struct object_cursor {
	const struct object *last;
	bool begun;
};
const struct object *object_candidate(const struct object_table *t, const struct bytes *label,
				      const struct bytes *id, struct object_cursor *c);

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (!a.len || !__builtin_memcmp(a.p, b.p, a.len));
}

#endif /* HSM_OBJECT_H */
