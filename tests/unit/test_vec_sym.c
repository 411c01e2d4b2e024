// SPDX-License-Identifier: GPL-2.0-or-later
/* test_vec_sym.c - ciphers, MACs and digests as operations, against published vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto_key.h"
#include "hsm/hsm_cmd.h"
#include "keyop.h"
#include "vector.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define KEY128 "2b7e151628aed2a6abf7158809cf4f3c"
#define KEY192 "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b"
#define KEY256 "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"
#define TEXT "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51" \
	     "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
#define IV16 "000102030405060708090a0b0c0d0e0f"
#define COUNTER "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"

struct cipher_case {
	uint32_t mechanism, key_type;
	const char *key, *iv, *plain, *cipher;
};

/*
 * SP 800-38A, F.1, F.2 and F.5; SP 800-67, appendix B.1; OpenSSL's evpciph.txt
 * (DES-EDE3-CBC).
 */
static const struct cipher_case ciphers[] = {
	{ HSM_CKM_AES_ECB, HSM_KEY_AES, KEY128, "", TEXT,
	  "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf"
	  "43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4" },
	{ HSM_CKM_AES_ECB, HSM_KEY_AES, KEY192, "", TEXT,
	  "bd334f1d6e45f25ff712a214571fa5cc974104846d0ad3ad7734ecb3ecee4eef"
	  "ef7afd2270e2e60adce0ba2face6444e9a4b41ba738d6c72fb16691603c18e0e" },
	{ HSM_CKM_AES_ECB, HSM_KEY_AES, KEY256, "", TEXT,
	  "f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a31362870"
	  "b6ed21b99ca6f4f9f153e7b1beafed1d23304b7a39f9f3ff067d8d8f9e24ecc7" },
	{ HSM_CKM_AES_CBC, HSM_KEY_AES, KEY128, IV16, TEXT,
	  "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
	  "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7" },
	{ HSM_CKM_AES_CBC, HSM_KEY_AES, KEY192, IV16, TEXT,
	  "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a"
	  "571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd" },
	{ HSM_CKM_AES_CBC, HSM_KEY_AES, KEY256, IV16, TEXT,
	  "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
	  "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b" },
	{ HSM_CKM_AES_CTR, HSM_KEY_AES, KEY128, COUNTER, TEXT,
	  "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
	  "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee" },
	{ HSM_CKM_AES_CTR, HSM_KEY_AES, KEY192, COUNTER, TEXT,
	  "1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e94"
	  "1e36b26bd1ebc670d1bd1d665620abf74f78a7f6d29809585a97daec58c6b050" },
	{ HSM_CKM_AES_CTR, HSM_KEY_AES, KEY256, COUNTER, TEXT,
	  "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c5"
	  "2b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6" },
	{ HSM_CKM_DES3_ECB, HSM_KEY_DES3, "0123456789abcdef23456789abcdef01456789abcdef0123", "",
	  "54686520717566636b2062726f776e20666f78206a756d70",
	  "a826fd8ce53b855fcce21c8112256fe668d5c05dd9b6b900" },
	{ HSM_CKM_DES3_CBC, HSM_KEY_DES3, "0123456789abcdeff1e0d3c2b5a49786fedcba9876543210",
	  "fedcba9876543210", "37363534333231204e6f77206973207468652074696d6520666f722000000000",
	  "3fe301c962ac01d02213763c1cbd4cdc799657c064ecf5d41c673812cfde9675" },
};

static void check_cipher(const struct cipher_case *c, size_t step)
{
	size_t iv_len, len, want_len, n;
	const uint8_t *iv = unhex(c->iv, &iv_len), *plain = unhex(c->plain, &len);
	const uint8_t *want = unhex(c->cipher, &want_len);
	const struct fc_params p = { .mechanism = c->mechanism, .iv = iv, .iv_len = iv_len };
	struct fc_key *k = keyop_secret(c->key_type, c->key);
	uint8_t out[1200];

	/* Twice: the second time with contexts that were used before. */
	for (unsigned int again = 0; again < 2; again++) {
		assert_int_equal(keyop(k, HSM_USE_ENCRYPT, &p, plain, len, step, NULL, 0, out, &n),
				 0);
		assert_int_equal(n, want_len);
		assert_memory_equal(out, want, n);
		assert_int_equal(keyop(k, HSM_USE_DECRYPT, &p, want, len, step, NULL, 0, out, &n),
				 0);
		assert_int_equal(n, len);
		assert_memory_equal(out, plain, n);
	}
	fc_key_put(k);
}

