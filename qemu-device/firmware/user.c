// SPDX-License-Identifier: GPL-2.0-or-later
/* user.c - the users of the card. */
#include "user.h"

#include <stdlib.h>
#include <string.h>

#include "crypto_key.h"
#include "secmem.h"

void user_table_free(struct user_table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		user_put(t->v[i]);
	free(t->v);
	free(t->damaged);
	free(t->debts);
}

bool user_add_debt(struct user_table *t, uint32_t id, uint32_t debt)
{
	struct user_debt *grown = realloc(t->debts, (t->n_debts + 1) * sizeof(*grown));

	if (!grown)
		return false;
	t->debts = grown;
	t->debts[t->n_debts++] = (struct user_debt){ id, debt };
	return true;
}

/* Once: what is paid later does not come back with the id. */
static uint32_t take_debt(struct user_table *t, uint32_t id)
{
	uint32_t debt;
	size_t i;

	for (i = 0; i < t->n_debts && t->debts[i].id != id; i++)
		;
	if (i == t->n_debts)
		return 0;
	debt = t->debts[i].debt;
	t->debts[i] = t->debts[--t->n_debts];
	return debt;
}

bool user_add_damaged(struct user_table *t, uint32_t id)
{
	uint32_t *grown = realloc(t->damaged, (t->n_damaged + 1) * sizeof(*grown));

	if (!grown)
		return false;
	t->damaged = grown;
	t->damaged[t->n_damaged++] = id;
	return true;
}

bool user_mend(struct user_table *t, uint32_t id)
{
	size_t i;

	for (i = 0; i < t->n_damaged && t->damaged[i] != id; i++)
		;
	if (i == t->n_damaged)
		return false;
	t->damaged[i] = t->damaged[--t->n_damaged];
	return true;
}

struct user *user_get(struct user *u)
{
	if (u)
		atomic_fetch_add(&u->refs, 1);
	return u;
}

void user_put(struct user *u)
{
	if (u && atomic_fetch_sub(&u->refs, 1) == 1)
		secmem_free(u);
}

struct user *user_add(struct user_table *t, const struct user_rec *rec, bool pending)
{
	struct user **grown = realloc(t->v, (t->n + 1) * sizeof(*grown));
	struct user *u;
	size_t i;

	if (!grown)
		return NULL;
	t->v = grown;
	u = secmem_alloc(sizeof(*u));
	if (!u)
		return NULL;
	u->rec = *rec;
	u->debt = take_debt(t, rec->id);
	u->pending = pending;
	atomic_init(&u->refs, 1);
	for (i = t->n++; i && t->v[i - 1]->rec.id > rec->id; i--)
		t->v[i] = t->v[i - 1];
	t->v[i] = u;
	t->live += !pending;
	return u;
}

void user_drop(struct user_table *t, struct user *u)
{
	size_t i;

	for (i = 0; i < t->n && t->v[i] != u; i++)
		;
	memmove(t->v + i, t->v + i + 1, (t->n - i - 1) * sizeof(*t->v));
	t->n--;
	t->live -= !u->pending;
	u->gone = true;
	user_put(u);
}

bool user_id_taken(const struct user_table *t, uint32_t id)
{
	size_t i;

	for (i = 0; i < t->n && t->v[i]->rec.id != id; i++)
		;
	return i < t->n;
}

/*
 * By their moduli, or one private key could have two faces with two exponents. There is
 * one way to encode a key of this size, and the modulus is at one place in it.
 */
static bool same_key(const struct user_rec *a, const struct user_rec *b)
{
	enum { MODULUS_AT = 33, MODULUS_LEN = HSM_QUORUM_RSA_BITS / 8 };

	return a->public_key_len && b->public_key_len &&
	       !memcmp(a->public_key + MODULUS_AT, b->public_key + MODULUS_AT, MODULUS_LEN);
}

static bool has_key(const struct user *u, const struct user_rec *rec)
{
	return same_key(&u->rec, rec) || (u->coming && same_key(u->coming, rec));
}

bool user_key_taken(const struct user_table *t, const struct user_rec *rec,
		    const struct user *self)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (t->v[i] != self && has_key(t->v[i], rec))
			return true;
	}
	return false;
}

uint32_t user_settle(struct user_rec *rec, const struct user *u, bool clears)
{
	rec->failures = clears ? 0 : user_guesses(u);
	return u->debt;
}

size_t user_officers(const struct user_table *t)
{
	size_t i, n = 0;

	for (i = 0; i < t->n; i++)
		n += user_is_officer(&t->v[i]->rec) && !t->v[i]->pending && !t->v[i]->leaving;
	return n;
}

struct user *user_by_id(const struct user_table *t, uint32_t id)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (t->v[i]->rec.id == id && !t->v[i]->pending)
			return t->v[i];
	}
	return NULL;
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_name(const char *a, struct bytes b)
{
	size_t i;

	for (i = 0; i < b.len; i++) {
		if (!a[i] || lower(a[i]) != lower((char)b.p[i]))
			return false;
	}
	return !a[i];
}

struct user *user_by_name(const struct user_table *t, struct bytes name)
{
	size_t i;

	for (i = 0; i < t->n; i++) {
		if (same_name(t->v[i]->rec.name, name))
			return t->v[i];
	}
	return NULL;
}

bool user_type_is(const struct user_rec *rec, uint32_t type)
{
	return rec->type == type || (rec->type == HSM_USER_PCO && type == HSM_USER_CO);
}

bool user_type_known(uint32_t type)
{
	return type == HSM_USER_CU || type == HSM_USER_CO || type == HSM_USER_PCO ||
	       type == HSM_USER_AU || type == HSM_USER_PRECO;
}

bool user_name_ok(struct bytes name)
{
	size_t i;

	for (i = 0; i < name.len; i++) {
		char c = lower((char)name.p[i]);

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	return name.len >= 1 && name.len <= HSM_NAME_MAX;
}

bool user_password_ok(struct bytes pw)
{
	return pw.len >= HSM_PASSWORD_MIN && pw.len <= HSM_PASSWORD_MAX &&
	       !memchr(pw.p, 0, pw.len);
}

static bool derive(const struct user_rec *rec, struct bytes pw, uint8_t hash[USER_HASH_LEN])
{
	return fc_pbkdf2((const char *)pw.p, pw.len, rec->salt, sizeof(rec->salt), rec->iterations,
			 hash, USER_HASH_LEN);
}

bool user_set_password(struct user_rec *rec, struct bytes pw)
{
	rec->iterations = USER_ITERATIONS;
	return fc_random(rec->salt, sizeof(rec->salt)) && derive(rec, pw, rec->hash);
}

bool user_check_password(const struct user_rec *rec, struct bytes pw, bool *ok)
{
	uint8_t hash[USER_HASH_LEN];
	bool equal;

	*ok = derive(rec, pw, hash);
	equal = *ok && secmem_equal(hash, rec->hash, sizeof(hash));
	secmem_wipe(hash, sizeof(hash));
	return equal;
}

bool user_verify_digest(const struct user_rec *rec, const uint8_t digest[HSM_DIGEST_LEN],
			struct bytes sig)
{
	return rec->public_key_len &&
	       fc_rsa_verify(rec->public_key, rec->public_key_len, digest, sig.p, sig.len);
}

bool user_verify(const struct user_rec *rec, struct bytes msg, struct bytes sig)
{
	uint8_t digest[HSM_DIGEST_LEN];

	return fc_sha256(msg.p, msg.len, digest) && user_verify_digest(rec, digest, sig);
}
