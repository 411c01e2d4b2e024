// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_wrap.c - wrapKey, unWrapKey. */
#include <stdio.h>

#include "infile.h"
#include "make.h"
#include "outfile.h"
#include "wrap_args.h"

/* Bytes of a wrapped key, and some more: the card looks closer. */
#define WRAPPED_MAX	(HSM_MSG_MAX - 8192)

/* The line of the pages is of an older API. */
#define WRAP_LINE	"\tCfm2WrapKey"

/* Two files that become visible, the IV first: without it the key is of no use. */
struct wrap_out {
	struct outfile key, iv;
	bool has_iv;
};

static int files_open(struct wrap_out *f, const struct cli_args *a)
{
	int rc = out_open(&f->key, a, "-out", 0);

	f->has_iv = cli_has(a, "-iv_file");
	if (rc || !f->has_iv)
		return rc;
	rc = out_open(&f->iv, a, "-iv_file", 0);
	if (rc)
		outfile_drop(&f->key);
	return rc;
}

static void files_drop(struct wrap_out *f)
{
	outfile_drop(&f->key);
	if (f->has_iv)
		outfile_drop(&f->iv);
}

static int files_finish(struct wrap_out *f, const struct cli_args *a,
			const struct hsm_bytes *wrapped, const struct hsm_bytes *iv)
{
	int rc = f->has_iv ? out_finish(&f->iv, a, "-iv_file", iv->p, iv->len) : CLI_OK;

	if (!rc)
		return out_finish(&f->key, a, "-out", wrapped->p, wrapped->len);
	outfile_drop(&f->key);
	return rc;
}

/* Asks the card and writes what came. CLI_OK with the length of the file in @len. */
static int wrap(const struct kmu *kmu, const struct cli_args *a, const struct hsm_wrap *w,
		size_t *len, struct hsm_result *res)
{
	struct hsm_bytes wrapped, iv;
	struct wrap_out files;
	int rc = files_open(&files, a);

	if (rc)
		return rc;
	if (hsm_key_wrap(kmu->hsm, kmu->session, cli_get(a, "-k")->num, cli_get(a, "-w")->num, w,
			 &wrapped, &iv, res)) {
		files_drop(&files);
		return out_refused(kmu, a, WRAP_LINE, res);
	}
	*len = wrapped.len;
	rc = files_finish(&files, a, &wrapped, &iv);
	hsm_bytes_clear(&wrapped);
	hsm_bytes_clear(&iv);
	return rc;
}

static int run_wrap(void *ctx, const struct cli_args *a)
{
	struct hsm_result res;
	struct hsm_bytes aad;
	struct hsm_wrap w;
	size_t len = 0;
	int rc = wrap_read(a, &w, &aad);

	if (!rc)
		rc = wrap(ctx, a, &w, &len, &res);
	hsm_bytes_clear(&aad);
	if (rc)
		return rc;
	printf("\n\tKey Wrapped.\n\n\tWrapped Key written to file \"%s length %zu\n",
	       cli_text(a, "-out"), len);
	out_line(WRAP_LINE, &res);
	return CLI_OK;
}

static bool check_wrap(struct cli_args *a)
{
	if (!wrap_check(a))
		return false;
	if (!cli_has(a, "-iv_file") || !outfile_same(cli_text(a, "-iv_file"), cli_text(a, "-out")))
		return true;
	snprintf(a->error, sizeof(a->error),
		 "IV file (-iv_file) and output file (-out) are the same.");
	return false;
}

