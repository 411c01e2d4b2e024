// SPDX-License-Identifier: GPL-2.0-or-later
/* checker_users.c - what must hold of users, and that all cards are the same at the end. */
#include <string.h>

#include "fw_int.h"
#include "record.h"
#include "sim_history.h"
#include "sim_image.h"

static const struct fw *first_card(const struct history *h)
{
	for (uint32_t i = 0; i < h->w->n_nodes; i++)
		if (h->w->node[i].fw)
			return h->w->node[i].fw;
	return NULL;
}

static const struct user *find_user(const struct fw *fw, const char *name)
{
	for (size_t i = 0; i < fw->users.n; i++)
		if (!strcmp(fw->users.v[i]->rec.name, name))
			return fw->users.v[i];
	return NULL;
}

bool checker_knows(const struct history *h, uint32_t node, const char *name)
{
	return find_user(h->w->node[node].fw, name);
}

static bool same_bytes(struct record *a, struct record *b)
{
	bool same = record_ok(a) && record_ok(b) && a->w.len == b->w.len &&
		    !memcmp(a->w.p, b->w.p, a->w.len);

	record_free(a);
	record_free(b);
	return same;
}

static bool same_users(const struct fw *a, const struct fw *b)
{
	struct record ra, rb;

	if (a->users.n != b->users.n || a->users.next_id != b->users.next_id)
		return false;
	for (size_t i = 0; i < a->users.n; i++) {
		record_put_user(&ra, &a->users.v[i]->rec);
		record_put_user(&rb, &b->users.v[i]->rec);
		if (!same_bytes(&ra, &rb))
			return false;
	}
	return true;
}

static const struct object *next_token(const struct object *o)
{
	while (o && o->ctx)
		o = o->next;
	return o;
}

static bool same_keys(const struct fw *a, const struct fw *b)
{
	const struct object *x = next_token(a->objects.first), *y = next_token(b->objects.first);
	struct record ra, rb;

	for (; x && y; x = next_token(x->next), y = next_token(y->next)) {
		record_put_object(&ra, x);
		record_put_object(&rb, y);
		if (x->handle != y->handle || x->state != y->state || !same_bytes(&ra, &rb))
			return false;
	}
	return !x && !y;
}

/* What is not at rest yet; NULL: all is. */
static const char *unsettled(const struct fw *fw)
{
	for (const struct object *o = fw->objects.first; o; o = o->next)
		if (o->state != OBJECT_LIVE)
			return "a key is on its way";
	for (size_t i = 0; i < fw->users.n; i++) {
		if (fw->users.v[i]->pending || fw->users.v[i]->busy)
			return "a user is on its way";
		if (fw->users.v[i]->debt)
			return "wrong passwords are not counted yet";
	}
	return NULL;
}

static bool online(struct fw *fw)
{
	char why[160];

	return fw_membership(fw, why, sizeof(why)) == HSM_MEMBERSHIP_ONLINE;
}

static const char *differs(const struct fw *first, struct fw *fw)
{
	uint64_t position = 0, other = 1;
	uint8_t hash[32] = { 0 }, other_hash[32] = { 1 };

	if (!online(fw))
		return "it is not online";
	if (!fw_state((struct fw *)first, &position, hash) || !fw_state(fw, &other, other_hash) ||
	    position != other)
		return "its position is another";
	if (!same_users(first, fw))
		return "its users are others";
	if (!same_keys(first, fw) || memcmp(hash, other_hash, sizeof(hash)))
		return "its keys are others";
	return unsettled(fw);
}

/* All cards are online and the same. Else false, and with @say why. */
bool checker_converged(struct history *h, bool say)
{
	const struct fw *first = first_card(h);

	for (uint32_t i = 0; i < h->w->n_nodes; i++) {
		const char *why = h->w->node[i].fw ? differs(first, h->w->node[i].fw) : NULL;

		if (why && say)
			sim_fail(h->w, "card %u does not come to rest: %s", i, why);
		if (why)
			return false;
	}
	return first;
}

static void end_names(struct history *h, const struct fw *fw)
{
	for (size_t i = 0; i < fw->users.n; i++)
		for (size_t k = 0; k < i; k++) {
			const struct user_rec *a = &fw->users.v[i]->rec, *b = &fw->users.v[k]->rec;

			if (a->id == b->id || !strcmp(a->name, b->name))
				sim_fail(h->w, "two users are %u %s and %u %s", a->id, a->name,
					 b->id, b->name);
		}
}

