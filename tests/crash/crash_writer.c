// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crash_writer.c - makes keys as fast as it can until it is killed.
 *
 *   crash_writer STORE
 *
 * Writes a line to standard output for each thing that the card has acknowledged:
 *
 *   R                      ready, the user is logged in
 *   K HANDLE LABEL         a secret key was made
 *   P PUBLIC PRIVATE LABEL a pair was made
 *   d HANDLE               a deletion is about to be asked for
 *   D HANDLE               it was acknowledged
 *
 * The label of a secret key ends with -TYPE-BYTES. Anything unexpected goes to
 * standard error and ends the program with status 1.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

#define N_SYM 6

static struct client card;
static unsigned long run;	/* makes labels of different runs differ */

static void die(const char *what, uint32_t status)
{
	fprintf(stderr, "crash_writer: %s: status 0x%x\n", what, status);
	_exit(1);
}

/* One write per line: whole, or not there. */
__attribute__((format(printf, 1, 2)))
static void say(const char *fmt, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (write(STDOUT_FILENO, line, (size_t)n) != n)
		_exit(2);
}

static const struct {
	uint32_t type, len;
} shapes[] = {
	{ HSM_KEY_AES, 16 }, { HSM_KEY_AES, 32 }, { HSM_KEY_DES3, 24 }, { HSM_KEY_RC4, 200 },
	{ HSM_KEY_GENERIC, 3583 }, { HSM_KEY_AES, 24 }, { HSM_KEY_GENERIC, 1 },
};

static uint64_t make_key(struct request *r, unsigned int thread, unsigned int n)
{
	uint32_t type = shapes[n % 7].type, len = shapes[n % 7].len;
	uint64_t handle;
	char label[100];

	snprintf(label, sizeof(label), "k-%lx-%u-%u-%u-%u", run, thread, n, type, len);
	client_begin_sym(&card, r, type, len, label);
	if (client_send(&card, r))
		die("key", r->status);
	handle = client_u64(r, HSM_TAG_HANDLE);
	say("K %" PRIu64 " %s\n", handle, label);
	return handle;
}

static void delete_key(struct request *r, uint64_t handle)
{
	say("d %" PRIu64 "\n", handle);
	if (client_delete(&card, r, handle))
		die("delete", r->status);
	say("D %" PRIu64 "\n", handle);
}

/* Every other thread deletes a third of what it makes. */
static void *make_keys(void *opaque)
{
	unsigned int thread = (unsigned int)(uintptr_t)opaque;
	struct request *r = malloc(sizeof(*r));

	for (unsigned int n = 0;; n++) {
		uint64_t handle = make_key(r, thread, n);

		if (thread % 2 && n % 3 == 0)
			delete_key(r, handle);
	}
	return NULL;
}

static void *make_pairs(void *opaque)
{
	struct request *r = malloc(sizeof(*r));
	char label[100];

	(void)opaque;
	for (unsigned int n = 0;; n++) {
		snprintf(label, sizeof(label), "p-%lx-%u", run, n);
		client_begin_rsa(&card, r, label);
		if (client_send(&card, r))
			die("pair", r->status);
		say("P %" PRIu64 " %" PRIu64 " %s\n", client_u64(r, HSM_TAG_HANDLE_PUBLIC),
		    client_u64(r, HSM_TAG_HANDLE_PRIVATE), label);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct timespec now;
	pthread_t thread;
	uint32_t rv;

	if (argc != 2) {
		fprintf(stderr, "usage: crash_writer STORE\n");
		return 2;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	run = (unsigned long)now.tv_sec * 1000000 + (unsigned long)now.tv_nsec / 1000;
	if (!client_open(&card, argv[1])) {
		fprintf(stderr, "crash_writer: %s\n", card.err);
		return 1;
	}
	rv = client_login(&card);
	if (rv)
		die("login", rv);
	say("R\n");
	for (uintptr_t i = 0; i < N_SYM; i++)
		pthread_create(&thread, NULL, make_keys, (void *)i);
	make_pairs(NULL);
	return 0;
}
