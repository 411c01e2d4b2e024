// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * conformance.c - what every engine has to do, the same for all.
 *
 *   conformance [ENGINE]...	of solo, group, sim, etcd
 *
 * Without a name: all, etcd only with HSM_ETCD_ENDPOINTS=http://host:port,...
 */
#include <stdio.h>
#include <stdlib.h>

#include "lab.h"

static int run(const char *name)
{
	lab_engine = lab_by_name(name);
	if (!lab_engine) {
		fprintf(stderr, "conformance: no engine %s\n", name);
		return 1;
	}
	if (lab_engine == &lab_etcd && !getenv("HSM_ETCD_ENDPOINTS")) {
		fprintf(stderr, "conformance: etcd needs HSM_ETCD_ENDPOINTS\n");
		return 1;
	}
	fprintf(stderr, "--- %s\n", name);
	return conformance_keys() + conformance_users() +
	       (lab_engine->cards > 1 ? conformance_members() : 0);
}

int main(int argc, char **argv)
{
	static const char *const names[] = { "solo", "sim", "group", "etcd" };
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed += run(argv[i]);
	for (int i = 0; argc < 2 && i < 3 + !!getenv("HSM_ETCD_ENDPOINTS"); i++)
		failed += run(names[i]);
	return failed > 0;
}
