// SPDX-License-Identifier: GPL-2.0-or-later
/* crypto_ossl.c - random numbers, digests and key derivation by OpenSSL 3. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "crypto.h"
#include "crypto_int.h"
#include "secmem.h"

#define RNG_BLOCK 16u

/* Once two blocks in a row were equal the generator is not asked again. */
static atomic_bool rng_broken;

/*
 * The block before the next one, as a digest: what was handed out may be a key
 * and must not stay here. Each thread has a generator of its own.
 */
static _Thread_local struct {
	bool known;
	uint8_t digest[FC_SHA256_LEN];
} rng_last;

static bool rng_draw(uint8_t *buf, size_t len)
{
	const struct fc_lib *l = fc_lib();

	return l->ctx && RAND_priv_bytes_ex(l->ctx, buf, len, 256) == 1;
}

bool fc_rng_continuous(const uint8_t *buf, size_t len, bool *repeats)
{
	uint8_t first[FC_SHA256_LEN], last[FC_SHA256_LEN];

	*repeats = false;
	for (size_t i = RNG_BLOCK; i < len; i += RNG_BLOCK)
		*repeats |= !memcmp(buf + i, buf + i - RNG_BLOCK, RNG_BLOCK);
	if (!fc_sha256(buf, RNG_BLOCK, first) ||
	    !fc_sha256(buf + len - RNG_BLOCK, RNG_BLOCK, last))
		return false;
	*repeats |= rng_last.known && !memcmp(first, rng_last.digest, sizeof(first));
	memcpy(rng_last.digest, last, sizeof(last));
	rng_last.known = true;
	return !*repeats;
}

static bool rng_take(uint8_t *buf, size_t len)
{
	bool repeats = false;
	bool ok = rng_draw(buf, len) && fc_rng_continuous(buf, len, &repeats);

	/* What only lacks memory for its digest may be asked again. */
	if (repeats)
		atomic_store(&rng_broken, true);
	return ok;
}

bool fc_random(void *buf, size_t len)
{
	size_t whole = len - len % RNG_BLOCK;
	uint8_t tail[RNG_BLOCK];
	bool ok = !atomic_load(&rng_broken);

	if (ok && whole)
		ok = rng_take(buf, whole);
	if (ok && whole < len) {
		ok = rng_take(tail, sizeof(tail));
		memcpy((uint8_t *)buf + whole, tail, len - whole);
		secmem_wipe(tail, sizeof(tail));
	}
	if (!ok)
		secmem_wipe(buf, len);
	return ok;
}

/* The threads' generators see that their parent was seeded anew, and follow. */
bool fc_reseed(void)
{
	const struct fc_lib *l = fc_lib();
	EVP_RAND_CTX *primary = l->ctx ? RAND_get0_primary(l->ctx) : NULL;

	return primary && EVP_RAND_reseed(primary, 1, NULL, 0, NULL, 0) == 1;
}

static bool digest(const EVP_MD *md, const void *in, size_t len, uint8_t *out, size_t out_len)
{
	if (md && EVP_Digest(in, len, out, NULL, md, NULL) == 1)
		return true;
	secmem_wipe(out, out_len);
	return false;
}

bool fc_sha1(const void *in, size_t len, uint8_t out[FC_SHA1_LEN])
{
	return digest(fc_lib()->sha1, in, len, out, FC_SHA1_LEN);
}

bool fc_sha256(const void *in, size_t len, uint8_t out[FC_SHA256_LEN])
{
	return digest(fc_lib()->sha256, in, len, out, FC_SHA256_LEN);
}

static char sha256_name[] = "SHA256";

/* Each thread keeps a context: to make one takes longer than to use it. */
static pthread_key_t mac_key;
static bool mac_key_made;

static void mac_free(void *ctx)
{
	EVP_MAC_CTX_free(ctx);
}

static void mac_key_make(void)
{
	mac_key_made = pthread_key_create(&mac_key, mac_free) == 0;
}

static EVP_MAC_CTX *mac_new(void)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256_name, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *hmac = fc_lib()->hmac;
	EVP_MAC_CTX *ctx = hmac ? EVP_MAC_CTX_new(hmac) : NULL;

	if (ctx && EVP_MAC_CTX_set_params(ctx, params) && !pthread_setspecific(mac_key, ctx))
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

static EVP_MAC_CTX *mac_get(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	EVP_MAC_CTX *ctx;

	pthread_once(&once, mac_key_make);
	if (!mac_key_made)
		return NULL;
	ctx = pthread_getspecific(mac_key);
	return ctx ? ctx : mac_new();
}

bool fc_hmac_sha256(const void *key, size_t key_len, const void *in, size_t len,
		    uint8_t out[FC_SHA256_LEN])
{
	EVP_MAC_CTX *ctx = mac_get();
	size_t n;
	/* A NULL key would mean "as before" to OpenSSL. */
	bool ok = ctx && EVP_MAC_init(ctx, key_len ? key : (const void *)"", key_len, NULL) &&
		  EVP_MAC_update(ctx, in, len) && EVP_MAC_final(ctx, out, &n, FC_SHA256_LEN);

	if (!ok)
		secmem_wipe(out, FC_SHA256_LEN);
	return ok;
}

bool fc_kdf(EVP_KDF *kdf, const OSSL_PARAM *params, void *out, size_t out_len)
{
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	bool ok = ctx && EVP_KDF_derive(ctx, out, out_len, params) == 1;

	EVP_KDF_CTX_free(ctx);
	if (!ok)
		secmem_wipe(out, out_len);
	return ok;
}

bool fc_hkdf(const void *secret, size_t secret_len, const void *salt, size_t salt_len,
	     const char *info, void *out, size_t out_len)
{
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, sha256_name, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret, secret_len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, strlen(info)),
		OSSL_PARAM_construct_end(),
		OSSL_PARAM_construct_end(),
	};

	if (salt_len)
		params[3] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt,
							      salt_len);
	return fc_kdf(fc_lib()->hkdf, params, out, out_len);
}

bool fc_pbkdf2(const char *pw, size_t pw_len, const uint8_t *salt, size_t salt_len,
	       uint32_t iterations, uint8_t *out, size_t out_len)
{
	/* "pkcs5" lifts the lower bounds of SP 800-132: they are the caller's to keep. */
	int pkcs5 = 1;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, sha256_name, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)pw, pw_len),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_len),
		OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_ITER, &iterations),
		OSSL_PARAM_construct_int(OSSL_KDF_PARAM_PKCS5, &pkcs5),
		OSSL_PARAM_construct_end(),
	};

	return fc_kdf(fc_lib()->pbkdf2, params, out, out_len);
}
