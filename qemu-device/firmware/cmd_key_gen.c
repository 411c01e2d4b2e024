// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_key_gen.c - KEY_GEN_SYM, KEY_GEN_PAIR and KEY_GEN_PBE. */
#include <string.h>

#include "cmd_key.h"
#include "crypto.h"
#include "key_numbers.h"
#include "secmem.h"

static int check_sym(struct call *c, enum key_kind *kind)
{
	*kind = key_kind_of(HSM_KEY_CLASS_SECRET, call_u32(c, HSM_ATTR_KEY_TYPE, 0));
	if (*kind == KINDS)
		return call_bad(c, HSM_ATTR_KEY_TYPE, HSM_RV_BAD_ATTRIBUTE);
	if (!key_size_ok(*kind, call_u32(c, HSM_ATTR_VALUE_LEN, 0)))
		return call_bad(c, HSM_ATTR_VALUE_LEN, HSM_RV_BAD_KEY_SIZE);
	if (new_key_fips(c, *kind, 0))
		return call_bad(c, HSM_ATTR_KEY_TYPE, HSM_RV_FIPS_VIOLATION);
	return 0;
}

/* Three different keys, else it is single or two-key DES under another name. */
static bool des3_parts_differ(const uint8_t *key)
{
	return memcmp(key, key + 8, 8) && memcmp(key + 8, key + 16, 8) && memcmp(key, key + 16, 8);
}

static bool random_value(enum key_kind kind, uint8_t *value, size_t len)
{
	do {
		if (!fc_random(value, len))
			return false;
		if (kind == KIND_DES3)
			fc_des_parity(value, len);
	} while (kind == KIND_DES3 && !des3_parts_differ(value));
	return true;
}

/* Takes over @value, in secret memory. */
static int install_value(struct call *c, const struct new_key *k, enum key_kind kind,
			 uint8_t *value, size_t len)
{
	struct object_init init;
	struct object *o = NULL;

	new_key_init(c, k, kind, &init);
	init.value_len = (uint32_t)len;
	init.secret = (struct bytes){ value, len };
	if (!key_check_value(kind, init.secret, init.kcv)) {
		secmem_free(value);
		return HSM_RV_CRYPTO_FAILED;
	}
	o = object_new(&init);
	secmem_free(value);
	return new_key_install(c, &o, 1);
}

static int make_sym(struct call *c, const struct new_key *k, enum key_kind kind)
{
	size_t len = call_u32(c, HSM_ATTR_VALUE_LEN, 0);
	uint8_t *value = secmem_alloc(len);

	if (!value)
		return HSM_RV_NO_MEMORY;
	if (!random_value(kind, value, len)) {
		secmem_free(value);
		return HSM_RV_CRYPTO_FAILED;
	}
	return install_value(c, k, kind, value, len);
}

int cmd_key_gen_sym(struct call *c)
{
	enum key_kind kind;
	struct new_key k;
	int rc = check_sym(c, &kind);

	new_key_begin(&k, true);
	if (!rc)
		rc = new_key_args(c, &k);
	if (!rc)
		rc = new_key_check(c, &k, &kind, 1);
	return rc ? rc : make_sym(c, &k, kind);
}

static int make_pbe(struct call *c, const struct new_key *k)
{
	struct bytes pw = call_bytes(c, HSM_TAG_PASSWORD), salt = call_bytes(c, HSM_TAG_SALT);
	uint8_t *value = secmem_alloc(24);

	if (!value)
		return HSM_RV_NO_MEMORY;
	if (!fc_pbe_des3(pw.p, pw.len, salt.p, salt.len, call_u32(c, HSM_TAG_ITERATIONS, 0),
			 value)) {
		secmem_free(value);
		return HSM_RV_CRYPTO_FAILED;
	}
	return install_value(c, k, KIND_DES3, value, 24);
}

/* The key is as good as its password: it does not count as made in the card. */
int cmd_key_gen_pbe(struct call *c)
{
	const enum key_kind kind = KIND_DES3;
	struct new_key k;
	int rc = new_key_fips(c, kind, 0);

	new_key_begin(&k, false);
	if (!rc)
		rc = new_key_args(c, &k);
	if (!rc)
		rc = new_key_check(c, &k, &kind, 1);
	return rc ? rc : make_pbe(c, &k);
}

static bool exponent_ok(struct bytes e)
{
	static const uint8_t least[] = { 1, 0, 1 };

	return e.len >= sizeof(least) && e.p[0] && e.p[e.len - 1] & 1 &&
	       (e.len > sizeof(least) || memcmp(e.p, least, sizeof(least)) >= 0);
}

static int check_rsa(struct call *c)
{
	uint32_t bits = call_u32(c, HSM_ATTR_MODULUS_BITS, 0);

	if (c->fw->fips && bits < HSM_RSA_BITS_MIN)
		return call_bad(c, HSM_ATTR_MODULUS_BITS, HSM_RV_FIPS_VIOLATION);
	if (!key_size_ok(KIND_RSA_PRIVATE, bits))
		return call_bad(c, HSM_ATTR_MODULUS_BITS, HSM_RV_BAD_KEY_SIZE);
	if (!exponent_ok(call_bytes(c, HSM_ATTR_PUBLIC_EXPONENT)))
		return call_bad(c, HSM_ATTR_PUBLIC_EXPONENT, HSM_RV_BAD_ATTRIBUTE);
	return 0;
}

