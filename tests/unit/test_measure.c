// SPDX-License-Identifier: GPL-2.0-or-later
/* test_measure.c - the digest of a program: all that it loads, and nothing else. */
#include <elf.h>
#include <stdio.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "fixture.h"
#include "measure.h"

#define CODE_LEN	70000u	/* more than is read at once */
#define DATA_LEN	100u
#define TAIL_LEN	50u	/* symbols and the like */

/* A program as it lies on disk. Its first segment holds the headers, as they do. */
struct program {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[4];
	uint8_t code[CODE_LEN], gap[16], data[DATA_LEN], tail[TAIL_LEN];
};

static char path[256];

static int new_program(void **state)
{
	struct program *p = calloc(1, sizeof(*p));
	const char *dir = getenv("TMPDIR");

	snprintf(path, sizeof(path), "%s/hsm-measure-%d", dir ? dir : "/tmp", getpid());
	memcpy(p->eh.e_ident, ELFMAG, SELFMAG);
	p->eh.e_ident[EI_CLASS] = ELFCLASS64;
	p->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	p->eh.e_phoff = offsetof(struct program, ph);
	p->eh.e_phentsize = sizeof(Elf64_Phdr);
	p->eh.e_phnum = 4;
	p->ph[0] = (Elf64_Phdr){ .p_type = PT_NOTE, .p_offset = 8, .p_filesz = 8 };
	p->ph[1] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_filesz = offsetof(struct program, gap) };
	p->ph[2] = (Elf64_Phdr){ .p_type = PT_LOAD, .p_offset = offsetof(struct program, data),
				 .p_filesz = DATA_LEN, .p_memsz = 2 * DATA_LEN };
	p->ph[3] = (Elf64_Phdr){ .p_type = PT_LOAD };	/* zeros only: nothing in the file */
	memset(p->code, 0xc3, sizeof(p->code));
	memset(p->data, 0xda, sizeof(p->data));
	*state = p;
	return 0;
}

static int free_program(void **state)
{
	free(*state);
	unlink(path);
	return 0;
}

static void write_file(const void *p, size_t len)
{
	FILE *f = fopen(path, "w");

	assert_true(f && (!len || fwrite(p, len, 1, f) == 1) && !fclose(f));
}

/* The digest of the file as it is now; the test fails if there is none. */
static void digest(const struct program *p, uint8_t sha256[32])
{
	char err[256] = "";

	write_file(p, sizeof(*p));
	if (!measure_file(path, sha256, err, sizeof(err)))
		fail_msg("%s", err);
}

static void loads(void **state)
{
	const struct program *p = *state;
	uint8_t got[32], want[32];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	digest(p, got);
	assert_true(EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) &&
		    EVP_DigestUpdate(ctx, p, offsetof(struct program, gap)) &&
		    EVP_DigestUpdate(ctx, p->data, DATA_LEN) &&
		    EVP_DigestFinal_ex(ctx, want, NULL));
	EVP_MD_CTX_free(ctx);
	assert_memory_equal(got, want, 32);
}

static void changed(const struct program *p, uint8_t *at, bool counts)
{
	uint8_t before[32], after[32];

	digest(p, before);
	*at ^= 1;
	digest(p, after);
	*at ^= 1;
	assert_int_equal(memcmp(before, after, 32) != 0, counts);
}

static void one_byte(void **state)
{
	struct program *p = *state;

	changed(p, (uint8_t *)&p->eh.e_entry, true);
	changed(p, &p->code[0], true);
	changed(p, &p->code[CODE_LEN - 1], true);
	changed(p, &p->data[0], true);
	changed(p, &p->data[DATA_LEN - 1], true);
	changed(p, &p->gap[3], false);
	changed(p, &p->tail[3], false);
}

static void refused(const char *why)
{
	uint8_t sha256[32];
	char err[512] = "";

	assert_false(measure_file(path, sha256, err, sizeof(err)));
	if (!strstr(err, path) || !strstr(err, why))
		fail_msg("%s", err);
	assert_false(measure_file(path, sha256, NULL, 0));
}

static void no_program(void **state)
{
	struct program *p = *state, bad;

	refused("No such file");
	write_file("", 0);
	refused("shorter");
	write_file("#!/bin/sh\n# a script, and a long one, longer than the header of a program", 74);
	refused("ELF");
#define BAD(field, value, why) do { \
		bad = *p; \
		bad.field = value; \
		write_file(&bad, sizeof(bad)); \
		refused(why); \
	} while (0)
	BAD(eh.e_ident[EI_CLASS], ELFCLASS32, "ELF");
	BAD(eh.e_ident[EI_DATA], ELFDATA2MSB, "ELF");
	BAD(eh.e_phentsize, 32, "ELF");
	BAD(eh.e_phnum, 0, "ELF");
	BAD(eh.e_phnum, 0xffff, "ELF");
	BAD(eh.e_phnum, 1, "loads nothing");
	BAD(eh.e_phoff, UINT64_MAX - 100, "");
	BAD(eh.e_phoff, sizeof(*p), "shorter");
	BAD(ph[2].p_filesz, UINT64_MAX, "shorter");
	BAD(ph[2].p_offset, UINT64_MAX - 10, "");
	write_file(p, offsetof(struct program, data) + DATA_LEN - 1);
	refused("shorter");
}

static void this_program(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	assert_true(measure_self(NULL, a));
	assert_true(measure_file("/proc/self/exe", b, NULL, 0));
	assert_memory_equal(a, b, 32);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, new_program, free_program)
	const struct CMUnitTest tests[] = {
		T(loads), T(one_byte), T(no_program), T(this_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
