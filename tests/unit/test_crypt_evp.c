// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * test_crypt_evp.c - CRYPT, every mechanism: what the card encrypts, signs and MACs
 * OpenSSL decrypts and verifies, and the reverse.
 */
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "evp.h"

static const uint8_t aes_value[32] = "0123456789abcdef0123456789ABCDEF";
static const uint8_t des_value[24] = {
	0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01,
	0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23,
};
static const uint8_t iv[16] = "initial vector.";
static const size_t lengths[] = { 0, 1, 15, 16, 17, 4000, 60000 };
#define N_LENGTHS (sizeof(lengths) / sizeof(lengths[0]))

static struct blob in, out, back, sig;

static struct msg *crypt(uint32_t use, uint32_t mech, uint64_t key, const struct blob *data)
{
	struct msg *m = begin_crypt(HSM_CMD_CRYPT, use, mech, key);

	if (data->len)
		add_blob(m, HSM_TAG_DATA, data);
	return m;
}

static const struct {
	uint32_t mech, type;
	const char *name;
	size_t block, iv_len;
	bool pad;
} ciphers[] = {
	{ HSM_CKM_AES_ECB, HSM_KEY_AES, "AES-256-ECB", 16, 0, false },
	{ HSM_CKM_AES_CBC, HSM_KEY_AES, "AES-256-CBC", 16, 16, false },
	{ HSM_CKM_AES_CBC_PAD, HSM_KEY_AES, "AES-256-CBC", 1, 16, true },
	{ HSM_CKM_AES_CTR, HSM_KEY_AES, "AES-256-CTR", 1, 16, false },
	{ HSM_CKM_DES3_ECB, HSM_KEY_DES3, "DES-EDE3", 8, 0, false },
	{ HSM_CKM_DES3_CBC, HSM_KEY_DES3, "DES-EDE3-CBC", 8, 8, false },
	{ HSM_CKM_DES3_CBC_PAD, HSM_KEY_DES3, "DES-EDE3-CBC", 1, 8, true },
};

static void cipher_there_and_back(struct card *c, size_t i, uint64_t key)
{
	struct cipher_spec s = {
		ciphers[i].name, ciphers[i].type == HSM_KEY_AES ? aes_value : des_value,
		ciphers[i].iv_len ? iv : NULL, ciphers[i].pad, true,
	};
	struct msg *m = crypt(HSM_USE_ENCRYPT, ciphers[i].mech, key, &in);

	if (ciphers[i].iv_len)
		add(m, HSM_TAG_IV, iv, ciphers[i].iv_len);
	if (in.len % ciphers[i].block) {
		assert_int_equal(send(c, ALICE, m), HSM_RV_DATA_LENGTH);
		return;
	}
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &out);
	assert_true(evp_cipher(&s, in.p, in.len, &back));
	assert_true(same(&out, &back));
	m = crypt(HSM_USE_DECRYPT, ciphers[i].mech, key, &out);
	if (ciphers[i].iv_len)
		add(m, HSM_TAG_IV, iv, ciphers[i].iv_len);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &out);
	assert_true(same(&out, &in));
}

static void every_cipher(void **state)
{
	struct card *c = *state;
	uint64_t aes = import_secret(c, HSM_KEY_AES, aes_value, 32);
	uint64_t des = import_secret(c, HSM_KEY_DES3, des_value, 24);
	size_t i, n;

	for (i = 0; i < sizeof(ciphers) / sizeof(ciphers[0]); i++) {
		for (n = 0; n < N_LENGTHS; n++) {
			fill(&in, lengths[n]);
			cipher_there_and_back(c, i, ciphers[i].type == HSM_KEY_AES ? aes : des);
		}
	}
}

