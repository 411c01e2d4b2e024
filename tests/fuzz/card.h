/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * card.h - a card with users, keys and a token, the same for every input, and what has to
 * hold after each message that it is sent. One card at a time.
 */
#ifndef FUZZ_CARD_H
#define FUZZ_CARD_H

#include "call.h"
#include "fuzzing.h"

/* Contexts: who is logged in to each. The last two are ADMIN and ALICE once more. */
enum { NOBODY, ADMIN, ALICE, BOB, OFFICER, AUDITOR, ADMIN_TOO, ALICE_TOO, CONTEXTS };

struct card {
	struct fw *fw;
	uint32_t session[CONTEXTS];
	uint64_t clock_ms;
	uint8_t in[HSM_MSG_MAX + 64], out[HSM_MSG_MAX + 64];
	size_t out_len;		/* of the last reply */
};

extern struct card card;

#define CARD_ROOM	8192	/* bytes for most replies */

struct records;

void card_new(void);
void card_free(void);

/* A card over that store, which card_free() closes, without contexts. */
void card_start(struct store *st, struct cluster *cluster);

/* What its store holds. */
void card_store(struct records *r);

/* What the store of such a card holds before it is started. */
const struct records *card_records(void);

/* A context is ended and comes again, with a session and its user; the whole card is reset. */
void card_reopen(uint32_t ctx);
void card_reset(void);

/*
 * Sends the @len bytes of card.in and looks at everything that must hold. The status, or
 * UINT32_MAX if there was no reply.
 */
struct how {
	uint32_t ctx, rights;
	size_t room;
	bool cancel;
};
uint32_t card_send(const struct how *how, size_t len);

/* Begins a message in card.in; its length when it is done. */
struct tlv_writer message(uint16_t opcode, uint32_t session);
size_t message_end(const struct tlv_writer *w);

/* Users by number: their names, and the keys that they sign quorum tokens with. */
#define PEOPLE	5
extern const char *const people[PEOPLE];
extern const char password[];
struct bytes person_key(unsigned int who);	/* SubjectPublicKeyInfo */
/* Signature over @data or, if @digest, of it as a digest. */
void person_sign(unsigned int who, struct bytes data, bool digest, uint8_t sig[256]);

/* invariants.c: what is so now; card_send() has it compared with what is so then. */
void invariants_begin(void);
void invariants_check(void);

#endif /* FUZZ_CARD_H */
