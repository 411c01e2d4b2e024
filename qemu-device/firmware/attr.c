// SPDX-License-Identifier: GPL-2.0-or-later
/* attr.c - the table of key kinds and attributes, and reading from it. */
#include "attr_int.h"

#include "crypto_key.h"
#include "key_numbers.h"
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
	[KIND_EC_PUBLIC] = { HSM_KEY_CLASS_PUBLIC, HSM_KEY_EC, 0, 0, 1, true },
	[KIND_EC_PRIVATE] = { HSM_KEY_CLASS_PRIVATE, HSM_KEY_EC, 0, 0, 1, true },
	[KIND_DSA_PUBLIC] = { HSM_KEY_CLASS_PUBLIC, HSM_KEY_DSA, HSM_DSA_BITS, HSM_DSA_BITS, 1,
			      true },
	[KIND_DSA_PRIVATE] = { HSM_KEY_CLASS_PRIVATE, HSM_KEY_DSA, HSM_DSA_BITS, HSM_DSA_BITS, 1,
			       true },
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

static struct bytes get_value_len(const struct object *o, uint8_t scratch[4])
{
	return le32_bytes(o->value_len, scratch);
}

/* Every modulus that is made or loaded has its top bit set. */
static struct bytes get_modulus_bits(const struct object *o, uint8_t scratch[4])
{
	const struct fc_curve *curve;

	if (key_kinds[o->kind].key_type == HSM_KEY_DSA)
		return le32_bytes(HSM_DSA_BITS, scratch);
	if (key_kinds[o->kind].key_type == HSM_KEY_RSA)
		return le32_bytes(o->modulus_len * 8u, scratch);
	curve = fc_curve_by_id(object_curve(o));
	return le32_bytes(curve ? curve->nid : 0, scratch);
}

#define GETTER(name, value) \
static struct bytes get_##name(const struct object *o, uint8_t scratch[4]) \
{ \
	(void)scratch; \
	return value; \
}

GETTER(label, object_label(o))
GETTER(id, object_id(o))
GETTER(modulus, object_modulus(o))
GETTER(exponent, object_exponent(o))
GETTER(wrap_template, object_wrap_template(o))
GETTER(unwrap_template, object_unwrap_template(o))
GETTER(kcv, ((struct bytes){ o->kcv, sizeof(o->kcv) }))

#define AES		(1u << KIND_AES)
#define DES3		(1u << KIND_DES3)
#define GENERIC		(1u << KIND_GENERIC)
#define SECRETS		(AES | DES3 | GENERIC | 1u << KIND_RC4)
#define RSA_PUBLIC	(1u << KIND_RSA_PUBLIC)
#define RSA_PRIVATE	(1u << KIND_RSA_PRIVATE)
#define PUBLICS		(RSA_PUBLIC | 1u << KIND_EC_PUBLIC | 1u << KIND_DSA_PUBLIC)
#define PRIVATES	(RSA_PRIVATE | 1u << KIND_EC_PRIVATE | 1u << KIND_DSA_PRIVATE)
#define ALL_KINDS	((1u << KINDS) - 1)
#define NOT_RSA		(ALL_KINDS & ~(RSA_PUBLIC | RSA_PRIVATE))

#define UP		STEP_UP
#define DOWN		STEP_DOWN
#define BOTH		(STEP_UP | STEP_DOWN)
#define FIXED		0, WHO_NOBODY, 0, false
#define OWNER(kinds, steps)	kinds, WHO_OWNER, steps, true

/*
 * In the order of the vendor's attribute files. Columns of birth: AES, DES3, generic,
 * RC4, then public and private of RSA, EC, DSA.
 */
