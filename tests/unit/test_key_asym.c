// SPDX-License-Identifier: GPL-2.0-or-later
/* test_key_asym.c - EC and DSA pairs, KEY_PUT_PUBLIC and KEY_GET_PUBLIC, as OpenSSL sees them. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include "dump.h"
#include "key_numbers.h"
#include "secmem.h"

static struct msg *begin_pair(uint32_t type, uint32_t tag, uint32_t v)
{
	struct msg *m = begin(HSM_CMD_KEY_GEN_PAIR, FIRST_SESSION);

	add_u32(m, HSM_ATTR_KEY_TYPE, type);
	add_u32(m, tag, v);
	add_text(m, HSM_ATTR_LABEL, "pair");
	return m;
}

static struct msg *begin_ec(uint32_t curve)
{
	return begin_pair(HSM_KEY_EC, HSM_TAG_CURVE, curve);
}

static uint32_t get_public(struct card *c, uint32_t ctx, uint64_t h, struct tlv *der)
{
	struct msg *m = begin(HSM_CMD_KEY_GET_PUBLIC, FIRST_SESSION);

	add_u64(m, HSM_TAG_HANDLE, h);
	if (send(c, ctx, m))
		return m->status;
	assert_true(reply_find(m, HSM_TAG_DATA, der));
	return 0;
}

static EVP_PKEY *public_of(struct card *c, uint64_t h)
{
	const uint8_t *p;
	struct tlv t;
	EVP_PKEY *k;

	assert_int_equal(get_public(c, ALICE, h, &t), 0);
	p = t.p;
	k = d2i_PUBKEY(NULL, &p, t.len);
	assert_non_null(k);
	assert_ptr_equal(p, t.p + t.len);
	return k;
}

static EVP_PKEY *private_of(struct card *c, uint64_t h)
{
	uint8_t *der;
	const uint8_t *p;
	size_t len;
	EVP_PKEY *k;

	assert_int_equal(object_payload(peek(c, h), &der, &len), 0);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_VALUE_LEN), len);
	p = der;
	k = d2i_AutoPrivateKey(NULL, &p, (long)len);
	secmem_free(der);
	assert_non_null(k);
	return k;
}

/* What one signs the other verifies, and both halves are one key. */
static void check_halves(struct card *c, uint64_t pub, uint64_t priv, bool verify)
{
	EVP_PKEY *k = public_of(c, pub), *x = private_of(c, priv);
	EVP_MD_CTX *sign = EVP_MD_CTX_new(), *check = EVP_MD_CTX_new();
	uint8_t sig[512];
	size_t len = sizeof(sig);

	assert_int_equal(EVP_PKEY_eq(k, x), 1);
	if (verify) {
		assert_int_equal(EVP_DigestSignInit(sign, NULL, EVP_sha256(), NULL, x), 1);
		assert_int_equal(EVP_DigestSign(sign, sig, &len, (const uint8_t *)"text", 4), 1);
		assert_int_equal(EVP_DigestVerifyInit(check, NULL, EVP_sha256(), NULL, k), 1);
		assert_int_equal(EVP_DigestVerify(check, sig, len, (const uint8_t *)"text", 4), 1);
	}
	EVP_MD_CTX_free(sign);
	EVP_MD_CTX_free(check);
	EVP_PKEY_free(k);
	EVP_PKEY_free(x);
}

/* The vendor's page for P-256: 19 attributes, 529 bytes in the old form, id 0x19f. */
#define EC_DUMP(class, sign, verify, sensitive) { \
	{ HSM_ATTR_CLASS, class }, { HSM_ATTR_KEY_TYPE, 3 }, { HSM_ATTR_TOKEN, 1 }, \
	{ HSM_ATTR_PRIVATE, 1 }, { HSM_ATTR_ENCRYPT, 0 }, { HSM_ATTR_DECRYPT, 0 }, \
	{ HSM_ATTR_WRAP, 0 }, { HSM_ATTR_UNWRAP, 0 }, { HSM_ATTR_SIGN, sign }, \
	{ HSM_ATTR_VERIFY, verify }, { HSM_ATTR_LOCAL, 1 }, { HSM_ATTR_SENSITIVE, sensitive }, \
	{ HSM_ATTR_EXTRACTABLE, 1 }, { HSM_ATTR_LABEL, -1 }, { HSM_ATTR_ID, -1 }, \
	{ HSM_ATTR_VALUE_LEN, -1 }, { HSM_ATTR_KCV, -1 }, { HSM_ATTR_MODULUS, -1 }, \
	{ HSM_ATTR_MODULUS_BITS, 0x19f } }