static void block_ciphers(void **state)
{
	static const size_t steps[] = { 0, 1, 7, 16, 33 };

	(void)state;
	for (size_t i = 0; i < COUNT(ciphers); i++)
		for (size_t s = 0; s < COUNT(steps); s++)
			check_cipher(&ciphers[i], steps[s]);
}

/* McGrew and Viega, The Galois/Counter Mode of Operation, test cases 4, 10 and 16. */
static const struct {
	const char *key, *cipher;
} gcm_cases[] = {
	{ "feffe9928665731c6d6a8f9467308308",
	  "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
	  "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
	  "5bc94fbc3221a5db94fae95ae7121a47" },
	{ "feffe9928665731c6d6a8f9467308308feffe9928665731c",
	  "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c"
	  "7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710"
	  "2519498e80f1478f37ba55bd6d27618c" },
	{ "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
	  "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
	  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
	  "76fc6ece0f4e1768cddf8853bb2d551b" },
};

#define GCM_PLAIN "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" \
		  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"

/* With a tag of every length; one byte too few, and the tag of another length is wrong. */
static void check_gcm(struct fc_key *k, const uint8_t *want, uint32_t tag_len)
{
	size_t iv_len, aad_len, len, n;
	const uint8_t *iv = unhex("cafebabefacedbaddecaf888", &iv_len);
	const uint8_t *aad = unhex("feedfacedeadbeeffeedfacedeadbeefabaddad2", &aad_len);
	const uint8_t *plain = unhex(GCM_PLAIN, &len);
	const struct fc_params p = { .mechanism = HSM_CKM_AES_GCM, .iv = iv, .iv_len = iv_len,
				     .aad = aad, .aad_len = aad_len, .tag_len = tag_len };
	static const uint8_t zero[64];
	uint8_t out[1200];
	size_t all = len + tag_len;

	assert_int_equal(keyop(k, HSM_USE_ENCRYPT, &p, plain, len, 9, NULL, 0, out, &n), 0);
	assert_int_equal(n, all);
	assert_memory_equal(out, want, n);
	assert_int_equal(keyop(k, HSM_USE_DECRYPT, &p, want, all, 0, NULL, 0, out, &n), 0);
	assert_int_equal(n, len);
	assert_memory_equal(out, plain, n);
	assert_int_equal(keyop(k, HSM_USE_DECRYPT, &p, want, all - 1, 0, NULL, 0, out, &n),
			 HSM_RV_BAD_PKCS_DATA);
	assert_memory_equal(out, zero, len);
	assert_int_not_equal(keyop(k, HSM_USE_DECRYPT, &p, want, all, 40, NULL, 0, out, &n), 0);
}

static void gcm(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(gcm_cases); i++) {
		struct fc_key *k = keyop_secret(HSM_KEY_AES, gcm_cases[i].key);

		for (uint32_t tag_len = HSM_GCM_TAG_MIN; tag_len <= 16; tag_len++) {
			size_t len;

			check_gcm(k, unhex(gcm_cases[i].cipher, &len), tag_len);
		}
		fc_key_put(k);
	}
}

struct mac_case {
	uint32_t mechanism, key_type;
	const char *key, *msg, *mac;
};

#define AA20 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define AA80 AA20 AA20 AA20 AA20
#define AA131 AA80 AA20 AA20 "aaaaaaaaaaaaaaaaaaaaaa"
#define B20 "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
#define HI "4869205468657265"			/* Hi There */
#define JEFE "4a656665"
#define WHAT "7768617420646f2079612077616e7420666f72206e6f7468696e673f"
#define LARGE "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a65204b6579202d20" \
	      "48617368204b6579204669727374"

