// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_gen.c - genSymKey, genRSAKeyPair. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "kmu.h"

static const struct cli_choice sym_types[] = {
	{ HSM_KEY_GENERIC, "GENERIC_SECRET" },
	{ HSM_KEY_RC4, "RC4" },
	{ HSM_KEY_DES3, "Triple DES (3DES)" },
	{ HSM_KEY_AES, "AES" },
	{ 0, NULL },
};

/* What all commands that make keys take; the pages differ in how they write it. */
#define OPT_LABEL \
	{ .name = "-l", .kind = CLI_TEXT, .flags = CLI_REQUIRED, .what = "Key label", \
	  .arg = "<label>", .min = 1, .max = HSM_LABEL_MAX, .tag = HSM_ATTR_LABEL, \
	  .help = "Label, 1 to 128 characters; need not be unique." }
#define OPTS_MAKE(dash) \
	{ .name = "-id", .kind = CLI_TEXT, .what = "Key ID", .arg = "<key" dash "ID>", \
	  .min = 1, .max = HSM_ID_MAX, .tag = HSM_ATTR_ID, \
	  .help = "Identifier, unique on the HSM. Default: none." }, \
	{ .name = "-min_srv", .kind = CLI_U32, .what = "Minimum number of servers", \
	  .arg = "<minimum" dash "number" dash "of" dash "servers>", .min = 1, \
	  .tag = HSM_TAG_MIN_SRV, .help = "HSMs that must have the key. Default: 1." }, \
	{ .name = "-m_value", .kind = CLI_U32, .what = "Quorum value", .arg = "<0..8>", \
	  .max = HSM_M_VALUE_MAX, .tag = HSM_TAG_M_VALUE, \
	  .help = "Users who must approve each use of the key; needs -u. Default: 0." }, \
	{ .name = "-nex", .kind = CLI_FLAG, .what = "Not extractable", \
	  .tag = HSM_ATTR_EXTRACTABLE, .help = "The key cannot be exported." }, \
	{ .name = "-sess", .kind = CLI_FLAG, .what = "Session key", .tag = HSM_ATTR_TOKEN, \
	  .help = "The key lives in this session only." }, \
	{ .name = "-timeout", .kind = CLI_U32, .what = "Timeout", \
	  .arg = "<number" dash "of" dash "seconds>", .min = 1, .tag = HSM_TAG_TIMEOUT_S, \
	  .help = "Seconds to wait for -min_srv HSMs; only with -min_srv. Default: no limit." }, \
	{ .name = "-u", .kind = CLI_USERS, .what = "User ids", .arg = "<user-ids>", \
	  .flags = CLI_REPEAT, .tag = HSM_TAG_SHARE_USER, \
	  .help = "Shares the key with these users, like 5,6; not with yourself." }, \
	{ .name = "-attest", .kind = CLI_FLAG, .what = "Attestation", \
	  .tag = HSM_TAG_ATTEST_NONCE, .help = "Checks that the firmware is genuine." }

/* The limits that take two options to see. */
static bool check_make(struct cli_args *a)
{
	const struct cli_value *users = cli_get(a, "-u");
	uint32_t n = users ? (uint32_t)users->n : 0;
	uint32_t m_value = cli_u32(a, "-m_value", 0);

	if (cli_has(a, "-timeout") && !cli_has(a, "-min_srv")) {
		snprintf(a->error, sizeof(a->error),
			 "Timeout (-timeout) is valid only together with -min_srv.");
		return false;
	}
	if (m_value && !users) {
		snprintf(a->error, sizeof(a->error),
			 "Quorum value (-m_value) is valid only together with -u.");
		return false;
	}
	if (m_value > n + 1) {
		snprintf(a->error, sizeof(a->error),
			 "Quorum value (-m_value) %u is larger than the number of users of the "
			 "key: %u in -u, and you.", m_value, n);
		return false;
	}
	return true;
}

#define ATTRS_MAX	8

/* A request under construction; numbers live beside the list that points to them. */
struct make {
	struct hsm_attr attrs[ATTRS_MAX];
	uint32_t numbers[ATTRS_MAX];
	struct hsm_key_spec spec;
	uint8_t nonce[32];
};

static const uint8_t zero;

static void add(struct make *m, uint32_t id, const void *value, size_t len)
{
	m->attrs[m->spec.n_attrs++] = (struct hsm_attr){ id, (uint32_t)len, value };
}

static void add_u32(struct make *m, uint32_t id, uint32_t number)
{
	uint32_t *wire = &m->numbers[m->spec.n_attrs];

	*wire = htole32(number);
	add(m, id, wire, sizeof(*wire));
}

