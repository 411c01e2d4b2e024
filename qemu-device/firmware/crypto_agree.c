// SPDX-License-Identifier: GPL-2.0-or-later
/* crypto_agree.c - ephemeral ECDH, and keys out of passwords. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pkcs12.h>

#include "crypto_int.h"
#include "secmem.h"

struct fc_ecdh {
	EVP_PKEY *pkey;
};

struct fc_ecdh *fc_ecdh_new(uint8_t point[FC_POINT_LEN])
{
	struct fc_ecdh *e = calloc(1, sizeof(*e));
	size_t len = 0;

	if (!e)
		return NULL;
	e->pkey = EVP_PKEY_Q_keygen(fc_lib()->ctx, NULL, "EC", "prime256v1");
	if (e->pkey &&
	    EVP_PKEY_get_octet_string_param(e->pkey, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point,
					    FC_POINT_LEN, &len) == 1 && len == FC_POINT_LEN)
		return e;
	fc_ecdh_free(e);
	return NULL;
}

void fc_ecdh_free(struct fc_ecdh *e)
{
	if (!e)
		return;
	EVP_PKEY_free(e->pkey);
	free(e);
}

/* Where the peer is set it is checked: on the curve, not at infinity. */
static bool shared_x(EVP_PKEY *own, EVP_PKEY *peer, uint8_t x[32])
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(fc_lib()->ctx, own, NULL);
	size_t len = 32;
	bool ok = ctx && EVP_PKEY_derive_init(ctx) == 1 &&
		  EVP_PKEY_derive_set_peer_ex(ctx, peer, 1) == 1 &&
		  EVP_PKEY_derive(ctx, x, &len) == 1 && len == 32;

	EVP_PKEY_CTX_free(ctx);
	return ok;
}

bool fc_ecdh_derive(const struct fc_ecdh *e, const uint8_t peer[FC_POINT_LEN], const void *salt,
		    size_t salt_len, const char *info, void *out, size_t out_len)
{
	const struct fc_numbers n = {
		.key_type = HSM_KEY_EC,
		.curve = HSM_CURVE_PRIME256V1,
		.part[FC_POINT] = { (uint8_t *)peer, FC_POINT_LEN },
	};
	EVP_PKEY *pkey =
		peer[0] == POINT_CONVERSION_UNCOMPRESSED ? fc_pkey_import(&n, false) : NULL;
	uint8_t x[32];
	bool ok = pkey && shared_x(e->pkey, pkey, x) &&
		  fc_hkdf(x, sizeof(x), salt, salt_len, info, out, out_len);

	EVP_PKEY_free(pkey);
	secmem_wipe(x, sizeof(x));
	if (!ok)
		secmem_wipe(out, out_len);
	return ok;
}

/* @pw: a BMPString with its final zero. */
static bool pkcs12_key(const uint8_t *pw, size_t pw_len, const uint8_t *salt, size_t salt_len,
		       uint32_t iterations, uint8_t key[24])
{
	static char sha1[] = "SHA1";
	int id = PKCS12_KEY_ID;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, sha1, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)pw, pw_len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_len),
		OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_ITER, &iterations),
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS12_ID, &id),
		OSSL_PARAM_construct_end(),
	};

	return fc_kdf(fc_lib()->pkcs12, params, key, 24);
}

bool fc_pbe_des3(const uint8_t *pw, size_t pw_len, const uint8_t *salt, size_t salt_len,
		 uint32_t iterations, uint8_t key[24])
{
	unsigned char *bmp = NULL;
	int bmp_len = 0;
	bool ok;

	memset(key, 0, 24);
	if (!pw_len || pw_len > INT_MAX / 2)
		return false;
	/* UTF-8, or what is not, byte by byte: as the library's own PKCS#12 has it. */
	if (!OPENSSL_utf82uni((const char *)pw, (int)pw_len, &bmp, &bmp_len))
		return false;
	ok = pkcs12_key(bmp, (size_t)bmp_len, salt, salt_len, iterations, key);
	OPENSSL_clear_free(bmp, (size_t)bmp_len);
	if (ok)
		fc_des_parity(key, 24);
	return ok;
}