static void ec_dump(void **state)
{
	static const struct dump_line pub[] = EC_DUMP(2, 0, 1, 0), priv[] = EC_DUMP(3, 1, 0, 1);
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_ec(HSM_CURVE_PRIME256V1));
	uint8_t digest[SHA_DIGEST_LENGTH];
	struct bytes point;

	check_all(c, h, pub, 19);
	check_all(c, h + 1, priv, 19);
	point = object_modulus(peek(c, h));
	assert_int_equal(point.len, 65);
	SHA1(point.p, point.len, digest);
	check_kcv(c, h, digest);
	check_kcv(c, h + 1, digest);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_VALUE_LEN), 65);
	assert_int_equal(attrs(c, ALICE, h, HSM_ATTR_PUBLIC_EXPONENT), HSM_RV_NO_ATTRIBUTE);
	assert_int_equal(attr_u32(c, ALICE, h + 1, HSM_ATTR_ALWAYS_SENSITIVE), 1);
}

static void curves(void **state)
{
	struct card *c = *state;
	uint32_t curve, made_some = 0;

	for (curve = 1; curve <= 16; curve++) {
		const struct fc_curve *known = fc_curve_by_id(curve);
		uint32_t status = send(c, ALICE, begin_ec(curve));

		assert_int_equal(status, known ? 0 : HSM_RV_FIPS_VIOLATION);
		if (status)
			continue;
		made_some++;
		check_halves(c, reply_u64(last(), HSM_TAG_HANDLE_PUBLIC),
			     c->fw->objects.last->handle, true);
		assert_int_equal(object_curve(c->fw->objects.last), curve);
	}
	assert_true(made_some >= 3);
	assert_int_equal(send(c, ALICE, begin_ec(0)), HSM_RV_FIPS_VIOLATION);
	assert_int_equal(send(c, ALICE, begin_ec(17)), HSM_RV_FIPS_VIOLATION);
	assert_int_equal(bad_tag(last()), HSM_TAG_CURVE);
	c->fw->fips = true;
	for (curve = 1; curve <= 16; curve++)
		assert_int_equal(send(c, ALICE, begin_ec(curve)),
				 curve == 2 || curve == 14 || curve == 16 ? 0
									  : HSM_RV_FIPS_VIOLATION);
}

/* The node of a refusal by FIPS is one that is away. */
static void fips_node(void **state)
{
	struct card *c = *state;
	struct tlv t;

	c->fw->fips = true;
	assert_int_equal(send(c, ALICE, begin_ec(1)), HSM_RV_FIPS_VIOLATION);
	assert_true(reply_find(last(), HSM_TAG_NODE, &t));
	assert_int_equal(get_le32(t.p + 4), HSM_RV_CLUSTER_UNAVAILABLE);
}

static void pairs_survive(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_ec(HSM_CURVE_SECP256K1));
	uint64_t dsa = made(c, ALICE, begin_pair(HSM_KEY_DSA, HSM_ATTR_MODULUS_BITS, 2048));
	static const struct dump_line end[] = { { HSM_ATTR_MODULUS_BITS, 2048 } };

	check_halves(c, dsa, dsa + 1, true);
	card_restart(c);
	card_login_all(c);
	check_halves(c, h, h + 1, true);
	check_halves(c, dsa, dsa + 1, true);
	assert_int_equal(attr_u32(c, ALICE, dsa, end[0].number), end[0].value);
	assert_int_equal(attr_u32(c, ALICE, dsa + 1, HSM_ATTR_SIGN), 1);
	assert_int_equal(attr_u32(c, ALICE, dsa + 1, HSM_ATTR_DECRYPT), 0);
	assert_int_equal(attr_u32(c, ALICE, dsa, HSM_ATTR_VERIFY), 1);
	assert_int_equal(attrs(c, ALICE, dsa, HSM_ATTR_ALL), 0);
	assert_int_equal(reply_count(last(), HSM_ATTR_TRUSTED), 0);
}

