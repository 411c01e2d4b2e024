/* SPDX-License-Identifier: GPL-2.0-or-later */
/* options.h - the command line of hsm-node. */
#ifndef HSM_NODE_OPTIONS_H
#define HSM_NODE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct options {
	const char *store, *secret_file, *key_file, *serial, *cluster, *address;
	uint32_t node;
	uint32_t forget;
	bool do_forget, strict, fips, open_zeroize;
};

/*
 * True: run with @o. False: there is nothing to run, exit with *@status; what is wrong was
 * said on standard error.
 */
bool options_parse(struct options *o, int argc, char **argv, int *status);

#endif /* HSM_NODE_OPTIONS_H */
