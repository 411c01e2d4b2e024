/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cmd_key.h - what the commands that make keys share (cmd_key_new.c, cmd_key_install.c).
 *
 * The road of a new key: new_key_begin(); attributes from wherever they come,
 * new_key_add() or new_key_add_list(); new_key_args() for those of the request;
 * new_key_check() once the kind is known; an object by new_key_init() or
 * new_key_from_value(); new_key_install().
 */
#ifndef HSM_CMD_KEY_H
#define HSM_CMD_KEY_H

#include "policy.h"
#include "crypto_key.h"

struct change;

/* What a new key is asked to be. */
struct new_key {
	bool local;		/* made in the card, not imported */
	bool named_class, named_type;
	uint32_t class, key_type;	/* HSM_KEY_*, if somebody named them */
	uint32_t asked;		/* 1 << enum attr_bit: what somebody named */
	uint32_t values;	/* of those */
	struct bytes label, id;	/* not copied; len 0 = nobody named it */
	uint8_t m_value;
	uint32_t n_shares;
	uint32_t shares[HSM_USERS_MAX];		/* ascending */
};

void new_key_begin(struct new_key *k, bool local);

/*
 * Adds one attribute: CLASS, KEY_TYPE, LABEL, ID, or a boolean that can be asked for
 * (attr.c); other tags are ignored. One that has another value already is
 * TEMPLATE_CONFLICT, with bad tag; the same value again is nothing new.
 */
int new_key_add(struct call *c, struct new_key *k, const struct tlv *t);
/* The same for a list of TLVs. */
int new_key_add_list(struct call *c, struct new_key *k, struct bytes tlvs);

/*
 * Adds all of the request: attributes, shares, quorum; then looks whether the id is
 * taken.
 */
int new_key_args(struct call *c, struct new_key *k);

/*
 * MIN_SRV, TIMEOUT_S: more nodes than the cluster has are INVALID_INPUT. ATTEST_NONCE: as
 * attest_ready(). No lock.
 */
int new_key_available(struct call *c);

/*
 * Whether keys of these @n kinds (1, or the halves of a pair) may have what is asked
 * for, under the policy of this card: BAD_ATTRIBUTE, STRICT_POLICY, with bad tag. Then
 * new_key_available().
 */
int new_key_check(struct call *c, const struct new_key *k, const enum key_kind *kinds, size_t n);

/* Fills what does not depend on the value. Shares and m value: secret and private keys only. */
void new_key_init(const struct call *c, const struct new_key *k, enum key_kind kind,
		  struct object_init *init);

/*
 * Makes the object of an imported key: @value is the raw value of a secret key, or
 * the PKCS#8 DER of a private one. Computes KCV and VALUE_LEN. Everything that is
 * wrong inside (size, DER, another key type) is BAD_PKCS_DATA; FIPS rules for the
 * kind and the curve come first and last: FIPS_VIOLATION. Slow: no lock.
 */
int new_key_from_value(struct call *c, const struct new_key *k, enum key_kind kind,
		       struct bytes value, struct object **out);

/* The same for numbers that are there, of a private or public key; @init by new_key_init(). */
int new_key_from_numbers(struct call *c, const struct fc_numbers *n, struct object_init *init,
			 struct object **out);

/* KCV of a secret key; false if the library failed. */
bool key_check_value(enum key_kind kind, struct bytes value, uint8_t kcv[FC_KCV_LEN]);

/* FIPS_VIOLATION if keys of @kind (and @curve, for EC) may not be made or imported here. */
int new_key_fips(const struct call *c, enum key_kind kind, uint32_t curve);

/*
 * Puts @n keys into the card, as session keys or by a change, and answers HANDLE, or
 * HANDLE_PUBLIC and HANDLE_PRIVATE of two; takes them over in any case. @keys may
 * hold NULL: then it is NO_MEMORY.
 */
int new_key_install(struct call *c, struct object *const *keys, size_t n);

/*
 * The key that @tag (HANDLE, WRAP_HANDLE) of the call names, if the caller has the
 * right to it; else a status, with bad tag. fw.lock held. Includes call_recheck().
 */
int key_find(struct call *c, uint32_t tag, enum key_right right, struct object **found);
/* The same for the key @handle, which @tag named. */
int key_find_handle(struct call *c, uint32_t tag, uint64_t handle, enum key_right right,
		    struct object **found);

/*
 * Changes of a key that is there, HANDLE of the call (cmd_key_set.c). key_propose(): what
 * @prepare does when its turn comes (change.h), once it is clear that it can be asked for
 * at all. For @prepare, fw.lock held for writing: key_find_to_change() as key_find(), a key
 * that is being deleted is gone; key_replace() takes @o over and puts it in the place of
 * @old, by the store or, if it stays a session key, at once. NULL is NO_MEMORY.
 */
int key_propose(struct call *c, enum key_right right, int (*prepare)(struct change *ch));
int key_find_to_change(struct call *c, enum key_right right, struct object **o);
int key_replace(struct change *ch, struct object *old, struct object *o);

#endif /* HSM_CMD_KEY_H */
