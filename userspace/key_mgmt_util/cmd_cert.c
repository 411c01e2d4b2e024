// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_cert.c - getCert. */
#include <stdio.h>

#include "kmu.h"
#include "outfile.h"
#include "pem.h"

/* The page writes -t in its syntax and -s everywhere else. */
static bool check_cert(struct cli_args *a)
{
	if (cli_has(a, "-s") != cli_has(a, "-t"))
		return true;
	snprintf(a->error, sizeof(a->error), cli_has(a, "-s") ?
		 "Certificate type is given twice, as -s and as -t." :
		 "Certificate type (-s) is missing.");
	return false;
}

static int run_cert(void *ctx, const struct cli_args *a)
{
	const uint32_t which = cli_u32(a, "-s", cli_u32(a, "-t", 0));
	struct kmu *kmu = ctx;
	struct hsm_result res;
	struct hsm_bytes der;
	struct outfile o;
	int rc;

	if (out_open(&o, a, "-f", 0))
		return CLI_FAILED;
	if (hsm_cert(kmu->hsm, which, &der, &res)) {
		outfile_drop(&o);
		return out_failed(kmu, a, "GetCert", &res);
	}
	rc = pem_finish(&o, a, "-f", "CERTIFICATE", &der);
	hsm_bytes_clear(&der);
	if (rc)
		return rc;
	printf("\nCfm3GetCert() returned %d :%s\n", res.rc, hsm_status_text(HSM_RV_SUCCESS));
	return CLI_OK;
}

static const struct cli_opt cert_opts[] = {
	{ .name = "-f", .kind = CLI_FILE_OUT, .flags = CLI_REQUIRED, .what = "Output file",
	  .arg = "<file-name>", .min = 1, .help = "File to write or overwrite, PEM." },
	{ .name = "-s", .kind = CLI_U32, .what = "Certificate type", .arg = "<certificate-type>",
	  .choices = cert_choices, .tag = HSM_TAG_CERT, .help = "Which certificate. Required." },
	{ .name = "-t", .kind = CLI_U32, .what = "Certificate type", .arg = "<certificate-type>",
	  .choices = cert_choices, .help = "The same as -s." },
};

const struct cli_cmd row_cert = {
	.name = "getCert", .group = "Certificate Setup Commands",
	.summary = "Gets Partition Certificates stored on HSM",
	.about = "Writes a certificate of the HSM to a file. They are TEST certificates, made by\n"
		 "the card itself when it was first started.",
	.opts = cert_opts, .n_opts = COUNT(cert_opts), .check = check_cert, .run = run_cert,
};