/* Several creations may have fought for one name: their outcomes together. */
static void end_user(struct history *h, const struct fw *fw, const char *name)
{
	const struct user *u = find_user(fw, name);
	unsigned int acked = 0, may_be = 0, deleted = 0;

	for (size_t i = 0; i < h->n_users; i++) {
		const struct user_model *m = &h->users[i];

		if (strcmp(m->name, name))
			continue;
		acked += m->create->outcome == ACKED && checker_survives(h, m->create);
		may_be += m->create->outcome != FAILED;
		deleted += m->delete_tried;
	}
	if (u && !may_be)
		sim_fail(h->w, "user %s is there, though all creations failed", name);
	if (!u && acked && !deleted)
		sim_fail(h->w, "acknowledged user %s is lost", name);
	if (acked > 1 && !deleted)
		sim_fail(h->w, "user %s was created %u times", name, acked);
}

/* The last acknowledged password holds, or one that may have come after it. */
static void end_password(struct history *h, const struct fw *fw)
{
	const struct user *dave = find_user(fw, "dave");
	bool ok, any = false;

	for (size_t i = 0; dave && i < h->n_ops; i++) {
		const struct op *o = &h->ops[i];
		struct bytes pw = { (const uint8_t *)o->text, strlen(o->text) };
		bool later = false;

		if (o->kind != OP_PASSWORD)
			continue;
		any |= o->outcome == ACKED && checker_survives(h, o);
		if (!user_check_password(&dave->rec, pw, &ok))
			continue;
		for (size_t k = 0; k < h->n_ops; k++)
			later |= h->ops[k].kind == OP_PASSWORD && h->ops[k].outcome == ACKED &&
				 h->ops[k].begin > o->end && checker_survives(h, &h->ops[k]);
		if (later || o->outcome == FAILED)
			sim_fail(h->w, "the password of op %u opens, %s", o->no,
				 later ? "though another came later" : "which failed");
		return;
	}
	if (any || !dave)
		sim_fail(h->w, "dave's acknowledged password is lost");
}

static void end_lockout(struct history *h, const struct fw *fw)
{
	const struct user *carol = find_user(fw, "carol");
	unsigned int acked = 0, may_be = 0, locked = 0;
	uint64_t forgiven = 0;

	for (size_t i = 0; i < h->n_ops; i++) {
		const struct op *o = &h->ops[i];

		if (o->kind == OP_RIGHT && o->status != HSM_RV_USER_LOCKED)
			forgiven = o->end > forgiven ? o->end : forgiven;
	}
	for (size_t i = 0; i < h->n_ops; i++) {
		const struct op *o = &h->ops[i];

		if (o->kind != OP_GUESS || !o->knows || o->begin <= forgiven)
			continue;
		/* What a card counts while it is away is lost with it. */
		acked += o->status == HSM_RV_LOGIN_FAILURE && !(h->destroyed & 1u << o->node);
		locked += o->status == HSM_RV_USER_LOCKED && !h->destroyed;
		may_be++;
	}
	if (!carol)
		sim_fail(h->w, "carol is lost");
	else if (!h->w->lasting && h->destroyed)
		return;	/* so may be the cards that had counted */
	else if (carol->rec.failures < acked && carol->rec.failures < HSM_LOGIN_TRIES)
		sim_fail(h->w, "%u wrong passwords were answered, %u are counted", acked,
			 carol->rec.failures);
	/* One of which nobody knew whether it was counted may count again, never less. */
	else if (!forgiven && carol->rec.failures > may_be && h->calm)
		sim_fail(h->w, "%u wrong passwords were tried, %u are counted", may_be,
			 carol->rec.failures);
	else if (locked && !forgiven && carol->rec.failures < HSM_LOGIN_TRIES)
		sim_fail(h->w, "carol was locked and is no more: %u", carol->rec.failures);
}

void checker_end_users(struct history *h)
{
	const struct fw *fw = first_card(h);

	end_names(h, fw);
	for (size_t i = 0; i < h->n_users; i++)
		end_user(h, fw, h->users[i].name);
	end_password(h, fw);
	end_lockout(h, fw);
}
