// SPDX-License-Identifier: GPL-2.0-or-later
/* hostwrap.c - RFC 3394 through OpenSSL, and the padding under it. */
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "hostwrap.h"

#define BLOCK	8u	/* of RFC 3394 and of the padding */

int hostwrap_key(const struct cli_args *a, const char *name, struct hsm_bytes *key)
{
	int rc = in_read(a, name, 16, 32, key);

	if (rc || key->len % 8 == 0)
		return rc;
	hsm_bytes_clear(key);
	return in_complain(a, name, "is not an AES key: those have 16, 24 or 32 bytes");
}

static const EVP_CIPHER *cipher_for(const struct hsm_bytes *key)
{
	return key->len == 16 ? EVP_aes_128_wrap() :
	       key->len == 24 ? EVP_aes_192_wrap() : EVP_aes_256_wrap();
}

/* @out has room for @in and one block. */
static bool run(const struct hsm_bytes *key, int wrap, const struct hsm_bytes *in,
		struct hsm_bytes *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	bool ok = false;
	int n = 0;

	if (ctx) {
		EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
		ok = EVP_CipherInit_ex(ctx, cipher_for(key), NULL, key->p, NULL, wrap) == 1 &&
		     EVP_CipherUpdate(ctx, out->p, &n, in->p, (int)in->len) == 1 && n > 0;
	}
	EVP_CIPHER_CTX_free(ctx);
	if (ok)
		out->len = (size_t)n;
	return ok;
}

static bool make_room(struct hsm_bytes *b, size_t len)
{
	b->p = calloc(1, len);
	b->len = b->p ? len : 0;
	return b->p;
}

bool hostwrap(const struct hsm_bytes *key, const struct hsm_bytes *plain, struct hsm_bytes *out)
{
	const size_t pad = BLOCK - plain->len % BLOCK;
	struct hsm_bytes padded = { 0 };
	bool ok = make_room(&padded, plain->len + pad);

	*out = (struct hsm_bytes){ 0 };
	if (ok) {
		memcpy(padded.p, plain->p, plain->len);
		memset(padded.p + plain->len, (int)pad, pad);
		ok = make_room(out, padded.len + BLOCK) && run(key, 1, &padded, out);
	}
	hsm_bytes_clear(&padded);
	if (!ok)
		hsm_bytes_clear(out);
	return ok;
}

/* Cuts the padding off; false if there is none. */
static bool unpad(struct hsm_bytes *b)
{
	const size_t pad = b->len ? b->p[b->len - 1] : 0;

	if (!pad || pad > BLOCK || pad >= b->len)
		return false;
	for (size_t i = b->len - pad; i < b->len; i++)
		if (b->p[i] != pad)
			return false;
	b->len -= pad;
	return true;
}

bool hostunwrap(const struct hsm_bytes *key, const struct hsm_bytes *wrapped,
		struct hsm_bytes *out)
{
	*out = (struct hsm_bytes){ 0 };
	if (make_room(out, wrapped->len + BLOCK) && run(key, 0, wrapped, out) && unpad(out))
		return true;
	hsm_bytes_clear(out);
	return false;
}
