// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench_oracle.c - what the time of a refusal tells, with the firmware in this process.
 *
 *	bench_oracle SECONDS		for each of the rows below
 *
 *	R bench=oracle mode=MODE n=N t=X a_us=X b_us=X
 *
 * Two classes of ciphertexts, taken by turns of a coin, and the time that the firmware
 * takes from request to reply: class a has a padding that is right (around a content
 * that is refused later, or accepted), class b one that is wrong. t is that of Welch
 * over the fastest nine tenths of all, a_us and b_us are the medians. The first row is
 * of one class only and shows what chance does.
 */
#include "bench.h"

#include <math.h>

#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <hsm.h>

#include "conn_loop.h"
#include "fw.h"

#define POOL		64		/* ciphertexts of a class */
#define WARM_UP		200		/* calls that are not counted */
#define RSA_LEN		256
#define HEADER_LEN	267		/* of a wrapped key */
#define KEEP		.9		/* of the samples: what is slower was disturbed */

struct text {
	size_t len;
	uint8_t p[2 * RSA_LEN];
};

static struct hsm *card;
static uint32_t session;
static uint64_t rsa_pub, rsa_priv, aes, other;
static EVP_PKEY *rsa;
static uint64_t exec_ns;		/* of the last request */
static const uint8_t iv[16];

void __real_fw_exec(struct fw *fw, struct fw_req *req);
void __wrap_fw_exec(struct fw *fw, struct fw_req *req);

/* The linker puts this in front of fw_exec(): libhsm's own time is not of interest. */
void __wrap_fw_exec(struct fw *fw, struct fw_req *req)
{
	uint64_t begin = now_ns();

	__real_fw_exec(fw, req);
	exec_ns = now_ns() - begin;
}

static void check(int rc, const char *what)
{
	if (rc)
		die("%s: %s", what, hsm_strerror(rc));
}

static void relogin(uint32_t type, const char *name, const char *password)
{
	hsm_logout(card, session, NULL);
	check(hsm_login(card, session, type, name, password, strlen(password), NULL), name);
}

static void start(void)
{
	char err[256];
	struct loop_card *c = loop_card_new(NULL, false, err, sizeof(err));
	uint32_t id;

	if (!c)
		die("%s", err);
	check(loop_connect(c, true, &card), "connect");
	check(hsm_session_open(card, &session, NULL), "session");
	relogin(HSM_USER_PRECO, "admin", "password");
	check(hsm_user_password(card, session, HSM_USER_PRECO, "admin", "admin_pwd", 9, NULL),
	      "admin");
	relogin(HSM_USER_CO, "admin", "admin_pwd");
	check(hsm_user_create(card, session, HSM_USER_CU, "user", "user_pwd", 8, &id, NULL), "user");
	relogin(HSM_USER_CU, "user", "user_pwd");
}

static void make_keys(void)
{
	static const uint32_t rsa_type = HSM_KEY_RSA, bits = RSA_LEN * 8;
	static const uint32_t aes_type = HSM_KEY_AES, len = 32;
	static const uint8_t e[] = { 1, 0, 1 };
	const struct hsm_attr pair[] = {
		{ HSM_ATTR_KEY_TYPE, 4, &rsa_type }, { HSM_ATTR_MODULUS_BITS, 4, &bits },
		{ HSM_ATTR_PUBLIC_EXPONENT, 3, e }, { HSM_ATTR_LABEL, 6, "oracle" },
	};
	const struct hsm_attr secret[] = {
		{ HSM_ATTR_KEY_TYPE, 4, &aes_type }, { HSM_ATTR_VALUE_LEN, 4, &len },
		{ HSM_ATTR_LABEL, 6, "oracle" },
	};
	const struct hsm_key_spec of_pair = { .attrs = pair, .n_attrs = 4 };
	const struct hsm_key_spec of_secret = { .attrs = secret, .n_attrs = 3 };
	struct hsm_bytes der;
	const uint8_t *p;

	check(hsm_key_gen_pair(card, session, &of_pair, &rsa_pub, &rsa_priv, NULL), "RSA pair");
	check(hsm_key_gen_sym(card, session, &of_secret, &aes, NULL), "AES key");
	check(hsm_key_gen_sym(card, session, &of_secret, &other, NULL), "AES key");
	check(hsm_key_get_public(card, session, rsa_pub, &der, NULL), "public key");
	p = der.p;
	rsa = need(d2i_PUBKEY(NULL, &p, (long)der.len));
	hsm_bytes_clear(&der);
}