static void gcm(void **state)
{
	struct card *c = *state;
	uint64_t key = import_secret(c, HSM_KEY_AES, aes_value, 32);
	static struct blob made_iv;
	struct gcm_spec s = { aes_value, 32, made_iv.p, (const uint8_t *)"aad", 3, 16 };
	size_t n;

	for (n = 0; n < N_LENGTHS; n++) {
		struct msg *m;

		fill(&in, lengths[n]);
		s.tag_len = n % 2 ? 16 : 13;
		m = crypt(HSM_USE_ENCRYPT, HSM_CKM_AES_GCM, key, &in);
		add(m, HSM_TAG_AAD, "aad", 3);
		add_u32(m, HSM_TAG_GCM_TAG_LEN, (uint32_t)s.tag_len);
		assert_int_equal(send(c, ALICE, m), 0);
		take(HSM_TAG_IV, &made_iv);
		take(HSM_TAG_DATA, &out);
		assert_int_equal(made_iv.len, 12);
		assert_true(gcm_open(&s, out.p, out.len, &back));
		assert_true(same(&back, &in));

		memcpy(made_iv.p, "host's own I", 12);
		gcm_seal(&s, in.p, in.len, &out);
		m = crypt(HSM_USE_DECRYPT, HSM_CKM_AES_GCM, key, &out);
		add_blob(m, HSM_TAG_IV, &made_iv);
		add(m, HSM_TAG_AAD, "aad", 3);
		add_u32(m, HSM_TAG_GCM_TAG_LEN, (uint32_t)s.tag_len);
		assert_int_equal(send(c, ALICE, m), 0);
		take(HSM_TAG_DATA, &back);
		assert_true(same(&back, &in));
		out.p[out.len - 1] ^= 1;
		m = crypt(HSM_USE_DECRYPT, HSM_CKM_AES_GCM, key, &out);
		add_blob(m, HSM_TAG_IV, &made_iv);
		add(m, HSM_TAG_AAD, "aad", 3);
		add_u32(m, HSM_TAG_GCM_TAG_LEN, (uint32_t)s.tag_len);
		assert_int_equal(send(c, ALICE, m), HSM_RV_BAD_PKCS_DATA);
		assert_int_equal(reply_count(m, HSM_TAG_DATA), 0);
	}
}

static const struct {
	uint32_t mech;
	const char *name;
} digests[] = {
	{ HSM_CKM_SHA_1, "SHA1" }, { HSM_CKM_SHA224, "SHA224" }, { HSM_CKM_SHA256, "SHA256" },
	{ HSM_CKM_SHA384, "SHA384" }, { HSM_CKM_SHA512, "SHA512" },
};

static void every_digest(void **state)
{
	size_t i, n;

	for (i = 0; i < sizeof(digests) / sizeof(digests[0]); i++) {
		for (n = 0; n < N_LENGTHS; n++) {
			fill(&in, lengths[n]);
			assert_int_equal(send(*state, ALICE, crypt(HSM_USE_DIGEST, digests[i].mech,
								   0, &in)), 0);
			take(HSM_TAG_DATA, &out);
			evp_digest(digests[i].name, &in, &back);
			assert_true(same(&out, &back));
		}
	}
}

static const struct {
	uint32_t mech, type;
	const char *name, *sub;
} macs[] = {
	{ HSM_CKM_SHA_1_HMAC, HSM_KEY_GENERIC, "HMAC", "SHA1" },
	{ HSM_CKM_SHA224_HMAC, HSM_KEY_GENERIC, "HMAC", "SHA224" },
	{ HSM_CKM_SHA256_HMAC, HSM_KEY_GENERIC, "HMAC", "SHA256" },
	{ HSM_CKM_SHA384_HMAC, HSM_KEY_GENERIC, "HMAC", "SHA384" },
	{ HSM_CKM_SHA512_HMAC, HSM_KEY_GENERIC, "HMAC", "SHA512" },
	{ HSM_CKM_AES_CMAC, HSM_KEY_AES, "CMAC", "AES-256-CBC" },
	{ HSM_CKM_DES3_CMAC, HSM_KEY_DES3, "CMAC", "DES-EDE3-CBC" },
};

