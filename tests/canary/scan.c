// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * scan.c - looks for secrets in files: memory dumps, key stores, logs.
 *
 *	scan SECRETS FILE...
 *
 * SECRETS has a line "LABEL HEX" per secret. Looked for is every run of 16 of its
 * bytes, as they are and in reverse order, and the same as hex text, in small and in
 * capital letters. Prints a line per secret and file that has it and ends with
 * status 1 if there is one, 2 if it could not look, 0 if nothing was found.
 *
 * Each place of a file is looked up in a bit map, and only if that says "perhaps" in
 * a hash table, so that a gigabyte takes seconds.
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW		16
#define MAP_BITS	24	/* the bit map has 1 << MAP_BITS bits */
#define SAME_MAX	12	/* a run with one byte this often says nothing */

enum form { AS_IS, REVERSED, FORMS };
enum text { BYTES, HEX_SMALL, HEX_CAPITAL, TEXTS };

struct secret {
	char *label;
	size_t len;
	uint8_t *bytes[FORMS];
};

/* What to find: @len bytes, the first WINDOW of which are hashed. */
struct pattern {
	const uint8_t *p;
	uint32_t secret;
	uint8_t len, form, text;
	struct pattern *next;
};

static struct secret *secrets;
static size_t n_secrets;
static struct pattern **table;
static uint8_t *map;
static size_t n_patterns;

static void *need(void *p)
{
	if (!p) {
		fprintf(stderr, "scan: no memory\n");
		exit(2);
	}
	return p;
}

static uint32_t hash(const uint8_t *p)
{
	uint64_t a, b;

	memcpy(&a, p, 8);
	memcpy(&b, p + 8, 8);
	return (uint32_t)((a * 0x9e3779b97f4a7c15u ^ (b + (b >> 29)) * 0xc2b2ae3d27d4eb4fu) >>
			  (64 - MAP_BITS));
}

static void add_pattern(const uint8_t *p, size_t len, size_t secret, enum form form, enum text text)
{
	uint32_t h = hash(p);
	struct pattern *n = need(malloc(sizeof(*n)));

	*n = (struct pattern){ p, (uint32_t)secret, (uint8_t)len, form, text, table[h] };
	table[h] = n;
	map[h / 8] |= (uint8_t)(1 << h % 8);
	n_patterns++;
}

/* Zeros and the like are everywhere and are nobody's secret. */
static bool telling(const uint8_t *p)
{
	unsigned int count[256] = { 0 };

	for (int i = 0; i < WINDOW; i++) {
		if (++count[p[i]] >= SAME_MAX)
			return false;
	}
	return true;
}

static void add_runs(size_t secret, enum form form)
{
	static const char *const digits[TEXTS] = { NULL, "0123456789abcdef", "0123456789ABCDEF" };
	const uint8_t *p = secrets[secret].bytes[form];
	size_t len = secrets[secret].len;
	uint8_t *hex[TEXTS] = { 0 };

	for (int t = HEX_SMALL; t < TEXTS; t++) {
		hex[t] = need(malloc(2 * len));
		for (size_t i = 0; i < len; i++) {
			hex[t][2 * i] = (uint8_t)digits[t][p[i] >> 4];
			hex[t][2 * i + 1] = (uint8_t)digits[t][p[i] & 15];
		}
	}
	for (size_t i = 0; i + WINDOW <= len; i++) {
		if (!telling(p + i))
			continue;
		add_pattern(p + i, WINDOW, secret, form, BYTES);
		for (int t = HEX_SMALL; t < TEXTS; t++)
			add_pattern(hex[t] + 2 * i, 2 * WINDOW, secret, form, (enum text)t);
	}
}

static int unhex(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : isxdigit((unsigned char)c) ?
	       tolower((unsigned char)c) - 'a' + 10 : -1;
}

static bool known(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < n_secrets; i++) {
		if (secrets[i].len == len && !memcmp(secrets[i].bytes[AS_IS], p, len))
			return true;
	}
	return false;
}