static void any_bytes(uint8_t *p, size_t len, bool zeros)
{
	RAND_bytes(p, (int)len);
	for (size_t i = 0; i < len && !zeros; i++)
		p[i] = p[i] ? p[i] : 1;
}

/* Encrypts a block that is padded already. */
static void rsa_raw(const uint8_t *block, struct text *t)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(rsa, NULL);

	t->len = sizeof(t->p);
	if (!ctx || EVP_PKEY_encrypt_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) != 1 ||
	    EVP_PKEY_encrypt(ctx, t->p, &t->len, block, RSA_LEN) != 1)
		die("RSA encryption");
	EVP_PKEY_CTX_free(ctx);
}

/* A message of 17 bytes: no AES key. */
static void rsa_right(struct text *t)
{
	uint8_t block[RSA_LEN] = { 0, 2 };

	any_bytes(block + 2, RSA_LEN - 20, false);
	block[RSA_LEN - 18] = 0;
	any_bytes(block + RSA_LEN - 17, 17, true);
	rsa_raw(block, t);
}

static void rsa_wrong_type(struct text *t)
{
	uint8_t block[RSA_LEN] = { 0, 1 };

	any_bytes(block + 2, RSA_LEN - 20, false);
	rsa_raw(block, t);
}

static void rsa_no_message(struct text *t)
{
	uint8_t block[RSA_LEN] = { 0, 2 };

	any_bytes(block + 2, RSA_LEN - 2, false);
	rsa_raw(block, t);
}

static void rsa_short_padding(struct text *t)
{
	uint8_t block[RSA_LEN] = { 0, 2 };

	any_bytes(block + 2, RSA_LEN - 2, false);
	block[2 + 7] = 0;
	rsa_raw(block, t);
}

static void rsa_wrong(struct text *t)
{
	static void (*const kinds[])(struct text *t) = {
		rsa_wrong_type, rsa_no_message, rsa_short_padding,
	};
	static unsigned int next;

	kinds[next++ % 3](t);
}

static void kw(uint32_t mechanism, const uint8_t *p, size_t len, struct text *t)
{
	const struct hsm_wrap w = { .mechanism = mechanism };
	struct hsm_bytes out;

	check(hsm_host_wrap(card, session, aes, &w, p, len, &out, NULL), "host wrap");
	t->len = out.len;
	memcpy(t->p, out.p, out.len);
	hsm_bytes_clear(&out);
}

/* 17 bytes and 7 of padding. */
static void kw_right(struct text *t)
{
	uint8_t p[17];

	any_bytes(p, sizeof(p), true);
	kw(HSM_WRAP_AES_PKCS5, p, sizeof(p), t);
}

/* Authentic, too, but for the padding. */
static void kw_wrong_of(size_t len, struct text *t)
{
	uint8_t p[40];

	any_bytes(p, len, true);
	p[len - 1] = 7;
	p[len - 2] = 6;
	kw(HSM_WRAP_AES_NO_PAD, p, len, t);
}

static void kw_wrong(struct text *t)
{
	kw_wrong_of(24, t);
}

/* A key with its header, whose last byte is wrong. */
static void header_right(struct text *t)
{
	const struct hsm_wrap w = { .mechanism = HSM_WRAP_AES_PKCS5 };
	struct hsm_bytes out;

	check(hsm_key_wrap(card, session, other, aes, &w, &out, NULL, NULL), "wrap");
	if (out.len > sizeof(t->p) || out.len < HEADER_LEN)
		die("a wrapped key is %zu bytes", out.len);
	t->len = out.len;
	memcpy(t->p, out.p, out.len);
	t->p[HEADER_LEN - 1] ^= 1;
	hsm_bytes_clear(&out);
}

static void header_wrong(struct text *t)
{
	struct text wrong;

	header_right(t);
	kw_wrong_of(40, &wrong);
	memcpy(t->p + HEADER_LEN, wrong.p, wrong.len);
}

