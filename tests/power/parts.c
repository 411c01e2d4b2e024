// SPDX-License-Identifier: GPL-2.0-or-later
/* parts.c - processes that share the work. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "parts.h"

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *v = getenv(name);

	return v && *v ? strtoull(v, NULL, 0) : otherwise;
}

bool setting_read(struct setting *s, int argc, char **argv)
{
	*s = (struct setting){
		.dir = argc == 2 ? argv[1] : NULL, .seed = number("SEED", (uint64_t)getpid()),
		.rounds = (unsigned int)number("POWER_ROUNDS", 1),
		.call = (long)number("CALL", UINT64_MAX), .fault = (long)number("FAULT", UINT64_MAX),
	};
	if (!s->dir)
		fprintf(stderr, "usage: %s DIR\n", argv[0]);
	return s->dir;
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