static void pair_arguments(void **state)
{
	struct card *c = *state;
	struct msg *m = begin_pair(HSM_KEY_DSA, HSM_ATTR_MODULUS_BITS, 1024);

	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_KEY_SIZE);
	m = begin_pair(HSM_KEY_DSA, HSM_ATTR_MODULUS_BITS, 3072);
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_KEY_SIZE);
	m = begin_ec(2);
	add_u32(m, HSM_ATTR_MODULUS_BITS, 2048);
	assert_int_equal(send(c, ALICE, m), HSM_RV_INVALID_INPUT);
	assert_int_equal(bad_tag(m), HSM_ATTR_MODULUS_BITS);
	m = begin_ec(2);
	add_u8(m, HSM_ATTR_WRAP, 1);
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_ATTRIBUTE);
	assert_int_equal(bad_tag(m), HSM_ATTR_WRAP);
	m = begin_ec(2);
	add_u8(m, HSM_ATTR_SENSITIVE, 0);
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_ATTRIBUTE);
	m = begin_ec(2);
	add_u8(m, HSM_ATTR_DERIVE, 1);
	assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_ATTRIBUTE);
	m = begin_ec(2);
	add_u8(m, HSM_ATTR_SIGN, 0);
	add_u8(m, HSM_ATTR_SENSITIVE, 1);
	add_u8(m, HSM_ATTR_EXTRACTABLE, 0);
	assert_int_equal(made(c, ALICE, m), 6);
	assert_int_equal(attr_u32(c, ALICE, 6, HSM_ATTR_VERIFY), 1);
	assert_int_equal(attr_u32(c, ALICE, 6, HSM_ATTR_EXTRACTABLE), 1);
	assert_int_equal(attr_u32(c, ALICE, 7, HSM_ATTR_SIGN), 0);
	assert_int_equal(attr_u32(c, ALICE, 7, HSM_ATTR_NEVER_EXTRACTABLE), 1);
}

static uint32_t put(struct card *c, const uint8_t *der, size_t len)
{
	struct msg *m = begin(HSM_CMD_KEY_PUT_PUBLIC, FIRST_SESSION);

	add(m, HSM_TAG_DATA, der, len);
	add_text(m, HSM_ATTR_LABEL, "public");
	return send(c, ALICE, m);
}

static size_t spki(EVP_PKEY *k, uint8_t der[1024])
{
	uint8_t *p = der;
	int len = i2d_PUBKEY(k, &p);

	assert_true(len > 0 && len < 1024);
	EVP_PKEY_free(k);
	return (size_t)len;
}

/* In and out again is the same DER, and it is found by its modulus. */
static void check_put(struct card *c, const uint8_t *der, size_t len, uint32_t type)
{
	struct bytes modulus;
	struct msg *m;
	struct tlv t;
	uint64_t h;

	assert_int_equal(put(c, der, len), 0);
	h = reply_u64(last(), HSM_TAG_HANDLE);
	assert_int_equal(get_public(c, BOB, h, &t), 0);
	assert_int_equal(t.len, len);
	assert_memory_equal(t.p, der, len);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_KEY_TYPE), type);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_LOCAL), 0);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_VERIFY), 1);
	modulus = object_modulus(peek(c, h));
	m = begin_find();
	add(m, HSM_ATTR_MODULUS, modulus.p, modulus.len);
	assert_int_equal(found(c, ALICE, m), 1);
}

static void public_keys(void **state)
{
	struct card *c = *state;
	uint8_t der[1024];
	size_t len = spki(EVP_RSA_gen(2048), der), i;

	check_put(c, der, len, HSM_KEY_RSA);
	check_put(c, der, spki(EVP_EC_gen("P-256"), der), HSM_KEY_EC);
	check_put(c, der, spki(EVP_EC_gen("secp256k1"), der), HSM_KEY_EC);
	len = spki(EVP_EC_gen("P-384"), der);
	check_put(c, der, len, HSM_KEY_EC);
	c->fw->fips = true;
	assert_int_equal(put(c, der, len), 0);
	c->fw->fips = false;
	for (i = 1; i < len; i++) {
		assert_int_equal(put(c, der, i), HSM_RV_BAD_PKCS_DATA);
		assert_int_equal(bad_tag(last()), HSM_TAG_DATA);
	}
	der[len - 1] ^= 1;
	assert_int_equal(put(c, der, len), HSM_RV_BAD_PKCS_DATA);
	der[len - 1] ^= 1;
	der[len] = 0;
	assert_int_equal(put(c, der, len + 1), HSM_RV_BAD_PKCS_DATA);
	assert_int_equal(put(c, der, spki(EVP_RSA_gen(1024), der)), HSM_RV_BAD_PKCS_DATA);
	assert_int_equal(put(c, der, spki(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), der)),
			 HSM_RV_BAD_PKCS_DATA);
}

static void public_of_others(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_ec(2)), aes = made(c, ALICE, begin_aes("aes"));
	struct tlv t;

	assert_int_equal(get_public(c, BOB, h, &t), 0);
	assert_int_equal(get_public(c, ALICE, h + 1, &t), HSM_RV_BAD_KEY_TYPE);
	assert_int_equal(bad_tag(last()), HSM_TAG_HANDLE);
	assert_int_equal(get_public(c, ALICE, aes, &t), HSM_RV_BAD_KEY_TYPE);
	assert_int_equal(get_public(c, BOB, aes, &t), HSM_RV_BAD_HANDLE);
	assert_int_equal(get_public(c, ALICE, 4711, &t), HSM_RV_BAD_HANDLE);
}

