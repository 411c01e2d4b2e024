// SPDX-License-Identifier: GPL-2.0-or-later
/* test_vec_wrap.c - key wrapping against published vectors. */
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

#define KEK16 "000102030405060708090a0b0c0d0e0f"
#define KEK24 KEK16 "1011121314151617"
#define KEK32 KEK24 "18191a1b1c1d1e1f"
#define DATA16 "00112233445566778899aabbccddeeff"
#define DATA24 DATA16 "0001020304050607"
#define DATA32 DATA24 "08090a0b0c0d0e0f"

struct wrap_case {
	uint32_t mechanism;
	const char *kek, *plain, *wrapped;
};

/*
 * KW: RFC 3394, section 4. KWP: RFC 5649, section 6; Wycheproof, aes_kwp_test.json, tcId
 * 1, 4, 7, 11, 18, 25. TKW: NIST CAVP kwtestvectors, TKW_AE, 64 bits 0 and 1, 128 bits
 * 0 and 1.
 */
static const struct wrap_case good[] = {
	{ HSM_WRAP_AES_NO_PAD, KEK16, DATA16, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5" },
	{ HSM_WRAP_AES_NO_PAD, KEK24, DATA16, "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d" },
	{ HSM_WRAP_AES_NO_PAD, KEK32, DATA16, "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7" },
	{ HSM_WRAP_AES_NO_PAD, KEK24, DATA24,
	  "031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2" },
	{ HSM_WRAP_AES_NO_PAD, KEK32, DATA24,
	  "a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1" },
	{ HSM_WRAP_AES_NO_PAD, KEK32, DATA32,
	  "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21" },
	{ HSM_WRAP_AES_PAD, "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8",
	  "c37b7e6492584340bed12207808941155068f738",
	  "138bdeaa9b8fa7fc61f97742e72248ee5ae6ae5360d1ae6a5f54f373fa543b6a" },
	{ HSM_WRAP_AES_PAD, "5840df6e29b02af1ab493b705bf16ea1ae8338f4dcc176a8", "466f7250617369",
	  "afbeb0f07dfbf5419200f2ccb50bb24f" },
	{ HSM_WRAP_AES_PAD, "6f67486d1e914419cb43c28509c7c1ea", "8dc0632d92ee0be4f740028410b08270",
	  "8cd63fa6788aa5edfa753fc87d645a672b14107c3b4519e7" },
	{ HSM_WRAP_AES_PAD, "e0e12959109103e30ae8b5684a22e662",
	  "dbb0f2bb2be912a20430972d9842ce3fd3b928e573e1ac8e",
	  "9e4510cc84c4bd7abab0a8a5d7f1e6ff3e6777ca2dff9be7e223652239fe57d8" },
	{ HSM_WRAP_AES_PAD, "c2b9d23f2831ddcdeb456853d4014db9",
	  "f4cfea98e58b939cc859554385cf3a6c7f8217f728efb431c964786de8274907",
	  "67f8edf57f84ea0a35b35511d67d3f299c9984b2c07d3809c3d7f5f45091f1a8fbb937ed447677f6" },
	{ HSM_WRAP_AES_PAD, "1abf4b7fa2bb62a78f09ddab04625dca", "4c",
	  "09bcbab50b8dd45ad83412e2919030d3" },
	{ HSM_WRAP_AES_PAD, "1abf4b7fa2bb62a78f09ddab04625dca", "536f8f83b64771c1",
	  "936fe58b629ea6ec158145218f2361c7" },
	{ HSM_WRAP_AES_PAD, "1abf4b7fa2bb62a78f09ddab04625dca", "9efd21e13855eea8907afdcd8935f4",
	  "16e369351c40f220d3fb1197f35da652a3a40ca3b1e99bfb" },
	{ HSM_WRAP_TDEA, "12b84c663120c196f8fc17428bc86a110d92cc7c4d3cb695", "ef7da3da918d0679",
	  "7a72bbca3aa323aa1ac231ba" },
	{ HSM_WRAP_TDEA, "a44d676e86401bfceafe20fe70a66590cdefa5a3f73c9df9", "ded6f66fbdc841d8",
	  "71b77e17d0b0cf5cba05ee6f" },
	{ HSM_WRAP_TDEA, "acfc04378d76f9fb541ac931143fb83771af06d79bc5e0ff",
	  "33eebee3f5f50e366600f7124679b1e0", "42c171c07eba2b22f45901b30e361953b0927790" },
	{ HSM_WRAP_TDEA, "e1689682cf3e9fb00e93c02fcf7eb77c7456bafc818a13b4",
	  "f3c8f87a6c1c0888377152a87a76d40a", "4ac2625a2aced1c541890553f96f1a3e1bab5072" },
};

static struct fc_key *kek_of(const struct wrap_case *c)
{
	return keyop_secret(c->mechanism == HSM_WRAP_TDEA ? HSM_KEY_DES3 : HSM_KEY_AES, c->kek);
}

static void published(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		const struct wrap_case *c = &good[i];
		const struct fc_wrap w = { .mechanism = c->mechanism };
		struct fc_key *k = kek_of(c);
		size_t len, want_len, n;
		const uint8_t *plain = unhex(c->plain, &len), *want = unhex(c->wrapped, &want_len);
		uint8_t out[256];

		assert_int_equal(fc_wrap(k, &w, plain, len, out, &n), 0);
		assert_int_equal(n, want_len);
		assert_memory_equal(out, want, n);
		assert_int_equal(fc_unwrap(k, &w, want, want_len, out, &n), 0);
		assert_int_equal(n, len);
		assert_memory_equal(out, plain, n);
		fc_key_put(k);
	}
}