static const struct cli_opt wrap_opts[] = {
	{ .name = "-k", .kind = CLI_HANDLE, .flags = CLI_REQUIRED, .what = "Key handle",
	  .arg = "<exported-key-handle>", .tag = HSM_TAG_HANDLE,
	  .help = "Symmetric or private key that you own." },
	{ .name = "-w", .kind = CLI_HANDLE, .flags = CLI_REQUIRED, .what = "Wrapping key handle",
	  .arg = "<wrapping-key-handle>", .tag = HSM_TAG_WRAP_HANDLE,
	  .help = "AES key, RSA public key (mechanisms 7, 8, 12) or 3DES key (9)." },
	{ .name = "-out", .kind = CLI_FILE_OUT, .flags = CLI_REQUIRED, .what = "Output file",
	  .arg = "<output-file>", .min = 1,
	  .help = "File for the wrapped key; it is overwritten." },
	OPT_MECHANISM,
	OPT_AAD,
	OPT_HASH,
	OPT_NO_HEADER("The wrapped key alone, for other tools; without its attributes."),
	OPT_IV,
	OPT_IV_FILE(CLI_FILE_OUT, "File for the IV that the HSM made."),
	OPT_TAG_SIZE,
};

const struct cli_cmd row_wrap = {
	.name = "wrapKey", .group = "Key Import/Export Commands",
	.summary = "Wraps a key from from HSM using the specified handle",
	.about = "Writes a key, enciphered with another key of the HSM, to a file.",
	.opts = wrap_opts, .n_opts = COUNT(wrap_opts), .check = check_wrap, .run = run_wrap,
};

static void add_choice(struct make *m, const struct cli_args *a, const char *name, uint32_t id)
{
	if (cli_has(a, name))
		make_add_u32(m, id, cli_u32(a, name, 0));
}

/* Without header the attributes go ahead, in a template. */
static int unwrap_bare(const struct kmu *kmu, const struct cli_args *a, struct hsm_wrap *w,
		       const struct hsm_bytes *wrapped, const struct make *m, uint64_t *handle,
		       struct hsm_result *res)
{
	struct hsm_key_spec spec = m->spec;

	if (hsm_template(kmu->hsm, kmu->session, spec.attrs, spec.n_attrs, &w->templ, res))
		return out_failed(kmu, a, "CreateUnwrapTemplate2", res);
	out_returned("CreateUnwrapTemplate2", res);
	spec.attrs = NULL;
	spec.n_attrs = 0;
	if (hsm_key_unwrap(kmu->hsm, kmu->session, cli_get(a, "-w")->num, w, wrapped->p,
			   wrapped->len, &spec, handle, res))
		return out_refused(kmu, a, "\tCfm2UnWrapWithTemplate3", res);
	out_line("\tCfm2UnWrapWithTemplate3", res);
	return CLI_OK;
}

static int unwrap_whole(const struct kmu *kmu, const struct cli_args *a, const struct hsm_wrap *w,
			const struct hsm_bytes *wrapped, const struct make *m, uint64_t *handle,
			struct hsm_result *res)
{
	if (hsm_key_unwrap(kmu->hsm, kmu->session, cli_get(a, "-w")->num, w, wrapped->p,
			   wrapped->len, &m->spec, handle, res))
		return out_failed(kmu, a, "UnWrapKey", res);
	out_returned("UnWrapKey", res);
	return CLI_OK;
}

static int unwrap(const struct kmu *kmu, const struct cli_args *a, struct hsm_wrap *w,
		  const struct hsm_bytes *wrapped)
{
	struct hsm_result res;
	struct make m;
	uint64_t handle = 0;
	int rc = make_start(kmu, &m, a);

	if (rc)
		return rc;
	add_choice(&m, a, "-kc", HSM_ATTR_CLASS);
	add_choice(&m, a, "-kt", HSM_ATTR_KEY_TYPE);
	rc = w->no_header ? unwrap_bare(kmu, a, w, wrapped, &m, &handle, &res) :
			    unwrap_whole(kmu, a, w, wrapped, &m, &handle, &res);
	if (rc)
		return rc;
	printf("\n\tKey Unwrapped.  Key Handle: %llu\n", (unsigned long long)handle);
	rc = attest_made(kmu, &m, HSM_CMD_KEY_UNWRAP, &handle, 1);
	if (!rc)
		out_nodes(kmu, OUT_OLD, &res);
	return rc;
}

#define GCM_IV_LEN	12

