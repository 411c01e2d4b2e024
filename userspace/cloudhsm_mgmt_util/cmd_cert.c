// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_cert.c - getCert. */
#include <stdio.h>

#include "cmu.h"
#include "outfile.h"
#include "pem.h"

static int run_cert(void *ctx, const struct cli_args *a)
{
	const struct cmu_job job = { .op = "getCert", .args = a };
	const struct cmu_server *s;
	struct hsm_bytes der;
	struct hsm_result res;
	struct outfile o;
	int rc;

	if (!cmu_server_mode(ctx, job.op, true))
		return CLI_USAGE;
	s = cmu_next(ctx, NULL);
	rc = out_open(&o, a, "<file-name>", 0);
	if (rc)
		return rc;
	if (hsm_cert(s->hsm, cli_u32(a, "<certificate-type>", 0), &der, &res)) {
		outfile_drop(&o);
		return cmu_failed(&job, s, &res);
	}
	rc = pem_finish(&o, a, "<file-name>", "CERTIFICATE", &der);
	hsm_bytes_clear(&der);
	if (!rc)
		printf("getCert Success\n");
	return rc;
}

static const struct cli_opt cert_opts[] = {
	{ .name = "<file-name>", .kind = CLI_FILE_OUT, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Output file", .min = 1, .help = "File to write or overwrite, PEM." },
	{ .name = "<certificate-type>", .kind = CLI_U32, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Certificate type", .choices = cert_choices, .tag = HSM_TAG_CERT,
	  .help = "Which certificate." },
};

const struct cli_cmd cmu_get_cert = {
	.name = "getCert", .group = CMU_SERVERS, .summary = "Gets a certificate of a server",
	.about = "In server mode: writes a certificate of the server to a file. They are TEST\n"
		 "certificates, made by the card itself when it was first started.",
	.opts = cert_opts, .n_opts = COUNT(cert_opts), .run = run_cert,
};
