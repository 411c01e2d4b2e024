// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_store.c - a card starts on records that somebody made up. An input is a list
 * of records: kind with flags (1 byte), id (1), length (2), data. A record is given
 * as it is, or sealed, so that what lies behind the seal is reached.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fw.h"
#include "hsm/hsm_cmd.h"
#include "posix.h"
#include "seal.h"
#include "store.h"
#include "tlv.h"

#define FLAG_RAW	0x80	/* not sealed */
#define FLAG_NO_ROOT	0x40	/* on the first record: of the whole store */
#define MAX_RECORDS	32
#define AUDIT_SALT	4	/* ids of META records: record.h */
#define AUDIT_HEAD	5

static const uint8_t header[40] = "HSMS\1\0\0\0the salt of a store in a fuzzer";

struct made_up {
	struct store st;
	struct store_op recs[MAX_RECORDS];
	size_t n;
	struct seal *log;	/* of the audit log */
};

static int load(struct store *st, store_load_fn fn, void *opaque)
{
	struct made_up *m = (struct made_up *)st;
	int ret = 0;

	for (size_t i = 0; !ret && i < m->n; i++)
		if (m->recs[i].kind != STORE_AUDIT)
			ret = fn(opaque, m->recs[i].kind, m->recs[i].id, m->recs[i].data,
				 m->recs[i].len);
	return ret;
}

static int scan(struct store *st, enum store_kind kind, uint64_t first, store_load_fn fn,
		void *opaque)
{
	struct made_up *m = (struct made_up *)st;
	int ret = 0;

	for (size_t i = 0; !ret && i < m->n; i++)
		if (m->recs[i].kind == kind && m->recs[i].id >= first)
			ret = fn(opaque, kind, m->recs[i].id, m->recs[i].data, m->recs[i].len);
	return ret;
}

static int start(struct store *st, const struct store_hooks *hooks)
{
	(void)st;
	(void)hooks;
	return 0;
}

static void submit(struct store *st, struct store_txn *txn)
{
	(void)st;
	txn->done(txn, -1);
}

static void nothing(struct store *st)
{
	(void)st;
}

static const struct store_ops made_up_ops = {
	.load = load, .start = start, .submit = submit, .scan = scan, .stop = nothing,
	.close = nothing,
};

static void quiet(void *opaque, enum fw_log_level level, const char *line)
{
	(void)opaque;
	(void)level;
	(void)line;
}

/* In its place, as a store keeps them; one that is there already is replaced. */
static void put(struct made_up *m, enum store_kind kind, uint64_t id, const void *data, size_t len)
{
	struct store_op op = { kind, id, memcpy(malloc(len + 1), data, len), len };
	size_t i = 0;

	while (i < m->n && (m->recs[i].kind < kind ||
			    (m->recs[i].kind == kind && m->recs[i].id < id)))
		i++;
	if (i < m->n && m->recs[i].kind == kind && m->recs[i].id == id) {
		free((void *)m->recs[i].data);
	} else {
		memmove(&m->recs[i + 1], &m->recs[i], (m->n - i) * sizeof(op));
		m->n++;
	}
	m->recs[i] = op;
}

/* One record of the input; the bytes it took, 0 at the end. */
static size_t take_record(struct made_up *m, struct seal *s, const uint8_t *data, size_t size)
{
	enum store_kind kind;
	struct sealed rec;
	size_t len;
	bool of_log;

	if (size < 4 || m->n >= MAX_RECORDS - 1)
		return 0;
	len = get_le16(data + 2) % 1024;
	if (len > size - 4)
		len = size - 4;
	kind = (enum store_kind)(data[0] % 4);
	of_log = kind == STORE_AUDIT || (kind == STORE_META && data[1] == AUDIT_HEAD);
	if (data[0] & FLAG_RAW) {
		put(m, kind, data[1], data + 4, len);
	} else if (seal_record(of_log ? m->log : s, kind, data[1], data + 4, len, &rec)) {
		put(m, kind, data[1], rec.data, rec.len);
		free(rec.data);
	}
	return 4 + len;
}

/* The root over all that is there. */
static void add_root(struct made_up *m, struct seal *s)
{
	struct store_txn txn = { .ops = m->recs, .n_ops = m->n };
	const struct store_op *root;
	size_t n;

	if (seal_root_hook(s, &txn, &root, &n))
		return;
	put(m, STORE_META, 1, root->data, root->len);
}

/* A card that does start is asked for its information. */
static void start_card(struct made_up *m)
{
	struct fw_platform platform = fw_platform_posix;
	struct fw_config cfg = {
		.platform = &platform, .store = &m->st, .secret = "fuzz", .secret_len = 4,
		.serial = "FUZZ", .node_id = 1,
	};
	char err[256] = "";
	struct fw *fw;

	platform.log = quiet;
	fw = fw_new(&cfg, err, sizeof(err));
	if (!fw && !err[0])
		abort();
	fw_free(fw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct made_up m = { .st = { &made_up_ops } };
	struct seal *s = seal_new("fuzz", 4, header + 8);
	size_t at = 0, n;

	m.log = seal_new_audit("fuzz", 4, header + 8);
	put(&m, STORE_META, 0, header, sizeof(header));
	put(&m, STORE_META, AUDIT_SALT, header + 8, 32);
	while ((n = take_record(&m, s, data + at, size - at)))
		at += n;
	if (!size || !(data[0] & FLAG_NO_ROOT))
		add_root(&m, s);
	start_card(&m);
	for (size_t i = 0; i < m.n; i++)
		free((void *)m.recs[i].data);
	seal_free(m.log);
	seal_free(s);
	return 0;
}
