/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * object.h - keys and the table that holds them.
 *
 * The table is guarded by fw.lock. An object itself does not change while it is
 * in the table, but for its state; so a reader needs the lock only to find it and
 * for as long as it looks at it. To change attributes a changed copy takes its
 * place (object_replace()). What takes time is done with object_copy().
 */
#ifndef HSM_OBJECT_H
#define HSM_OBJECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "index.h"

struct ctx;
struct key_cache;

enum object_state {
	/* On its way to the disk, or to as many nodes as it needs: invisible, its id is taken. */
	OBJECT_PENDING,
	OBJECT_LIVE,
	OBJECT_CHANGING,	/* its replacement is on the way to the disk: still usable */
	OBJECT_DELETING,	/* its deletion is on the way to the disk: still usable */
	OBJECT_ORPHAN,		/* CHANGING, but its session has ended: invisible */
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
	struct bytes label, id;
	struct bytes modulus;		/* RSA: modulus, EC: uncompressed point, DSA: y */
	struct bytes exponent;		/* RSA */
	struct bytes params;		/* key_numbers.h */
	struct bytes wrap_template, unwrap_template;	/* TLVs */
	struct bytes secret;		/* a value, or the TLVs of a private key's numbers */
	const uint32_t *shares;		/* user ids, ascending */
	size_t n_shares;
};

/* Indexes, those that find least first. */
enum object_index { BY_HANDLE, BY_ID, BY_MODULUS, BY_KCV, BY_LABEL, OBJECT_INDEXES };

struct object {
	struct object *prev, *next;	/* all keys, by ascending handle */
	struct index_node node[OBJECT_INDEXES];
	struct object *session_next, **session_prev;	/* session keys of one context */
	struct ctx *ctx;		/* whose session key it is; NULL = token key */
	uint64_t handle;
	uint64_t maker;			/* waits for nodes: the incarnation that makes it; 0 = no */
	uint8_t *secret;		/* secret memory */
	uint32_t *shares;
	uint32_t secret_len;
	uint32_t maker_node;
	uint32_t session;
	uint32_t owner;
	uint32_t flags;
	uint32_t value_len;
	uint16_t n_shares;
	uint16_t modulus_len;
	uint16_t params_len;
	uint16_t wrap_template_len;
	uint16_t unwrap_template_len;
	uint8_t exponent_len;
	uint8_t label_len;
	uint8_t id_len;
	uint8_t m_value;
	uint8_t kcv[3];
	uint8_t kind;
	uint8_t state;
	bool leaving;			/* pending, and about to go */
	atomic_bool warned;		/* about WRAP under a key that may DECRYPT */
	uint8_t data[];			/* label, id, modulus, exponent, params, templates */
};

/* NULL without memory. */
struct object *object_new(const struct object_init *init);
/* What @o is made of; points into it. */
void object_describe(const struct object *o, struct object_init *init);
/*
 * The same key under the same handle, outside the table, as it is or made of @init. NULL
 * without memory.
 */
struct object *object_again(const struct object *o, const struct object_init *init);
struct object *object_copy(const struct object *o);
/* Wipes; NULL is allowed. Not while it is in a table. */
void object_free(struct object *o);

struct bytes object_label(const struct object *o);
struct bytes object_id(const struct object *o);
struct bytes object_modulus(const struct object *o);
struct bytes object_exponent(const struct object *o);
struct bytes object_params(const struct object *o);
struct bytes object_wrap_template(const struct object *o);
struct bytes object_unwrap_template(const struct object *o);
bool object_flag(const struct object *o, enum attr_bit bit);
bool object_shared_with(const struct object *o, uint32_t user);

/* Bytes of object memory, without the secret. */
size_t object_size(const struct object *o);

/* A record of a key that did not open; in secret memory, since a hash tells a short key. */
struct damaged_key {
	uint64_t handle;
	bool expected;		/* @hash is known */
	uint8_t hash[32];	/* record_hash() of the key as the cluster has it */
};

struct object_table {
	struct object *first, *last;
	struct index index[OBJECT_INDEXES];
	struct key_cache *prepared;	/* forgets keys that go; NULL is allowed */
	uint64_t seed;
	uint64_t next_handle;
	uint64_t next_session;	/* handle of the next session key; 0: they take next_handle */
	size_t bytes;		/* also of keys that wait to come into the table */
	size_t live;		/* keys that are not pending */
	size_t making;		/* keys that wait for nodes */
	struct damaged_key *damaged;	/* by ascending handle */
	size_t n_damaged;
};

/*
 * In a cluster node n gives its session keys handles from (n + 1) << OBJECT_SESSION_BITS on;
 * one that becomes a token key keeps it. All others are below 1 << OBJECT_SESSION_BITS.
 */
#define OBJECT_SESSION_BITS	31

/* Bytes that all objects together may take (object_size()). */
#define OBJECT_BUDGET ((size_t)1 << 30)

bool object_table_init(struct object_table *t, uint64_t seed);
/* Frees every object. */
void object_table_free(struct object_table *t);

/* Inserts @o at its place by o->handle, which no other one has; it is live unless pending. */
void object_insert(struct object_table *t, struct object *o);
/* Takes @o out of the table, the indexes and its context's list; does not free it. */
void object_remove(struct object_table *t, struct object *o);
/* Takes @o out of its context's list, if it is in one. */
void object_leave_session(struct object *o);
/*
 * Puts @o, which has the same handle, in the place of @old, which it frees; as a live key,
 * or a pending one if it waits for nodes.
 */
void object_replace(struct object_table *t, struct object *old, struct object *o);
/* Makes a pending object visible, unless it waits for nodes. */
void object_go_live(struct object_table *t, struct object *o);

/* Marks @o, which is in the table, as one that waits for nodes; @maker 0: it does no more. */
void object_set_maker(struct object_table *t, struct object *o, uint32_t node, uint64_t maker);

struct object *object_by_handle(const struct object_table *t, uint64_t handle);
bool object_id_taken(const struct object_table *t, struct bytes id);

/* False without memory; a handle is added once. */
bool object_add_damaged(struct object_table *t, uint64_t handle);
/* NULL: it is not. */
struct damaged_key *object_damaged(const struct object_table *t, uint64_t handle);
/* Its record was written again, or is gone: false if it was not damaged. */
bool object_mend(struct object_table *t, uint64_t handle);

/*
 * Candidates of a search, in any order: all keys with the same hash of what is
 * looked up. Start with @last NULL; NULL at the end. The caller compares everything.
 */
const struct object *object_candidate(const struct object_table *t, enum object_index by,
				      struct bytes key, const struct object *last);

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len && (!a.len || !__builtin_memcmp(a.p, b.p, a.len));
}

#endif /* HSM_OBJECT_H */
