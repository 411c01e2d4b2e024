// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_pair.c - genRSAKeyPair, genDSAKeyPair, genECCKeyPair, listECCCurveIds. */
#include <endian.h>
#include <stdio.h>

#include "make.h"

#define GROUP		"Key Generation Commands"
#define SUBGROUP	"Asymmetric Keys:"

/* With OpenSSL's names, as the vendor lists them. */
static const struct cli_choice curves[] = {
	{ HSM_CURVE_PRIME192V1, "NID_X9_62_prime192v1" },
	{ HSM_CURVE_PRIME256V1, "NID_X9_62_prime256v1" },
	{ HSM_CURVE_SECT163K1, "NID_sect163k1" },
	{ HSM_CURVE_SECT163R2, "NID_sect163r2" },
	{ HSM_CURVE_SECT233K1, "NID_sect233k1" },
	{ HSM_CURVE_SECT233R1, "NID_sect233r1" },
	{ HSM_CURVE_SECT283K1, "NID_sect283k1" },
	{ HSM_CURVE_SECT283R1, "NID_sect283r1" },
	{ HSM_CURVE_SECT409K1, "NID_sect409k1" },
	{ HSM_CURVE_SECT409R1, "NID_sect409r1" },
	{ HSM_CURVE_SECT571K1, "NID_sect571k1" },
	{ HSM_CURVE_SECT571R1, "NID_sect571r1" },
	{ HSM_CURVE_SECP224R1, "NID_secp224r1" },
	{ HSM_CURVE_SECP384R1, "NID_secp384r1" },
	{ HSM_CURVE_SECP521R1, "NID_secp521r1" },
	{ HSM_CURVE_SECP256K1, "NID_secp256k1" },
	{ 0, NULL },
};

/* The request @m; @op as the page writes it. */
static int run_pair(struct kmu *kmu, const struct cli_args *a, const struct make *m,
		    const char *op, enum out_form form)
{
	struct hsm_result res;
	uint64_t keys[2];	/* public, private */
	int rc;

	if (hsm_key_gen_pair(kmu->hsm, kmu->session, &m->spec, &keys[0], &keys[1], &res))
		return out_failed(kmu, a, op, &res);
	out_returned(op, &res);
	printf("\n\tCfm3GenerateKeyPair:    public key handle: %llu    private key handle: %llu\n",
	       (unsigned long long)keys[0], (unsigned long long)keys[1]);
	rc = attest_made(kmu, m, HSM_CMD_KEY_GEN_PAIR, keys, COUNT(keys));
	if (!rc)
		out_nodes(kmu, form, &res);
	return rc;
}

static int run_rsa(void *ctx, const struct cli_args *a)
{
	const bool shared = cli_has(a, "-u") || cli_has(a, "-m_value");
	const uint64_t exponent = htobe64(cli_get(a, "-e")->num);
	const uint8_t *e = (const uint8_t *)&exponent;
	size_t skip = 0;
	struct make m;
	int rc = make_start(ctx, &m, a);

	if (rc)
		return rc;
	while (skip < sizeof(exponent) && !e[skip])
		skip++;
	make_add_u32(&m, HSM_ATTR_KEY_TYPE, HSM_KEY_RSA);
	make_add_u32(&m, HSM_ATTR_MODULUS_BITS, cli_u32(a, "-m", 0));
	make_add(&m, HSM_ATTR_PUBLIC_EXPONENT, e + skip, sizeof(exponent) - skip);
	return run_pair(ctx, a, &m, "GenerateKeyPair", shared ? OUT_OLD : OUT_NEW);
}

static const struct cli_opt rsa_opts[] = {
	{ .name = "-m", .kind = CLI_U32, .flags = CLI_REQUIRED, .what = "Modulus length",
	  .arg = "<modulus length>", .min = HSM_RSA_BITS_MIN, .max = HSM_RSA_BITS_MAX,
	  .tag = HSM_ATTR_MODULUS_BITS, .help = "Bits: 2048 to 4096 in steps of 256." },
	{ .name = "-e", .kind = CLI_U32, .flags = CLI_REQUIRED, .what = "Public exponent",
	  .arg = "<public exponent>", .min = 65537, .tag = HSM_ATTR_PUBLIC_EXPONENT,
	  .help = "Odd number, 65537 or more." },
	OPT_LABEL,
	OPTS_MAKE(" "),
};