static int run_unwrap(void *ctx, const struct cli_args *a)
{
	struct hsm_bytes wrapped = { 0 }, aad, iv = { 0 };
	struct hsm_wrap w;
	int rc = wrap_read(a, &w, &aad);

	if (!rc && cli_has(a, "-iv_file")) {
		rc = in_read(a, "-iv_file", GCM_IV_LEN, GCM_IV_LEN, &iv);
		w.iv = iv.p;
		w.iv_len = iv.len;
	}
	if (!rc)
		rc = in_read(a, "-f", 1, WRAPPED_MAX, &wrapped);
	if (!rc)
		rc = unwrap(ctx, a, &w, &wrapped);
	hsm_bytes_clear(&wrapped);
	hsm_bytes_clear(&iv);
	hsm_bytes_clear(&aad);
	return rc;
}

static bool check_unwrap(struct cli_args *a)
{
	return wrap_check(a) && make_check(a);
}

static const struct cli_choice classes[] = {
	{ HSM_KEY_CLASS_PRIVATE, "private key" },
	{ HSM_KEY_CLASS_SECRET, "secret (symmetric) key" },
	{ 0, NULL },
};

static const struct cli_choice types[] = {
	{ HSM_KEY_RSA, "RSA" },
	{ HSM_KEY_DSA, "DSA" },
	{ HSM_KEY_EC, "ECC" },
	{ HSM_KEY_GENERIC, "GENERIC_SECRET" },
	{ HSM_KEY_DES3, "DES3" },
	{ HSM_KEY_AES, "AES" },
	{ 0, NULL },
};

static const struct cli_opt unwrap_opts[] = {
	{ .name = "-f", .kind = CLI_FILE_IN, .flags = CLI_REQUIRED, .what = "Key file",
	  .arg = "<key-file-name>", .min = 1, .tag = HSM_TAG_DATA,
	  .help = "File with the wrapped key." },
	{ .name = "-w", .kind = CLI_HANDLE, .flags = CLI_REQUIRED, .what = "Wrapping key handle",
	  .arg = "<wrapping-key-handle>", .tag = HSM_TAG_WRAP_HANDLE,
	  .help = "AES key, RSA private key (mechanisms 7, 8, 12) or 3DES key (9)." },
	OPT_SESS,
	OPT_MIN_SRV("-"),
	OPT_TIMEOUT("-"),
	OPT_AAD,
	OPT_TAG_SIZE,
	OPT_IV_FILE(CLI_FILE_IN, "File with the IV, 12 bytes."),
	OPT_ATTEST,
	OPT_MECHANISM,
	OPT_HASH,
	OPT_NEX,
	OPT_USERS,
	OPT_M_VALUE,
	OPT_NO_HEADER("The file has no header; needs -l, -kc and -kt."),
	{ .name = "-l", .kind = CLI_TEXT, .what = "Key label", .arg = "<key-label>", .min = 1,
	  .max = HSM_LABEL_MAX, .tag = HSM_ATTR_LABEL, .help = "Label, with -noheader." },
	OPT_ID("-"),
	{ .name = "-kt", .kind = CLI_U32, .what = "Key type", .arg = "<key-type>",
	  .choices = types, .tag = HSM_ATTR_KEY_TYPE, .help = "Type of the key, with -noheader." },
	{ .name = "-kc", .kind = CLI_U32, .what = "Key class", .arg = "<key-class>",
	  .choices = classes, .tag = HSM_ATTR_CLASS, .help = "Class of the key, with -noheader." },
	OPT_IV,
};

const struct cli_cmd row_unwrap = {
	.name = "unWrapKey", .group = "Key Import/Export Commands",
	.summary = "UnWraps a key into HSM using the specified handle",
	.about = "Makes a key of a file that wrapKey, or another tool, wrote, and prints its\n"
		 "key handle.",
	.opts = unwrap_opts, .n_opts = COUNT(unwrap_opts), .check = check_unwrap,
	.run = run_unwrap,
};
