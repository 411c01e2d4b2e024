// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_find.c - findKey, findSingleKey, getKeyInfo, deleteKey. */
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kmu.h"

#define GROUP		"Key Management Commands"

const struct cli_choice key_types[] = {
	{ HSM_KEY_RSA, "RSA" },
	{ HSM_KEY_DSA, "DSA" },
	{ HSM_KEY_EC, "EC" },
	{ HSM_KEY_GENERIC, "GENERIC_SECRET" },
	{ HSM_KEY_RC4, "RC4" },
	{ HSM_KEY_DES3, "Triple DES (3DES)" },
	{ HSM_KEY_AES, "AES" },
	{ 0, NULL },
};

static const struct cli_choice key_classes[] = {
	{ HSM_KEY_CLASS_PUBLIC, "Public" },
	{ HSM_KEY_CLASS_PRIVATE, "Private" },
	{ HSM_KEY_CLASS_SECRET, "Secret" },
	{ 0, NULL },
};

/* What findKey looks for; numbers live beside the list that points to them. */
struct wanted {
	struct hsm_attr attrs[8];
	uint32_t numbers[2];
	uint8_t token;
	uint8_t modulus[MODULUS_MAX];
	size_t n;
};

static void want(struct wanted *w, uint32_t id, const void *value, size_t len)
{
	w->attrs[w->n++] = (struct hsm_attr){ id, (uint32_t)len, value };
}

static void want_u32(struct wanted *w, const struct cli_args *a, const char *opt, uint32_t id,
		     uint32_t *wire)
{
	if (!cli_has(a, opt))
		return;
	*wire = htole32(cli_u32(a, opt, 0));
	want(w, id, wire, sizeof(*wire));
}

static void want_text(struct wanted *w, const struct cli_args *a, const char *opt, uint32_t id)
{
	if (cli_has(a, opt))
		want(w, id, cli_text(a, opt), strlen(cli_text(a, opt)));
}

static bool wanted_read(struct wanted *w, const struct cli_args *a)
{
	const struct cli_value *kcv = cli_get(a, "-kcv");
	size_t len;

	want_u32(w, a, "-c", HSM_ATTR_CLASS, &w->numbers[0]);
	want_u32(w, a, "-t", HSM_ATTR_KEY_TYPE, &w->numbers[1]);
	want_text(w, a, "-l", HSM_ATTR_LABEL);
	want_text(w, a, "-id", HSM_ATTR_ID);
	if (cli_has(a, "-sess")) {
		w->token = !cli_u32(a, "-sess", 0);
		want(w, HSM_ATTR_TOKEN, &w->token, 1);
	}
	if (kcv)
		want(w, HSM_ATTR_KCV, kcv->data, kcv->n);
	if (!cli_has(a, "-m"))
		return true;
	if (modulus_read(a, "-m", w->modulus, &len))
		return false;
	want(w, HSM_ATTR_MODULUS, w->modulus, len);
	return true;
}

static void print_handles(const uint64_t *handles, size_t n)
{
	printf("\nTotal number of keys present %zu\n", n);
	if (!n)
		return;
	printf("\n number of keys matched from start index 0::%zu\n", n - 1);
	for (size_t i = 0; i < n; i++)
		printf("%s%llu", i ? ", " : "", (unsigned long long)handles[i]);
	putchar('\n');
}

static int run_find(void *ctx, const struct cli_args *a)
{
	const struct cli_value *users = cli_get(a, "-u");
	struct kmu *kmu = ctx;
	struct wanted w = { 0 };
	struct hsm_result res;
	uint64_t *handles;
	size_t n;

	if (!wanted_read(&w, a))
		return CLI_USAGE;
	if (hsm_key_find(kmu->hsm, kmu->session, w.attrs, w.n, users ? users->data : NULL,
			 users ? users->n : 0, &handles, &n, &res))
		return out_failed(kmu, a, "FindKey", &res);
	print_handles(handles, n);
	hsm_free(handles);
	out_nodes(kmu, OUT_OLD, &res);
	out_returned("FindKey", &res);
	return CLI_OK;
}

