// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_replica.c - a fresh card in a cluster whose image, entries and notes somebody made up. An
 * input is a list of actions (1 byte) and what they need. Records are kind with REC_* (1 byte),
 * id (1), the change that they are of (1), and what is in them: TLVs (input_tlvs()) or bytes;
 * they are sealed and the root is made over them, so that what lies behind is reached.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "cluster.h"
#include "record.h"
#include "records.h"
#include "replica_int.h"
#include "tags.h"

#define REC_KIND	0x07	/* enum store_kind; the last: a key of another card's session */
#define REC_RAW		0x08	/* not sealed */
#define REC_BYTES	0x10	/* no TLVs */
#define REC_GONE	0x20
#define REC_LAST	0x80
#define OPS_MAX		32

#define SECRET		"fuzz"

/* DELIVER_NEXT: its number is that of the last one and a byte more, which should be 1. */
enum action {
	SNAPSHOT,
	DELIVER,
	DELIVER_NEXT,
	NOTE,
	STATE,
	TICK,
	DONE,
	MESSAGE,
	IMAGE,
	SNAPSHOT_BARE,
	ACTIONS
};

static struct cluster engine;
static const struct cluster_hooks *hooks;
static struct cluster_txn *proposed;
static struct seal *seal;	/* of the image, as it is with what was made up */
static struct records good, fresh, image;
static uint64_t revision;
static uint8_t salt[RECORD_SALT_LEN];

static int engine_start(struct cluster *cl, uint32_t node, const struct cluster_hooks *h)
{
	(void)cl;
	(void)node;
	hooks = h;
	return 0;
}

static void engine_propose(struct cluster *cl, struct cluster_txn *txn)
{
	(void)cl;
	must(!proposed, "two proposals at a time");
	must(txn->n_ops <= CLUSTER_OPS_MAX, "a proposal that is too large");
	proposed = txn;
}

static void engine_publish(struct cluster *cl, enum cluster_note kind, const void *data, size_t len)
{
	(void)cl;
	(void)data;
	must(kind < CLUSTER_NOTES && len <= CLUSTER_NOTE_MAX, "a note that is too long");
}

static void engine_tick(struct cluster *cl, bool on)
{
	(void)cl;
	(void)on;
}

static void finish(int err)
{
	struct cluster_txn *txn = proposed;

	proposed = NULL;
	if (txn)
		txn->done(txn, err, err ? 0 : ++revision);
}

static void engine_stop(struct cluster *cl)
{
	(void)cl;
	finish(-EHOSTUNREACH);
}

static void engine_close(struct cluster *cl)
{
	(void)cl;
}

static const struct cluster_ops engine_ops = {
	"group",     engine_start, engine_propose, engine_publish,
	engine_tick, engine_stop,  engine_close,
};

static void seal_image(void)
{
	seal_free(seal);
	seal = seal_new(SECRET, sizeof(SECRET) - 1, salt);
	must(seal, "no seal");
}

/* What a card with users and keys makes an image of, and what a fresh one holds. */
static void make_images(void)
{
	const struct store_op *ops;
	size_t n;

	engine.ops = &engine_ops;
	card_start(records_store(card_records()), &engine);
	must(!hooks->image(hooks->opaque, &ops, &n), "no image");
	for (size_t i = 0; i < n; i++)
		records_put(&good, ops[i].kind, ops[i].id, ops[i].data, ops[i].len);
	hooks->image_end(hooks->opaque);
	card_free();
	memcpy(salt, (const uint8_t *)good.op[0].data + 8, sizeof(salt));
	card_start(store_mem_open(), NULL);
	card_store(&fresh);
	card_free();
}

/* Behind the number of a change, as replica_seal_record() does it. */
static struct sealed seal_one(enum store_kind kind, uint64_t id, uint8_t number, struct bytes body)
{
	static uint8_t plain[20000];
	struct sealed rec = { NULL, 0 };

	put_le64(plain, number);
	if (body.len)
		memcpy(plain + WRAP_LEN, body.p, body.len);
	must(seal_record(seal, kind, id, plain, WRAP_LEN + body.len, &rec), "no seal");
	return rec;
}

static const struct tag_list *tags_of(enum store_kind kind)
{
	return kind == STORE_OBJECT  ? &object_tags
	       : kind == STORE_TOKEN ? &token_tags
				     : &plain_tags;
}

