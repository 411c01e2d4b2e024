// SPDX-License-Identifier: GPL-2.0-or-later
/* options.c - the command line of hsm-node. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cluster_host.h"
#include "options.h"

enum {
	OPT_STORE = 256, OPT_SECRET, OPT_KEY, OPT_SERIAL, OPT_CLUSTER, OPT_ADDRESS,
	OPT_NODE, OPT_FORGET, OPT_POLICY, OPT_FIPS, OPT_ZEROIZE, OPT_HELP
};

static const struct option longs[] = {
	{ "store", required_argument, NULL, OPT_STORE },
	{ "secret-file", required_argument, NULL, OPT_SECRET },
	{ "key-file", required_argument, NULL, OPT_KEY },
	{ "serial", required_argument, NULL, OPT_SERIAL },
	{ "node-id", required_argument, NULL, OPT_NODE },
	{ "cluster", required_argument, NULL, OPT_CLUSTER },
	{ "address", required_argument, NULL, OPT_ADDRESS },
	{ "forget", required_argument, NULL, OPT_FORGET },
	{ "policy", required_argument, NULL, OPT_POLICY },
	{ "fips", no_argument, NULL, OPT_FIPS },
	{ "zeroize", required_argument, NULL, OPT_ZEROIZE },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 }
};

static const char help[] =
	"Usage: hsm-node --store FILE --cluster etcd:FILE [OPTION]...\n"
	"       hsm-node --forget N --cluster etcd:FILE\n"
	"A card without a computer around it: a member of a cluster that keeps its keys.\n"
	"\n"
	"  --store FILE         key store, made if missing\n"
	"  --cluster etcd:FILE  the cluster (docs/cluster.md); none: a card on its own;\n"
	"                       leave: takes the store out of its cluster\n"
	"  --node-id N          number of this member, 0 to 4294967294 (0)\n"
	"  --secret-file FILE   the secret that opens the store: the bytes of the file\n"
	"  --key-file FILE      the same, 32 bytes, made if missing (STORE.key)\n"
	"  --serial TEXT        1 to 31 characters (HSM and the node number)\n"
	"  --address TEXT       what members' lists show, 1 to 63 characters\n"
	"  --policy faithful|strict  --fips  --zeroize officer|anyone   as of hsm-pci\n"
	"  --forget N           strikes member N, which must be dead, off the list\n"
	"\n"
	"Prints a line per change of state. SIGUSR1: position and hash of users and keys.\n"
	"SIGTERM: leaves and ends. Exit status: 0 ended; 1 refused or failed; 2 wrong usage.\n";

static bool wrong(const char *what, const char *value)
{
	fprintf(stderr, "hsm-node: %s%s%s\nhsm-node: --help lists the options\n", what,
		value ? ": " : "", value ? value : "");
	return false;
}

static bool number(const char *text, uint32_t *to)
{
	unsigned long long v;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (*text < '0' || *text > '9' || *end || errno || v >= UINT32_MAX)
		return false;
	*to = (uint32_t)v;
	return true;
}

/* One of two words; @to tells whether the second. */
static bool choice(const char *text, const char *first, const char *second, bool *to)
{
	*to = !strcmp(text, second);
	return *to || !strcmp(text, first);
}

/* The options that are kept as they are. */
static const char **text_of(struct options *o, int opt)
{
	const char **to[] = {
		[OPT_STORE - OPT_STORE] = &o->store, [OPT_SECRET - OPT_STORE] = &o->secret_file,
		[OPT_KEY - OPT_STORE] = &o->key_file, [OPT_SERIAL - OPT_STORE] = &o->serial,
		[OPT_CLUSTER - OPT_STORE] = &o->cluster, [OPT_ADDRESS - OPT_STORE] = &o->address,
	};

	return opt >= OPT_STORE && opt <= OPT_ADDRESS ? to[opt - OPT_STORE] : NULL;
}

static bool take(struct options *o, int opt)
{
	const char **text = text_of(o, opt);

	if (text) {
		*text = optarg;
		return true;
	}
	switch (opt) {
	case OPT_FIPS:
		o->fips = true;
		return true;
	case OPT_NODE:
		return number(optarg, &o->node) || wrong("--node-id is not a number of a node", optarg);
	case OPT_FORGET:
		o->do_forget = true;
		return number(optarg, &o->forget) || wrong("--forget is not a number of a node", optarg);
	case OPT_POLICY:
		return choice(optarg, "faithful", "strict", &o->strict) ||
		       wrong("--policy is neither faithful nor strict", optarg);
	case OPT_ZEROIZE:
		return choice(optarg, "officer", "anyone", &o->open_zeroize) ||
		       wrong("--zeroize is neither officer nor anyone", optarg);
	}
	return wrong("wrong usage", NULL);	/* getopt has said which word */
}

static bool check(const struct options *o)
{
	char err[POSIX_CLUSTER_ERR_MAX];

	if (!o->cluster)
		return wrong("--cluster is required", NULL);
	if (o->do_forget)
		return !o->store || wrong("--forget and --store exclude each other", NULL);
	if (!strncmp(o->cluster, "group", 5))
		return wrong("--cluster group is for the cards of one QEMU", o->cluster);
	if (!o->store || !*o->store)
		return wrong("--store is required", NULL);
	if (o->secret_file && o->key_file)
		return wrong("--secret-file and --key-file exclude each other", NULL);
	if (o->serial && (!*o->serial || strlen(o->serial) > 31))
		return wrong("--serial has to have 1 to 31 characters", o->serial);
	return posix_address_check(o->address, err, sizeof(err)) || wrong(err, NULL);
}

bool options_parse(struct options *o, int argc, char **argv, int *status)
{
	int opt;

	*status = 2;
	*o = (struct options){ 0 };
	while ((opt = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (opt == OPT_HELP) {
			*status = fputs(help, stdout) < 0;
			return false;
		}
		if (!take(o, opt))
			return false;
	}
	if (optind < argc)
		return wrong("a word too many", argv[optind]);
	return check(o);
}
