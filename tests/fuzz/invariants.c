// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * invariants.c - what holds after every message: no secret is in the reply (S1), and no
 * attribute that goes one way has come back (S5).
 */
#include <string.h>

#include "card.h"
#include "identity.h"

#define SEEN_MAX	512
#define WINDOW		16	/* bytes of a secret that are no coincidence */

#define UP	(1u << BIT_SENSITIVE | 1u << BIT_WRAP_WITH_TRUSTED)
#define DOWN (1u << BIT_EXTRACTABLE | 1u << BIT_ALWAYS_SENSITIVE | 1u << BIT_NEVER_EXTRACTABLE)

/* Flags of the keys as they were, by handle. */
static struct { uint64_t handle; uint32_t flags; } seen[SEEN_MAX];

void invariants_begin(void)
{
	memset(seen, 0, sizeof(seen));
}

static void look_for(const uint8_t *secret, const char *what)
{
	must(!memmem(card.out, card.out_len, secret, WINDOW), what);
}

/* Made here, never to leave: nobody can know its bytes. What is an encoding ends with a number. */
static void check_secret(const struct object *o)
{
	if (object_flag(o, BIT_LOCAL) && object_flag(o, BIT_NEVER_EXTRACTABLE) &&
	    o->secret_len >= WINDOW)
		look_for(o->secret + o->secret_len - WINDOW, "a key is in the reply");
}

static void check_steps(const struct object *o)
{
	size_t i = o->handle % SEEN_MAX;

	if (seen[i].handle == o->handle) {
		must(!(seen[i].flags & UP & ~o->flags), "an attribute went down again");
		must(!(~seen[i].flags & DOWN & o->flags), "an attribute came up again");
	}
	seen[i].handle = o->handle;
	seen[i].flags = o->flags;
	must(!object_flag(o, BIT_NEVER_EXTRACTABLE) || !object_flag(o, BIT_EXTRACTABLE),
	     "a key is and never was extractable");
	must(!object_flag(o, BIT_ALWAYS_SENSITIVE) || object_flag(o, BIT_SENSITIVE),
	     "a key is not and always was sensitive");
}

void invariants_check(void)
{
	const struct fw *fw = card.fw;

	for (const struct object *o = fw->objects.first; o; o = o->next) {
		check_secret(o);
		check_steps(o);
	}
	for (size_t i = 0; i < fw->users.n; i++)
		look_for(fw->users.v[i]->rec.hash, "the hash of a password is in the reply");
	if (fw->identity)
		look_for(fw->identity->masking_key.p, "the masking key is in the reply");
	if (fw->identity)
		look_for(fw->identity->card_d.p, "the card's own key is in the reply");
}
