// SPDX-License-Identifier: GPL-2.0-or-later
/* crypto_verify.c - signatures by keys that are not the card's: those of users. */
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "crypto_int.h"

static EVP_PKEY *read_spki(const uint8_t *der, size_t len)
{
	const unsigned char *at = der;
	EVP_PKEY *pkey = len <= FC_DER_MAX ?
			 d2i_PUBKEY_ex(NULL, &at, (long)len, fc_lib()->ctx, NULL) : NULL;

	if (pkey && at == der + len)
		return pkey;
	EVP_PKEY_free(pkey);
	return NULL;
}

int fc_rsa_public_check(const uint8_t *der, size_t len, uint32_t bits)
{
	EVP_PKEY *pkey = read_spki(der, len);
	struct fc_numbers n;
	bool size_ok;
	int rc;

	if (!pkey)
		return HSM_RV_BAD_PKCS_DATA;
	size_ok = EVP_PKEY_is_a(pkey, "RSA") && EVP_PKEY_get_bits(pkey) == (int)bits;
	EVP_PKEY_free(pkey);
	if (!size_ok)
		return HSM_RV_BAD_KEY_SIZE;
	rc = fc_spki_decode(der, len, &n);
	fc_numbers_clear(&n);
	return rc;
}

bool fc_rsa_verify(const uint8_t *der, size_t len, const uint8_t digest[FC_SHA256_LEN],
		   const uint8_t *sig, size_t sig_len)
{
	EVP_PKEY *pkey = read_spki(der, len);
	EVP_PKEY_CTX *ctx = pkey ? EVP_PKEY_CTX_new_from_pkey(fc_lib()->ctx, pkey, NULL) : NULL;
	bool ok = ctx && EVP_PKEY_verify_init(ctx) == 1 &&
		  EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		  EVP_PKEY_CTX_set_signature_md(ctx, fc_lib()->sha256) == 1 &&
		  EVP_PKEY_verify(ctx, sig, sig_len, digest, FC_SHA256_LEN) == 1;

	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return ok;
}
