/* SPDX-License-Identifier: GPL-2.0-or-later */
/* user.h - the users of the card, guarded by fw.lock. */
#ifndef HSM_USER_H
#define HSM_USER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hsm/hsm_cmd.h"
#include "object.h"

struct change;

#define USER_SALT_LEN	16
#define USER_HASH_LEN	32
#define USER_ITERATIONS	50000	/* of PBKDF2, for new passwords */

/* What is stored. */
struct user_rec {
	uint32_t id;
	uint32_t type;		/* HSM_USER_* */
	uint32_t failures;	/* wrong passwords, as the cluster knows it */
	uint32_t flags;		/* HSM_USER_F_* */
	uint32_t iterations;
	char name[HSM_NAME_MAX + 1];
	uint8_t salt[USER_SALT_LEN];
	uint8_t hash[USER_HASH_LEN];
	uint32_t public_key_len;	/* 0 = none is registered */
	uint8_t public_key[HSM_PUBLIC_KEY_MAX];	/* SubjectPublicKeyInfo of RSA */
};

struct user {
	struct user_rec rec;
	uint32_t debt;		/* wrong passwords on this card that rec.failures lacks */
	bool pending;		/* on its way to the disk: nobody sees it, its name is taken */
	bool leaving;		/* so is its deletion: no officer any more that counts */
	bool gone;		/* deleted: there only for those who hold a reference */
	bool busy;		/* a change of it is on the way to the disk */
	const struct user_rec *coming;	/* what that makes of it, or NULL */
	struct change *waiting;	/* changes to come after that, first to last */
	unsigned int logins;	/* contexts logged in */
	atomic_uint refs;	/* the table's, and those of calls and changes */
};

struct user_debt {
	uint32_t id, debt;
};

struct user_table {
	struct user **v;	/* by ascending id; each in secret memory */
	size_t n;
	size_t live;
	uint32_t next_id;
	uint32_t *damaged;	/* ids of refused records */
	size_t n_damaged;
	struct user_debt *debts;	/* as found at start */
	size_t n_debts;
};

void user_table_free(struct user_table *t);

/* Adds a copy of @rec, whose id is not taken. NULL without memory. */
struct user *user_add(struct user_table *t, const struct user_rec *rec, bool pending);
/* Takes @u out of the table; the last reference frees it. */
void user_drop(struct user_table *t, struct user *u);
/* References: NULL is allowed. user_put() needs no lock. */
struct user *user_get(struct user *u);
void user_put(struct user *u);

/* NULL if there is none; user_by_name() also finds pending ones. */
struct user *user_by_id(const struct user_table *t, uint32_t id);
struct user *user_by_name(const struct user_table *t, struct bytes name);
/* Records that were refused at start; user_mend() as object_mend(). */
bool user_add_damaged(struct user_table *t, uint32_t id);
bool user_mend(struct user_table *t, uint32_t id);
/* Whether a user has the id, or is on its way to. */
bool user_id_taken(const struct user_table *t, uint32_t id);
/*
 * Whether anybody but @self (may be NULL) has the public key of @rec, or will have it.
 * fw.lock held for writing, or in a change's edit().
 */
bool user_key_taken(const struct user_table *t, const struct user_rec *rec,
		    const struct user *self);
/* Wrong passwords since the last good one. */
static inline uint32_t user_guesses(const struct user *u)
{
	return u->rec.failures + u->debt;
}

/*
 * @rec, a copy of @u that is about to be written, gets this card's debt, too, or (@clears)
 * both are forgotten. Returns how much less the debt of @u is once it is written.
 */
uint32_t user_settle(struct user_rec *rec, const struct user *u, bool clears);

/* What a card's own store says of a debt, read before its users are: false without memory. */
bool user_add_debt(struct user_table *t, uint32_t id, uint32_t debt);

/* Officers (CO, PCO) that are there and stay. */
size_t user_officers(const struct user_table *t);
static inline bool user_is_officer(const struct user_rec *rec)
{
	return rec->type == HSM_USER_CO || rec->type == HSM_USER_PCO;
}

/* Whether @type, as a client names it, is that of @rec: PCO is also known as CO. */
bool user_type_is(const struct user_rec *rec, uint32_t type);
bool user_type_known(uint32_t type);
bool user_name_ok(struct bytes name);
bool user_password_ok(struct bytes pw);

/* Sets a new salt and the hash of @pw. Slow: never under a lock. */
bool user_set_password(struct user_rec *rec, struct bytes pw);
/* Compares in constant time. Slow: never under a lock. False in @ok if the KDF failed. */
bool user_check_password(const struct user_rec *rec, struct bytes pw, bool *ok);

/*
 * Whether @sig is by the key that is registered for the user: RSASSA-PKCS1-v1_5 with
 * SHA-256, over @msg, or over a message that has this digest. False without a key. Slow:
 * never under a lock.
 */
bool user_verify(const struct user_rec *rec, struct bytes msg, struct bytes sig);
bool user_verify_digest(const struct user_rec *rec, const uint8_t digest[HSM_DIGEST_LEN],
			struct bytes sig);

#endif /* HSM_USER_H */
