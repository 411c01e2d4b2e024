// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_sign.c - sign, verify. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "infile.h"
#include "kmu.h"
#include "outfile.h"

#define GROUP		"Management Crypto Commands"
#define SIGNATURE_MAX	4096	/* bytes of a signature file */

static const struct cli_choice mechanisms[] = {
	{ 0, "SHA1_RSA_PKCS" },
	{ 1, "SHA256_RSA_PKCS" },
	{ 2, "SHA384_RSA_PKCS" },
	{ 3, "SHA512_RSA_PKCS" },
	{ 4, "SHA224_RSA_PKCS" },
	{ 5, "SHA1_RSA_PKCS_PSS" },
	{ 6, "SHA256_RSA_PKCS_PSS" },
	{ 7, "SHA384_RSA_PKCS_PSS" },
	{ 8, "SHA512_RSA_PKCS_PSS" },
	{ 9, "SHA224_RSA_PKCS_PSS" },
	{ 15, "ECDSA_SHA1" },
	{ 16, "ECDSA_SHA224" },
	{ 17, "ECDSA_SHA256" },
	{ 18, "ECDSA_SHA384" },
	{ 19, "ECDSA_SHA512" },
	{ 0, NULL },
};

/* The card's numbers of the above. */
static const uint32_t card_mechanisms[] = {
	[0] = HSM_CKM_SHA1_RSA_PKCS,
	[1] = HSM_CKM_SHA256_RSA_PKCS,
	[2] = HSM_CKM_SHA384_RSA_PKCS,
	[3] = HSM_CKM_SHA512_RSA_PKCS,
	[4] = HSM_CKM_SHA224_RSA_PKCS,
	[5] = HSM_CKM_SHA1_RSA_PKCS_PSS,
	[6] = HSM_CKM_SHA256_RSA_PKCS_PSS,
	[7] = HSM_CKM_SHA384_RSA_PKCS_PSS,
	[8] = HSM_CKM_SHA512_RSA_PKCS_PSS,
	[9] = HSM_CKM_SHA224_RSA_PKCS_PSS,
	[15] = HSM_CKM_ECDSA_SHA1,
	[16] = HSM_CKM_ECDSA_SHA224,
	[17] = HSM_CKM_ECDSA_SHA256,
	[18] = HSM_CKM_ECDSA_SHA384,
	[19] = HSM_CKM_ECDSA_SHA512,
};

/* The message while it is read; err tells a bad file from a bad connection. */
struct message {
	FILE *f;
	int err;
};

static ssize_t message_read(void *opaque, void *buf, size_t room)
{
	struct message *m = opaque;
	size_t n;

	errno = EIO;
	n = fread(buf, 1, room, m->f);
	if (!n && ferror(m->f))
		m->err = -errno;
	return m->err ? m->err : (ssize_t)n;
}

static int file_trouble(const struct cli_args *a, int err)
{
	char why[80];

	snprintf(why, sizeof(why), "cannot be read: %s", strerror(-err));
	return in_complain(a, "-f", why);
}

/*
 * Streams the file of -f through the operation @c. CLI_OK with the card's answer in
 * @res, or CLI_USAGE with a line printed: the file cannot be read.
 */
static int stream(struct kmu *kmu, const struct cli_args *a, const struct hsm_crypt *c,
		  struct hsm_bytes *out, struct hsm_result *res)
{
	struct message m = { .f = fopen(cli_text(a, "-f"), "re") };

	if (!m.f)
		return file_trouble(a, -errno);
	hsm_crypt_stream(kmu->hsm, kmu->session, c, message_read, &m, out, res);
	fclose(m.f);
	return m.err ? file_trouble(a, m.err) : CLI_OK;
}

static struct hsm_crypt operation(const struct cli_args *a, uint32_t use)
{
	return (struct hsm_crypt){
		.use = use,
		.mechanism = card_mechanisms[cli_u32(a, "-m", 0)],
		.handle = cli_get(a, "-k")->num,
	};
}

