// SPDX-License-Identifier: GPL-2.0-or-later
/* cli_value.c - words into values, one reader per kind of option. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

struct fault {
	const struct cli_opt *opt;
	char *buf;
	size_t len;
};

/* "Key type (-t) ..."; what the user typed is shown up to a bound. */
#define SHOWN		48
#define FAULT(f, fmt, ...) \
	(snprintf((f)->buf, (f)->len, "%s (%s) " fmt, (f)->opt->what, (f)->opt->name, \
		  ##__VA_ARGS__), false)

#define HEX_DIGITS	"0123456789abcdefABCDEF"

/* A whole unsigned number in @base, nothing before or after it. */
static bool number(const char *word, int base, uint64_t *num)
{
	char *end;

	if (!*word || word[strspn(word, HEX_DIGITS)])
		return false;
	errno = 0;
	*num = strtoull(word, &end, base);
	return !*end && !errno;
}

static bool not_a_choice(const struct cli_value *v, const char *word, const struct fault *f)
{
	const bool names = v->opt->kind == CLI_NAME;
	char list[256] = "";
	size_t used = 0;

	for (const struct cli_choice *c = v->opt->choices; c->name; c++) {
		const char *comma = used ? ", " : "";
		size_t room = sizeof(list) - used;
		int n = names ? snprintf(list + used, room, "%s%s", comma, c->name) :
				snprintf(list + used, room, "%s%u", comma, c->number);

		if (n > 0 && (size_t)n < room)
			used += (size_t)n;
	}
	return FAULT(f, "%.*s is not one of: %s.", SHOWN, word, list);
}

static bool is_choice(const struct cli_value *v)
{
	for (const struct cli_choice *c = v->opt->choices; c->name; c++)
		if (c->number == v->num)
			return true;
	return false;
}

static bool read_flag(struct cli_value *v, const char *word, const struct fault *f)
{
	(void)v;
	(void)word;
	(void)f;
	return true;
}

static bool read_text(struct cli_value *v, const char *word, const struct fault *f)
{
	size_t len = strlen(word);

	if (len < v->opt->min)
		return len ? FAULT(f, "is too short.") : FAULT(f, "is empty.");
	if (v->opt->max && len > v->opt->max)
		return FAULT(f, "is too long: %zu characters, at most %" PRIu64 ".", len,
			     v->opt->max);
	return true;
}

static bool read_name(struct cli_value *v, const char *word, const struct fault *f)
{
	for (const struct cli_choice *c = v->opt->choices; c->name; c++) {
		if (!strcmp(c->name, word)) {
			v->num = c->number;
			return true;
		}
	}
	return not_a_choice(v, word, f);
}

static bool read_u32(struct cli_value *v, const char *word, const struct fault *f)
{
	uint64_t max = v->opt->max ? v->opt->max : UINT32_MAX;

	if (!number(word, 10, &v->num))
		return FAULT(f, "is not a number: \"%.*s\".", SHOWN, word);
	if (v->opt->choices)
		return is_choice(v) || not_a_choice(v, word, f);
	if (v->num < v->opt->min || v->num > max)
		return FAULT(f, "%.*s is out of range: %" PRIu64 " to %" PRIu64 ".", SHOWN, word,
			     v->opt->min, max);
	return true;
}

static bool read_handle(struct cli_value *v, const char *word, const struct fault *f)
{
	if (!number(word, 10, &v->num) || !v->num)
		return FAULT(f, "is not a key handle: \"%.*s\".", SHOWN, word);
	return true;
}

static bool read_code(struct cli_value *v, const char *word, const struct fault *f)
{
	if (strncmp(word, "0x", 2) != 0 || !number(word + 2, 16, &v->num) || v->num > UINT32_MAX)
		return FAULT(f, "is not a hexadecimal code like 0xa8: \"%.*s\".", SHOWN, word);
	return true;
}

static bool id_add(struct cli_value *v, uint64_t id, const struct fault *f)
{
	uint32_t *ids = v->data;

	for (size_t i = 0; i < v->n; i++)
		if (ids[i] == id)
			return FAULT(f, "names user %" PRIu64 " twice.", id);
	if (v->n == CLI_IDS_MAX)
		return FAULT(f, "names more than %d users.", CLI_IDS_MAX);
	ids[v->n++] = (uint32_t)id;
	return true;
}

static bool read_users(struct cli_value *v, const char *word, const struct fault *f)
{
	char *copy, *rest, *item;
	bool ok = true;

	if (!v->data)
		v->data = calloc(CLI_IDS_MAX, sizeof(uint32_t));
	copy = strdup(word);
	if (!v->data || !copy) {
		free(copy);
		return FAULT(f, "does not fit in memory.");
	}
	rest = copy;
	while (ok && (item = strsep(&rest, ","))) {
		uint64_t id;

		if (!number(item, 10, &id) || !id || id > UINT32_MAX)
			ok = FAULT(f, "is not a list of user ids like 4,5: \"%.*s\".", SHOWN, word);
		else
			ok = id_add(v, id, f);
	}
	free(copy);
	return ok;
}

static bool read_hex(struct cli_value *v, const char *word, const struct fault *f)
{
	const char *hex = strncmp(word, "0x", 2) == 0 ? word + 2 : word;
	size_t digits = strlen(hex);
	uint8_t *bytes;

	if (!digits || digits % 2 || strspn(hex, HEX_DIGITS) != digits)
		return FAULT(f, "is not a string of hexadecimal bytes: \"%.*s\".", SHOWN, word);
	if (digits / 2 < v->opt->min || (v->opt->max && digits / 2 > v->opt->max))
		return FAULT(f, "has %zu bytes: %" PRIu64 " to %" PRIu64 " are expected.",
			     digits / 2, v->opt->min, v->opt->max);
	bytes = malloc(digits / 2);
	if (!bytes)
		return FAULT(f, "does not fit in memory.");
	for (size_t i = 0; i < digits / 2; i++)
		sscanf(hex + 2 * i, "%2hhx", &bytes[i]);
	free(v->data);
	v->data = bytes;
	v->n = digits / 2;
	return true;
}

static bool (*const readers[])(struct cli_value *, const char *, const struct fault *) = {
	[CLI_FLAG] = read_flag,
	[CLI_TEXT] = read_text,
	[CLI_NAME] = read_name,
	[CLI_U32] = read_u32,
	[CLI_HANDLE] = read_handle,
	[CLI_CODE] = read_code,
	[CLI_USERS] = read_users,
	[CLI_HEX] = read_hex,
	[CLI_FILE_IN] = read_text,
	[CLI_FILE_OUT] = read_text,
	[CLI_SECRET] = read_text,
};

bool cli_value_read(struct cli_value *v, const char *word, char *error, size_t error_len)
{
	const struct fault f = { v->opt, error, error_len };

	v->text = word;
	return readers[v->opt->kind](v, word, &f);
}
