// SPDX-License-Identifier: GPL-2.0-or-later
/* evidence.c - the file of evidence: a magic number, then parts with their lengths. */
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evidence.h"

#define MAGIC		"HSMEVID1"
#define MAGIC_LEN	8
#define PART_MAX	65536u

static bool put(FILE *f, const void *p, size_t len)
{
	const uint32_t wire = htole32((uint32_t)len);

	return fwrite(&wire, sizeof(wire), 1, f) == 1 && (!len || fwrite(p, len, 1, f) == 1);
}

static bool put_all(FILE *f, const struct evidence *e)
{
	bool ok = fwrite(MAGIC, MAGIC_LEN, 1, f) == 1 &&
		  put(f, e->attest.statement, e->attest.statement_len) &&
		  put(f, e->attest.signature, e->attest.signature_len) &&
		  put(f, e->hardware.p, e->hardware.len) && put(f, e->root.p, e->root.len);

	for (size_t i = 0; ok && i < e->n_keys; i++)
		ok = put(f, e->attrs[i].p, e->attrs[i].len);
	return ok;
}

int evidence_write(const char *path, const struct evidence *e)
{
	FILE *f = fopen(path, "we");
	bool ok;

	if (!f)
		return complain(EXIT_FAILED, path, strerror(errno));
	ok = put_all(f, e);
	if (fclose(f) || !ok)
		return complain(EXIT_FAILED, path, "cannot be written");
	return EXIT_OK;
}

/* The next part; false if it is cut off or too long. */
static bool get(FILE *f, struct hsm_bytes *out)
{
	uint32_t len;

	hsm_bytes_clear(out);
	if (fread(&len, sizeof(len), 1, f) != 1)
		return false;
	len = le32toh(len);
	out->p = len <= PART_MAX ? malloc(len ? len : 1) : NULL;
	if (!out->p)
		return false;
	out->len = len;
	return !len || fread(out->p, len, 1, f) == 1;
}

/* A part that has a place of @room bytes. */
static bool get_into(FILE *f, uint8_t *to, size_t room, size_t *len)
{
	struct hsm_bytes part = { 0 };
	bool ok = get(f, &part) && part.len <= room;

	if (ok) {
		memcpy(to, part.p, part.len);
		*len = part.len;
	}
	hsm_bytes_clear(&part);
	return ok;
}

static bool at_end(FILE *f)
{
	int c = fgetc(f);

	if (c == EOF)
		return !ferror(f);
	ungetc(c, f);
	return false;
}

static bool get_all(FILE *f, struct evidence *e)
{
	struct hsm_attest *a = &e->attest;
	char magic[MAGIC_LEN];
	bool ok = fread(magic, MAGIC_LEN, 1, f) == 1 && !memcmp(magic, MAGIC, MAGIC_LEN) &&
		  get_into(f, a->statement, sizeof(a->statement), &a->statement_len) &&
		  get_into(f, a->signature, sizeof(a->signature), &a->signature_len) &&
		  get(f, &e->hardware) && get(f, &e->root);

	while (ok && !at_end(f)) {
		ok = e->n_keys < HSM_ATTEST_KEYS_MAX && get(f, &e->attrs[e->n_keys]);
		e->n_keys += ok;
	}
	return ok;
}

int evidence_read(const char *path, struct evidence *e)
{
	FILE *f = fopen(path, "re");
	bool ok;

	if (!f)
		return complain(EXIT_FAILED, path, strerror(errno));
	ok = get_all(f, e);
	fclose(f);
	return ok ? EXIT_OK : complain(EXIT_FAILED, path, "is no file of evidence, or damaged");
}

void evidence_clear(struct evidence *e)
{
	hsm_bytes_clear(&e->hardware);
	hsm_bytes_clear(&e->root);
	for (size_t i = 0; i < HSM_ATTEST_KEYS_MAX; i++)
		hsm_bytes_clear(&e->attrs[i]);
}
