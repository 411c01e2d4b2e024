// SPDX-License-Identifier: GPL-2.0-or-later
/* test_msg.c - what holds for every message: headers, TLV rules, room. */
#include "commands.h"

static void header_too_short(void **state)
{
	size_t len;

	for (len = 0; len < HEAD; len++) {
		struct msg *m = begin(HSM_CMD_NOP, 0);

		put_le32(m->in + 4, HEAD);
		m->len = len;
		assert_int_equal(send(*state, ALICE, m), HSM_RV_BAD_MESSAGE);
		assert_int_equal(get_le16(m->out), len < 2 ? 0xffff : HSM_CMD_NOP);
		assert_int_equal(m->req.out_len, HEAD);
	}
}

static void header_short_no_room(void **state)
{
	struct msg *m = begin(HSM_CMD_NOP, 0);

	m->len = 3;
	m->room = 15;
	assert_int_equal(exec(*state, ALICE, m), FW_NO_ROOM);
	assert_int_equal(m->req.out_len, HEAD);
}

static uint32_t spoiled(void *card, size_t at)
{
	struct msg *m = begin(HSM_CMD_NOP, 0);

	put_le32(m->in + 4, HEAD);
	m->in[at] ^= 1;
	return send(card, ALICE, m);
}

static void header_fields(void **state)
{
	assert_int_equal(send(*state, ALICE, begin(HSM_CMD_NOP, 0)), HSM_RV_SUCCESS);
	assert_int_equal(last()->req.out_len, HEAD);
	assert_int_equal(spoiled(*state, 1), HSM_RV_UNKNOWN_COMMAND);
	assert_int_equal(spoiled(*state, 2), HSM_RV_BAD_MESSAGE);	/* flags */
	assert_int_equal(spoiled(*state, 3), HSM_RV_BAD_MESSAGE);
	assert_int_equal(spoiled(*state, 4), HSM_RV_BAD_MESSAGE);	/* length */
	assert_int_equal(spoiled(*state, 7), HSM_RV_BAD_MESSAGE);
	assert_int_equal(spoiled(*state, 8), HSM_RV_BAD_SESSION);
	assert_int_equal(spoiled(*state, 12), HSM_RV_BAD_MESSAGE);	/* reserved */
	assert_int_equal(spoiled(*state, 15), HSM_RV_BAD_MESSAGE);
}

static void message_too_long(void **state)
{
	struct msg *m = begin(HSM_CMD_NOP, 0);

	m->len = HSM_MSG_MAX + 1;
	assert_int_equal(send(*state, ALICE, m), HSM_RV_BAD_MESSAGE);
}

static void unknown_opcodes(void **state)
{
	uint32_t op, known = 0;
	size_t i;

	for (op = 0; op < 0x10000; op++) {
		for (i = 0; i < N_COMMANDS && commands[i].opcode != op; i++)
			;
		if (i < N_COMMANDS)
			known++;
		else
			assert_int_equal(send(*state, ALICE, begin((uint16_t)op, 0)),
					 HSM_RV_UNKNOWN_COMMAND);
		op += op > 0x200 ? 0xff : 0;
	}
	assert_int_equal(known, N_COMMANDS);
}

static void no_context(void **state)
{
	assert_int_equal(exec(*state, 77, begin(HSM_CMD_NOP, 0)), FW_NO_CTX);
}

static void node_in_replies(void **state)
{
	size_t i;

	for (i = 0; i < N_COMMANDS; i++) {
		struct msg *m = valid(&commands[i], 0);
		struct tlv t;

		add_u32(m, 0x80ffffffu, 0);
		assert_int_equal(send(*state, NOBODY, m), HSM_RV_BAD_MESSAGE);
		assert_int_equal(get_le16(m->out), commands[i].opcode);
		assert_int_equal(bad_tag(m), 0x80ffffffu);
		if (!(commands[i].flags & F_NODE)) {
			assert_int_equal(reply_count(m, HSM_TAG_NODE), 0);
			continue;
		}
		assert_int_equal(reply_count(m, HSM_TAG_NODE), 1);
		assert_true(reply_find(m, HSM_TAG_NODE, &t) && t.len == 8);
		assert_int_equal(get_le32(t.p), 7);
		assert_int_equal(get_le32(t.p + 4), HSM_RV_BAD_MESSAGE);
	}
}

