// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * use.c - does with every key whose label begins with "canary" whatever a client can
 * ask for, sense or nonsense: each attribute, wrapping under each key by each
 * mechanism, masking, each operation by each mechanism, in one part and in several.
 * Runs in the guest. Last line: how many calls of each kind the card answered with
 * success.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <hsm.h>

#define KEYS_MAX	64
#define DATA		1008	/* bytes of an operation: whole blocks */

enum kind { ATTRS, CHANGE, MASK, WRAP, UNWRAP, HOST, ENCRYPT, DECRYPT, SIGN, VERIFY, PARTS, KINDS };

static const char *const kind_name[KINDS] = {
	"attrs", "change", "mask", "wrap", "unwrap", "host", "encrypt", "decrypt", "sign", "verify",
	"parts",
};

static unsigned int good[KINDS];
static struct hsm *h;
static uint32_t session;
static uint64_t keys[KEYS_MAX];
static size_t n_keys;
static uint8_t data[4096];

__attribute__((noreturn)) static void die(const char *what, int rc)
{
	fprintf(stderr, "use: %s: %s\n", what, hsm_strerror(rc));
	exit(1);
}

/* An answer of the card is fine, whatever it is; what is not an answer is not. */
static int count(enum kind kind, int rc)
{
	if (rc < 0 && rc != -EINVAL && rc != -EMSGSIZE)
		die(kind_name[kind], rc);
	good[kind] += !rc;
	return rc;
}

static void drop(struct hsm_bytes *b)
{
	hsm_bytes_clear(b);
}

static void read_it(uint64_t key)
{
	uint32_t all = HSM_ATTR_ALL, i;
	struct hsm_key_info *info;
	struct hsm_attrs *attrs;
	struct hsm_bytes der = { 0 };

	if (!count(ATTRS, hsm_key_attrs(h, session, key, &all, 1, &attrs, NULL)))
		hsm_free(attrs);
	for (i = 0; i < 0x300; i++) {
		if (!hsm_key_attrs(h, session, key, &i, 1, &attrs, NULL))
			hsm_free(attrs);
	}
	if (!count(ATTRS, hsm_key_info(h, session, key, &info, NULL)))
		hsm_free(info);
	hsm_key_get_public(h, session, key, &der, NULL);
	drop(&der);
}

/* Attributes that would lay it open, and some that may be changed. */
static void change_it(uint64_t key)
{
	static const uint8_t no, yes = 1;
	const struct hsm_attr set[] = {
		{ HSM_ATTR_EXTRACTABLE, 1, &yes }, { HSM_ATTR_SENSITIVE, 1, &no },
		{ HSM_ATTR_NEVER_EXTRACTABLE, 1, &no }, { HSM_ATTR_TRUSTED, 1, &yes },
		{ HSM_ATTR_PRIVATE, 1, &no }, { HSM_ATTR_SIGN, 1, &yes },
		{ HSM_ATTR_VERIFY, 1, &yes }, { HSM_ATTR_ENCRYPT, 1, &yes },
		{ HSM_ATTR_DECRYPT, 1, &yes }, { HSM_ATTR_WRAP, 1, &yes },
		{ HSM_ATTR_UNWRAP, 1, &yes },
	};

	for (size_t i = 0; i < sizeof(set) / sizeof(set[0]); i++)
		count(CHANGE, hsm_key_set_attrs(h, session, key, &set[i], 1, NULL));
}

static void mask_it(uint64_t key)
{
	struct hsm_bytes b = { 0 };
	uint64_t twin;

	if (!count(MASK, hsm_key_mask(h, session, key, &b, NULL)) &&
	    !count(MASK, hsm_key_unmask(h, session, b.p, b.len, NULL, &twin, NULL)))
		count(MASK, hsm_key_delete(h, session, twin, NULL));
	drop(&b);
}

