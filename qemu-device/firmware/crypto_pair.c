// SPDX-License-Identifier: GPL-2.0-or-later
/* crypto_pair.c - generation of RSA, EC and DSA pairs. */
#include <pthread.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/dsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "crypto_int.h"
#include "secmem.h"

#define DSA_Q_BITS	256

struct gen_job {
	const struct fc_pair_spec *spec;
	bool stop;
};

static int gen_poll(EVP_PKEY_CTX *ctx)
{
	struct gen_job *job = EVP_PKEY_CTX_get_app_data(ctx);

	/* OpenSSL may ask again on its way out. */
	if (!job->stop && job->spec->cancelled)
		job->stop = job->spec->cancelled(job->spec->opaque);
	return !job->stop;
}

static void gen_watch(EVP_PKEY_CTX *ctx, struct gen_job *job)
{
	EVP_PKEY_CTX_set_app_data(ctx, job);
	EVP_PKEY_CTX_set_cb(ctx, gen_poll);
}

static EVP_PKEY *rsa_generate(struct gen_job *job)
{
	const struct fc_pair_spec *spec = job->spec;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(fc_lib()->ctx, "RSA", NULL);
	BIGNUM *e = BN_bin2bn(spec->e, (int)spec->e_len, NULL);
	EVP_PKEY *pkey = NULL;

	if (ctx && e && EVP_PKEY_keygen_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)spec->bits) == 1 &&
	    EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e) == 1) {
		gen_watch(ctx, job);
		if (EVP_PKEY_generate(ctx, &pkey) != 1)
			pkey = NULL;
	}
	BN_free(e);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static EVP_PKEY *ec_generate(struct gen_job *job)
{
	const struct fc_curve *curve = fc_curve_by_id(job->spec->curve);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(fc_lib()->ctx, "EC", NULL);
	EVP_PKEY *pkey = NULL;

	if (!curve || !ctx || EVP_PKEY_keygen_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_group_name(ctx, curve->name) != 1 ||
	    EVP_PKEY_generate(ctx, &pkey) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static EVP_PKEY *dsa_make_domain(struct gen_job *job)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(fc_lib()->ctx, "DSA", NULL);
	EVP_PKEY *domain = NULL;

	if (ctx && EVP_PKEY_paramgen_init(ctx) == 1 &&
	    EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, HSM_DSA_BITS) == 1 &&
	    EVP_PKEY_CTX_set_dsa_paramgen_q_bits(ctx, DSA_Q_BITS) == 1) {
		gen_watch(ctx, job);
		if (EVP_PKEY_generate(ctx, &domain) != 1)
			domain = NULL;
	}
	EVP_PKEY_CTX_free(ctx);
	return domain;
}

/*
 * The domain parameters of this process: public, and seconds of work. Not made under
 * the lock, so that nobody waits for what he could cancel; who is first is kept.
 */
static EVP_PKEY *dsa_domain(struct gen_job *job)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static EVP_PKEY *kept;
	EVP_PKEY *made = NULL, *domain;

	pthread_mutex_lock(&lock);
	domain = kept;
	pthread_mutex_unlock(&lock);
	if (domain)
		return domain;
	made = dsa_make_domain(job);
	if (!made)
		return NULL;
	pthread_mutex_lock(&lock);
	if (!kept) {
		kept = made;
		made = NULL;
	}
	domain = kept;
	pthread_mutex_unlock(&lock);
	EVP_PKEY_free(made);
	return domain;
}

static EVP_PKEY *dsa_generate(struct gen_job *job)
{
	EVP_PKEY *domain = job->spec->bits == HSM_DSA_BITS ? dsa_domain(job) : NULL;
	EVP_PKEY_CTX *ctx = domain ? EVP_PKEY_CTX_new_from_pkey(fc_lib()->ctx, domain, NULL) : NULL;
	EVP_PKEY *pkey = NULL;

	if (!ctx || EVP_PKEY_keygen_init(ctx) != 1 || EVP_PKEY_generate(ctx, &pkey) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static const struct generator {
	uint32_t key_type;
	uint32_t mechanism;		/* of the consistency test */
	EVP_PKEY *(*run)(struct gen_job *job);
} generators[] = {
	{ HSM_KEY_RSA, HSM_CKM_SHA256_RSA_PKCS, rsa_generate },
	{ HSM_KEY_EC, HSM_CKM_ECDSA_SHA256, ec_generate },
	{ HSM_KEY_DSA, HSM_CKM_DSA_SHA256, dsa_generate },
};

/* A pair is handed out only if its halves fit: one signature, one check. */
static bool consistent(const struct fc_numbers *n, uint32_t mechanism)
{
	static const uint8_t text[] = "pairwise consistency test";
	const struct fc_params p = { .mechanism = mechanism };
	struct fc_key *private = fc_key_private(n), *public = fc_key_public(n);
	uint8_t sig[HSM_RSA_BITS_MAX / 8 + 512];
	size_t len, none;
	bool ok =
		private && public && private->size <= sizeof(sig) &&
		!fc_op_once(private, HSM_USE_SIGN, &p, text, sizeof(text), NULL, 0, sig, &len) &&
		!fc_op_once(public, HSM_USE_VERIFY, &p, text, sizeof(text), sig, len, NULL, &none);

	fc_key_put(private);
	fc_key_put(public);
	return ok;
}

bool fc_pair_generate(const struct fc_pair_spec *spec, struct fc_numbers *out)
{
	struct gen_job job = { spec, false };
	EVP_PKEY *pkey;
	size_t i = 0;
	bool ok;

	memset(out, 0, sizeof(*out));
	while (i < FC_COUNT(generators) && generators[i].key_type != spec->key_type)
		i++;
	if (i == FC_COUNT(generators))
		return false;
	pkey = generators[i].run(&job);
	ok = pkey && fc_pkey_export(pkey, true, out) && consistent(out, generators[i].mechanism);
	EVP_PKEY_free(pkey);
	if (!ok)
		fc_numbers_clear(out);
	return ok;
}
