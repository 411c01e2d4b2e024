// SPDX-License-Identifier: GPL-2.0-or-later
/* cmd_sync.c - syncKey, syncUser: from the server of server mode to another one. */
#include <stdio.h>

#include "cmu.h"

struct sync {
	struct cmu_server *from;
	struct cmu_server *to;
};

static bool in_one_cluster(const struct sync *sync)
{
	struct hsm_membership from = { 0 }, to = { 0 };

	return !hsm_cluster_info(sync->from->hsm, &from, NULL) &&
	       !hsm_cluster_info(sync->to->hsm, &to, NULL) && hsm_same_cluster(&from, &to);
}

/*
 * Cards of one cluster hold the same keys under the same handles: what is put back is put back
 * under its own, where the record is damaged. Another card makes a key of it as it likes.
 */
static int put_key(struct cmu_server *to, bool own, uint64_t handle,
		   const struct hsm_bytes *masked, struct hsm_result *res)
{
	uint64_t new;

	if (own)
		return hsm_key_restore(to->hsm, to->session, masked->p, masked->len, handle, res);
	return hsm_key_unmask(to->hsm, to->session, masked->p, masked->len, NULL, &new, res);
}

/* The two servers of a command. CLI_OK, or CLI_USAGE with a line printed. */
static int sync_begin(struct sync *sync, struct cmu *cmu, const struct cli_args *a, const char *op)
{
	const uint32_t dest = cli_u32(a, "<server-id>", 0);

	if (!cmu_server_mode(cmu, op, true))
		return CLI_USAGE;
	sync->from = cmu_next(cmu, NULL);
	sync->to = cmu_server(cmu, dest);
	if (!sync->from || !sync->to)
		return CLI_USAGE;
	if (sync->from == sync->to) {
		printf("\nError: server %u(%s) is the one that %s copies from.\n", dest,
		       sync->to->name, op);
		return CLI_USAGE;
	}
	return CLI_OK;
}

static int run_sync_key(void *ctx, const struct cli_args *a)
{
	const struct cmu_job job = { .op = "syncKey", .args = a };
	struct hsm_bytes masked;
	struct hsm_result res;
	struct sync sync;
	bool own;
	const uint64_t handle = cli_get(a, "<key-handle>")->num;
	int rc = sync_begin(&sync, ctx, a, job.op);

	if (rc)
		return rc;
	own = in_one_cluster(&sync);
	if (hsm_key_mask(sync.from->hsm, sync.from->session, handle, &masked, &res))
		return cmu_failed(&job, sync.from, &res);
	rc = put_key(sync.to, own, handle, &masked, &res);
	hsm_bytes_clear(&masked);
	if (rc)
		return cmu_failed(&job, sync.to, &res);
	printf("syncKey success\n");
	return CLI_OK;
}

#define OPT_SERVER \
	{ .name = "<server-id>", .kind = CLI_U32, .flags = CLI_POSITIONAL | CLI_REQUIRED, \
	  .what = "Destination server", .max = CMU_SERVERS_MAX - 1, \
	  .help = "Number of the server that gets it." }

static const struct cli_opt key_opts[] = { CMU_OPT_HANDLE, OPT_SERVER };

const struct cli_cmd cmu_sync_key = {
	.name = "syncKey", .group = CMU_SERVERS, .summary = "Copies a key to another server",
	.about = "In server mode: copies a key with its attributes, owner and shares to another\n"
		 "server of the same cluster, where its record is damaged. You are logged in on both.",
	.opts = key_opts, .n_opts = COUNT(key_opts), .run = run_sync_key,
};

/* One of the two steps: its line, with the code that the card answered. */
static int step(const char *name, const struct hsm_result *res)
{
	printf("%s: 0x%x !\n", name, res->rc < 0 ? HSM_RV_DAEMON_SOCKET : (uint32_t)res->rc);
	return res->rc;
}

static int run_sync_user(void *ctx, const struct cli_args *a)
{
	const struct cmu_job job = { .op = "syncUser", .args = a };
	struct hsm_bytes masked;
	struct hsm_result res;
	struct sync sync;
	int rc = sync_begin(&sync, ctx, a, job.op);

	if (rc)
		return rc;
	hsm_user_mask(sync.from->hsm, sync.from->session, cli_u32(a, "<user-id>", 0), &masked,
		      &res);
	if (step("ExtractMaskedObject", &res))
		return cmu_failed(&job, sync.from, &res);
	hsm_user_unmask(sync.to->hsm, sync.to->session, masked.p, masked.len, &res);
	hsm_bytes_clear(&masked);
	if (step("InsertMaskedObject", &res))
		return cmu_failed(&job, sync.to, &res);
	printf("syncUser success\n");
	return CLI_OK;
}

static const struct cli_opt user_opts[] = {
	{ .name = "<user-id>", .kind = CLI_U32, .flags = CLI_POSITIONAL | CLI_REQUIRED,
	  .what = "User id", .min = 1, .tag = HSM_TAG_USER_ID, .help = "Id of the user." },
	OPT_SERVER,
};

const struct cli_cmd cmu_sync_user = {
	.name = "syncUser", .group = CMU_SERVERS, .summary = "Copies a user to another server",
	.about = "In server mode: copies a user with the password and the keys to another server of\n"
		 "the same cluster, where its record is damaged or there is no user of that id or name.",
	.opts = user_opts, .n_opts = COUNT(user_opts), .run = run_sync_user,
};