/* 0, or -errno if there is no nonce to be had. */
static int make_common(struct make *m, const struct cli_args *a)
{
	const struct cli_value *users = cli_get(a, "-u");

	m->spec.attrs = m->attrs;
	add(m, HSM_ATTR_LABEL, cli_text(a, "-l"), strlen(cli_text(a, "-l")));
	if (cli_has(a, "-id"))
		add(m, HSM_ATTR_ID, cli_text(a, "-id"), strlen(cli_text(a, "-id")));
	if (cli_has(a, "-sess"))
		add(m, HSM_ATTR_TOKEN, &zero, 1);
	if (cli_has(a, "-nex"))
		add(m, HSM_ATTR_EXTRACTABLE, &zero, 1);
	m->spec.users = users ? users->data : NULL;
	m->spec.n_users = users ? users->n : 0;
	m->spec.m_value = cli_u32(a, "-m_value", 0);
	m->spec.min_srv = cli_u32(a, "-min_srv", 0);
	m->spec.timeout_s = cli_u32(a, "-timeout", 0);
	if (!cli_has(a, "-attest"))
		return 0;
	m->spec.attest_nonce = m->nonce;
	return getrandom(m->nonce, sizeof(m->nonce), 0) == sizeof(m->nonce) ? 0 : -errno;
}

static int run_sym(void *ctx, const struct cli_args *a)
{
	struct kmu *kmu = ctx;
	struct hsm_result res = { 0 };
	struct make m = { 0 };
	uint64_t handle;

	res.rc = make_common(&m, a);
	add_u32(&m, HSM_ATTR_KEY_TYPE, cli_u32(a, "-t", 0));
	add_u32(&m, HSM_ATTR_VALUE_LEN, cli_u32(a, "-s", 0));
	if (!res.rc)
		hsm_key_gen_sym(kmu->hsm, kmu->session, &m.spec, &handle, &res);
	if (res.rc)
		return out_failed(kmu, a, "GenerateSymmetricKey", &res);
	out_returned("GenerateSymmetricKey", &res);
	printf("\n\tSymmetric Key Created.  Key Handle: %llu\n", (unsigned long long)handle);
	out_nodes(kmu, OUT_OLD, &res);
	return CLI_OK;
}

static const struct cli_opt sym_opts[] = {
	{ .name = "-t", .kind = CLI_U32, .flags = CLI_REQUIRED, .what = "Key type",
	  .arg = "<key-type>", .choices = sym_types, .tag = HSM_ATTR_KEY_TYPE,
	  .help = "Type of the key." },
	{ .name = "-s", .kind = CLI_U32, .flags = CLI_REQUIRED, .what = "Key size",
	  .arg = "<key-size>", .min = 1, .max = HSM_GENERIC_MAX, .tag = HSM_ATTR_VALUE_LEN,
	  .help = "Bytes: AES 16, 24, 32; 3DES 24; RC4 1 to 256; generic secret 1 to 3583." },
	OPT_LABEL,
	OPTS_MAKE("-"),
};

const struct cli_cmd row_gen_sym = {
	.name = "genSymKey", .group = "Key Generation Commands", .subgroup = "Symmetric Keys:",
	.summary = "Generates a Symmetric keys",
	.about = "Generates a symmetric key on the HSM and prints its key handle.",
	.opts = sym_opts, .n_opts = COUNT(sym_opts), .check = check_make, .run = run_sym,
};

static int run_rsa(void *ctx, const struct cli_args *a)
{
	const bool shared = cli_has(a, "-u") || cli_has(a, "-m_value");
	const uint64_t exponent = htobe64(cli_get(a, "-e")->num);
	const uint8_t *e = (const uint8_t *)&exponent;
	struct kmu *kmu = ctx;
	struct hsm_result res = { 0 };
	struct make m = { 0 };
	uint64_t pub, priv;
	size_t skip = 0;

	while (skip < sizeof(exponent) && !e[skip])
		skip++;
	res.rc = make_common(&m, a);
	add_u32(&m, HSM_ATTR_KEY_TYPE, HSM_KEY_RSA);
	add_u32(&m, HSM_ATTR_MODULUS_BITS, cli_u32(a, "-m", 0));
	add(&m, HSM_ATTR_PUBLIC_EXPONENT, e + skip, sizeof(exponent) - skip);
	if (!res.rc)
		hsm_key_gen_pair(kmu->hsm, kmu->session, &m.spec, &pub, &priv, &res);
	if (res.rc)
		return out_failed(kmu, a, "GenerateKeyPair", &res);
	out_returned("GenerateKeyPair", &res);
	printf("\n\tCfm3GenerateKeyPair:    public key handle: %llu    private key handle: %llu\n",
	       (unsigned long long)pub, (unsigned long long)priv);
	out_nodes(kmu, shared ? OUT_OLD : OUT_NEW, &res);
	return CLI_OK;
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
	.name = "genRSAKeyPair", .group = "Key Generation Commands", .subgroup = "Asymmetric Keys:",
	.summary = "Generates an RSA Key Pair",
	.about = "Generates an RSA key pair on the HSM and prints both key handles. Label, ID and\n"
		 "-sess apply to both keys; -nex, -u and -m_value to the private key.",
	.opts = rsa_opts, .n_opts = COUNT(rsa_opts), .check = check_make, .run = run_rsa,
};
