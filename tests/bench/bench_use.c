// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_use.c - keys of the card in use, through /dev/hsm0 and libhsm.
 *
 *	bench_use MODE THREADS SECONDS
 *
 *	rsa2048-sign, rsa2048-verify, p256-sign, p384-sign	32 bytes, SHA-256 or SHA-384 in the card
 *	gcm-1k, gcm-56k		AES-256-GCM in one message; 56 KB is the most it takes
 *	gcm-64k			the same in parts: init, two of 32 KB, final
 *	wrap			an AES-256 key under another, RFC 3394
 *	find-label, find-id	one of the keys that bench_store made
 *
 * Every thread is a client of its own; all use the same key.
 */
#include "bench_client.h"

#include <stddef.h>

#define GCM_PART	32768
#define RSA		2048u

static uint64_t pub, priv, aes[2];
static uint32_t keys_found;
static uint8_t data[2 * GCM_PART];
static struct hsm_bytes signature;

static void make_rsa(struct client *c)
{
	static const uint32_t type = HSM_KEY_RSA, bits = RSA;
	static const uint8_t e[] = { 1, 0, 1 };
	const struct hsm_attr attrs[] = {
		{ HSM_ATTR_KEY_TYPE, 4, &type }, { HSM_ATTR_MODULUS_BITS, 4, &bits },
		{ HSM_ATTR_PUBLIC_EXPONENT, 3, e }, { HSM_ATTR_LABEL, 9, "bench use" },
	};
	const struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 4 };

	check(hsm_key_gen_pair(c->h, c->session, &spec, &pub, &priv, NULL), "RSA pair");
}

static void make_ec(struct client *c, uint32_t curve)
{
	static const uint32_t type = HSM_KEY_EC;
	const struct hsm_attr attrs[] = {
		{ HSM_ATTR_KEY_TYPE, 4, &type }, { HSM_TAG_CURVE, 4, &curve },
		{ HSM_ATTR_LABEL, 9, "bench use" },
	};
	const struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 3 };

	check(hsm_key_gen_pair(c->h, c->session, &spec, &pub, &priv, NULL), "EC pair");
}

static void make_p256(struct client *c)
{
	make_ec(c, HSM_CURVE_PRIME256V1);
}

static void make_p384(struct client *c)
{
	make_ec(c, HSM_CURVE_SECP384R1);
}

static void make_aes(struct client *c)
{
	static const uint32_t type = HSM_KEY_AES, len = 32;
	static const uint8_t yes = 1;
	const struct hsm_attr attrs[] = {
		{ HSM_ATTR_KEY_TYPE, 4, &type }, { HSM_ATTR_VALUE_LEN, 4, &len },
		{ HSM_ATTR_LABEL, 9, "bench use" }, { HSM_ATTR_WRAP, 1, &yes },
	};
	const struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 4 };

	for (int i = 0; i < 2; i++)
		check(hsm_key_gen_sym(c->h, c->session, &spec, &aes[i], NULL), "AES key");
}

static void sign(struct client *c, uint32_t mechanism, struct hsm_bytes *out)
{
	const struct hsm_crypt op = { .use = HSM_USE_SIGN, .mechanism = mechanism, .handle = priv };

	check(hsm_crypt(c->h, c->session, &op, data, 32, out, NULL, NULL), "sign");
}

static void make_signature(struct client *c)
{
	make_rsa(c);
	sign(c, HSM_CKM_SHA256_RSA_PKCS, &signature);
}

static void find_any(struct client *c)
{
	struct hsm_card card;

	check(hsm_card_info(c->h, &card, NULL), "card info");
	keys_found = card.keys;
	if (!keys_found)
		die("the store is empty");
}

static void sign_once(void *state, uint32_t mechanism)
{
	struct hsm_bytes out;

	sign(state, mechanism, &out);
	hsm_bytes_clear(&out);
}

static void op_sign_rsa(void *state)
{
	sign_once(state, HSM_CKM_SHA256_RSA_PKCS);
}

static void op_sign_p256(void *state)
{
	sign_once(state, HSM_CKM_ECDSA_SHA256);
}

static void op_sign_p384(void *state)
{
	sign_once(state, HSM_CKM_ECDSA_SHA384);
}

