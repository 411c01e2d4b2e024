// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * replica_note.c - sealing of the members' notes. An image may be made anew while they
 * stand, so they are not under its salt: each start of a card has one for its own.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "replica_int.h"

/* Keys of notes that came, by node, so that not each of them needs a derivation. */
#define KEYS 8

struct note_key {
	uint8_t salt[RECORD_SALT_LEN];
	struct seal *seal;
};

struct replica_notes {
	struct note_key own, of[KEYS];
};

bool notes_new(struct replica *r)
{
	struct replica_notes *n = calloc(1, sizeof(*n));
	struct fw *fw = r->fw;

	r->notes = n;
	if (!n || !fc_random(n->own.salt, sizeof(n->own.salt)))
		return false;
	n->own.seal = seal_new(fw->secret.p, fw->secret.len, n->own.salt);
	return n->own.seal;
}

void notes_free(struct replica *r)
{
	struct replica_notes *n = r->notes;
	size_t i;

	if (!n)
		return;
	for (i = 0; i < KEYS; i++)
		seal_free(n->of[i].seal);
	seal_free(n->own.seal);
	free(n);
}

/* What is sealed as: so that a note is only good for its node and kind. */
static uint64_t note_id(enum cluster_note kind, uint32_t node)
{
	return node | (uint64_t)kind << 32;
}

bool note_seal(struct replica *r, enum cluster_note kind, uint8_t note[CLUSTER_NOTE_MAX],
	       size_t *len)
{
	struct note_key *key = &r->notes->own;
	uint8_t plain[CLUSTER_NOTE_MAX];
	struct tlv_writer w;
	struct sealed s;

	tlv_write_init(&w, plain, sizeof(plain) - seal_overhead - sizeof(key->salt));
	members_say(r->fw, kind, &w);
	if (w.full || !seal_record(key->seal, STORE_META, note_id(kind, r->fw->node_id), w.p,
				   w.len, &s))
		return false;
	memcpy(note, key->salt, sizeof(key->salt));
	memcpy(note + sizeof(key->salt), s.data, s.len);
	*len = sizeof(key->salt) + s.len;
	free(s.data);
	return true;
}

static struct seal *seal_of(struct replica *r, uint32_t node, const uint8_t *salt)
{
	struct note_key *key = &r->notes->of[node % KEYS];

	if (key->seal && !memcmp(key->salt, salt, sizeof(key->salt)))
		return key->seal;
	seal_free(key->seal);
	memcpy(key->salt, salt, sizeof(key->salt));
	key->seal = seal_new(r->fw->secret.p, r->fw->secret.len, salt);
	return key->seal;
}

bool note_open(struct replica *r, enum cluster_note kind, uint32_t node, const uint8_t *note,
	       size_t len, uint8_t **plain, size_t *plain_len)
{
	struct seal *s = len > RECORD_SALT_LEN ? seal_of(r, node, note) : NULL;

	return s && seal_open(s, STORE_META, note_id(kind, node), note + RECORD_SALT_LEN,
			      len - RECORD_SALT_LEN, plain, plain_len);
}