static const struct cli_opt find_opts[] = {
	{ .name = "-c", .kind = CLI_U32, .what = "Key class", .arg = "<key class>",
	  .choices = key_classes, .help = "Class of the key." },
	{ .name = "-t", .kind = CLI_U32, .what = "Key type", .arg = "<key type>",
	  .choices = key_types, .tag = HSM_ATTR_KEY_TYPE, .help = "Type of the key." },
	{ .name = "-l", .kind = CLI_TEXT, .what = "Key label", .arg = "<key label>", .min = 1,
	  .max = HSM_LABEL_MAX, .tag = HSM_ATTR_LABEL, .help = "Exact label." },
	{ .name = "-id", .kind = CLI_TEXT, .what = "Key ID", .arg = "<key ID>", .min = 1,
	  .max = HSM_ID_MAX, .tag = HSM_ATTR_ID, .help = "Exact ID." },
	{ .name = "-sess", .kind = CLI_U32, .what = "Session", .arg = "(0 | 1)", .max = 1,
	  .tag = HSM_ATTR_TOKEN, .help = "1: session keys, 0: persistent keys." },
	{ .name = "-u", .kind = CLI_USERS, .what = "User ids", .arg = "<user-ids>",
	  .flags = CLI_REPEAT, .tag = HSM_TAG_SHARE_USER,
	  .help = "Keys that all of these users, like 4,7, may use." },
	{ .name = "-m", .kind = CLI_FILE_IN, .what = "Modulus file", .arg = "<modulus>", .min = 1,
	  .tag = HSM_ATTR_MODULUS,
	  .help = "File with a modulus or point: hexadecimal digits, or what getAttribute wrote." },
	{ .name = "-kcv", .kind = CLI_HEX, .what = "Key check value", .arg = "<key_check_value>",
	  .min = 3, .max = 3, .tag = HSM_ATTR_KCV, .help = "3 bytes in hexadecimal." },
};

const struct cli_cmd row_find = {
	.name = "findKey", .group = GROUP, .summary = "Find Key",
	.about = "Finds the keys that you may use and that match all of the options, and prints\n"
		 "their handles. Without options: all keys that you may use.",
	.opts = find_opts, .n_opts = COUNT(find_opts), .run = run_find,
};

static const struct cli_opt key_opts[] = {
	{ .name = "-k", .kind = CLI_HANDLE, .flags = CLI_REQUIRED, .what = "Key handle",
	  .arg = "<key-handle>", .help = "Handle of the key." },
};

static int run_find_single(void *ctx, const struct cli_args *a)
{
	const uint32_t class = HSM_ATTR_CLASS;
	struct kmu *kmu = ctx;
	struct hsm_attrs *attrs;
	struct hsm_result res;

	hsm_key_attrs(kmu->hsm, kmu->session, cli_get(a, "-k")->num, &class, 1, &attrs, &res);
	hsm_free(attrs);
	return out_done(kmu, a, "FindKey", &res);
}

const struct cli_cmd row_find_single = {
	.name = "findSingleKey", .group = GROUP, .summary = "Find single Key",
	.about = "Verifies that a key exists on all HSMs.",
	.opts = key_opts, .n_opts = COUNT(key_opts), .run = run_find_single,
};

static void print_key_info(const struct hsm_key_info *info)
{
	printf("\n\tOwned by user %u\n", info->owner);
	if (info->n_users) {
		printf("\n\talso, shared to following %u user(s):\n\n\t\t ", info->n_users);
		for (uint32_t i = 0; i < info->n_users; i++)
			printf("%s%u", i ? ", " : "", info->users[i]);
		putchar('\n');
	}
	if (info->m_value)
		printf("\t %u Users need to approve to use/manage this key\n", info->m_value);
}

static int run_key_info(void *ctx, const struct cli_args *a)
{
	struct kmu *kmu = ctx;
	struct hsm_key_info *info;
	struct hsm_result res;

	if (hsm_key_info(kmu->hsm, kmu->session, cli_get(a, "-k")->num, &info, &res))
		return out_failed(kmu, a, "GetKey", &res);
	out_returned("GetKey", &res);
	print_key_info(info);
	hsm_free(info);
	return CLI_OK;
}

const struct cli_cmd row_key_info = {
	.name = "getKeyInfo", .group = GROUP,
	.summary = "Get Key Info about shared users/sessions",
	.about = "Prints who owns a key and with whom it is shared; of a public key the owner alone.",
	.opts = key_opts, .n_opts = COUNT(key_opts), .run = run_key_info,
};

/* For a handle that is none the documented line names the look-up, not the delete. */
static int run_delete(void *ctx, const struct cli_args *a)
{
	struct kmu *kmu = ctx;
	struct hsm_result res;
	bool unknown;

	hsm_key_delete(kmu->hsm, kmu->session, cli_get(a, "-k")->num, &res);
	unknown = res.rc == HSM_RV_BAD_HANDLE;
	return out_done(kmu, a, unknown ? "FindKey" : "DeleteKey", &res);
}

const struct cli_cmd row_delete = {
	.name = "deleteKey", .group = GROUP, .summary = "Delete Key",
	.about = "Deletes a key from the HSM. Only its owner may. The other key of a pair stays.",
	.opts = key_opts, .n_opts = COUNT(key_opts), .run = run_delete,
};
