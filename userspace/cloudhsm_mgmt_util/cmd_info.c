// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_info.c - getHSMInfo, info. */
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "card_info.h"
#include "cmu.h"
#include "members.h"

#define NOT_KNOWN	"not available"

/* A number of the PCI device behind the device file, as the kernel has it. */
static void print_pci(const struct cmu_server *s, const char *name, const char *attr)
{
	struct stat st;
	char path[128];
	unsigned int value;
	bool known = false;
	FILE *f = NULL;

	if (!stat(s->hostname, &st) && S_ISCHR(st.st_mode)) {
		snprintf(path, sizeof(path), "/sys/dev/char/%u:%u/device/%s", major(st.st_rdev),
			 minor(st.st_rdev), attr);
		f = fopen(path, "r");
	}
	if (f) {
		known = fscanf(f, "%x", &value) == 1;
		fclose(f);
	}
	if (known)
		printf(CARD_FIELD "%X\n", name, value);
	else
		card_text(name, NOT_KNOWN);
}

static void print_ids(const struct cmu_server *s, const struct hsm_card *c)
{
	card_text("Manufacturer ID", c->manufacturer);
	print_pci(s, "Device ID", "device");
	print_pci(s, "Class Code", "class");
	print_pci(s, "System vendor ID", "subsystem_vendor");
	print_pci(s, "SubSystem ID", "subsystem_device");
}

static void print_card(const struct cmu_server *s, const struct hsm_card *c)
{
	card_names(c, s->index);
	printf("\n");
	print_ids(s, c);
	printf("\n\n");
	card_sizes(c);
	printf("\n");
	card_text("Temperature", NOT_KNOWN);
	printf("\n");
	card_text("Build Number", c->build);
	printf("\n");
	card_text("Firmware ID", c->firmware_id);
	printf("\n");
}

static int hsm_info_on(struct cmu_server *s, void *arg, struct hsm_result *res)
{
	struct hsm_card card = { 0 };

	(void)arg;
	if (hsm_card_info(s->hsm, &card, res))
		return res->rc;
	print_card(s, &card);
	return 0;
}

static int run_hsm_info(void *ctx, const struct cli_args *a)
{
	const struct cmu_job job = {
		.op = "getHSMInfo", .flags = CMU_QUIET | CMU_NO_ASK, .args = a, .run = hsm_info_on,
	};

	printf("Getting HSM Info on %u nodes\n", cmu_count(ctx));
	return cmu_each(ctx, &job);
}

const struct cli_cmd cmu_hsm_info = {
	.name = "getHSMInfo", .group = CMU_SERVERS, .summary = "Gets information about each HSM",
	.about = "Prints model, versions, FIPS state and memory of each HSM. Needs no login.",
	.run = run_hsm_info,
};

/* State, partition and login as columns; what a broken connection cannot tell is "-". */
static int print_server(const struct cmu_server *s)
{
	struct hsm_card card = { 0 };
	struct hsm_user user;
	struct hsm_result res = { 0 };
	struct hsm_membership m = { 0 };
	char login[HSM_NAME_MAX + 32] = "-";
	bool there = s->hsm && !hsm_card_info(s->hsm, &card, &res);

	if (there && !hsm_login_status(s->hsm, s->session, &user, &res)) {
		if (user.id)
			snprintf(login, sizeof(login), "Logged in as '%s(%s)'", user.name,
				 cmu_user_type(user.type));
		else
			snprintf(login, sizeof(login), "Not logged in");
	}
	printf("Id      Name                    Hostname         Port   State           "
	       "Partition               LoginState\n"
	       "%-8u%-23s %-15s %-8u%-16s%-24s%s\n", s->index, s->name, s->hostname, s->port,
	       there ? "Connected" : "Disconnected", there ? card.label : "-", login);
	if (there && !hsm_cluster_info(s->hsm, &m, NULL))
		members_print(&m);
	if (res.rc)
		printf("info failed: %s\n", hsm_strerror(res.rc));
	return !there ? CLI_NO_CARD : res.rc ? CLI_FAILED : CLI_OK;
}

static int run_info(void *ctx, const struct cli_args *a)
{
	struct cmu *cmu = ctx;
	uint32_t index = cli_u32(a, "<server-id>", 0);

	if (index < cmu->n)
		return print_server(&cmu->servers[index]);
	cmu_server(cmu, index);
	return CLI_USAGE;
}

static const struct cli_choice info_about[] = { { 1, "server" }, { 0, NULL } };

static const struct cli_opt info_opts[] = {
	{ .name = "server", .kind = CLI_NAME, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Subject", .choices = info_about, .help = "As it is." },
	{ .name = "<server-id>", .kind = CLI_U32, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "Server ID", .help = "Its place in the configuration file, from 0." },
};

const struct cli_cmd cmu_info = {
	.name = "info", .group = CMU_SERVERS, .summary = "Gets information about one connection",
	.about = "Prints name, path, port, state and login of one connection. Needs no login.",
	.opts = info_opts, .n_opts = COUNT(info_opts), .run = run_info,
};
