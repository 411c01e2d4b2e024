/* SPDX-License-Identifier: GPL-2.0-or-later */
/* user.h - the users of the card, guarded by fw.lock. */
#ifndef HSM_USER_H
#define HSM_USER_H

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
	uint32_t failures;
	uint32_t flags;		/* HSM_USER_F_* */
	uint32_t iterations;
	char name[HSM_NAME_MAX + 1];
	uint8_t salt[USER_SALT_LEN];
	uint8_t hash[USER_HASH_LEN];
};

struct user {
	struct user_rec rec;
	bool pending;		/* on its way to the disk: nobody sees it, its name is taken */
	bool busy;		/* a change of it is on the way to the disk */
	struct change *waiting;	/* changes to come after that, first to last */
	unsigned int logins;	/* contexts logged in */
};

struct user_table {
	struct user **v;	/* by ascending id; each in secret memory */
	size_t n;
	size_t live;
	uint32_t next_id;
};

void user_table_free(struct user_table *t);

/* Appends a copy of @rec, whose id is above all others. NULL without memory. */
struct user *user_add(struct user_table *t, const struct user_rec *rec, bool pending);
/* Takes out and frees a pending user. */
void user_drop(struct user_table *t, struct user *u);

/* NULL if there is none; user_by_name() also finds pending ones. */
struct user *user_by_id(const struct user_table *t, uint32_t id);
struct user *user_by_name(const struct user_table *t, struct bytes name);

/* Whether @type, as a client names it, is that of @rec: PCO is also known as CO. */
bool user_type_is(const struct user_rec *rec, uint32_t type);
bool user_type_known(uint32_t type);
bool user_name_ok(struct bytes name);
bool user_password_ok(struct bytes pw);

/* Sets a new salt and the hash of @pw. Slow: never under a lock. */
bool user_set_password(struct user_rec *rec, struct bytes pw);
/* Compares in constant time. Slow: never under a lock. False in @ok if the KDF failed. */
bool user_check_password(const struct user_rec *rec, struct bytes pw, bool *ok);

#endif /* HSM_USER_H */
