// SPDX-License-Identifier: GPL-2.0-or-later
/* parts.c - processes that share the work. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "parts.h"

/* Of the environment; false with a line on standard error. */
static bool number(const char *name, uint64_t otherwise, uint64_t max, uint64_t *n)
{
	const char *v = getenv(name);
	char *end;

	*n = otherwise;
	if (!v || !*v)
		return true;
	errno = 0;
	*n = strtoull(v, &end, 0);
	if (errno || *end || !isdigit((unsigned char)*v) || *n > max) {
		fprintf(stderr, "%s=%s is not a number, or too large\n", name, v);
		return false;
	}
	return true;
}

bool setting_read(struct setting *s, int argc, char **argv)
{
	uint64_t rounds, call, fault, member;

	*s = (struct setting){ .dir = argc == 2 ? argv[1] : NULL };
	if (!s->dir)
		fprintf(stderr, "usage: %s DIR\n", argv[0]);
	if (!s->dir || !number("SEED", (uint64_t)getpid(), UINT64_MAX, &s->seed) ||
	    !number("POWER_ROUNDS", 1, 1000, &rounds) ||
	    !number("CALL", UINT64_MAX, LONG_MAX, &call) ||
	    !number("FAULT", UINT64_MAX, LONG_MAX, &fault) ||
	    !number("MEMBER_CALL", UINT64_MAX, LONG_MAX, &member))
		return false;
	s->rounds = rounds ? (unsigned int)rounds : 1;
	s->call = (long)call;
	s->fault = (long)fault;
	s->member_call = (long)member;
	return true;
}

void check_range(const char *name, long only, size_t n)
{
	check(only < 0 || (size_t)only < n, "%s=%ld: there are %zu, from 0 on", name, only, n);
}

char *part_folder(const struct setting *s, const char *name, unsigned int part)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/%s%u", s->dir, name, part);
	mkdir(path, 0700);
	return strdup(path);
}

static pid_t start(const struct setting *s, part_fn part, unsigned int i, struct counts *n)
{
	pid_t pid = fork();
	bool ok;

	if (pid)
		return pid;
	ok = part(s, i, n);
	fflush(stdout);
	_exit(!ok);
}

struct counts parts_run(const struct setting *s, part_fn part)
{
	struct counts *n = mmap(NULL, PARTS * sizeof(*n), PROT_READ | PROT_WRITE,
				MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct counts all = { 0 };
	pid_t pid[PARTS];
	int status;

	fflush(stdout);
	for (unsigned int i = 0; i < PARTS; i++)
		pid[i] = start(s, part, i, &n[i]);
	for (unsigned int i = 0; i < PARTS; i++) {
		waitpid(pid[i], &status, 0);
		check(WIFEXITED(status), "part %u: signal %d", i, WTERMSIG(status));
		check(!status, "part %u: see above", i);
		all.a += n[i].a;
		all.b += n[i].b;
		all.c += n[i].c;
		all.calls = n[i].calls;
	}
	munmap(n, PARTS * sizeof(*n));
	return all;
}