/* The key under another, and back as one that cannot be extracted. */
static void wrap_it(uint64_t key, uint64_t under, uint32_t mechanism)
{
	static const uint8_t no, aad[] = "canary";
	const struct hsm_attr attrs[] = {
		{ HSM_ATTR_EXTRACTABLE, 1, &no }, { HSM_ATTR_TOKEN, 1, &no },
	};
	const struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 2 };
	struct hsm_wrap w = { .mechanism = mechanism };
	struct hsm_bytes b = { 0 }, iv = { 0 };
	uint64_t twin;

	if (mechanism == HSM_WRAP_RSA_AES || mechanism == HSM_WRAP_RSA_OAEP)
		w.hash = HSM_HASH_SHA256;
	if (mechanism == HSM_WRAP_AES_GCM || mechanism == HSM_WRAP_CLOUDHSM_GCM) {
		w.aad = aad;
		w.aad_len = sizeof(aad);
	}
	if (!count(WRAP, hsm_key_wrap(h, session, key, under, &w, &b, &iv, NULL))) {
		/* Under a public key: whoever has the private half will open it. */
		for (size_t i = 0; i < n_keys; i++) {
			if (!count(UNWRAP, hsm_key_unwrap(h, session, keys[i], &w, b.p, b.len,
							  &spec, &twin, NULL)))
				hsm_key_delete(h, session, twin, NULL);
		}
	}
	drop(&b);
	drop(&iv);
	w.no_header = true;
	count(WRAP, hsm_key_wrap(h, session, key, under, &w, &b, &iv, NULL));
	drop(&b);
	drop(&iv);
}

static void host_wrap_with(uint64_t key)
{
	struct hsm_bytes b = { 0 }, plain = { 0 };

	for (uint32_t m = HSM_WRAP_AES_PKCS5; m <= HSM_WRAP_AES_PAD; m++) {
		const struct hsm_wrap w = { .mechanism = m };

		if (!count(HOST, hsm_host_wrap(h, session, key, &w, data, 64, &b, NULL)))
			count(HOST, hsm_host_unwrap(h, session, key, &w, b.p, b.len, &plain, NULL));
		drop(&b);
		drop(&plain);
	}
}

static const uint32_t mechanisms[] = {
	HSM_CKM_RSA_PKCS, HSM_CKM_RSA_PKCS_OAEP, HSM_CKM_SHA256_RSA_PKCS,
	HSM_CKM_SHA512_RSA_PKCS_PSS, HSM_CKM_DSA_SHA256, HSM_CKM_ECDSA_SHA256,
	HSM_CKM_ECDSA_SHA384, HSM_CKM_DES3_ECB, HSM_CKM_DES3_CBC, HSM_CKM_DES3_CBC_PAD,
	HSM_CKM_DES3_CMAC, HSM_CKM_AES_ECB, HSM_CKM_AES_CBC, HSM_CKM_AES_CBC_PAD,
	HSM_CKM_AES_CTR, HSM_CKM_AES_GCM, HSM_CKM_AES_CMAC, HSM_CKM_SHA_1_HMAC,
	HSM_CKM_SHA256_HMAC, HSM_CKM_SHA512_HMAC,
};

/* Also with what is no ciphertext or signature: failures must not tell either. */
static void in_parts(struct hsm_crypt *c)
{
	struct hsm_bytes out = { 0 }, iv = { 0 };
	uint32_t op;

	if (hsm_crypt_init(h, session, c, &op, &iv, NULL))
		return;
	for (int i = 0; i < 3; i++) {
		hsm_crypt_update(h, session, op, data, DATA / 3, &out, NULL);
		drop(&out);
	}
	count(PARTS, hsm_crypt_final(h, session, op, c->use == HSM_USE_VERIFY ? data : NULL,
				     c->use == HSM_USE_VERIFY ? 64 : 0, &out, NULL));
	drop(&out);
	drop(&iv);
}

static size_t iv_len(uint32_t mechanism, uint32_t use)
{
	switch (mechanism) {
	case HSM_CKM_DES3_CBC:
	case HSM_CKM_DES3_CBC_PAD:
		return 8;
	case HSM_CKM_AES_CBC:
	case HSM_CKM_AES_CBC_PAD:
	case HSM_CKM_AES_CTR:
		return 16;
	case HSM_CKM_AES_GCM:
		return use == HSM_USE_ENCRYPT ? 0 : 12;
	default:
		return 0;
	}
}

/* What came out of @c goes in again: the plaintext or "good" must come of it. */
static void go_back(struct hsm_crypt c, const struct hsm_bytes *made, const struct hsm_bytes *iv,
		    size_t len)
{
	struct hsm_bytes out = { 0 };
	bool sign = c.use == HSM_USE_SIGN;

	c.use = sign ? HSM_USE_VERIFY : HSM_USE_DECRYPT;
	if (iv->len) {
		c.iv = iv->p;
		c.iv_len = iv->len;
	}
	c.signature = sign ? made->p : NULL;
	c.signature_len = sign ? made->len : 0;
	count(sign ? VERIFY : DECRYPT, hsm_crypt(h, session, &c, sign ? data : made->p,
						 sign ? len : made->len, &out, NULL, NULL));
	drop(&out);
}