/* A secret key that may sign and verify. */
static uint64_t mac_key(struct card *c, uint32_t type, const uint8_t *value, size_t len)
{
	uint64_t key = import_secret(c, type, value, len);

	assert_int_equal(set_bool(c, ALICE, key, HSM_ATTR_SIGN, 1), 0);
	assert_int_equal(set_bool(c, ALICE, key, HSM_ATTR_VERIFY, 1), 0);
	return key;
}

static uint32_t verify(struct card *c, uint32_t mech, uint64_t key)
{
	struct msg *m = crypt(HSM_USE_VERIFY, mech, key, &in);

	add_blob(m, HSM_TAG_SIGNATURE, &sig);
	return send(c, ALICE, m);
}

static void every_mac(void **state)
{
	struct card *c = *state;
	size_t i, n;

	for (i = 0; i < sizeof(macs) / sizeof(macs[0]); i++) {
		const uint8_t *value = macs[i].type == HSM_KEY_DES3 ? des_value : aes_value;
		size_t len = macs[i].type == HSM_KEY_DES3 ? 24 : 32;
		uint64_t key = mac_key(c, macs[i].type, value, len);

		for (n = 0; n < N_LENGTHS; n++) {
			fill(&in, lengths[n]);
			assert_int_equal(send(c, ALICE, crypt(HSM_USE_SIGN, macs[i].mech, key, &in)),
					 0);
			take(HSM_TAG_SIGNATURE, &sig);
			evp_mac(macs[i].name, macs[i].sub, value, len, &in, &back);
			assert_true(same(&sig, &back));
			assert_int_equal(verify(c, macs[i].mech, key), 0);
			sig.p[0] ^= 0x80;
			assert_int_equal(verify(c, macs[i].mech, key), HSM_RV_BAD_PKCS_DATA);
		}
	}
}