static void cbc(const uint8_t *p, size_t len, struct text *t)
{
	const struct hsm_crypt op = {
		.use = HSM_USE_ENCRYPT, .mechanism = HSM_CKM_AES_CBC, .handle = aes,
		.iv = iv, .iv_len = sizeof(iv),
	};
	struct hsm_bytes out;

	check(hsm_crypt(card, session, &op, p, len, &out, NULL, NULL), "CBC");
	t->len = out.len;
	memcpy(t->p, out.p, out.len);
	hsm_bytes_clear(&out);
}

static void cbc_right(struct text *t)
{
	uint8_t p[64];

	any_bytes(p, sizeof(p), true);
	memset(p + 57, 7, 7);
	cbc(p, sizeof(p), t);
}

static void cbc_wrong_length(struct text *t)
{
	uint8_t p[64];

	any_bytes(p, sizeof(p), true);
	p[63] |= 0x80;
	cbc(p, sizeof(p), t);
}

static void cbc_wrong_byte(struct text *t)
{
	uint8_t p[64];

	any_bytes(p, sizeof(p), true);
	memset(p + 48, 16, 16);
	p[48] = 0;
	cbc(p, sizeof(p), t);
}

static void cbc_wrong(struct text *t)
{
	static unsigned int next;

	if (next++ % 2)
		cbc_wrong_length(t);
	else
		cbc_wrong_byte(t);
}

static int unwrap(const struct hsm_wrap *w, uint64_t key, const struct text *t)
{
	static const uint32_t class = HSM_KEY_CLASS_SECRET, type = HSM_KEY_AES;
	static const uint8_t no;
	const struct hsm_attr attrs[] = {
		{ HSM_ATTR_TOKEN, 1, &no }, { HSM_ATTR_CLASS, 4, &class },
		{ HSM_ATTR_KEY_TYPE, 4, &type }, { HSM_ATTR_LABEL, 6, "oracle" },
	};
	const struct hsm_key_spec spec = { .attrs = attrs, .n_attrs = 4 };
	uint64_t handle;

	return hsm_key_unwrap(card, session, key, w, t->p, t->len, &spec, &handle, NULL);
}

static int unwrap_rsa(const struct text *t)
{
	static const struct hsm_wrap w = { .mechanism = HSM_WRAP_RSA_PKCS, .no_header = true };

	return unwrap(&w, rsa_priv, t);
}

static int unwrap_aes(const struct text *t)
{
	static const struct hsm_wrap w = { .mechanism = HSM_WRAP_AES_PKCS5, .no_header = true };

	return unwrap(&w, aes, t);
}

static int unwrap_header(const struct text *t)
{
	static const struct hsm_wrap w = { .mechanism = HSM_WRAP_AES_PKCS5 };

	return unwrap(&w, aes, t);
}

static int decrypt(const struct hsm_crypt *op, const struct text *t)
{
	struct hsm_bytes out = { 0 };
	int rc = hsm_crypt(card, session, op, t->p, t->len, &out, NULL, NULL);

	hsm_bytes_clear(&out);
	return rc;
}

static int decrypt_rsa(const struct text *t)
{
	const struct hsm_crypt op = {
		.use = HSM_USE_DECRYPT, .mechanism = HSM_CKM_RSA_PKCS, .handle = rsa_priv,
	};

	return decrypt(&op, t);
}

static int decrypt_cbc(const struct text *t)
{
	const struct hsm_crypt op = {
		.use = HSM_USE_DECRYPT, .mechanism = HSM_CKM_AES_CBC_PAD, .handle = aes,
		.iv = iv, .iv_len = sizeof(iv),
	};

	return decrypt(&op, t);
}