/* A token has to name itself. */
static void right_token(uint64_t id, struct bytes body)
{
	uint8_t *p = (uint8_t *)(uintptr_t)body.p;

	if (body.len < TLV_HEAD + sizeof(struct hsm_token) || p[TLV_HEAD])
		return;
	memcpy(p + TLV_HEAD, "HSMT\1", 6);
	put_le32(p + TLV_HEAD + 8, (uint32_t)id);
}

/* One record into @to; false after the last. */
static bool take_record(struct input *in, struct records *to)
{
	uint8_t what = input_u8(in);
	uint64_t id = input_u8(in);
	uint8_t number = input_u8(in);
	enum store_kind kind = what & REC_KIND;
	struct bytes body;
	struct input piece;
	struct sealed rec;

	if ((what & REC_KIND) == 7) {
		kind = STORE_OBJECT;
		id |= 3ull << OBJECT_SESSION_BITS;
	}
	if (what & REC_GONE) {
		/* An event without a value; in an image it is just not there. */
		records_put(to, kind, id, NULL, 0);
		if (to != &image && to->n < OPS_MAX)
			to->op[to->n++] = (struct store_op){ kind, id, NULL, 0 };
		return !(what & REC_LAST);
	}
	if (what & (REC_BYTES | REC_RAW)) {
		piece = input_piece(in);
		body = (struct bytes){ piece.p, piece.left };
	} else {
		body = input_record(in, tags_of(kind));
	}
	if (kind == STORE_TOKEN && !(what & (REC_BYTES | REC_RAW)))
		right_token(id, body);
	if (what & REC_RAW) {
		records_put(to, kind, id, body.p ? body.p : (const uint8_t *)"", body.len);
		return !(what & REC_LAST);
	}
	rec = seal_one(kind, id, number, body);
	records_put(to, kind, id, rec.data, rec.len);
	free(rec.data);
	return !(what & REC_LAST);
}

static void take_records(struct input *in, struct records *to)
{
	while (in->left && to->n < OPS_MAX && take_record(in, to))
		;
}

static void put_root(struct records *to)
{
	struct store_txn txn = { .ops = to->op, .n_ops = to->n };
	const struct store_op *root;
	size_t n;

	if (!seal_root_hook(seal, &txn, &root, &n))
		records_put(to, STORE_META, CLUSTER_ROOT, root->data, root->len);
}

static void put_position(struct records *to, uint8_t number)
{
	struct replica_position pos = {
		.number = number, .node = 2, .incarnation = 1, .batch = number
	};
	uint8_t p[POSITION_LEN];
	struct sealed rec;

	memcpy(pos.cluster, card.fw->replica->position.cluster, sizeof(pos.cluster));
	position_write(p, &pos);
	rec = seal_one(STORE_META, RECORD_CLUSTER, number, (struct bytes){ p, sizeof(p) });
	records_put(to, STORE_META, RECORD_CLUSTER, rec.data, rec.len);
	free(rec.data);
}

static void snapshot(struct input *in, bool bare)
{
	uint8_t flags = input_u8(in);

	records_clear(&image);
	seal_image();
	for (size_t i = 0; i < good.n; i++) {
		const struct store_op *op = &good.op[i];

		if (!bare || op->kind == STORE_META)
			records_put(&image, op->kind, op->id, op->data, op->len);
	}
	if (flags & 1)
		take_records(in, &image);
	if (flags & 3)
		put_root(&image);
	else
		for (size_t i = 0; i < image.n; i++)
			seal_load_add(seal, image.op[i].kind, image.op[i].id, image.op[i].data,
				      image.op[i].len);
	hooks->snapshot(hooks->opaque, ++revision, image.op, image.n);
}

static void clear_ops(struct records *r)
{
	for (size_t i = 0; i < r->n; i++)
		free((void *)(uintptr_t)r->op[i].data);
	r->n = 0;
}

static void deliver(struct input *in, bool next)
{
	static struct records entry;
	uint64_t before = card.fw->replica->position.number, now;
	int err;

	take_records(in, &entry);
	if (next)
		put_position(&entry, (uint8_t)(before + input_u8(in)));
	put_root(&entry);
	err = hooks->deliver(hooks->opaque, ++revision, entry.op, entry.n);
	now = card.fw->replica->position.number;
	must(err || now == before + 1 || atomic_load(&card.fw->replica->refused) ||
	     atomic_load(&card.fw->replica->left), "an entry out of order was taken");
	clear_ops(&entry);
}

