// SPDX-License-Identifier: GPL-2.0-or-later
/* test_wrap_evp.c - what the card wraps OpenSSL unwraps, and the reverse. */
#include "evp.h"

#include <openssl/rsa.h>
#include <openssl/x509.h>

static const uint8_t kek_value[32] = "0123456789abcdef0123456789ABCDEF";
static const uint8_t key_value[32] = "the value of a key of 256 bits!!";
static const uint8_t des_value[24] = {
	0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01,
	0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23,
};
static const uint8_t a6[8] = { 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6 };

static struct blob wrapped, plain, expect;

static void pkcs5(const uint8_t *in, size_t len, struct blob *out)
{
	size_t pad = 8 - len % 8;

	memcpy(out->p, in, len);
	memset(out->p + len, (int)pad, pad);
	out->len = len + pad;
}

/* What the card should make of @value under kek_value by one of 4, 5, 6. */
static void aes_wrap(uint32_t mech, const uint8_t *iv, const uint8_t *value, size_t len,
		     struct blob *out)
{
	struct cipher_spec s = {
		mech == HSM_WRAP_AES_PAD ? "AES-256-WRAP-PAD" : "AES-256-WRAP", kek_value,
		mech == HSM_WRAP_AES_PAD ? NULL : iv, false, true,
	};

	if (mech == HSM_WRAP_AES_PKCS5)
		pkcs5(value, len, &plain);
	else
		memcpy(plain.p, value, plain.len = len);
	assert_true(evp_cipher(&s, plain.p, plain.len, out));
}

static void bare_wrap(struct card *c, uint64_t key, uint64_t kek, uint32_t mech, const uint8_t *iv,
		      size_t iv_len)
{
	struct msg *m = begin_wrap(key, kek, mech);

	add_no_header(m);
	if (iv)
		add(m, HSM_TAG_IV, iv, iv_len);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &wrapped);
}

/* Unwraps @in, which must become the key whose check value is that of @like. */
static void bare_unwrap(struct card *c, uint64_t kek, uint32_t mech, const struct blob *in,
			const uint8_t *iv, size_t iv_len, uint64_t like)
{
	struct msg *m = begin_unwrap(kek, mech, in);

	if (iv)
		add(m, HSM_TAG_IV, iv, iv_len);
	add_kind(m, HSM_KEY_CLASS_SECRET, HSM_KEY_AES);
	assert_int_equal(send(c, ALICE, m), 0);
	check_same_kcv(c, like);
}

static void aes_key_wrap(void **state)
{
	static const uint8_t iv[8] = "my own I";
	struct card *c = *state;
	uint64_t kek = import_secret(c, HSM_KEY_AES, kek_value, sizeof(kek_value));
	uint64_t key = import_secret(c, HSM_KEY_AES, key_value, sizeof(key_value));
	uint32_t mech;

	for (mech = HSM_WRAP_AES_PKCS5; mech <= HSM_WRAP_AES_PAD; mech++) {
		aes_wrap(mech, a6, key_value, sizeof(key_value), &expect);
		bare_wrap(c, key, kek, mech, NULL, 0);
		assert_true(same(&wrapped, &expect));
		bare_unwrap(c, kek, mech, &expect, NULL, 0, key);
		if (mech == HSM_WRAP_AES_PAD)
			continue;
		aes_wrap(mech, iv, key_value, sizeof(key_value), &expect);
		bare_wrap(c, key, kek, mech, iv, 8);
		assert_true(same(&wrapped, &expect));
		bare_unwrap(c, kek, mech, &expect, iv, 8, key);
	}
}

/* Lengths that need padding. */
static void aes_key_wrap_of_odd_lengths(void **state)
{
	struct card *c = *state;
	uint64_t kek = import_secret(c, HSM_KEY_AES, kek_value, sizeof(kek_value));
	static uint8_t value[100];
	size_t len;

	for (len = 9; len < 60; len += 5) {
		uint64_t key;

		memset(value, (int)len, len);
		key = import_secret(c, HSM_KEY_GENERIC, value, len);
		aes_wrap(HSM_WRAP_AES_PKCS5, a6, value, len, &expect);
		bare_wrap(c, key, kek, HSM_WRAP_AES_PKCS5, NULL, 0);
		assert_true(same(&wrapped, &expect));
		aes_wrap(HSM_WRAP_AES_PAD, a6, value, len, &expect);
		bare_wrap(c, key, kek, HSM_WRAP_AES_PAD, NULL, 0);
		assert_true(same(&wrapped, &expect));
	}
}

