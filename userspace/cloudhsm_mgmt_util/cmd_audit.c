// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_audit.c - getAuditLog. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "cmu.h"
#include "outfile.h"

/* A log is one card's. The server, or NULL with a line printed. */
static const struct cmu_server *the_server(struct cmu *cmu, const char *op)
{
	if (cmu_count(cmu) != 1 && !cmu_server_mode(cmu, op, true))
		return NULL;
	return cmu_next(cmu, NULL);
}

static int export_log(const struct cmu_server *s, const struct cli_value *given,
		      struct hsm_bytes *file, struct hsm_result *res)
{
	uint8_t nonce[HSM_NONCE_LEN];

	if (given)
		memcpy(nonce, given->data, sizeof(nonce));
	else if (getrandom(nonce, sizeof(nonce), 0) != sizeof(nonce))
		return res->rc = -EIO;
	return hsm_audit_export(s->hsm, s->session, nonce, file, res);
}

static int run_log(void *ctx, const struct cli_args *a)
{
	const struct cmu_job job = { .op = "getAuditLog", .args = a };
	const struct cmu_server *s = the_server(ctx, job.op);
	struct hsm_result res = { 0 };
	struct hsm_bytes file;
	struct outfile o;
	int rc;

	if (!s)
		return CLI_USAGE;
	rc = out_open(&o, a, "<file>", 0);
	if (rc)
		return rc;
	if (export_log(s, cli_get(a, "<nonce>"), &file, &res)) {
		outfile_drop(&o);
		return cmu_failed(&job, s, &res);
	}
	rc = out_finish(&o, a, "<file>", file.p, file.len);
	hsm_bytes_clear(&file);
	if (!rc)
		printf("getAuditLog success on server %u(%s)\n", s->index, s->name);
	return rc;
}

static const struct cli_opt log_opts[] = {
	{ .name = "<file>", .kind = CLI_FILE_OUT, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Output file", .min = 1, .help = "File to write or overwrite." },
	{ .name = "<nonce>", .kind = CLI_HEX, .flags = CLI_POSITIONAL, .what = "Nonce",
	  .min = HSM_NONCE_LEN, .max = HSM_NONCE_LEN,
	  .help = "32 bytes in hexadecimal that the card signs with the log. Default: random." },
};

const struct cli_cmd cmu_audit_log = {
	.name = "getAuditLog", .group = CMU_SERVERS, .summary = "Gets the audit log of a server",
	.about = "Writes the audit log of a server, signed by its card, to a file for hsm_audit,\n"
		 "which verifies and prints it. With several servers: in server mode.",
	.opts = log_opts, .n_opts = COUNT(log_opts), .run = run_log,
};
