// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crypto_tkw.c - TKW, the key wrap of SP 800-38F (section 6.2 and 6.3) with triple DES.
 * OpenSSL's own "des3-wrap" is that of RFC 3217, another thing.
 */
#include <string.h>

#include "crypto_wrap.h"
#include "secmem.h"

#define HALF	4u	/* bytes of a semiblock */
#define ROUNDS	6u

static const uint8_t default_iv[HALF] = { 0xa6, 0xa6, 0xa6, 0xa6 };

/* The number of the step, big-endian, into the check value. */
static void count(uint8_t a[HALF], size_t t)
{
	for (unsigned int i = 0; i < HALF; i++)
		a[i] ^= (uint8_t)(t >> (8 * (HALF - 1 - i)));
}

/* One step: @a and the semiblock @r through the cipher. */
static bool step(EVP_CIPHER_CTX *ctx, uint8_t a[HALF], uint8_t *r)
{
	uint8_t in[2 * HALF], out[2 * HALF];
	int n = 0;
	bool ok;

	memcpy(in, a, HALF);
	memcpy(in + HALF, r, HALF);
	ok = EVP_CipherUpdate(ctx, out, &n, in, sizeof(in)) == 1 && n == sizeof(out);
	memcpy(a, out, HALF);
	memcpy(r, out + HALF, HALF);
	secmem_wipe(in, sizeof(in));
	secmem_wipe(out, sizeof(out));
	return ok;
}

static bool wrap_steps(EVP_CIPHER_CTX *ctx, uint8_t a[HALF], uint8_t *r, size_t n)
{
	for (size_t t = 1; t <= ROUNDS * n; t++) {
		if (!step(ctx, a, r + (t - 1) % n * HALF))
			return false;
		count(a, t);
	}
	return true;
}

static bool unwrap_steps(EVP_CIPHER_CTX *ctx, uint8_t a[HALF], uint8_t *r, size_t n)
{
	for (size_t t = ROUNDS * n; t; t--) {
		count(a, t);
		if (!step(ctx, a, r + (t - 1) % n * HALF))
			return false;
	}
	return true;
}

/* @a and the @len bytes at @r in place, either way. */
static bool run(struct fc_key *k, bool encrypt, uint8_t a[HALF], uint8_t *r, size_t len)
{
	struct fc_slot *slot = fc_slot_get(k, fc_slot_id(FC_SLOT_WRAP, FC_ECB, encrypt, 0));
	bool ok = slot && fc_slot_cipher(slot, k, FC_ECB, encrypt, false, NULL) &&
		  (encrypt ? wrap_steps : unwrap_steps)(slot->cipher, a, r, len / HALF);

	if (ok)
		fc_slot_put(k, slot);
	else
		fc_slot_free(slot);
	return ok;
}

int fc_tkw_wrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
		uint8_t *out, size_t *out_len)
{
	memcpy(out, w->iv_len ? w->iv : default_iv, HALF);
	memcpy(out + HALF, in, len);
	*out_len = len + HALF;
	return run(k, true, out, out + HALF, len) ? 0 : HSM_RV_CRYPTO_FAILED;
}

int fc_tkw_unwrap(struct fc_key *k, const struct fc_wrap *w, const uint8_t *in, size_t len,
		  uint8_t *out, size_t *out_len)
{
	uint8_t a[HALF];

	memcpy(a, in, HALF);
	memcpy(out, in + HALF, len - HALF);
	*out_len = len - HALF;
	if (!run(k, false, a, out, len - HALF))
		return HSM_RV_CRYPTO_FAILED;
	return secmem_equal(a, w->iv_len ? w->iv : default_iv, HALF) ? 0 : HSM_RV_BAD_PKCS_DATA;
}