static void gcm(void **state)
{
	struct card *c = *state;
	uint64_t kek = import_secret(c, HSM_KEY_AES, kek_value, sizeof(kek_value));
	uint64_t key = import_secret(c, HSM_KEY_AES, key_value, sizeof(key_value));
	static struct blob iv;
	struct gcm_spec s = { kek_value, 32, iv.p, (const uint8_t *)"aad", 3, 12 };
	uint32_t mech;

	for (mech = HSM_WRAP_AES_GCM; mech <= HSM_WRAP_CLOUDHSM_GCM; mech++) {
		size_t head = mech == HSM_WRAP_CLOUDHSM_GCM ? 12 : 0;
		struct msg *m = begin_wrap(key, kek, mech);

		add_no_header(m);
		add(m, HSM_TAG_AAD, "aad", 3);
		add_u32(m, HSM_TAG_GCM_TAG_LEN, 12);
		assert_int_equal(send(c, ALICE, m), 0);
		take(HSM_TAG_DATA, &wrapped);
		if (head)
			memcpy(iv.p, wrapped.p, iv.len = 12);
		else
			take(HSM_TAG_IV, &iv);
		assert_int_equal(wrapped.len, head + 32 + 12);
		assert_true(gcm_open(&s, wrapped.p + head, wrapped.len - head, &plain));
		assert_memory_equal(plain.p, key_value, 32);

		memcpy(iv.p, "host's own I", 12);
		gcm_seal(&s, key_value, 32, &plain);
		memcpy(expect.p, iv.p, head);
		memcpy(expect.p + head, plain.p, plain.len);
		expect.len = head + plain.len;
		m = begin_unwrap(kek, mech, &expect);
		add_kind(m, HSM_KEY_CLASS_SECRET, HSM_KEY_AES);
		add(m, HSM_TAG_AAD, "aad", 3);
		add_u32(m, HSM_TAG_GCM_TAG_LEN, 12);
		if (!head)
			add(m, HSM_TAG_IV, iv.p, 12);
		assert_int_equal(send(c, ALICE, m), 0);
		check_same_kcv(c, key);
		m = begin_unwrap(kek, mech, &expect);
		add_kind(m, HSM_KEY_CLASS_SECRET, HSM_KEY_AES);
		add(m, HSM_TAG_AAD, "aae", 3);
		add_u32(m, HSM_TAG_GCM_TAG_LEN, 12);
		if (!head)
			add(m, HSM_TAG_IV, iv.p, 12);
		assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_PKCS_DATA);
	}
}

static void tdea(void **state)
{
	static const uint8_t iv[2][4] = { { 0xa6, 0xa6, 0xa6, 0xa6 }, "IVs" };
	struct card *c = *state;
	uint64_t key = import_secret(c, HSM_KEY_AES, key_value, sizeof(key_value));
	uint64_t rsa = make_pair(c, HSM_KEY_RSA, 0), des;
	EVP_PKEY *pub = card_public(c, rsa);
	struct msg *m;
	int i;

	rsa_encrypt(pub, NULL, des_value, sizeof(des_value), &wrapped);
	m = begin_unwrap(rsa + 1, HSM_WRAP_RSA_PKCS, &wrapped);
	add_kind(m, HSM_KEY_CLASS_SECRET, HSM_KEY_DES3);
	add_u8(m, HSM_ATTR_WRAP, 1);
	add_u8(m, HSM_ATTR_UNWRAP, 1);
	des = made(c, ALICE, m);
	for (i = 0; i < 2; i++) {
		tdea_wrap(des_value, iv[i], key_value, sizeof(key_value), &expect);
		bare_wrap(c, key, des, HSM_WRAP_TDEA, i ? iv[i] : NULL, 4);
		assert_true(same(&wrapped, &expect));
		bare_unwrap(c, des, HSM_WRAP_TDEA, &expect, i ? iv[i] : NULL, 4, key);
	}
	EVP_PKEY_free(pub);
}

static const struct {
	uint32_t number;
	const char *name;
} hashes[] = {
	{ HSM_HASH_SHA1, "SHA1" }, { HSM_HASH_SHA224, "SHA224" }, { HSM_HASH_SHA256, "SHA256" },
	{ HSM_HASH_SHA384, "SHA384" }, { HSM_HASH_SHA512, "SHA512" },
};

