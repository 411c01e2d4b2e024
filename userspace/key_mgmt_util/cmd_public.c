// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_public.c - createPublicKey, importPubKey, exportPubKey. */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include "infile.h"
#include "make.h"
#include "outfile.h"
#include "pem.h"

#define GROUP		"Key Import/Export Commands"

/* Both commands that bring a public key to the card answer alike. */
static int put_public(struct kmu *kmu, const struct cli_args *a, const struct hsm_bytes *spki)
{
	struct hsm_result res;
	struct make m;
	uint64_t handle;
	int rc = make_start(kmu, &m, a);

	if (rc)
		return rc;
	if (hsm_key_put_public(kmu->hsm, kmu->session, &m.spec, spki->p, spki->len, &handle, &res))
		return out_refused(kmu, a, "Cfm3CreatePublicKey", &res);
	out_line("Cfm3CreatePublicKey", &res);
	printf("\nPublic Key Handle: %llu\n", (unsigned long long)handle);
	out_nodes(kmu, OUT_OLD, &res);
	return CLI_OK;
}

static EVP_PKEY *rsa_key(const BIGNUM *n, const BIGNUM *e)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key = NULL;

	if (build && OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
		params = OSSL_PARAM_BLD_to_param(build);
	if (params && ctx && EVP_PKEY_fromdata_init(ctx) > 0)
		EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	return key;
}

/* SubjectPublicKeyInfo of an RSA key. False if OpenSSL makes none. */
static bool rsa_spki(const uint8_t *modulus, size_t len, uint64_t exponent, struct hsm_bytes *spki)
{
	BIGNUM *n = BN_bin2bn(modulus, (int)len, NULL), *e = BN_new();
	EVP_PKEY *key = n && e && BN_set_word(e, exponent) ? rsa_key(n, e) : NULL;
	int room = key ? i2d_PUBKEY(key, NULL) : 0;
	unsigned char *p = room > 0 ? malloc((size_t)room) : NULL;

	*spki = (struct hsm_bytes){ p, (size_t)(p ? room : 0) };
	if (p)
		i2d_PUBKEY(key, &p);
	EVP_PKEY_free(key);
	BN_free(n);
	BN_free(e);
	return spki->p;
}

static bool check_create(struct cli_args *a)
{
	const uint64_t e = cli_get(a, "-e")->num;

	if (e % 2)
		return make_check(a);
	snprintf(a->error, sizeof(a->error), "Public exponent (-e) %llu is not odd.",
		 (unsigned long long)e);
	return false;
}

static int run_create(void *ctx, const struct cli_args *a)
{
	uint8_t modulus[MODULUS_MAX];
	struct hsm_bytes spki;
	size_t len;
	int rc;

	if (modulus_read(a, "-m", modulus, &len))
		return CLI_USAGE;
	if (!rsa_spki(modulus, len, cli_get(a, "-e")->num, &spki))
		return in_complain(a, "-m", "cannot be made a public key");
	rc = put_public(ctx, a, &spki);
	hsm_bytes_clear(&spki);
	return rc;
}

static const struct cli_opt create_opts[] = {
	OPT_LABEL,
	{ .name = "-m", .kind = CLI_FILE_IN, .flags = CLI_REQUIRED, .what = "Modulus file",
	  .arg = "<modulus>", .min = 1, .tag = HSM_TAG_DATA,
	  .help = "File with the modulus in hexadecimal, or one that getAttribute wrote." },
	{ .name = "-e", .kind = CLI_U32, .flags = CLI_REQUIRED, .what = "Public exponent",
	  .arg = "<public exponent>", .min = 65537, .help = "Odd number, 65537 or more." },
	OPT_SESS, OPT_ID("-"), OPT_MIN_SRV("-"), OPT_TIMEOUT("-"),
};

const struct cli_cmd row_create_pub = {
	.name = "createPublicKey", .group = GROUP, .summary = "Creates an RSA public key",
	.about = "Makes an RSA public key on the HSM out of its modulus and exponent.",
	.opts = create_opts, .n_opts = COUNT(create_opts), .check = check_create,
	.run = run_create,
};

static int run_import(void *ctx, const struct cli_args *a)
{
	struct hsm_bytes file, spki;
	const char *why;
	int rc;

	if (in_read(a, "-f", 1, PEM_FILE_MAX, &file))
		return CLI_USAGE;
	why = pem_public_der(&file, &spki);
	hsm_bytes_clear(&file);
	if (why)
		return in_complain(a, "-f", why);
	rc = put_public(ctx, a, &spki);
	hsm_bytes_clear(&spki);
	return rc;
}

static const struct cli_opt import_opts[] = {
	OPT_LABEL,
	{ .name = "-f", .kind = CLI_FILE_IN, .flags = CLI_REQUIRED, .what = "Key file",
	  .arg = "<key-file>", .min = 1, .tag = HSM_TAG_DATA,
	  .help = "File with an RSA, DSA or EC public key, PEM." },
	OPT_SESS, OPT_ID("-"), OPT_MIN_SRV("-"), OPT_TIMEOUT("-"),
};

const struct cli_cmd row_import_pub = {
	.name = "importPubKey", .group = GROUP, .summary = "Imports RSA/DSA/EC Public key",
	.about = "Imports a public key from a PEM file into the HSM.",
	.opts = import_opts, .n_opts = COUNT(import_opts), .check = make_check, .run = run_import,
};

static int run_export(void *ctx, const struct cli_args *a)
{
	struct kmu *kmu = ctx;
	struct hsm_bytes spki;
	struct hsm_result res;
	struct outfile o;
	int rc;

	if (out_open(&o, a, "-out", 0))
		return CLI_FAILED;
	if (hsm_key_get_public(kmu->hsm, kmu->session, cli_get(a, "-k")->num, &spki, &res)) {
		outfile_drop(&o);
		return out_refused(kmu, a, "Cfm3ExportPubKey", &res);
	}
	rc = pem_finish(&o, a, "-out", "PUBLIC KEY", &spki);
	hsm_bytes_clear(&spki);
	if (rc)
		return rc;
	printf("\nPEM formatted public key is written to %s\n", cli_text(a, "-out"));
	out_line("Cfm3ExportPubKey", &res);
	return CLI_OK;
}

static const struct cli_opt export_opts[] = {
	{ .name = "-k", .kind = CLI_HANDLE, .flags = CLI_REQUIRED, .what = "Public key handle",
	  .arg = "<public-key-handle>", .help = "Handle of the public key." },
	{ .name = "-out", .kind = CLI_FILE_OUT, .flags = CLI_REQUIRED, .what = "Key file",
	  .arg = "<key-file>", .min = 1, .help = "File to write or overwrite, PEM." },
};

const struct cli_cmd row_export_pub = {
	.name = "exportPubKey", .group = GROUP, .summary = "Exports RSA/DSA/EC Public key",
	.about = "Writes a public key of the HSM to a file, PEM (SubjectPublicKeyInfo).",
	.opts = export_opts, .n_opts = COUNT(export_opts), .run = run_export,
};
