// SPDX-License-Identifier: GPL-2.0-or-later
/* user.c - the users of the card. */
#include "user.h"

#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "secmem.h"

void user_table_free(struct user_table *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		secmem_free(t->v[i]);
	free(t->v);
}

struct user *user_add(struct user_table *t, const struct user_rec *rec, bool pending)
{
	struct user **grown = realloc(t->v, (t->n + 1) * sizeof(*grown));
	struct user *u;

	if (!grown)
		return NULL;
	t->v = grown;
	u = secmem_alloc(sizeof(*u));
	if (!u)
		return NULL;
	u->rec = *rec;
	u->pending = pending;
	t->v[t->n++] = u;
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
	secmem_free(u);
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