/* The card takes in a private key that OpenSSL made, and gives it out again. */
static EVP_PKEY *shared_pair(struct card *c, uint64_t *priv, uint64_t *pub)
{
	uint64_t kek = import_secret(c, HSM_KEY_AES, kek_value, sizeof(kek_value));
	EVP_PKEY *key = EVP_RSA_gen(2048);
	static struct blob der, spki;
	uint8_t *p = spki.p;
	struct msg *m;

	pkcs8_of(key, &der);
	aes_wrap(HSM_WRAP_AES_PAD, NULL, der.p, der.len, &wrapped);
	m = begin_unwrap(kek, HSM_WRAP_AES_PAD, &wrapped);
	add_kind(m, HSM_KEY_CLASS_PRIVATE, HSM_KEY_RSA);
	*priv = made(c, ALICE, m);
	spki.len = (size_t)i2d_PUBKEY(key, &p);
	m = begin(HSM_CMD_KEY_PUT_PUBLIC, FIRST_SESSION);
	add_blob(m, HSM_TAG_DATA, &spki);
	add_text(m, HSM_ATTR_LABEL, "pub");
	*pub = made(c, ALICE, m);

	bare_wrap(c, *priv, kek, HSM_WRAP_AES_PAD, NULL, 0);
	assert_true(evp_cipher(&(struct cipher_spec){ "AES-256-WRAP-PAD", kek_value, NULL, false,
						      false }, wrapped.p, wrapped.len, &plain));
	assert_true(same(&plain, &der));
	return key;
}

static void rsa(void **state)
{
	struct card *c = *state;
	uint64_t key = import_secret(c, HSM_KEY_AES, key_value, sizeof(key_value)), priv, pub;
	EVP_PKEY *pair = shared_pair(c, &priv, &pub);
	size_t i, mech;

	for (i = 0; i < 5 * 2; i++) {
		const char *name = hashes[i / 2].name;
		struct msg *m;

		mech = i % 2 ? HSM_WRAP_RSA_OAEP : HSM_WRAP_RSA_AES;
		m = begin_wrap(key, pub, (uint32_t)mech);
		add_no_header(m);
		add_u32(m, HSM_TAG_HASH, hashes[i / 2].number);
		assert_int_equal(send(c, ALICE, m), 0);
		take(HSM_TAG_DATA, &wrapped);
		assert_true(i % 2 ? rsa_decrypt(pair, name, wrapped.p, wrapped.len, &plain)
				  : rsa_aes_unwrap(pair, name, wrapped.p, wrapped.len, &plain));
		assert_int_equal(plain.len, 32);
		assert_memory_equal(plain.p, key_value, 32);
		(i % 2 ? rsa_encrypt : rsa_aes_wrap)(pair, name, key_value, 32, &wrapped);
		m = begin_unwrap(priv, (uint32_t)mech, &wrapped);
		add_u32(m, HSM_TAG_HASH, hashes[i / 2].number);
		add_kind(m, HSM_KEY_CLASS_SECRET, HSM_KEY_AES);
		assert_int_equal(send(c, ALICE, m), 0);
		check_same_kcv(c, key);
	}
	bare_wrap(c, key, pub, HSM_WRAP_RSA_PKCS, NULL, 0);
	assert_true(rsa_decrypt(pair, NULL, wrapped.p, wrapped.len, &plain));
	assert_int_equal(plain.len, 32);
	assert_memory_equal(plain.p, key_value, 32);
	rsa_encrypt(pair, NULL, key_value, 32, &wrapped);
	bare_unwrap(c, priv, HSM_WRAP_RSA_PKCS, &wrapped, NULL, 0, key);
	EVP_PKEY_free(pair);
}

/* EC and DSA private keys cross as PKCS#8 that OpenSSL reads. */
static void private_keys_come_out_as_pkcs8(void **state)
{
	static const uint32_t curves[] = {
		HSM_CURVE_PRIME256V1, HSM_CURVE_SECP384R1, HSM_CURVE_SECP256K1,
	};
	struct card *c = *state;
	uint64_t kek = import_secret(c, HSM_KEY_AES, kek_value, sizeof(kek_value));
	size_t i;

	for (i = 0; i < 4; i++) {
		uint64_t pair = i < 3 ? make_pair(c, HSM_KEY_EC, curves[i])
				      : make_pair(c, HSM_KEY_DSA, 0);
		EVP_PKEY *pub = card_public(c, pair), *priv;

		bare_wrap(c, pair + 1, kek, HSM_WRAP_AES_PAD, NULL, 0);
		assert_true(evp_cipher(&(struct cipher_spec){ "AES-256-WRAP-PAD", kek_value, NULL,
							      false, false },
				       wrapped.p, wrapped.len, &plain));
		priv = pkcs8_key(&plain);
		assert_int_equal(EVP_PKEY_eq(pub, priv), 1);
		EVP_PKEY_free(pub);
		EVP_PKEY_free(priv);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aes_key_wrap),
		cmocka_unit_test(aes_key_wrap_of_odd_lengths),
		cmocka_unit_test(gcm),
		cmocka_unit_test(tdea),
		cmocka_unit_test(rsa),
		cmocka_unit_test(private_keys_come_out_as_pkcs8),
	};

	return cmocka_run_group_tests(tests, setup_users, teardown);
}
