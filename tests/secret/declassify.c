// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * declassify.c - taint.h by valgrind, and the places where what comes out of a secret is for
 * everybody, since the answer says it: whether two values are equal, how much padding there is
 * (the length of what was padded, also of what OpenSSL padded) or that it is wrong; a check
 * value; and what is sealed.
 */
#include <stdint.h>

#include <openssl/evp.h>
#include <valgrind/memcheck.h>

#include "crypto.h"
#include "secmem.h"
#include "taint.h"

void taint(const void *p, size_t len)
{
	(void)VALGRIND_MAKE_MEM_UNDEFINED(p, len);
}

void untaint(const void *p, size_t len)
{
	(void)VALGRIND_MAKE_MEM_DEFINED(p, len);
}

bool is_tainted(const void *p, size_t len)
{
	const uint8_t *b = p;
	uint8_t bits;

	/* VALGRIND_CHECK_MEM_IS_DEFINED would count an error. */
	for (size_t i = 0; i < len; i++) {
		if (VALGRIND_GET_VBITS(b + i, &bits, 1) == 1 && bits)
			return true;
	}
	return false;
}

unsigned int taint_errors(void)
{
	return (unsigned int)VALGRIND_COUNT_ERRORS;
}

bool __real_secmem_equal(const void *a, const void *b, size_t len);
bool __wrap_secmem_equal(const void *a, const void *b, size_t len);

bool __wrap_secmem_equal(const void *a, const void *b, size_t len)
{
	bool equal = __real_secmem_equal(a, b, len);

	untaint(&equal, sizeof(equal));
	return equal;
}

unsigned int __real_fc_padding(const uint8_t *end, unsigned int block);
unsigned int __wrap_fc_padding(const uint8_t *end, unsigned int block);

unsigned int __wrap_fc_padding(const uint8_t *end, unsigned int block)
{
	unsigned int pad = __real_fc_padding(end, block);

	untaint(&pad, sizeof(pad));
	return pad;
}

bool __real_fc_kcv_cipher(uint32_t key_type, const uint8_t *key, size_t len, uint8_t *out);
bool __wrap_fc_kcv_cipher(uint32_t key_type, const uint8_t *key, size_t len, uint8_t *out);

bool __wrap_fc_kcv_cipher(uint32_t key_type, const uint8_t *key, size_t len, uint8_t *out)
{
	bool ok = __real_fc_kcv_cipher(key_type, key, len, out);

	untaint(out, FC_KCV_LEN);
	return ok;
}

int __real_EVP_CipherUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *n,
			    const unsigned char *in, int len);
int __wrap_EVP_CipherUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *n,
			    const unsigned char *in, int len);

int __wrap_EVP_CipherUpdate(EVP_CIPHER_CTX *ctx, unsigned char *out, int *n,
			    const unsigned char *in, int len)
{
	int ok = __real_EVP_CipherUpdate(ctx, out, n, in, len);

	untaint(&ok, sizeof(ok));
	untaint(n, sizeof(*n));
	return ok;
}

bool __real_fc_gcm_seal(struct fc_gcm *g, const uint8_t *iv, const void *aad, size_t aad_len,
			const void *in, size_t len, void *out, uint8_t *tag);
bool __wrap_fc_gcm_seal(struct fc_gcm *g, const uint8_t *iv, const void *aad, size_t aad_len,
			const void *in, size_t len, void *out, uint8_t *tag);

bool __wrap_fc_gcm_seal(struct fc_gcm *g, const uint8_t *iv, const void *aad, size_t aad_len,
			const void *in, size_t len, void *out, uint8_t *tag)
{
	bool ok = __real_fc_gcm_seal(g, iv, aad, aad_len, in, len, out, tag);

	untaint(out, len);
	untaint(tag, FC_GCM_TAG_LEN);
	return ok;
}
