// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * canary.c - a linker's wrap around the firmware's object_new(), for a QEMU of the
 * tests alone: it notes, in the file that HSM_CANARY names, the secret of every key
 * whose plaintext the guest must never see. Those are the keys that were never
 * extractable and those whose label begins with "canary" (which the tests never
 * export). A line is
 *
 *	LABEL, spaces as _	SECRET in hex
 *
 * The firmware itself is the product's, object by object.
 *
 * Built with CANARY_LEAK it leaks on purpose, so that the search can be seen to find:
 * a key labelled "canary-leak-..." is named after the first bytes of its secret, so
 * that every reply about it shows them; "canary-hex-..." the same in hex; the secret
 * of "canary-log-..." goes to the log.
 */
#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hsm/hsm_cmd.h"
#include "object.h"

struct object *__real_object_new(const struct object_init *init);
struct object *__wrap_object_new(const struct object_init *init);

static bool begins(struct bytes label, const char *text)
{
	return label.len >= strlen(text) && !memcmp(label.p, text, strlen(text));
}

static void put_hex(FILE *f, struct bytes b)
{
	for (size_t i = 0; i < b.len; i++)
		fprintf(f, "%02x", b.p[i]);
	fputc('\n', f);
}

/* A note that cannot be made would make the search blind. */
static void note(const struct object_init *init)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	const char *path = getenv("HSM_CANARY");
	FILE *f = path ? fopen(path, "a") : NULL;

	if (!f) {
		fprintf(stderr, "canary: HSM_CANARY names no file that can be written\n");
		abort();
	}
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < init->label.len; i++)
		fputc(isgraph(init->label.p[i]) ? init->label.p[i] : '_', f);
	fputc(' ', f);
	put_hex(f, init->secret);
	if (fclose(f))
		abort();
	pthread_mutex_unlock(&lock);
}

#ifdef CANARY_LEAK
#define LEAK	16	/* bytes */

static struct object *leak(const struct object_init *init)
{
	static const char digits[] = "0123456789ABCDEF";
	struct object_init other = *init;
	char text[2 * LEAK];

	if (init->secret.len < LEAK)
		return __real_object_new(init);
	for (size_t i = 0; i < LEAK; i++) {
		text[2 * i] = digits[init->secret.p[i] >> 4];
		text[2 * i + 1] = digits[init->secret.p[i] & 15];
	}
	if (begins(init->label, "canary-leak"))
		other.label = (struct bytes){ init->secret.p, LEAK };
	else if (begins(init->label, "canary-hex"))
		other.label = (struct bytes){ (const uint8_t *)text, sizeof(text) };
	else if (begins(init->label, "canary-log"))
		fprintf(stderr, "made a key %.*s\n", (int)sizeof(text), text);
	return __real_object_new(&other);
}
#else
#define leak __real_object_new
#endif

struct object *__wrap_object_new(const struct object_init *init)
{
	if (init->secret.len &&
	    (init->flags & 1u << BIT_NEVER_EXTRACTABLE || begins(init->label, "canary")))
		note(init);
	return leak(init);
}