/* A curve that this card does not know is one that its rules do not allow. */
static int check_ec(struct call *c)
{
	uint32_t curve = call_u32(c, HSM_TAG_CURVE, 0);

	if (!fc_curve_by_id(curve) || new_key_fips(c, KIND_EC_PRIVATE, curve))
		return call_bad(c, HSM_TAG_CURVE, HSM_RV_FIPS_VIOLATION);
	return 0;
}

static int check_dsa(struct call *c)
{
	if (!key_size_ok(KIND_DSA_PRIVATE, call_u32(c, HSM_ATTR_MODULUS_BITS, 0)))
		return call_bad(c, HSM_ATTR_MODULUS_BITS, HSM_RV_BAD_KEY_SIZE);
	return 0;
}

#define PAIR_TAGS 3

/* What a pair is made from. */
struct pair_def {
	enum key_kind kinds[2];
	bool takes[PAIR_TAGS];		/* of pair_tags */
	int (*check)(struct call *c);
};

static const uint32_t pair_tags[PAIR_TAGS] = {
	HSM_ATTR_MODULUS_BITS, HSM_ATTR_PUBLIC_EXPONENT, HSM_TAG_CURVE,
};

static const struct pair_def pair_defs[] = {
	{ { KIND_RSA_PUBLIC, KIND_RSA_PRIVATE }, { true, true, false }, check_rsa },
	{ { KIND_EC_PUBLIC, KIND_EC_PRIVATE }, { false, false, true }, check_ec },
	{ { KIND_DSA_PUBLIC, KIND_DSA_PRIVATE }, { true, false, false }, check_dsa },
};

static const struct pair_def *find_pair(uint32_t key_type)
{
	size_t i;

	for (i = 0; i < sizeof(pair_defs) / sizeof(pair_defs[0]); i++) {
		if (key_kinds[pair_defs[i].kinds[0]].key_type == key_type)
			return &pair_defs[i];
	}
	return NULL;
}

static int check_pair(struct call *c, const struct pair_def *def)
{
	size_t i;

	for (i = 0; i < PAIR_TAGS; i++) {
		if (call_has(c, pair_tags[i]) != def->takes[i])
			return call_bad(c, pair_tags[i], def->takes[i] ? HSM_RV_BAD_MESSAGE
								       : HSM_RV_INVALID_INPUT);
	}
	return def->check(c);
}

static int make_half(struct call *c, const struct new_key *k, enum key_kind kind,
		     const struct fc_numbers *n, struct object **o)
{
	struct object_init init;

	new_key_init(c, k, kind, &init);
	return new_key_from_numbers(c, n, &init, o);
}

static int install_pair(struct call *c, const struct new_key *k, const enum key_kind *kinds,
			const struct fc_numbers *n)
{
	struct object *keys[2] = { NULL, NULL };
	int rc = make_half(c, k, kinds[0], n, &keys[0]);

	if (!rc)
		rc = make_half(c, k, kinds[1], n, &keys[1]);
	if (!rc)
		return new_key_install(c, keys, 2);
	object_free(keys[0]);
	/* What was just made is not what somebody sent. */
	return rc == HSM_RV_BAD_PKCS_DATA ? HSM_RV_CRYPTO_FAILED : rc;
}

static bool stopped(void *call)
{
	return call_stopped(call);
}

static int make_pair(struct call *c, const struct new_key *k, const struct pair_def *def)
{
	struct bytes e = call_bytes(c, HSM_ATTR_PUBLIC_EXPONENT);
	struct fc_pair_spec spec = {
		.key_type = key_kinds[def->kinds[0]].key_type,
		.bits = call_u32(c, HSM_ATTR_MODULUS_BITS, 0),
		.e = e.p,
		.e_len = e.len,
		.curve = call_u32(c, HSM_TAG_CURVE, 0),
		.cancelled = stopped,
		.opaque = c,
	};
	struct fc_numbers n;
	int rc;

	if (!fc_pair_generate(&spec, &n)) {
		rc = call_stopped(c);
		return rc ? rc : HSM_RV_CRYPTO_FAILED;
	}
	rc = install_pair(c, k, def->kinds, &n);
	fc_numbers_clear(&n);
	return rc;
}

int cmd_key_gen_pair(struct call *c)
{
	const struct pair_def *def = find_pair(call_u32(c, HSM_ATTR_KEY_TYPE, 0));
	struct new_key k;
	int rc;

	if (!def)
		return call_bad(c, HSM_ATTR_KEY_TYPE, HSM_RV_BAD_ATTRIBUTE);
	rc = check_pair(c, def);
	new_key_begin(&k, true);
	if (!rc)
		rc = new_key_args(c, &k);
	if (!rc)
		rc = new_key_check(c, &k, def->kinds, 2);
	return rc ? rc : make_pair(c, &k, def);
}