static void no_room(void **state)
{
	size_t i;

	for (i = 0; i < N_COMMANDS; i++) {
		struct msg *m = valid(&commands[i], 0);

		m->room = commands[i].reply - 1;
		assert_int_equal(exec(*state, ctx_for(&commands[i]), m), FW_NO_ROOM);
		assert_int_equal(m->req.out_len, commands[i].reply);
		m->room = commands[i].reply;
		m->done = false;
		m->req.rights = 0;
		assert_int_equal(send(*state, ctx_for(&commands[i]), m), HSM_RV_NO_RIGHT);
	}
}

static void no_room_changes_nothing(void **state)
{
	struct msg *m = begin_aes("label");

	m->room = 47;
	assert_int_equal(exec(*state, ALICE, m), FW_NO_ROOM);
	assert_int_equal(found(*state, ALICE, begin_find()), 0);
	m = begin_aes("label");
	m->room = 48;
	assert_int_equal(made(*state, ALICE, m), 6);
}

static void missing_tags(void **state)
{
	const char *p;
	size_t i;

	for (i = 0; i < N_COMMANDS; i++) {
		for (p = commands[i].required; *p; p++) {
			struct msg *m = valid(&commands[i], *p);

			assert_int_equal(send(*state, ctx_for(&commands[i]), m),
					 HSM_RV_BAD_MESSAGE);
			assert_int_equal(bad_tag(m), value_of(*p)->tag);
		}
	}
}

static void each_tag_twice(struct card *c, const struct expect *e, const char *tags, bool present)
{
	const char *p;

	for (p = tags; *p; p++) {
		const struct value *v = value_of(*p);
		struct msg *m = valid(e, 0);

		if (v->many)
			continue;
		add(m, v->tag, v->bytes, v->len);
		if (!present)
			add(m, v->tag, v->bytes, v->len);
		assert_int_equal(send(c, ctx_for(e), m), HSM_RV_BAD_MESSAGE);
		assert_int_equal(bad_tag(m), v->tag);
	}
}

static void repeated_tags(void **state)
{
	size_t i;

	for (i = 0; i < N_COMMANDS; i++) {
		each_tag_twice(*state, &commands[i], commands[i].required, true);
		each_tag_twice(*state, &commands[i], commands[i].optional, false);
	}
}

static void each_number_long(struct card *c, const struct expect *e, const char *tags)
{
	static const uint8_t zeros[80];
	const char *p;

	for (p = tags; *p; p++) {
		const struct value *v = value_of(*p);
		struct msg *m = valid(e, *p);

		if (strchr("wnlipMadjFI67y+@", *p))
			continue;
		add(m, v->tag, zeros, v->len + 1);
		assert_int_equal(send(c, ctx_for(e), m), HSM_RV_INVALID_INPUT);
		assert_int_equal(bad_tag(m), v->tag);
		m = valid(e, *p);
		add(m, v->tag, zeros, v->len - 1);
		assert_int_equal(send(c, ctx_for(e), m), HSM_RV_INVALID_INPUT);
		assert_int_equal(bad_tag(m), v->tag);
	}
}

static void wrong_lengths(void **state)
{
	size_t i;

	for (i = 0; i < N_COMMANDS; i++) {
		each_number_long(*state, &commands[i], commands[i].required);
		each_number_long(*state, &commands[i], commands[i].optional);
	}
}

/* Tags of bytes: the longest that is taken, one more, and none. */
static void check_bytes(struct card *c, uint16_t opcode, char name, size_t max, uint32_t status)
{
	char *long_one = malloc(max + 1);
	const struct expect *e = commands;
	struct msg *m;

	assert_non_null(long_one);
	memset(long_one, 'a', max + 1);
	while (e->opcode != opcode)
		e++;
	m = valid(e, name);
	add(m, value_of(name)->tag, long_one, max);
	assert_int_not_equal(send(c, ctx_for(e), m), status);
	m = valid(e, name);
	add(m, value_of(name)->tag, long_one, max + 1);
	assert_int_equal(send(c, ctx_for(e), m), status);
	assert_int_equal(bad_tag(m), value_of(name)->tag);
	m = valid(e, name);
	add(m, value_of(name)->tag, "", 0);
	assert_int_equal(send(c, ctx_for(e), m), status);
	free(long_one);
}

