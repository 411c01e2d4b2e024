// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_key.c - findAllKeys, getKeyInfo, shareKey. */
#include <stdio.h>

#include "cmu.h"
#include "report.h"

static void print_refs(FILE *f, const struct hsm_key_ref_info *keys, size_t n)
{
	fprintf(f, "Number of keys found %zu\n", n);
	if (!n)
		return;
	fprintf(f, "number of keys matched from start index 0::%zu\n", n);
	for (size_t i = 0; i < n; i++)
		fprintf(f, "%s%llu%s", i ? "," : "", (unsigned long long)keys[i].handle,
			keys[i].flags & HSM_KEY_REF_SHARED ? "(s)" : "(o)");
	putc('\n', f);
}

static void print_hash(FILE *f, const uint8_t hash[HSM_DIGEST_LEN])
{
	fprintf(f, "Key Hash:\n");
	for (size_t i = 0; i < HSM_DIGEST_LEN; i++)
		fprintf(f, "%02x", hash[i]);
	fprintf(f, "\n\n");
}

static int find_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	const struct report *r = arg;
	const bool want_hash = cli_u32(r->args, "<key-hash>", 0);
	struct hsm_key_ref_info *keys;
	uint8_t hash[HSM_DIGEST_LEN] = { 0 };
	bool hashed = false;
	size_t n;

	if (hsm_key_list(s->hsm, s->session, cli_u32(r->args, "<user-id>", 0), &keys, &n,
			 want_hash ? hash : NULL, &hashed, res))
		return res->rc;
	fprintf(r->f, "Keys on server %u(%s):\n", s->index, s->name);
	print_refs(r->f, keys, n);
	if (hashed)
		print_hash(r->f, hash);
	hsm_free(keys);
	return 0;
}

static int run_find_all(void *ctx, const struct cli_args *a)
{
	return report_each(ctx, a, "findAllKeys", CMU_NO_ASK, find_on);
}

static const struct cli_opt find_opts[] = {
	{ .name = "<user-id>", .kind = CLI_U32, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "User id", .tag = HSM_TAG_USER_ID,
	  .help = "Id of the user whose keys are looked for, 0 for the keys of all users." },
	{ .name = "<key-hash>", .kind = CLI_U32, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Key hash", .max = 1,
	  .help = "1: prints a hash over users, owners and shares, too. 0: does not." },
	REPORT_OPT_FILE,
};

const struct cli_cmd cmu_find_all = {
	.name = "findAllKeys", .group = CMU_KEYS, .summary = "Finds all keys of a user",
	.about = "Prints the keys that a user owns or shares; of public keys those that the user\n"
		 "owns. (s): shared with somebody, (o): not shared.",
	.opts = find_opts, .n_opts = COUNT(find_opts), .run = run_find_all,
};

static void print_info(FILE *f, const struct hsm_key_info *info)
{
	fprintf(f, "\n\tToken/Flash Key,\n\n\tOwned by user %u\n", info->owner);
	if (info->n_users)
		fprintf(f, "\n\talso, shared to following %u user(s):\n\n", info->n_users);
	for (uint32_t i = 0; i < info->n_users; i++)
		fprintf(f, "\t\t %u\n", info->users[i]);
	if (info->m_value)
		fprintf(f, "\t %u Users need to approve to use/manage this key\n", info->m_value);
	if (!info->n_users)
		putc('\n', f);
}

static int info_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	const struct report *r = arg;
	const struct cli_value *handle = cli_get(r->args, "<key-handle>");
	struct hsm_key_info *info;

	if (!handle)
		handle = cli_get(r->args, "-k");
	if (hsm_key_info(s->hsm, s->session, handle->num, &info, res))
		return res->rc;
	fprintf(r->f, "Key Info on server %u(%s):\n", s->index, s->name);
	print_info(r->f, info);
	hsm_free(info);
	return 0;
}

static int run_key_info(void *ctx, const struct cli_args *a)
{
	return report_each(ctx, a, "getKeyInfo", CMU_QUIET | CMU_NO_ASK, info_on);
}

static const struct cli_opt info_opts[] = {
	{ .name = "<key-handle>", .kind = CLI_HANDLE, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Key handle", .instead = "-k", .tag = HSM_TAG_HANDLE,
	  .help = "Handle of the key." },
	REPORT_OPT_FILE,
	{ .name = "-k", .kind = CLI_HANDLE, .what = "Key handle", .arg = "<key-handle>",
	  .help = "The same." },
};

const struct cli_cmd cmu_key_info = {
	.name = "getKeyInfo", .group = CMU_KEYS, .summary = "Gets who may use a key",
	.about = "Prints the owner of a key, the users that share it, and how many of them must\n"
		 "approve its use; of a public key the owner alone.",
	.opts = info_opts, .n_opts = COUNT(info_opts), .run = run_key_info,
};

static int share_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	const struct cli_args *a = arg;
	const struct cli_value *users = cli_get(a, "<user-ids>");

	return hsm_key_share(s->hsm, s->session, cli_get(a, "<key-handle>")->num, users->data,
			     users->n, cli_u32(a, "<share>", 0), res);
}

static int run_share(void *ctx, const struct cli_args *a)
{
	const struct cmu_job job = {
		.op = "shareKey", .flags = CMU_CHANGE, .args = a, .run = share_on,
		.arg = (void *)a,
	};

	return cmu_caution(ctx) ? cmu_each(ctx, &job) : CLI_FAILED;
}

static const struct cli_opt share_opts[] = {
	CMU_OPT_HANDLE,
	{ .name = "<user-ids>", .kind = CLI_USERS, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "User ids", .tag = HSM_TAG_SHARE_USER,
	  .help = "Id of the crypto user, or several, like 4,5." },
	{ .name = "<share>", .kind = CLI_U32, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Share", .max = 1, .tag = HSM_TAG_SHARE,
	  .help = "1: shares the key, 0: takes it back." },
};

const struct cli_cmd cmu_share = {
	.name = "shareKey", .group = CMU_KEYS, .summary = "Shares a key, or takes it back",
	.about = "Shares a key with crypto users, or takes it back from them: all of them or, if it\n"
		 "cannot be for one, none. Only the owner may. Public keys are everybody's.",
	.opts = share_opts, .n_opts = COUNT(share_opts), .run = run_share,
};
