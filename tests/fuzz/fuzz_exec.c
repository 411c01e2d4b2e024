// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_exec.c - messages to a card, one after another. An input is a list of steps:
 *
 *	control (1 byte)	bits 0-2 context, CTL_*
 *	command (1)		its place in the card's own table; LIFE: not a message, see live()
 *	arguments		tag (1, its place in the command's table; from END on: no more),
 *				value
 *
 * A value is a number (1 byte, or U32/U64 and that many), or bytes as input_piece() or one of
 * the specials that no fuzzer can guess: names, passwords, signatures, what an earlier reply
 * held. With CTL_RAW the message stands there byte by byte (2 bytes length), only that its
 * length and session are put right.
 */
#include <string.h>

#include "card.h"

#define CTL_CTX		0x07
#define CTL_FOREIGN	0x08	/* the session is that of the next context */
#define CTL_SMALL 0x10		/* a byte says how little room there is for the reply, times 4 */
#define CTL_CANCEL	0x20
#define CTL_RIGHTS	0x40	/* a byte of rights */
#define CTL_RAW		0x80

#define LIFE		0xff
#define END		0xf0
#define STEPS_MAX	48

enum special { LITERAL_MAX = 247, NAME, PASSWORD, SIGNED, APPROVED, ENROLLED, KEPT, LONG = 255 };

#define U64	0xfe
#define U32	0xff

/* What replies held, the newest first. */
#define KEPT_MAX	8
static struct kept {
	size_t len;
	uint8_t p[1024];
} kept[KEPT_MAX];

static void keep(const struct tlv *t)
{
	if (!t->len || t->len > sizeof(kept[0].p))
		return;
	memmove(&kept[1], &kept[0], sizeof(kept) - sizeof(kept[0]));
	kept[0].len = t->len;
	memcpy(kept[0].p, t->p, t->len);
}

static void keep_reply(void)
{
	struct tlv_reader r;
	struct tlv t;

	if (card.out_len <= 16)
		return;
	tlv_read_init(&r, card.out + 16, card.out_len - 16);
	while (tlv_next(&r, &t)) {
		if (t.tag != HSM_TAG_NODE && t.tag != HSM_TAG_BAD_TAG)
			keep(&t);
	}
}

static const struct cmd *command(uint8_t n)
{
	size_t i = n, g = 0;

	while (i >= *cmd_groups[g % cmd_group_count].n)
		i -= *cmd_groups[g++ % cmd_group_count].n;
	return &cmd_groups[g % cmd_group_count].cmd[i];
}

/* DATA of the message so far. */
static struct bytes data_of(const struct tlv_writer *w)
{
	struct tlv_reader r;
	struct tlv t;

	tlv_read_init(&r, w->p, w->len);
	if (tlv_next_tag(&r, HSM_TAG_DATA, &t))
		return (struct bytes){ t.p, t.len };
	return (struct bytes){ kept[0].p, kept[0].len };
}

static void put_signed(struct tlv_writer *w, uint32_t tag, unsigned int who, bool digest)
{
	uint8_t sig[256];

	person_sign(who, digest ? (struct bytes){ kept[0].p, 32 } : data_of(w), digest, sig);
	tlv_put(w, tag, sig, sizeof(sig));
}

static void put_approval(struct tlv_writer *w, uint32_t tag, unsigned int who)
{
	uint8_t a[sizeof(struct hsm_approval)] = { 0 };
	const char *name = people[who % PEOPLE];

	put_le32(a, who % PEOPLE < 2 ? HSM_USER_CO : HSM_USER_CU);
	put_le32(a + 4, 256);
	memcpy(a + 8, name, strlen(name));
	person_sign(who, data_of(w), false, a + offsetof(struct hsm_approval, signature));
	tlv_put(w, tag, a, sizeof(a));
}

/* Something from an earlier reply, with a byte of it changed if that is wanted. */
static void put_kept(struct tlv_writer *w, uint32_t tag, struct input *in)
{
	struct kept k = kept[input_u8(in) % KEPT_MAX];
	uint16_t at = input_u16(in);

	if (k.len)
		k.p[at % k.len] ^= input_u8(in);
	tlv_put(w, tag, k.p, k.len);
}

static void put_bytes(struct tlv_writer *w, uint32_t tag, struct input *in)
{
	uint8_t len = input_u8(in);
	struct input v;
	uint8_t who;

	if (len <= LITERAL_MAX || len == LONG) {
		v = input_bytes(in, len == LONG ? input_u16(in) : len);
		tlv_put(w, tag, v.p, v.left);
		return;
	}
	if (len == PASSWORD) {
		tlv_put(w, tag, password, strlen(password));
		return;
	}
	if (len == KEPT) {
		put_kept(w, tag, in);
		return;
	}
	who = input_u8(in);
	if (len == NAME)
		tlv_put(w, tag, people[who % PEOPLE], strlen(people[who % PEOPLE]));
	else if (len == SIGNED)
		put_signed(w, tag, who & 7, who & 8);
	else if (len == APPROVED)
		put_approval(w, tag, who);
	else
		tlv_put(w, tag, person_key(who).p, person_key(who).len);
}

static uint64_t number(struct input *in)
{
	uint8_t v = input_u8(in);

	return v == U64 ? input_u64(in) : v == U32 ? input_u32(in) : v;
}

static bool put_argument(struct tlv_writer *w, const struct cmd *cmd, struct input *in)
{
	uint8_t n = in->left ? input_u8(in) : END;
	const struct cmd_tag *row;

	if (n >= END || !cmd->n_tags)
		return false;
	row = &cmd->tags[n % cmd->n_tags];
	if (row->kind == TAG_U32)
		tlv_put_u32(w, row->tag, (uint32_t)number(in));
	else if (row->kind == TAG_U64)
		tlv_put_u64(w, row->tag, number(in));
	else if (row->kind == TAG_BOOL)
		tlv_put_u8(w, row->tag, input_u8(in));
	else
		put_bytes(w, row->tag, in);
	return true;
}

static size_t compose(struct input *in, const struct cmd *cmd, uint32_t session)
{
	struct tlv_writer w = message(cmd->opcode, session);

	while (put_argument(&w, cmd, in))
		;
	return message_end(&w);
}

static size_t raw(struct input *in, uint32_t session)
{
	struct input piece = input_bytes(in, input_u16(in));

	if (piece.left)
		memcpy(card.in, piece.p, piece.left);
	if (piece.left >= 16 && card.in[2]) {
		card.in[2] = 0;
		put_le32(card.in + 4, (uint32_t)piece.left);
		put_le32(card.in + 8, session);
	}
	return piece.left;
}

/* What happens to a card besides messages. */
static void live(struct input *in, uint32_t ctx)
{
	uint8_t what = input_u8(in);

	if (what % 4 == 0)
		card_reset();
	else if (what % 4 == 1)
		card_reopen(ctx);
	else
		card.clock_ms += (uint64_t)what * 10000;
}

/* Its largest number is as much as there can be. */
static size_t small(uint8_t n)
{
	return n == 0xff ? HSM_MSG_MAX : n * 4u;
}

static void step(struct input *in)
{
	uint8_t control = input_u8(in), n = input_u8(in);
	struct how how = { .ctx = control & CTL_CTX, .rights = 0xff, .room = CARD_ROOM };
	uint32_t other = (how.ctx + 1) % CONTEXTS, session;
	size_t len;

	if (n == LIFE) {
		live(in, how.ctx);
		return;
	}
	how.cancel = control & CTL_CANCEL;
	if (control & CTL_SMALL)
		how.room = small(input_u8(in));
	if (control & CTL_RIGHTS)
		how.rights = input_u8(in);
	session = card.session[control & CTL_FOREIGN ? other : how.ctx];
	len = control & CTL_RAW ? raw(in, session) : compose(in, command(n), session);
	card_send(&how, len);
	keep_reply();
}

/* Making keys takes long: not the time of an input. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	card_records();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };

	memset(kept, 0, sizeof(kept));
	card_new();
	for (int i = 0; i < STEPS_MAX && in.left; i++)
		step(&in);
	card_free();
	return 0;
}
