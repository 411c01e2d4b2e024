// SPDX-License-Identifier: GPL-2.0-or-later
/* works.c - for every command a request that goes all its way. */
#include "works.h"

#include "commands.h"
#include "fw_int.h"

void works_setup(struct card *c)
{
	key_works_setup(c);
	user_works_setup(c);
}

uint32_t works_plain(struct card *c, uint16_t opcode)
{
	size_t i;

	for (i = 0; commands[i].opcode != opcode; i++)
		assert_true(i < N_COMMANDS - 1);
	return send(c, ctx_for(&commands[i]), valid(&commands[i], 0));
}

uint32_t work_send(struct card *c, const struct work *k)
{
	return k->run ? k->run(c) : works_plain(c, k->opcode);
}

void work_run(struct card *c, const struct work *k)
{
	assert_int_equal(work_send(c, k), k->status);
	if (k->undo)
		k->undo(c);
}

void work_once(struct card *c, const struct work *k)
{
	if (k->before)
		k->before(c);
	work_run(c, k);
}

static bool has_own(const struct work *v, size_t n, uint16_t opcode)
{
	while (n--) {
		if (v[n].opcode == opcode)
			return true;
	}
	return false;
}

void works_each(struct card *c, void (*fn)(struct card *c, const struct work *k))
{
	size_t i;

	for (i = 0; i < N_COMMANDS; i++) {
		struct work plain = { .opcode = commands[i].opcode };

		if (plain.opcode == HSM_CMD_ZEROIZE ||
		    has_own(key_works, key_work_count, plain.opcode) ||
		    has_own(user_works, user_work_count, plain.opcode))
			continue;
		plain.status = works_plain(c, plain.opcode);
		fn(c, &plain);
	}
	for (i = 0; i < key_work_count; i++)
		fn(c, &key_works[i]);
	for (i = 0; i < user_work_count; i++)
		fn(c, &user_works[i]);
}

static size_t count_held(const struct held_table *t)
{
	size_t n = 0, i;

	for (i = 0; i < HELD_MAX; i++)
		n += t->slot[i] != NULL;
	return n;
}

void works_look(struct card *c, struct snapshot *s)
{
	struct fw *fw = c->fw;
	uint32_t id;

	memset(s, 0, sizeof(*s));
	assert_true(fw_state(fw, &s->position, s->state));
	fw_lock_read(fw);
	s->users = fw->users.live;
	s->keys = fw->objects.live;
	s->bytes = fw->objects.bytes;
	s->sessions = fw->sessions;
	s->tokens = fw->quorum.n;
	memcpy(s->m_value, fw->quorum.m_value, sizeof(s->m_value));
	fw_unlock(fw);
	for (id = ADMIN; id <= NOBODY; id++) {
		struct ctx *ctx = ctx_get(fw, id);

		s->user[id] = ctx->user;
		s->held[id] = count_held(&ctx->operations) + count_held(&ctx->templates);
		ctx_put(ctx);
	}
}