static void byte_lengths(void **state)
{
	check_bytes(*state, HSM_CMD_KEY_GEN_SYM, 'l', 128, HSM_RV_INVALID_INPUT);
	check_bytes(*state, HSM_CMD_KEY_GEN_SYM, 'i', 128, HSM_RV_INVALID_INPUT);
	check_bytes(*state, HSM_CMD_KEY_FIND, 'l', 128, HSM_RV_INVALID_INPUT);
	check_bytes(*state, HSM_CMD_KEY_FIND, 'i', 128, HSM_RV_INVALID_INPUT);
	check_bytes(*state, HSM_CMD_KEY_FIND, 'M', 512, HSM_RV_INVALID_INPUT);
	check_bytes(*state, HSM_CMD_USER_CREATE, 'n', 31, HSM_RV_INVALID_INPUT);
	check_bytes(*state, HSM_CMD_USER_CREATE, 'w', 32, HSM_RV_BAD_PASSWORD);
}

static void label_of_4000(void **state)
{
	struct msg *m = begin(HSM_CMD_KEY_GEN_SYM, FIRST_SESSION);
	char label[4000];

	memset(label, 'x', sizeof(label));
	add_u32(m, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
	add_u32(m, HSM_ATTR_VALUE_LEN, 32);
	add(m, HSM_ATTR_LABEL, label, sizeof(label));
	assert_int_equal(send(*state, ALICE, m), HSM_RV_INVALID_INPUT);
	assert_int_equal(bad_tag(m), HSM_ATTR_LABEL);
}

static void tlv_past_the_end(void **state)
{
	struct msg *m = begin_aes("label");

	m->in[m->len - 9] = 0xff;	/* length of LABEL */
	assert_int_equal(send(*state, ALICE, m), HSM_RV_BAD_MESSAGE);
	assert_int_equal(bad_tag(m), HSM_ATTR_LABEL);
	m = begin_aes("label");
	m->len += 7;			/* a head that is cut */
	assert_int_equal(send(*state, ALICE, m), HSM_RV_BAD_MESSAGE);
	assert_int_equal(reply_count(m, HSM_TAG_BAD_TAG), 0);
}

static void quick_and_long(void **state)
{
	uint8_t in[HEAD] = { 0 };
	size_t i;

	(void)state;
	for (i = 0; i < N_COMMANDS; i++) {
		put_le16(in, commands[i].opcode);
		assert_int_equal(fw_quick(in, HEAD), !!(commands[i].flags & F_QUICK));
		assert_int_equal(fw_long(in, HEAD), !!(commands[i].flags & F_LONG));
		assert_false(fw_quick(in, HEAD - 1));
		assert_false(fw_long(in, HEAD - 1));
	}
	put_le16(in, 0xfff0);
	assert_false(fw_long(in, HEAD));
	assert_false(fw_quick(in, HEAD));
}

static void random_bytes(void **state)
{
	struct msg *m = begin(HSM_CMD_RANDOM, 0);
	uint8_t first[32];
	struct tlv t;

	add_u32(m, HSM_TAG_LEN, 32);
	assert_int_equal(send(*state, NOBODY, m), HSM_RV_SUCCESS);
	assert_true(reply_find(m, HSM_TAG_DATA, &t) && t.len == 32);
	memcpy(first, t.p, 32);
	m->done = false;
	assert_int_equal(send(*state, NOBODY, m), HSM_RV_SUCCESS);
	assert_true(reply_find(m, HSM_TAG_DATA, &t) && t.len == 32);
	assert_memory_not_equal(first, t.p, 32);
}

static uint32_t random_of(void *card, uint32_t len, size_t room)
{
	struct msg *m = begin(HSM_CMD_RANDOM, 0);

	add_u32(m, HSM_TAG_LEN, len);
	m->room = room;
	return exec(card, NOBODY, m) == FW_OK ? m->status : 0xffffffffu;
}

static void random_limits(void **state)
{
	assert_int_equal(random_of(*state, 0, HSM_MSG_MAX), HSM_RV_INVALID_INPUT);
	assert_int_equal(random_of(*state, 1, HSM_MSG_MAX), 0);
	assert_int_equal(random_of(*state, 65512, HSM_MSG_MAX), 0);
	assert_int_equal(random_of(*state, 65513, HSM_MSG_MAX), HSM_RV_INVALID_INPUT);
	assert_int_equal(random_of(*state, 100, 124), 0);
	assert_int_equal(random_of(*state, 100, 123), 0xffffffffu);
	assert_int_equal(last()->result, FW_NO_ROOM);
	assert_int_equal(last()->req.out_len, 124);
}

/* The example of docs/hsm-firmware.rst, byte for byte. */
static void documented_example(void **state)
{
	static const uint8_t request[] = {
		0x30, 0, 0, 0, 0x36, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0,
		0, 1, 0, 0, 4, 0, 0, 0, 0x1f, 0, 0, 0,
		0x61, 1, 0, 0, 4, 0, 0, 0, 0x20, 0, 0, 0,
		3, 0, 0, 0, 6, 0, 0, 0, 'a', 'e', 's', '2', '5', '6',
	};
	static const uint8_t refusal_reply[] = {
		0x30, 0, 0, 0, 0x2c, 0, 0, 0, 0xab, 0, 0, 0, 0, 0, 0, 0,
		0x42, 0, 0, 0x80, 4, 0, 0, 0, 0x61, 1, 0, 0,
		0x40, 0, 0, 0x80, 8, 0, 0, 0, 7, 0, 0, 0, 0xab, 0, 0, 0,
	};
	static const uint8_t reply[] = {
		0x30, 0, 0, 0, 0x30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
		0x20, 0, 0, 0x80, 8, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0,
		0x40, 0, 0, 0x80, 8, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0,
	};
	struct msg *m = begin(0, 0);

	m->len = sizeof(request);
	memcpy(m->in, request, m->len);
	m->in[36] = 0x21;
	send(*state, ALICE, m);
	assert_int_equal(m->req.out_len, sizeof(refusal_reply));
	assert_memory_equal(m->out, refusal_reply, sizeof(refusal_reply));
	m = begin(0, 0);
	m->len = sizeof(request);
	memcpy(m->in, request, m->len);
	send(*state, ALICE, m);
	assert_int_equal(m->req.out_len, sizeof(reply));
	assert_memory_equal(m->out, reply, sizeof(reply));
}

static void card_info(void **state)
{
	struct hsm_card_info card;
	struct tlv t;

	made(*state, ALICE, begin_aes("label"));
	assert_int_equal(send(*state, NOBODY, begin(HSM_CMD_CARD_INFO, 0)), HSM_RV_SUCCESS);
	assert_true(reply_find(last(), HSM_TAG_CARD, &t) && t.len == sizeof(card));
	memcpy(&card, t.p, sizeof(card));
	assert_string_equal((const char *)card.serial, "TEST-0001");
	assert_int_equal(card.node_id, 7);
	assert_int_equal(card.keys, 1);
	assert_int_equal(card.users, 5);
	assert_int_equal(card.sessions, 6);
	assert_int_equal(card.damaged, 0);
	assert_int_equal(card.fips_state, 0);
	assert_true(card.public_free < card.public_total);
	assert_true(card.private_free < card.private_total);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup_users, teardown)
	const struct CMUnitTest tests[] = {
		T(header_too_short), T(header_short_no_room), T(header_fields),
		T(message_too_long), T(unknown_opcodes), T(no_context), T(node_in_replies),
		T(no_room), T(no_room_changes_nothing), T(missing_tags), T(repeated_tags),
		T(wrong_lengths), T(byte_lengths), T(label_of_4000), T(tlv_past_the_end),
		T(quick_and_long), T(random_bytes), T(random_limits), T(card_info),
		T(documented_example),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