/* Records of keys are made anew when a card starts: the same secret comes again. */
static bool add_secret(char *line)
{
	char *hex = strchr(line, ' ');
	size_t len = hex ? strcspn(++hex, "\n") / 2 : 0;
	uint8_t *p = need(malloc(len + 1)), *r = need(malloc(len + 1));

	for (size_t i = 0; i < len; i++) {
		int hi = unhex(hex[2 * i]), lo = unhex(hex[2 * i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		p[i] = r[len - 1 - i] = (uint8_t)(hi << 4 | lo);
	}
	if (!hex || known(p, len))
		return hex;
	hex[-1] = '\0';
	secrets = need(realloc(secrets, (n_secrets + 1) * sizeof(*secrets)));
	secrets[n_secrets++] = (struct secret){ need(strdup(line)), len, { p, r } };
	return true;
}

static void read_secrets(const char *path)
{
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t room = 0;

	while (f && getline(&line, &room, f) > 0) {
		if (!add_secret(line)) {
			fprintf(stderr, "scan: %s: not a label and hex digits: %s", path, line);
			exit(2);
		}
	}
	if (!f || !n_secrets) {
		fprintf(stderr, "scan: %s: no secrets to look for\n", path);
		exit(2);
	}
	fclose(f);
	free(line);
	table = need(calloc((size_t)1 << MAP_BITS, sizeof(*table)));
	map = need(calloc((size_t)1 << (MAP_BITS - 3), 1));
	for (size_t i = 0; i < n_secrets; i++) {
		add_runs(i, AS_IS);
		add_runs(i, REVERSED);
	}
}

/* The first place of each secret is told, the others counted. */
static bool look_at(const uint8_t *at, const uint8_t *end, const char *name, size_t offset,
		    uint64_t *hits)
{
	static const char *const forms[] = { "", " in reverse" };
	static const char *const texts[] = { "", " as hex", " as HEX" };
	bool found = false;

	for (const struct pattern *n = table[hash(at)]; n; n = n->next) {
		if (n->len > (size_t)(end - at) || memcmp(n->p, at, n->len))
			continue;
		if (!hits[n->secret]++)
			printf("%s: offset %zu has the secret of '%s'%s%s\n", name, offset,
			       secrets[n->secret].label, forms[n->form], texts[n->text]);
		found = true;
	}
	return found;
}

static bool scan_bytes(const char *name, const uint8_t *p, size_t len)
{
	uint64_t *hits = need(calloc(n_secrets, sizeof(*hits)));
	bool found = false;
	uint64_t word[2];

	for (size_t i = 0; i + WINDOW <= len; i++) {
		uint32_t h = hash(p + i);

		if (map[h / 8] >> h % 8 & 1)
			found |= look_at(p + i, p + len, name, i, hits);
		/* The next places have SAME_MAX zeros and more, too. */
		memcpy(word, p + i, WINDOW);
		if (!(word[0] | word[1]))
			i += WINDOW - SAME_MAX;
	}
	free(hits);
	return found;
}

static bool scan_file(const char *name)
{
	int fd = open(name, O_RDONLY);
	struct stat st;
	void *p;
	bool found;

	if (fd < 0 || fstat(fd, &st)) {
		perror(name);
		exit(2);
	}
	if (!st.st_size) {
		close(fd);
		return false;
	}
	p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	close(fd);
	if (p == MAP_FAILED) {
		perror(name);
		exit(2);
	}
	found = scan_bytes(name, p, (size_t)st.st_size);
	munmap(p, (size_t)st.st_size);
	return found;
}

int main(int argc, char **argv)
{
	bool found = false;

	if (argc < 3) {
		fprintf(stderr, "usage: scan SECRETS FILE...\n");
		return 2;
	}
	read_secrets(argv[1]);
	for (int i = 2; i < argc; i++)
		found |= scan_file(argv[i]);
	printf("scan: %zu secrets, %zu runs of bytes, %d files: %s\n", n_secrets, n_patterns,
	       argc - 2, found ? "FOUND" : "nothing found");
	return found;
}