static void public_curves_in_fips(void **state)
{
	struct card *c = *state;
	uint8_t der[1024];
	size_t len = spki(EVP_EC_gen("P-521"), der);

	c->fw->fips = true;
	assert_int_equal(put(c, der, len), HSM_RV_FIPS_VIOLATION);
	assert_int_equal(bad_tag(last()), HSM_TAG_DATA);
	c->fw->fips = false;
	assert_int_equal(put(c, der, len), 0);
}

static struct msg *begin_pbe(const char *pw, const char *salt, uint32_t iterations)
{
	struct msg *m = begin(HSM_CMD_KEY_GEN_PBE, FIRST_SESSION);

	add_text(m, HSM_TAG_PASSWORD, pw);
	add_text(m, HSM_TAG_SALT, salt);
	add_u32(m, HSM_TAG_ITERATIONS, iterations);
	add_text(m, HSM_ATTR_LABEL, "pbe");
	return m;
}

/* Same password, same key; anything else, another one. Vectors are in test_crypto_key.c. */
static void pbe(void **state)
{
	struct card *c = *state;
	uint64_t h = made(c, ALICE, begin_pbe("password", "saltsalt", 1000));
	const struct object *o = peek(c, h);

	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_KEY_TYPE), HSM_KEY_DES3);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_VALUE_LEN), 24);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_LOCAL), 0);
	assert_int_equal(attr_u32(c, ALICE, h, HSM_ATTR_ALWAYS_SENSITIVE), 0);
	assert_memory_equal(peek(c, made(c, ALICE, begin_pbe("password", "saltsalt", 1000)))->secret,
			    o->secret, 24);
	assert_memory_not_equal(peek(c, made(c, ALICE, begin_pbe("passwore", "saltsalt", 1000)))->secret,
				o->secret, 24);
	assert_memory_not_equal(peek(c, made(c, ALICE, begin_pbe("password", "saltsalu", 1000)))->secret,
				o->secret, 24);
	assert_memory_not_equal(peek(c, made(c, ALICE, begin_pbe("password", "saltsalt", 1001)))->secret,
				o->secret, 24);
	assert_int_equal(send(c, ALICE, begin_pbe("password", "saltsal", 1000)),
			 HSM_RV_INVALID_INPUT);
	assert_int_equal(send(c, ALICE, begin_pbe("password", "saltsalt", 999)),
			 HSM_RV_INVALID_INPUT);
	c->fw->fips = true;
	assert_int_equal(send(c, ALICE, begin_pbe("password", "saltsalt", 1000)),
			 HSM_RV_FIPS_VIOLATION);
}

/* Roles that a new key is asked to have, as far as its kind can. */
static void roles_at_birth(void **state)
{
	static const struct { uint32_t type, len, number; uint8_t v; bool good; } wishes[] = {
		{ HSM_KEY_AES, 32, HSM_ATTR_SIGN, 1, true },
		{ HSM_KEY_AES, 32, HSM_ATTR_WRAP, 0, true },
		{ HSM_KEY_AES, 32, HSM_ATTR_WRAP_WITH_TRUSTED, 1, true },
		{ HSM_KEY_AES, 32, HSM_ATTR_SENSITIVE, 0, false },
		{ HSM_KEY_AES, 32, HSM_ATTR_DERIVE, 0, true },
		{ HSM_KEY_AES, 32, HSM_ATTR_DERIVE, 1, false },
		{ HSM_KEY_DES3, 24, HSM_ATTR_WRAP, 1, true },
		{ HSM_KEY_GENERIC, 64, HSM_ATTR_SIGN, 1, true },
		{ HSM_KEY_GENERIC, 64, HSM_ATTR_WRAP, 1, false },
		{ HSM_KEY_GENERIC, 64, HSM_ATTR_WRAP, 0, true },
		{ HSM_KEY_RC4, 16, HSM_ATTR_SIGN, 1, false },
	};
	struct card *c = *state;
	size_t i;

	for (i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		struct msg *m = begin_sym(wishes[i].type, wishes[i].len, "key");

		add_u8(m, wishes[i].number, wishes[i].v);
		if (wishes[i].good) {
			assert_int_equal(attr_u32(c, ALICE, made(c, ALICE, m), wishes[i].number),
					 wishes[i].v);
			continue;
		}
		assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_ATTRIBUTE);
		assert_int_equal(bad_tag(m), wishes[i].number);
	}
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		T(ec_dump), T(curves), T(fips_node), T(pair_arguments), T(public_keys),
		T(public_of_others), T(public_curves_in_fips), T(pbe), T(roles_at_birth),
		cmocka_unit_test_setup_teardown(pairs_survive, setup_users_sqlite, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