const struct cli_cmd row_gen_rsa = {
	.name = "genRSAKeyPair", .group = GROUP, .subgroup = SUBGROUP,
	.summary = "Generates an RSA Key Pair",
	.about = "Generates an RSA key pair on the HSM and prints both key handles. Label, ID and\n"
		 "-sess apply to both keys; -nex, -u and -m_value to the private key.",
	.opts = rsa_opts, .n_opts = COUNT(rsa_opts), .check = make_check, .run = run_rsa,
};

static int run_dsa(void *ctx, const struct cli_args *a)
{
	struct make m;
	int rc = make_start(ctx, &m, a);

	if (rc)
		return rc;
	make_add_u32(&m, HSM_ATTR_KEY_TYPE, HSM_KEY_DSA);
	make_add_u32(&m, HSM_ATTR_MODULUS_BITS, cli_u32(a, "-m", 0));
	return run_pair(ctx, a, &m, "GenerateKeyPair:", OUT_OLD);
}

static const struct cli_choice dsa_sizes[] = {
	{ HSM_DSA_BITS, "bits, with a subprime of 256" },
	{ 0, NULL },
};

static const struct cli_opt dsa_opts[] = {
	{ .name = "-m", .kind = CLI_U32, .flags = CLI_REQUIRED, .what = "Modulus length",
	  .arg = "<modulus length>", .choices = dsa_sizes, .tag = HSM_ATTR_MODULUS_BITS,
	  .help = "Bits." },
	OPT_LABEL,
	OPTS_MAKE(" "),
};

const struct cli_cmd row_gen_dsa = {
	.name = "genDSAKeyPair", .group = GROUP, .subgroup = SUBGROUP,
	.summary = "Generates a DSA Key Pair",
	.about = "Generates a DSA key pair on the HSM and prints both key handles. Label, ID and\n"
		 "-sess apply to both keys; -nex, -u and -m_value to the private key.",
	.opts = dsa_opts, .n_opts = COUNT(dsa_opts), .check = make_check, .run = run_dsa,
};

static int run_ecc(void *ctx, const struct cli_args *a)
{
	struct make m;
	int rc = make_start(ctx, &m, a);

	if (rc)
		return rc;
	make_add_u32(&m, HSM_ATTR_KEY_TYPE, HSM_KEY_EC);
	make_add_u32(&m, HSM_TAG_CURVE, cli_u32(a, "-i", 0));
	return run_pair(ctx, a, &m, "GenerateKeyPair", OUT_OLD);
}

static const struct cli_opt ecc_opts[] = {
	{ .name = "-i", .kind = CLI_U32, .flags = CLI_REQUIRED, .what = "EC curve id",
	  .arg = "<EC curve id>", .choices = curves, .tag = HSM_TAG_CURVE,
	  .help = "Curve; in FIPS mode 2, 14 or 16." },
	OPT_LABEL,
	OPTS_MAKE(" "),
};

const struct cli_cmd row_gen_ecc = {
	.name = "genECCKeyPair", .group = GROUP, .subgroup = SUBGROUP,
	.summary = "Generates an ECC Key Pair",
	.about = "Generates an elliptic curve key pair on the HSM and prints both key handles.\n"
		 "Label, ID and -sess apply to both keys; -nex, -u and -m_value to the private key.",
	.opts = ecc_opts, .n_opts = COUNT(ecc_opts), .check = make_check, .run = run_ecc,
};

static int run_list_curves(void *ctx, const struct cli_args *a)
{
	(void)ctx;
	(void)a;
	printf("\nDescription\n===========\n"
	       "The following are all of the possible curve ids for genECCKeyPair.\n\n");
	out_constants(curves);
	return CLI_OK;
}

const struct cli_cmd row_list_curves = {
	.name = "listECCCurveIds", .group = "Helper Commands", .flags = CLI_OFFLINE,
	.summary = "List HSM supported ECC CurveIds",
	.run = run_list_curves,
};
