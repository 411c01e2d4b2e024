// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_info.c - getHSMInfo, getPartitionInfo, listUsers, Error2String. */
#include <stdio.h>

#include "card_info.h"
#include "kmu.h"
#include "members.h"

#define GROUP	"Configuration and Admin Commands"

static void print_card(const struct hsm_card *c)
{
	printf("\n");
	card_names(c, c->node_id);
	printf("\n");
	card_text("Manufacturer ID", c->manufacturer);
	printf("\n");
	card_sizes(c);
	printf("\n");
	card_text("Build Number", c->build);
	printf("\n");
	card_text("Firmware ID", c->firmware_id);
	printf("\n");
	card_text("Policy", c->policy ? "strict" : "faithful");
	card_num("Keys", c->keys);
	card_num("Users", c->users);
	card_num("Sessions", c->sessions);
	card_num("Damaged Records", c->damaged);
}

static int run_hsm_info(void *ctx, const struct cli_args *a)
{
	struct kmu *kmu = ctx;
	struct hsm_result res;
	struct hsm_card card = { 0 };
	struct hsm_membership m = { 0 };

	if (hsm_card_info(kmu->hsm, &card, &res) || hsm_cluster_info(kmu->hsm, &m, &res))
		return out_failed(kmu, a, "GetHSMInfo", &res);
	print_card(&card);
	members_print(&m);
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
	card_text("Partition Name", card.label);
	card_num("Node Id", card.node_id);
	card_text("Serial Number", card.serial);
	card_fips(&card);
	card_text("Policy", card.policy ? "strict" : "faithful");
	printf("\n");
	card_num("Users", card.users);
	card_num("Max Users", HSM_USERS_MAX);
	card_num("Sessions", card.sessions);
	card_num("Keys", card.keys);
	card_num("TotalPrivateMemory", card.private_total);
	card_num("FreePrivateMemory", card.private_free);
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