/*
 * CMAC: RFC 4493, section 4; SP 800-38B, D.2 and D.3; OpenSSL's evpmac_cmac_des.txt.
 * HMAC: RFC 2202, section 3, and RFC 4231, section 4, cases 1, 2 and 6.
 */
static const struct mac_case macs[] = {
	{ HSM_CKM_AES_CMAC, HSM_KEY_AES, KEY128, "", "bb1d6929e95937287fa37d129b756746" },
	{ HSM_CKM_AES_CMAC, HSM_KEY_AES, KEY128, "6bc1bee22e409f96e93d7e117393172a",
	  "070a16b46b4d4144f79bdd9dd04a287c" },
	{ HSM_CKM_AES_CMAC, HSM_KEY_AES, KEY128, "6bc1bee22e409f96e93d7e117393172a"
	  "ae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411", "dfa66747de9ae63030ca32611497c827" },
	{ HSM_CKM_AES_CMAC, HSM_KEY_AES, KEY128, TEXT, "51f0bebf7e3b9d92fc49741779363cfe" },
	{ HSM_CKM_AES_CMAC, HSM_KEY_AES, KEY192, "", "d17ddf46adaacde531cac483de7a9367" },
	{ HSM_CKM_AES_CMAC, HSM_KEY_AES, KEY256, "", "028962f61b7bf89efc6b551f4667d983" },
	{ HSM_CKM_AES_CMAC, HSM_KEY_AES, KEY256, "6bc1bee22e409f96e93d7e117393172a",
	  "28a7023f452e8f82bd4bf28d8c37c35c" },
	{ HSM_CKM_AES_CMAC, HSM_KEY_AES, KEY256, TEXT, "e1992190549f6ed5696a2c056c315410" },
	{ HSM_CKM_DES3_CMAC, HSM_KEY_DES3, "89bcd952a8c8ab371af48ac7d07085d5eff702e6d62cdc23",
	  "fa620c1bbe97319e9a0cf0492121f7a20eb08a6a709dcbd00aaf38e4f99e754e", "8f49a1b7d6aa2258" },
	{ HSM_CKM_SHA_1_HMAC, HSM_KEY_GENERIC, B20, HI,
	  "b617318655057264e28bc0b6fb378c8ef146be00" },
	{ HSM_CKM_SHA_1_HMAC, HSM_KEY_GENERIC, JEFE, WHAT,
	  "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79" },
	{ HSM_CKM_SHA_1_HMAC, HSM_KEY_GENERIC, AA80, LARGE,
	  "aa4ae5e15272d00e95705637ce8a3b55ed402112" },
	{ HSM_CKM_SHA224_HMAC, HSM_KEY_GENERIC, B20, HI,
	  "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22" },
	{ HSM_CKM_SHA224_HMAC, HSM_KEY_GENERIC, JEFE, WHAT,
	  "a30e01098bc6dbbf45690f3a7e9e6d0f8bbea2a39e6148008fd05e44" },
	{ HSM_CKM_SHA224_HMAC, HSM_KEY_GENERIC, AA131, LARGE,
	  "95e9a0db962095adaebe9b2d6f0dbce2d499f112f2d2b7273fa6870e" },
	{ HSM_CKM_SHA256_HMAC, HSM_KEY_GENERIC, B20, HI,
	  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
	{ HSM_CKM_SHA256_HMAC, HSM_KEY_GENERIC, JEFE, WHAT,
	  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
	{ HSM_CKM_SHA256_HMAC, HSM_KEY_GENERIC, AA131, LARGE,
	  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	{ HSM_CKM_SHA384_HMAC, HSM_KEY_GENERIC, B20, HI,
	  "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
	  "faea9ea9076ede7f4af152e8b2fa9cb6" },
	{ HSM_CKM_SHA384_HMAC, HSM_KEY_GENERIC, JEFE, WHAT,
	  "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
	  "8e2240ca5e69e2c78b3239ecfab21649" },
	{ HSM_CKM_SHA512_HMAC, HSM_KEY_GENERIC, B20, HI,
	  "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
	  "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854" },
	{ HSM_CKM_SHA512_HMAC, HSM_KEY_GENERIC, AA131, LARGE,
	  "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
	  "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598" },
};

static void check_mac(const struct mac_case *c, size_t step)
{
	const struct fc_params p = { .mechanism = c->mechanism };
	struct fc_key *k = keyop_secret(c->key_type, c->key);
	size_t len, want_len, n;
	const uint8_t *msg = unhex(c->msg, &len), *want = unhex(c->mac, &want_len);
	uint8_t out[1200], mac[64];

	memcpy(mac, want, want_len);
	for (unsigned int again = 0; again < 2; again++) {
		assert_int_equal(keyop(k, HSM_USE_SIGN, &p, msg, len, step, NULL, 0, out, &n), 0);
		assert_int_equal(n, want_len);
		assert_memory_equal(out, mac, n);
		assert_int_equal(keyop_verify(k, c->mechanism, msg, len, mac, want_len), 0);
		assert_int_equal(keyop_verify(k, c->mechanism, msg, len, mac, want_len - 1),
				 HSM_RV_BAD_PKCS_DATA);
		mac[want_len - 1] ^= 1;
		assert_int_equal(keyop_verify(k, c->mechanism, msg, len, mac, want_len),
				 HSM_RV_BAD_PKCS_DATA);
		mac[want_len - 1] ^= 1;
	}
	fc_key_put(k);
}

static void mac_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(macs); i++) {
		check_mac(&macs[i], 0);
		check_mac(&macs[i], 1);
	}
}

/* FIPS 180-2, appendices A to D, and RFC 3874: "abc". */
static void digests(void **state)
{
	static const struct {
		uint32_t mechanism;
		const char *want;
	} cases[] = {
		{ HSM_CKM_SHA_1, "a9993e364706816aba3e25717850c26c9cd0d89d" },
		{ HSM_CKM_SHA224, "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7" },
		{ HSM_CKM_SHA256,
		  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ HSM_CKM_SHA384,
		  "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
		  "8086072ba1e7cc2358baeca134c825a7" },
		{ HSM_CKM_SHA512,
		  "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
		  "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f" },
	};
	uint8_t out[1200];
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct fc_params p = { .mechanism = cases[i].mechanism };

		assert_int_equal(keyop(NULL, HSM_USE_DIGEST, &p, (const uint8_t *)"abc", 3, i % 2,
				       NULL, 0, out, &n), 0);
		assert_int_equal(n, strlen(cases[i].want) / 2);
		assert_hex(out, cases[i].want);
	}
}

/* OpenSSL's evppbe_pkcs12.txt: "smeg" and "queeg", as keys; the parity is ours to set. */
static void pkcs12(void **state)
{
	static const struct {
		const char *pw, *salt, *key;
		uint32_t iterations;
	} cases[] = {
		{ "smeg", "0a58cf64530d823f", "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3",
		  1 },
		{ "queeg", "1682c0fc5b3f7ec5", "483dd6e919d7de2e8e648ba8f862f3fbfbdc2bcb2c02957f",
		  1000 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t salt_len, len;
		const uint8_t *salt = unhex(cases[i].salt, &salt_len);
		uint8_t want[24], key[24];

		memcpy(want, unhex(cases[i].key, &len), 24);
		fc_des_parity(want, 24);
		assert_true(fc_pbe_des3((const uint8_t *)cases[i].pw, strlen(cases[i].pw), salt,
					salt_len, cases[i].iterations, key));
		assert_memory_equal(key, want, 24);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(block_ciphers),
		cmocka_unit_test(gcm),
		cmocka_unit_test(mac_vectors),
		cmocka_unit_test(digests),
		cmocka_unit_test(pkcs12),
	};

	return cmocka_run_group_tests_name("vectors: symmetric", tests, NULL, NULL);
}