static int run_sign(void *ctx, const struct cli_args *a)
{
	const struct hsm_crypt c = operation(a, HSM_USE_SIGN);
	struct hsm_bytes signature = { 0 };
	struct hsm_result res = { 0 };
	struct kmu *kmu = ctx;
	struct outfile o;
	int rc;

	if (out_open(&o, a, "-out", 0))
		return CLI_FAILED;
	rc = stream(kmu, a, &c, &signature, &res);
	if (rc || res.rc) {
		outfile_drop(&o);
		return rc ? rc : out_failed(kmu, a, "Sign", &res);
	}
	rc = out_finish(&o, a, "-out", signature.p, signature.len);
	hsm_bytes_clear(&signature);
	if (rc)
		return rc;
	out_line("Cfm3Sign", &res);
	printf("\nsignature is written to file %s\n", cli_text(a, "-out"));
	out_nodes(kmu, OUT_OLD, &res);
	return CLI_OK;
}

#define OPT_MESSAGE \
	{ .name = "-f", .kind = CLI_FILE_IN, .flags = CLI_REQUIRED, .what = "Message file", \
	  .arg = "<message-file>", .min = 1, .help = "File with the message, of any size." }
#define OPT_MECHANISM \
	{ .name = "-m", .kind = CLI_U32, .flags = CLI_REQUIRED, .what = "Signature mechanism", \
	  .arg = "<signature-mechanism>", .choices = mechanisms, .tag = HSM_TAG_MECHANISM, \
	  .help = "Mechanism; PSS has a salt as long as the hash." }

static const struct cli_opt sign_opts[] = {
	OPT_MESSAGE,
	{ .name = "-k", .kind = CLI_HANDLE, .flags = CLI_REQUIRED, .what = "Private key handle",
	  .arg = "<private-key-handle>", .tag = HSM_TAG_HANDLE,
	  .help = "Handle of the private key." },
	OPT_MECHANISM,
	{ .name = "-out", .kind = CLI_FILE_OUT, .flags = CLI_REQUIRED, .what = "Signature file",
	  .arg = "<signed-file>", .min = 1,
	  .help = "File to write or overwrite: raw bytes for RSA, DER for ECDSA." },
};

const struct cli_cmd row_sign = {
	.name = "sign", .group = GROUP, .summary = "Generates a signature",
	.about = "Signs a file with a private key of the HSM and writes the signature to a file.",
	.opts = sign_opts, .n_opts = COUNT(sign_opts), .run = run_sign,
};

/* The documented form of the one failure that is about the signature. */
static int verify_failed(void)
{
	printf("\nCfm3Verify returned: 0x%02x\n\n%s\n", HSM_RV_BAD_PKCS_DATA,
	       hsm_status_text(HSM_RV_BAD_PKCS_DATA));
	return CLI_FAILED;
}

static int run_verify(void *ctx, const struct cli_args *a)
{
	struct hsm_crypt c = operation(a, HSM_USE_VERIFY);
	struct hsm_bytes signature, none = { 0 };
	struct hsm_result res = { 0 };
	struct kmu *kmu = ctx;
	int rc;

	if (in_read(a, "-s", 1, SIGNATURE_MAX, &signature))
		return CLI_USAGE;
	c.signature = signature.p;
	c.signature_len = signature.len;
	rc = stream(kmu, a, &c, &none, &res);
	hsm_bytes_clear(&signature);
	hsm_bytes_clear(&none);
	if (rc)
		return rc;
	if (res.rc == HSM_RV_BAD_PKCS_DATA)
		return verify_failed();
	if (res.rc)
		return out_failed(kmu, a, "Verify", &res);
	printf("\nSignature verification successful\n");
	out_line("Cfm3Verify", &res);
	return CLI_OK;
}

static const struct cli_opt verify_opts[] = {
	OPT_MESSAGE,
	{ .name = "-s", .kind = CLI_FILE_IN, .flags = CLI_REQUIRED, .what = "Signature file",
	  .arg = "<signature-file>", .min = 1, .help = "File with the signature." },
	{ .name = "-k", .kind = CLI_HANDLE, .flags = CLI_REQUIRED, .what = "Public key handle",
	  .arg = "<public-key-handle>", .tag = HSM_TAG_HANDLE,
	  .help = "Handle of the public key." },
	OPT_MECHANISM,
};

const struct cli_cmd row_verify = {
	.name = "verify", .group = GROUP, .summary = "Verifies a signature",
	.about = "Verifies the signature of a file with a public key of the HSM.",
	.opts = verify_opts, .n_opts = COUNT(verify_opts), .run = run_verify,
};
