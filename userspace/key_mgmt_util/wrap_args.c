// SPDX-License-Identifier: GPL-2.0-or-later
/* wrap_args.c - the table of mechanisms and options, and from options to a request. */
#include <stdio.h>
#include <string.h>

#include "infile.h"
#include "wrap_args.h"

const struct cli_choice wrap_mechanisms[] = {
	{ HSM_WRAP_AES_PKCS5, "AES_KEY_WRAP_PAD_PKCS5" },
	{ HSM_WRAP_AES_NO_PAD, "NIST_AES_WRAP_NO_PAD" },
	{ HSM_WRAP_AES_PAD, "NIST_AES_WRAP_PAD" },
	{ HSM_WRAP_RSA_AES, "RSA_AES" },
	{ HSM_WRAP_RSA_OAEP, "RSA_OAEP" },
	{ HSM_WRAP_TDEA, "NIST_TDEA_WRAP" },
	{ HSM_WRAP_AES_GCM, "AES_GCM" },
	{ HSM_WRAP_CLOUDHSM_GCM, "CLOUDHSM_AES_GCM" },
	{ HSM_WRAP_RSA_PKCS, "RSA_PKCS" },
	{ 0, NULL },
};

const struct cli_choice wrap_hashes[] = {
	{ HSM_HASH_SHA1, "SHA1" },
	{ HSM_HASH_SHA256, "SHA256" },
	{ HSM_HASH_SHA384, "SHA384" },
	{ HSM_HASH_SHA512, "SHA512" },
	{ HSM_HASH_SHA224, "SHA224" },
	{ 0, NULL },
};

#define M(mechanism)	(1u << HSM_WRAP_##mechanism)
#define ANY		(~0u)

/* Options that are not for every mechanism, or only for wrapped keys without header. */
static const struct rule {
	const char *name;
	unsigned int mechanisms;	/* M() that it is for */
	unsigned int required;		/* M() that cannot do without it; with bare: only then */
	bool bare;			/* only with -noheader */
} rules[] = {
	{ "-aad", M(AES_GCM) | M(CLOUDHSM_GCM), 0, false },
	{ "-t", M(RSA_AES) | M(RSA_OAEP), 0, false },
	{ "-i", M(AES_PKCS5) | M(AES_NO_PAD) | M(TDEA), 0, true },
	{ "-iv_file", M(AES_GCM), M(AES_GCM), true },
	{ "-tag_size", M(AES_GCM) | M(CLOUDHSM_GCM), 0, true },
	{ "-l", ANY, ANY, true },
	{ "-kc", ANY, ANY, true },
	{ "-kt", ANY, ANY, true },
	{ "-id", ANY, 0, true },
};

static const struct cli_opt *row_opt(const struct cli_args *a, const char *name)
{
	for (size_t i = 0; i < a->cmd->n_opts; i++)
		if (!strcmp(a->cmd->opts[i].name, name))
			return &a->cmd->opts[i];
	return NULL;
}

static bool refuse(struct cli_args *a, const struct cli_opt *o, const char *why)
{
	snprintf(a->error, sizeof(a->error), "%s (%s) %s.", o->what, o->name, why);
	return false;
}

static bool keep_rule(struct cli_args *a, const struct rule *r, unsigned int mechanism, bool bare)
{
	const struct cli_opt *o = row_opt(a, r->name);
	char why[64];

	if (!o)
		return true;
	if (!cli_has(a, r->name))
		return !bare || !(r->required & mechanism) ||
		       refuse(a, o, r->required == ANY ? "is missing: -noheader needs it" :
							 "is missing: this mechanism needs it");
	if (!(r->mechanisms & mechanism)) {
		snprintf(why, sizeof(why), "is not valid for mechanism %u", cli_u32(a, "-m", 0));
		return refuse(a, o, why);
	}
	return bare || !r->bare || refuse(a, o, "is valid only together with -noheader");
}

static bool check_iv(struct cli_args *a)
{
	const struct cli_value *iv = cli_get(a, "-i");
	const size_t want = cli_u32(a, "-m", 0) == HSM_WRAP_TDEA ? 4 : 8;
	char why[64];

	if (!iv || iv->n == want)
		return true;
	snprintf(why, sizeof(why), "has %zu bytes: this mechanism takes %zu", iv->n, want);
	return refuse(a, iv->opt, why);
}

bool wrap_check(struct cli_args *a)
{
	const unsigned int mechanism = 1u << cli_u32(a, "-m", 0);
	const bool bare = cli_has(a, "-noheader");

	for (size_t i = 0; i < COUNT(rules); i++)
		if (!keep_rule(a, &rules[i], mechanism, bare))
			return false;
	return check_iv(a);
}

int wrap_read(const struct cli_args *a, struct hsm_wrap *w, struct hsm_bytes *aad)
{
	const struct cli_value *iv = cli_get(a, "-i");
	int rc = CLI_OK;

	*aad = (struct hsm_bytes){ 0 };
	*w = (struct hsm_wrap){
		.mechanism = cli_u32(a, "-m", 0),
		.hash = cli_u32(a, "-t", 0),
		.tag_len = cli_u32(a, "-tag_size", 0),
		.no_header = cli_has(a, "-noheader"),
		.iv = iv ? iv->data : NULL,
		.iv_len = iv ? iv->n : 0,
	};
	if (cli_has(a, "-aad"))
		rc = in_read(a, "-aad", 1, HSM_AAD_MAX, aad);
	w->aad = aad->p;
	w->aad_len = aad->len;
	return rc;
}