static void op_verify_rsa(void *state)
{
	const struct hsm_crypt op = {
		.use = HSM_USE_VERIFY, .mechanism = HSM_CKM_SHA256_RSA_PKCS, .handle = pub,
		.signature = signature.p, .signature_len = signature.len,
	};
	struct client *c = state;
	struct hsm_bytes out;

	check(hsm_crypt(c->h, c->session, &op, data, 32, &out, NULL, NULL), "verify");
	hsm_bytes_clear(&out);
}

static void gcm(struct client *c, size_t len)
{
	const struct hsm_crypt op = {
		.use = HSM_USE_ENCRYPT, .mechanism = HSM_CKM_AES_GCM, .handle = aes[0],
	};
	struct hsm_bytes out, iv;

	check(hsm_crypt(c->h, c->session, &op, data, len, &out, &iv, NULL), "GCM");
	hsm_bytes_clear(&out);
	hsm_bytes_clear(&iv);
}

static void op_gcm_1k(void *state)
{
	gcm(state, 1024);
}

static void op_gcm_56k(void *state)
{
	gcm(state, HSM_CRYPT_MAX);
}

static void op_gcm_64k(void *state)
{
	const struct hsm_crypt op = {
		.use = HSM_USE_ENCRYPT, .mechanism = HSM_CKM_AES_GCM, .handle = aes[0],
	};
	struct client *c = state;
	struct hsm_bytes out, iv;
	uint32_t id;

	check(hsm_crypt_init(c->h, c->session, &op, &id, &iv, NULL), "GCM init");
	hsm_bytes_clear(&iv);
	for (int i = 0; i < 2; i++) {
		check(hsm_crypt_update(c->h, c->session, id, data + i * GCM_PART, GCM_PART, &out, NULL),
		      "GCM update");
		hsm_bytes_clear(&out);
	}
	check(hsm_crypt_final(c->h, c->session, id, NULL, 0, &out, NULL), "GCM final");
	hsm_bytes_clear(&out);
}

static void op_wrap(void *state)
{
	const struct hsm_wrap w = { .mechanism = HSM_WRAP_AES_NO_PAD, .no_header = true };
	struct client *c = state;
	struct hsm_bytes out;

	check(hsm_key_wrap(c->h, c->session, aes[0], aes[1], &w, &out, NULL, NULL), "wrap");
	hsm_bytes_clear(&out);
}

static void find(struct client *c, uint32_t attribute, const char *name)
{
	char text[32];
	const struct hsm_attr match = {
		attribute, (uint32_t)snprintf(text, sizeof(text), "%s-%u", name,
					      (uint32_t)random() % keys_found), text
	};
	uint64_t *handles;
	size_t n;

	check(hsm_key_find(c->h, c->session, &match, 1, NULL, 0, &handles, &n, NULL), "find");
	if (n != 1)
		die("%zu keys are called %s", n, text);
	hsm_free(handles);
}

static void op_find_label(void *state)
{
	find(state, HSM_ATTR_LABEL, "key");
}

static void op_find_id(void *state)
{
	find(state, HSM_ATTR_ID, "id");
}

static const struct mode {
	const char *name;
	void (*make)(struct client *c);
	void (*op)(void *state);
} modes[] = {
	{ "rsa2048-sign", make_rsa, op_sign_rsa },
	{ "rsa2048-verify", make_signature, op_verify_rsa },
	{ "p256-sign", make_p256, op_sign_p256 },
	{ "p384-sign", make_p384, op_sign_p384 },
	{ "gcm-1k", make_aes, op_gcm_1k },
	{ "gcm-56k", make_aes, op_gcm_56k },
	{ "gcm-64k", make_aes, op_gcm_64k },
	{ "wrap", make_aes, op_wrap },
	{ "find-label", find_any, op_find_label },
	{ "find-id", find_any, op_find_id },
};

int main(int argc, char **argv)
{
	const char *bench = getenv("BENCH_NAME");
	struct client *c;

	if (argc != 4)
		die("usage: bench_use MODE THREADS SECONDS");
	c = client_login(0);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		const struct work work = { client_login, modes[i].op, client_close };

		if (strcmp(argv[1], modes[i].name))
			continue;
		modes[i].make(c);
		run_timed(bench ? bench : "hsm", argv[1], atoi(argv[2]), atof(argv[3]), &work);
		client_close(c);
		return 0;
	}
	die("unknown mode '%s'", argv[1]);
}
