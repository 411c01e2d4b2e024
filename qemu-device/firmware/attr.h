/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attr.h - what kinds of key there are, which attributes each has, and with what
 * value it is born. The one table for creating, reading and finding keys.
 */
#ifndef HSM_ATTR_H
#define HSM_ATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct object;
struct tlv_writer;

enum key_kind {
	KIND_AES,
	KIND_DES3,
	KIND_GENERIC,
	KIND_RC4,
	KIND_RSA_PUBLIC,
	KIND_RSA_PRIVATE,
	KINDS
};

struct kind_def {
	uint32_t class;		/* HSM_KEY_CLASS_* */
	uint32_t key_type;	/* HSM_KEY_* */
	uint32_t size_min, size_max, size_step;	/* bytes, or bits of an RSA modulus */
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
};

/* Flags of a new key of @kind that was made in the card. */
uint32_t attr_birth_flags(enum key_kind kind, bool token, bool extractable);

/* Writes attribute @number of @o; false if the key has not got it. */
bool attr_write(const struct object *o, uint32_t number, struct tlv_writer *w);
/* Writes all that ALL gives, in order. */
void attr_write_all(const struct object *o, struct tlv_writer *w);

#endif /* HSM_ATTR_H */
