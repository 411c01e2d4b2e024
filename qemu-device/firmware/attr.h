/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attr.h - what kinds of key there are, which attributes each has, with what value it
 * is born, what may be asked of it at birth, who may change it and in which direction.
 * The one table for creating, reading, changing and finding keys.
 */
#ifndef HSM_ATTR_H
#define HSM_ATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes;
struct object;
struct tlv_writer;

enum key_kind {
	KIND_AES,
	KIND_DES3,
	KIND_GENERIC,
	KIND_RC4,
	KIND_RSA_PUBLIC,
	KIND_RSA_PRIVATE,
	KIND_EC_PUBLIC,
	KIND_EC_PRIVATE,
	KIND_DSA_PUBLIC,
	KIND_DSA_PRIVATE,
	KINDS
};

struct kind_def {
	uint32_t class;		/* HSM_KEY_CLASS_* */
	uint32_t key_type;	/* HSM_KEY_* */
	/* Bytes; bits of an RSA or DSA modulus; 0 for EC, where the curve tells. */
	uint32_t size_min, size_max, size_step;
	bool fips;		/* may be made in FIPS mode */
};

extern const struct kind_def key_kinds[KINDS];

/* The kind of @class and @key_type, or KINDS. */
enum key_kind key_kind_of(uint32_t class, uint32_t key_type);
bool key_size_ok(enum key_kind kind, uint32_t size);

/* Boolean attributes: bits of object.flags. The numbers are stored: never renumber. */
enum attr_bit {
	BIT_TOKEN = 0,
	BIT_PRIVATE = 1,
	BIT_ENCRYPT = 2,
	BIT_DECRYPT = 3,
	BIT_WRAP = 4,
	BIT_UNWRAP = 5,
	BIT_SIGN = 6,
	BIT_VERIFY = 7,
	BIT_LOCAL = 8,
	BIT_SENSITIVE = 9,
	BIT_EXTRACTABLE = 10,
	BIT_TRUSTED = 11,
	BIT_WRAP_WITH_TRUSTED = 12,
	BIT_DESTROYABLE = 13,
	BIT_DERIVE = 14,
	BIT_ALWAYS_SENSITIVE = 15,
	BIT_NEVER_EXTRACTABLE = 16,
	/* No attributes: what the key ever was, in the order of ENCRYPT to UNWRAP. */
	BIT_WAS_ENCRYPT = 17,
	BIT_WAS_DECRYPT = 18,
	BIT_WAS_WRAP = 19,
	BIT_WAS_UNWRAP = 20,
	ATTR_BITS
};

/* What a new key is asked to be: booleans that somebody named, and their values. */
struct attr_wish {
	bool local;		/* made in the card */
	bool strict;		/* the policy of the card */
	uint32_t asked, values;	/* 1 << enum attr_bit */
};

/* Flags of a new key of @kind; the wish has passed attr_check_birth(). */
uint32_t attr_birth_flags(enum key_kind kind, const struct attr_wish *wish);

/*
 * Whether keys of these @n kinds, one or the halves of a pair, can be born so:
 * BAD_ATTRIBUTE, STRICT_POLICY, and the number of the attribute.
 */
int attr_check_birth(const enum key_kind *kinds, size_t n, const struct attr_wish *wish,
		     uint32_t *bad);

/* The boolean under @number that can be asked for at birth. */
bool attr_wish_bit(uint32_t number, enum attr_bit *bit);

/* Who changes an attribute. */
enum attr_who { WHO_NOBODY, WHO_OWNER, WHO_OFFICER };

/* New values, to be put into a copy of the key. */
struct attr_edit {
	uint32_t flags;
	const uint8_t *label, *wrap_template, *unwrap_template;	/* NULL = as it was */
	size_t label_len, wrap_template_len, unwrap_template_len;
	bool changed;
};

/*
 * Adds "@number becomes @value" to @edit, which starts with the flags of @o and zeros.
 * ATTRIBUTE_FIXED, BAD_ATTRIBUTE, STRICT_POLICY. The value it has is no change.
 */
int attr_set(const struct object *o, struct attr_edit *edit, uint32_t number,
	     const struct bytes *value, enum attr_who who, bool strict);

/*
 * Whether the strict policy lets @flags of a key of @kind have @bit (ENCRYPT, DECRYPT,
 * WRAP, UNWRAP), for what it is and ever was.
 */
bool attr_strict_ok(enum key_kind kind, uint32_t flags, enum attr_bit bit);

/* Writes attribute @number of @o; false if the key has not got it. */
bool attr_write(const struct object *o, uint32_t number, struct tlv_writer *w);
/* Writes all that ALL gives, in order. */
void attr_write_all(const struct object *o, struct tlv_writer *w);

#endif /* HSM_ATTR_H */
