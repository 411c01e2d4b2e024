// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_store.c - a card starts on records that somebody made up. An input is flags (1 byte,
 * STORE_*) and a list of records: kind and REC_* (1 byte), id (1), and what is in it: TLVs
 * (input_tlvs()) or bytes (input_piece()). It is put between the records of a good store, as it
 * is or sealed, so that what lies behind the seal is reached.
 */
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "card.h"
#include "hsm/hsm_audit.h"
#include "record.h"
#include "records.h"
#include "tags.h"

#define STORE_BARE	0x01	/* the header alone, not a good store */
#define STORE_NO_ROOT	0x02	/* the root stays as it was */
#define STORE_LEAVE	0x04	/* the card is to leave its cluster */
#define STORE_LOG	0x08	/* the audit log gets an end that fits */

#define REC_KIND	0x07	/* enum store_kind; the last two: a debt, a key of a cluster */
#define REC_RAW		0x08	/* not sealed */
#define REC_BYTES	0x10	/* no TLVs */
#define REC_GONE	0x20	/* takes it away */

#define SECRET		"fuzz"

static struct records recs;
static struct seal *seal, *log_seal;
static uint8_t last_hash[HSM_DIGEST_LEN];
static uint64_t log_end;

/* Its number is in the record; what the last one ends with the head has to say. */
static void note_log(uint64_t id, uint8_t *rec)
{
	put_le64(rec + offsetof(struct hsm_audit_rec, sequence), id);
	memcpy(last_hash, rec + offsetof(struct hsm_audit_rec, hash), HSM_DIGEST_LEN);
	log_end = id + 1;
}

static void put_sealed(enum store_kind kind, uint64_t id, const void *p, size_t len)
{
	bool of_log = kind == STORE_AUDIT || (kind == STORE_META && id == RECORD_AUDIT_HEAD);
	struct sealed rec;

	if (!seal_record(of_log ? log_seal : seal, kind, id, p, len, &rec))
		return;
	records_put(&recs, kind, id, rec.data, rec.len);
	free(rec.data);
}

static void put_audit(uint64_t id, struct input body)
{
	uint8_t rec[sizeof(struct hsm_audit_rec)] = "HSMA\1";

	if (body.left)
		memcpy(rec + 6, body.p, body.left < sizeof(rec) - 6 ? body.left : sizeof(rec) - 6);
	note_log(id, rec);
	put_sealed(STORE_AUDIT, id, rec, sizeof(rec));
}

static void take_record(struct input *in)
{
	uint8_t what = input_u8(in);
	uint64_t id = input_u8(in);
	enum store_kind kind = what & REC_KIND;
	struct bytes body;
	struct input piece;

	if ((what & REC_KIND) == 6) {
		kind = STORE_META;
		id |= 1ull << 32;
	} else if ((what & REC_KIND) == 7) {
		kind = STORE_OBJECT;
		id |= 2ull << OBJECT_SESSION_BITS;
	}
	if (what & REC_GONE) {
		records_put(&recs, kind, id, NULL, 0);
		return;
	}
	if (what & (REC_BYTES | REC_RAW) || kind == STORE_AUDIT) {
		piece = input_piece(in);
		body = (struct bytes){ piece.p, piece.left };
	} else {
		body = input_record(in, kind == STORE_OBJECT ? &object_tags : &plain_tags);
	}
	if (what & REC_RAW)
		records_put(&recs, kind, id, body.p ? body.p : (const uint8_t *)"", body.len);
	else if (kind == STORE_AUDIT && !(what & REC_BYTES))
		put_audit(id, piece);
	else
		put_sealed(kind, id, body.p, body.len);
}

/* The root over all that is there. */
static void add_root(void)
{
	static struct store_op ops[RECORDS_MAX];
	struct store_txn txn = { .ops = ops };
	const struct store_op *root;
	size_t n;

	for (size_t i = 0; i < recs.n; i++)
		if (recs.op[i].kind != STORE_AUDIT)
			ops[txn.n_ops++] = recs.op[i];
	if (!seal_root_hook(seal, &txn, &root, &n))
		records_put(&recs, STORE_META, RECORD_ROOT, root->data, root->len);
}

/* The end of the log: next number, reboot counter, hash of the last record. */
static void add_log_end(void)
{
	uint8_t head[8 + 4 + HSM_DIGEST_LEN] = { 0 };

	put_le64(head, log_end);
	memcpy(head + 12, last_hash, HSM_DIGEST_LEN);
	put_sealed(STORE_META, RECORD_AUDIT_HEAD, head, sizeof(head));
}

/* All that is read out of a store when it is used. */
static void use(struct fw *fw)
{
	static uint8_t out[HSM_MSG_MAX];
	uint8_t sha[32], hash[HSM_DIGEST_LEN];
	struct tlv_writer w;
	uint64_t position, next;
	uint32_t reboot;

	fw_state(fw, &position, sha);
	audit_state(fw, &reboot, &next, hash);
	for (uint64_t at = 0; at < next && at < 8; at++) {
		tlv_write_init(&w, out, sizeof(out));
		audit_read(fw, at, &w, 0);
		must(!w.full, "audit records do not fit");
	}
	for (const struct object *o = fw->objects.first; o; o = o->next) {
		tlv_write_init(&w, out, sizeof(out));
		attr_write_all(o, &w);
		must(!o->next || o->handle < o->next->handle, "keys are out of order");
		must(o->handle < fw->objects.next_handle || o->handle >> OBJECT_SESSION_BITS,
		     "a handle that will be given out again");
	}
}

static void start_card(bool leave)
{
	struct store *st = records_store(&recs);
	struct fw_config cfg = {
		.platform = quiet_platform(), .store = st, .secret = SECRET,
		.secret_len = sizeof(SECRET) - 1, .serial = "FUZZ", .node_id = 1,
		.leave_cluster = leave,
	};
	char err[256] = "";
	struct fw *fw = fw_new(&cfg, err, sizeof(err));

	must(fw || *err, "a card does not start and does not say why");
	if (fw)
		use(fw);
	fw_free(fw);
	st->ops->close(st);
}

/* Salt of records: in the header, behind magic and version. Of the log: a record of its own. */
static const uint8_t *salt_of(uint64_t id, size_t at)
{
	size_t i = 0;

	while (recs.op[i].kind != STORE_META || recs.op[i].id != id)
		i++;
	return (const uint8_t *)recs.op[i].data + at;
}

static void begin(bool bare)
{
	const struct records *good = card_records();

	records_clear(&recs);
	for (size_t i = 0; i < good->n; i++) {
		const struct store_op *op = &good->op[i];

		if (!bare || (op->kind == STORE_META &&
			      (op->id == RECORD_HEADER || op->id == RECORD_AUDIT_SALT)))
			records_put(&recs, op->kind, op->id, op->data, op->len);
	}
	seal = seal_new(SECRET, sizeof(SECRET) - 1, salt_of(RECORD_HEADER, 8));
	log_seal = seal_new_audit(SECRET, sizeof(SECRET) - 1, salt_of(RECORD_AUDIT_SALT, 0));
	memset(last_hash, 0, sizeof(last_hash));
	log_end = 0;
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
	uint8_t flags = input_u8(&in);

	begin(flags & STORE_BARE);
	while (in.left && recs.n < RECORDS_MAX - 4)
		take_record(&in);
	if (flags & STORE_LOG)
		add_log_end();
	if (!(flags & STORE_NO_ROOT))
		add_root();
	start_card(flags & STORE_LEAVE);
	records_clear(&recs);
	seal_free(log_seal);
	seal_free(seal);
	return 0;
}
