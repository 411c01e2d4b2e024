// SPDX-License-Identifier: GPL-2.0-or-later
/* attr.c - the table of key kinds and attributes. */
#include "attr.h"

#include "hsm/hsm_cmd.h"
#include "object.h"
#include "tlv.h"

const struct kind_def key_kinds[KINDS] = {
	[KIND_AES] = { HSM_KEY_CLASS_SECRET, HSM_KEY_AES, 16, 32, 8, true },
	[KIND_DES3] = { HSM_KEY_CLASS_SECRET, HSM_KEY_DES3, 24, 24, 8, false },
	[KIND_GENERIC] = { HSM_KEY_CLASS_SECRET, HSM_KEY_GENERIC, 1, HSM_GENERIC_MAX, 1, true },
	[KIND_RC4] = { HSM_KEY_CLASS_SECRET, HSM_KEY_RC4, 1, 256, 1, false },
	[KIND_RSA_PUBLIC] = { HSM_KEY_CLASS_PUBLIC, HSM_KEY_RSA, HSM_RSA_BITS_MIN,
			      HSM_RSA_BITS_MAX, 256, true },
	[KIND_RSA_PRIVATE] = { HSM_KEY_CLASS_PRIVATE, HSM_KEY_RSA, HSM_RSA_BITS_MIN,
			       HSM_RSA_BITS_MAX, 256, true },
};

enum key_kind key_kind_of(uint32_t class, uint32_t key_type)
{
	size_t i;

	for (i = 0; i < KINDS; i++) {
		if (key_kinds[i].class == class && key_kinds[i].key_type == key_type)
			break;
	}
	return (enum key_kind)i;
}

bool key_size_ok(enum key_kind kind, uint32_t size)
{
	const struct kind_def *k = &key_kinds[kind];

	return size >= k->size_min && size <= k->size_max &&
	       !((size - k->size_min) % k->size_step);
}

static struct bytes le32_bytes(uint32_t v, uint8_t scratch[4])
{
	put_le32(scratch, v);
	return (struct bytes){ scratch, 4 };
}

static struct bytes get_class(const struct object *o, uint8_t scratch[4])
{
	return le32_bytes(key_kinds[o->kind].class, scratch);
}

static struct bytes get_key_type(const struct object *o, uint8_t scratch[4])
{
	return le32_bytes(key_kinds[o->kind].key_type, scratch);
}

static struct bytes get_label(const struct object *o, uint8_t scratch[4])
{
	(void)scratch;
	return object_label(o);
}

static struct bytes get_id(const struct object *o, uint8_t scratch[4])
{
	(void)scratch;
	return object_id(o);
}

static struct bytes get_value_len(const struct object *o, uint8_t scratch[4])
{
	return le32_bytes(o->value_len, scratch);
}

static struct bytes get_kcv(const struct object *o, uint8_t scratch[4])
{
	(void)scratch;
	return (struct bytes){ o->kcv, sizeof(o->kcv) };
}

static struct bytes get_modulus(const struct object *o, uint8_t scratch[4])
{
	(void)scratch;
	return object_modulus(o);
}

/* Every modulus that is made or loaded has its top bit set. */
static struct bytes get_modulus_bits(const struct object *o, uint8_t scratch[4])
{
	return le32_bytes(o->modulus_len * 8u, scratch);
}

static struct bytes get_exponent(const struct object *o, uint8_t scratch[4])
{
	(void)scratch;
	return object_exponent(o);
}

/*
 * Per kind, in the order of enum key_kind: '0' and '1' value at birth; 't' as TOKEN
 * and 'x' as EXTRACTABLE was asked for, 'n' the opposite of 'x'; '*' any; '-' the
 * key has not got it. @by_number: kinds for which ALL leaves it out.
 */
struct attr_def {
	uint32_t number;
	struct bytes (*get)(const struct object *o, uint8_t scratch[4]);	/* NULL: boolean */
	enum attr_bit bit;
	char birth[KINDS + 1];
	uint32_t by_number;
};

#define SECRETS (1u << KIND_AES | 1u << KIND_DES3 | 1u << KIND_GENERIC | 1u << KIND_RC4)

