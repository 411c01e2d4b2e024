// SPDX-License-Identifier: GPL-2.0-or-later
/* crypto_lib.c - the library context and the algorithms fetched from it. */
#include <pthread.h>
#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include "crypto_int.h"

static struct fc_lib lib;

static void fetch_ciphers(OSSL_LIB_CTX *ctx)
{
	static const char * const modes[FC_MODES] = {
		[FC_ECB] = "ECB", [FC_CBC] = "CBC", [FC_CTR] = "CTR", [FC_GCM] = "GCM",
		[FC_KW] = "WRAP", [FC_KWP] = "WRAP-PAD",
	};
	char name[32];

	for (unsigned int size = 0; size < FC_COUNT(lib.aes); size++) {
		for (unsigned int mode = 0; mode < FC_MODES; mode++) {
			snprintf(name, sizeof(name), "AES-%u-%s", 128 + 64 * size, modes[mode]);
			lib.aes[size][mode] = EVP_CIPHER_fetch(ctx, name, NULL);
		}
	}
	lib.des3[FC_ECB] = EVP_CIPHER_fetch(ctx, "DES-EDE3-ECB", NULL);
	lib.des3[FC_CBC] = EVP_CIPHER_fetch(ctx, "DES-EDE3-CBC", NULL);
}

static void lib_init(void)
{
	OSSL_LIB_CTX *ctx;

	fc_heap_init();
	ctx = OSSL_LIB_CTX_new();
	if (!ctx)
		return;
	lib = (struct fc_lib){
		.ctx = ctx,
		.sha1 = EVP_MD_fetch(ctx, "SHA1", NULL),
		.sha224 = EVP_MD_fetch(ctx, "SHA224", NULL),
		.sha256 = EVP_MD_fetch(ctx, "SHA256", NULL),
		.sha384 = EVP_MD_fetch(ctx, "SHA384", NULL),
		.sha512 = EVP_MD_fetch(ctx, "SHA512", NULL),
		.hmac = EVP_MAC_fetch(ctx, "HMAC", NULL),
		.cmac = EVP_MAC_fetch(ctx, "CMAC", NULL),
		.hkdf = EVP_KDF_fetch(ctx, "HKDF", NULL),
		.pbkdf2 = EVP_KDF_fetch(ctx, "PBKDF2", NULL),
		.pkcs12 = EVP_KDF_fetch(ctx, "PKCS12KDF", NULL),
	};
	fetch_ciphers(ctx);
}

const struct fc_lib *fc_lib(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, lib_init);
	return &lib;
}

const EVP_CIPHER *fc_cipher(uint32_t key_type, size_t key_len, enum fc_mode mode)
{
	const struct fc_lib *l = fc_lib();

	if (key_type == HSM_KEY_AES && key_len >= 16 && key_len <= 32 && !(key_len % 8))
		return l->aes[key_len / 8 - 2][mode];
	if (key_type == HSM_KEY_DES3 && key_len == 24 && mode < FC_COUNT(l->des3))
		return l->des3[mode];
	return NULL;
}

EVP_MD *fc_md(uint32_t hash)
{
	const struct fc_lib *l = fc_lib();
	EVP_MD * const table[] = {
		[HSM_HASH_SHA1] = l->sha1, [HSM_HASH_SHA224] = l->sha224,
		[HSM_HASH_SHA256] = l->sha256, [HSM_HASH_SHA384] = l->sha384,
		[HSM_HASH_SHA512] = l->sha512,
	};

	return hash < FC_COUNT(table) ? table[hash] : NULL;
}