/* @answers: to class a. The last two rows are of two ways to be wrong. */
static const struct row {
	const char *name;
	void (*make[2])(struct text *t);
	int (*run)(const struct text *t);
	int answers;
} rows[] = {
	{ "control", { kw_right, kw_right }, unwrap_aes, HSM_RV_BAD_PKCS_DATA },
	{ "unwrap-rsa-pkcs", { rsa_right, rsa_wrong }, unwrap_rsa, HSM_RV_BAD_PKCS_DATA },
	{ "unwrap-aes-pkcs5", { kw_right, kw_wrong }, unwrap_aes, HSM_RV_BAD_PKCS_DATA },
	{ "unwrap-header", { header_right, header_wrong }, unwrap_header, HSM_RV_BAD_PKCS_DATA },
	{ "decrypt-rsa-pkcs", { rsa_right, rsa_wrong }, decrypt_rsa, HSM_RV_SUCCESS },
	{ "decrypt-cbc-pad", { cbc_right, cbc_wrong }, decrypt_cbc, HSM_RV_SUCCESS },
	{ "rsa-pkcs-wrong", { rsa_wrong_type, rsa_no_message }, decrypt_rsa, HSM_RV_BAD_PKCS_DATA },
	{ "cbc-pad-wrong", { cbc_wrong_length, cbc_wrong_byte }, decrypt_cbc,
	  HSM_RV_BAD_PKCS_DATA },
};

/*
 * A ciphertext that is answered otherwise measures something else. With OpenSSL 3.2
 * RSA makes up a message where there is none.
 */
static void fill(const struct row *r, int class, struct text *pool)
{
	for (int i = 0; i < POOL; i++) {
		int rc;

		r->make[class](&pool[i]);
		rc = r->run(&pool[i]);
		if (rc == (class ? HSM_RV_BAD_PKCS_DATA : r->answers) ||
		    (!rc && r->run == decrypt_rsa) || (class && r->make[1] == r->make[0]))
			continue;
		die("%s: class %c is answered with %s", r->name, 'a' + class, hsm_strerror(rc));
	}
}

struct mean {
	double n, mean, m2;
};

static struct mean mean_below(const struct samples *s, uint64_t limit)
{
	struct mean m = { 0 };

	for (size_t i = 0; i < s->n; i++) {
		double d = (double)s->ns[i] - m.mean;

		if (s->ns[i] > limit)
			continue;
		m.n++;
		m.mean += d / m.n;
		m.m2 += d * ((double)s->ns[i] - m.mean);
	}
	return m;
}

static double welch(const struct samples s[2])
{
	struct samples all;
	struct mean a, b;
	uint64_t limit;

	samples_init(&all, s[0].n + s[1].n);
	for (int i = 0; i < 2; i++)
		for (size_t k = 0; k < s[i].n; k++)
			samples_add(&all, s[i].ns[k]);
	samples_sort(&all);
	limit = all.ns[(size_t)(KEEP * (double)(all.n - 1))];
	free(all.ns);
	a = mean_below(&s[0], limit);
	b = mean_below(&s[1], limit);
	if (a.n < 2 || b.n < 2)
		return 0;
	return (a.mean - b.mean) /
	       sqrt(a.m2 / (a.n - 1) / a.n + b.m2 / (b.n - 1) / b.n);
}

static void measure(const struct row *r, double secs)
{
	static struct text pool[2][POOL];
	struct samples s[2];
	uint64_t end;

	for (int i = 0; i < 2; i++) {
		fill(r, i, pool[i]);
		samples_init(&s[i], SAMPLES_MAX);
	}
	for (int i = 0; i < WARM_UP; i++)
		r->run(&pool[i % 2][i / 2 % POOL]);
	end = now_ns() + (uint64_t)(secs * 1e9);
	while (now_ns() < end) {
		long coin = random();
		struct text t = pool[coin & 1][(coin >> 1) % POOL];

		r->run(&t);
		samples_add(&s[coin & 1], exec_ns);
	}
	printf("R bench=oracle mode=%s n=%zu t=%.1f", r->name, s[0].n + s[1].n, welch(s));
	for (int i = 0; i < 2; i++) {
		samples_sort(&s[i]);
		printf(" %c_us=%.3f", 'a' + i, samples_us(&s[i], .5));
		free(s[i].ns);
	}
	putchar('\n');
	fflush(stdout);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		die("usage: bench_oracle SECONDS");
	srandom((unsigned int)now_ns());
	start();
	make_keys();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		measure(&rows[i], atof(argv[1]));
	EVP_PKEY_free(rsa);
	hsm_close(card);
	return 0;
}
