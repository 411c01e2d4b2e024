// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_audit.c - exported audit logs, as hsm_audit takes them apart, checks and prints them. An
 * input is flags (1 byte) and either the bytes of a file, or pieces (input_piece()) of which
 * one is made: records, then head, signature, certificates. What hangs together with hashes
 * and signatures is put right as far as the flags say so.
 */
#include <endian.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "card.h"
#include "identity.h"
#include "log.h"

#define FILE_RAW	0x01
#define RIGHT_CHAIN	0x02
#define RIGHT_HEAD	0x04
#define RIGHT_SIGNATURE	0x08
#define RIGHT_CERTS	0x10
#define WITH_OLDER	0x20
#define SERIAL		"FUZZ"

#define RECORDS_MAX	64
#define PARTS_ROOM	65536

static uint8_t file[RECORDS_MAX * sizeof(struct hsm_audit_rec) + PARTS_ROOM];
static size_t file_len;
static struct hsm_audit_rec recs[RECORDS_MAX];
static FILE *nowhere;

static void add(const void *p, size_t len)
{
	if (len > sizeof(file) - file_len)
		len = sizeof(file) - file_len;
	if (len)
		memcpy(file + file_len, p, len);
	file_len += len;
}

static void add_u32(uint32_t v)
{
	v = htole32(v);
	add(&v, sizeof(v));
}

static void add_part(const void *p, size_t len)
{
	add_u32((uint32_t)len);
	add(p, len);
}

static void sha256(const void *a, size_t a_len, const void *b, size_t b_len, uint8_t out[32])
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();

	must(EVP_DigestInit_ex(c, EVP_sha256(), NULL) == 1 && EVP_DigestUpdate(c, a, a_len) == 1 &&
		     EVP_DigestUpdate(c, b, b_len) == 1 && EVP_DigestFinal_ex(c, out, NULL) == 1,
	     "no hash");
	EVP_MD_CTX_free(c);
}

static size_t take_records(struct input *in, uint8_t flags, uint8_t hash[32])
{
	size_t n = input_u8(in) % RECORDS_MAX;

	sha256(HSM_AUDIT_GENESIS, strlen(HSM_AUDIT_GENESIS), SERIAL, strlen(SERIAL), hash);
	for (size_t i = 0; i < n; i++) {
		struct input piece = input_piece(in);
		struct hsm_audit_rec *r = &recs[i];

		*r = (struct hsm_audit_rec){ .magic = "HSMA",
					     .version = htole16(HSM_AUDIT_VERSION) };
		r->sequence = htole64(i);
		if (piece.left)
			memcpy((uint8_t *)r + 6, piece.p,
			       piece.left < sizeof(*r) - 6 ? piece.left : sizeof(*r) - 6);
		if (!(flags & RIGHT_CHAIN))
			continue;
		r->sequence = htole64(i);
		r->user_name[31] = 0;
		sha256(hash, 32, r, sizeof(*r) - 32, hash);
		memcpy(r->hash, hash, 32);
	}
	return n;
}

static void make_file(struct input *in, uint8_t flags)
{
	struct hsm_audit_head head = { .magic = "HSMC", .version = htole16(HSM_AUDIT_VERSION) };
	uint8_t hash[32], sig[IDENTITY_SIG_MAX];
	size_t n = take_records(in, flags, hash), sig_len = sizeof(sig);
	struct input piece = input_piece(in), mine = input_piece(in);
	const struct identity *id = card.fw->identity;

	memcpy(head.serial, SERIAL, sizeof(SERIAL));
	if (piece.left)
		memcpy(&head, piece.p, piece.left < sizeof(head) ? piece.left : sizeof(head));
	if (flags & RIGHT_HEAD) {
		head.next = htole64(n);
		memcpy(head.hash, hash, sizeof(hash));
	}
	add(HSM_AUDIT_FILE_MAGIC, strlen(HSM_AUDIT_FILE_MAGIC));
	add_u32(HSM_AUDIT_VERSION);
	add_u32((uint32_t)n);
	add(recs, n * sizeof(recs[0]));
	add(&head, sizeof(head));
	if (flags & RIGHT_SIGNATURE &&
	    identity_sign(card.fw, (uint8_t *)&head, sizeof(head), sig, &sig_len))
		add_part(sig, sig_len);
	else
		add_part(mine.p, mine.left);
	if (flags & RIGHT_CERTS) {
		add_part(id->cert[1].p, id->cert[1].len);
		add_part(id->cert[0].p, id->cert[0].len);
	} else {
		piece = input_piece(in);
		add_part(piece.p, piece.left);
		add_part(id->cert[0].p, id->cert[0].len);
	}
	add(in->p, in->left);
}

/* Nothing may hold that the card has not signed: but for what was put right, nobody can. */
static void check(const struct log *log, uint8_t flags, const struct log *older)
{
	const struct expected want = {
		.root = { card.fw->identity->cert[0].p, card.fw->identity->cert[0].len },
		.serial = SERIAL, .older = older,
	};
	char why[256] = "";
	const char *wrong = log_check(log, &want, why, sizeof(why));
	struct hsm_audit_rec rec;

	must(!wrong || (*wrong && memchr(why, 0, sizeof(why))), "wrong without a word");
	must(wrong || (flags & RIGHT_SIGNATURE), "a log that the card has not signed is taken");
	must(wrong || log->head.next == htole64(log->n), "a log of another length is taken");
	for (size_t i = 0; i < log->n; i++) {
		log_record(log, i, &rec);
		/* It is printed only if the log is good. */
		if (!wrong || memchr(rec.user_name, 0, sizeof(rec.user_name)))
			log_print(nowhere, &rec);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	nowhere = fopen("/dev/null", "w");
	card_start(store_mem_open(), NULL);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t flags = input_u8(&in), *copy;
	struct log log, older;

	file_len = 0;
	if (flags & FILE_RAW)
		add(in.p, in.left);
	else
		make_file(&in, flags);
	/* Of just that size, so that a byte too many is seen. */
	copy = malloc(file_len ? file_len : 1);
	memcpy(copy, file, file_len);
	if (!log_parse(&log, copy, file_len)) {
		older = log;
		older.n = older.n / 2;
		check(&log, flags & FILE_RAW ? 0 : flags, flags & WITH_OLDER ? &older : NULL);
	}
	free(copy);
	return 0;
}