/* In the order of the vendor's attribute files. */
static const struct attr_def attrs[] = {
	/* AES, DES3, generic, RC4, RSA public, RSA private */
	{ HSM_ATTR_CLASS, get_class, 0,			  "******", 0 },
	{ HSM_ATTR_KEY_TYPE, get_key_type, 0,		  "******", 0 },
	{ HSM_ATTR_TOKEN, NULL, BIT_TOKEN,		  "tttttt", 0 },
	{ HSM_ATTR_PRIVATE, NULL, BIT_PRIVATE,		  "111111", 0 },
	{ HSM_ATTR_ENCRYPT, NULL, BIT_ENCRYPT,		  "111110", 0 },
	{ HSM_ATTR_DECRYPT, NULL, BIT_DECRYPT,		  "111101", 0 },
	{ HSM_ATTR_WRAP, NULL, BIT_WRAP,		  "100010", 0 },
	{ HSM_ATTR_UNWRAP, NULL, BIT_UNWRAP,		  "100001", 0 },
	{ HSM_ATTR_SIGN, NULL, BIT_SIGN,		  "000001", 0 },
	{ HSM_ATTR_VERIFY, NULL, BIT_VERIFY,		  "000010", 0 },
	{ HSM_ATTR_LOCAL, NULL, BIT_LOCAL,		  "111111", 0 },
	{ HSM_ATTR_SENSITIVE, NULL, BIT_SENSITIVE,	  "111101", 0 },
	{ HSM_ATTR_EXTRACTABLE, NULL, BIT_EXTRACTABLE,	  "xxxx1x", 0 },
	{ HSM_ATTR_LABEL, get_label, 0,			  "******", 0 },
	{ HSM_ATTR_ID, get_id, 0,			  "******", 0 },
	{ HSM_ATTR_VALUE_LEN, get_value_len, 0,		  "******", 0 },
	{ HSM_ATTR_KCV, get_kcv, 0,			  "******", 0 },
	{ HSM_ATTR_MODULUS, get_modulus, 0,		  "----**", 0 },
	{ HSM_ATTR_MODULUS_BITS, get_modulus_bits, 0,	  "----**", 0 },
	{ HSM_ATTR_PUBLIC_EXPONENT, get_exponent, 0,	  "----**", 0 },
	{ HSM_ATTR_TRUSTED, NULL, BIT_TRUSTED,		  "000000", SECRETS },
	{ HSM_ATTR_WRAP_WITH_TRUSTED, NULL, BIT_WRAP_WITH_TRUSTED, "000000", SECRETS },
	{ HSM_ATTR_DESTROYABLE, NULL, BIT_DESTROYABLE,	  "111111", SECRETS },
	{ HSM_ATTR_DERIVE, NULL, BIT_DERIVE,		  "000000", SECRETS },
	{ HSM_ATTR_ALWAYS_SENSITIVE, NULL, BIT_ALWAYS_SENSITIVE, "111101", SECRETS },
	{ HSM_ATTR_NEVER_EXTRACTABLE, NULL, BIT_NEVER_EXTRACTABLE, "nnnn0n", SECRETS },
};

#define N_ATTRS (sizeof(attrs) / sizeof(attrs[0]))

uint32_t attr_birth_flags(enum key_kind kind, bool token, bool extractable)
{
	uint32_t flags = 0;
	size_t i;

	for (i = 0; i < N_ATTRS; i++) {
		char c = attrs[i].birth[kind];

		if (!attrs[i].get && (c == '1' || (c == 't' && token) ||
				      (c == 'x' && extractable) || (c == 'n' && !extractable)))
			flags |= 1u << attrs[i].bit;
	}
	return flags;
}

static void write_one(const struct object *o, const struct attr_def *a, struct tlv_writer *w)
{
	uint8_t scratch[4];
	struct bytes b;

	if (!a->get) {
		tlv_put_u8(w, a->number, object_flag(o, a->bit));
		return;
	}
	b = a->get(o, scratch);
	tlv_put(w, a->number, b.p, b.len);
}

bool attr_write(const struct object *o, uint32_t number, struct tlv_writer *w)
{
	size_t i;

	for (i = 0; i < N_ATTRS; i++) {
		if (attrs[i].number == number && attrs[i].birth[o->kind] != '-') {
			write_one(o, &attrs[i], w);
			return true;
		}
	}
	return false;
}

void attr_write_all(const struct object *o, struct tlv_writer *w)
{
	size_t i;

	for (i = 0; i < N_ATTRS; i++) {
		if (attrs[i].birth[o->kind] != '-' && !(attrs[i].by_number >> o->kind & 1))
			write_one(o, &attrs[i], w);
	}
}