#define HASHES(prefix, suffix) \
	{ HSM_CKM_##prefix##SHA1##suffix, "SHA1" }, { HSM_CKM_##prefix##SHA224##suffix, "SHA224" }, \
	{ HSM_CKM_##prefix##SHA256##suffix, "SHA256" }, \
	{ HSM_CKM_##prefix##SHA384##suffix, "SHA384" }, \
	{ HSM_CKM_##prefix##SHA512##suffix, "SHA512" }

struct signing {
	uint32_t mech;
	const char *digest;
};

static const struct signing rsa_pkcs[] = { HASHES(, _RSA_PKCS) };
static const struct signing rsa_pss[] = { HASHES(, _RSA_PKCS_PSS) };
static const struct signing ecdsa[] = { HASHES(ECDSA_, ) };
static const struct signing dsa[] = { HASHES(DSA_, ) };

/* OpenSSL's copy of the private key: by way of a wrap. */
static EVP_PKEY *exported(struct card *c, uint64_t priv)
{
	uint64_t kek = import_secret(c, HSM_KEY_AES, aes_value, 32);
	struct cipher_spec kwp = { "AES-256-WRAP-PAD", aes_value, NULL, false, false };
	struct msg *m = begin_wrap(priv, kek, HSM_WRAP_AES_PAD);

	add_no_header(m);
	assert_int_equal(send(c, ALICE, m), 0);
	take(HSM_TAG_DATA, &out);
	assert_true(evp_cipher(&kwp, out.p, out.len, &back));
	return pkcs8_key(&back);
}

static void sign_all(struct card *c, uint64_t pub, const struct signing *s, bool pss)
{
	EVP_PKEY *theirs = exported(c, pub + 1), *mine = card_public(c, pub);
	size_t i;

	for (i = 0; i < 5; i++) {
		fill(&in, i ? 1000 + i : 0);
		assert_int_equal(send(c, ALICE, crypt(HSM_USE_SIGN, s[i].mech, pub + 1, &in)), 0);
		take(HSM_TAG_SIGNATURE, &sig);
		assert_true(evp_verify(mine, s[i].digest, pss, &in, &sig));
		evp_sign(theirs, s[i].digest, pss, &in, &sig);
		assert_int_equal(verify(c, s[i].mech, pub), 0);
		sig.p[sig.len - 1] ^= 1;
		assert_int_equal(verify(c, s[i].mech, pub), HSM_RV_BAD_PKCS_DATA);
		sig.len--;
		assert_int_equal(verify(c, s[i].mech, pub), HSM_RV_BAD_PKCS_DATA);
		sig.len = 1;
		assert_int_equal(verify(c, s[i].mech, pub), HSM_RV_BAD_PKCS_DATA);
	}
	EVP_PKEY_free(theirs);
	EVP_PKEY_free(mine);
}

static void every_signature(void **state)
{
	struct card *c = *state;
	uint64_t rsa = make_pair(c, HSM_KEY_RSA, 0);

	sign_all(c, rsa, rsa_pkcs, false);
	sign_all(c, rsa, rsa_pss, true);
	sign_all(c, make_pair(c, HSM_KEY_EC, HSM_CURVE_PRIME256V1), ecdsa, false);
	sign_all(c, make_pair(c, HSM_KEY_EC, HSM_CURVE_SECP521R1), ecdsa, false);
	sign_all(c, make_pair(c, HSM_KEY_DSA, 0), dsa, false);
}

static void rsa_encryption(void **state)
{
	struct card *c = *state;
	uint64_t rsa = make_pair(c, HSM_KEY_RSA, 0);
	EVP_PKEY *theirs = exported(c, rsa + 1);
	size_t i;

	for (i = 0; i < 6; i++) {	/* hash 2 to 6; 0 = PKCS#1 v1.5 */
		static const char *const names[] = { NULL, NULL, "SHA1", "SHA256", "SHA384",
						     "SHA512", "SHA224" };
		uint32_t hash = i ? (uint32_t)i + 1 : 0;
		uint32_t mech = i ? HSM_CKM_RSA_PKCS_OAEP : HSM_CKM_RSA_PKCS;
		struct msg *m;

		fill(&in, 100);
		m = crypt(HSM_USE_ENCRYPT, mech, rsa, &in);
		if (hash)
			add_u32(m, HSM_TAG_HASH, hash);
		assert_int_equal(send(c, ALICE, m), 0);
		take(HSM_TAG_DATA, &out);
		assert_true(rsa_decrypt(theirs, names[hash], out.p, out.len, &back));
		assert_true(same(&back, &in));
		rsa_encrypt(theirs, names[hash], in.p, in.len, &out);
		m = crypt(HSM_USE_DECRYPT, mech, rsa + 1, &out);
		if (hash)
			add_u32(m, HSM_TAG_HASH, hash);
		assert_int_equal(send(c, ALICE, m), 0);
		take(HSM_TAG_DATA, &back);
		assert_true(same(&back, &in));
		out.p[17] ^= 1;
		m = crypt(HSM_USE_DECRYPT, mech, rsa + 1, &out);
		if (hash)
			add_u32(m, HSM_TAG_HASH, hash);
		/* With implicit rejection PKCS#1 gives something else instead of an error. */
		if (send(c, ALICE, m)) {
			assert_int_equal(m->status, HSM_RV_BAD_PKCS_DATA);
		} else {
			assert_int_equal(i, 0);
			take(HSM_TAG_DATA, &back);
			assert_false(same(&back, &in));
		}
	}
	EVP_PKEY_free(theirs);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_cipher),
		cmocka_unit_test(gcm),
		cmocka_unit_test(every_digest),
		cmocka_unit_test(every_mac),
		cmocka_unit_test(every_signature),
		cmocka_unit_test(rsa_encryption),
	};

	return cmocka_run_group_tests(tests, setup_users, teardown);
}
