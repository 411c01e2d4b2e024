// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_info.c - getHSMInfo, getPartitionInfo, listUsers, Error2String. */
#include <stdio.h>

#include "kmu.h"

#define GROUP	"Configuration and Admin Commands"

static const char *fips_text(uint32_t state)
{
	return state == 2 ? "FIPS mode with single factor authentication" : "non-FIPS mode";
}

#define FIELD	"\t%-21s:"

static void print_text(const char *name, const char *value)
{
	printf(FIELD "%s\n", name, value);
}

static void print_num(const char *name, uint64_t value)
{
	printf(FIELD "%llu\n", name, (unsigned long long)value);
}

static void print_card(const struct hsm_card *c)
{
	printf("\n\t\t*** Server %u HSM Info ***\n\n", c->node_id);
	print_text("Label", c->label);
	print_text("Model", c->model);
	printf("\n");
	print_text("Serial Number", c->serial);
	print_num("HSM Flags", c->flags);
	printf(FIELD "%u [%s]\n\n", "FIPS state", c->fips_state, fips_text(c->fips_state));
	print_text("Manufacturer ID", c->manufacturer);
	printf("\n");
	print_num("TotalPublicMemory", c->public_total);
	print_num("FreePublicMemory", c->public_free);
	print_num("TotalPrivateMemory", c->private_total);
	print_num("FreePrivateMemory", c->private_free);
	printf("\n");
	print_num("Hardware Major", c->hw_major);
	print_num("Hardware Minor", c->hw_minor);
	printf("\n");
	print_num("Firmware Major", c->fw_major);
	printf(FIELD "%02u\n\n", "Firmware Minor", c->fw_minor);
	print_text("Build Number", c->build);
	printf("\n");
	print_text("Firmware ID", c->firmware_id);
	printf("\n");
	print_text("Policy", c->policy ? "strict" : "faithful");
	print_num("Keys", c->keys);
	print_num("Users", c->users);
	print_num("Sessions", c->sessions);
	print_num("Damaged Records", c->damaged);
}

static int run_hsm_info(void *ctx, const struct cli_args *a)
{
	struct kmu *kmu = ctx;
	struct hsm_result res;
	struct hsm_card card = { 0 };

	if (hsm_card_info(kmu->hsm, &card, &res))
		return out_failed(kmu, a, "GetHSMInfo", &res);
	print_card(&card);
	out_returned("GetHSMInfo", &res);
	return CLI_OK;
}

const struct cli_cmd row_hsm_info = {
	.name = "getHSMInfo", .group = GROUP, .summary = "Gets the HSM Information",
	.about = "Prints model, versions, FIPS state, memory and counters of the HSM.",
	.run = run_hsm_info,
};

static int run_partition(void *ctx, const struct cli_args *a)
{
	struct kmu *kmu = ctx;
	struct hsm_result res;
	struct hsm_card card = { 0 };

	if (hsm_card_info(kmu->hsm, &card, &res))
		return out_failed(kmu, a, "GetPartitionInfo", &res);
	printf("\n");
	print_text("Partition Name", card.label);
	print_num("Node Id", card.node_id);
	print_text("Serial Number", card.serial);
	printf(FIELD "%u [%s]\n", "FIPS state", card.fips_state, fips_text(card.fips_state));
	print_text("Policy", card.policy ? "strict" : "faithful");
	printf("\n");
	print_num("Users", card.users);
	print_num("Max Users", HSM_USERS_MAX);
	print_num("Sessions", card.sessions);
	print_num("Keys", card.keys);
	print_num("TotalPrivateMemory", card.private_total);
	print_num("FreePrivateMemory", card.private_free);
	out_returned("GetPartitionInfo", &res);
	return CLI_OK;
}

const struct cli_cmd row_partition = {
	.name = "getPartitionInfo", .group = GROUP, .summary = "Gets the Partition Information",
	.about = "Prints name, FIPS state, and what the partition holds. A card has one partition.",
	.run = run_partition,
};

/* Columns as documented; a name that is too long for its column pushes the rest. */
static void print_user(size_t index, const struct hsm_user *u)
{
	printf("\t%-12zu%6u      %-16s%-25s %-3s%15u               %s\n", index, u->id,
	       user_type_name(u->type), u->name, u->flags & HSM_USER_F_MOFN ? "YES" : "NO",
	       u->failures, u->flags & HSM_USER_F_2FA ? "YES" : "NO");
}

static int run_list_users(void *ctx, const struct cli_args *a)
{
	struct kmu *kmu = ctx;
	struct hsm_user *users;
	struct hsm_result res;
	size_t n;

	if (hsm_user_list(kmu->hsm, kmu->session, &users, &n, &res))
		return out_failed(kmu, a, "ListUsers", &res);
	printf("\n\tNumber Of Users found %zu\n\n", n);
	printf("\t%-12s%-12s%-16s%-20s%-14s%-24s%s\n", "Index", "User ID", "User Type",
	       "User Name", "MofnPubKey", "LoginFailureCnt", "2FA");
	for (size_t i = 0; i < n; i++)
		print_user(i + 1, &users[i]);
	hsm_free(users);
	out_returned("ListUsers", &res);
	return CLI_OK;
}

const struct cli_cmd row_list_users = {
	.name = "listUsers", .group = GROUP, .summary = "Lists all users of a partition",
	.run = run_list_users,
};

static int run_error_string(void *ctx, const struct cli_args *a)
{
	uint32_t code = cli_u32(a, "-r", 0);

	(void)ctx;
	if (!hsm_status_known(code)) {
		printf("\nError: Response code (-r) 0x%02x is not a known code.\n", code);
		return CLI_FAILED;
	}
	printf("\n\tError Code %02x maps to %s\n", code, hsm_status_text(code));
	return CLI_OK;
}

static const struct cli_opt error_opts[] = {
	{ .name = "-r", .kind = CLI_CODE, .flags = CLI_REQUIRED, .what = "Response code",
	  .arg = "<response-code>", .help = "Hexadecimal code with its 0x, like 0xa8." },
};

const struct cli_cmd row_error_string = {
	.name = "Error2String", .group = "Helper Commands", .flags = CLI_OFFLINE,
	.summary = "Converts Error codes to Strings",
	.opts = error_opts, .n_opts = COUNT(error_opts), .run = run_error_string,
};
