// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * fuzz_attest.c - statements of cards as those check them who have none: hsm_attest's file of
 * evidence, certificates, and the envelopes around keys. An input is flags (1 byte) and either
 * the bytes of a file or pieces (input_piece()) of which one is made: statement, attributes of
 * a key, signature, certificate. What the flags name is put right.
 */
#include <endian.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "card.h"
#include "envelope.h"
#include "evidence.h"
#include "identity.h"

#define FILE_RAW	0x01
#define RIGHT_DIGEST	0x02	/* of the attributes */
#define RIGHT_SIGNATURE	0x04
#define RIGHT_CERT	0x08
#define RIGHT_FORM	0x10
#define ENVELOPE	0x20	/* an envelope that the card might have sent */
#define SERIAL		"FUZZ"

static uint8_t file[200000];
static size_t file_len;
static char root_path[64], digest_path[64];

int complain(int code, const char *what, const char *why)
{
	(void)what;
	(void)why;
	return code;
}

void print_hex(const uint8_t *p, size_t len)
{
	while (len--)
		printf("%02x", *p++);
}

static void add(const void *p, size_t len)
{
	if (len > sizeof(file) - file_len)
		len = sizeof(file) - file_len;
	if (len)
		memcpy(file + file_len, p, len);
	file_len += len;
}

static void add_part(const void *p, size_t len)
{
	const uint32_t wire = htole32((uint32_t)len);

	add(&wire, sizeof(wire));
	add(p, len);
}

struct statement {
	struct hsm_attestation head;
	struct hsm_attested_key key[2];
};

static void make_statement(struct statement *st, struct input *in, uint8_t flags, uint16_t n_keys)
{
	struct input piece = input_piece(in);

	memset(st, 0, sizeof(*st));
	if (piece.left)
		memcpy(st, piece.p, piece.left < sizeof(*st) ? piece.left : sizeof(*st));
	if (!(flags & RIGHT_FORM))
		return;
	memcpy(st->head.magic, "HSMQ", 4);
	st->head.version = htole16(1);
	st->head.n_keys = htole16(n_keys);
	memset(st->head.nonce, 0, sizeof(st->head.nonce));
	memset(st->head.serial, 0, sizeof(st->head.serial));
	memcpy(st->head.serial, SERIAL, sizeof(SERIAL));
	memset(st->head.measurement, 0xaa, sizeof(st->head.measurement));
}

static void make_file(struct input *in, uint8_t flags)
{
	const struct identity *id = card.fw->identity;
	uint8_t sig[IDENTITY_SIG_MAX];
	size_t sig_len = sizeof(sig), len;
	uint16_t n_keys = input_u8(in) % 4;
	struct input attrs[4] = { { 0 } }, piece;
	struct statement st;

	for (uint16_t i = 0; i < n_keys; i++)
		attrs[i] = input_piece(in);
	make_statement(&st, in, flags, n_keys);
	for (int i = 0; i < 2 && flags & RIGHT_DIGEST; i++)
		must(EVP_Digest(attrs[i].p, attrs[i].left, st.key[i].attrs, NULL, EVP_sha256(),
				NULL) == 1,
		     "no digest");
	len = sizeof(st.head) + (n_keys < 3 ? n_keys : 2) * sizeof(st.key[0]);
	add("HSMEVID1", 8);
	add_part(&st, len);
	piece = input_piece(in);
	if (flags & RIGHT_SIGNATURE && identity_sign(card.fw, (uint8_t *)&st, len, sig, &sig_len))
		add_part(sig, sig_len);
	else
		add_part(piece.p, piece.left);
	piece = input_piece(in);
	if (flags & RIGHT_CERT)
		add_part(id->cert[1].p, id->cert[1].len);
	else
		add_part(piece.p, piece.left);
	add_part(id->cert[0].p, id->cert[0].len);
	for (uint16_t i = 0; i < n_keys; i++)
		add_part(attrs[i].p, attrs[i].left);
	add(in->p, in->left);
}

static void open_envelope(struct input *in)
{
	struct envelope e;
	struct input point, sealed;
	uint8_t card_point[POINT_LEN] = { 4 }, plain[1024], tag[1024 + TAG_LEN];

	must(!envelope_begin(&e, 1, 2, 3), "no envelope");
	memcpy(card_point, e.point, sizeof(card_point));
	point = input_bytes(in, input_u8(in) % (POINT_LEN + 1));
	if (point.left)
		memcpy(card_point, point.p, point.left);
	sealed = input_bytes(in, sizeof(plain));
	must(envelope_open(&e, card_point, sealed.p, sealed.left, plain),
	     "an envelope of nobody opens");
	envelope_seal(&e, card_point, plain, 32, tag);
	envelope_end(&e);
}

/* The good root and a list with the good measurement. */
static void write_trust(void)
{
	const unsigned char *der = card.fw->identity->cert[0].p;
	X509 *x = d2i_X509(NULL, &der, (long)card.fw->identity->cert[0].len);
	FILE *f;

	snprintf(root_path, sizeof(root_path), "/tmp/fuzz-attest-root-%d", getpid());
	snprintf(digest_path, sizeof(digest_path), "/tmp/fuzz-attest-list-%d", getpid());
	f = fopen(root_path, "w");
	must(x && f && PEM_write_X509(f, x) == 1 && !fclose(f), "no root");
	X509_free(x);
	f = fopen(digest_path, "w");
	must(f && fprintf(f, "# published\n%064d\n", 0) > 0, "no list");
	for (int i = 0; i < 32; i++)
		fputs("aa", f);
	must(!fclose(f), "no list");
}

static void remove_trust(void)
{
	unlink(root_path);
	unlink(digest_path);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	hush();
	card_start(store_mem_open(), NULL);
	write_trust();
	atexit(remove_trust);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = { data, size };
	uint8_t flags = input_u8(&in);
	struct options opt = { .root = root_path, .measurement = digest_path, .serial = SERIAL };
	int code;

	if (flags & ENVELOPE) {
		open_envelope(&in);
		return 0;
	}
	file_len = 0;
	if (flags & FILE_RAW)
		add(in.p, in.left);
	else
		make_file(&in, flags);
	opt.file = input_file(file, file_len);
	code = run_verify(&opt);
	must(code || (!(flags & FILE_RAW) && flags & RIGHT_SIGNATURE),
	     "a statement of nobody holds");
	return 0;
}
