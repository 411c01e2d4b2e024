// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * hsm_node.c - the firmware as a member of a cluster, without a computer around its card:
 * it keeps what the cluster has, and counts for those who want so many nodes to have a key.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "cluster_host.h"
#include "hsm/hsm_cmd.h"
#include "node.h"
#include "posix.h"
#include "store.h"

#define LOOK_MS 50

struct node {
	const struct options *o;
	struct store *store;
	struct cluster *cluster;
	struct fw *fw;
	char err[NODE_ERR_MAX];
};

static void say(const struct node *n, const char *what, const char *more)
{
	printf("hsm-node %" PRIu32 ": %s%s%s\n", n->o->node, what, *more ? ": " : "", more);
	fflush(stdout);
}

static void say_state(const struct node *n)
{
	uint64_t position;
	uint8_t sha256[32];

	if (!fw_state(n->fw, &position, sha256)) {
		say(n, "no memory to tell the state", "");
		return;
	}
	printf("hsm-node %" PRIu32 ": position %" PRIu64 " hash ", n->o->node, position);
	for (size_t i = 0; i < sizeof(sha256); i++)
		printf("%02x", sha256[i]);
	printf("\n");
	fflush(stdout);
}

static bool start(struct node *n, const unsigned char *secret, size_t len, bool leave)
{
	char serial[32];
	const struct fw_config cfg = {
		.platform = &fw_platform_posix, .store = n->store, .secret = secret,
		.secret_len = len, .serial = n->o->serial ? n->o->serial : serial,
		.node_id = n->o->node, .policy = n->o->strict ? FW_POLICY_STRICT : FW_POLICY_FAITHFUL,
		.fips = n->o->fips, .open_zeroize = n->o->open_zeroize, .cluster = n->cluster,
		.address = n->o->address, .leave_cluster = leave,
	};

	snprintf(serial, sizeof(serial), "HSM%08" PRIu32, n->o->node);
	n->fw = fw_new(&cfg, n->err, sizeof(n->err));
	return n->fw;
}

static bool begin(struct node *n)
{
	unsigned char *secret = NULL;
	size_t len = 0;
	bool leave, ok;

	ok = posix_cluster_open(n->o->cluster, &n->cluster, &leave, n->err, sizeof(n->err)) &&
	     node_secret(n->o, &secret, &len, n->err, sizeof(n->err));
	if (ok)
		n->store = store_sqlite_open(n->o->store, n->err, sizeof(n->err));
	ok = n->store && start(n, secret, len, leave);
	if (secret)
		explicit_bzero(secret, len);
	free(secret);
	return ok;
}

static void end(struct node *n)
{
	if (n->fw)
		fw_free(n->fw);
	posix_cluster_close(n->cluster);
	if (n->store)
		n->store->ops->close(n->store);
}

/* Says what changed: the state, or that there is a reason for it now. */
static void look(struct node *n, uint32_t is, uint32_t *was, bool *reason)
{
	static const char * const name[] = {
		[HSM_MEMBERSHIP_NONE] = "on its own", [HSM_MEMBERSHIP_JOINING] = "joining",
		[HSM_MEMBERSHIP_ONLINE] = "online", [HSM_MEMBERSHIP_AWAY] = "away",
		[HSM_MEMBERSHIP_REFUSED] = "refused",
	};

	if (is != *was)
		*reason = false;
	if (is != *was || (*n->err && !*reason))
		say(n, is < sizeof(name) / sizeof(name[0]) ? name[is] : "unknown", n->err);
	*was = is;
	*reason = *reason || *n->err;
}

/* Until a signal ends it, or the cluster refuses it. Exit status. */
static int run(struct node *n, const sigset_t *signals)
{
	const struct timespec nap = { 0, LOOK_MS * 1000000L };
	uint32_t is, was = UINT32_MAX;
	bool reason = false;
	int sig = 0;

	while (sig != SIGTERM && sig != SIGINT) {
		is = fw_membership(n->fw, n->err, sizeof(n->err));
		look(n, is, &was, &reason);
		if (is == HSM_MEMBERSHIP_REFUSED)
			return 1;
		sig = sigtimedwait(signals, NULL, &nap);
		if (sig == SIGUSR1)
			say_state(n);
	}
	say(n, "leaving", "");
	return 0;
}

/* Keys in use are all over the heap. */
static void forbid_core_dump(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0))
		perror("hsm-node: core dumps cannot be switched off");
}

int main(int argc, char **argv)
{
	struct options o;
	struct node n = { .o = &o };
	sigset_t signals;
	int status;

	if (!options_parse(&o, argc, argv, &status))
		return status;
	if (o.do_forget)
		return node_forget(&o);
	forbid_core_dump();
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);	/* before there are threads */
	if (begin(&n)) {
		status = run(&n, &signals);
	} else {
		fprintf(stderr, "hsm-node: %s\n", n.err);
		status = 1;
	}
	end(&n);
	return status;
}
