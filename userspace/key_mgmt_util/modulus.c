// SPDX-License-Identifier: GPL-2.0-or-later
/* modulus.c - reads a modulus out of a file. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "infile.h"
#include "kmu.h"

#define FILE_MAX	(64 * 1024)

struct digits {
	char hex[2 * MODULUS_MAX + 3];
	size_t n;
};

/* Adds a line of hexadecimal digits; false if it is none. */
static bool hex_line(struct digits *d, const char *line)
{
	static const char *const heads[] = { "0x", "Modulus=" };

	for (size_t i = 0; i < COUNT(heads); i++)
		if (!strncmp(line, heads[i], strlen(heads[i])))
			line += strlen(heads[i]);
	for (; *line; line++) {
		if (isspace((unsigned char)*line))
			continue;
		if (!isxdigit((unsigned char)*line) || d->n + 1 >= sizeof(d->hex))
			return false;
		d->hex[d->n++] = *line;
	}
	d->hex[d->n] = '\0';
	return true;
}

/*
 * The digits of a modulus: the whole text, or, if getAttribute wrote it, what
 * stands between OBJ_ATTR_MODULUS and the next name.
 */
static bool find_digits(struct digits *d, char *text)
{
	char *rest = text, *line;
	bool take = true, ok = true;

	while (ok && (line = strsep(&rest, "\r\n"))) {
		if (!strncmp(line, "OBJ_ATTR_", 9))
			take = !strcmp(line, "OBJ_ATTR_MODULUS");
		else if (take)
			ok = hex_line(d, line);
	}
	return ok && d->n && !(d->n % 2);
}

int modulus_read(const struct cli_args *a, const char *name, uint8_t modulus[MODULUS_MAX],
		 size_t *len)
{
	char text[FILE_MAX + 1];
	struct digits d = { 0 };
	struct hsm_bytes file;
	size_t skip = 0;
	bool ok;

	if (in_read(a, name, 1, FILE_MAX, &file))
		return CLI_USAGE;
	snprintf(text, sizeof(text), "%.*s", (int)file.len, (const char *)file.p);
	ok = strlen(text) == file.len && find_digits(&d, text);
	hsm_bytes_clear(&file);
	while (skip + 2 < d.n && !strncmp(d.hex + skip, "00", 2))
		skip += 2;
	*len = (d.n - skip) / 2;
	if (!ok || *len > MODULUS_MAX)
		return in_complain(a, name, "holds no modulus in hexadecimal");
	for (size_t i = 0; i < *len; i++)
		sscanf(d.hex + skip + 2 * i, "%2hhx", &modulus[i]);
	return CLI_OK;
}
