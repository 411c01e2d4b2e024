// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_key_gen.c - KEY_GEN_SYM and KEY_GEN_PAIR. */
#include <string.h>

#include "cmd_key.h"
#include "crypto.h"
#include "secmem.h"

/* Numbers of an RSA private key, as TLVs in object.secret. */
enum { RSA_D = 1, RSA_P, RSA_Q, RSA_DP, RSA_DQ, RSA_QINV };

static int check_sym(struct call *c, enum key_kind *kind)
{
	*kind = key_kind_of(HSM_KEY_CLASS_SECRET, call_u32(c, HSM_ATTR_KEY_TYPE, 0));
	if (*kind == KINDS)
		return call_bad(c, HSM_ATTR_KEY_TYPE, HSM_RV_BAD_ATTRIBUTE);
	if (!key_size_ok(*kind, call_u32(c, HSM_ATTR_VALUE_LEN, 0)))
		return call_bad(c, HSM_ATTR_VALUE_LEN, HSM_RV_BAD_KEY_SIZE);
	if (c->fw->fips && !key_kinds[*kind].fips)
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

static bool check_value_of(enum key_kind kind, const uint8_t *value, size_t len, uint8_t kcv[3])
{
	uint8_t digest[FC_SHA1_LEN];
	bool ok;

	if (kind == KIND_AES || kind == KIND_DES3)
		return fc_kcv_cipher(key_kinds[kind].key_type, value, len, kcv);
	ok = fc_sha1(value, len, digest);
	memcpy(kcv, digest, 3);
	secmem_wipe(digest, sizeof(digest));
	return ok;
}

static int make_sym(struct call *c, const struct new_key *k, enum key_kind kind)
{
	size_t len = call_u32(c, HSM_ATTR_VALUE_LEN, 0);
	uint8_t *value = secmem_alloc(len);
	struct object_init init;
	struct object *o = NULL;

	if (!value)
		return HSM_RV_NO_MEMORY;
	new_key_init(c, k, kind, &init);
	init.value_len = (uint32_t)len;
	init.secret = (struct bytes){ value, len };
	if (!random_value(kind, value, len) || !check_value_of(kind, value, len, init.kcv)) {
		secmem_free(value);
		return HSM_RV_CRYPTO_FAILED;
	}
	o = object_new(&init);
	secmem_free(value);
	return new_key_install(c, k, &o, 1);
}

int cmd_key_gen_sym(struct call *c)
{
	enum key_kind kind;
	struct new_key k;
	int rc = check_sym(c, &kind);

	if (!rc)
		rc = new_key_args(c, &k);
	return rc ? rc : make_sym(c, &k, kind);
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

	if (!call_has(c, HSM_ATTR_MODULUS_BITS))
		return call_bad(c, HSM_ATTR_MODULUS_BITS, HSM_RV_BAD_MESSAGE);
	if (!call_has(c, HSM_ATTR_PUBLIC_EXPONENT))
		return call_bad(c, HSM_ATTR_PUBLIC_EXPONENT, HSM_RV_BAD_MESSAGE);
	if (c->fw->fips && bits < HSM_RSA_BITS_MIN)
		return call_bad(c, HSM_ATTR_MODULUS_BITS, HSM_RV_FIPS_VIOLATION);
	if (!key_size_ok(KIND_RSA_PRIVATE, bits))
		return call_bad(c, HSM_ATTR_MODULUS_BITS, HSM_RV_BAD_KEY_SIZE);
	if (!exponent_ok(call_bytes(c, HSM_ATTR_PUBLIC_EXPONENT)))
		return call_bad(c, HSM_ATTR_PUBLIC_EXPONENT, HSM_RV_BAD_ATTRIBUTE);
	return 0;
}

static int check_pair(struct call *c)
{
	uint32_t type = call_u32(c, HSM_ATTR_KEY_TYPE, 0);

	if (type == HSM_KEY_RSA)
		return check_rsa(c);
	if (type == HSM_KEY_EC || type == HSM_KEY_DSA)
		return call_bad(c, HSM_ATTR_KEY_TYPE, HSM_RV_NOT_AVAILABLE);
	return call_bad(c, HSM_ATTR_KEY_TYPE, HSM_RV_BAD_ATTRIBUTE);
}

/* The private numbers as one secret; NULL without memory. */
static uint8_t *pack_rsa(const struct fc_rsa *rsa, size_t *len)
{
	const struct fc_num *nums[] = { &rsa->d, &rsa->p, &rsa->q, &rsa->dp, &rsa->dq, &rsa->qinv };
	struct tlv_writer w;
	size_t i, room = 0;
	uint8_t *buf;

	for (i = 0; i < 6; i++)
		room += TLV_HEAD + nums[i]->len;
	buf = secmem_alloc(room);
	if (!buf)
		return NULL;
	tlv_write_init(&w, buf, room);
	for (i = 0; i < 6; i++)
		tlv_put(&w, RSA_D + (uint32_t)i, nums[i]->p, nums[i]->len);
	*len = w.len;
	return buf;
}

static bool check_value_of_rsa(const struct fc_rsa *rsa, uint8_t kcv[3])
{
	uint8_t digest[FC_SHA1_LEN];
	uint8_t *der;
	size_t len;
	bool ok;

	if (!fc_rsa_public_der(rsa, &der, &len))
		return false;
	ok = fc_sha1(der, len, digest);
	secmem_free(der);
	memcpy(kcv, digest, 3);
	return ok;
}

static int install_rsa(struct call *c, const struct new_key *k, const struct fc_rsa *rsa)
{
	struct object *keys[2];
	struct object_init pub, priv;
	size_t pkcs8_len, secret_len;
	uint8_t kcv[3], *secret;

	if (!check_value_of_rsa(rsa, kcv) || !fc_rsa_pkcs8_len(rsa, &pkcs8_len))
		return HSM_RV_CRYPTO_FAILED;
	secret = pack_rsa(rsa, &secret_len);
	if (!secret)
		return HSM_RV_NO_MEMORY;
	new_key_init(c, k, KIND_RSA_PUBLIC, &pub);
	new_key_init(c, k, KIND_RSA_PRIVATE, &priv);
	pub.modulus = priv.modulus = (struct bytes){ rsa->n.p, rsa->n.len };
	pub.exponent = priv.exponent = (struct bytes){ rsa->e.p, rsa->e.len };
	memcpy(pub.kcv, kcv, sizeof(kcv));
	memcpy(priv.kcv, kcv, sizeof(kcv));
	pub.value_len = (uint32_t)rsa->n.len * 2;
	priv.value_len = (uint32_t)pkcs8_len;
	priv.secret = (struct bytes){ secret, secret_len };
	keys[0] = object_new(&pub);
	keys[1] = object_new(&priv);
	secmem_free(secret);
	return new_key_install(c, k, keys, 2);
}

static bool stopped(void *call)
{
	return call_stopped(call);
}

int cmd_key_gen_pair(struct call *c)
{
	int rc = check_pair(c);
	struct fc_rsa rsa;
	struct new_key k;
	struct bytes e;

	if (!rc)
		rc = new_key_args(c, &k);
	if (rc)
		return rc;
	e = call_bytes(c, HSM_ATTR_PUBLIC_EXPONENT);
	if (!fc_rsa_generate(call_u32(c, HSM_ATTR_MODULUS_BITS, 0), e.p, e.len, stopped, c, &rsa)) {
		rc = call_stopped(c);
		return rc ? rc : HSM_RV_CRYPTO_FAILED;
	}
	rc = install_rsa(c, &k, &rsa);
	fc_rsa_clear(&rsa);
	return rc;
}
