// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_native.c - OpenSSL where it runs: the native limit of what the card does. Each
 * thread keeps its contexts and uses the key that all share.
 *
 *	bench_native MODE THREADS SECONDS
 *
 *	genrsa				RSA-2048 key pairs
 *	rsa2048-sign, rsa2048-verify, p256-sign, p384-sign	a digest
 *	gcm-1k, gcm-56k, gcm-64k	AES-256-GCM with a new IV each time
 *	wrap				32 bytes under AES-256, RFC 3394
 */
#include "bench.h"

#include <openssl/evp.h>
#include <openssl/rsa.h>

struct native {
	EVP_PKEY_CTX *pkey;
	EVP_CIPHER_CTX *cipher;
	uint8_t md[48], iv[12], out[65536 + 64];
};

static EVP_PKEY *key;
static uint8_t signature[512], data[65536];
static size_t signature_len;
static const EVP_MD *md;

static void ok(int rc, const char *what)
{
	if (rc <= 0)
		die("%s failed", what);
}

static EVP_PKEY_CTX *pkey_ctx(int (*init)(EVP_PKEY_CTX *))
{
	EVP_PKEY_CTX *x = need(EVP_PKEY_CTX_new(key, NULL));

	ok(init(x), "EVP_PKEY init");
	if (EVP_PKEY_is_a(key, "RSA")) {
		ok(EVP_PKEY_CTX_set_rsa_padding(x, RSA_PKCS1_PADDING), "padding");
		ok(EVP_PKEY_CTX_set_signature_md(x, md), "digest");
	}
	return x;
}

static void *native_new(int index)
{
	(void)index;
	return need(calloc(1, sizeof(struct native)));
}

static void *sign_new(int index)
{
	struct native *n = native_new(index);

	n->pkey = pkey_ctx(EVP_PKEY_sign_init);
	return n;
}

static void *verify_new(int index)
{
	struct native *n = native_new(index);

	n->pkey = pkey_ctx(EVP_PKEY_verify_init);
	return n;
}

static void *cipher_new(const char *name, int flags)
{
	EVP_CIPHER *cipher = need(EVP_CIPHER_fetch(NULL, name, NULL));
	struct native *n = native_new(0);

	n->cipher = need(EVP_CIPHER_CTX_new());
	EVP_CIPHER_CTX_set_flags(n->cipher, flags);
	ok(EVP_EncryptInit_ex(n->cipher, cipher, NULL, data, NULL), name);
	EVP_CIPHER_free(cipher);
	return n;
}

static void *gcm_new(int index)
{
	(void)index;
	return cipher_new("AES-256-GCM", 0);
}

static void *wrap_new(int index)
{
	(void)index;
	return cipher_new("AES-256-WRAP", EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
}

static void native_free(void *state)
{
	struct native *n = state;

	EVP_PKEY_CTX_free(n->pkey);
	EVP_CIPHER_CTX_free(n->cipher);
	free(n);
}

static void make_rsa(void)
{
	key = need(EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048));
	md = EVP_sha256();
}

static void make_signature(void)
{
	EVP_PKEY_CTX *x;

	make_rsa();
	x = pkey_ctx(EVP_PKEY_sign_init);
	signature_len = sizeof(signature);
	ok(EVP_PKEY_sign(x, signature, &signature_len, data, 32), "sign");
	EVP_PKEY_CTX_free(x);
}

static void make_p256(void)
{
	key = need(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
	md = EVP_sha256();
}

static void make_p384(void)
{
	key = need(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384"));
	md = EVP_sha384();
}

static void op_genrsa(void *state)
{
	EVP_PKEY *pair = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);

	(void)state;
	if (!pair)
		die("RSA generation failed");
	EVP_PKEY_free(pair);
}

static void op_sign(void *state)
{
	struct native *n = state;
	size_t len = sizeof(n->out);

	n->md[0]++;
	ok(EVP_PKEY_sign(n->pkey, n->out, &len, n->md, (size_t)EVP_MD_get_size(md)), "sign");
}

static void op_verify(void *state)
{
	struct native *n = state;

	ok(EVP_PKEY_verify(n->pkey, signature, signature_len, data, 32), "verify");
}

static void gcm(struct native *n, int len)
{
	int got;

	n->iv[0]++;
	ok(EVP_EncryptInit_ex(n->cipher, NULL, NULL, NULL, n->iv), "IV");
	ok(EVP_EncryptUpdate(n->cipher, n->out, &got, data, len), "GCM");
	ok(EVP_EncryptFinal_ex(n->cipher, n->out + got, &got), "GCM");
	ok(EVP_CIPHER_CTX_ctrl(n->cipher, EVP_CTRL_AEAD_GET_TAG, 16, n->out + len), "tag");
}

static void op_gcm_1k(void *state)
{
	gcm(state, 1024);
}

static void op_gcm_56k(void *state)
{
	gcm(state, 57344);
}

static void op_gcm_64k(void *state)
{
	gcm(state, 65536);
}

static void op_wrap(void *state)
{
	struct native *n = state;
	int got;

	ok(EVP_EncryptUpdate(n->cipher, n->out, &got, data + 64, 32), "wrap");
}

static const struct mode {
	const char *name;
	void (*make)(void);
	struct work work;
} modes[] = {
	{ "genrsa", NULL, { NULL, op_genrsa, NULL } },
	{ "rsa2048-sign", make_rsa, { sign_new, op_sign, native_free } },
	{ "rsa2048-verify", make_signature, { verify_new, op_verify, native_free } },
	{ "p256-sign", make_p256, { sign_new, op_sign, native_free } },
	{ "p384-sign", make_p384, { sign_new, op_sign, native_free } },
	{ "gcm-1k", NULL, { gcm_new, op_gcm_1k, native_free } },
	{ "gcm-56k", NULL, { gcm_new, op_gcm_56k, native_free } },
	{ "gcm-64k", NULL, { gcm_new, op_gcm_64k, native_free } },
	{ "wrap", NULL, { wrap_new, op_wrap, native_free } },
};

int main(int argc, char **argv)
{
	const char *bench = getenv("BENCH_NAME");

	if (argc != 4)
		die("usage: bench_native MODE THREADS SECONDS");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(argv[1], modes[i].name))
			continue;
		if (modes[i].make)
			modes[i].make();
		run_timed(bench ? bench : "native", argv[1], atoi(argv[2]), atof(argv[3]), &modes[i].work);
		return 0;
	}
	die("unknown mode '%s'", argv[1]);
}