static void operate(uint64_t key, uint32_t mechanism, uint32_t use)
{
	struct hsm_crypt c = { .use = use, .mechanism = mechanism, .handle = key, .iv = data };
	size_t len = mechanism == HSM_CKM_RSA_PKCS || mechanism == HSM_CKM_RSA_PKCS_OAEP ? 96 : DATA;
	static const enum kind kind[] = { 0, ENCRYPT, DECRYPT, SIGN, VERIFY };
	struct hsm_bytes out = { 0 }, iv = { 0 };

	c.iv_len = iv_len(mechanism, use);
	if (!c.iv_len)
		c.iv = NULL;
	if (use == HSM_USE_VERIFY) {
		c.signature = data;
		c.signature_len = 64;
	}
	if (!count(kind[use], hsm_crypt(h, session, &c, data, len, &out, &iv, NULL)) &&
	    (use == HSM_USE_ENCRYPT || use == HSM_USE_SIGN))
		go_back(c, &out, &iv, len);
	drop(&out);
	drop(&iv);
	in_parts(&c);
}

static void use_it(uint64_t key)
{
	read_it(key);
	change_it(key);
	mask_it(key);
	for (size_t i = 0; i < n_keys; i++) {
		for (uint32_t m = HSM_WRAP_AES_PKCS5; m <= HSM_WRAP_RSA_PKCS; m++)
			wrap_it(key, keys[i], m);
	}
	host_wrap_with(key);
	for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
		for (uint32_t use = HSM_USE_ENCRYPT; use <= HSM_USE_VERIFY; use++)
			operate(key, mechanisms[i], use);
	}
}

/* What the replies said stays in a file: an application would keep it, too. */
static void find_keys(void)
{
	FILE *kept = fopen("/tmp/labels", "w");
	uint32_t label = HSM_ATTR_LABEL;
	struct hsm_attrs *attrs;
	uint64_t *all;
	size_t n;
	int rc = hsm_key_find(h, session, NULL, 0, NULL, 0, &all, &n, NULL);

	if (rc || !kept)
		die("find", rc);
	for (size_t i = 0; i < n && n_keys < KEYS_MAX; i++) {
		if (hsm_key_attrs(h, session, all[i], &label, 1, &attrs, NULL))
			continue;
		if (attrs->n)
			fwrite(attrs->v[0].value, 1, attrs->v[0].len, kept);
		if (attrs->n && attrs->v[0].len >= 6 && !memcmp(attrs->v[0].value, "canary", 6))
			keys[n_keys++] = all[i];
		hsm_free(attrs);
	}
	hsm_free(all);
	fclose(kept);
}

static void session_keys(void)
{
	static const uint32_t types[] = { HSM_KEY_AES, HSM_KEY_DES3, HSM_KEY_GENERIC };
	static const uint32_t len = 24;
	static const uint8_t no;
	uint64_t key;
	int rc;

	for (int i = 0; i < 3; i++) {
		const struct hsm_attr attrs[] = {
			{ HSM_ATTR_KEY_TYPE, 4, &types[i] }, { HSM_ATTR_VALUE_LEN, 4, &len },
			{ HSM_ATTR_LABEL, 14, "canary-session" }, { HSM_ATTR_TOKEN, 1, &no },
			{ HSM_ATTR_EXTRACTABLE, 1, &no },
		};
		const struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 5 };

		rc = hsm_key_gen_sym(h, session, &spec, &key, NULL);
		if (rc)
			die("session key", rc);
	}
}

int main(void)
{
	int rc = hsm_open(NULL, &h);

	rc = rc ? rc : hsm_session_open(h, &session, NULL);
	rc = rc ? rc : hsm_login(h, session, HSM_USER_CU, "example_user", "example_pwd", 11, NULL);
	if (rc)
		die("login", rc);
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	session_keys();
	find_keys();
	for (size_t i = 0; i < n_keys; i++)
		use_it(keys[i]);
	hsm_close(h);
	printf("used %zu keys:", n_keys);
	for (int i = 0; i < KINDS; i++)
		printf(" %s=%u", kind_name[i], good[i]);
	printf("\n");
	return 0;
}
