// SPDX-License-Identifier: GPL-2.0-or-later
/* crypto_mech.c - the table of mechanisms. RC4 has none: its keys are stored and wrapped. */
#include "crypto_op.h"

#define NO_KEY		UINT32_MAX
#define CRYPT		(1u << HSM_USE_ENCRYPT | 1u << HSM_USE_DECRYPT)
#define SIGNS		(1u << HSM_USE_SIGN | 1u << HSM_USE_VERIFY)
#define DIGESTS		(1u << HSM_USE_DIGEST)

#define BLOCK(name, type, iv, fips, cmode, padded) { \
	.pub = { HSM_CKM_##name, HSM_KEY_##type, CRYPT, iv, false, fips }, \
	.family = &fc_family_block, .mode = (cmode), .pad = (padded) }
#define CMAC(name, type, fips) { \
	.pub = { HSM_CKM_##name, HSM_KEY_##type, SIGNS, 0, false, fips }, \
	.family = &fc_family_mac, .mode = FC_CBC }
#define HMAC(name, h) { \
	.pub = { HSM_CKM_##name, HSM_KEY_GENERIC, SIGNS, 0, false, true }, \
	.family = &fc_family_mac, .hash = HSM_HASH_##h }
#define DIGEST(name, h) { \
	.pub = { HSM_CKM_##name, NO_KEY, DIGESTS, 0, false, true }, \
	.family = &fc_family_digest, .hash = HSM_HASH_##h }
#define SIGN(name, type, h, pss) { \
	.pub = { HSM_CKM_##name, HSM_KEY_##type, SIGNS, 0, false, true }, \
	.family = &fc_family_sign, .hash = HSM_HASH_##h, .pad = (pss) }
#define RSA(name, oaep) { \
	.pub = { HSM_CKM_##name, HSM_KEY_RSA, CRYPT, 0, true, true }, \
	.family = &fc_family_rsa, .pad = (oaep) }

static const struct fc_mech mechs[] = {
	BLOCK(AES_ECB, AES, 0, true, FC_ECB, false),
	BLOCK(AES_CBC, AES, 16, true, FC_CBC, false),
	BLOCK(AES_CBC_PAD, AES, 16, true, FC_CBC, true),
	BLOCK(AES_CTR, AES, 16, true, FC_CTR, false),
	BLOCK(DES3_ECB, DES3, 0, false, FC_ECB, false),
	BLOCK(DES3_CBC, DES3, 8, false, FC_CBC, false),
	BLOCK(DES3_CBC_PAD, DES3, 8, false, FC_CBC, true),
	{
		.pub = { HSM_CKM_AES_GCM, HSM_KEY_AES, CRYPT, FC_GCM_IV_LEN, true, true },
		.family = &fc_family_gcm, .mode = FC_GCM,
	},
	CMAC(AES_CMAC, AES, true),
	CMAC(DES3_CMAC, DES3, false),
	HMAC(SHA_1_HMAC, SHA1),
	HMAC(SHA224_HMAC, SHA224),
	HMAC(SHA256_HMAC, SHA256),
	HMAC(SHA384_HMAC, SHA384),
	HMAC(SHA512_HMAC, SHA512),
	DIGEST(SHA_1, SHA1),
	DIGEST(SHA224, SHA224),
	DIGEST(SHA256, SHA256),
	DIGEST(SHA384, SHA384),
	DIGEST(SHA512, SHA512),
	SIGN(SHA1_RSA_PKCS, RSA, SHA1, false),
	SIGN(SHA224_RSA_PKCS, RSA, SHA224, false),
	SIGN(SHA256_RSA_PKCS, RSA, SHA256, false),
	SIGN(SHA384_RSA_PKCS, RSA, SHA384, false),
	SIGN(SHA512_RSA_PKCS, RSA, SHA512, false),
	SIGN(SHA1_RSA_PKCS_PSS, RSA, SHA1, true),
	SIGN(SHA224_RSA_PKCS_PSS, RSA, SHA224, true),
	SIGN(SHA256_RSA_PKCS_PSS, RSA, SHA256, true),
	SIGN(SHA384_RSA_PKCS_PSS, RSA, SHA384, true),
	SIGN(SHA512_RSA_PKCS_PSS, RSA, SHA512, true),
	SIGN(DSA_SHA1, DSA, SHA1, false),
	SIGN(DSA_SHA224, DSA, SHA224, false),
	SIGN(DSA_SHA256, DSA, SHA256, false),
	SIGN(DSA_SHA384, DSA, SHA384, false),
	SIGN(DSA_SHA512, DSA, SHA512, false),
	SIGN(ECDSA_SHA1, EC, SHA1, false),
	SIGN(ECDSA_SHA224, EC, SHA224, false),
	SIGN(ECDSA_SHA256, EC, SHA256, false),
	SIGN(ECDSA_SHA384, EC, SHA384, false),
	SIGN(ECDSA_SHA512, EC, SHA512, false),
	RSA(RSA_PKCS, false),
	RSA(RSA_PKCS_OAEP, true),
};

const struct fc_mechanism *fc_mechanism(uint32_t number)
{
	for (size_t i = 0; i < FC_COUNT(mechs); i++)
		if (mechs[i].pub.number == number)
			return &mechs[i].pub;
	return NULL;
}