/* Wycheproof, aes_kwp_test.json, tcId 26, 28, 30, 34, 37: changed paddings and IVs. */
static const struct wrap_case bad[] = {
	{ HSM_WRAP_AES_PAD, "4f710eb6b5e28703becfc3dc52fa8bc1", "",
	  "4cdd2962f23ec897d41d14c3f818516c055799185f459e2d" },
	{ HSM_WRAP_AES_PAD, "4f710eb6b5e28703becfc3dc52fa8bc1", "",
	  "4a24069a050af7bbcf6c2160d54525e017e3ac1b3a2e71f0" },
	{ HSM_WRAP_AES_PAD, "4f710eb6b5e28703becfc3dc52fa8bc1", "",
	  "a2ed5982a604512d85d87630cd50705b1a70189b81575e3f" },
	{ HSM_WRAP_AES_PAD, "4f710eb6b5e28703becfc3dc52fa8bc1", "",
	  "a0c51e687c46f342c78e3c59eee076a85312206a37213ac3" },
	{ HSM_WRAP_AES_PAD, "4f710eb6b5e28703becfc3dc52fa8bc1", "",
	  "a90cb672f232eb693a290523a10d8f988a18829a11cabd96" },
};

static void refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct fc_wrap w = { .mechanism = bad[i].mechanism };
		struct fc_key *k = kek_of(&bad[i]);
		size_t len, n;
		const uint8_t *wrapped = unhex(bad[i].wrapped, &len);
		uint8_t out[256];

		assert_int_equal(fc_unwrap(k, &w, wrapped, len, out, &n), HSM_RV_BAD_PKCS_DATA);
		assert_int_equal(n, 0);
		fc_key_put(k);
	}
}

/* RFC 3394, section 2.2.3: IVs other than the default are the user's. */
static void other_iv(void **state)
{
	static const uint8_t iv[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	static const uint32_t mechanisms[] = {
		HSM_WRAP_AES_PKCS5, HSM_WRAP_AES_NO_PAD, HSM_WRAP_TDEA
	};
	uint8_t data[32] = { 9 }, out[256], back[256];

	(void)state;
	for (size_t i = 0; i < COUNT(mechanisms); i++) {
		bool tdea = mechanisms[i] == HSM_WRAP_TDEA;
		struct fc_key *k = keyop_secret(tdea ? HSM_KEY_DES3 : HSM_KEY_AES, KEK24);
		struct fc_wrap w = { .mechanism = mechanisms[i], .iv = iv, .iv_len = tdea ? 4 : 8 };
		size_t len, n;

		assert_int_equal(fc_wrap(k, &w, data, sizeof(data), out, &len), 0);
		assert_int_equal(fc_unwrap(k, &w, out, len, back, &n), 0);
		assert_int_equal(n, sizeof(data));
		assert_memory_equal(back, data, n);
		w.iv_len = 0;
		assert_int_equal(fc_unwrap(k, &w, out, len, back, &n), HSM_RV_BAD_PKCS_DATA);
		w.iv_len = 5;
		assert_int_equal(fc_unwrap(k, &w, out, len, back, &n), HSM_RV_INVALID_INPUT);
		assert_int_equal(fc_wrap(k, &w, data, sizeof(data), out, &n), HSM_RV_INVALID_INPUT);
		fc_key_put(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published),
		cmocka_unit_test(refused),
		cmocka_unit_test(other_iv),
	};

	return cmocka_run_group_tests_name("vectors: key wrap", tests, NULL, NULL);
}