const struct attr_def attr_table[] = {
	{ HSM_ATTR_CLASS, get_class, 0, "**********", 0, FIXED },
	{ HSM_ATTR_KEY_TYPE, get_key_type, 0, "**********", 0, FIXED },
	{ HSM_ATTR_TOKEN, NULL, BIT_TOKEN, "1111111111", 0, OWNER(ALL_KINDS, UP) },
	{ HSM_ATTR_PRIVATE, NULL, BIT_PRIVATE, "1111111111", 0, FIXED },
	{ HSM_ATTR_ENCRYPT, NULL, BIT_ENCRYPT, "1111100000", 0, OWNER(SECRETS | RSA_PUBLIC, BOTH) },
	{ HSM_ATTR_DECRYPT, NULL, BIT_DECRYPT, "1111010000", 0,
	  OWNER(SECRETS | RSA_PRIVATE, BOTH) },
	{ HSM_ATTR_WRAP, NULL, BIT_WRAP, "1000100000", 0, OWNER(AES | DES3 | RSA_PUBLIC, BOTH) },
	{ HSM_ATTR_UNWRAP, NULL, BIT_UNWRAP, "1000010000", 0,
	  OWNER(AES | DES3 | RSA_PRIVATE, BOTH) },
	{ HSM_ATTR_SIGN, NULL, BIT_SIGN, "0000010101", 0,
	  OWNER(AES | DES3 | GENERIC | PRIVATES, BOTH) },
	{ HSM_ATTR_VERIFY, NULL, BIT_VERIFY, "0000101010", 0,
	  OWNER(AES | DES3 | GENERIC | PUBLICS, BOTH) },
	{ HSM_ATTR_LOCAL, NULL, BIT_LOCAL, "llllllllll", 0, FIXED },
	{ HSM_ATTR_SENSITIVE, NULL, BIT_SENSITIVE, "1111010101", 0, OWNER(SECRETS | PRIVATES, UP) },
	{ HSM_ATTR_EXTRACTABLE, NULL, BIT_EXTRACTABLE, "1111111111", 0,
	  OWNER(SECRETS | PRIVATES, DOWN) },
	{ HSM_ATTR_LABEL, get_label, 0, "**********", 0, ALL_KINDS, WHO_OWNER, 0, false },
	{ HSM_ATTR_ID, get_id, 0, "**********", 0, FIXED },
	{ HSM_ATTR_VALUE_LEN, get_value_len, 0, "**********", 0, FIXED },
	{ HSM_ATTR_KCV, get_kcv, 0, "**********", 0, FIXED },
	{ HSM_ATTR_MODULUS, get_modulus, 0, "----******", 0, FIXED },
	{ HSM_ATTR_MODULUS_BITS, get_modulus_bits, 0, "----******", 0, FIXED },
	{ HSM_ATTR_PUBLIC_EXPONENT, get_exponent, 0, "----**----", 0, FIXED },
	{ HSM_ATTR_TRUSTED, NULL, BIT_TRUSTED, "0000000000", NOT_RSA,
	  AES | DES3 | RSA_PUBLIC | RSA_PRIVATE, WHO_OFFICER, BOTH, false },
	{ HSM_ATTR_WRAP_WITH_TRUSTED, NULL, BIT_WRAP_WITH_TRUSTED, "0000000000", NOT_RSA,
	  OWNER(SECRETS | PRIVATES, UP) },
	{ HSM_ATTR_DESTROYABLE, NULL, BIT_DESTROYABLE, "1111111111", NOT_RSA,
	  OWNER(ALL_KINDS, BOTH) },
	{ HSM_ATTR_DERIVE, NULL, BIT_DERIVE, "0000000000", NOT_RSA, 0, WHO_NOBODY, 0, true },
	{ HSM_ATTR_ALWAYS_SENSITIVE, NULL, BIT_ALWAYS_SENSITIVE, "aaaaaaaaaa", NOT_RSA, FIXED },
	{ HSM_ATTR_NEVER_EXTRACTABLE, NULL, BIT_NEVER_EXTRACTABLE, "nnnnnnnnnn", NOT_RSA, FIXED },
	{ HSM_ATTR_WRAP_TEMPLATE, get_wrap_template, 0, "oo--o-----", ALL_KINDS,
	  AES | DES3 | RSA_PUBLIC, WHO_OWNER, 0, false },
	{ HSM_ATTR_UNWRAP_TEMPLATE, get_unwrap_template, 0, "oo---o----", ALL_KINDS,
	  AES | DES3 | RSA_PRIVATE, WHO_OWNER, 0, false },
};

const size_t attr_count = sizeof(attr_table) / sizeof(attr_table[0]);

const struct attr_def *attr_find(uint32_t number)
{
	size_t i;

	for (i = 0; i < attr_count; i++) {
		if (attr_table[i].number == number)
			return &attr_table[i];
	}
	return NULL;
}

/* False if the key has not got it. */
static bool write_one(const struct object *o, const struct attr_def *a, struct tlv_writer *w)
{
	char birth = a->birth[o->kind];
	uint8_t scratch[4];
	struct bytes b;

	if (birth == '-')
		return false;
	if (!a->get) {
		tlv_put_u8(w, a->number, object_flag(o, a->bit));
		return true;
	}
	b = a->get(o, scratch);
	if (birth == 'o' && !b.len)
		return false;
	tlv_put(w, a->number, b.p, b.len);
	return true;
}

bool attr_write(const struct object *o, uint32_t number, struct tlv_writer *w)
{
	const struct attr_def *a = attr_find(number);

	return a && write_one(o, a, w);
}

void attr_write_all(const struct object *o, struct tlv_writer *w)
{
	size_t i;

	for (i = 0; i < attr_count; i++) {
		if (!(attr_table[i].by_number >> o->kind & 1))
			write_one(o, &attr_table[i], w);
	}
}