static void note(struct input *in)
{
	uint8_t kind = input_u8(in), node = input_u8(in), bytes[CLUSTER_NOTE_MAX + 64] = { 0 };
	uint64_t id = node | (uint64_t)(kind & 1) << 32;
	struct sealed rec = { NULL, 0 };
	struct input raw;
	size_t len;

	if (kind & 0x10) {
		raw = input_piece(in);
		hooks->note(hooks->opaque, kind & 1, node, raw.left ? raw.p : NULL, raw.left);
		return;
	}
	memcpy(bytes, salt, sizeof(salt));
	if (!seal)
		seal_image();
	if (!seal_record(
		    seal, STORE_META, id, bytes + 32,
		    input_tlvs(in, note_tags.v, note_tags.n, bytes + 32, CLUSTER_NOTE_MAX - 96),
		    &rec))
		return;
	len = sizeof(salt) + rec.len;
	memcpy(bytes + sizeof(salt), rec.data, rec.len);
	free(rec.data);
	hooks->note(hooks->opaque, kind & 1, node, bytes, len);
}

/* A user of the image asks for something; a change waits for DONE. */
static struct fw_req asked;
static uint8_t question[512], answer[CARD_ROOM];
static bool asking;

static void answered(struct fw_req *req, enum fw_result result)
{
	(void)req;
	(void)result;
	must(asking, "done was called twice");
	asking = false;
}

static void ask(struct input *in)
{
	struct tlv_writer w;
	size_t len;

	if (asking)
		return;
	w = message(HSM_CMD_KEY_GEN_SYM, card.session[ALICE]);
	tlv_put_u32(&w, HSM_ATTR_KEY_TYPE, HSM_KEY_AES);
	tlv_put_u32(&w, HSM_ATTR_VALUE_LEN, 16);
	tlv_put(&w, HSM_ATTR_LABEL, "new", 3);
	if (input_u8(in) & 1)
		tlv_put_u32(&w, HSM_TAG_MIN_SRV, input_u8(in));
	if (input_u8(in) & 1)
		tlv_put_u32(&w, HSM_TAG_TIMEOUT_S, input_u8(in));
	len = message_end(&w);
	memcpy(question, card.in, len);
	asked = (struct fw_req){
		.ctx = ALICE, .rights = 0xff, .in = question, .in_len = len, .out = answer,
		.out_room = sizeof(answer), .done = answered,
	};
	asking = true;
	fw_exec(card.fw, &asked);
}

static void make_image(void)
{
	const struct store_op *ops;
	size_t n;

	if (!hooks->image(hooks->opaque, &ops, &n))
		hooks->image_end(hooks->opaque);
}

static void act(struct input *in)
{
	static const int errors[] = { 0, -EAGAIN, -EHOSTUNREACH, -ETIMEDOUT, -ENOSPC, -EACCES };
	uint8_t what = input_u8(in) % ACTIONS;

	if (what == SNAPSHOT || what == SNAPSHOT_BARE)
		snapshot(in, what == SNAPSHOT_BARE);
	else if (what == DELIVER || what == DELIVER_NEXT)
		seal ? deliver(in, what == DELIVER_NEXT) : (void)0;
	else if (what == NOTE)
		note(in);
	else if (what == STATE)
		hooks->state(hooks->opaque, input_u8(in) % 4, NULL);
	else if (what == DONE)
		finish(errors[input_u8(in) % COUNT(errors)]);
	else if (what == MESSAGE)
		card.session[ALICE] ? ask(in) : card_reopen(ALICE);
	else if (what == IMAGE)
		make_image();
	card.clock_ms += what == TICK ? input_u8(in) * 100u : 20;
	hooks->tick(hooks->opaque);
}

/* Making keys takes long: not the time of an input. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	make_images();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t sha[32];
	uint64_t position;
	char why[128];

	card_start(records_store(&fresh), &engine);
	memset(card.session, 0, sizeof(card.session));
	for (int i = 0; i < 32 && in.left; i++)
		act(&in);
	fw_membership(card.fw, why, sizeof(why));
	fw_state(card.fw, &position, sha);
	card_free();
	must(!asking, "a request was never answered");
	seal_free(seal);
	seal = NULL;
	return 0;
}
